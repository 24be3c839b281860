//! Events about runs, their tasks and attempts.

use crate::config::DriverKind;
use crate::event::Event;
use crate::ids::{AttemptKey, NodeId, RunKey, TaskKey, Version};
use crate::run::{Attempt, AttemptStatus, Run, RunStatus, TaskRun, TaskStatus};
use crate::shared::{Pins, definitions};
use crate::state::{History, LiveRun, State};

pub(super) fn apply_run(state: &mut State, history: &dyn History, event: &Event) {
    let time = state.time;
    if let Event::RunCreated { .. } = event {
        create(state, history, event);
    } else if let Event::RunStarted { run } = event {
        change_run(state, run, |run| {
            run.status = RunStatus::Running;
            run.started_at = Some(time);
        });
        if let Some(pipeline) = state.pipelines.get_mut(&run.pipeline) {
            leave_queue(&mut pipeline.queue, run.run);
            pipeline.running.insert(run.run);
        }
    } else if let Event::RunStopRequested { run, reason } = event {
        change_run(state, run, |run| run.stopping = Some(reason.clone()));
    } else if let Event::RunAnnotated { run, note, labels } = event {
        recall(state, history, run);
        change_run(state, run, |run| {
            run.options.note.clone_from(note);
            run.options.labels.clone_from(labels);
        });
    } else if let Event::RunFinished { run, status, ends, .. } = event {
        super::release::count_finished(state, run, status);
        change_run(state, run, |run| {
            run.status = status.clone();
            run.finished_at = Some(time);
        });
        if let Some(pipeline) = state.pipelines.get_mut(&run.pipeline) {
            leave_queue(&mut pipeline.queue, run.run);
            pipeline.running.remove(&run.run);
            // Absent from events of before they were counted: what follows from those must stay the same.
            pipeline.ends = ends.unwrap_or(pipeline.ends);
        }
    }
}

pub(super) fn apply_task(state: &mut State, event: &Event) {
    let (time, revision) = (state.time, state.revision);
    if let Event::TaskQueued { task, not_before, .. } = event {
        change_task(state, task, |task| {
            task.status = TaskStatus::Queued;
            task.not_before = *not_before;
            task.queued_revision = revision;
        });
    } else if let Event::TaskWaiting { task } = event {
        change_task(state, task, |task| {
            task.status = TaskStatus::Waiting;
            task.not_before = time;
            task.queued_revision = revision;
        });
    } else if let Event::TaskKept { task, from, outputs } = event {
        change_task(state, task, |task| {
            task.keep(*from, outputs.clone());
            task.finished_at = Some(time);
        });
    } else if let Event::TaskFinished { task, status } = event {
        change_task(state, task, |task| {
            task.status = status.clone();
            task.finished_at = Some(time);
        });
    }
}

pub(super) fn apply_attempt(state: &mut State, event: &Event) {
    let time = state.time;
    if let Event::AttemptPlaced { attempt, node, driver } = event {
        place(state, attempt, *node, *driver);
    } else if let Event::AttemptLaunching { attempt } = event {
        change_attempt(state, attempt, |attempt| {
            attempt.status = AttemptStatus::Launching;
            Some(TaskStatus::Launching)
        });
    } else if let Event::AttemptStarted { attempt } = event {
        change_attempt(state, attempt, |attempt| {
            attempt.status = AttemptStatus::Running;
            attempt.started_at = Some(time);
            Some(TaskStatus::Running)
        });
    } else if let Event::AttemptStopRequested { attempt, reason } = event {
        change_attempt(state, attempt, |attempt| {
            attempt.stopping = Some(reason.clone());
            None
        });
    } else if let Event::AttemptFinished { attempt, outcome, log, outputs } = event {
        if !outputs.is_empty() {
            change_task(state, &attempt.task, |task| task.outputs.clone_from(outputs));
        }
        change_attempt(state, attempt, |attempt| {
            attempt.status = AttemptStatus::Finished(outcome.clone());
            attempt.finished_at = Some(time);
            attempt.log = log.clone();
            None
        });
    }
}

