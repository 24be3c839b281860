//! What a schedule says, as far as it can be judged without a calendar.

use std::fmt::Display;
use std::time::Duration;

use super::Faults;
use crate::limits::{
    BLACKOUTS_MAX, CATCH_UP_MAX, CRON_BYTES_MAX, DURATION_MAX, JITTER_MAX, SCHEDULE_BYTES_MAX, SCHEDULE_DURATION_MAX,
    SCHEDULE_DURATION_MIN, ZONE_BYTES_MAX,
};
use crate::rejection::Rejection;
use crate::schedule::{CatchUp, Rule, ScheduleSpec, Timing};

/// Checks a schedule but for its expressions and its time zone, which are text here.
///
/// # Errors
/// Every fault.
pub fn validate_schedule(spec: &ScheduleSpec) -> Result<(), Vec<Rejection>> {
    let ScheduleSpec { description, timing, jitter, catch_up, grace, options: _ } = spec;
    let mut faults = Faults::default();
    let bytes = bytes(spec);
    if bytes > SCHEDULE_BYTES_MAX {
        let message = format!("the texts of the schedule have {bytes} bytes, the limit is {SCHEDULE_BYTES_MAX}");
        faults.add("", message, "let the pipeline have what is long as the default of a parameter, or as an object");
    }
    faults.text("description", description);
    check_timing(&mut faults, timing);
    check_duration(&mut faults, "jitter", *jitter, Duration::ZERO, JITTER_MAX);
    check_duration(&mut faults, "grace", *grace, SCHEDULE_DURATION_MIN, DURATION_MAX);
    if let CatchUp::All(most) = catch_up
        && !(1..=CATCH_UP_MAX).contains(most)
    {
        let message = format!("the schedule catches up with {most} slots, allowed are 1 to {CATCH_UP_MAX}");
        faults.add("catch_up", message, "choose a number in that range, or to catch up with none");
    }
    faults.result()
}

fn check_timing(faults: &mut Faults, timing: &Timing) {
    match &timing.rule {
        Rule::Cron(expression) => check_word(faults, "cron", expression, CRON_BYTES_MAX),
        Rule::Every(interval) => {
            check_duration(faults, "every", *interval, SCHEDULE_DURATION_MIN, SCHEDULE_DURATION_MAX);
        }
    }
    check_word(faults, "zone", &timing.zone, ZONE_BYTES_MAX);
    if faults.count("blackouts", timing.blackouts.len(), BLACKOUTS_MAX) {
        for (number, blackout) in timing.blackouts.iter().enumerate() {
            let field = format_args!("blackouts.{number}");
            check_word(faults, format_args!("{field}.opens"), &blackout.opens, CRON_BYTES_MAX);
            let least = Duration::from_millis(1);
            check_duration(faults, format_args!("{field}.length"), blackout.length, least, SCHEDULE_DURATION_MAX);
        }
    }
}

fn check_word(faults: &mut Faults, field: impl Display, text: &str, limit: usize) {
    faults.length(&field, text, limit);
    if text.is_empty() {
        faults.add(field.to_string(), format!("{field} is empty"), "give it");
    }
    if text.contains(|c: char| c.is_control()) {
        faults.add(field.to_string(), format!("{field} holds a control character"), "take it out");
    }
}

fn check_duration(faults: &mut Faults, field: impl Display, duration: Duration, least: Duration, most: Duration) {
    if !(least..=most).contains(&duration) {
        let message = format!("{field} is {duration:?}, allowed are {least:?} to {most:?}");
        faults.add(field.to_string(), message, "choose a duration in that range");
    } else if !duration.subsec_nanos().is_multiple_of(1_000_000) {
        let message = format!("{field} is {duration:?}, which is no whole number of milliseconds");
        faults.add(field.to_string(), message, "round it");
    }
}

fn bytes(spec: &ScheduleSpec) -> usize {
    let ScheduleSpec { description, timing, options, .. } = spec;
    let rule = if let Rule::Cron(expression) = &timing.rule { expression.len() } else { 0 };
    let blackouts: usize = timing.blackouts.iter().map(|blackout| blackout.opens.len()).sum();
    let pairs = options.variables.iter().chain(&options.labels);
    let pairs: usize = pairs.map(|(name, value)| name.len() + value.len()).sum();
    description.len() + rule + timing.zone.len() + blackouts + pairs + options.note.len()
}
