//! What a look has found is told to the log, in as many commands as it needs.

use std::sync::Arc;

use gofer_consensus::Proposal;
use gofer_domain::limits::{TAKEN_BYTES_MAX, TAKEN_EVENTS_MAX};
use gofer_domain::{Actor, Command, CursorMove, IncomingEvent, Intake, RequestId, Timestamp};
use gofer_store::Outcome;
use gofer_triggers::{Judge, TriggerEvent};

use crate::agenda::Due;
use crate::look::Looked;
use crate::poller::Parts;

/// What has changed since the cursor of a subscription.
pub(crate) trait Changes {
    fn count(&self) -> usize;

    /// A change as an event. Its number is that among all events of the subscription, so a key with it is of no other.
    fn event(&self, place: usize, number: u64, at: Timestamp) -> Result<TriggerEvent, String>;

    /// The cursor that has the first changes in it, and no others.
    fn cursor(&self, told: usize) -> Result<Vec<u8>, String>;
}

/// Tells of changes, so many at a time as one command takes; the cursor is at what is told of each time.
pub(crate) async fn tell(parts: &Parts, due: &Due, changes: &impl Changes) -> Result<Looked, String> {
    let judge = Judge::new(&due.spec).map_err(|rejection| rejection.message)?;
    let at = Timestamp(parts.raft.host().unix_ms());
    let mut cursor = due.cursor.clone();
    let mut told = 0;
    loop {
        let events = some(changes, &judge, due.taken, told, at)?;
        told += events.len();
        let seen = changes.cursor(told)?;
        if let Err(why) = take(parts, due, events, cursor, seen.clone()).await? {
            return Ok(Looked::NotTaken(why));
        }
        cursor = Some(seen.into());
        if told >= changes.count() {
            return Ok(Looked::Told { changes: told });
        }
    }
}

/// The next changes as events, as many as one command takes.
fn some(
    changes: &impl Changes,
    judge: &Judge,
    taken: u64,
    told: usize,
    at: Timestamp,
) -> Result<Vec<IncomingEvent>, String> {
    let (mut events, mut bytes) = (Vec::new(), 0);
    for place in (told..changes.count()).take(TAKEN_EVENTS_MAX) {
        let number = taken.saturating_add(u64::try_from(place).unwrap_or(u64::MAX)).saturating_add(1);
        let event = judge.incoming(&changes.event(place, number, at)?);
        bytes += event.key.as_str().len() + event.verdict.bytes();
        if bytes > TAKEN_BYTES_MAX && !events.is_empty() {
            break;
        }
        events.push(event);
    }
    Ok(events)
}

/// Has events taken together with the cursor's move. The inner error says that somebody else was first.
pub(crate) async fn take(
    parts: &Parts,
    due: &Due,
    events: Vec<IncomingEvent>,
    from: Option<Arc<[u8]>>,
    to: Vec<u8>,
) -> Result<Result<(), String>, String> {
    let cursor = Some(CursorMove { from, to: to.into() });
    let intake = Box::new(Intake { generation: due.generation, cursor, events });
    let command = Command::TakeEvents { subscription: due.key.clone(), intake };
    let request_id = RequestId(uuid::Uuid::new_v4().into_bytes());
    let proposal = Proposal { request_id, actor: Actor(due.spec.trigger.to_string()), command };
    // What became of it when nobody answers, the next look finds out: by the cursor.
    let outcomes = parts.propose.propose(vec![proposal]).await.map_err(|error| error.to_string())?;
    match outcomes.into_iter().next() {
        Some(Outcome::Accepted { .. }) => Ok(Ok(())),
        Some(Outcome::Rejected(rejection)) => Ok(Err(rejection.message)),
        None => Err("the answer is empty".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use gofer_domain::{EventKey, RunOptions, SubscriptionSpec, TriggerName};
    use serde_json::json;

    use super::*;

    /// So many changes, each with a text of so many bytes.
    struct Texts(usize, usize);

    impl Changes for Texts {
        fn count(&self) -> usize {
            self.0
        }

        fn event(&self, place: usize, number: u64, at: Timestamp) -> Result<TriggerEvent, String> {
            let key = EventKey::new(&format!("{number} {place}")).unwrap();
            let payload = json!({ "text": "x".repeat(self.1) });
            Ok(TriggerEvent { key, kind: "x".to_owned(), occurred_at: at, payload })
        }

        fn cursor(&self, told: usize) -> Result<Vec<u8>, String> {
            Ok(told.to_string().into_bytes())
        }
    }

    #[test]
    fn a_command_takes_no_more_than_it_may() {
        let spec = SubscriptionSpec {
            description: String::new(),
            trigger: TriggerName::new("github").unwrap(),
            settings: BTreeMap::new(),
            filter: String::new(),
            variables: (0..8).map(|place| (format!("TEXT{place}"), "payload.text".to_owned())).collect(),
            options: RunOptions::default(),
        };
        let judge = Judge::new(&spec).unwrap();
        for (changes, expected) in [
            (Texts(0, 1), vec![0]),
            (Texts(100, 1), vec![100]),
            (Texts(250, 1), vec![100, 100, 50]),
            (Texts(120, 4000), vec![32, 32, 32, 24]),
        ] {
            let (mut told, mut parts) = (0, Vec::new());
            while parts.is_empty() || told < changes.count() {
                let events = some(&changes, &judge, 7, told, Timestamp(1)).unwrap();
                let bytes: usize = events.iter().map(|event| event.key.as_str().len() + event.verdict.bytes()).sum();
                assert!(bytes <= TAKEN_BYTES_MAX, "{bytes}");
                if let Some(first) = events.first() {
                    assert_eq!(first.key.as_str(), format!("{} {told}", told + 8), "numbers go on");
                }
                told += events.len();
                parts.push(events.len());
            }
            assert_eq!(parts, expected);
        }
    }
}
