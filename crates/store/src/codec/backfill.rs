//! Backfills of schedules.

use gofer_domain::{
    Backfill, BackfillCounts, BackfillEnd, BackfillOrder, BackfillSpec, BackfillStatus, Command, Event, Revision,
    ScheduleKey, Timestamp,
};
use gofer_wire::log::v1 as log;
use gofer_wire::log::v1::{command, event};
use gofer_wire::model::v1 as model;

use super::schedule::{
    fired_from_wire, fired_to_wire, skipped_from_wire, skipped_to_wire, skips_from_wire, skips_to_wire,
};
use super::{
    DecodeError, Result, required, schedule_key_from_wire, schedule_key_to_wire, time_from_wire, time_to_wire, unknown,
};

/// What a backfill is to do as a message.
#[must_use]
pub fn backfill_spec_to_wire(spec: &BackfillSpec) -> model::BackfillSpec {
    let BackfillSpec { from, to, parallelism, order, slots } = *spec;
    model::BackfillSpec {
        from_time: Some(time_to_wire(from)),
        to_time: Some(time_to_wire(to)),
        parallelism,
        newest_first: order == BackfillOrder::NewestFirst,
        slots,
    }
}

fn spec_from_wire(spec: Option<&model::BackfillSpec>) -> Result<BackfillSpec> {
    let spec = required(spec, "spec")?;
    Ok(BackfillSpec {
        from: time_from_wire(spec.from_time.as_ref(), "from_time")?,
        to: time_from_wire(spec.to_time.as_ref(), "to_time")?,
        parallelism: spec.parallelism,
        order: if spec.newest_first { BackfillOrder::NewestFirst } else { BackfillOrder::OldestFirst },
        slots: spec.slots,
    })
}

/// A backfill of a number as a message.
#[must_use]
pub fn backfill_to_wire(number: u64, backfill: &Backfill) -> model::Backfill {
    let BackfillCounts { succeeded, failed, cancelled, refused } = backfill.counts;
    let (status, message) = match &backfill.status {
        BackfillStatus::Running => (model::BackfillStatus::Running, ""),
        BackfillStatus::Done => (model::BackfillStatus::Done, ""),
        BackfillStatus::Cancelled { message } => (model::BackfillStatus::Cancelled, message.as_str()),
    };
    model::Backfill {
        number,
        spec: Some(backfill_spec_to_wire(&backfill.spec)),
        cursor: backfill.cursor.map(time_to_wire),
        decided: backfill.is_decided,
        live: backfill.live.iter().copied().collect(),
        succeeded,
        failed,
        cancelled,
        refused,
        last_refused: backfill.last_refused.as_ref().map(skipped_to_wire),
        status: status.into(),
        message: message.to_owned(),
        started_by: backfill.started_by.clone(),
        started_at: Some(time_to_wire(backfill.started_at)),
        ended_at: backfill.ended_at.map(time_to_wire),
    }
}

/// A message as a backfill with its number.
pub(super) fn backfill_from_wire(message: &model::Backfill) -> Result<(u64, Backfill)> {
    let status = match model::BackfillStatus::try_from(message.status) {
        Ok(model::BackfillStatus::Running) => BackfillStatus::Running,
        Ok(model::BackfillStatus::Done) => BackfillStatus::Done,
        Ok(model::BackfillStatus::Cancelled) => BackfillStatus::Cancelled { message: message.message.clone() },
        Ok(model::BackfillStatus::Unspecified) | Err(_) => return Err(unknown("status", message.status)),
    };
    if !message.message.is_empty() && !matches!(status, BackfillStatus::Cancelled { .. }) {
        return Err(DecodeError::new("message", "goes with BACKFILL_STATUS_CANCELLED only"));
    }
    let counts = BackfillCounts {
        succeeded: message.succeeded,
        failed: message.failed,
        cancelled: message.cancelled,
        refused: message.refused,
    };
    let backfill = Backfill {
        spec: spec_from_wire(message.spec.as_ref())?,
        cursor: option_from_wire(message.cursor.as_ref(), "cursor")?,
        is_decided: message.decided,
        live: message.live.iter().copied().collect(),
        counts,
        last_refused: message.last_refused.as_ref().map(skipped_from_wire).transpose()?,
        status,
        started_by: message.started_by.clone(),
        started_at: time_from_wire(message.started_at.as_ref(), "started_at")?,
        ended_at: option_from_wire(message.ended_at.as_ref(), "ended_at")?,
    };
    Ok((message.number, backfill))
}

fn option_from_wire(time: Option<&prost_types::Timestamp>, field: &'static str) -> Result<Option<Timestamp>> {
    time.map(|time| time_from_wire(Some(time), field)).transpose()
}

fn end_to_wire(end: BackfillEnd) -> model::RunStatus {
    match end {
        BackfillEnd::Succeeded => model::RunStatus::Succeeded,
        BackfillEnd::Failed => model::RunStatus::Failed,
        BackfillEnd::Cancelled => model::RunStatus::Cancelled,
    }
}

fn end_from_wire(status: i32) -> Result<BackfillEnd> {
    match model::RunStatus::try_from(status) {
        Ok(model::RunStatus::Succeeded) => Ok(BackfillEnd::Succeeded),
        Ok(model::RunStatus::Failed) => Ok(BackfillEnd::Failed),
        Ok(model::RunStatus::Cancelled) => Ok(BackfillEnd::Cancelled),
        Ok(_) | Err(_) => Err(unknown("status", status)),
    }
}

