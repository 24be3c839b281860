//! Triggers: what tells of events that start runs.
//!
//! Some are part of Gofer. The others are plug-ins, which an operator installs under a name: programs that look at the world
//! outside and tell what has happened there. A plug-in says of itself which settings it understands; what a subscription
//! gives it is held against that. A trigger that is not there any more, or understands other settings, takes nothing of its
//! subscriptions away: they are [broken](Broken) until it fits again.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::config::{DriverKind, PullPolicy, Resources};
use crate::ids::{Revision, TriggerName};
use crate::time::Timestamp;

/// A trigger that needs no installation. Cron expressions and intervals are the matter of [schedules](crate::schedule).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BuiltIn {
    /// Requests over HTTP.
    Webhook,
    /// Requests that are signed as GitHub does.
    Github,
    /// Changes of a Git repository that is looked at now and then.
    Git,
    /// Runs of pipelines that begin and end, and how they did of late.
    Pipeline,
    /// Tasks that end, or are tried again.
    Task,
    /// Slots of schedules for which no run is started.
    Schedule,
    /// Objects that are put and deleted.
    Object,
    /// Any event of the cluster's log.
    Event,
    /// People.
    Manual,
}

impl BuiltIn {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Webhook,
        Self::Github,
        Self::Git,
        Self::Pipeline,
        Self::Task,
        Self::Schedule,
        Self::Object,
        Self::Event,
        Self::Manual,
    ];

    /// The name, which no plug-in can have.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Github => "github",
            Self::Git => "git",
            Self::Pipeline => "pipeline",
            Self::Task => "task",
            Self::Schedule => "schedule",
            Self::Object => "object",
            Self::Event => "event",
            Self::Manual => "manual",
        }
    }

    /// The built-in trigger of a name.
    #[must_use]
    pub fn of(name: &TriggerName) -> Option<Self> {
        Self::ALL.into_iter().find(|built_in| built_in.name() == name.as_str())
    }

    /// Whether its events are those of the cluster's own log, which the leader follows.
    #[must_use]
    pub fn follows_the_log(self) -> bool {
        match self {
            Self::Pipeline | Self::Task | Self::Schedule | Self::Object | Self::Event => true,
            Self::Webhook | Self::Github | Self::Git | Self::Manual => false,
        }
    }
}

/// Names of what is no trigger, but might be taken for one.
pub(crate) const SCHEDULE_WORDS: [&str; 2] = ["cron", "interval"];

/// What an operator says of a trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriggerSpec {
    /// Free text for people.
    pub description: String,
    /// SHA-256 of the token that a plug-in shows which runs by itself. None: nobody but what Gofer launches speaks for it.
    pub token_digest: Option<[u8; 32]>,
    /// What Gofer keeps running. None: it runs by itself, wherever that is.
    pub launch: Option<Launch>,
}

/// A program that is kept running. Its parts mean what those of a [task](crate::TaskConfig) do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Launch {
    pub image: Option<String>,
    pub pull: PullPolicy,
    pub entrypoint: Vec<String>,
    pub command: Vec<String>,
    pub environment: BTreeMap<String, String>,
    /// Variables of the environment, and the names of the secrets that they get their values from.
    pub secret_env: BTreeMap<String, String>,
    pub resources: Resources,
    /// None: the best one that the node has.
    pub driver: Option<DriverKind>,
}

/// What a plug-in says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TriggerReport {
    /// Of the plug-in, as text for people.
    pub version: String,
    /// The settings that it understands, by name.
    pub settings: BTreeMap<String, Setting>,
}

impl TriggerReport {
    /// What is wrong between settings and what the trigger understands, if anything is.
    #[must_use]
    pub fn misfit(&self, settings: &BTreeMap<String, String>) -> Option<Broken> {
        for (name, value) in settings {
            match self.settings.get(name) {
                None => return Some(Broken::Unknown(name.clone())),
                Some(setting) if !setting.kind.admits(value) => {
                    return Some(Broken::Malformed(name.clone(), setting.kind));
                }
                Some(_) => {}
            }
        }
        let missing = self.settings.iter().find(|(name, setting)| setting.required && !settings.contains_key(*name));
        missing.map(|(name, _)| Broken::Missing(name.clone()))
    }
}

/// What a trigger must or may be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    pub kind: SettingKind,
    pub required: bool,
    /// What it is if it is not given. None with a required one.
    pub default: Option<String>,
    /// Free text for people.
    pub description: String,
}

