//! Slots of schedules that no run is started for, and schedules that are disabled.

use std::collections::BTreeSet;

use gofer_domain::{Event, PipelineKey, Rejection, ScheduleKey, ScheduleName, SkipReason, SkippedSlots, Timestamp};
use serde_json::{Value, json};

use super::{LogEvent, Told, choices};
use crate::built_in::{Settings, fault};

const WORDS: &[&str] = &["missed", "blackout", "refused", "paused", "changed", "disabled", "enabled", "deleted"];
/// Most ranges of slots that are told in one event; of more the newest are.
const RANGES_MAX: usize = 100;

/// The schedules of a pipeline that a subscription asks for.
#[derive(Clone, Debug)]
pub(super) struct Slots {
    pub(super) pipeline: PipelineKey,
    /// None: all.
    schedule: Option<ScheduleName>,
    on: BTreeSet<&'static str>,
}

impl Slots {
    /// Reads settings.
    pub(super) fn of(settings: &Settings, pipeline: PipelineKey) -> Result<Self, Rejection> {
        let schedule = match settings.text("schedule") {
            "" => None,
            name => {
                let name = ScheduleName::new(name);
                Some(name.map_err(|rejection| fault("schedule", rejection.message, "write the name of a schedule"))?)
            }
        };
        Ok(Self { pipeline, schedule, on: choices(settings, "on", WORDS)? })
    }

    /// What is told of slots that were skipped, or of a schedule that somebody has changed.
    pub(super) fn told(&self, log: &LogEvent<'_>) -> Option<Told> {
        let (schedule, done, skipped): (&ScheduleKey, Option<&'static str>, &[SkippedSlots]) = match log.event {
            Event::SlotsSettled { schedule, skipped, .. } => (schedule, None, skipped),
            Event::ScheduleUpdated { schedule, skipped, .. } => (schedule, None, skipped.as_slice()),
            Event::ScheduleEnabled { schedule, skipped } => (schedule, Some("enabled"), skipped.as_slice()),
            Event::ScheduleDisabled { schedule } => (schedule, Some("disabled"), &[]),
            Event::ScheduleDeleted { schedule } => (schedule, Some("deleted"), &[]),
            _ => return None,
        };
        if schedule.pipeline != self.pipeline || self.schedule.as_ref().is_some_and(|name| *name != schedule.name) {
            return None;
        }
        let wanted: Vec<&SkippedSlots> =
            skipped.iter().filter(|range| self.on.contains(reason(&range.reason).0)).collect();
        let done = done.filter(|word| self.on.contains(word));
        let kind = wanted.last().map(|range| reason(&range.reason).0).or(done)?;
        Some((kind.to_owned(), payload(schedule, log, &wanted, done)))
    }
}

fn payload(schedule: &ScheduleKey, log: &LogEvent<'_>, skipped: &[&SkippedSlots], done: Option<&str>) -> Value {
    let reasons = skipped.iter().map(|range| reason(&range.reason).0);
    let because: BTreeSet<&str> = reasons.chain(done).collect();
    let told = &skipped[skipped.len().saturating_sub(RANGES_MAX)..];
    let slots = told.iter().map(|SkippedSlots { first, last, reason: of }| {
        let (word, message) = reason(of);
        json!({"first": time(*first), "last": time(*last), "reason": word, "message": message})
    });
    json!({
        "namespace": schedule.pipeline.namespace.as_str(),
        "pipeline": schedule.pipeline.pipeline.as_str(),
        "schedule": schedule.name.as_str(),
        "because": because,
        "slots": slots.collect::<Vec<_>>(),
        "slots_left_out": skipped.len() > told.len(),
        "by": log.actor,
    })
}

fn reason(reason: &SkipReason) -> (&'static str, &str) {
    match reason {
        SkipReason::Missed => ("missed", "nobody was there in time, and the schedule does not catch up with it"),
        SkipReason::Blackout => ("blackout", "it lies in a blackout window"),
        SkipReason::Paused => ("paused", "the schedule was disabled"),
        SkipReason::Changed => ("changed", "the schedule got another timing before"),
        SkipReason::Refused { message, .. } => ("refused", message),
    }
}

/// As RFC 3339 writes it. Null beyond the year 9999.
fn time(time: Timestamp) -> Value {
    let millis = i64::try_from(time.0).ok();
    let known = millis.and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
    known.map_or(Value::Null, |known| known.to_string().into())
}
