//! The stored bytes of an event, taken apart without copying. This is a second implementation of the format, beside the
//! store's: it checks what that one writes.

use gofer_domain::{Event, Timestamp};
use gofer_store::codec;
use gofer_wire::log::v1 as log;
use prost::Message;

use crate::hash::Hash;

/// Largest event, in bytes. The largest that the limits of commands allow has a little more than 8 MiB.
pub const EVENT_BYTES_MAX: usize = 16 << 20;
/// The field `hash` (number 8, with its length), which ends every envelope.
const HASH_FIELD: [u8; 2] = [8 << 3 | 2, 32];
/// Bytes that the hash does not cover.
const TRAILER: usize = HASH_FIELD.len() + 32;

/// An event's envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope<'a> {
    pub revision: u64,
    pub time: Timestamp,
    pub actor: &'a str,
    pub request_id: &'a [u8],
    /// Revision of the first event of the same command.
    pub cause: u64,
    /// What it says is the hash of the event before it.
    pub previous: Hash,
    /// An encoded `gofer.log.v1.Event`.
    pub payload: &'a [u8],
    /// What it says is its own hash.
    pub hash: Hash,
    /// All of it, as stored.
    pub bytes: &'a [u8],
}

/// Why bytes are no envelope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub &'static str);

impl<'a> Envelope<'a> {
    /// Takes stored bytes apart. Whether they match their hash is not looked at; fields that are not known are passed
    /// over.
    ///
    /// # Errors
    /// When they are no envelope.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let body = bytes.len().checked_sub(TRAILER).ok_or(Malformed("it is too short"))?;
        let (body, trailer) = bytes.split_at(body);
        let hash = trailer.strip_prefix(&HASH_FIELD).and_then(|hash| hash.try_into().ok());
        let hash = Hash(hash.ok_or(Malformed("it does not end with its hash"))?);
        let mut envelope = Self {
            revision: 0,
            time: Timestamp(0),
            actor: "",
            request_id: &[],
            cause: 0,
            previous: Hash::GENESIS,
            payload: &[],
            hash,
            bytes,
        };
        let mut fields = Fields { rest: body };
        let mut seen = 0_u16;
        while let Some((number, value)) = fields.next()? {
            if let 1..=8 = number {
                let bit = 1 << number;
                if seen & bit != 0 {
                    return Err(Malformed("a field of it comes twice"));
                }
                seen |= bit;
            }
            envelope.set(number, value)?;
        }
        if seen & 1 << 6 == 0 {
            return Err(Malformed("it does not say the hash before it"));
        }
        Ok(envelope)
    }

    fn set(&mut self, number: u64, value: Value<'a>) -> Result<(), Malformed> {
        match (number, value) {
            (1, Value::Number(revision)) => self.revision = revision,
            (2, Value::Bytes(time)) => self.time = timestamp(time)?,
            (3, Value::Bytes(actor)) => {
                self.actor = std::str::from_utf8(actor).map_err(|_| Malformed("its actor is no text"))?;
            }
            (4, Value::Bytes(id)) => self.request_id = id,
            (5, Value::Number(cause)) => self.cause = cause,
            (6, Value::Bytes(hash)) => {
                self.previous = Hash(hash.try_into().map_err(|_| Malformed("the hash before it has not 32 bytes"))?);
            }
            (7, Value::Bytes(payload)) => self.payload = payload,
            (8, _) => return Err(Malformed("its hash is not at its end")),
            (1..=7, _) => return Err(Malformed("a field of it is of another type")),
            _ => {}
        }
        Ok(())
    }

    /// The hash that it must have: that of all of it but the hash.
    #[must_use]
    pub fn computed_hash(&self) -> Hash {
        Hash::of(&self.bytes[..self.bytes.len() - TRAILER])
    }

    /// The event.
    ///
    /// # Errors
    /// Says why it can't be understood: of a kind that this version does not know, or malformed.
    pub fn decode(&self) -> Result<Event, String> {
        let message = log::Event::decode(self.payload).map_err(|error| error.to_string())?;
        if message.kind.is_none() {
            return Err("it is of a kind that this version does not know; use a newer gofer".to_owned());
        }
        codec::event_from_wire(message).map_err(|error| error.to_string())
    }
}

/// A value of a field, as far as envelopes have them.
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// Of a type that no known field has.
    Fixed,
}

/// A walk over the fields of a message.
struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn next(&mut self) -> Result<Option<(u64, Value<'a>)>, Malformed> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Number(self.varint()?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let length = self.varint()?;
                Value::Bytes(self.take(usize::try_from(length).unwrap_or(usize::MAX))?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            _ => return Err(Malformed("it is no protobuf message")),
        };
        match tag >> 3 {
            0 => Err(Malformed("it is no protobuf message")),
            number => Ok(Some((number, value))),
        }
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        read_varint(&mut self.rest).ok_or(Malformed("a number of it is malformed"))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Malformed("a field of it is cut off"))?;
        self.rest = rest;
        Ok(taken)
    }
}

/// A variable-length number from the front of some bytes.
pub(crate) fn read_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..70).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        let bits = u64::from(byte & 0x7f);
        // The tenth byte has room for one bit.
        if shift == 63 && bits > 1 {
            return None;
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn timestamp(bytes: &[u8]) -> Result<Timestamp, Malformed> {
    let wrong = Malformed("its time is not one after 1970");
    let mut fields = Fields { rest: bytes };
    let (mut seconds, mut nanos) = (0, 0);
    while let Some(field) = fields.next()? {
        match field {
            (1, Value::Number(number)) => seconds = number,
            (2, Value::Number(number)) => nanos = number,
            _ => {}
        }
    }
    if nanos >= 1_000_000_000 || i64::try_from(seconds).is_err() {
        return Err(wrong);
    }
    let millis = seconds.checked_mul(1_000).and_then(|millis| millis.checked_add(nanos / 1_000_000));
    millis.map(Timestamp).ok_or(wrong)
}
