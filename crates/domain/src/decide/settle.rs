//! What becomes of slots, decided once.
//!
//! The leader computes which slots are due and asks for their settlement; so may another one that took over meanwhile,
//! or the same one again. The cursor moves in the same decision that starts the runs, and a settlement goes on from the
//! cursor or is refused, so no slot is left out and none is started twice.

use super::create::{NewRun, check_live, create, live_runs};
use super::schedule::find;
use super::{Context, Decision, Verdict, cut, precondition};
use crate::config::Overlap;
use crate::event::Event;
use crate::ids::{PipelineKey, Revision, RunKey};
use crate::limits::{SETTLED_FIRES_MAX, SETTLED_SKIPS_MAX};
use crate::rejection::{Reason, Rejection};
use crate::schedule::{FiredSlot, Schedule, ScheduleKey, ScheduleSlot, Settlement, SkipReason, SkippedSlots};
use crate::state::State;
use crate::time::Timestamp;

/// Settles slots. One for which no run can be started is skipped with the reason: it must not keep those after it from
/// being settled.
pub(super) fn settle(context: Context<'_>, key: &ScheduleKey, settlement: &Settlement) -> Verdict {
    let known = find(context, key)?;
    check_current(key, known, settlement)?;
    check_form(settlement, context.time)?;
    let Outcome { fired, refused, events } = fire(context, key, known, &settlement.fire);
    let mut skipped = settlement.skipped.clone();
    skipped.extend(refused);
    skipped.sort_by_key(|skipped| skipped.first);
    let Settlement { generation, from, to, .. } = *settlement;
    let settled = Event::SlotsSettled { schedule: key.clone(), generation, from, to, fired, skipped };
    Ok(Decision::done([vec![settled], events].concat()))
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

/// What has become of the slots to start.
#[derive(Default)]
struct Outcome {
    fired: Vec<FiredSlot>,
    refused: Vec<SkippedSlots>,
    /// Of the runs.
    events: Vec<Event>,
}

/// Starts a run for each slot. Each is decided against what the ones before have led to.
fn fire(context: Context<'_>, key: &ScheduleKey, known: &Schedule, slots: &[Timestamp]) -> Outcome {
    let mut outcome = Outcome::default();
    let mut draft: Option<Draft> = None;
    for (place, slot) in slots.iter().enumerate() {
        let so_far = Context { state: draft.as_ref().map_or(context.state, |draft| &draft.state), ..context };
        let others = draft.as_ref().map_or(0, |draft| draft.others);
        match start(so_far, others, key, known, *slot) {
            Ok((run, events)) => {
                outcome.fired.push(FiredSlot { slot: *slot, run });
                if place + 1 < slots.len() {
                    draft.get_or_insert_with(|| Draft::of(context, &key.pipeline)).fold(context, &events);
                }
                outcome.events.extend(events);
            }
            Err(Rejection { reason, message, .. }) => {
                let reason = SkipReason::Refused { reason, message: cut(&message) };
                outcome.refused.push(SkippedSlots { first: *slot, last: *slot, reason });
            }
        }
    }
    outcome
}

/// Starts a run like one that somebody asks for. `others` are live runs that the state leaves out.
fn start(
    context: Context<'_>,
    others: usize,
    key: &ScheduleKey,
    known: &Schedule,
    slot: Timestamp,
) -> Result<(u64, Vec<Event>), Rejection> {
    let pipeline = context.pipeline(&key.pipeline)?;
    check_live(others.saturating_add(live_runs(context.state)))?;
    let schedule = Some(ScheduleSlot { schedule: key.name.clone(), slot });
    let new = NewRun { schedule, ..NewRun::of(pipeline.releases.choose(), &known.spec.options) };
    let run = pipeline.last_run.saturating_add(1);
    create(context, pipeline, new).map(|decision| (run, decision.events))
}

/// As much of the state as the start of a run reads or changes. A copy of all of it would cost more than the command.
struct Draft {
    state: State,
    /// Live runs that are left out.
    others: usize,
}

impl Draft {
    fn of(context: Context<'_>, key: &PipelineKey) -> Self {
        let mut state = State { revision: context.state.revision, ..State::default() };
        if let Some(pipeline) = context.state.pipelines.get(key) {
            state.pipelines.insert(key.clone(), pipeline.clone());
            if pipeline.releases.config.overlap == Overlap::Replace {
                // No other policy touches runs that were there before: one that waits does so for want of room.
                let numbers = pipeline.running.iter().chain(&pipeline.queue);
                let keys = numbers.map(|run| RunKey { pipeline: key.clone(), run: *run });
                state.runs.extend(keys.filter_map(|key| Some((key.clone(), context.state.runs.get(&key)?.clone()))));
                state.reindex();
            }
        }
        let others = live_runs(context.state).saturating_sub(live_runs(&state));
        Self { state, others }
    }

    fn fold(&mut self, context: Context<'_>, events: &[Event]) {
        for event in events {
            let revision = Revision(self.state.revision.0.saturating_add(1));
            self.state.apply(context.history, revision, context.time, event);
        }
    }
}
