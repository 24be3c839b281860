//! A run, as the trigger `pipeline` tells of it.

use gofer_domain::{Run, RunKey, TaskStatus, Timestamp};
use serde_json::{Map, Value, json};

/// Most bytes of outputs that are told; beyond it they are left out, and `outputs_left_out` is true.
const OUTPUTS_BYTES_MAX: usize = 128 * 1024;

/// What is told of a run that is there, or of which only the event is left.
pub(crate) fn payload(key: &RunKey, status: &str, message: &str, run: Option<&Run>) -> Value {
    let mut payload = head(key, run);
    payload["status"] = status.into();
    payload["message"] = message.into();
    if let Some(run) = run {
        let seconds = |from: Timestamp, to: Timestamp| to.since(from).as_secs_f64();
        payload["seconds"] = run.started_at.zip(run.finished_at).map(|(from, to)| seconds(from, to)).into();
        let (tasks, are_left_out) = tasks(run);
        payload["tasks"] = tasks;
        payload["outputs_left_out"] = are_left_out.into();
    }
    payload
}

/// Which run it is, and what it was started with.
pub(crate) fn head(key: &RunKey, run: Option<&Run>) -> Value {
    let mut head = json!({
        "namespace": key.pipeline.namespace.as_str(),
        "pipeline": key.pipeline.pipeline.as_str(),
        "run": key.run,
    });
    if let Some(run) = run {
        head["version"] = run.version.0.into();
        head["started_by"] = run.started_by.as_str().into();
        head["note"] = run.options.note.as_str().into();
        head["labels"] = json!(run.options.labels);
        head["variables"] = json!(run.options.variables);
    }
    head
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

/// The status of a task in one word.
pub(crate) fn word(status: &TaskStatus) -> &'static str {
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
