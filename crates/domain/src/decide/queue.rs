//! The line of runs that wait for their pipeline.

use std::collections::BTreeSet;

use super::Context;
use super::draft::roots;
use crate::config::PipelineConfig;
use crate::event::Event;
use crate::ids::{PipelineKey, RunKey, TaskKey};
use crate::policy::run_limit;
use crate::state::Pipeline;
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
    created: Option<(u64, &PipelineConfig)>,
    events: &mut Vec<Event>,
) {
    let freed = ended.iter().filter(|run| pipeline.running.contains(run)).count();
    let mut free = run_limit(config).saturating_sub(pipeline.running.len().saturating_sub(freed));
    for run in pipeline.queue.iter().filter(|run| !ended.contains(run)) {
        if free == 0 {
            return;
        }
        let key = RunKey { pipeline: pipeline.key.clone(), run: *run };
        if let Some(live) = context.state.runs.get(&key) {
            start(&key, &live.config, context.time, events);
            free -= 1;
        }
    }
    if let Some((run, config)) = created
        && free > 0
    {
        start(&RunKey { pipeline: pipeline.key.clone(), run }, config, context.time, events);
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

fn start(run: &RunKey, config: &PipelineConfig, time: Timestamp, events: &mut Vec<Event>) {
    events.push(Event::RunStarted { run: run.clone() });
    events.extend(
        roots(config)
            .map(|task| Event::TaskQueued { task: TaskKey { run: run.clone(), task: task.clone() }, not_before: time }),
    );
}
