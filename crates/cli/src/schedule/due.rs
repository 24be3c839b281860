//! What a schedule of a cluster says, in words, and when it is due as far as this program can tell.

use std::time::Duration;

use gofer_calendar::{Next, Schedule, UnixMs, Zone};
use gofer_domain::schedule::{Blackout, Rule, Timing};
use gofer_wire::model::v1 as model;
use gofer_wire::model::v1::schedule_spec::Rule as WireRule;
use jiff::Timestamp;

use crate::error::Error;
use crate::pipeline_file::values::format_duration;
use crate::time;

/// # Errors
/// When it is before 1970.
pub(super) fn unix_ms(time: Timestamp) -> Result<UnixMs, Error> {
    u64::try_from(time.as_millisecond()).map_err(|_| Error::usage(format!("{time} is before 1970"), "use a later time"))
}

/// An instant as the clocks of a zone show it; empty beyond the year 9999.
pub(super) fn local(zone: &Zone, time: UnixMs) -> String {
    zone.at(time).map_or_else(String::new, |at| at.strftime("%a %Y-%m-%d %H:%M:%S %:z").to_string())
}

/// The same of a message; empty when it is absent.
pub(super) fn local_of(zone: &Zone, time: Option<&prost_types::Timestamp>) -> String {
    time::timestamp(time).and_then(|time| unix_ms(time).ok()).map_or_else(String::new, |time| local(zone, time))
}

/// The zone of a schedule. One that this program does not know, as it is older than the cluster, is shown as UTC.
pub(super) fn zone(spec: &model::ScheduleSpec) -> Zone {
    Zone::new(&spec.zone).unwrap_or_default()
}

/// `30 2 * * *` or `every 1h30m`.
pub(crate) fn rule(spec: &model::ScheduleSpec) -> String {
    match &spec.rule {
        Some(WireRule::Cron(expression)) => expression.clone(),
        Some(WireRule::Every(interval)) => format!("every {}", duration(Some(interval))),
        None => String::new(),
    }
}

/// The same with the time zone, where it matters.
pub(crate) fn timing(spec: &model::ScheduleSpec) -> String {
    match &spec.rule {
        Some(WireRule::Cron(_)) => format!("{} ({})", rule(spec), spec.zone),
        Some(WireRule::Every(_)) | None => rule(spec),
    }
}

/// `1h30m`.
pub(super) fn duration(duration: Option<&prost_types::Duration>) -> String {
    format_duration(read(duration))
}

fn read(duration: Option<&prost_types::Duration>) -> Duration {
    duration.and_then(|duration| Duration::try_from(*duration).ok()).unwrap_or_default()
}

/// As this program understands it; None when it is older than the cluster and does not.
fn schedule(spec: &model::ScheduleSpec) -> Option<Schedule> {
    let rule = match spec.rule.as_ref()? {
        WireRule::Cron(expression) => Rule::Cron(expression.clone()),
        WireRule::Every(interval) => Rule::Every(read(Some(interval))),
    };
    let window =
        |window: &model::BlackoutWindow| Blackout { opens: window.opens.clone(), length: read(window.length.as_ref()) };
    let blackouts = spec.blackouts.iter().map(window).collect();
    Schedule::of(&Timing { rule, zone: spec.zone.clone(), blackouts }).ok()
}

/// The first slot after an instant, in words; empty when this program can't tell.
pub(super) fn next(spec: &model::ScheduleSpec, after: Timestamp) -> String {
    let Some((schedule, after)) = schedule(spec).zip(unix_ms(after).ok()) else { return String::new() };
    match schedule.open_after(after) {
        Next::Slot(slot) => local(&schedule.zone, slot),
        Next::NoneUntil(time) => format!("not before {}", local(&schedule.zone, time)),
        Next::Never => "never".into(),
    }
}

/// Why slots were skipped.
pub(crate) fn skip_reason(skipped: &model::SkippedSlots) -> String {
    match skipped.reason() {
        model::SkipReason::Missed => "missed".to_owned(),
        model::SkipReason::Blackout => "in a blackout window".to_owned(),
        model::SkipReason::Paused => "disabled then".to_owned(),
        model::SkipReason::Changed => "the timing changed".to_owned(),
        model::SkipReason::Refused => skipped.message.clone(),
        model::SkipReason::Unspecified => "for a reason of a newer version".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(cron: &str, zone: &str) -> model::ScheduleSpec {
        model::ScheduleSpec { rule: Some(WireRule::Cron(cron.into())), zone: zone.into(), ..Default::default() }
    }

    #[test]
    fn schedules_are_told_in_words() {
        let nightly = spec("30 2 * * *", "Europe/Berlin");
        assert_eq!(timing(&nightly), "30 2 * * * (Europe/Berlin)");
        let after = "2026-03-28T12:00:00Z".parse().unwrap();
        assert_eq!(next(&nightly, after), "Sun 2026-03-29 03:00:00 +02:00");
        let every = Some(WireRule::Every(prost_types::Duration { seconds: 5400, nanos: 0 }));
        assert_eq!(timing(&model::ScheduleSpec { rule: every, ..nightly.clone() }), "every 1h30m");
        let always = model::BlackoutWindow {
            opens: "@hourly".into(),
            length: Some(prost_types::Duration { seconds: 3600, nanos: 0 }),
        };
        let blocked = model::ScheduleSpec { blackouts: vec![always], ..nightly };
        assert!(next(&blocked, after).starts_with("not before "), "{}", next(&blocked, after));
    }

    #[test]
    fn what_a_newer_cluster_knows_is_left_open() {
        assert_eq!(next(&spec("* * * * *", "Mars/Olympus"), Timestamp::UNIX_EPOCH), "");
        assert_eq!(zone(&spec("* * * * *", "Mars/Olympus")), Zone::default());
    }
}
