//! Tasks that end, or are tried again.

use std::collections::BTreeSet;

use gofer_domain::{AttemptOutcome, AttemptStatus, Event, PipelineKey, Rejection, Run, RunKey, TaskKey, TaskStatus};
use gofer_git::{Kind, Patterns};
use serde_json::{Value, json};

use super::{LogEvent, Told, choices};
use crate::built_in::{Settings, fault};
use crate::run::{self, word};

const WORDS: &[&str] = &["succeeded", "failed", "skipped", "cancelled", "retried"];

/// The tasks of a pipeline's runs that a subscription asks for.
#[derive(Clone, Debug)]
pub(super) struct Tasks {
    pub(super) pipeline: PipelineKey,
    /// None: all.
    tasks: Option<Patterns>,
    on: BTreeSet<&'static str>,
}

impl Tasks {
    /// Reads settings.
    pub(super) fn of(settings: &Settings, pipeline: PipelineKey) -> Result<Self, Rejection> {
        let tasks: Vec<&str> = settings.list("task").collect();
        let patterns = Patterns::new(tasks.iter().copied(), [])
            .map_err(|error| fault("task", error.to_string(), "write names of tasks, such as test or deploy-*"))?;
        Ok(Self { pipeline, tasks: (!tasks.is_empty()).then_some(patterns), on: choices(settings, "on", WORDS)? })
    }

    fn asks_for(&self, task: &TaskKey, kind: &str) -> bool {
        let is_named = |patterns: &Patterns| patterns.matches(Kind::Branch, task.task.as_str());
        task.run.pipeline == self.pipeline && self.on.contains(kind) && self.tasks.as_ref().is_none_or(is_named)
    }

    /// What is told of the end of a task, or of its next attempt.
    pub(super) fn told(&self, log: &LogEvent<'_>, look: &dyn Fn(&RunKey) -> Option<Run>) -> Option<Told> {
        if let Event::TaskQueued { task, attempts: attempts @ 1.., not_before } = log.event {
            let payload = || {
                let run = look(&task.run);
                let mut payload = run::head(&task.run, run.as_ref());
                let outcome = run.as_ref().and_then(|run| ended(run, task, *attempts));
                (payload["task"], payload["attempt"]) = (task.task.as_str().into(), (*attempts).into());
                payload["status"] = outcome.map_or("unknown", |outcome| outcome_words(outcome).0).into();
                payload["message"] = outcome.map_or("", |outcome| outcome_words(outcome).1).into();
                payload["again_in_seconds"] = not_before.since(log.at).as_secs_f64().into();
                payload
            };
            return self.asks_for(task, "retried").then(|| ("retried".to_owned(), payload()));
        }
        let Event::TaskFinished { task, status } = log.event else { return None };
        let kind = kind(status)?;
        self.asks_for(task, kind).then(|| (kind.to_owned(), finished(task, status, look(&task.run).as_ref())))
    }
}

/// What ended an attempt of a run as it stands.
fn ended<'a>(run: &'a Run, task: &TaskKey, attempt: u32) -> Option<&'a AttemptOutcome> {
    let attempts = &run.tasks.get(&task.task)?.attempts;
    let attempt = attempts.get(usize::try_from(attempt).ok()?.checked_sub(1)?)?;
    match &attempt.status {
        AttemptStatus::Finished(outcome) => Some(outcome),
        AttemptStatus::Placed | AttemptStatus::Launching | AttemptStatus::Running => None,
    }
}

fn finished(task: &TaskKey, status: &TaskStatus, run: Option<&Run>) -> Value {
    let (message, exit_code) = match status {
        TaskStatus::Failed { message, exit_code, .. } => (message.as_str(), *exit_code),
        TaskStatus::Cancelled { message }
        | TaskStatus::Skipped { message }
        | TaskStatus::Lost { message }
        | TaskStatus::Unknown { message } => (message.as_str(), None),
        TaskStatus::Pending
        | TaskStatus::Queued
        | TaskStatus::Waiting
        | TaskStatus::Placed
        | TaskStatus::Launching
        | TaskStatus::Running
        | TaskStatus::Succeeded => ("", None),
    };
    let known = run.and_then(|run| run.tasks.get(&task.task));
    let mut payload = run::head(&task.run, run);
    payload["task"] = task.task.as_str().into();
    payload["status"] = word(status).into();
    payload["message"] = message.into();
    payload["exit_code"] = exit_code.into();
    payload["attempts"] = known.map(|known| known.attempts.len()).into();
    payload["outputs"] = known.map_or(Value::Null, |known| json!(known.outputs));
    payload
}

/// What an end counts as. None: it is none.
fn kind(status: &TaskStatus) -> Option<&'static str> {
    match status {
        TaskStatus::Succeeded => Some("succeeded"),
        TaskStatus::Failed { .. } | TaskStatus::Lost { .. } | TaskStatus::Unknown { .. } => Some("failed"),
        TaskStatus::Skipped { .. } => Some("skipped"),
        TaskStatus::Cancelled { .. } => Some("cancelled"),
        TaskStatus::Pending
        | TaskStatus::Queued
        | TaskStatus::Waiting
        | TaskStatus::Placed
        | TaskStatus::Launching
        | TaskStatus::Running => None,
    }
}

fn outcome_words(outcome: &AttemptOutcome) -> (&'static str, &str) {
    match outcome {
        AttemptOutcome::Succeeded => ("succeeded", ""),
        AttemptOutcome::Failed { message, .. } => ("failed", message),
        AttemptOutcome::Cancelled { message } => ("cancelled", message),
        AttemptOutcome::Lost { message } => ("lost", message),
        AttemptOutcome::Unknown { message } => ("unknown", message),
    }
}
