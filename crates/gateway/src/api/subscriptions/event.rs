//! An event as somebody gives it.

use std::time::{SystemTime, UNIX_EPOCH};

use gofer_domain::{BuiltIn, EventKey, SubscriptionSpec, Timestamp};
use gofer_store::codec;
use gofer_triggers::{PAYLOAD_BYTES_MAX, TriggerEvent, fitted};
use gofer_webhooks::payload::enrich;
use gofer_wire::api::v1 as wire;

use crate::errors::{self, Fault};

const KIND_BYTES_MAX: usize = 256;

/// Reads an event; `name` is its key if it has none.
pub(super) fn given(event: wire::EventInput, name: &str) -> Result<TriggerEvent, Fault> {
    let wire::EventInput { key, kind, payload, occurred_at } = event;
    let key = if key.is_empty() { name } else { &key };
    let key = EventKey::new(key).map_err(|rejection| errors::rejected(&rejection))?;
    check_length("event.kind", &kind, KIND_BYTES_MAX)?;
    check_length("event.payload", &payload, PAYLOAD_BYTES_MAX)?;
    let occurred_at = occurred_at.map(|time| codec::time_from_wire(Some(&time), "event.occurred_at")).transpose();
    let occurred_at = occurred_at
        .map_err(|error| Fault::invalid(&error.field, error.to_string()).help("leave it out for now"))?
        .unwrap_or_else(now);
    let payload = match payload.as_str() {
        "" => serde_json::Value::Null,
        text => serde_json::from_str(text).map_err(|error| {
            Fault::invalid("event.payload", format!("the payload is not JSON: {error}"))
                .help("give one JSON value; a text needs quotes")
        })?,
    };
    Ok(TriggerEvent { key, kind, occurred_at, payload })
}

/// The event as its trigger would tell of it: of requests that it knows, Gofer says more than their senders.
pub(super) fn as_told(spec: &SubscriptionSpec, event: TriggerEvent) -> TriggerEvent {
    match BuiltIn::of(&spec.trigger) {
        Some(BuiltIn::Webhook | BuiltIn::Github) => {
            TriggerEvent { payload: fitted(enrich(&event.kind, event.payload)), ..event }
        }
        Some(_) | None => event,
    }
}

fn check_length(field: &str, text: &str, most: usize) -> Result<(), Fault> {
    if text.len() <= most {
        return Ok(());
    }
    let message = format!("{field} is {} bytes long, the limit is {most}", text.len());
    Err(Fault::invalid(field, message).help("shorten it; what is long may be an object that the event names"))
}

pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(event: wire::EventInput) -> Result<TriggerEvent, String> {
        given(event, "fallback").map_err(|fault| format!("{fault:?}"))
    }

    #[test]
    fn what_is_left_out_has_defaults() {
        let before = now();
        let event = read(wire::EventInput::default()).unwrap();
        assert_eq!((event.key.as_str(), event.kind.as_str(), event.payload), ("fallback", "", json!(null)));
        assert!(event.occurred_at >= before);
        let given = wire::EventInput {
            key: "k".into(),
            kind: "push".into(),
            payload: r#"{"a":[1]}"#.into(),
            occurred_at: Some(prost_types::Timestamp { seconds: 7, nanos: 0 }),
        };
        let event = read(given).unwrap();
        assert_eq!((event.key.as_str(), event.occurred_at, event.payload), ("k", Timestamp(7000), json!({"a": [1]})));
    }

    #[test]
    fn what_is_no_event_is_refused_with_its_field() {
        let default = wire::EventInput::default;
        let long = |bytes| "x".repeat(bytes);
        for (event, says) in [
            (wire::EventInput { key: long(257), ..default() }, "the limit is 256"),
            (wire::EventInput { kind: long(257), ..default() }, "event.kind is 257 bytes long, the limit is 256"),
            (wire::EventInput { payload: format!("\"{}\"", long(256 * 1024)), ..default() }, "the limit is 262144"),
            (
                wire::EventInput { payload: "{a: 1}".into(), ..default() },
                "the payload is not JSON: key must be a string",
            ),
            (wire::EventInput { payload: "1 2".into(), ..default() }, "not JSON: trailing characters"),
            (wire::EventInput { payload: "[".repeat(100_000), ..default() }, "not JSON: recursion limit"),
            (
                wire::EventInput { occurred_at: Some(prost_types::Timestamp { seconds: -1, nanos: 0 }), ..default() },
                "event.occurred_at",
            ),
        ] {
            let error = read(event).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
