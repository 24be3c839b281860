//! What is said of the ends of runs, and of tasks that are tried again, beside what has happened: figures that whoever reads the
//! log later could not get at any more.

use std::collections::BTreeMap;

use crate::ends::Ends;
use crate::event::Event;
use crate::ids::PipelineKey;
use crate::logic;
use crate::run::RunStatus;
use crate::state::State;

/// Completes the events of a decision. All nodes must know the figures, since all write them alike.
pub(super) fn complete(state: &State, events: &mut [Event]) {
    if !logic::all_know(state, logic::FIGURES) {
        return;
    }
    // Several runs of a pipeline may end by one command, as when a node is lost.
    let mut drafts: BTreeMap<PipelineKey, Ends> = BTreeMap::new();
    for event in events {
        if let Event::RunFinished { run, status, started_at, ends } = event {
            *started_at = state.runs.get(run).and_then(|live| live.run.started_at);
            let Some(failed) = has_failed(status) else { continue };
            let known = || state.pipelines.get(&run.pipeline).map(|pipeline| pipeline.ends).unwrap_or_default();
            let draft = drafts.entry(run.pipeline.clone()).or_insert_with(known);
            draft.push(failed);
            *ends = Some(*draft);
        } else if let Event::TaskQueued { task, attempts, .. } = event {
            let known = state.runs.get(&task.run).and_then(|live| live.run.tasks.get(&task.task));
            *attempts = known.map_or(0, |known| u32::try_from(known.attempts.len()).unwrap_or(u32::MAX));
        }
    }
}

/// None: it says nothing of the pipeline.
fn has_failed(status: &RunStatus) -> Option<bool> {
    match status {
        RunStatus::Succeeded => Some(false),
        RunStatus::Failed { .. } => Some(true),
        RunStatus::Cancelled { .. } | RunStatus::Queued | RunStatus::Running => None,
    }
}
