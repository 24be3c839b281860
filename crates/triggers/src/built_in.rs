//! Which settings the built-in triggers have. Plug-ins say the same of themselves.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time;

use gofer_domain::{BuiltIn, Reason, Rejection, Setting, SettingKind, SubscriptionSpec, TriggerReport};

use SettingKind::{Duration, Text};

static REPORTS: LazyLock<BTreeMap<BuiltIn, TriggerReport>> =
    LazyLock::new(|| BuiltIn::ALL.into_iter().map(|trigger| (trigger, report(trigger))).collect());

/// What a built-in trigger says of itself, as a plug-in would.
#[must_use]
pub fn built_in(trigger: BuiltIn) -> &'static TriggerReport {
    static NOTHING: LazyLock<TriggerReport> = LazyLock::new(TriggerReport::default);
    REPORTS.get(&trigger).unwrap_or(&NOTHING)
}

/// What a setting is, in one line each.
type Line = (&'static str, SettingKind, Given, &'static str);

/// Whether a setting must be given, and what it is otherwise.
enum Given {
    Always,
    Or(&'static str),
}

use Given::{Always, Or};

/// Runs of a pipeline.
const PIPELINE: &[Line] = &[
    ("pipeline", Text, Always, "whose runs: NAME of the same namespace, or NAMESPACE/NAME"),
    (
        "on",
        Text,
        Or(""),
        "what counts, separated by commas: started, succeeded, failed, cancelled, recovered (the first success \
                 after a failure); empty: failed with `in-a-row`, nothing besides them with `rate` or `longer-than`, else \
                 succeeded",
    ),
    (
        "in-a-row",
        Text,
        Or(""),
        "a number: of runs that end alike in a row only the one counts with which there are so many, and a \
                 recovery only after so many failures or more; empty: each counts",
    ),
    (
        "rate",
        Text,
        Or(""),
        "such as 50%/20: besides, the end of a run counts with which at least 50% of the newest 20 have failed, and \
                 had not before it; of 2 to 60 runs",
    ),
    (
        "longer-than",
        Text,
        Or(""),
        "a duration such as 90m: besides, each run counts once that goes on so long after its start, while it does; \
                 from 1s to 366d",
    ),
];

/// Their tasks.
const TASK: &[Line] = &[
    ("pipeline", Text, Always, "whose tasks: NAME of the same namespace, or NAMESPACE/NAME"),
    ("task", Text, Or(""), "which tasks, separated by commas: names, or patterns where * is any text; empty: all"),
    (
        "on",
        Text,
        Or("failed"),
        "what counts, separated by commas: succeeded, failed (be it lost, or ended in an unknown way), skipped, \
                 cancelled, retried (an attempt has ended, and another follows)",
    ),
];

/// Slots of its schedules.
const SCHEDULE: &[Line] = &[
    ("pipeline", Text, Always, "whose schedules: NAME of the same namespace, or NAMESPACE/NAME"),
    ("schedule", Text, Or(""), "which schedule; empty: all of the pipeline"),
    (
        "on",
        Text,
        Or("missed,refused"),
        "what counts, separated by commas: slots that were missed, in a blackout, refused (no run could be started), \
                 paused (skipped as the schedule was disabled then), changed (skipped as it got another timing); schedules \
                 that are disabled, enabled, deleted",
    ),
];

/// What GitHub tells of, or has looked for.
const GITHUB: &[Line] = &[
    (
        "secret",
        Text,
        Or(""),
        "names of secrets that requests are signed with, separated by commas: one, or during a change the new and the \
                 old one; of the pipeline, else of its namespace; must be given without `repository`",
    ),
    (
        "events",
        Text,
        Or(""),
        "which events count, separated by commas, as X-GitHub-Event names them; * for all; empty: push, or with \
                 `repository` pull_request, which is the only one then",
    ),
    (
        "repository",
        Text,
        Or(""),
        "OWNER/NAME: its pull requests are looked for now and then, and no requests are taken; empty: requests are",
    ),
    (
        "base",
        Text,
        Or("**"),
        "with `repository`: patterns of the branches that they are to be merged into, as `git` has them",
    ),
    ("every", Duration, Or("1m"), "with `repository`: how often it is looked at, from 10s to 24h"),
    ("token", Text, Or(""), "with `repository`: name of the secret with a token that may read its pull requests"),
    (
        "api",
        Text,
        Or("https://api.github.com"),
        "with `repository`: address of the API, such as https://github.example.com/api/v3",
    ),
];

fn lines(trigger: BuiltIn) -> &'static [Line] {
    match trigger {
        BuiltIn::Webhook => &[
            (
                "secret",
                Text,
                Always,
                "names of secrets that requests are signed with, separated by commas: one, or during a change the new and \
                 the old one; of the pipeline, else of its namespace",
            ),
            ("scheme", Text, Or("hmac"), "how requests are signed: hmac, standard, github, gitlab or token"),
        ],
        BuiltIn::Github => GITHUB,
        BuiltIn::Git => &[
            ("url", Text, Always, "the repository: https://, http://, ssh:// or user@host:path"),
            (
                "branches",
                Text,
                Or("**"),
                "patterns of branches, separated by commas: * is any text without a slash, ** any text; empty: none",
            ),
            ("tags", Text, Or(""), "patterns of tags, separated by commas; empty: none"),
            ("every", Duration, Or("1m"), "how often it is looked at, from 5s to 24h"),
            ("user", Text, Or("git"), "user name for https"),
            ("secret", Text, Or(""), "name of the secret with the password or token for https"),
        ],
        BuiltIn::Pipeline => PIPELINE,
        BuiltIn::Task => TASK,
        BuiltIn::Schedule => SCHEDULE,
        BuiltIn::Object => &[
            ("pipeline", Text, Or(""), "whose objects: NAME of the same namespace, or NAMESPACE/NAME; empty: its own"),
            ("on", Text, Or("put"), "what counts, separated by commas: put, deleted"),
            ("prefix", Text, Or(""), "how the key of the object begins"),
            ("of", Text, Or("pipeline"), "what the objects belong to, separated by commas: pipeline, run"),
        ],
        BuiltIn::Event => &[(
            "kinds",
            Text,
            Always,
            "kinds of events, separated by commas, such as task_finished, as `gofer events -o json` shows them; those of \
             its own namespace count, and those of the cluster as a whole",
        )],
        BuiltIn::Manual => &[],
    }
}

