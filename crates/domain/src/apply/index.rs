//! What a run and a task add to the index: functions of stored facts alone, so that a rebuilt index equals a kept one.

use crate::config::Resources;
use crate::ids::{AttemptKey, TaskId, TaskKey};
use crate::run::{Attempt, RunStatus, TaskStatus};
use crate::shared;
use crate::state::{Deadline, Index, LiveRun};
use crate::time::Timestamp;
use crate::values::TaskKind;

impl Index {
    /// Adds what the run itself contributes.
    pub(super) fn link_run(&mut self, live: &LiveRun) {
        if live.run.status.is_final() {
            self.finished.insert(live.run.key.clone());
        }
        self.deadlines.extend(run_deadline(live));
    }

    /// Takes out what [`Index::link_run`] added for the run as it is.
    pub(super) fn unlink_run(&mut self, live: &LiveRun) {
        if live.run.status.is_final() {
            self.finished.remove(&live.run.key);
        }
        if let Some(deadline) = run_deadline(live) {
            self.deadlines.remove(&deadline);
        }
    }

    /// Adds what a task and its attempts contribute.
    pub(super) fn link_task(&mut self, live: &LiveRun, id: &TaskId) {
        self.queued.extend(queued(live, id));
        if let Some(waiting) = waiting(live, id) {
            self.deadlines.extend(wait_deadline(live, id));
            if waiting {
                self.calls.insert(task_key(live, id));
            }
        }
        for (key, attempt) in open_attempts(live, id) {
            let wanted = resources(live, id);
            let used = self.used.entry(attempt.node).or_default();
            used.cpu_millis = used.cpu_millis.saturating_add(wanted.cpu_millis);
            used.memory_bytes = used.memory_bytes.saturating_add(wanted.memory_bytes);
            self.deadlines.extend(attempt_deadline(live, id, &key, attempt));
            self.placed.entry(attempt.node).or_default().insert(key);
        }
    }

    /// Takes out what [`Index::link_task`] added for the task as it is.
    pub(super) fn unlink_task(&mut self, live: &LiveRun, id: &TaskId) {
        if let Some(queued) = queued(live, id) {
            self.queued.remove(&queued);
        }
        if let Some(waiting) = waiting(live, id) {
            if let Some(deadline) = wait_deadline(live, id) {
                self.deadlines.remove(&deadline);
            }
            if waiting {
                self.calls.remove(&task_key(live, id));
            }
        }
        for (key, attempt) in open_attempts(live, id) {
            if let Some(deadline) = attempt_deadline(live, id, &key, attempt) {
                self.deadlines.remove(&deadline);
            }
            let Some(placed) = self.placed.get_mut(&attempt.node) else { continue };
            placed.remove(&key);
            if placed.is_empty() {
                self.placed.remove(&attempt.node);
                self.used.remove(&attempt.node);
            } else if let Some(used) = self.used.get_mut(&attempt.node) {
                let wanted = resources(live, id);
                used.cpu_millis = used.cpu_millis.saturating_sub(wanted.cpu_millis);
                used.memory_bytes = used.memory_bytes.saturating_sub(wanted.memory_bytes);
            }
        }
    }
}

fn run_deadline(live: &LiveRun) -> Option<(Timestamp, Deadline)> {
    if live.run.status != RunStatus::Running || live.run.stopping.is_some() {
        return None;
    }
    let at = live.run.started_at?.after(live.config.timeout?);
    Some((at, Deadline::Run(live.run.key.clone())))
}

fn attempt_deadline(live: &LiveRun, id: &TaskId, key: &AttemptKey, attempt: &Attempt) -> Option<(Timestamp, Deadline)> {
    if attempt.stopping.is_some() {
        return None;
    }
    let timeout = live.config.tasks.get(id)?.timeout?;
    Some((attempt.placed_at.after(timeout), Deadline::Attempt(key.clone())))
}

fn queued(live: &LiveRun, id: &TaskId) -> Option<(Timestamp, crate::ids::Revision, TaskKey)> {
    let task = live.run.tasks.get(id)?;
    (task.status == TaskStatus::Queued).then(|| (task.not_before, task.queued_revision, task_key(live, id)))
}

/// Whether a task waits for runs of its own; none if it does not wait at all.
fn waiting(live: &LiveRun, id: &TaskId) -> Option<bool> {
    let task = live.run.tasks.get(id)?;
    let runs = || live.config.tasks.get(id).is_some_and(|config| matches!(config.kind, TaskKind::Pipeline(_)));
    (task.status == TaskStatus::Waiting).then(runs)
}

fn wait_deadline(live: &LiveRun, id: &TaskId) -> Option<(Timestamp, Deadline)> {
    let config = live.config.tasks.get(id)?;
    let TaskKind::Approval(_) = &config.kind else { return None };
    let since = live.run.tasks.get(id)?.not_before;
    Some((since.after(config.timeout?), Deadline::Task(task_key(live, id))))
}

fn open_attempts<'a>(live: &'a LiveRun, id: &'a TaskId) -> impl Iterator<Item = (AttemptKey, &'a Attempt)> {
    let attempts = live.run.tasks.get(id).map_or(&[][..], |task| &task.attempts[..]);
    (1..)
        .zip(attempts)
        .filter(|(_, attempt)| !attempt.status.is_final())
        .map(move |(number, attempt)| (AttemptKey { task: task_key(live, id), attempt: number }, attempt))
}

fn resources(live: &LiveRun, id: &TaskId) -> Resources {
    shared::container(live, id).map(|task| task.resources).unwrap_or_default()
}

fn task_key(live: &LiveRun, id: &TaskId) -> TaskKey {
    TaskKey { run: live.run.key.clone(), task: id.clone() }
}
