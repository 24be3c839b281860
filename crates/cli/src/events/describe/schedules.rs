//! Events about schedules.

use gofer_wire::log::v1::SlotsSettled;
use gofer_wire::log::v1::event::Kind;
use gofer_wire::model::v1 as model;

use super::Described;
use crate::output::Style;
use crate::reference::schedule_text;
use crate::schedule::due;
use crate::time::timestamp;

pub(super) fn describe(kind: Kind) -> Described {
    let line = |kind, schedule: Option<model::ScheduleRef>, details, style| Described {
        kind,
        subject: schedule_text(schedule.as_ref()),
        details,
        style,
    };
    match kind {
        Kind::ScheduleCreated(event) => {
            let disabled = if event.enabled { "" } else { ", disabled" };
            let details = format!("{}{disabled}", timing(event.spec.as_ref()));
            line("schedule created", event.schedule, details, Style::Plain)
        }
        Kind::ScheduleUpdated(event) => {
            let details = format!("{}{}", timing(event.spec.as_ref()), up_to(event.skipped.as_ref()));
            line("schedule updated", event.schedule, details, Style::Plain)
        }
        Kind::ScheduleDeleted(event) => line("schedule deleted", event.schedule, String::new(), Style::Plain),
        Kind::ScheduleEnabled(event) => {
            let details = up_to(event.skipped.as_ref()).trim_start_matches(", ").to_owned();
            line("schedule enabled", event.schedule, details, Style::Plain)
        }
        Kind::ScheduleDisabled(event) => line("schedule disabled", event.schedule, String::new(), Style::Warning),
        Kind::SlotsSettled(event) => {
            let refused = event.skipped.iter().any(|skipped| skipped.reason() == model::SkipReason::Refused);
            let style = if refused { Style::Warning } else { Style::Plain };
            let details = settled(&event);
            line("slots settled", event.schedule, details, style)
        }
        _ => line("unknown", None, String::new(), Style::Warning),
    }
}

/// An event about a backfill.
pub(super) fn describe_backfill(kind: Kind) -> Described {
    let line = |kind, schedule: Option<model::ScheduleRef>, details, style| Described {
        kind,
        subject: schedule_text(schedule.as_ref()),
        details,
        style,
    };
    match kind {
        Kind::BackfillStarted(event) => {
            let spec = event.spec.unwrap_or_default();
            let (from, to) = (instant(spec.from_time.as_ref()), instant(spec.to_time.as_ref()));
            let details = format!("{} with {} slots from {from} to {to}", event.backfill, spec.slots);
            line("backfill started", event.schedule, details, Style::Plain)
        }
        Kind::BackfillAdvanced(event) => {
            let style = if event.refused.is_empty() { Style::Plain } else { Style::Warning };
            let settled = SlotsSettled {
                fired: event.fired,
                skipped: event.refused,
                to_time: event.cursor,
                ..Default::default()
            };
            let details = format!("{}: {}", event.backfill, self::settled(&settled));
            line("backfill went on", event.schedule, details, style)
        }
        Kind::BackfillRunEnded(event) => {
            let good = event.status() == model::RunStatus::Succeeded;
            let style = if good { Style::Plain } else { Style::Warning };
            let details = format!("{}: run {}", event.backfill, event.run);
            line("backfill run ended", event.schedule, details, style)
        }
        Kind::BackfillCancelled(event) => {
            let details = format!("{}: {}", event.backfill, event.message);
            line("backfill cancelled", event.schedule, details, Style::Warning)
        }
        _ => line("unknown", None, String::new(), Style::Warning),
    }
}

/// Of a run that was started for a slot.
pub(super) fn slot_text(slot: &model::ScheduleSlot) -> String {
    let backfill = if slot.backfill == 0 { String::new() } else { format!(" in backfill {}", slot.backfill) };
    format!(", for {} of schedule {}{backfill}", instant(slot.slot.as_ref()), slot.schedule)
}

fn timing(spec: Option<&model::ScheduleSpec>) -> String {
    spec.map_or_else(String::new, due::timing)
}

/// Where a schedule goes on from, if it leaves something out.
fn up_to(skipped: Option<&model::SkippedSlots>) -> String {
    skipped.map_or_else(String::new, |skipped| format!(", from {} on", instant(skipped.last.as_ref())))
}

fn settled(event: &SlotsSettled) -> String {
    let mut parts = Vec::new();
    if let Some(first) = event.fired.first() {
        let more = event.fired.len() - 1;
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        parts.push(format!("{} started run {}{more}", instant(first.slot.as_ref()), first.run));
    }
    parts.extend(event.skipped.first().map(|first| skipped(first, event.skipped.len() - 1)));
    if parts.is_empty() { format!("up to {}", instant(event.to_time.as_ref())) } else { parts.join("; ") }
}

fn skipped(first: &model::SkippedSlots, more: usize) -> String {
    let range = match first.first == first.last {
        true => instant(first.first.as_ref()),
        false => format!("{} to {}", instant(first.first.as_ref()), instant(first.last.as_ref())),
    };
    let why = due::skip_reason(first);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{range} skipped ({why}){more}")
}

fn instant(time: Option<&prost_types::Timestamp>) -> String {
    timestamp(time).map_or_else(|| "-".to_owned(), |time| time.to_string())
}
