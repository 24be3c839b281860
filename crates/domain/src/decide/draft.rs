//! One run while a command works on it: the run as it stands, and beside it what the command's events change.

use std::collections::BTreeMap;

use crate::config::PipelineConfig;
use crate::dag::{self, Next};
use crate::event::Event;
use crate::ids::{AttemptKey, TaskId, TaskKey};
use crate::policy;
use crate::run::{Attempt, AttemptOutcome, AttemptStatus, FailureReason, LogRef, RunStatus, StopReason, TaskStatus};
use crate::state::LiveRun;
use crate::time::Timestamp;

/// The tasks without parents.
pub(super) fn roots(config: &PipelineConfig) -> impl Iterator<Item = &TaskId> {
    config.tasks.iter().filter(|(_, task)| task.depends_on.is_empty()).map(|(id, _)| id)
}

pub(super) struct RunDraft<'a> {
    live: &'a LiveRun,
    time: Timestamp,
    stopping: Option<StopReason>,
    changed: BTreeMap<&'a TaskId, TaskStatus>,
    /// Attempts that ended in this draft, by task: a task has at most one live attempt.
    ended: BTreeMap<&'a TaskId, AttemptOutcome>,
}

impl<'a> RunDraft<'a> {
    pub(super) fn new(live: &'a LiveRun, time: Timestamp) -> Self {
        let stopping = live.run.stopping.clone();
        Self { live, time, stopping, changed: BTreeMap::new(), ended: BTreeMap::new() }
    }

    /// Ends the task's newest attempt, and decides what follows for the task and its descendants.
    pub(super) fn finish_attempt(
        &mut self,
        id: &'a TaskId,
        outcome: AttemptOutcome,
        log: Option<LogRef>,
        events: &mut Vec<Event>,
    ) {
        let Some(attempt) = self.newest_open(id) else { return };
        let outcome = normal(attempt, outcome);
        let key = self.newest_key(id);
        events.push(Event::AttemptFinished { attempt: key, outcome: outcome.clone(), log });
        let again = if self.stopping.is_none() { self.retry_at(id, &outcome) } else { None };
        if let Some(not_before) = again {
            self.queue_task(id, not_before, events);
        } else {
            self.finish_task(id, status_of(&outcome), events);
            self.unlock_children(id, events);
        }
        self.ended.insert(id, outcome);
    }

    /// Stops the run: no task starts any more, and live attempts are told to end.
    pub(super) fn stop(&mut self, reason: &StopReason, events: &mut Vec<Event>) {
        if self.live.run.status == RunStatus::Running {
            events.push(Event::RunStopRequested { run: self.live.run.key.clone(), reason: reason.clone() });
        }
        self.stopping = Some(reason.clone());
        let message = stop_message(reason);
        for (id, task) in &self.live.run.tasks {
            if matches!(self.status(id), Some(TaskStatus::Pending | TaskStatus::Queued)) {
                self.finish_task(id, TaskStatus::Cancelled { message: message.clone() }, events);
            } else if let Some(attempt) = task.attempts.last()
                && !attempt.status.is_final()
                && attempt.stopping.is_none()
            {
                events.push(Event::AttemptStopRequested { attempt: self.newest_key(id), reason: reason.clone() });
            }
        }
    }

    /// Ends the run if all its tasks have ended; says whether it did.
    pub(super) fn conclude(&self, events: &mut Vec<Event>) -> bool {
        let over = self.live.run.tasks.keys().all(|id| self.status(id).is_some_and(TaskStatus::is_final));
        if over {
            events.push(Event::RunFinished { run: self.live.run.key.clone(), status: self.final_status() });
        }
        over
    }

    fn status(&self, id: &TaskId) -> Option<&TaskStatus> {
        self.changed.get(id).or_else(|| self.live.run.tasks.get(id).map(|task| &task.status))
    }

