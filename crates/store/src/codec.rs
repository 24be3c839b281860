//! Domain values to protobuf messages and back, for the log, the views and the API alike.
//!
//! Encoding is canonical: maps become lists sorted by key, absent means the documented default. Decoding checks
//! everything and names the field at fault. What is decoded often (commands, events, configurations) is taken apart,
//! not copied.

mod archive;
mod backfill;
mod cluster;
mod command;
mod config;
mod event;
mod intake;
mod object;
mod release;
mod run;
mod schedule;
mod secret;
mod subscription;
mod trigger;
mod values;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gofer_domain::{
    AttemptKey, NamespaceId, NodeId, PipelineId, PipelineKey, RequestId, RunKey, TaskId, TaskKey, Timestamp,
};
use gofer_wire::model::v1 as model;

pub use archive::{archive_from_wire, archive_to_wire, segment_from_wire, segment_to_wire};
pub use backfill::{backfill_spec_to_wire, backfill_to_wire};
pub(crate) use cluster::pipeline_head_to_wire;
pub use cluster::{
    PipelineConfigs, namespace_from_wire, namespace_to_wire, node_from_wire, node_to_wire, pipeline_from_wire,
    pipeline_to_wire, spec_from_wire, spec_to_wire,
};
pub use command::{
    command_from_wire, command_to_wire, envelope_from_wire, envelope_to_wire, outcome_from_wire, outcome_to_wire,
};
pub use config::{config_from_wire, config_to_wire, driver_from_wire, driver_to_wire};
pub use event::{event_from_wire, event_to_wire};
pub use intake::{event_key, taken_from_record, taken_record};
pub(crate) use object::manifest_to_wire;
pub use object::{
    encoding_from_wire, manifest_from_wire, object_content_from_wire, object_content_to_wire, object_from_wire,
    object_key, object_scope_from_wire, object_scope_to_wire, object_to_wire,
};
pub use release::{promotion_from_wire, release_from_wire, release_to_wire, strategy_from_wire, strategy_to_wire};
pub(crate) use run::run_head_to_wire;
pub use run::{
    attempt_outcome_from_wire, attempt_outcome_to_wire, log_from_wire, log_to_wire, run_from_wire,
    run_status_from_wire, run_status_to_wire, run_to_wire, stop_from_wire, stop_to_wire, task_from_wire,
    task_status_from_wire, task_status_to_wire, task_to_wire,
};
pub use schedule::{
    catch_up_to_wire, schedule_from_wire, schedule_key_from_wire, schedule_key_to_wire, schedule_spec_from_wire,
    schedule_spec_to_wire, schedule_to_wire,
};
pub use secret::{
    cluster_key_from_wire, cluster_key_to_wire, current_key_from_wire, current_key_to_wire, scope_from_wire,
    scope_to_wire, sealed_from_wire, sealed_to_wire, secret_from_wire, secret_key_from_wire, secret_key_to_wire,
    secret_to_wire,
};
pub use subscription::{
    subscription_from_wire, subscription_key_from_wire, subscription_key_to_wire, subscription_spec_from_wire,
    subscription_spec_to_wire, subscription_to_wire,
};
pub use trigger::{
    trigger_from_wire, trigger_name, trigger_report_from_wire, trigger_report_to_wire, trigger_spec_from_wire,
    trigger_spec_to_wire, trigger_to_wire,
};

/// Why a message is not a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct DecodeError {
    /// Path of the field at fault.
    pub field: String,
    /// What is wrong with it, and what would do.
    pub message: String,
}

impl DecodeError {
    /// A fault of one field.
    #[must_use]
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }

    /// The same fault, seen from the message that holds the field's message.
    #[must_use]
    pub fn within(mut self, outer: &str) -> Self {
        self.field = format!("{outer}.{}", self.field);
        self
    }
}

type Result<T> = std::result::Result<T, DecodeError>;

/// The message in a field that must be there.
fn required<T>(value: Option<T>, field: &str) -> Result<T> {
    value.ok_or_else(|| DecodeError::new(field, "is missing"))
}

fn unknown(field: &str, value: i32) -> DecodeError {
    DecodeError::new(field, format!("{value} is not a known value"))
}

fn id_error(field: &str) -> impl FnOnce(gofer_domain::Rejection) -> DecodeError + '_ {
    move |rejection| DecodeError::new(field, rejection.to_string())
}

/// A namespace id.
///
/// # Errors
/// When the text is not one.
pub fn namespace_id(text: &str) -> Result<NamespaceId> {
    NamespaceId::new(text).map_err(id_error("namespace"))
}

fn pipeline_id(text: &str, field: &str) -> Result<PipelineId> {
    PipelineId::new(text).map_err(id_error(field))
}

fn task_id(text: &str, field: &str) -> Result<TaskId> {
    TaskId::new(text).map_err(id_error(field))
}

/// A timestamp as a message.
#[must_use]
pub fn time_to_wire(time: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: i64::try_from(time.0 / 1_000).unwrap_or(i64::MAX),
        nanos: i32::try_from(time.0 % 1_000).unwrap_or(0) * 1_000_000,
    }
}

/// A message as a timestamp, cut to milliseconds.
///
/// # Errors
/// When it is missing, before 1970, or out of range.
pub fn time_from_wire(time: Option<&prost_types::Timestamp>, field: &str) -> Result<Timestamp> {
    let time = required(time, field)?;
    millis(time.seconds, time.nanos)
        .map(Timestamp)
        .ok_or_else(|| DecodeError::new(field, "is not a time after 1970 in range"))
}

fn time_option(time: Option<&prost_types::Timestamp>, field: &str) -> Result<Option<Timestamp>> {
    time.map(|time| time_from_wire(Some(time), field)).transpose()
}

