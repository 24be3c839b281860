//! Runs that start and end, and the conditions under which that counts: figures of the pipeline's newest runs, which the event of a
//! run's end says itself, and how long a run lasts.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::Duration;

use gofer_domain::{Ends, Event, EventKey, PipelineKey, Rejection, Run, RunKey, RunStatus, SettingKind, Timestamp};
use serde_json::{Value, json};

use super::{LogEvent, Told, choices};
use crate::built_in::{Settings, fault};
use crate::event::TriggerEvent;
use crate::run;

const WORDS: &[&str] = &["started", "succeeded", "failed", "cancelled", "recovered"];
/// Longest streak that can be waited for.
const STREAK_MAX: u64 = 1_000_000;
/// Fewest and most runs that a rate is of: the state remembers a few more.
const WINDOW: (u32, u32) = (2, 60);
/// Shortest and longest duration that a run can be waited for.
const LONGER_THAN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(366 * 24 * 3600));
/// What an event is about that tells of a long run.
const LONG: &str = "long";

/// The runs of a pipeline that a subscription asks for.
#[derive(Clone, Debug)]
pub(super) struct Runs {
    pub(super) pipeline: PipelineKey,
    on: BTreeSet<&'static str>,
    /// None: each end counts. Else the one with which so many have ended alike, in a row.
    in_a_row: Option<u64>,
    rate: Option<Rate>,
    pub(super) longer_than: Option<Duration>,
}

/// At least so many of so many runs have failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rate {
    percent: u32,
    window: u32,
}

impl Rate {
    /// Whether it was reached before the newest `without` ends. It never is before as many runs have ended as it is of.
    fn is_reached(self, ends: &Ends, without: u32) -> bool {
        let failures = ends.failures(self.window, without);
        failures.is_some_and(|failed| u64::from(failed) * 100 >= u64::from(self.percent) * u64::from(self.window))
    }
}

impl Runs {
    /// Reads settings.
    pub(super) fn of(settings: &Settings, pipeline: PipelineKey) -> Result<Self, Rejection> {
        let (in_a_row, rate, longer_than) = (in_a_row(settings)?, rate(settings)?, longer_than(settings)?);
        let on = match (settings.text("on"), in_a_row) {
            ("", Some(_)) => BTreeSet::from(["failed"]),
            ("", None) if rate.is_some() || longer_than.is_some() => BTreeSet::new(),
            ("", None) => BTreeSet::from(["succeeded"]),
            _ => choices(settings, "on", WORDS)?,
        };
        if in_a_row.is_some() && (on.contains("started") || on.contains("cancelled")) {
            let message = "runs that start or are cancelled have no streaks".to_owned();
            return Err(fault("in-a-row", message, "use it with failed, succeeded or recovered in \"on\""));
        }
        Ok(Self { pipeline, on, in_a_row, rate, longer_than })
    }

    /// What is told of the start or the end of a run.
    pub(super) fn told(&self, log: &LogEvent<'_>, look: &dyn Fn(&RunKey) -> Option<Run>) -> Option<Told> {
        if let Event::RunCreated { run, .. } = log.event {
            let is_wanted = run.pipeline == self.pipeline && self.on.contains("started");
            return is_wanted.then(|| ("started".to_owned(), run::payload(run, "started", "", look(run).as_ref())));
        }
        let Event::RunFinished { run, status, started_at, ends } = log.event else { return None };
        let (word, message) = outcome(status)?;
        if run.pipeline != self.pipeline {
            return None;
        }
        let because = self.because(word, ends.as_ref());
        let kind = *because.last()?;
        let mut payload = run::payload(run, word, message, look(run).as_ref());
        if let Some(started) = started_at {
            payload["seconds"] = log.at.since(*started).as_secs_f64().into();
        }
        self.figure(&mut payload, &because, ends.as_ref());
        Some((kind.to_owned(), payload))
    }

