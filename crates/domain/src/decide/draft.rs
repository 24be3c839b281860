//! One run while a command works on it: the run as it stands, and beside it what the command's events change.

use std::collections::BTreeMap;

use crate::config::TaskConfig;
use crate::dag::{self, Next};
use crate::event::Event;
use crate::ids::{AttemptKey, TaskId, TaskKey};
use crate::policy;
use crate::run::{Attempt, AttemptOutcome, AttemptStatus, FailureReason, LogRef, RunStatus, StopReason, TaskStatus};
use crate::shared;
use crate::state::LiveRun;
use crate::time::Timestamp;
use crate::values::{Call, Scope, TaskKind};

pub(super) struct RunDraft<'a> {
    live: &'a LiveRun,
    time: Timestamp,
    stopping: Option<StopReason>,
    changed: BTreeMap<&'a TaskId, TaskStatus>,
    /// Attempts that ended in this draft, by task: a task has at most one live attempt.
    ended: BTreeMap<&'a TaskId, AttemptOutcome>,
    /// What tasks have put out that succeeded in this draft.
    outputs: BTreeMap<&'a TaskId, BTreeMap<String, String>>,
}

impl<'a> RunDraft<'a> {
    pub(super) fn new(live: &'a LiveRun, time: Timestamp) -> Self {
        let stopping = live.run.stopping.clone();
        Self { live, time, stopping, changed: BTreeMap::new(), ended: BTreeMap::new(), outputs: BTreeMap::new() }
    }

    /// Starts the run: every task is looked at that was not given a result.
    pub(super) fn start(&mut self, events: &mut Vec<Event>) {
        events.push(Event::RunStarted { run: self.live.run.key.clone() });
        let ids: Vec<&'a TaskId> = self.live.run.tasks.keys().collect();
        let ended = self.unlock(&ids, events);
        self.unlock_below(ended, events);
    }

    /// Ends the task's newest attempt, and decides what follows for the task and its descendants.
    pub(super) fn finish_attempt(
        &mut self,
        id: &'a TaskId,
        outcome: AttemptOutcome,
        log: Option<LogRef>,
        outputs: BTreeMap<String, String>,
        events: &mut Vec<Event>,
    ) {
        let Some(attempt) = self.newest_open(id) else { return };
        let outcome = normal(attempt, outcome);
        let key = self.newest_key(id);
        let outputs = if outcome == AttemptOutcome::Succeeded { outputs } else { BTreeMap::new() };
        let finished = Event::AttemptFinished { attempt: key, outcome: outcome.clone(), log, outputs: outputs.clone() };
        events.push(finished);
        self.outputs.insert(id, outputs);
        let again = if self.stopping.is_none() { self.retry_at(id, &outcome) } else { None };
        if let Some(not_before) = again {
            self.queue_task(id, not_before, events);
        } else {
            self.end_task(id, status_of(&outcome), events);
        }
        self.ended.insert(id, outcome);
    }

    /// Ends a task, and decides what follows for its descendants.
    pub(super) fn end_task(&mut self, id: &'a TaskId, status: TaskStatus, events: &mut Vec<Event>) {
        self.finish_task(id, status, events);
        self.unlock_children(id, events);
    }

    /// Stops the run: no task starts any more, and live attempts are told to end. A task that waits for runs of its own
    /// goes on to wait, until the leader has stopped those.
    pub(super) fn stop(&mut self, reason: &StopReason, events: &mut Vec<Event>) {
        if self.live.run.status == RunStatus::Running {
            events.push(Event::RunStopRequested { run: self.live.run.key.clone(), reason: reason.clone() });
        }
        self.stopping = Some(reason.clone());
        let message = stop_message(reason);
        for (id, task) in &self.live.run.tasks {
            let ends_now = match self.status(id) {
                Some(TaskStatus::Pending | TaskStatus::Queued) => true,
                Some(TaskStatus::Waiting) => self.call(id).is_none(),
                _ => false,
            };
            if ends_now {
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
            let (run, status) = (self.live.run.key.clone(), self.final_status());
            events.push(Event::RunFinished { run, status, started_at: None, ends: None });
        }
        over
    }

    fn call(&self, id: &TaskId) -> Option<&'a Call> {
        match &self.live.config.tasks.get(id)?.kind {
            TaskKind::Pipeline(call) => Some(call),
            TaskKind::Container | TaskKind::Approval(_) | TaskKind::Shared(_) => None,
        }
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
        events.push(Event::TaskQueued { task: self.key(id), not_before, attempts: 0 });
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
        let ended = self.unlock(&direct, events);
        self.unlock_below(ended, events);
    }

