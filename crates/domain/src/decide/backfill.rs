//! Backfills begin, go on and are cancelled.
//!
//! As with settlements, the leader computes slots and the cursor moves in the decision that starts the runs, from where it
//! stands or not at all. How many runs go on at a time is held here: a leader that knows less than it thinks is refused.

use super::create::NewRun;
use super::schedule::find;
use super::starts::Starts;
use super::{Context, Decision, Verdict, cut, misled, precondition};
use crate::backfill::{Backfill, BackfillSpec, BackfillStatus};
use crate::command::Command;
use crate::event::{Answer, Event};
use crate::ids::Revision;
use crate::limits::{BACKFILL_PARALLELISM_MAX, BACKFILL_SLOTS_MAX, BACKFILLS_PER_PIPELINE_MAX};
use crate::rejection::{Reason, Rejection};
use crate::schedule::{FiredSlot, Schedule, ScheduleKey, ScheduleSlot, SkipReason, SkippedSlots};
use crate::state::Pipeline;
use crate::time::Timestamp;

/// Decides a command about backfills.
pub(super) fn decide(context: Context<'_>, command: &Command) -> Verdict {
    if let Command::StartBackfill { schedule, generation, spec } = command {
        start(context, schedule, *generation, spec)
    } else if let Command::AdvanceBackfill { schedule, backfill, generation, cursor, fire, is_last } = command {
        let known = current(context, schedule, *backfill)?;
        check_generation(schedule, known.0, *generation)?;
        check_next(schedule, *backfill, known.1, (*cursor, fire, *is_last))?;
        Ok(advance(context, schedule, *backfill, known, (fire, *is_last)))
    } else if let Command::CancelBackfill { schedule, backfill } = command {
        let message = format!("cancelled by {}", context.actor);
        current(context, schedule, *backfill)?;
        Ok(Decision::done(vec![Event::BackfillCancelled { schedule: schedule.clone(), backfill: *backfill, message }]))
    } else {
        Err(misled())
    }
}

/// Ends all backfills of a schedule whose slots are others from now on.
pub(super) fn cancel_all(key: &ScheduleKey, known: &Schedule, message: &str) -> Vec<Event> {
    let running = known.backfills.iter().filter(|(_, backfill)| backfill.status == BackfillStatus::Running);
    let cancelled = |(number, _): (&u64, &Backfill)| Event::BackfillCancelled {
        schedule: key.clone(),
        backfill: *number,
        message: message.to_owned(),
    };
    running.map(cancelled).collect()
}

fn start(context: Context<'_>, key: &ScheduleKey, generation: Revision, spec: &BackfillSpec) -> Verdict {
    let known = find(context, key)?;
    context.pipeline(&key.pipeline)?;
    check_generation(key, known, generation)?;
    check_spec(spec, context.time)?;
    let of_pipeline = context.state.schedules.of(&key.pipeline);
    let all = of_pipeline.flat_map(|(_, schedule)| schedule.backfills.values());
    let running = all.filter(|backfill| backfill.status == BackfillStatus::Running).count();
    if running >= BACKFILLS_PER_PIPELINE_MAX {
        let message = format!("pipeline {} has {running} backfills that go on, which is the limit", key.pipeline);
        return Err(Rejection::new(Reason::ResourceExhausted, message)
            .field("schedule")
            .help("wait until one is done, or cancel one"));
    }
    let backfill = known.last_backfill.saturating_add(1);
    let started_by = context.actor.to_owned();
    let started = Event::BackfillStarted { schedule: key.clone(), backfill, spec: *spec, started_by };
    Ok(Decision { events: vec![started], answer: Answer::Backfill(backfill) })
}

fn check_spec(spec: &BackfillSpec, now: Timestamp) -> Result<(), Rejection> {
    let BackfillSpec { from, to, parallelism, order: _, slots } = spec;
    let invalid = |field: &str, message: String, help: String| {
        Err(Rejection::new(Reason::InvalidArgument, message).field(field).help(help))
    };
    if from >= to {
        let message = format!("the range from {from} to {to} holds nothing");
        return invalid("to_time", message, "let it end after it begins".to_owned());
    }
    if *to > now {
        let message = format!("it is {now}, and the range ends at {to}");
        return invalid("to_time", message, "what is still to come the schedule starts by itself".to_owned());
    }
    if !(1..=BACKFILL_PARALLELISM_MAX).contains(parallelism) {
        let message = format!("{parallelism} runs are wanted at a time, allowed are 1 to {BACKFILL_PARALLELISM_MAX}");
        return invalid("parallelism", message, "choose a number in that range".to_owned());
    }
    match *slots {
        0 => invalid("from_time", "the schedule has no slot in that range".into(), "choose another range".to_owned()),
        1..=BACKFILL_SLOTS_MAX => Ok(()),
        more => {
            let message = format!("the schedule has {more} slots in that range, the limit is {BACKFILL_SLOTS_MAX}");
            invalid("from_time", message, "choose a shorter range, and another backfill for the rest".to_owned())
        }
    }
}