    /// Why an end counts; what is most particular comes last.
    fn because(&self, word: &'static str, ends: Option<&Ends>) -> Vec<&'static str> {
        let counted = ends.filter(|_| word != "cancelled");
        let mut because = Vec::new();
        let is_streak = |wanted: u64| counted.is_some_and(|ends| ends.streak == wanted);
        if self.on.contains(word) && self.in_a_row.is_none_or(is_streak) {
            because.push(word);
        }
        let Some(ends) = counted else { return because };
        let is_back = !ends.newest_failed() && ends.streak == 1 && ends.broken >= self.in_a_row.unwrap_or(1);
        if self.on.contains("recovered") && is_back {
            because.push("recovered");
        }
        if self.rate.is_some_and(|rate| rate.is_reached(ends, 0) && !rate.is_reached(ends, 1)) {
            because.push("rate");
        }
        because
    }

    /// Adds the figures of the pipeline's newest runs.
    fn figure(&self, payload: &mut Value, because: &[&str], ends: Option<&Ends>) {
        payload["because"] = json!(because);
        let Some(ends) = ends else { return };
        payload["in_a_row"] = ends.streak.into();
        if !ends.newest_failed() && ends.streak == 1 {
            payload["failures_before"] = ends.broken.into();
        }
        if let Some(Rate { percent, window }) = self.rate
            && let Some(failed) = ends.failures(window, 0)
        {
            let now = f64::from(failed) * 100.0 / f64::from(window);
            payload["rate"] = json!({"percent": now, "failed": failed, "of": window, "limit": percent});
        }
    }

    /// What is told of a run that has ended, and had lasted longer than it should.
    pub(super) fn ended_long(&self, log: &LogEvent<'_>, look: &dyn Fn(&RunKey) -> Option<Run>) -> Option<TriggerEvent> {
        let Event::RunFinished { run, status, started_at: Some(started), .. } = log.event else { return None };
        let (word, message) = outcome(status)?;
        let is_long = self.longer_than.is_some_and(|limit| log.at.since(*started) >= limit);
        let is_wanted = run.pipeline == self.pipeline && is_long;
        is_wanted.then(|| self.long(run, (word, message), (*started, log.at), look(run).as_ref()))
    }

    /// What is told of a run that lasts, or lasted, from one time to another.
    pub(super) fn long(
        &self,
        key: &RunKey,
        (status, message): (&str, &str),
        (started, at): (Timestamp, Timestamp),
        run: Option<&Run>,
    ) -> TriggerEvent {
        let mut payload = run::payload(key, status, message, run);
        payload["because"] = json!([LONG]);
        payload["seconds"] = at.since(started).as_secs_f64().into();
        payload["longer_than"] = self.longer_than.map(|limit| limit.as_secs_f64()).into();
        TriggerEvent { key: EventKey::of_long_run(key), kind: LONG.to_owned(), occurred_at: at, payload }
    }
}

fn outcome(status: &RunStatus) -> Option<(&'static str, &str)> {
    match status {
        RunStatus::Succeeded => Some(("succeeded", "")),
        RunStatus::Failed { message } => Some(("failed", message)),
        RunStatus::Cancelled { message } => Some(("cancelled", message)),
        RunStatus::Queued | RunStatus::Running => None,
    }
}

fn in_a_row(settings: &Settings) -> Result<Option<u64>, Rejection> {
    match settings.text("in-a-row") {
        "" => Ok(None),
        text => match text.parse() {
            Ok(number @ 1..=STREAK_MAX) => Ok(Some(number)),
            _ => {
                Err(fault("in-a-row", format!("{text:?} is no whole number from 1 to {STREAK_MAX}"), "write such as 3"))
            }
        },
    }
}

/// Such as 50%/20.
fn rate(settings: &Settings) -> Result<Option<Rate>, Rejection> {
    let text = settings.text("rate");
    if text.is_empty() {
        return Ok(None);
    }
    let (least, most) = WINDOW;
    let parts = text.split_once("%/").and_then(|(percent, window)| Some((digits(percent)?, digits(window)?)));
    match parts {
        Some((percent @ 1..=100, window)) if (least..=most).contains(&window) => Ok(Some(Rate { percent, window })),
        _ => {
            let message = format!("{text:?} is no percentage of a number of runs");
            let help = format!("write such as 50%/20: from 1% to 100%, of {least} to {most} runs");
            Err(fault("rate", message, help))
        }
    }
}

fn digits(text: &str) -> Option<u32> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

fn longer_than(settings: &Settings) -> Result<Option<Duration>, Rejection> {
    let text = settings.text("longer-than");
    if text.is_empty() {
        return Ok(None);
    }
    let limit = settings.duration("longer-than");
    match SettingKind::Duration.admits(text) && (LONGER_THAN.0..=LONGER_THAN.1).contains(&limit) {
        true => Ok(Some(limit)),
        false => Err(fault("longer-than", format!("{text:?} is no duration from 1s to 366d"), "write such as 90m")),
    }
}
