//! The chain of events: each envelope holds the hash of the one before it, and its own.
//!
//! The hash is the SHA-256 of the envelope's encoding without the field `hash`; the stored bytes are that encoding with
//! the field appended, so a reader checks what it read without encoding anything anew.

use gofer_domain::{CommandEnvelope, Event, Revision};
use gofer_wire::log::v1::{self as log, EventEnvelope};
use prost::Message;
use prost::bytes::Bytes;
use rocksdb::{Direction, IteratorMode, Snapshot};
use sha2::{Digest, Sha256};

use crate::applied::Applied;
use crate::codec;
use crate::db::{Db, EVENTS};
use crate::error::Error;

const LOG: &str = "the event log";
/// Field 8, length-delimited, 32 bytes.
const HASH_FIELD: [u8; 2] = [8 << 3 | 2, 32];
const TRAILER: usize = HASH_FIELD.len() + 32;

/// An event as it is stored; its hash was checked when it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEvent {
    pub revision: Revision,
    pub envelope: EventEnvelope,
}

impl StoredEvent {
    /// The event itself.
    ///
    /// # Errors
    /// When it is of a kind that this version does not know.
    pub fn decode(&self) -> Result<Event, Error> {
        let what = || format!("the event at revision {}", self.revision);
        let message = log::Event::decode(self.envelope.payload.clone())
            .map_err(|error| Error::corrupt(what(), error.to_string()))?;
        codec::event_from_wire(message).map_err(|error| Error::decode(&what(), &error))
    }
}

/// An event's place in the log.
pub(crate) struct Place {
    pub(crate) revision: Revision,
    /// Revision of the first event of the same command.
    pub(crate) cause: Revision,
    pub(crate) previous: [u8; 32],
}

/// The bytes to store for an event, and its hash.
pub(crate) fn seal(place: &Place, command: &CommandEnvelope, event: &log::Event) -> (Vec<u8>, [u8; 32]) {
    let envelope = EventEnvelope {
        revision: place.revision.0,
        time: Some(codec::time_to_wire(command.time)),
        actor: command.actor.0.clone(),
        request_id: Bytes::copy_from_slice(&command.request_id.0),
        cause_revision: place.cause.0,
        previous_hash: Bytes::copy_from_slice(&place.previous),
        payload: event.encode_to_vec().into(),
        hash: Bytes::new(),
    };
    let mut bytes = Vec::with_capacity(envelope.encoded_len() + TRAILER);
    envelope.encode_raw(&mut bytes);
    let hash: [u8; 32] = Sha256::digest(&bytes).into();
    bytes.extend(HASH_FIELD);
    bytes.extend(hash);
    (bytes, hash)
}

/// Reads events from a revision on, at most `limit` of them and about `bytes_max` bytes; at least one if there is one.
/// `head` is a revision that the log is known to reach.
pub(crate) fn read(
    db: &Db,
    head: Revision,
    from: Revision,
    limit: usize,
    bytes_max: usize,
) -> Result<Vec<StoredEvent>, Error> {
    read_as(db, head, from, (limit, bytes_max), |event, _| event)
}

/// Like [`read`], with what is made of each event and its stored bytes.
pub(crate) fn read_as<T>(
    db: &Db,
    head: Revision,
    from: Revision,
    (limit, bytes_max): (usize, usize),
    make: impl Fn(StoredEvent, &[u8]) -> T,
) -> Result<Vec<T>, Error> {
    let mut next = from.0.max(1);
    let mut events: Vec<T> = Vec::new();
    if next > head.0 {
        return Ok(events);
    }
    // Events may be dropped meanwhile; here they are as they were at one moment, and so is the record of where they begin.
    let snapshot = db.inner.snapshot();
    let applied = Applied::get_at(db, &snapshot)?;
    if next <= applied.trimmed.0 {
        return Err(Error::Archived { first: Revision(applied.trimmed.0 + 1) });
    }
    let mut previous = hash_before(db, &snapshot, &applied, next)?;
    let mut bytes = 0;
    let start = next.to_be_bytes();
    for item in snapshot.iterator_cf(db.family(EVENTS)?, IteratorMode::From(&start, Direction::Forward)) {
        let (key, value) = item.map_err(|error| db.error(error))?;
        if *key != next.to_be_bytes() {
            break;
        }
        let event = open(Revision(next), &value)?;
        if event.envelope.previous_hash != previous {
            return Err(Error::corrupt(LOG, format!("revision {next} does not follow the one before it")));
        }
        previous = event.envelope.hash.clone();
        next += 1;
        bytes += value.len();
        events.push(make(event, &value));
        if events.len() >= limit || bytes >= bytes_max {
            return Ok(events);
        }
    }
    if next <= head.0 { Err(missing(next)) } else { Ok(events) }
}

