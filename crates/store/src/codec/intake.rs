//! Events that subscriptions take, and what becomes of them.

use std::sync::Arc;

use gofer_domain::{
    Command, CursorMove, Event, EventFate, EventKey, EventOutcome, EventVerdict, FateKind, Firing, FollowedEvent,
    IncomingEvent, Intake, Reason, Revision, TakenEvent, Timestamp,
};
use gofer_wire::log::v1 as log;
use gofer_wire::log::v1::{command, event};
use gofer_wire::model::v1 as model;

use super::{
    DecodeError, Result, required, run_key_from_wire, run_key_to_wire, subscription_key_from_wire,
    subscription_key_to_wire, time_from_wire, time_to_wire, unknown, variables_from_wire, variables_to_wire,
};

/// The key of an event.
///
/// # Errors
/// When the text is not one.
pub fn event_key(text: &str) -> Result<EventKey> {
    EventKey::new(text).map_err(super::id_error("key"))
}

/// An event with what became of it as a message, without any time.
pub(super) fn outcome_to_wire(key: &EventKey, outcome: &EventOutcome) -> model::TakenEvent {
    let (result, run, refusal, message) = match outcome {
        EventOutcome::Fired { run } => (model::EventResult::Fired, *run, "", ""),
        EventOutcome::Filtered => (model::EventResult::Filtered, 0, "", ""),
        EventOutcome::Malformed { message } => (model::EventResult::Malformed, 0, "", message.as_str()),
        EventOutcome::Refused { reason, message } => (model::EventResult::Refused, 0, reason.name(), message.as_str()),
    };
    model::TakenEvent {
        key: key.to_string(),
        result: result.into(),
        run,
        refusal: refusal.to_owned(),
        message: message.to_owned(),
        ..model::TakenEvent::default()
    }
}

/// What became of the event of a message.
pub(super) fn outcome_from_wire(event: &model::TakenEvent) -> Result<EventOutcome> {
    let message = event.message.clone();
    let outcome = match fate_kind(event.result, event.run, &event.refusal)? {
        FateKind::Fired { run } => EventOutcome::Fired { run },
        FateKind::Filtered => EventOutcome::Filtered,
        FateKind::Malformed => return Ok(EventOutcome::Malformed { message }),
        FateKind::Refused(reason) => return Ok(EventOutcome::Refused { reason, message }),
    };
    match message.is_empty() {
        true => Ok(outcome),
        false => Err(DecodeError::new("message", "goes with EVENT_RESULT_MALFORMED and EVENT_RESULT_REFUSED only")),
    }
}

fn fate_kind(result: i32, run: u64, refusal: &str) -> Result<FateKind> {
    let kind = match model::EventResult::try_from(result) {
        Ok(model::EventResult::Fired) if run == 0 => return Err(DecodeError::new("run", "runs count from 1")),
        Ok(model::EventResult::Fired) => FateKind::Fired { run },
        Ok(model::EventResult::Filtered) => FateKind::Filtered,
        Ok(model::EventResult::Malformed) => FateKind::Malformed,
        Ok(model::EventResult::Refused) => {
            let reason = Reason::from_name(refusal);
            FateKind::Refused(reason.ok_or_else(|| DecodeError::new("refusal", format!("{refusal:?} is not known")))?)
        }
        Ok(model::EventResult::Unspecified) | Err(_) => return Err(unknown("result", result)),
    };
    if run != 0 && !matches!(kind, FateKind::Fired { .. }) {
        return Err(DecodeError::new("run", "goes with EVENT_RESULT_FIRED only"));
    }
    if !refusal.is_empty() && !matches!(kind, FateKind::Refused(_)) {
        return Err(DecodeError::new("refusal", "goes with EVENT_RESULT_REFUSED only"));
    }
    Ok(kind)
}

/// An event that was taken, as a message of the log.
fn taken_to_wire(taken: &TakenEvent) -> model::TakenEvent {
    model::TakenEvent {
        occurred_at: Some(time_to_wire(taken.occurred_at)),
        duplicate_of: taken.duplicate_of.unwrap_or(0),
        ..outcome_to_wire(&taken.key, &taken.outcome)
    }
}

