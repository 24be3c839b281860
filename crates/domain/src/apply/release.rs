//! Events about releases, and what the runs of a release add to its counts.

use std::sync::Arc;

use crate::config::PipelineConfig;
use crate::event::Event;
use crate::ids::{PipelineKey, RunKey, Version};
use crate::release::{Active, Cause, Pin, Release, ReleaseStatus, Strategy};
use crate::run::RunStatus;
use crate::state::{History, Index, Pipeline, State};

pub(super) fn apply(state: &mut State, history: &dyn History, event: &Event) {
    let time = state.time;
    if let Event::ReleaseStarted { .. } = event {
        start(state, history, event);
    } else if let Event::ReleaseAdvanced { pipeline, release, step, .. } = event {
        change(state, pipeline, *release, |release, last_run| release.begin_step(*step, last_run));
    } else if let Event::ReleaseSwitched { pipeline, release, version } = event {
        change(state, pipeline, *release, |release, _| release.serving = *version);
    } else if let Event::ReleasePromoted { pipeline, release, reason } = event {
        end(state, pipeline, *release, ReleaseStatus::Promoted, reason);
    } else if let Event::ReleaseRolledBack { pipeline, release, reason } = event {
        end(state, pipeline, *release, ReleaseStatus::RolledBack, reason);
    } else if let Event::LiveVersionChanged { pipeline: key, release, version, cause, changed_by, message } = event {
        let Some(pipeline) = state.pipelines.get_mut(key) else { return };
        let known = pipeline.config_of(*version).cloned();
        let Some(config) = known.or_else(|| history.config(key, *version)) else { return };
        let (live, strategy) = (pipeline.releases.live, Strategy::Replace(*cause));
        let release = Release::new(*release, live, *version, strategy, changed_by.clone(), time);
        replace(pipeline, &mut state.index, release, config, message);
    } else if let Event::PipelinePinned { pipeline, pinned_by, message } = event {
        if let Some(pipeline) = state.pipelines.get_mut(pipeline) {
            let pin = Pin { by: pinned_by.clone(), message: message.clone(), at: time };
            pipeline.releases.pin = Some(Box::new(pin));
        }
    } else if let Event::PipelineUnpinned { pipeline } = event
        && let Some(pipeline) = state.pipelines.get_mut(pipeline)
    {
        pipeline.releases.pin = None;
    }
}

/// Makes a version live at once by a release, which is over with it.
pub(super) fn replace(
    pipeline: &mut Pipeline,
    index: &mut Index,
    mut release: Release,
    config: Arc<PipelineConfig>,
    message: &str,
) {
    let releases = &mut pipeline.releases;
    let comes_back = release.strategy == Strategy::Replace(Cause::RolledBack);
    releases.last = releases.last.max(release.id);
    releases.go_live(release.to, config, comes_back);
    release.end(ReleaseStatus::Promoted, release.started_at, message);
    releases.ended.push(release);
    index.released.insert(pipeline.key.clone());
}

/// Counts a run that a release gave its version.
pub(super) fn count_created(pipeline: &mut Pipeline, version: Version, release: Option<u64>) {
    if let Some(active) = pipeline.releases.active.as_mut().filter(|active| Some(active.release.id) == release) {
        active.release.give(version);
    }
}

/// Counts the end of such a run, before the run is changed itself.
pub(super) fn count_finished(state: &mut State, key: &RunKey, status: &RunStatus) {
    let Some(live) = state.runs.get(key).filter(|live| !live.run.status.is_final()) else { return };
    let Some(id) = live.run.release else { return };
    let lasted = state.time.since(live.run.started_at.unwrap_or(state.time));
    let version = live.run.version;
    change(state, &key.pipeline, id, |release, _| release.finish(key.run, version, status, lasted));
}

fn start(state: &mut State, history: &dyn History, event: &Event) {
    let Event::ReleaseStarted { pipeline: key, release, from, to, strategy, started_by } = event else { return };
    let Some(pipeline) = state.pipelines.get_mut(key) else { return };
    let known = pipeline.config_of(*to).cloned();
    let Some(config) = known.or_else(|| history.config(key, *to)) else { return };
    let mut new = Release::new(*release, *from, *to, strategy.clone(), started_by.clone(), state.time);
    new.begin_step(0, pipeline.last_run);
    pipeline.releases.last = pipeline.releases.last.max(*release);
    pipeline.releases.active = Some(Box::new(Active { release: new, config }));
}

/// Changes the release in progress, if it is this one; `change` gets the number of the newest run, too.
fn change(state: &mut State, key: &PipelineKey, id: u64, change: impl FnOnce(&mut Release, u64)) {
    let Some(pipeline) = state.pipelines.get_mut(key) else { return };
    if let Some(active) = pipeline.releases.active.as_mut().filter(|active| active.release.id == id) {
        change(&mut active.release, pipeline.last_run);
    }
}

fn end(state: &mut State, key: &PipelineKey, id: u64, status: ReleaseStatus, reason: &str) {
    let time = state.time;
    let Some(pipeline) = state.pipelines.get_mut(key) else { return };
    let releases = &mut pipeline.releases;
    let Some(active) = releases.active.take_if(|active| active.release.id == id) else { return };
    let Active { mut release, config } = *active;
    release.end(status, time, reason);
    if status == ReleaseStatus::Promoted {
        releases.go_live(release.to, config, false);
    }
    releases.ended.push(release);
    state.index.released.insert(key.clone());
}
