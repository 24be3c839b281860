//! Messages as JSON: snake_case names, enums as short lower-case words, times in RFC 3339, bytes in hexadecimal, lists
//! of variables as objects. Every field is there; what is absent or unspecified is null.

use std::fmt::{self, Write as _};
use std::sync::LazyLock;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, ReflectMessage};
use serde_json::{Map, Value, json};

use crate::log::v1::{Event, EventEnvelope};

/// A message that can't be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotShown(String);

impl fmt::Display for NotShown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the message {} can't be shown as JSON", self.0)
    }
}

impl std::error::Error for NotShown {}

static POOL: LazyLock<Option<DescriptorPool>> = LazyLock::new(|| DescriptorPool::decode(crate::DESCRIPTORS).ok());

/// A message as JSON; `name` is its full name in the protocol.
///
/// # Errors
/// When there is no such message.
pub fn message<M: Message>(name: &str, message: &M) -> Result<Value, NotShown> {
    encoded(name, &message.encode_to_vec())
}

/// An encoded message as JSON.
///
/// # Errors
/// When there is no such message, or the bytes are none.
pub fn encoded(name: &str, bytes: &[u8]) -> Result<Value, NotShown> {
    let unknown = || NotShown(name.to_owned());
    let descriptor = POOL.as_ref().and_then(|pool| pool.get_message_by_name(name)).ok_or_else(unknown)?;
    let dynamic = DynamicMessage::decode(descriptor, bytes).map_err(|_| unknown())?;
    Ok(walk(&dynamic))
}

/// An event with what it says in clear.
///
/// # Errors
/// As [`message`].
pub fn event(envelope: &EventEnvelope) -> Result<Value, NotShown> {
    let mut value = message("gofer.log.v1.EventEnvelope", envelope)?;
    let known = Event::decode(envelope.payload.clone()).ok().filter(|event| event.kind.is_some());
    if let Some(object) = value.as_object_mut() {
        // An event of a newer version stays bytes.
        let payload = object.remove("payload").unwrap_or_default();
        match known {
            Some(event) => object.insert("event".into(), message("gofer.log.v1.Event", &event)?),
            None => object.insert("event".into(), json!({ "unknown": payload })),
        };
    }
    Ok(value)
}

/// Number of a kind of event among the fields of `gofer.log.v1.Event`, by the name that JSON has for it.
#[must_use]
pub fn event_number(kind: &str) -> Option<u32> {
    let event = POOL.as_ref()?.get_message_by_name("gofer.log.v1.Event")?;
    event.get_field_by_name(kind).map(|field| field.number())
}

/// Hexadecimal digits of bytes.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn walk(message: &DynamicMessage) -> Value {
    let descriptor = message.descriptor();
    match descriptor.full_name() {
        "google.protobuf.Timestamp" => return timestamp(message),
        "google.protobuf.Duration" => return duration(message),
        _ => {}
    }
    let mut object = Map::new();
    for field in descriptor.fields() {
        let present = message.has_field(&field);
        // Of a choice only the chosen one is shown.
        let choice = field.containing_oneof().is_some_and(|oneof| oneof.fields().len() > 1 || !is_optional(&field));
        if choice && !present {
            continue;
        }
        let value = if field.supports_presence() && !present {
            Value::Null
        } else {
            field_value(&field, message.get_field(&field).as_ref())
        };
        object.insert(field.name().to_owned(), value);
    }
    Value::Object(object)
}

/// Whether a field is of the `optional` kind, which the compiler expresses as a choice of one.
fn is_optional(field: &FieldDescriptor) -> bool {
    field.field_descriptor_proto().proto3_optional.unwrap_or(false)
}

fn field_value(field: &FieldDescriptor, value: &prost_reflect::Value) -> Value {
    let prost_reflect::Value::List(list) = value else { return scalar(field, value) };
    let variables = matches!(field.kind(), Kind::Message(kind) if kind.full_name() == "gofer.model.v1.Variable");
    if !variables {
        return list.iter().map(|value| scalar(field, value)).collect();
    }
    let text = |variable: &DynamicMessage, name: &str| {
        let value = variable.get_field_by_name(name);
        value.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    };
    let pairs = list.iter().filter_map(prost_reflect::Value::as_message);
    Value::Object(pairs.map(|variable| (text(variable, "name"), text(variable, "value").into())).collect())
}