fn taken_from_wire(event: &model::TakenEvent) -> Result<TakenEvent> {
    Ok(TakenEvent {
        key: event_key(&event.key)?,
        occurred_at: time_from_wire(event.occurred_at.as_ref(), "occurred_at")?,
        outcome: outcome_from_wire(event)?,
        duplicate_of: (event.duplicate_of != 0).then_some(event.duplicate_of),
    })
}

/// The record of an event that a subscription has taken.
#[must_use]
pub fn taken_record(taken: &TakenEvent, at: Timestamp) -> model::TakenEvent {
    model::TakenEvent { taken_at: Some(time_to_wire(at)), ..taken_to_wire(taken) }
}

/// An event that a subscription has taken, and when it did.
///
/// # Errors
/// When a part is missing or not valid.
pub fn taken_from_record(record: &model::TakenEvent) -> Result<(TakenEvent, Timestamp)> {
    let taken = taken_from_wire(record)?;
    if taken.duplicate_of.is_some() {
        return Err(DecodeError::new("duplicate_of", "of these there is no record"));
    }
    Ok((taken, time_from_wire(record.taken_at.as_ref(), "taken_at")?))
}

/// What has become of an event as a message.
pub(super) fn fate_to_wire(fate: &EventFate) -> log::EventFate {
    let (result, run, refusal) = match fate.kind {
        FateKind::Fired { run } => (model::EventResult::Fired, run, ""),
        FateKind::Filtered => (model::EventResult::Filtered, 0, ""),
        FateKind::Malformed => (model::EventResult::Malformed, 0, ""),
        FateKind::Refused(reason) => (model::EventResult::Refused, 0, reason.name()),
    };
    log::EventFate { result: result.into(), run, refusal: refusal.to_owned(), duplicate: fate.is_duplicate }
}

/// A message as what has become of an event.
pub(super) fn fate_from_wire(fate: &log::EventFate) -> Result<EventFate> {
    Ok(EventFate { kind: fate_kind(fate.result, fate.run, &fate.refusal)?, is_duplicate: fate.duplicate })
}

fn verdict_to_wire(verdict: &EventVerdict) -> log::EventVerdict {
    let kind = match verdict {
        EventVerdict::Fire(firing) => log::event_verdict::Kind::Fire(log::Firing {
            variables: variables_to_wire(&firing.variables),
            labels: variables_to_wire(&firing.labels),
            note: firing.note.clone(),
        }),
        EventVerdict::Filtered => log::event_verdict::Kind::Filtered(log::Filtered {}),
        EventVerdict::Malformed(message) => {
            log::event_verdict::Kind::Malformed(log::Malformed { message: message.clone() })
        }
    };
    log::EventVerdict { kind: Some(kind) }
}

fn verdict_from_wire(verdict: Option<log::EventVerdict>) -> Result<EventVerdict> {
    Ok(match required(verdict.and_then(|verdict| verdict.kind), "verdict")? {
        log::event_verdict::Kind::Fire(firing) => EventVerdict::Fire(Box::new(Firing {
            variables: variables_from_wire(firing.variables, "variables")?,
            labels: variables_from_wire(firing.labels, "labels")?,
            note: firing.note,
        })),
        log::event_verdict::Kind::Filtered(log::Filtered {}) => EventVerdict::Filtered,
        log::event_verdict::Kind::Malformed(malformed) => EventVerdict::Malformed(malformed.message),
    })
}

fn cursor_to_wire(cursor: &CursorMove) -> log::CursorMove {
    log::CursorMove {
        from_cursor: cursor.from.as_ref().map(|from| from.to_vec().into()),
        to_cursor: cursor.to.to_vec().into(),
    }
}

fn cursor_from_wire(cursor: &log::CursorMove) -> CursorMove {
    CursorMove { from: cursor.from_cursor.as_deref().map(Arc::from), to: Arc::from(&cursor.to_cursor[..]) }
}