fn check_generation(key: &ScheduleKey, known: &Schedule, generation: Revision) -> Result<(), Rejection> {
    if known.generation == generation {
        return Ok(());
    }
    let message = format!("schedule {key} is of generation {}, not {generation}", known.generation);
    Err(precondition(message).field("generation").help("it was changed meanwhile; compute its slots anew"))
}

/// A backfill that goes on, with its schedule.
fn current<'a>(
    context: Context<'a>,
    key: &ScheduleKey,
    number: u64,
) -> Result<(&'a Schedule, &'a Backfill), Rejection> {
    let known = find(context, key)?;
    let Some(backfill) = known.backfills.get(&number) else {
        let message = format!("schedule {key} has no backfill {number}");
        return Err(Rejection::new(Reason::NotFound, message)
            .field("backfill")
            .help("list its backfills to find the number"));
    };
    match backfill.status {
        BackfillStatus::Running => Ok((known, backfill)),
        BackfillStatus::Done | BackfillStatus::Cancelled { .. } => {
            let message = format!("backfill {number} of schedule {key} has ended");
            Err(precondition(message).field("backfill").help("start another one if need be"))
        }
    }
}

/// To the leader the refusal says that somebody came before, or that runs go on of which it did not know.
fn check_next(
    key: &ScheduleKey,
    number: u64,
    known: &Backfill,
    (cursor, fire, is_last): (Option<Timestamp>, &[Timestamp], bool),
) -> Result<(), Rejection> {
    let refuse = |field: &str, message: String| {
        Err(precondition(message).field(field).help("nothing is lost; look at the backfill anew"))
    };
    if known.is_decided || known.cursor != cursor {
        return refuse("cursor", format!("backfill {number} of schedule {key} has come further"));
    }
    if fire.is_empty() && !is_last {
        return refuse("fire", "nothing is to be decided".to_owned());
    }
    if fire.len() > known.room() {
        let message = format!(
            "{} runs are to be started, and {} of {} go on already",
            fire.len(),
            known.live.len(),
            known.spec.parallelism
        );
        return refuse("fire", message);
    }
    let before = [cursor].into_iter().chain(fire.iter().copied().map(Some));
    match before.zip(fire).find(|(before, slot)| !known.spec.admits(*before, **slot)) {
        None => Ok(()),
        Some((_, slot)) => refuse("fire", format!("{slot} is not in the range, or not in order")),
    }
}

/// Starts a run for each slot, like one that somebody asks for.
fn advance(
    context: Context<'_>,
    key: &ScheduleKey,
    number: u64,
    (schedule, backfill): (&Schedule, &Backfill),
    (fire, is_last): (&[Timestamp], bool),
) -> Decision {
    let mut starts = Starts::new(context);
    let (mut fired, mut refused) = (Vec::new(), Vec::new());
    for slot in fire {
        let of = Some(ScheduleSlot { schedule: key.name.clone(), slot: *slot, backfill: Some(number) });
        let new = |pipeline: &Pipeline| {
            let choice = pipeline.releases.choose();
            NewRun { schedule: of, ..NewRun::of(choice, &schedule.spec.options) }
        };
        match starts.start(&key.pipeline, new) {
            Ok(run) => fired.push(FiredSlot { slot: *slot, run }),
            Err(Rejection { reason, message, .. }) => {
                let reason = SkipReason::Refused { reason, message: cut(&message) };
                refused.push(SkippedSlots { first: *slot, last: *slot, reason });
            }
        }
    }
    let cursor = fire.last().copied().or(backfill.cursor);
    let schedule = key.clone();
    starts.insert(0, Event::BackfillAdvanced { schedule, backfill: number, cursor, fired, refused, is_last });
    Decision::done(starts.into_events())
}