fn create(state: &mut State, history: &dyn History, event: &Event) {
    let Event::RunCreated {
        run: key,
        version,
        options,
        started_by,
        retry_of,
        parent,
        release,
        schedule,
        subscription,
        shared,
        depth,
    } = event
    else {
        return;
    };
    let Some(pipeline) = state.pipelines.get_mut(&key.pipeline) else { return };
    let known = pipeline.config_of(*version).cloned();
    let Some(config) = known.or_else(|| history.config(&key.pipeline, *version)) else { return };
    if state.runs.contains_key(key) {
        return;
    }
    pipeline.last_run = pipeline.last_run.max(key.run);
    let goes_first = |other: &u64| {
        let other = RunKey { pipeline: key.pipeline.clone(), run: *other };
        state.runs.get(&other).is_none_or(|other| other.run.options.priority >= options.priority)
    };
    let place = pipeline.queue.iter().rposition(goes_first).map_or(0, |last| last + 1);
    pipeline.queue.insert(place, key.run);
    super::release::count_created(pipeline, *version, *release);
    let run = Run {
        started_by: started_by.clone(),
        retry_of: *retry_of,
        parent: parent.clone(),
        release: *release,
        schedule: schedule.clone(),
        subscription: subscription.clone(),
        shared: shared.clone(),
        depth: *depth,
        created_at: state.time,
        revision: state.revision,
        ..Run::new(key.clone(), *version, (**options).clone(), &config)
    };
    let live = LiveRun::new(run, config, |key, version| state.find_config(history, key, version));
    state.index.link_run(&live);
    state.runs.insert(key.clone(), live);
    if let Some(parent) = parent {
        change_task(state, parent, |task| task.children.push(key.run));
    }
}

/// Takes an ended run back among the hot ones, to be changed.
fn recall(state: &mut State, history: &dyn History, key: &RunKey) {
    if state.runs.contains_key(key) {
        return;
    }
    let Some(run) = history.run(key) else { return };
    let Some(config) = history.config(&key.pipeline, run.version) else { return };
    let live = LiveRun::new(run, config, |key, version| state.find_config(history, key, version));
    state.index.link_run(&live);
    state.runs.insert(key.clone(), live);
}

/// Gives a run that waits another version. Nothing of it was done yet.
pub(super) fn move_run(state: &mut State, history: &dyn History, key: &RunKey, version: Version, shared: &Pins) {
    let Some(config) = state.find_config(history, &key.pipeline, version) else { return };
    let definitions = definitions(&config, shared, |key, version| state.find_config(history, key, version));
    let Some(live) = state.runs.get_mut(key).filter(|live| live.run.status == RunStatus::Queued) else { return };
    state.index.unlink_run(live);
    live.run.tasks.keys().for_each(|id| state.index.unlink_task(live, id));
    live.run.tasks = config.tasks.keys().map(|id| (id.clone(), TaskRun::pending())).collect();
    (live.run.version, live.run.release, live.run.revision) = (version, None, state.revision);
    live.run.shared.clone_from(shared);
    (live.config, live.shared) = (config, definitions);
    state.index.link_run(live);
}

/// The next run to start stands in front; any other leaves the middle only when it is cancelled.
fn leave_queue(queue: &mut std::collections::VecDeque<u64>, run: u64) {
    if queue.front() == Some(&run) {
        queue.pop_front();
    } else {
        queue.retain(|waiting| *waiting != run);
    }
}

fn place(state: &mut State, key: &AttemptKey, node: NodeId, driver: DriverKind) {
    let time = state.time;
    change_task(state, &key.task, |task| {
        if usize::try_from(key.attempt).is_ok_and(|number| number == task.attempts.len() + 1) {
            task.attempts.push(Attempt {
                node,
                driver,
                status: AttemptStatus::Placed,
                placed_at: time,
                started_at: None,
                finished_at: None,
                stopping: None,
                log: None,
            });
            task.status = TaskStatus::Placed;
        }
    });
}

fn change_run(state: &mut State, key: &RunKey, change: impl FnOnce(&mut Run)) {
    let Some(live) = state.runs.get_mut(key) else { return };
    state.index.unlink_run(live);
    change(&mut live.run);
    live.run.revision = state.revision;
    state.index.link_run(live);
}

fn change_task(state: &mut State, key: &TaskKey, change: impl FnOnce(&mut TaskRun)) {
    let Some(live) = state.runs.get_mut(&key.run) else { return };
    if !live.run.tasks.contains_key(&key.task) {
        return;
    }
    state.index.unlink_task(live, &key.task);
    if let Some(task) = live.run.tasks.get_mut(&key.task) {
        change(task);
        live.run.revision = state.revision;
    }
    state.index.link_task(live, &key.task);
}

/// Changes an attempt that has not ended, and its task's status with it.
fn change_attempt(state: &mut State, key: &AttemptKey, change: impl FnOnce(&mut Attempt) -> Option<TaskStatus>) {
    change_task(state, &key.task, |task| {
        let slot = usize::try_from(key.attempt).ok().and_then(|number| number.checked_sub(1));
        let Some(attempt) = slot.and_then(|slot| task.attempts.get_mut(slot)) else { return };
        if !attempt.status.is_final()
            && let Some(status) = change(attempt)
        {
            task.status = status;
        }
    });
}
