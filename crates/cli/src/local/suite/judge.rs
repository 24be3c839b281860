//! What a case expects against what was found. Pure.

use std::collections::BTreeMap;

use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;

use super::document::{Case, Expected, RunEnd, TaskEnd};
use crate::pipeline_file::values::format_duration;
use crate::run::state;

/// So much output of an attempt is looked at, in bytes.
const OUTPUT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// So many lines of an output are shown, from its end.
const LINES_MAX: usize = 20;

/// One thing that is not as it was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// What it is of: `run`, `task build: status`.
    pub(super) what: String,
    pub(super) expected: String,
    pub(super) found: String,
    /// The end of the task's output.
    pub(super) output: Vec<String>,
}

/// What tasks wrote to standard output and standard error, in their newest attempts.
#[derive(Debug, Default)]
pub(super) struct Texts(BTreeMap<String, (u32, Vec<u8>)>);

impl Texts {
    pub(super) fn add(&mut self, record: &api::StreamLogsResponse) {
        if record.stream() == api::LogStream::Notice {
            return;
        }
        let (attempt, text) = self.0.entry(record.task.clone()).or_default();
        if record.attempt != *attempt {
            *attempt = record.attempt;
            text.clear();
        }
        let room = OUTPUT_BYTES_MAX.saturating_sub(text.len());
        text.extend(record.data.iter().take(room));
    }

    fn of(&self, task: &str) -> String {
        self.0.get(task).map(|(_, text)| String::from_utf8_lossy(text).into_owned()).unwrap_or_default()
    }
}

/// Everything in which a run differs from what its case expects.
pub(super) fn judge(case: &Case, run: &model::Run, texts: &Texts, was_late: bool) -> Vec<Difference> {
    let mut all = Vec::new();
    if was_late {
        all.push(Difference {
            what: "time".into(),
            expected: format!("over within {}", format_duration(case.timeout())),
            found: "it still ran, and was ended".into(),
            output: Vec::new(),
        });
    } else if !is_run(case.run, run.status()) {
        let (word, _) = state::run(run.status());
        let found = if run.message.is_empty() { word.to_owned() } else { format!("{word}: {}", run.message) };
        all.push(Difference { what: "run".into(), expected: run_word(case.run).into(), found, output: Vec::new() });
    }
    for (id, expected) in &case.expect.0 {
        let task = run.tasks.iter().find(|task| task.id == *id).cloned().unwrap_or_default();
        judge_task(id, expected, &task, &texts.of(id), &mut all);
    }
    // What else went wrong tells why the run did.
    let unnamed = run.tasks.iter().filter(|task| !all.is_empty() && !case.expect.0.contains_key(&task.id));
    let failed: Vec<Difference> = unnamed
        .filter(|task| case.run == RunEnd::Succeeded && status(task) == model::TaskStatus::Failed)
        .map(|task| Difference {
            what: format!("task {}: status", task.id),
            expected: "not failed, since the run is to succeed".into(),
            found: found(task),
            output: tail(&texts.of(&task.id)),
        })
        .collect();
    all.extend(failed);
    all
}

fn judge_task(id: &str, expected: &Expected, task: &model::TaskRun, text: &str, all: &mut Vec<Difference>) {
    let mut differs = |what: &str, expected: String, found: String, output: Vec<String>| {
        all.push(Difference { what: format!("task {id}: {what}"), expected, found, output });
    };
    if let Some(end) = expected.status.filter(|end| task_status(*end) != status(task)) {
        let (_, word, _) = state::task(task_status(end));
        differs("status", word.to_owned(), found(task), tail(text));
    }
    let code = task.outcome.as_ref().and_then(|outcome| outcome.exit_code);
    if let Some(wanted) = expected.exit_code
        && code.or((status(task) == model::TaskStatus::Succeeded).then_some(0)) != Some(wanted)
    {
        let found = code.map_or_else(|| found(task), |code| code.to_string());
        differs("exit code", wanted.to_string(), found, tail(text));
    }
    let attempts = u32::try_from(task.attempts.len()).unwrap_or(u32::MAX);
    if let Some(wanted) = expected.attempts.filter(|wanted| *wanted != attempts) {
        differs("attempts", wanted.to_string(), attempts.to_string(), Vec::new());
    }
    for wanted in expected.output.iter().filter(|wanted| !text.contains(wanted.as_str())) {
        let found = if text.is_empty() { "no output" } else { "other output" };
        differs("output", format!("{wanted:?}"), found.to_owned(), tail(text));
    }
    for unwanted in expected.output_without.iter().filter(|unwanted| text.contains(unwanted.as_str())) {
        differs("output", format!("no {unwanted:?}"), "it is there".to_owned(), tail(text));
    }
}

fn status(task: &model::TaskRun) -> model::TaskStatus {
    task.outcome.as_ref().map_or(model::TaskStatus::Unspecified, model::TaskOutcome::status)
}

/// A task's status with its cause.
fn found(task: &model::TaskRun) -> String {
    let outcome = task.outcome.clone().unwrap_or_default();
    let (_, word, _) = state::task(outcome.status());
    state::explain(word, outcome.reason(), outcome.exit_code, &outcome.message)
}

fn tail(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(LINES_MAX);
    let mut shown: Vec<String> = lines.iter().skip(from).map(|line| (*line).to_owned()).collect();
    if from > 0 {
        shown.insert(0, format!("… {from} lines before"));
    }
    shown
}

fn is_run(end: RunEnd, status: model::RunStatus) -> bool {
    let wanted = match end {
        RunEnd::Succeeded => model::RunStatus::Succeeded,
        RunEnd::Failed => model::RunStatus::Failed,
        RunEnd::Cancelled => model::RunStatus::Cancelled,
    };
    wanted == status
}

fn run_word(end: RunEnd) -> &'static str {
    match end {
        RunEnd::Succeeded => "succeeded",
        RunEnd::Failed => "failed",
        RunEnd::Cancelled => "cancelled",
    }
}

fn task_status(end: TaskEnd) -> model::TaskStatus {
    match end {
        TaskEnd::Succeeded => model::TaskStatus::Succeeded,
        TaskEnd::Failed => model::TaskStatus::Failed,
        TaskEnd::Skipped => model::TaskStatus::Skipped,
        TaskEnd::Cancelled => model::TaskStatus::Cancelled,
    }
}

#[cfg(test)]
#[path = "judge/tests.rs"]
mod tests;
