//! Backfills: which slots a range has is told here, as the state machine has no calendar.

use gofer_calendar::{Slots, slots_in};
use gofer_domain::limits::BACKFILL_SLOTS_MAX;
use gofer_domain::{BackfillOrder, BackfillSpec, Command, Schedule, ScheduleKey, Timestamp};
use gofer_store::codec;
use gofer_wire::api::v1 as wire;
use gofer_wire::model::v1 as model;
use tonic::Status;

use crate::errors::{self, Fault};

/// Most slots that are counted before a range is refused.
const COUNTED_MAX: usize = 50_000;

/// A backfill that is asked for, and its slots in the order in which they come.
pub(super) struct Asked {
    pub(super) spec: BackfillSpec,
    pub(super) slots: Vec<Timestamp>,
}

/// Reads a request, and finds the slots that it means.
pub(super) async fn asked(
    message: &wire::StartBackfillRequest,
    key: &ScheduleKey,
    schedule: Schedule,
) -> Result<Asked, Status> {
    let (from, to) = (time(message.from_time.as_ref(), "from_time")?, time(message.to_time.as_ref(), "to_time")?);
    if from >= to {
        return Err(Fault::invalid("to_time", "the range ends before it begins").help("choose a later end").into());
    }
    let name = key.to_string();
    let finding = tokio::task::spawn_blocking(move || slots(&name, &schedule, from, to));
    let mut slots = finding.await.map_err(|error| errors::interrupted(&error))??;
    let order = if message.newest_first { BackfillOrder::NewestFirst } else { BackfillOrder::OldestFirst };
    if order == BackfillOrder::NewestFirst {
        slots.reverse();
    }
    let count = u32::try_from(slots.len()).unwrap_or(u32::MAX);
    let parallelism = if message.parallelism == 0 { 1 } else { message.parallelism };
    Ok(Asked { spec: BackfillSpec { from, to, parallelism, order, slots: count }, slots })
}

fn time(time: Option<&prost_types::Timestamp>, field: &'static str) -> Result<Timestamp, Fault> {
    codec::time_from_wire(time, field)
        .map_err(|error| Fault::invalid(field, error.to_string()).help("give a time from 1970 on"))
}

fn slots(name: &str, schedule: &Schedule, from: Timestamp, to: Timestamp) -> Result<Vec<Timestamp>, Fault> {
    let calendar = gofer_calendar::Schedule::of(&schedule.spec.timing).map_err(|(field, fault)| {
        Fault::invalid("schedule", format!("{field} of schedule {name}: {}", fault.message)).help(fault.help)
    })?;
    let refuse = |message: String| {
        let help = "choose a shorter range, and another backfill for the rest";
        Err(Fault::invalid("from_time", message).help(help))
    };
    let limit = BACKFILL_SLOTS_MAX as usize;
    match slots_in(&calendar, from.0, to.0, COUNTED_MAX) {
        Slots::All(slots) if slots.is_empty() => {
            Err(Fault::invalid("from_time", format!("schedule {name} has no slot in that range"))
                .help("slots in blackout windows are left out; choose another range"))
        }
        Slots::All(slots) if slots.len() <= limit => Ok(slots.into_iter().map(Timestamp).collect()),
        Slots::All(slots) => {
            refuse(format!("schedule {name} has {} slots in that range, the limit is {limit}", slots.len()))
        }
        Slots::More(_) => {
            refuse(format!("schedule {name} has more than {COUNTED_MAX} slots in that range, the limit is {limit}"))
        }
        Slots::TooFar => {
            refuse(format!("schedule {name} has too many slots and blackout windows in that range to look at them all"))
        }
    }
}

/// The command that starts it.
pub(super) fn command(key: ScheduleKey, schedule: &Schedule, spec: BackfillSpec) -> Command {
    Command::StartBackfill { schedule: key, generation: schedule.generation, spec }
}

/// All backfills of a schedule that are remembered, the newest first.
pub(super) fn listed(schedule: &Schedule) -> Vec<model::Backfill> {
    let all = schedule.backfills.iter().rev();
    all.map(|(number, backfill)| codec::backfill_to_wire(*number, backfill)).collect()
}
