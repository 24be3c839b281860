//! A run, as the trigger `pipeline` tells of it.

use gofer_domain::{Run, RunKey, TaskStatus, Timestamp};
use serde_json::{Map, Value, json};

/// Most bytes of outputs that are told; beyond it they are left out, and `outputs_left_out` is true.
const OUTPUTS_BYTES_MAX: usize = 128 * 1024;

/// What is told of a run that is there, or of which only the event is left.
pub(crate) fn payload(key: &RunKey, status: &str, message: &str, run: Option<&Run>) -> Value {
    let mut payload = Map::new();
    let mut tell = |name: &str, value: Value| payload.insert(name.to_owned(), value);
    tell("namespace", key.pipeline.namespace.as_str().into());
    tell("pipeline", key.pipeline.pipeline.as_str().into());
    tell("run", key.run.into());
    tell("status", status.into());
    tell("message", message.into());
    if let Some(run) = run {
        tell("version", run.version.0.into());
        tell("started_by", run.started_by.as_str().into());
        tell("note", run.options.note.as_str().into());
        tell("labels", json!(run.options.labels));
        tell("variables", json!(run.options.variables));
        let seconds = |from: Timestamp, to: Timestamp| to.since(from).as_secs_f64();
        tell("seconds", run.started_at.zip(run.finished_at).map(|(from, to)| seconds(from, to)).into());
        let (tasks, are_left_out) = tasks(run);
        tell("tasks", tasks);
        tell("outputs_left_out", are_left_out.into());
    }
    Value::Object(payload)
}

/// Status and outputs by task, and whether outputs are left out.
fn tasks(run: &Run) -> (Value, bool) {
    let sizes = run.tasks.values().flat_map(|task| &task.outputs).map(|(name, value)| name.len() + value.len());
    let are_left_out = sizes.sum::<usize>() > OUTPUTS_BYTES_MAX;
    let tasks = run.tasks.iter().map(|(id, task)| {
        let mut told = Map::new();
        told.insert("status".to_owned(), word(&task.status).into());
        if !are_left_out {
            told.insert("outputs".to_owned(), json!(task.outputs));
        }
        (id.as_str().to_owned(), Value::Object(told))
    });
    (Value::Object(tasks.collect()), are_left_out)
}

fn word(status: &TaskStatus) -> &'static str {
    match status {
        TaskStatus::Pending => "pending",
        TaskStatus::Queued => "queued",
        TaskStatus::Waiting => "waiting",
        TaskStatus::Placed => "placed",
        TaskStatus::Launching => "launching",
        TaskStatus::Running => "running",
        TaskStatus::Succeeded => "succeeded",
        TaskStatus::Failed { .. } => "failed",
        TaskStatus::Cancelled { .. } => "cancelled",
        TaskStatus::Skipped { .. } => "skipped",
        TaskStatus::Lost { .. } => "lost",
        TaskStatus::Unknown { .. } => "unknown",
    }
}
