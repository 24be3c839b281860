//! Events of a plug-in: read, held against their subscription, and taken by the log.

use std::sync::Arc;

use gofer_domain::{
    Actor, EventFate, EventKey, FateKind, Intake, Reason, Rejection, Revision, SubscriptionKey, SubscriptionSpec,
    Timestamp,
};
use gofer_store::codec;
use gofer_triggers::{Judge, PAYLOAD_BYTES_MAX, TriggerEvent};
use gofer_wire::model::v1 as model;
use gofer_wire::plugin::v1 as wire;
use tokio::time::Instant;

use super::feed::Told;
use crate::errors;
use crate::intake::{NotTaken, cursor_move, propose};
use crate::server::Parts;

/// Most events of one message.
const EVENTS_MAX: usize = gofer_domain::limits::TAKEN_EVENTS_MAX;
/// Longest kind of an event, in bytes.
const KIND_BYTES_MAX: usize = 256;

/// What Events become, whatever happens.
pub(super) async fn take(
    parts: Parts,
    actor: Actor,
    key: &SubscriptionKey,
    told: Told,
    events: wire::Events,
    deadline: Instant,
) -> wire::Taken {
    let id = events.id;
    let now = Timestamp(parts.raft.host().unix_ms());
    let cursor = events.cursor.as_ref().map(|cursor| cursor_move(cursor.from.clone(), cursor.to.clone()));
    // Expressions may take their time, and payloads are long.
    let judging = tokio::task::spawn_blocking(move || judged(&told.spec, told.generation, events, now));
    let intake = match judging.await {
        Ok(Ok(intake)) => Intake { cursor, ..intake },
        Ok(Err(rejection)) => return refused(id, refusal(wire::RefusalKind::Invalid, &rejection)),
        Err(error) => {
            let rejection =
                Rejection::new(Reason::FailedPrecondition, format!("the events were not looked at: {error}"));
            return refused(id, refusal(wire::RefusalKind::Unavailable, &rejection));
        }
    };
    match propose(&parts, key, intake, actor, deadline).await {
        Ok((_, fates)) => wire::Taken { id, fates: fates.into_iter().map(fate).collect(), refusal: None },
        Err(NotTaken::Rejected(rejection)) => refused(id, explained(&parts, key, &rejection, deadline).await),
        Err(NotTaken::Unanswered(error, request_id)) => {
            let fault = errors::unanswered(&error, Some(request_id));
            let rejection = Rejection::new(Reason::FailedPrecondition, fault.message()).help("send them again");
            refused(id, refusal(wire::RefusalKind::Unavailable, &rejection))
        }
    }
}

/// The answer for Events of which nothing was taken.
pub(super) fn refused(id: u64, refusal: wire::Refusal) -> wire::Taken {
    wire::Taken { id, fates: Vec::new(), refusal: Some(refusal) }
}

/// A refusal in the words of a rejection.
pub(super) fn refusal(kind: wire::RefusalKind, rejection: &Rejection) -> wire::Refusal {
    wire::Refusal { kind: kind.into(), message: rejection.message.clone(), help: rejection.help.clone(), cursor: None }
}

/// What a plug-in can do about a rejection.
async fn explained(parts: &Parts, key: &SubscriptionKey, rejection: &Rejection, deadline: Instant) -> wire::Refusal {
    let kind = kind(rejection);
    let mut refusal = refusal(kind, rejection);
    if kind == wire::RefusalKind::Cursor {
        // This node may not have applied yet what moved it.
        if let Err(error) = parts.cluster.read_barrier(deadline).await {
            let fault = errors::unanswered(&error, None);
            refusal.kind = wire::RefusalKind::Unavailable.into();
            fault.message().clone_into(&mut refusal.message);
            return refusal;
        }
        let cursor = parts.store.read(|state| state.subscriptions.get(key).and_then(|known| known.cursor.clone()));
        refusal.cursor = cursor.map(|cursor| cursor.to_vec());
    }
    refusal
}

fn kind(rejection: &Rejection) -> wire::RefusalKind {
    match rejection.reason {
        Reason::FailedPrecondition if rejection.field == "cursor" => wire::RefusalKind::Cursor,
        Reason::FailedPrecondition | Reason::NotFound => wire::RefusalKind::Subscription,
        Reason::InvalidArgument => wire::RefusalKind::Invalid,
        Reason::AlreadyExists | Reason::OverlapForbidden | Reason::StaleReport | Reason::ResourceExhausted => {
            wire::RefusalKind::Unavailable
        }
    }
}

fn judged(
    spec: &Arc<SubscriptionSpec>,
    generation: Revision,
    events: wire::Events,
    now: Timestamp,
) -> Result<Intake, Rejection> {
    let invalid = |field: &str, message: String| Rejection::new(Reason::InvalidArgument, message).field(field);
    if events.events.len() > EVENTS_MAX {
        let message = format!("there are {} events, the limit is {EVENTS_MAX}", events.events.len());
        return Err(invalid("events", message).help("send fewer at a time"));
    }
    let judge = Judge::new(spec)?;
    let incoming = events.events.into_iter().enumerate().map(|(place, event)| {
        let at = |field: &str| format!("events[{place}].{field}");
        let event = read(event, now).map_err(|(field, message)| invalid(&at(field), message))?;
        Ok(judge.incoming(&event))
    });
    Ok(Intake { generation, cursor: None, events: incoming.collect::<Result<_, Rejection>>()? })
}

fn read(event: wire::Event, now: Timestamp) -> Result<TriggerEvent, (&'static str, String)> {
    let wire::Event { key, kind, occurred_at, payload } = event;
    let key = EventKey::new(&key).map_err(|rejection| ("key", rejection.message))?;
    if kind.len() > KIND_BYTES_MAX {
        return Err(("kind", format!("the kind has {} bytes, the limit is {KIND_BYTES_MAX}", kind.len())));
    }
    if payload.len() > PAYLOAD_BYTES_MAX {
        let message = format!("the payload has {} bytes, the limit is {PAYLOAD_BYTES_MAX}", payload.len());
        return Err(("payload", message));
    }
    let payload = match payload.as_str() {
        "" => serde_json::Value::Null,
        text => serde_json::from_str(text).map_err(|error| ("payload", format!("the payload is no JSON: {error}")))?,
    };
    let occurred_at = match occurred_at {
        None => now,
        Some(time) => {
            codec::time_from_wire(Some(&time), "occurred_at").map_err(|error| ("occurred_at", error.to_string()))?
        }
    };
    Ok(TriggerEvent { key, kind, occurred_at, payload })
}

fn fate(fate: EventFate) -> wire::Fate {
    let (result, run) = match fate.kind {
        FateKind::Fired { run } => (model::EventResult::Fired, run),
        FateKind::Filtered => (model::EventResult::Filtered, 0),
        FateKind::Malformed => (model::EventResult::Malformed, 0),
        FateKind::Refused(_) => (model::EventResult::Refused, 0),
    };
    wire::Fate { result: result.into(), run, duplicate: fate.is_duplicate }
}