/// Checks that the log ends where the state says it does.
pub(crate) fn check_head(db: &Db, applied: &Applied) -> Result<(), Error> {
    let (head, hash) = (applied.revision, &applied.chain_head);
    if hash_before(db, &db.inner.snapshot(), applied, head.0 + 1)? != hash[..] {
        return Err(Error::corrupt(LOG, format!("revision {head} is not the event that the state was made from")));
    }
    match db.scan(EVENTS, &(head.0 + 1).to_be_bytes(), Direction::Forward)?.next() {
        None => Ok(()),
        Some(Err(error)) => Err(error),
        Some(Ok(_)) => Err(Error::corrupt(LOG, format!("it has events after revision {head}, the state's"))),
    }
}

/// Hash of an event that is stored, and not dropped.
pub(crate) fn hash_of(db: &Db, revision: Revision) -> Result<[u8; 32], Error> {
    let bytes = db.inner.get_pinned_cf(db.family(EVENTS)?, revision.0.to_be_bytes());
    let bytes = bytes.map_err(|error| db.error(error))?.ok_or_else(|| missing(revision.0))?;
    let hash = open(revision, &bytes)?.envelope.hash;
    hash[..].try_into().map_err(|_| Error::corrupt(LOG, format!("revision {revision} has a malformed hash")))
}

/// Hash of the event before a revision.
fn hash_before(db: &Db, at: &Snapshot<'_>, applied: &Applied, revision: u64) -> Result<Bytes, Error> {
    let before = revision - 1;
    if before == applied.trimmed.0 {
        return Ok(Bytes::copy_from_slice(&applied.trimmed_hash));
    }
    let bytes = at.get_pinned_cf(db.family(EVENTS)?, before.to_be_bytes()).map_err(|error| db.error(error))?;
    let bytes = bytes.ok_or_else(|| missing(before))?;
    open(Revision(before), &bytes).map(|event| event.envelope.hash)
}

fn missing(revision: u64) -> Error {
    Error::corrupt(LOG, format!("revision {revision} is missing"))
}

/// Checks stored bytes and takes them apart.
fn open(revision: Revision, bytes: &[u8]) -> Result<StoredEvent, Error> {
    let corrupt = |detail: &str| Error::corrupt(format!("the event at revision {revision}"), detail);
    let body = bytes.len().checked_sub(TRAILER).ok_or_else(|| corrupt("it is too short"))?;
    let (body, trailer) = bytes.split_at(body);
    let hash: [u8; 32] = Sha256::digest(body).into();
    if trailer[..HASH_FIELD.len()] != HASH_FIELD || trailer[HASH_FIELD.len()..] != hash {
        return Err(corrupt("its hash does not match its content"));
    }
    let envelope = EventEnvelope::decode(bytes).map_err(|error| corrupt(&error.to_string()))?;
    if envelope.revision != revision.0 {
        return Err(corrupt("it says that it is of another revision"));
    }
    Ok(StoredEvent { revision, envelope })
}

#[cfg(test)]
mod tests {
    use gofer_domain::{Actor, Command, NodeId, RequestId, Timestamp};

    use super::*;

    fn sealed(revision: u64) -> Vec<u8> {
        let place = Place { revision: Revision(revision), cause: Revision(1), previous: [7; 32] };
        let command = CommandEnvelope {
            request_id: RequestId([3; 16]),
            actor: Actor("user:ada".into()),
            time: Timestamp(1_753_000_000_123),
            command: Command::DrainNode { node: NodeId(9) },
        };
        seal(&place, &command, &codec::event_to_wire(&Event::NodeDrained { node: NodeId(9) })).0
    }

    #[test]
    fn a_damaged_envelope_is_never_taken_for_another() {
        let valid = [sealed(1), sealed(300)];
        gofer_fuzz::fuzz("event-envelope", &valid, |bytes| {
            if open(Revision(300), bytes).is_ok() {
                assert_eq!(bytes, valid[1]);
            }
        });
    }

    #[test]
    fn an_envelope_with_a_right_hash_may_hold_anything() {
        let bodies = [1, 300].map(|revision| {
            let bytes = sealed(revision);
            bytes[..bytes.len() - TRAILER].to_vec()
        });
        gofer_fuzz::fuzz("event-envelope-body", &bodies, |body| {
            let mut bytes = body.to_vec();
            bytes.extend(HASH_FIELD);
            bytes.extend(<[u8; 32]>::from(Sha256::digest(body)));
            if let Ok(event) = open(Revision(300), &bytes) {
                let _ = event.decode();
            }
        });
    }
}
