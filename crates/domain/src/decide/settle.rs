//! What becomes of slots, decided once.
//!
//! The leader computes which slots are due and asks for their settlement; so may another one that took over meanwhile,
//! or the same one again. The cursor moves in the same decision that starts the runs, and a settlement goes on from the
//! cursor or is refused, so no slot is left out and none is started twice.

use super::create::NewRun;
use super::schedule::find;
use super::starts::Starts;
use super::{Context, Decision, Verdict, cut, precondition};
use crate::event::Event;
use crate::limits::{SETTLED_FIRES_MAX, SETTLED_SKIPS_MAX};
use crate::rejection::{Reason, Rejection};
use crate::schedule::{FiredSlot, Schedule, ScheduleKey, ScheduleSlot, Settlement, SkipReason, SkippedSlots};
use crate::state::Pipeline;
use crate::time::Timestamp;

/// Settles slots. One for which no run can be started is skipped with the reason: it must not keep those after it from
/// being settled.
pub(super) fn settle(context: Context<'_>, key: &ScheduleKey, settlement: &Settlement) -> Verdict {
    let known = find(context, key)?;
    check_current(key, known, settlement)?;
    check_form(settlement, context.time)?;
    let mut starts = Starts::new(context);
    let (fired, refused) = fire(&mut starts, key, known, &settlement.fire);
    let mut skipped = settlement.skipped.clone();
    skipped.extend(refused);
    skipped.sort_by_key(|skipped| skipped.first);
    let Settlement { generation, from, to, .. } = *settlement;
    starts.insert(0, Event::SlotsSettled { schedule: key.clone(), generation, from, to, fired, skipped });
    Ok(Decision::done(starts.into_events()))
}

/// A settlement was computed from the schedule as it is. To the leader the refusal says that somebody came before.
fn check_current(key: &ScheduleKey, known: &Schedule, settlement: &Settlement) -> Result<(), Rejection> {
    let refuse = |field: &str, message: String| {
        Err(precondition(message).field(field).help("nothing is lost; slots are computed anew from what is settled"))
    };
    if known.generation != settlement.generation {
        let message = format!("schedule {key} is of generation {}, not {}", known.generation, settlement.generation);
        return refuse("generation", message);
    }
    if !known.enabled {
        return refuse("schedule", format!("schedule {key} is disabled"));
    }
    if known.settled != settlement.from {
        let message = format!("schedule {key} is settled up to {}, not {}", known.settled, settlement.from);
        return refuse("from", message);
    }
    Ok(())
}

fn check_form(settlement: &Settlement, now: Timestamp) -> Result<(), Rejection> {
    let Settlement { generation: _, from, to, fire, skipped } = settlement;
    let invalid = |field: &str, message: String| {
        Err(Rejection::new(Reason::InvalidArgument, message).field(field).help("compute the slots anew"))
    };
    if to <= from {
        return invalid("to", format!("a settlement from {from} to {to} settles nothing"));
    }
    if *to > now {
        // Clocks of leaders differ: this passes once the cluster's time has come as far.
        let message = format!("it is {now}, and slots up to {to} are to be settled");
        return Err(precondition(message).field("to").help("settle them when it is time"));
    }
    for (field, count, most) in [("fire", fire.len(), SETTLED_FIRES_MAX), ("skipped", skipped.len(), SETTLED_SKIPS_MAX)]
    {
        if count > most {
            return invalid(field, format!("{field} has {count} entries, the limit is {most}"));
        }
    }
    let is_inside = |time: &Timestamp| from < time && time <= to;
    if !fire.is_sorted_by(|one, next| one < next) || !fire.iter().all(is_inside) {
        return invalid("fire", format!("the slots are not in order, or not all after {from} and up to {to}"));
    }
    let is_range = |range: &SkippedSlots| {
        let SkippedSlots { first, last, reason } = range;
        let is_known = matches!(reason, SkipReason::Missed | SkipReason::Blackout);
        is_known && first <= last && is_inside(first) && is_inside(last)
    };
    if !skipped.iter().all(is_range) || !skipped.is_sorted_by(|one, next| one.last < next.first) {
        let message = format!("the ranges are not in order, meet, or do not all lie after {from} and up to {to}");
        return invalid("skipped", message);
    }
    let is_skipped = |slot: &Timestamp| {
        let next = skipped.partition_point(|range| range.last < *slot);
        skipped.get(next).is_some_and(|range| range.first <= *slot)
    };
    match fire.iter().find(|slot| is_skipped(slot)) {
        Some(slot) => invalid("fire", format!("the slot {slot} is both to be started and skipped")),
        None => Ok(()),
    }
}

/// Starts a run for each slot, like one that somebody asks for. Gives those that were started, and those that could not be.
fn fire(
    starts: &mut Starts<'_>,
    key: &ScheduleKey,
    known: &Schedule,
    slots: &[Timestamp],
) -> (Vec<FiredSlot>, Vec<SkippedSlots>) {
    let (mut fired, mut refused) = (Vec::new(), Vec::new());
    for slot in slots {
        let schedule = Some(ScheduleSlot { schedule: key.name.clone(), slot: *slot, backfill: None });
        let new = |pipeline: &Pipeline| {
            let choice = pipeline.releases.choose();
            NewRun { schedule, ..NewRun::of(choice, &known.spec.options) }
        };
        match starts.start(&key.pipeline, new) {
            Ok(run) => fired.push(FiredSlot { slot: *slot, run }),
            Err(Rejection { reason, message, .. }) => {
                let reason = SkipReason::Refused { reason, message: cut(&message) };
                refused.push(SkippedSlots { first: *slot, last: *slot, reason });
            }
        }
    }
    (fired, refused)
}
