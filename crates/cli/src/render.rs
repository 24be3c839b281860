//! What this client makes of messages, for who has their bytes from elsewhere than a node.

use gofer_wire::log::v1::EventEnvelope;
use prost::Message;
use serde_json::Value;

use crate::reference::{self, Number};
use crate::{events, json};

/// An encoded event envelope in one line, as `gofer events watch` prints it; none when it is no envelope.
#[must_use]
pub fn event_line(bytes: &[u8]) -> Option<String> {
    let envelope = EventEnvelope::decode(bytes).ok()?;
    Some(events::line(&envelope, |_, text| text.to_owned()))
}

/// An encoded event envelope as JSON, as `gofer events watch -o json` prints it; none when it is no envelope.
#[must_use]
pub fn event_json(bytes: &[u8]) -> Option<Value> {
    json::event(&EventEnvelope::decode(bytes).ok()?).ok()
}

/// An encoded message as JSON. `name` is its full name in the protocol; none when it is no such message.
#[must_use]
pub fn message_json(name: &str, bytes: &[u8]) -> Option<Value> {
    json::encoded(name, bytes).ok()
}

/// Namespace, pipeline and number of a run as people write it: `build/7`, `default/build/7`, `build 7`.
///
/// # Errors
/// What is wrong, and what would do.
pub fn run_reference(namespace: Option<&str>, words: &[String]) -> Result<(String, String, u64), String> {
    let name = reference::whole_run(namespace.unwrap_or("default"), words).map_err(|error| error.to_text())?;
    match name.number {
        Number::Of(number) => Ok((name.pipeline.namespace, name.pipeline.pipeline, number)),
        Number::Latest => Err("error: without a cluster, `latest` names no run; write its number".to_owned()),
    }
}

/// A length of time as people write it: `15s`, `2m`.
///
/// # Errors
/// What is wrong with it.
pub fn duration(text: &str) -> Result<std::time::Duration, String> {
    crate::pipeline_file::values::parse_duration(text)
}

/// Text of others made harmless for a terminal: on one line, without control characters.
#[must_use]
pub fn tame(text: &str) -> String {
    crate::output::tame(text)
}