fn scalar(field: &FieldDescriptor, value: &prost_reflect::Value) -> Value {
    use prost_reflect::Value as Wire;
    match value {
        Wire::Bool(value) => (*value).into(),
        Wire::I32(value) => (*value).into(),
        Wire::I64(value) => (*value).into(),
        Wire::U32(value) => (*value).into(),
        Wire::U64(value) => (*value).into(),
        Wire::F32(value) => (*value).into(),
        Wire::F64(value) => (*value).into(),
        Wire::String(text) => text.as_str().into(),
        Wire::Bytes(bytes) => hex(bytes).into(),
        Wire::EnumNumber(number) => match field.kind() {
            Kind::Enum(kind) => word(&kind, *number),
            _ => (*number).into(),
        },
        Wire::Message(message) => walk(message),
        Wire::List(_) | Wire::Map(_) => Value::Null,
    }
}

/// `RUN_STATUS_RUNNING` as `running`, what is unspecified as null, what is new as its number.
fn word(kind: &EnumDescriptor, number: i32) -> Value {
    if number == 0 {
        return Value::Null;
    }
    let Some(value) = kind.get_value(number) else { return number.into() };
    let prefix = kind.values().find(|value| value.number() == 0).map(|zero| zero.name().replace("UNSPECIFIED", ""));
    let name = value.name();
    name.strip_prefix(prefix.as_deref().unwrap_or_default()).unwrap_or(name).to_lowercase().into()
}

fn parts(message: &DynamicMessage) -> (i64, i32) {
    let seconds = message.get_field_by_name("seconds").and_then(|value| value.as_i64()).unwrap_or_default();
    let nanos = message.get_field_by_name("nanos").and_then(|value| value.as_i32()).unwrap_or_default();
    (seconds, nanos)
}

fn timestamp(message: &DynamicMessage) -> Value {
    let (seconds, nanos) = parts(message);
    jiff::Timestamp::new(seconds, nanos).map_or(Value::Null, |time| time.to_string().into())
}

fn duration(message: &DynamicMessage) -> Value {
    let (seconds, nanos) = parts(message);
    let fraction = format!("{nanos:09}");
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { format!("{seconds}s").into() } else { format!("{seconds}.{fraction}s").into() }
}

#[cfg(test)]
mod tests {
    use crate::{api::v1 as api, log::v1 as log, model::v1 as model};

    use super::*;

    #[test]
    fn messages_are_complete_and_readable() {
        let run = model::Run {
            r#ref: Some(model::RunRef { namespace: "n".into(), pipeline: "p".into(), run: 7 }),
            status: model::RunStatus::Running.into(),
            variables: vec![model::Variable { name: "A".into(), value: "b".into() }],
            created_at: Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 500_000_000 }),
            tasks: vec![model::TaskRun {
                id: "t".into(),
                outcome: Some(model::TaskOutcome { exit_code: Some(0), ..Default::default() }),
                ..Default::default()
            }],
            ..Default::default()
        };
        let value = message("gofer.model.v1.Run", &run).unwrap();
        assert_eq!(value["ref"], json!({"namespace": "n", "pipeline": "p", "run": 7}));
        assert_eq!(value["status"], "running");
        assert_eq!(value["variables"], json!({"A": "b"}));
        assert_eq!(value["created_at"], "2023-11-14T22:13:20.5Z");
        assert_eq!(value["started_at"], Value::Null);
        assert_eq!(value["tasks"][0]["outcome"]["exit_code"], 0);
        assert_eq!(value["tasks"][0]["outcome"]["reason"], Value::Null);
        let member = message("gofer.api.v1.Member", &api::Member::default()).unwrap();
        assert_eq!(member["matched_index"], Value::Null, "an optional number that is absent");
        let policy = model::RetryPolicy {
            backoff: Some(prost_types::Duration { seconds: 1, nanos: 500_000_000 }),
            ..Default::default()
        };
        assert_eq!(message("gofer.model.v1.RetryPolicy", &policy).unwrap()["backoff"], "1.5s");
    }

    #[test]
    fn events_show_what_they_say() {
        let kind = log::event::Kind::NodeLost(log::NodeLost { node: 3, incarnation: 4 });
        let payload = log::Event { kind: Some(kind) }.encode_to_vec();
        let envelope =
            EventEnvelope { revision: 9, hash: vec![0xab; 2].into(), payload: payload.into(), ..Default::default() };
        let value = event(&envelope).unwrap();
        assert_eq!(value["event"], json!({"node_lost": {"node": 3, "incarnation": 4}}));
        assert_eq!(value["hash"], "abab");
        let newer = EventEnvelope { payload: vec![0xfa, 0x3e, 0x00].into(), ..Default::default() };
        assert_eq!(event(&newer).unwrap()["event"], json!({"unknown": "fa3e00"}));
        assert_eq!(event_number("run_created"), Some(8));
        assert_eq!(event_number("runs_created"), None);
    }
}