/// Which values of a setting are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SettingKind {
    Text,
    /// A decimal number, such as `-12` or `0.5`.
    Number,
    /// `true` or `false`.
    Boolean,
    /// Whole numbers with units, such as `90s` or `1h30m`; the units are ms, s, m, h and d.
    Duration,
}

impl SettingKind {
    /// Whether a value is one of this kind.
    #[must_use]
    pub fn admits(self, value: &str) -> bool {
        match self {
            Self::Text => true,
            Self::Number => is_number(value),
            Self::Boolean => matches!(value, "true" | "false"),
            Self::Duration => is_duration(value),
        }
    }

    /// In words, after "must be".
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "a decimal number",
            Self::Boolean => "true or false",
            Self::Duration => "a duration such as 90s or 1h30m",
        }
    }
}

fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    [whole, fraction].iter().all(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_duration(text: &str) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(digits);
        // "ms" before "m", which begins it.
        let Some(after) = ["ms", "s", "m", "h", "d"].into_iter().find_map(|unit| after.strip_prefix(unit)) else {
            return false;
        };
        if number.is_empty() || number.parse::<u64>().is_err() {
            return false;
        }
        rest = after;
    }
    !text.is_empty()
}

/// A trigger that is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    pub spec: Arc<TriggerSpec>,
    /// Revision of the event that the spec is from. So a trigger that is installed anew has another one, too.
    pub generation: Revision,
    pub enabled: bool,
    /// What the plug-in said last. None: it was not heard of yet.
    pub report: Option<Arc<TriggerReport>>,
    pub created_at: Timestamp,
    /// When somebody changed, enabled or disabled it.
    pub updated_at: Timestamp,
}

/// Why a subscription takes no events. It loses none: its cursor stays where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// Its trigger is not installed.
    NotInstalled(TriggerName),
    /// Its trigger is disabled.
    Disabled(TriggerName),
    /// Its trigger needs a setting that it does not give.
    Missing(String),
    /// It gives a setting that its trigger does not know.
    Unknown(String),
    /// It gives a setting a value that its trigger does not understand.
    Malformed(String, SettingKind),
}

impl Broken {
    /// Path of the part of a subscription that does not fit.
    #[must_use]
    pub fn field(&self) -> String {
        match self {
            Self::NotInstalled(_) | Self::Disabled(_) => "trigger".to_owned(),
            Self::Missing(name) | Self::Unknown(name) | Self::Malformed(name, _) => {
                format!("settings.{}", name.escape_debug())
            }
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::NotInstalled(_) => "check its name, or install it",
            Self::Disabled(_) => "enable the trigger; no event is lost meanwhile",
            Self::Missing(_) => "give it",
            Self::Unknown(_) => "take it out, or see which settings the trigger has",
            Self::Malformed(..) => "change it",
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInstalled(trigger) => write!(f, "trigger {trigger} is not installed"),
            Self::Disabled(trigger) => write!(f, "trigger {trigger} is disabled"),
            Self::Missing(name) => write!(f, "the trigger needs the setting {name:?}"),
            Self::Unknown(name) => write!(f, "the trigger has no setting {name:?}"),
            Self::Malformed(name, kind) => write!(f, "the setting {name:?} must be {}", kind.words()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_of_its_kind() {
        for (kind, good, bad) in [
            (SettingKind::Text, &["", "x"][..], &[][..]),
            (SettingKind::Number, &["0", "-12", "0.5", "007"], &["", "-", ".5", "1.", "1.2.3", "1e3", "+1", "٣", " 1"]),
            (SettingKind::Boolean, &["true", "false"], &["", "True", "1"]),
            (
                SettingKind::Duration,
                &["90s", "1h30m", "5ms", "2m5ms", "0s"],
                &["", "90", "s", "1h30", "-1s", "1.5h", "1w", "1 s", "99999999999999999999s"],
            ),
        ] {
            assert!(good.iter().all(|value| kind.admits(value)), "{kind:?}");
            let admitted: Vec<_> = bad.iter().filter(|value| kind.admits(value)).collect();
            assert!(admitted.is_empty(), "{kind:?} {admitted:?}");
        }
    }

    #[test]
    fn names_of_built_in_triggers_are_names() {
        for built_in in BuiltIn::ALL {
            assert_eq!(BuiltIn::of(&TriggerName::new(built_in.name()).unwrap()), Some(built_in));
        }
        assert_eq!(BuiltIn::of(&TriggerName::new("kafka").unwrap()), None);
    }
}
