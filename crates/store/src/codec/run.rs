//! Runs, tasks, attempts, and how they stand.

use gofer_domain::ids::{NodeId, Revision, RunKey, TaskId, Version};
use gofer_domain::run::{FailureReason, LogRef, StopReason};
use gofer_domain::{Attempt, AttemptOutcome, AttemptStatus, Run, RunOptions, RunStatus, TaskRun, TaskStatus};
use gofer_wire::model::v1 as model;

use super::values::{pins_from_wire, pins_to_wire};
use super::{
    DecodeError, Result, driver_from_wire, driver_to_wire, fixed, required, run_key_from_wire, run_key_to_wire,
    schedule, subscription, task_id, task_key_from_wire, task_key_to_wire, time_from_wire, time_option, time_to_wire,
    unknown, variables_from_wire, variables_to_wire,
};

/// A run as a message, with its tasks.
#[must_use]
pub fn run_to_wire(run: &Run) -> model::Run {
    model::Run {
        variables: variables_to_wire(&run.options.variables),
        tasks: run.tasks.iter().map(|(id, task)| task_to_wire(id, task)).collect(),
        ..run_head_to_wire(run)
    }
}

/// A run as a message, with neither its variables nor its tasks.
pub(crate) fn run_head_to_wire(run: &Run) -> model::Run {
    let (status, message) = run_status_to_wire(&run.status);
    model::Run {
        r#ref: Some(run_key_to_wire(&run.key)),
        version: run.version.0,
        status: status.into(),
        message,
        variables: Vec::new(),
        started_by: run.started_by.clone(),
        retry_of: run.retry_of.unwrap_or(0),
        created_at: Some(time_to_wire(run.created_at)),
        started_at: run.started_at.map(time_to_wire),
        finished_at: run.finished_at.map(time_to_wire),
        stopping: run.stopping.as_ref().map(stop_to_wire),
        tasks: Vec::new(),
        revision: run.revision.0,
        labels: variables_to_wire(&run.options.labels),
        note: run.options.note.clone(),
        priority: run.options.priority,
        parent: run.parent.as_ref().map(task_key_to_wire),
        release: run.release.unwrap_or(0),
        schedule: run.schedule.as_ref().map(schedule::slot_to_wire),
        subscription: run.subscription.as_ref().map(subscription::run_event_to_wire),
        depth: run.depth,
        shared: pins_to_wire(&run.shared),
    }
}