fn report(trigger: BuiltIn) -> TriggerReport {
    let settings = lines(trigger).iter().map(|(name, kind, given, description)| {
        let (required, default) = match given {
            Always => (true, None),
            Or(value) => (false, Some((*value).to_owned())),
        };
        let setting = Setting { kind: *kind, required, default, description: (*description).to_owned() };
        ((*name).to_owned(), setting)
    });
    TriggerReport { version: env!("CARGO_PKG_VERSION").to_owned(), settings: settings.collect() }
}

/// The settings of a subscription, defaults included.
#[must_use]
pub fn settings_of(trigger: &TriggerReport, spec: &SubscriptionSpec) -> BTreeMap<String, String> {
    let defaults = trigger.settings.iter().filter_map(|(name, setting)| Some((name.clone(), setting.default.clone()?)));
    let mut settings: BTreeMap<String, String> = defaults.collect();
    settings.extend(spec.settings.clone());
    settings
}

/// The settings of a subscription to a built-in trigger.
#[derive(Debug)]
pub(crate) struct Settings(BTreeMap<String, String>);

impl Settings {
    pub(crate) fn of(trigger: BuiltIn, spec: &SubscriptionSpec) -> Self {
        Self(settings_of(built_in(trigger), spec))
    }

    /// The text of a setting.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// The duration that a setting is; it was found to be one.
    pub(crate) fn duration(&self, name: &str) -> time::Duration {
        duration(self.text(name))
    }

    /// Checks how often something is looked at.
    pub(crate) fn check_every(&self, (least, most): (time::Duration, time::Duration)) -> Result<(), Rejection> {
        if (least..=most).contains(&self.duration("every")) {
            return Ok(());
        }
        let why = format!("it is not from {}s to {}h", least.as_secs(), most.as_secs() / 3600);
        Err(fault("every", why, "look less, or more often"))
    }

    /// The words of a list, without those that are empty.
    pub(crate) fn list(&self, name: &str) -> impl Iterator<Item = &str> {
        self.text(name).split(',').map(str::trim).filter(|word| !word.is_empty())
    }

    /// The words of a list, each of which has a meaning, and of which there is at least one.
    pub(crate) fn words<T>(
        &self,
        name: &str,
        meaning: impl Fn(&str) -> Option<T>,
        all: &str,
    ) -> Result<Vec<T>, Rejection> {
        let words = self.list(name).map(|word| {
            meaning(word).ok_or_else(|| fault(name, format!("{word:?} is not known"), format!("use {all}")))
        });
        let words = words.collect::<Result<Vec<T>, Rejection>>()?;
        match words.is_empty() {
            true => Err(fault(name, "nothing is named".into(), format!("use {all}"))),
            false => Ok(words),
        }
    }
}

/// A duration that was found to be one: whole numbers with units, such as `1h30m`.
fn duration(text: &str) -> time::Duration {
    let mut total = time::Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(digits);
        let units = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
        let Some((after, millis)) = units.into_iter().find_map(|(unit, ms)| Some((after.strip_prefix(unit)?, ms)))
        else {
            break;
        };
        let number = number.parse::<u64>().unwrap_or_default();
        total = total.saturating_add(time::Duration::from_millis(number.saturating_mul(millis)));
        rest = after;
    }
    total
}

/// What is wrong with a setting.
pub(crate) fn fault(setting: &str, message: String, help: impl Into<String>) -> Rejection {
    Rejection::new(Reason::InvalidArgument, format!("setting {setting:?}: {message}"))
        .field(format!("settings.{setting}"))
        .help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_one_that_a_plug_in_could_give() {
        for trigger in BuiltIn::ALL {
            let report = built_in(trigger);
            gofer_domain::validate::validate_report(report).unwrap();
            assert_eq!(report.settings.len(), lines(trigger).len());
        }
    }
}
