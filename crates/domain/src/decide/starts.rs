//! Several runs that one command starts: each is decided against what the ones before have led to.

use std::collections::BTreeSet;

use super::Context;
use super::create::{NewRun, check_live, create, live_runs};
use crate::config::Overlap;
use crate::event::Event;
use crate::ids::{PipelineKey, Revision, RunKey};
use crate::rejection::Rejection;
use crate::shared;
use crate::state::{Pipeline, State};

/// Runs started so far, and what follows from them.
pub(super) struct Starts<'a> {
    context: Context<'a>,
    /// None before a second run.
    draft: Option<Draft>,
    events: Vec<Event>,
    /// How many of them the draft knows.
    folded: usize,
    /// The pipeline of the newest run.
    newest: Option<PipelineKey>,
}

impl<'a> Starts<'a> {
    pub(super) fn new(context: Context<'a>) -> Self {
        Self { context, draft: None, events: Vec::new(), folded: 0, newest: None }
    }

    /// Starts a run; gives its number.
    pub(super) fn start<'o>(
        &mut self,
        key: &PipelineKey,
        new: impl FnOnce(&Pipeline) -> NewRun<'o>,
    ) -> Result<u64, Rejection> {
        self.catch_up(key);
        let (state, others) = match &self.draft {
            Some(draft) => (&draft.state, draft.others),
            None => (self.context.state, 0),
        };
        let context = Context { state, ..self.context };
        let pipeline = context.pipeline(key)?;
        check_live(others.saturating_add(live_runs(state)))?;
        let run = pipeline.last_run.saturating_add(1);
        let decision = create(context, pipeline, new(pipeline))?;
        self.events.extend(decision.events);
        self.newest = Some(key.clone());
        Ok(run)
    }

    /// How many events there are so far.
    pub(super) fn count(&self) -> usize {
        self.events.len()
    }

    /// Puts an event that is about no run in front of all but this many. What it says is often known only after those that
    /// follow from it.
    pub(super) fn insert(&mut self, place: usize, event: Event) {
        self.events.insert(place, event);
        self.folded += usize::from(place < self.folded);
    }

    /// All events in order.
    pub(super) fn into_events(self) -> Vec<Event> {
        self.events
    }

    /// Makes the draft know all runs so far, and this pipeline. Before the first run there is nothing to know.
    fn catch_up(&mut self, key: &PipelineKey) {
        self.fold();
        if let Some(draft) = &mut self.draft {
            draft.include(self.context, key);
        }
    }

    fn fold(&mut self) {
        let Some(newest) = self.newest.take() else { return };
        let draft = self.draft.get_or_insert_with(|| Draft::of(self.context));
        draft.include(self.context, &newest);
        for event in &self.events[self.folded..] {
            draft.fold(self.context, event);
        }
        self.folded = self.events.len();
    }
}

/// As much of the state as the start of a run reads or changes. A copy of all of it would cost more than the command.
struct Draft {
    state: State,
    /// The pipelines of which it knows all that may be read or changed. Of others it has what is read of a shared task.
    included: BTreeSet<PipelineKey>,
    /// Live runs that are left out.
    others: usize,
}

impl Draft {
    fn of(context: Context<'_>) -> Self {
        let state = State { revision: context.state.revision, ..State::default() };
        Self { state, included: BTreeSet::new(), others: live_runs(context.state) }
    }

    /// Adds a pipeline as it was before the command, unless it is there.
    fn include(&mut self, context: Context<'_>, key: &PipelineKey) {
        let Some(pipeline) = context.state.pipelines.get(key) else { return };
        if !self.included.insert(key.clone()) {
            return;
        }
        self.state.pipelines.insert(key.clone(), pipeline.clone());
        for key in shared::named_by(pipeline).map(shared::key) {
            if let (Some(shared), false) = (context.state.pipelines.get(&key), self.included.contains(&key)) {
                self.state.pipelines.insert(key, shared.clone());
            }
        }
        if pipeline.releases.config.overlap == Overlap::Replace {
            // No other policy touches runs that were there before: one that waits does so for want of room.
            let numbers = pipeline.running.iter().chain(&pipeline.queue);
            let keys = numbers.map(|run| RunKey { pipeline: key.clone(), run: *run });
            let live = |key: RunKey| Some((key.clone(), context.state.runs.get(&key)?.clone()));
            let copied: Vec<_> = keys.filter_map(live).collect();
            self.others = self.others.saturating_sub(copied.len());
            self.state.runs.extend(copied);
            self.state.reindex();
        }
    }

    fn fold(&mut self, context: Context<'_>, event: &Event) {
        let revision = Revision(self.state.revision.0.saturating_add(1));
        self.state.apply(context.history, revision, context.time, event);
    }
}