/// A message as a run.
///
/// # Errors
/// When a part is missing or not valid.
pub fn run_from_wire(run: &model::Run) -> Result<Run> {
    let key: RunKey = run_key_from_wire(run.r#ref.as_ref())?;
    Ok(Run {
        key,
        version: Version(run.version),
        status: run_status_from_wire(run.status, &run.message)?,
        options: RunOptions {
            variables: variables_from_wire(run.variables.clone(), "variables")?,
            labels: variables_from_wire(run.labels.clone(), "labels")?,
            note: run.note.clone(),
            priority: run.priority,
        },
        parent: run.parent.as_ref().map(|parent| task_key_from_wire(Some(parent))).transpose()?,
        started_by: run.started_by.clone(),
        retry_of: (run.retry_of != 0).then_some(run.retry_of),
        release: (run.release != 0).then_some(run.release),
        schedule: run.schedule.as_ref().map(schedule::slot_from_wire).transpose()?,
        subscription: run.subscription.as_ref().map(subscription::run_event_from_wire).transpose()?,
        depth: run.depth,
        shared: pins_from_wire(&run.shared)?,
        created_at: time_from_wire(run.created_at.as_ref(), "created_at")?,
        started_at: time_option(run.started_at.as_ref(), "started_at")?,
        finished_at: time_option(run.finished_at.as_ref(), "finished_at")?,
        stopping: run.stopping.as_ref().map(stop_from_wire).transpose()?,
        tasks: run.tasks.iter().map(task_from_wire).collect::<Result<_>>()?,
        revision: Revision(run.revision),
    })
}

/// A run's status as a message, and why it ended so.
#[must_use]
pub fn run_status_to_wire(status: &RunStatus) -> (model::RunStatus, String) {
    match status {
        RunStatus::Queued => (model::RunStatus::Queued, String::new()),
        RunStatus::Running => (model::RunStatus::Running, String::new()),
        RunStatus::Succeeded => (model::RunStatus::Succeeded, String::new()),
        RunStatus::Failed { message } => (model::RunStatus::Failed, message.clone()),
        RunStatus::Cancelled { message } => (model::RunStatus::Cancelled, message.clone()),
    }
}

/// A message as a run's status.
///
/// # Errors
/// When it is none.
pub fn run_status_from_wire(status: i32, message: &str) -> Result<RunStatus> {
    let message = message.to_owned();
    match model::RunStatus::try_from(status) {
        Ok(model::RunStatus::Queued) => Ok(RunStatus::Queued),
        Ok(model::RunStatus::Running) => Ok(RunStatus::Running),
        Ok(model::RunStatus::Succeeded) => Ok(RunStatus::Succeeded),
        Ok(model::RunStatus::Failed) => Ok(RunStatus::Failed { message }),
        Ok(model::RunStatus::Cancelled) => Ok(RunStatus::Cancelled { message }),
        Ok(model::RunStatus::Unspecified) | Err(_) => Err(unknown("status", status)),
    }
}

/// A task as a message.
#[must_use]
pub fn task_to_wire(id: &TaskId, task: &TaskRun) -> model::TaskRun {
    let number = |index: usize| u32::try_from(index + 1).unwrap_or(u32::MAX);
    model::TaskRun {
        id: id.to_string(),
        outcome: Some(task_status_to_wire(&task.status)),
        attempts: task.attempts.iter().enumerate().map(|(n, attempt)| attempt_to_wire(number(n), attempt)).collect(),
        not_before: (task.not_before.0 != 0).then(|| time_to_wire(task.not_before)),
        finished_at: task.finished_at.map(time_to_wire),
        queued_revision: task.queued_revision.0,
        outputs: variables_to_wire(&task.outputs),
        kept_from: task.kept_from.unwrap_or(0),
        children: task.children.clone(),
    }
}

/// A message as a task with its id.
///
/// # Errors
/// When a part is missing or not valid, or its attempts are not numbered 1, 2, 3, ….
pub fn task_from_wire(task: &model::TaskRun) -> Result<(TaskId, TaskRun)> {
    let id = task_id(&task.id, "id")?;
    let mut attempts = Vec::with_capacity(task.attempts.len());
    for (index, attempt) in task.attempts.iter().enumerate() {
        if usize::try_from(attempt.number) != Ok(index + 1) {
            return Err(DecodeError::new("attempts.number", format!("{} at place {}", attempt.number, index + 1)));
        }
        attempts.push(attempt_from_wire(attempt)?);
    }
    let run = TaskRun {
        status: task_status_from_wire(required(task.outcome.as_ref(), "outcome")?)?,
        attempts,
        not_before: time_option(task.not_before.as_ref(), "not_before")?.unwrap_or_default(),
        queued_revision: Revision(task.queued_revision),
        finished_at: time_option(task.finished_at.as_ref(), "finished_at")?,
        outputs: variables_from_wire(task.outputs.clone(), "outputs")?,
        kept_from: (task.kept_from != 0).then_some(task.kept_from),
        children: task.children.clone(),
    };
    Ok((id, run))
}

/// A task's status as a message.
#[must_use]
pub fn task_status_to_wire(status: &TaskStatus) -> model::TaskOutcome {
    let plain = |status: model::TaskStatus, message: &str| model::TaskOutcome {
        status: status.into(),
        message: message.to_owned(),
        ..model::TaskOutcome::default()
    };
    match status {
        TaskStatus::Pending => plain(model::TaskStatus::Pending, ""),
        TaskStatus::Queued => plain(model::TaskStatus::Queued, ""),
        TaskStatus::Waiting => plain(model::TaskStatus::Waiting, ""),
        TaskStatus::Placed => plain(model::TaskStatus::Placed, ""),
        TaskStatus::Launching => plain(model::TaskStatus::Launching, ""),
        TaskStatus::Running => plain(model::TaskStatus::Running, ""),
        TaskStatus::Succeeded => plain(model::TaskStatus::Succeeded, ""),
        TaskStatus::Failed { reason, exit_code, message } => model::TaskOutcome {
            status: model::TaskStatus::Failed.into(),
            reason: reason_to_wire(*reason).into(),
            exit_code: *exit_code,
            message: message.clone(),
        },
        TaskStatus::Cancelled { message } => plain(model::TaskStatus::Cancelled, message),
        TaskStatus::Skipped { message } => plain(model::TaskStatus::Skipped, message),
        TaskStatus::Lost { message } => plain(model::TaskStatus::Lost, message),
        TaskStatus::Unknown { message } => plain(model::TaskStatus::Unknown, message),
    }
}

/// A message as a task's status.
///
/// # Errors
/// When it is none.
pub fn task_status_from_wire(outcome: &model::TaskOutcome) -> Result<TaskStatus> {
    let message = outcome.message.clone();
    match model::TaskStatus::try_from(outcome.status) {
        Ok(model::TaskStatus::Pending) => Ok(TaskStatus::Pending),
        Ok(model::TaskStatus::Queued) => Ok(TaskStatus::Queued),
        Ok(model::TaskStatus::Waiting) => Ok(TaskStatus::Waiting),
        Ok(model::TaskStatus::Placed) => Ok(TaskStatus::Placed),
        Ok(model::TaskStatus::Launching) => Ok(TaskStatus::Launching),
        Ok(model::TaskStatus::Running) => Ok(TaskStatus::Running),
        Ok(model::TaskStatus::Succeeded) => Ok(TaskStatus::Succeeded),
        Ok(model::TaskStatus::Failed) => {
            Ok(TaskStatus::Failed { reason: reason_from_wire(outcome.reason)?, exit_code: outcome.exit_code, message })
        }
        Ok(model::TaskStatus::Cancelled) => Ok(TaskStatus::Cancelled { message }),
        Ok(model::TaskStatus::Skipped) => Ok(TaskStatus::Skipped { message }),
        Ok(model::TaskStatus::Lost) => Ok(TaskStatus::Lost { message }),
        Ok(model::TaskStatus::Unknown) => Ok(TaskStatus::Unknown { message }),
        Ok(model::TaskStatus::Unspecified) | Err(_) => Err(unknown("outcome.status", outcome.status)),
    }
}

fn attempt_to_wire(number: u32, attempt: &Attempt) -> model::Attempt {
    let (status, outcome) = match &attempt.status {
        AttemptStatus::Placed => (model::AttemptStatus::Placed, None),
        AttemptStatus::Launching => (model::AttemptStatus::Launching, None),
        AttemptStatus::Running => (model::AttemptStatus::Running, None),
        AttemptStatus::Finished(outcome) => (model::AttemptStatus::Finished, Some(attempt_outcome_to_wire(outcome))),
    };
    model::Attempt {
        number,
        node: attempt.node.0,
        driver: driver_to_wire(attempt.driver).into(),
        status: status.into(),
        placed_at: Some(time_to_wire(attempt.placed_at)),
        started_at: attempt.started_at.map(time_to_wire),
        finished_at: attempt.finished_at.map(time_to_wire),
        stopping: attempt.stopping.as_ref().map(stop_to_wire),
        log: attempt.log.as_ref().map(log_to_wire),
        outcome,
    }
}

fn attempt_from_wire(attempt: &model::Attempt) -> Result<Attempt> {
    let status = match model::AttemptStatus::try_from(attempt.status) {
        Ok(model::AttemptStatus::Placed) => AttemptStatus::Placed,
        Ok(model::AttemptStatus::Launching) => AttemptStatus::Launching,
        Ok(model::AttemptStatus::Running) => AttemptStatus::Running,
        Ok(model::AttemptStatus::Finished) => {
            AttemptStatus::Finished(attempt_outcome_from_wire(attempt.outcome.as_ref())?)
        }
        Ok(model::AttemptStatus::Unspecified) | Err(_) => return Err(unknown("attempt.status", attempt.status)),
    };
    Ok(Attempt {
        node: NodeId(attempt.node),
        driver: driver_from_wire(attempt.driver)?,
        status,
        placed_at: time_from_wire(attempt.placed_at.as_ref(), "placed_at")?,
        started_at: time_option(attempt.started_at.as_ref(), "started_at")?,
        finished_at: time_option(attempt.finished_at.as_ref(), "finished_at")?,
        stopping: attempt.stopping.as_ref().map(stop_from_wire).transpose()?,
        log: attempt.log.as_ref().map(log_from_wire).transpose()?,
    })
}

/// An attempt's outcome as a message.
#[must_use]
pub fn attempt_outcome_to_wire(outcome: &AttemptOutcome) -> model::AttemptOutcome {
    let plain = |result: model::AttemptResult, message: &str| model::AttemptOutcome {
        result: result.into(),
        message: message.to_owned(),
        ..model::AttemptOutcome::default()
    };
    match outcome {
        AttemptOutcome::Succeeded => plain(model::AttemptResult::Succeeded, ""),
        AttemptOutcome::Failed { reason, exit_code, message } => model::AttemptOutcome {
            result: model::AttemptResult::Failed.into(),
            reason: reason_to_wire(*reason).into(),
            exit_code: *exit_code,
            message: message.clone(),
        },
        AttemptOutcome::Cancelled { message } => plain(model::AttemptResult::Cancelled, message),
        AttemptOutcome::Lost { message } => plain(model::AttemptResult::Lost, message),
        AttemptOutcome::Unknown { message } => plain(model::AttemptResult::Unknown, message),
    }
}

/// A message as an attempt's outcome.
///
/// # Errors
/// When it is missing or none.
pub fn attempt_outcome_from_wire(outcome: Option<&model::AttemptOutcome>) -> Result<AttemptOutcome> {
    let outcome = required(outcome, "outcome")?;
    let message = outcome.message.clone();
    match model::AttemptResult::try_from(outcome.result) {
        Ok(model::AttemptResult::Succeeded) => Ok(AttemptOutcome::Succeeded),
        Ok(model::AttemptResult::Failed) => Ok(AttemptOutcome::Failed {
            reason: reason_from_wire(outcome.reason)?,
            exit_code: outcome.exit_code,
            message,
        }),
        Ok(model::AttemptResult::Cancelled) => Ok(AttemptOutcome::Cancelled { message }),
        Ok(model::AttemptResult::Lost) => Ok(AttemptOutcome::Lost { message }),
        Ok(model::AttemptResult::Unknown) => Ok(AttemptOutcome::Unknown { message }),
        Ok(model::AttemptResult::Unspecified) | Err(_) => Err(unknown("outcome.result", outcome.result)),
    }
}

fn reason_to_wire(reason: FailureReason) -> model::FailureReason {
    match reason {
        FailureReason::ExitCode => model::FailureReason::ExitCode,
        FailureReason::Signal => model::FailureReason::Signal,
        FailureReason::Timeout => model::FailureReason::Timeout,
        FailureReason::OutOfMemory => model::FailureReason::OutOfMemory,
        FailureReason::ImagePull => model::FailureReason::ImagePull,
        FailureReason::CommandNotFound => model::FailureReason::CommandNotFound,
        FailureReason::Launch => model::FailureReason::Launch,
        FailureReason::Declined => model::FailureReason::Declined,
        FailureReason::MissingValue => model::FailureReason::MissingValue,
        FailureReason::ChildRun => model::FailureReason::ChildRun,
    }
}

fn reason_from_wire(reason: i32) -> Result<FailureReason> {
    match model::FailureReason::try_from(reason) {
        Ok(model::FailureReason::ExitCode) => Ok(FailureReason::ExitCode),
        Ok(model::FailureReason::Signal) => Ok(FailureReason::Signal),
        Ok(model::FailureReason::Timeout) => Ok(FailureReason::Timeout),
        Ok(model::FailureReason::OutOfMemory) => Ok(FailureReason::OutOfMemory),
        Ok(model::FailureReason::ImagePull) => Ok(FailureReason::ImagePull),
        Ok(model::FailureReason::CommandNotFound) => Ok(FailureReason::CommandNotFound),
        Ok(model::FailureReason::Launch) => Ok(FailureReason::Launch),
        Ok(model::FailureReason::Declined) => Ok(FailureReason::Declined),
        Ok(model::FailureReason::MissingValue) => Ok(FailureReason::MissingValue),
        Ok(model::FailureReason::ChildRun) => Ok(FailureReason::ChildRun),
        Ok(model::FailureReason::Unspecified) | Err(_) => Err(unknown("reason", reason)),
    }
}

/// A stop reason as a message.
#[must_use]
pub fn stop_to_wire(reason: &StopReason) -> model::StopReason {
    let (kind, message, replaced_by) = match reason {
        StopReason::Cancelled { message } => (model::StopKind::Cancelled, message.clone(), 0),
        StopReason::Replaced { by } => (model::StopKind::Replaced, String::new(), *by),
        StopReason::Timeout { message } => (model::StopKind::Timeout, message.clone(), 0),
    };
    model::StopReason { kind: kind.into(), message, replaced_by }
}

/// A message as a stop reason.
///
/// # Errors
/// When it is none.
pub fn stop_from_wire(reason: &model::StopReason) -> Result<StopReason> {
    let message = reason.message.clone();
    match model::StopKind::try_from(reason.kind) {
        Ok(model::StopKind::Cancelled) => Ok(StopReason::Cancelled { message }),
        Ok(model::StopKind::Replaced) => Ok(StopReason::Replaced { by: reason.replaced_by }),
        Ok(model::StopKind::Timeout) => Ok(StopReason::Timeout { message }),
        Ok(model::StopKind::Unspecified) | Err(_) => Err(unknown("stopping.kind", reason.kind)),
    }
}

/// A log reference as a message.
#[must_use]
pub fn log_to_wire(log: &LogRef) -> model::LogRef {
    model::LogRef { digest: log.digest.to_vec(), size_bytes: log.bytes, truncated: log.truncated }
}

/// A message as a log reference.
///
/// # Errors
/// When its digest is not 32 bytes long.
pub fn log_from_wire(log: &model::LogRef) -> Result<LogRef> {
    Ok(LogRef { digest: fixed(&log.digest, "log.digest")?, bytes: log.size_bytes, truncated: log.truncated })
}
