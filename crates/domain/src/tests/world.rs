//! A cluster of one: a state, its history, and a clock that a test turns.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::decide::{Decision, decide};
use crate::intake::{forgotten, numbered};
use crate::{
    Actor, ClusterId, Command, CommandEnvelope, Event, EventKey, EventOutcome, History, PipelineConfig, PipelineKey,
    Rejection, RequestId, Revision, Run, RunKey, State, SubscriptionKey, Timestamp, Version,
};

/// What the views would hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    pub(crate) runs: BTreeMap<RunKey, Run>,
    pub(crate) configs: BTreeMap<(PipelineKey, Version), Arc<PipelineConfig>>,
    /// What subscriptions have taken, by name and creation.
    pub(crate) taken: BTreeMap<(SubscriptionKey, Revision), Taken>,
}

/// What one subscription has taken and not forgotten.
#[derive(Clone, Debug, Default)]
pub(crate) struct Taken {
    numbers: BTreeMap<EventKey, u64>,
    pub(crate) events: BTreeMap<u64, (EventKey, EventOutcome)>,
}

impl History for Memory {
    fn run(&self, key: &RunKey) -> Option<Run> {
        self.runs.get(key).cloned()
    }

    fn config(&self, key: &PipelineKey, version: Version) -> Option<Arc<PipelineConfig>> {
        self.configs.get(&(key.clone(), version)).cloned()
    }

    fn event_hash(&self, revision: Revision) -> Option<[u8; 32]> {
        Some(hash(revision.0))
    }

    fn depth(&self, key: &RunKey) -> Option<u32> {
        self.runs.get(key).map(|run| run.depth)
    }

    fn taken(&self, subscription: &SubscriptionKey, created: Revision, key: &EventKey) -> Option<(u64, EventOutcome)> {
        let taken = self.taken.get(&(subscription.clone(), created))?;
        let number = *taken.numbers.get(key)?;
        Some((number, taken.events[&number].1.clone()))
    }
}

impl Memory {
    /// Keeps what an event says of the events of a subscription, as it was before it.
    fn keep(&mut self, state: &State, event: &Event) {
        let Event::EventsTaken { subscription, first, taken, .. } = event else { return };
        let Some(known) = state.subscriptions.get(subscription) else { return };
        let kept = self.taken.entry((subscription.clone(), known.created)).or_default();
        for (number, event) in numbered(*first, taken) {
            kept.numbers.insert(event.key.clone(), number);
            kept.events.insert(number, (event.key.clone(), event.outcome.clone()));
            if let Some((key, _)) = forgotten(number).and_then(|old| kept.events.remove(&old)) {
                kept.numbers.remove(&key);
            }
        }
    }
}

/// Stands for the hash of an event; revision 0 is before the first.
pub(crate) fn hash(revision: u64) -> [u8; 32] {
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&revision.to_be_bytes());
    hash
}

#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) state: State,
    pub(crate) history: Memory,
    pub(crate) time: Timestamp,
    /// Every event so far with its time; the first has revision 1.
    pub(crate) log: Vec<(Timestamp, Event)>,
}

impl World {
    /// A cluster that was just created.
    pub(crate) fn new() -> Self {
        let mut world = Self { time: Timestamp(1_000), ..Self::default() };
        world.give(Command::CreateCluster { cluster: ClusterId([1; 16]) }).unwrap();
        world
    }

    /// Decides a command, and folds in what it leads to.
    pub(crate) fn give(&mut self, command: Command) -> Result<Decision, Rejection> {
        let envelope = CommandEnvelope {
            request_id: RequestId([7; 16]),
            actor: Actor("user:ada".into()),
            time: self.time,
            command,
        };
        let decision = decide(&self.state, &self.history, &envelope)?;
        for event in &decision.events {
            self.fold(event);
        }
        Ok(decision)
    }

    pub(crate) fn fold(&mut self, event: &Event) {
        if let Event::PipelineRegistered { pipeline, version, config, .. } = event {
            self.history.configs.insert((pipeline.clone(), *version), Arc::new((**config).clone()));
        }
        self.history.keep(&self.state, event);
        let revision = Revision(self.state.revision.0 + 1);
        self.state.apply(&self.history, revision, self.time, event);
        self.log.push((self.time, event.clone()));
    }

    /// Moves ended runs from the state to the history.
    pub(crate) fn evict(&mut self) {
        for run in self.state.evict_finished() {
            self.history.runs.insert(run.key.clone(), run);
        }
    }
}
