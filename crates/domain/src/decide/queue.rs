//! The line of runs that wait for their pipeline.

use std::collections::BTreeSet;

use super::Context;
use super::draft::RunDraft;
use crate::config::PipelineConfig;
use crate::event::Event;
use crate::ids::{PipelineKey, RunKey};
use crate::policy::run_limit;
use crate::state::{LiveRun, Pipeline};
use crate::time::Timestamp;

/// Starts waiting runs, oldest first, while the limit of `config` allows.
///
/// `ended` are runs that this command has ended, `created` is one that it has added behind all others. The caller has
/// made sure that the pipeline is, or is being, enabled.
pub(super) fn start_waiting(
    context: Context<'_>,
    pipeline: &Pipeline,
    config: &PipelineConfig,
    ended: &BTreeSet<u64>,
    created: Option<&LiveRun>,
    events: &mut Vec<Event>,
) {
    let freed = ended.iter().filter(|run| pipeline.running.contains(run)).count();
    let mut free = run_limit(config).saturating_sub(pipeline.running.len().saturating_sub(freed));
    for run in pipeline.queue.iter().filter(|run| !ended.contains(run)) {
        if free == 0 {
            return;
        }
        let key = RunKey { pipeline: pipeline.key.clone(), run: *run };
        if let Some(live) = context.state.runs.get(&key)
            && !start(live, context.time, events)
        {
            free -= 1;
        }
    }
    if let Some(live) = created
        && free > 0
    {
        start(live, context.time, events);
    }
}

/// What follows at a pipeline once some of its runs have ended: the next ones start, unless it is disabled.
pub(super) fn runs_ended(context: Context<'_>, key: &PipelineKey, ended: &BTreeSet<u64>, events: &mut Vec<Event>) {
    if let Some(pipeline) = context.state.pipelines.get(key)
        && pipeline.enabled
        && !ended.is_empty()
    {
        start_waiting(context, pipeline, &pipeline.config, ended, None, events);
    }
}

/// Starts a run; says whether that ended it, as it does when all its tasks are skipped.
fn start(live: &LiveRun, time: Timestamp, events: &mut Vec<Event>) -> bool {
    let mut draft = RunDraft::new(live, time);
    draft.start(events);
    draft.conclude(events)
}