/// A command about events as a message.
pub(super) fn command_to_wire(command: &Command) -> Option<command::Kind> {
    if let Command::TakeEvents { subscription, intake } = command {
        let Intake { generation, cursor, events } = &**intake;
        let event = |event: &IncomingEvent| log::IncomingEvent {
            key: event.key.to_string(),
            occurred_at: Some(time_to_wire(event.occurred_at)),
            verdict: Some(verdict_to_wire(&event.verdict)),
        };
        return Some(command::Kind::TakeEvents(log::TakeEvents {
            subscription: Some(subscription_key_to_wire(subscription)),
            generation: generation.0,
            cursor: cursor.as_ref().map(cursor_to_wire),
            events: events.iter().map(event).collect(),
        }));
    }
    let Command::FollowEvents { from, to, events } = command else { return None };
    let event = |event: &FollowedEvent| log::FollowedEvent {
        subscription: Some(subscription_key_to_wire(&event.subscription)),
        generation: event.generation.0,
        revision: event.revision.0,
        is_long: event.is_long,
        occurred_at: Some(time_to_wire(event.occurred_at)),
        cause: event.cause.as_ref().map(run_key_to_wire),
        verdict: Some(verdict_to_wire(&event.verdict)),
    };
    let events = events.iter().map(event).collect();
    Some(command::Kind::FollowEvents(log::FollowEvents { from_revision: from.0, to_revision: to.0, events }))
}

/// A message as a command about events.
pub(super) fn command_from_wire(kind: command::Kind) -> Result<Command> {
    Ok(match kind {
        command::Kind::TakeEvents(c) => {
            let events: Result<_> = c.events.into_iter().map(incoming_from_wire).collect();
            let intake = Intake {
                generation: Revision(c.generation),
                cursor: c.cursor.as_ref().map(cursor_from_wire),
                events: events.map_err(|error| error.within("events"))?,
            };
            let subscription = subscription_key_from_wire(c.subscription.as_ref())?;
            Command::TakeEvents { subscription, intake: Box::new(intake) }
        }
        command::Kind::FollowEvents(c) => {
            let events: Result<_> = c.events.into_iter().map(followed_from_wire).collect();
            Command::FollowEvents {
                from: Revision(c.from_revision),
                to: Revision(c.to_revision),
                events: events.map_err(|error| error.within("events"))?,
            }
        }
        _ => return Err(DecodeError::new("kind", "is not a known command")),
    })
}

fn incoming_from_wire(event: log::IncomingEvent) -> Result<IncomingEvent> {
    Ok(IncomingEvent {
        key: event_key(&event.key)?,
        occurred_at: time_from_wire(event.occurred_at.as_ref(), "occurred_at")?,
        verdict: verdict_from_wire(event.verdict)?,
    })
}

fn followed_from_wire(event: log::FollowedEvent) -> Result<FollowedEvent> {
    Ok(FollowedEvent {
        subscription: subscription_key_from_wire(event.subscription.as_ref())?,
        generation: Revision(event.generation),
        revision: Revision(event.revision),
        is_long: event.is_long,
        occurred_at: time_from_wire(event.occurred_at.as_ref(), "occurred_at")?,
        cause: event.cause.as_ref().map(|cause| run_key_from_wire(Some(cause))).transpose()?,
        verdict: verdict_from_wire(event.verdict)?,
    })
}

/// An event about what was taken as a message.
pub(super) fn event_to_wire(event: &Event) -> Option<event::Kind> {
    if let Event::EventsFollowed { from, to } = event {
        let followed = log::EventsFollowed { from_revision: from.0, to_revision: to.0 };
        return Some(event::Kind::EventsFollowed(followed));
    }
    let Event::EventsTaken { subscription, generation, cursor, first, taken, from_log } = event else { return None };
    Some(event::Kind::EventsTaken(log::EventsTaken {
        subscription: Some(subscription_key_to_wire(subscription)),
        generation: generation.0,
        cursor: cursor.as_ref().map(cursor_to_wire),
        first: *first,
        taken: taken.iter().map(taken_to_wire).collect(),
        from_log: *from_log,
    }))
}

/// A message as an event about what was taken.
pub(super) fn event_from_wire(kind: event::Kind) -> Result<Event> {
    Ok(match kind {
        event::Kind::EventsFollowed(e) => {
            Event::EventsFollowed { from: Revision(e.from_revision), to: Revision(e.to_revision) }
        }
        event::Kind::EventsTaken(e) => {
            let taken: Result<_> = e.taken.iter().map(taken_from_wire).collect();
            Event::EventsTaken {
                subscription: subscription_key_from_wire(e.subscription.as_ref())?,
                generation: Revision(e.generation),
                cursor: e.cursor.as_ref().map(cursor_from_wire),
                first: e.first,
                taken: taken.map_err(|error| error.within("taken"))?,
                from_log: e.from_log,
            }
        }
        _ => return Err(DecodeError::new("kind", "is not a known event")),
    })
}
