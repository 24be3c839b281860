//! Events, and what becomes of them.

use std::time::{SystemTime, UNIX_EPOCH};

use gofer_wire::model::v1::EventResult;
use gofer_wire::plugin::v1 as wire;
use serde_json::Value;

/// Something that has happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    key: String,
    kind: String,
    occurred_at: Option<SystemTime>,
    payload: Value,
}

impl Event {
    /// An event that is known by this key, 1 to 256 bytes of text. Of events with the same key one counts.
    #[must_use]
    pub fn new(key: &str) -> Self {
        Self { key: key.to_owned(), kind: String::new(), occurred_at: None, payload: Value::Null }
    }

    /// What kind of event it is, in words of your own.
    #[must_use]
    pub fn kind(self, kind: &str) -> Self {
        Self { kind: kind.to_owned(), ..self }
    }

    /// When it happened; otherwise it is when the cluster hears of it.
    #[must_use]
    pub fn at(self, time: SystemTime) -> Self {
        Self { occurred_at: Some(time), ..self }
    }

    /// What filters and variables of subscriptions can look at; at most 256 KiB as JSON.
    #[must_use]
    pub fn payload(self, payload: Value) -> Self {
        Self { payload, ..self }
    }

    pub(crate) fn into_wire(self) -> wire::Event {
        let time = self.occurred_at.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        wire::Event {
            key: self.key,
            kind: self.kind,
            occurred_at: time.map(|time| prost_types::Timestamp {
                seconds: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
                nanos: i32::try_from(time.subsec_nanos()).unwrap_or(0),
            }),
            payload: self.payload.to_string(),
        }
    }
}

/// What has become of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fate {
    pub outcome: Outcome,
    /// It was taken before; the outcome is that of then.
    pub is_duplicate: bool,
}

/// What becomes of an event: one of these, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It started this run of the subscription's pipeline.
    Fired { run: u64 },
    /// The subscription's filter did not let it through.
    Filtered,
    /// It is not what the subscription's expressions need.
    Malformed,
    /// No run could be started; the cluster says why in the subscription's events.
    Refused,
}

impl Fate {
    pub(crate) fn from_wire(fate: wire::Fate) -> Self {
        let outcome = match fate.result() {
            EventResult::Fired => Outcome::Fired { run: fate.run },
            EventResult::Filtered => Outcome::Filtered,
            EventResult::Malformed => Outcome::Malformed,
            EventResult::Refused | EventResult::Unspecified => Outcome::Refused,
        };
        Self { outcome, is_duplicate: fate.duplicate }
    }
}
