//! Messages as JSON, with the errors of the command line.

use gofer_wire::json;
pub(crate) use gofer_wire::json::hex;
use gofer_wire::log::v1::EventEnvelope;
use prost::Message;
use serde_json::Value;

use crate::error::Error;

/// A message as JSON; `name` is its full name in the protocol.
///
/// # Errors
/// `Malformed` when there is no such message.
pub(crate) fn message<M: Message>(name: &str, message: &M) -> Result<Value, Error> {
    json::message(name, message).map_err(|error| Error::Malformed(error.to_string()))
}

/// An encoded message as JSON.
///
/// # Errors
/// `Malformed` when there is no such message, or it is none.
pub(crate) fn encoded(name: &str, bytes: &[u8]) -> Result<Value, Error> {
    json::encoded(name, bytes).map_err(|error| Error::Malformed(error.to_string()))
}

/// A list of messages of one kind.
///
/// # Errors
/// As [`message`].
pub(crate) fn messages<M: Message>(name: &str, list: &[M]) -> Result<Value, Error> {
    list.iter().map(|one| message(name, one)).collect::<Result<Vec<_>, _>>().map(Value::Array)
}

/// An event with what it says in clear.
///
/// # Errors
/// As [`message`].
pub(crate) fn event(envelope: &EventEnvelope) -> Result<Value, Error> {
    json::event(envelope).map_err(|error| Error::Malformed(error.to_string()))
}
