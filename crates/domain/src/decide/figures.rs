//! What is said of the ends of runs, and of tasks that are tried again, beside what has happened: figures that whoever reads the
//! log later could not get at any more.

use std::collections::BTreeMap;

use crate::backfill::BackfillEnd;
use crate::ends::Ends;
use crate::event::Event;
use crate::ids::{PipelineKey, RunKey};
use crate::logic;
use crate::run::RunStatus;
use crate::schedule::{ScheduleKey, ScheduleSlot};
use crate::state::State;

/// Completes the events of a decision. All nodes must know the figures, since all write them alike.
pub(super) fn complete(state: &State, events: &mut Vec<Event>) {
    if !logic::all_know(state, logic::FIGURES) {
        return;
    }
    count(state, events);
    let ended = ended_of_backfills(state, events);
    events.extend(ended);
}

fn count(state: &State, events: &mut [Event]) {
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

/// That runs have ended which backfills have started, be it by the same decision.
fn ended_of_backfills(state: &State, events: &[Event]) -> Vec<Event> {
    let mut created: BTreeMap<&RunKey, Option<&ScheduleSlot>> = BTreeMap::new();
    let mut ended = Vec::new();
    for event in events {
        if let Event::RunCreated { run, schedule, .. } = event {
            created.insert(run, schedule.as_ref());
        } else if let Event::RunFinished { run, status, .. } = event {
            let known = || state.runs.get(run).and_then(|live| live.run.schedule.as_ref());
            let Some(slot) = created.get(run).copied().unwrap_or_else(known) else { continue };
            let schedule = ScheduleKey { pipeline: run.pipeline.clone(), name: slot.schedule.clone() };
            let (Some(backfill), Some(end)) = (slot.backfill, end_of(status)) else { continue };
            // The schedule may be gone, and another one have its name.
            let has_it = |known: &crate::Backfill| created.contains_key(run) || known.live.contains(&run.run);
            let known = state.schedules.get(&schedule).and_then(|schedule| schedule.backfills.get(&backfill));
            if known.is_some_and(has_it) {
                ended.push(Event::BackfillRunEnded { schedule, backfill, run: run.run, end });
            }
        }
    }
    ended
}

fn end_of(status: &RunStatus) -> Option<BackfillEnd> {
    match status {
        RunStatus::Succeeded => Some(BackfillEnd::Succeeded),
        RunStatus::Failed { .. } => Some(BackfillEnd::Failed),
        RunStatus::Cancelled { .. } => Some(BackfillEnd::Cancelled),
        RunStatus::Queued | RunStatus::Running => None,
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