    fn newest_open(&self, id: &TaskId) -> Option<&'a Attempt> {
        let attempt = self.live.run.tasks.get(id)?.attempts.last()?;
        (!attempt.status.is_final() && !self.ended.contains_key(id)).then_some(attempt)
    }

    fn newest_key(&self, id: &TaskId) -> AttemptKey {
        let attempts = self.live.run.tasks.get(id).map_or(0, |task| task.attempts.len());
        AttemptKey { task: self.key(id), attempt: u32::try_from(attempts).unwrap_or(u32::MAX) }
    }

    fn key(&self, id: &TaskId) -> TaskKey {
        TaskKey { run: self.live.run.key.clone(), task: id.clone() }
    }

    fn retry_at(&self, id: &TaskId, outcome: &AttemptOutcome) -> Option<Timestamp> {
        let policy = &self.live.config.tasks.get(id)?.retry;
        let attempts = &self.live.run.tasks.get(id)?.attempts;
        let earlier = attempts.iter().filter_map(|attempt| match &attempt.status {
            AttemptStatus::Finished(outcome) => Some(outcome),
            AttemptStatus::Placed | AttemptStatus::Launching | AttemptStatus::Running => None,
        });
        policy::retry(policy, earlier.chain([outcome]), self.time)
    }

    fn queue_task(&mut self, id: &'a TaskId, not_before: Timestamp, events: &mut Vec<Event>) {
        events.push(Event::TaskQueued { task: self.key(id), not_before });
        self.changed.insert(id, TaskStatus::Queued);
    }

    fn finish_task(&mut self, id: &'a TaskId, status: TaskStatus, events: &mut Vec<Event>) {
        events.push(Event::TaskFinished { task: self.key(id), status: status.clone() });
        self.changed.insert(id, status);
    }

    /// Queues or skips the pending children of a task that ended, and so on below every task that was skipped.
    fn unlock_children(&mut self, ended: &'a TaskId, events: &mut Vec<Event>) {
        let tasks = &self.live.config.tasks;
        let direct: Vec<&'a TaskId> =
            tasks.iter().filter(|(_, task)| task.depends_on.contains_key(ended)).map(|(id, _)| id).collect();
        let mut skipped = self.unlock(&direct, events);
        if skipped.is_empty() {
            return;
        }
        // A look at all tasks for each skipped one would be quadratic.
        let children = dag::children(tasks);
        while let Some(parent) = skipped.pop() {
            if let Some(children) = children.get(parent) {
                skipped.extend(self.unlock(children, events));
            }
        }
    }

    /// Returns the tasks that were skipped.
    fn unlock(&mut self, children: &[&'a TaskId], events: &mut Vec<Event>) -> Vec<&'a TaskId> {
        let mut skipped = Vec::new();
        for child in children {
            let Some(task) = self.live.config.tasks.get(*child) else { continue };
            if self.status(child) != Some(&TaskStatus::Pending) {
                continue;
            }
            match dag::next(task, |id| self.status(id)) {
                Next::Wait => {}
                Next::Queue => self.queue_task(child, self.time, events),
                Next::Skip(message) => {
                    self.finish_task(child, TaskStatus::Skipped { message }, events);
                    skipped.push(*child);
                }
            }
        }
        skipped
    }

    /// A stopped run ends as its stop reason says; else the tasks decide (see [`dag`]).
    fn final_status(&self) -> RunStatus {
        match &self.stopping {
            Some(StopReason::Timeout { message }) => return RunStatus::Failed { message: message.clone() },
            Some(reason @ (StopReason::Cancelled { .. } | StopReason::Replaced { .. })) => {
                return RunStatus::Cancelled { message: stop_message(reason) };
            }
            None => {}
        }
        let mut failed = self.live.config.tasks.iter().filter_map(|(id, task)| {
            let status = self.status(id)?;
            (!task.allow_failure && dag::is_failure(status)).then_some((id, status))
        });
        let Some((id, status)) = failed.next() else { return RunStatus::Succeeded };
        let mut message = format!("task {id} {}", failure_text(status));
        let others = failed.count();
        if others > 0 {
            message.push_str(&format!(" (and {others} more)"));
        }
        RunStatus::Failed { message }
    }
}

/// What an outcome counts as, given what was ordered:
///
/// - cancelled after a time-out: failed by time-out;
/// - cancelled without any order: its node gave it up, so it counts as lost.
fn normal(attempt: &Attempt, outcome: AttemptOutcome) -> AttemptOutcome {
    let AttemptOutcome::Cancelled { message } = outcome else { return outcome };
    match &attempt.stopping {
        Some(StopReason::Timeout { message }) => {
            AttemptOutcome::Failed { reason: FailureReason::Timeout, exit_code: None, message: message.clone() }
        }
        Some(StopReason::Cancelled { .. } | StopReason::Replaced { .. }) => AttemptOutcome::Cancelled { message },
        None => AttemptOutcome::Lost { message },
    }
}

fn status_of(outcome: &AttemptOutcome) -> TaskStatus {
    match outcome.clone() {
        AttemptOutcome::Succeeded => TaskStatus::Succeeded,
        AttemptOutcome::Failed { reason, exit_code, message } => TaskStatus::Failed { reason, exit_code, message },
        AttemptOutcome::Cancelled { message } => TaskStatus::Cancelled { message },
        AttemptOutcome::Lost { message } => TaskStatus::Lost { message },
        AttemptOutcome::Unknown { message } => TaskStatus::Unknown { message },
    }
}

fn stop_message(reason: &StopReason) -> String {
    match reason {
        StopReason::Cancelled { message } | StopReason::Timeout { message } => message.clone(),
        StopReason::Replaced { by } => format!("replaced by run {by}"),
    }
}

fn failure_text(status: &TaskStatus) -> String {
    let (what, message) = match status {
        TaskStatus::Failed { exit_code: Some(code), .. } => return format!("failed with exit code {code}"),
        TaskStatus::Failed { message, .. } => ("failed", message),
        TaskStatus::Lost { message } => ("was lost", message),
        TaskStatus::Unknown { message } => ("ended in an unknown way", message),
        TaskStatus::Pending
        | TaskStatus::Queued
        | TaskStatus::Placed
        | TaskStatus::Launching
        | TaskStatus::Running
        | TaskStatus::Succeeded
        | TaskStatus::Cancelled { .. }
        | TaskStatus::Skipped { .. } => return String::new(),
    };
    if message.is_empty() { what.to_owned() } else { format!("{what}: {message}") }
}
