//! What follows for a canary release from the end of some of its runs.

use std::collections::BTreeSet;

use super::super::Context;
use super::super::queue::Outlook;
use crate::event::Event;
use crate::ids::{RunKey, TaskId, TaskKey};
use crate::release::{Active, Judgement, Release, Strategy};
use crate::run::{RunStatus, TaskStatus};
use crate::shared::{self, Pins};
use crate::state::{LiveRun, Pipeline};

/// Judges the release in progress by the runs that this command has ended. What follows stands right behind their ends,
/// before other runs start.
pub(in crate::decide) fn judge<'a>(
    context: Context<'_>,
    pipeline: &'a Pipeline,
    ended: &BTreeSet<u64>,
    events: &mut Vec<Event>,
) -> Outlook<'a> {
    let outlook = Outlook::of(pipeline);
    let Some(active) = pipeline.releases.active.as_deref() else { return outlook };
    let Strategy::Canary(canary) = &active.release.strategy else { return outlook };
    let mut release = active.release.clone();
    let mut bad = None;
    for (live, status) in ends(context, pipeline, ended, events) {
        if live.run.release != Some(release.id) {
            continue;
        }
        let lasted = context.time.since(live.run.started_at.unwrap_or(context.time));
        release.finish(live.run.key.run, live.run.version, &status, lasted);
        if let Some(task) = &canary.verdict
            && live.run.version == release.to
            && !matches!(status, RunStatus::Cancelled { .. })
            && bad.is_none()
        {
            bad = verdict(live, task, events);
        }
    }
    if release == active.release {
        return outlook;
    }
    let judgement = bad.map_or_else(|| release.judge(), |reason| Some(Judgement::RollBack(reason)));
    match judgement {
        None | Some(Judgement::Wait(_)) => outlook,
        Some(Judgement::RollBack(reason)) => rolled_back(context, pipeline, active, ended, reason, events),
        Some(Judgement::Pass(reason)) => passed(pipeline, active, &release, reason, events),
    }
}

/// Ends a release in favour of the version that it came from. Its runs that wait go back to that, as nothing of them was
/// done yet; those that run go on.
pub(super) fn rolled_back<'a>(
    context: Context<'_>,
    pipeline: &'a Pipeline,
    active: &Active,
    ended: &BTreeSet<u64>,
    reason: String,
    events: &mut Vec<Event>,
) -> Outlook<'a> {
    let Release { id, from, to, .. } = active.release;
    events.push(Event::ReleaseRolledBack { pipeline: pipeline.key.clone(), release: id, reason });
    for run in pipeline.queue.iter().filter(|run| !ended.contains(run)) {
        let key = RunKey { pipeline: pipeline.key.clone(), run: *run };
        let live = context.state.runs.get(&key).map(|live| &live.run);
        if live.is_some_and(|run| run.release == Some(id) && run.version == to) {
            // What is missing fails the task that names it.
            let (shared, _) = shared::pin(context.state, &pipeline.releases.config, &Pins::new());
            events.push(Event::RunMoved { run: key, version: from, shared });
        }
    }
    Outlook::rolled_back(pipeline, id)
}

/// Makes the new version live.
pub(super) fn promoted(pipeline: &Pipeline, active: &Active, reason: String, events: &mut Vec<Event>) {
    events.push(Event::ReleasePromoted { pipeline: pipeline.key.clone(), release: active.release.id, reason });
}

fn passed<'a>(
    pipeline: &'a Pipeline,
    active: &'a Active,
    release: &Release,
    reason: String,
    events: &mut Vec<Event>,
) -> Outlook<'a> {
    let Strategy::Canary(canary) = &release.strategy else { return Outlook::of(pipeline) };
    let step = release.step.saturating_add(1);
    if usize::try_from(step).is_ok_and(|step| step < canary.steps.len()) {
        events.push(Event::ReleaseAdvanced { pipeline: pipeline.key.clone(), release: release.id, step, reason });
        return Outlook::of(pipeline);
    }
    promoted(pipeline, active, reason, events);
    Outlook::live(&active.config)
}

/// The runs of this pipeline that this command has ended, and how.
fn ends<'a>(
    context: Context<'a>,
    pipeline: &Pipeline,
    ended: &BTreeSet<u64>,
    events: &[Event],
) -> Vec<(&'a LiveRun, RunStatus)> {
    let ends = events.iter().filter_map(|event| {
        let Event::RunFinished { run, status, .. } = event else { return None };
        let is_ours = run.pipeline == pipeline.key && ended.contains(&run.run);
        is_ours.then_some((context.state.runs.get(run)?, status.clone()))
    });
    ends.collect()
}

/// Why the verdict of a run that has ended is bad; none when it is not. Only a failure of the task is: its loss with a
/// node tells nothing.
fn verdict(live: &LiveRun, task: &TaskId, events: &[Event]) -> Option<String> {
    let key = TaskKey { run: live.run.key.clone(), task: task.clone() };
    let now = events.iter().rev().find_map(|event| {
        let Event::TaskFinished { task, status } = event else { return None };
        (*task == key).then_some(status)
    });
    let status = now.or_else(|| live.run.tasks.get(task).map(|task| &task.status))?;
    let TaskStatus::Failed { exit_code, message, .. } = status else { return None };
    let how = match exit_code {
        Some(code) => format!("with exit code {code}"),
        None => message.clone(),
    };
    Some(format!("the verdict task {task} of run {} failed {how}", live.run.key.run).trim_end().to_owned())
}
