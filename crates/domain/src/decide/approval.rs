//! Tasks that wait for somebody's approval.

use std::collections::BTreeSet;

use super::draft::RunDraft;
use super::run::live_run;
use super::{Context, Decision, Verdict, check_text, precondition, queue};
use crate::event::Event;
use crate::ids::{TaskId, TaskKey};
use crate::rejection::{Reason, Rejection};
use crate::run::{FailureReason, TaskStatus};
use crate::state::LiveRun;
use crate::values::{Approval, TaskKind};

/// Approves or declines: the task succeeds or fails, and what depends on it goes on.
pub(super) fn answer(context: Context<'_>, key: &TaskKey, approve: bool, message: &str) -> Verdict {
    check_text("message", message)?;
    let (live, id, approval) = waiting(context, key)?;
    if !approval.approvers.is_empty() && !approval.approvers.iter().any(|known| known == context.actor) {
        let message = format!("{} may not decide about task {key}", context.actor);
        let help = format!("it waits for one of {}", approval.approvers.join(", "));
        return Err(precondition(message).field("task").help(help));
    }
    let status = if approve {
        TaskStatus::Succeeded
    } else {
        let why = if message.is_empty() { String::new() } else { format!(": {message}") };
        let message = format!("declined by {}{why}", context.actor);
        TaskStatus::Failed { reason: FailureReason::Declined, exit_code: None, message }
    };
    Ok(Decision::done(end(context, live, id, status)))
}

/// Ends a wait that took too long: the task fails.
pub(super) fn time_out(context: Context<'_>, key: &TaskKey) -> Verdict {
    let (live, id, _) = waiting(context, key)?;
    let task = live.config.tasks.get(id).zip(live.run.tasks.get(id));
    let Some((since, timeout)) = task.and_then(|(config, task)| Some((task.not_before, config.timeout?))) else {
        return Err(precondition(format!("task {key} has no time-out")).field("task"));
    };
    let deadline = since.after(timeout);
    if context.time < deadline {
        return Err(precondition(format!("task {key} may wait until {deadline}, and it is {}", context.time))
            .field("task")
            .help("try again then"));
    }
    let message = format!("nobody has approved it within {timeout:?}");
    let status = TaskStatus::Failed { reason: FailureReason::Timeout, exit_code: None, message };
    Ok(Decision::done(end(context, live, id, status)))
}

fn waiting<'a>(context: Context<'a>, key: &TaskKey) -> Result<(&'a LiveRun, &'a TaskId, &'a Approval), Rejection> {
    let live = live_run(context, &key.run)?;
    let found = live.config.tasks.get_key_value(&key.task).zip(live.run.tasks.get(&key.task));
    let Some(((id, config), task)) = found else {
        let message = format!("run {} has no task {}", key.run, key.task);
        return Err(Rejection::new(Reason::NotFound, message).field("task").help("look at the run for its tasks"));
    };
    let TaskKind::Approval(approval) = &config.kind else {
        return Err(precondition(format!("task {key} is none that waits for approval")).field("task"));
    };
    if task.status != TaskStatus::Waiting {
        return Err(precondition(format!("task {key} does not wait for approval, or not any more"))
            .field("task")
            .help("look at the run for how it stands"));
    }
    Ok((live, id, approval))
}

/// Ends a waiting task, and with it what depends on it.
pub(super) fn end(context: Context<'_>, live: &LiveRun, id: &TaskId, status: TaskStatus) -> Vec<Event> {
    let mut events = Vec::new();
    let mut draft = RunDraft::new(live, context.time);
    draft.end_task(id, status, &mut events);
    if draft.conclude(&mut events) {
        let run = &live.run.key;
        queue::runs_ended(context, &run.pipeline, &BTreeSet::from([run.run]), &mut events);
    }
    events
}