    fn unlock_below(&mut self, mut ended: Vec<&'a TaskId>, events: &mut Vec<Event>) {
        if ended.is_empty() {
            return;
        }
        // A look at all tasks for each one that ended would be quadratic.
        let children = dag::children(&self.live.config.tasks);
        while let Some(parent) = ended.pop() {
            if let Some(children) = children.get(parent) {
                ended.extend(self.unlock(children, events));
            }
        }
    }

    /// Lets pending tasks go on whose parents have ended. Returns those that ended at once.
    fn unlock(&mut self, children: &[&'a TaskId], events: &mut Vec<Event>) -> Vec<&'a TaskId> {
        let mut ended = Vec::new();
        for child in children {
            let Some(task) = self.live.config.tasks.get(*child) else { continue };
            if self.status(child) != Some(&TaskStatus::Pending) {
                continue;
            }
            match dag::next(task, |id| self.status(id)) {
                Next::Wait => {}
                Next::Queue => {
                    if self.begin(child, task, events) {
                        ended.push(*child);
                    }
                }
                Next::Skip(message) => {
                    self.finish_task(child, TaskStatus::Skipped { message }, events);
                    ended.push(*child);
                }
            }
        }
        ended
    }

    /// Begins a task whose parents allow it. Says whether that ended it: a condition does not hold, or a value that it
    /// needs is not there.
    fn begin(&mut self, id: &'a TaskId, task: &TaskConfig, events: &mut Vec<Event>) -> bool {
        if let Some(status) = self.obstacle(id, task) {
            self.finish_task(id, status, events);
            return true;
        }
        match &task.kind {
            TaskKind::Container | TaskKind::Shared(_) => self.queue_task(id, self.time, events),
            TaskKind::Approval(_) | TaskKind::Pipeline(_) => {
                events.push(Event::TaskWaiting { task: self.key(id) });
                self.changed.insert(id, TaskStatus::Waiting);
            }
        }
        false
    }

    fn obstacle(&self, id: &TaskId, task: &TaskConfig) -> Option<TaskStatus> {
        if task.conditions.is_empty() && task.inputs.is_empty() && task.shared().is_none() {
            return None;
        }
        let outputs = |id: &TaskId| {
            let known = || self.live.run.tasks.get(id).map(|task| &task.outputs);
            let drafted = self.outputs.get(id);
            if matches!(self.status(id), Some(TaskStatus::Succeeded)) { drafted.or_else(known) } else { None }
        };
        let LiveRun { run, config, .. } = self.live;
        let scope = Scope { run: &run.options.variables, pipeline: &config.variables, outputs: &outputs, item: None };
        if let Some(message) = scope.unmet(&task.conditions) {
            return Some(TaskStatus::Skipped { message });
        }
        let missing = task.inputs.values().find_map(|value| scope.get(value).err());
        let missing = missing.map(|missing| format!("it needs {missing}"));
        let unusable = || task.shared().and_then(|shared| shared::obstacle(self.live, id, shared, scope));
        let message = missing.or_else(unusable)?;
        Some(TaskStatus::Failed { reason: FailureReason::MissingValue, exit_code: None, message })
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

pub(super) fn stop_message(reason: &StopReason) -> String {
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
        | TaskStatus::Waiting
        | TaskStatus::Placed
        | TaskStatus::Launching
        | TaskStatus::Running
        | TaskStatus::Succeeded
        | TaskStatus::Cancelled { .. }
        | TaskStatus::Skipped { .. } => return String::new(),
    };
    if message.is_empty() { what.to_owned() } else { format!("{what}: {message}") }
}
