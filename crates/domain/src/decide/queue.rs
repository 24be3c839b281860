//! The line of runs that wait for their pipeline.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::draft::RunDraft;
use super::{Context, release};
use crate::config::PipelineConfig;
use crate::event::Event;
use crate::ids::{PipelineKey, RunKey};
use crate::policy::run_limit;
use crate::run::Run;
use crate::shared::{self, Pins};
use crate::state::{LiveRun, Pipeline};
use crate::time::Timestamp;

/// What a command has changed for the runs that wait.
#[derive(Clone, Copy)]
pub(super) struct Outlook<'a> {
    /// Of the version that is live with it.
    config: &'a Arc<PipelineConfig>,
    /// Runs that this release had given a version were moved back to the live one.
    moved: Option<u64>,
}

impl<'a> Outlook<'a> {
    /// Nothing has changed.
    pub(super) fn of(pipeline: &'a Pipeline) -> Self {
        Self { config: &pipeline.releases.config, moved: None }
    }

    /// Another version is live.
    pub(super) fn live(config: &'a Arc<PipelineConfig>) -> Self {
        Self { config, moved: None }
    }

    /// A release was rolled back.
    pub(super) fn rolled_back(pipeline: &'a Pipeline, release: u64) -> Self {
        Self { config: &pipeline.releases.config, moved: Some(release) }
    }
}

/// Starts waiting runs, oldest first, while the limit of the live version allows.
///
/// `ended` are runs that this command has ended, `created` is one that it has added behind all others. The caller has
/// made sure that the pipeline is, or is being, enabled.
pub(super) fn start_waiting(
    context: Context<'_>,
    pipeline: &Pipeline,
    outlook: Outlook<'_>,
    ended: &BTreeSet<u64>,
    created: Option<&LiveRun>,
    events: &mut Vec<Event>,
) {
    let freed = ended.iter().filter(|run| pipeline.running.contains(run)).count();
    let mut free = run_limit(outlook.config).saturating_sub(pipeline.running.len().saturating_sub(freed));
    for run in pipeline.queue.iter().filter(|run| !ended.contains(run)) {
        if free == 0 {
            return;
        }
        let key = RunKey { pipeline: pipeline.key.clone(), run: *run };
        if let Some(live) = context.state.runs.get(&key) {
            let is_moved = outlook.moved.is_some() && live.run.release == outlook.moved;
            let is_over = if is_moved {
                let Run { version, options, .. } = &live.run;
                let (shared, _) = shared::pin(context.state, outlook.config, &Pins::new());
                let run = Run { shared, ..Run::new(key, *version, options.clone(), outlook.config) };
                start(&context.live(run, Arc::clone(outlook.config)), context.time, events)
            } else {
                start(live, context.time, events)
            };
            if is_over {
                continue;
            }
            free -= 1;
        }
    }
    if let Some(live) = created
        && free > 0
    {
        start(live, context.time, events);
    }
}

/// What follows at a pipeline once some of its runs have ended: its release is judged, and the next ones start, unless
/// it is disabled.
pub(super) fn runs_ended(context: Context<'_>, key: &PipelineKey, ended: &BTreeSet<u64>, events: &mut Vec<Event>) {
    let Some(pipeline) = context.state.pipelines.get(key).filter(|_| !ended.is_empty()) else { return };
    let outlook = release::judge(context, pipeline, ended, events);
    if pipeline.enabled {
        start_waiting(context, pipeline, outlook, ended, None, events);
    }
}

/// Starts a run; says whether that ended it, as it does when all its tasks are skipped.
fn start(live: &LiveRun, time: Timestamp, events: &mut Vec<Event>) -> bool {
    let mut draft = RunDraft::new(live, time);
    draft.start(events);
    draft.conclude(events)
}