fn millis(seconds: i64, nanos: i32) -> Option<u64> {
    let seconds = u64::try_from(seconds).ok()?;
    let nanos = u64::try_from(nanos).ok().filter(|nanos| *nanos < 1_000_000_000)?;
    seconds.checked_mul(1_000)?.checked_add(nanos / 1_000_000)
}

fn duration_to_wire(duration: Duration) -> prost_types::Duration {
    prost_types::Duration {
        seconds: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(duration.subsec_millis()).unwrap_or(0) * 1_000_000,
    }
}

fn duration_from_wire(duration: &prost_types::Duration, field: &str) -> Result<Duration> {
    millis(duration.seconds, duration.nanos)
        .map(Duration::from_millis)
        .ok_or_else(|| DecodeError::new(field, "is not a duration of zero or more in range"))
}

/// A map as a sorted list of variables.
#[must_use]
pub fn variables_to_wire(variables: &BTreeMap<String, String>) -> Vec<model::Variable> {
    variables.iter().map(|(name, value)| model::Variable { name: name.clone(), value: value.clone() }).collect()
}

/// A list of variables as a map.
///
/// # Errors
/// When a name comes twice.
pub fn variables_from_wire(variables: Vec<model::Variable>, field: &str) -> Result<BTreeMap<String, String>> {
    let mut map = BTreeMap::new();
    for model::Variable { name, value } in variables {
        match map.entry(name) {
            Entry::Vacant(entry) => _ = entry.insert(value),
            Entry::Occupied(entry) => {
                return Err(DecodeError::new(field, format!("{:?} is set twice; keep one", entry.key())));
            }
        }
    }
    Ok(map)
}

/// A request id.
///
/// # Errors
/// When it is not 16 bytes long.
pub fn request_id(bytes: &[u8]) -> Result<RequestId> {
    fixed(bytes, "request_id").map(RequestId)
}

fn nodes_to_wire(nodes: &BTreeSet<NodeId>) -> Vec<u64> {
    nodes.iter().map(|node| node.0).collect()
}

fn nodes_from_wire(nodes: &[u64]) -> Result<BTreeSet<NodeId>> {
    let set: BTreeSet<NodeId> = nodes.iter().copied().map(NodeId).collect();
    // Anything else would not encode to the same bytes again.
    let is_sorted = nodes.is_sorted_by(|one, next| one < next);
    if is_sorted { Ok(set) } else { Err(DecodeError::new("dropped", "is not sorted, or names a node twice")) }
}

fn fixed<const N: usize>(bytes: &[u8], field: &str) -> Result<[u8; N]> {
    bytes.try_into().map_err(|_| DecodeError::new(field, format!("has {} bytes, {N} are needed", bytes.len())))
}

/// A pipeline's key as a message.
#[must_use]
pub fn pipeline_key_to_wire(key: &PipelineKey) -> model::PipelineRef {
    model::PipelineRef { namespace: key.namespace.to_string(), pipeline: key.pipeline.to_string() }
}

/// A message as a pipeline's key.
///
/// # Errors
/// When it is missing or one of its ids is not valid.
pub fn pipeline_key_from_wire(key: Option<&model::PipelineRef>) -> Result<PipelineKey> {
    let key = required(key, "pipeline")?;
    Ok(PipelineKey { namespace: namespace_id(&key.namespace)?, pipeline: pipeline_id(&key.pipeline, "pipeline")? })
}

/// A run's key as a message.
#[must_use]
pub fn run_key_to_wire(key: &RunKey) -> model::RunRef {
    let pipeline = pipeline_key_to_wire(&key.pipeline);
    model::RunRef { namespace: pipeline.namespace, pipeline: pipeline.pipeline, run: key.run }
}

/// A message as a run's key.
///
/// # Errors
/// When it is missing, one of its ids is not valid, or its number is 0.
pub fn run_key_from_wire(key: Option<&model::RunRef>) -> Result<RunKey> {
    let key = required(key, "run")?;
    if key.run == 0 {
        return Err(DecodeError::new("run", "runs count from 1"));
    }
    let pipeline =
        PipelineKey { namespace: namespace_id(&key.namespace)?, pipeline: pipeline_id(&key.pipeline, "pipeline")? };
    Ok(RunKey { pipeline, run: key.run })
}

/// A task's key as a message.
#[must_use]
pub fn task_key_to_wire(key: &TaskKey) -> model::TaskRef {
    model::TaskRef { run: Some(run_key_to_wire(&key.run)), task: key.task.to_string() }
}

/// A message as a task's key.
///
/// # Errors
/// When it or a part of it is missing or not valid.
pub fn task_key_from_wire(key: Option<&model::TaskRef>) -> Result<TaskKey> {
    let key = required(key, "task")?;
    Ok(TaskKey { run: run_key_from_wire(key.run.as_ref())?, task: task_id(&key.task, "task")? })
}

/// An attempt's key as a message.
#[must_use]
pub fn attempt_key_to_wire(key: &AttemptKey) -> model::AttemptRef {
    model::AttemptRef {
        run: Some(run_key_to_wire(&key.task.run)),
        task: key.task.task.to_string(),
        attempt: key.attempt,
    }
}

/// A message as an attempt's key.
///
/// # Errors
/// When it or a part of it is missing or not valid.
pub fn attempt_key_from_wire(key: Option<&model::AttemptRef>) -> Result<AttemptKey> {
    let key = required(key, "attempt")?;
    if key.attempt == 0 {
        return Err(DecodeError::new("attempt", "attempts count from 1"));
    }
    let task = TaskKey { run: run_key_from_wire(key.run.as_ref())?, task: task_id(&key.task, "task")? };
    Ok(AttemptKey { task, attempt: key.attempt })
}

#[cfg(test)]
mod tests;
