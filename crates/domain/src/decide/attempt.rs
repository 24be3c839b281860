//! Attempts: the only right to launch, and what the nodes report of it.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::RunDraft;
use super::{Context, Decision, Verdict, cut, precondition, queue};
use crate::config::DriverKind;
use crate::event::Event;
use crate::ids::{AttemptKey, NodeId, TaskId};
use crate::policy::check_placement;
use crate::rejection::{Reason, Rejection};
use crate::run::{Attempt, AttemptOutcome, AttemptStatus, FailureReason, LogRef, RunStatus, StopReason, TaskStatus};
use crate::shared;
use crate::state::LiveRun;
use crate::validate::check_outputs;

/// Gives a node the right to launch a queued task's next attempt, and nobody else ever.
pub(super) fn assign(context: Context<'_>, key: &AttemptKey, node: NodeId, driver: DriverKind) -> Verdict {
    let run_key = &key.task.run;
    let live = context.state.runs.get(run_key).ok_or_else(|| context.no_live_run(run_key))?;
    if live.run.status != RunStatus::Running || live.run.stopping.is_some() {
        return Err(precondition(format!("run {run_key} is not running, or is being stopped")).field("attempt"));
    }
    let id = &key.task.task;
    let (Some(task), Some(config)) = (live.run.tasks.get(id), shared::container(live, id)) else {
        return Err(Rejection::new(Reason::NotFound, format!("run {run_key} has no task {id}")).field("attempt"));
    };
    if task.status != TaskStatus::Queued {
        return Err(precondition(format!("task {} is not queued", key.task)).field("attempt"));
    }
    if context.time < task.not_before {
        return Err(precondition(format!("task {} is not to be tried before {}", key.task, task.not_before))
            .field("attempt")
            .help("assign it again then"));
    }
    let next = task.attempts.len() + 1;
    if usize::try_from(key.attempt) != Ok(next) {
        return Err(precondition(format!("the next attempt of task {} is {next}, not {}", key.task, key.attempt))
            .field("attempt"));
    }
    let Some(known) = context.state.nodes.get(&node) else {
        return Err(Rejection::new(Reason::NotFound, format!("node {node} does not exist")).field("node"));
    };
    check_placement(context.state, known, config, driver).map_err(|fault| fault.field("node"))?;
    Ok(Decision::done(vec![Event::AttemptPlaced { attempt: key.clone(), node, driver }]))
}

/// Orders the end of an attempt whose time-out has passed. Once it has ended it counts as failed, and may be retried.
pub(super) fn time_out(context: Context<'_>, key: &AttemptKey) -> Verdict {
    let (live, id, attempt) = open_attempt(context, key)?;
    if attempt.stopping.is_some() {
        return Ok(Decision::done(Vec::new()));
    }
    let Some(timeout) = live.config.tasks.get(id).and_then(|task| task.timeout) else {
        return Err(precondition(format!("task {} has no time-out", key.task)).field("attempt"));
    };
    let deadline = attempt.placed_at.after(timeout);
    if context.time < deadline {
        return Err(precondition(format!("attempt {key} may go on until {deadline}, and it is {}", context.time))
            .field("attempt")
            .help("try again then"));
    }
    let reason = StopReason::Timeout { message: format!("the task's time-out of {timeout:?} passed") };
    Ok(Decision::done(vec![Event::AttemptStopRequested { attempt: key.clone(), reason }]))
}

/// A report that comes late (it is launching or runs already) changes nothing.
pub(super) fn launching(context: Context<'_>, key: &AttemptKey, node: NodeId) -> Verdict {
    let (_, _, attempt) = attempt_on(context, key, node)?;
    let news = attempt.status == AttemptStatus::Placed;
    Ok(Decision::done(news.then(|| Event::AttemptLaunching { attempt: key.clone() }).into_iter().collect()))
}

/// A repeated report changes nothing. `ReportLaunching` may have been left out.
pub(super) fn started(context: Context<'_>, key: &AttemptKey, node: NodeId) -> Verdict {
    let (_, _, attempt) = attempt_on(context, key, node)?;
    let news = attempt.status != AttemptStatus::Running;
    Ok(Decision::done(news.then(|| Event::AttemptStarted { attempt: key.clone() }).into_iter().collect()))
}

/// Ends an attempt, and with it what depends on it: the task (or its next try), its descendants, the run, and the
/// wait of the pipeline's next run. A fast task may never have been reported as started.
pub(super) fn finished(
    context: Context<'_>,
    key: &AttemptKey,
    node: NodeId,
    outcome: &AttemptOutcome,
    log: Option<&LogRef>,
    outputs: &BTreeMap<String, String>,
) -> Verdict {
    let (live, id, _) = attempt_on(context, key, node)?;
    let outcome = match check_outputs(outputs) {
        Err(message) if *outcome == AttemptOutcome::Succeeded => {
            &AttemptOutcome::Failed { reason: FailureReason::Launch, exit_code: None, message }
        }
        Ok(()) | Err(_) => outcome,
    };
    let mut events = Vec::new();
    let mut draft = RunDraft::new(live, context.time);
    draft.finish_attempt(id, shortened(outcome), log.cloned(), outputs.clone(), &mut events);
    if draft.conclude(&mut events) {
        let run = &live.run.key;
        queue::runs_ended(context, &run.pipeline, &BTreeSet::from([run.run]), &mut events);
    }
    Ok(Decision::done(events))
}

fn shortened(outcome: &AttemptOutcome) -> AttemptOutcome {
    let mut outcome = outcome.clone();
    match &mut outcome {
        AttemptOutcome::Succeeded => {}
        AttemptOutcome::Failed { message, .. }
        | AttemptOutcome::Cancelled { message }
        | AttemptOutcome::Lost { message }
        | AttemptOutcome::Unknown { message } => *message = cut(message),
    }
    outcome
}

fn stale(key: &AttemptKey, why: &str) -> Rejection {
    Rejection::new(Reason::StaleReport, format!("attempt {key} {why}"))
        .field("attempt")
        .help("stop and remove what runs under its name")
}

/// Rejects an attempt that has ended, or never was.
pub(super) fn check_open(context: Context<'_>, key: &AttemptKey) -> Result<(), Rejection> {
    open_attempt(context, key).map(drop)
}

/// An attempt that has not ended. It is the newest of its task: the next is placed only after the end of the one
/// before.
fn open_attempt<'a>(
    context: Context<'a>,
    key: &AttemptKey,
) -> Result<(&'a LiveRun, &'a TaskId, &'a Attempt), Rejection> {
    let never = || stale(key, "is not known among the live runs");
    let live = context.state.runs.get(&key.task.run).ok_or_else(never)?;
    let (id, task) = live.run.tasks.get_key_value(&key.task.task).ok_or_else(never)?;
    let slot = usize::try_from(key.attempt).ok().and_then(|number| number.checked_sub(1));
    let attempt = slot.and_then(|slot| task.attempts.get(slot)).ok_or_else(never)?;
    if attempt.status.is_final() {
        return Err(stale(key, "has ended already"));
    }
    Ok((live, id, attempt))
}

fn attempt_on<'a>(
    context: Context<'a>,
    key: &AttemptKey,
    node: NodeId,
) -> Result<(&'a LiveRun, &'a TaskId, &'a Attempt), Rejection> {
    let found = open_attempt(context, key)?;
    if found.2.node == node {
        return Ok(found);
    }
    Err(stale(key, &format!("was placed on node {}, not on node {node}", found.2.node)))
}