fn name(schedule: &ScheduleKey) -> Option<model::ScheduleRef> {
    Some(schedule_key_to_wire(schedule))
}

/// A command about backfills as a message.
pub(super) fn command_to_wire(command: &Command) -> Option<command::Kind> {
    if let Command::StartBackfill { schedule, generation, spec } = command {
        let spec = Some(backfill_spec_to_wire(spec));
        let start = log::StartBackfill { schedule: name(schedule), generation: generation.0, spec };
        return Some(command::Kind::StartBackfill(start));
    }
    if let Command::AdvanceBackfill { schedule, backfill, generation, cursor, fire, is_last } = command {
        return Some(command::Kind::AdvanceBackfill(log::AdvanceBackfill {
            schedule: name(schedule),
            backfill: *backfill,
            generation: generation.0,
            cursor: cursor.map(time_to_wire),
            fire: fire.iter().map(|slot| time_to_wire(*slot)).collect(),
            last: *is_last,
        }));
    }
    let Command::CancelBackfill { schedule, backfill } = command else { return None };
    let cancel = log::CancelBackfill { schedule: name(schedule), backfill: *backfill };
    Some(command::Kind::CancelBackfill(cancel))
}

/// A message as a command about backfills.
pub(super) fn command_from_wire(kind: command::Kind) -> Result<Command> {
    Ok(match kind {
        command::Kind::StartBackfill(c) => Command::StartBackfill {
            schedule: schedule_key_from_wire(c.schedule.as_ref())?,
            generation: Revision(c.generation),
            spec: spec_from_wire(c.spec.as_ref())?,
        },
        command::Kind::AdvanceBackfill(c) => Command::AdvanceBackfill {
            schedule: schedule_key_from_wire(c.schedule.as_ref())?,
            backfill: c.backfill,
            generation: Revision(c.generation),
            cursor: option_from_wire(c.cursor.as_ref(), "cursor")?,
            fire: c.fire.iter().map(|slot| time_from_wire(Some(slot), "fire")).collect::<Result<_>>()?,
            is_last: c.last,
        },
        command::Kind::CancelBackfill(c) => {
            Command::CancelBackfill { schedule: schedule_key_from_wire(c.schedule.as_ref())?, backfill: c.backfill }
        }
        _ => return Err(DecodeError::new("kind", "is not a known command")),
    })
}

/// An event about backfills as a message.
pub(super) fn event_to_wire(event: &Event) -> Option<event::Kind> {
    if let Event::BackfillStarted { schedule, backfill, spec, started_by } = event {
        return Some(event::Kind::BackfillStarted(log::BackfillStarted {
            schedule: name(schedule),
            backfill: *backfill,
            spec: Some(backfill_spec_to_wire(spec)),
            started_by: started_by.clone(),
        }));
    }
    if let Event::BackfillAdvanced { schedule, backfill, cursor, fired, refused, is_last } = event {
        return Some(event::Kind::BackfillAdvanced(log::BackfillAdvanced {
            schedule: name(schedule),
            backfill: *backfill,
            cursor: cursor.map(time_to_wire),
            fired: fired.iter().map(fired_to_wire).collect(),
            refused: skips_to_wire(refused),
            last: *is_last,
        }));
    }
    if let Event::BackfillRunEnded { schedule, backfill, run, end } = event {
        let status = end_to_wire(*end).into();
        let ended = log::BackfillRunEnded { schedule: name(schedule), backfill: *backfill, run: *run, status };
        return Some(event::Kind::BackfillRunEnded(ended));
    }
    let Event::BackfillCancelled { schedule, backfill, message } = event else { return None };
    let message = message.clone();
    Some(event::Kind::BackfillCancelled(log::BackfillCancelled {
        schedule: name(schedule),
        backfill: *backfill,
        message,
    }))
}

/// A message as an event about backfills.
pub(super) fn event_from_wire(kind: event::Kind) -> Result<Event> {
    Ok(match kind {
        event::Kind::BackfillStarted(e) => Event::BackfillStarted {
            schedule: schedule_key_from_wire(e.schedule.as_ref())?,
            backfill: e.backfill,
            spec: spec_from_wire(e.spec.as_ref())?,
            started_by: e.started_by,
        },
        event::Kind::BackfillAdvanced(e) => {
            let fired: Result<_> = e.fired.iter().map(fired_from_wire).collect();
            Event::BackfillAdvanced {
                schedule: schedule_key_from_wire(e.schedule.as_ref())?,
                backfill: e.backfill,
                cursor: option_from_wire(e.cursor.as_ref(), "cursor")?,
                fired: fired.map_err(|error: DecodeError| error.within("fired"))?,
                refused: skips_from_wire(&e.refused)?,
                is_last: e.last,
            }
        }
        event::Kind::BackfillRunEnded(e) => Event::BackfillRunEnded {
            schedule: schedule_key_from_wire(e.schedule.as_ref())?,
            backfill: e.backfill,
            run: e.run,
            end: end_from_wire(e.status)?,
        },
        event::Kind::BackfillCancelled(e) => Event::BackfillCancelled {
            schedule: schedule_key_from_wire(e.schedule.as_ref())?,
            backfill: e.backfill,
            message: e.message,
        },
        _ => return Err(DecodeError::new("kind", "is not a known event")),
    })
}
