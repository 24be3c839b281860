//! Runs that last: when subscriptions are to be told that one has lasted long.
//!
//! The runs that go on are learned from the state when the first subscription asks for those of a pipeline, and from the log
//! afterwards, so nothing is scanned. A subscription is told of runs in the order in which they have started; how far it was
//! told is known in memory only. To tell it again does no harm, since a run counts once.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::time::Duration;

use gofer_domain::{Event, PipelineKey, RunKey, State, SubscriptionKey, Timestamp};

/// When a run has started, and its number.
type Start = (Timestamp, u64);

/// The runs that subscriptions wait for to become long.
#[derive(Debug, Default)]
pub(super) struct Lasting {
    pipelines: BTreeMap<PipelineKey, Watched>,
    waits: BTreeMap<SubscriptionKey, Wait>,
    /// When each subscription has the next run to be told of.
    due: BTreeSet<(Timestamp, SubscriptionKey)>,
}

/// A pipeline that somebody asks for.
#[derive(Debug, Default)]
struct Watched {
    by: BTreeSet<SubscriptionKey>,
    going: BTreeSet<Start>,
}

/// What a subscription waits for.
#[derive(Debug)]
struct Wait {
    pipeline: PipelineKey,
    limit: Duration,
    /// It was told of all runs that have started up to this one.
    told: Option<Start>,
    due: Option<Timestamp>,
}

/// A subscription with runs that have become long for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Long {
    pub(super) subscription: SubscriptionKey,
    pub(super) runs: Vec<RunKey>,
    last: Start,
}

impl Lasting {
    /// Waits for a subscription. Says whether the pipeline's runs are still to be learned.
    pub(super) fn wait(&mut self, key: SubscriptionKey, pipeline: PipelineKey, limit: Duration) -> bool {
        self.forget(&key);
        let is_new = !self.pipelines.contains_key(&pipeline);
        self.pipelines.entry(pipeline.clone()).or_default().by.insert(key.clone());
        self.waits.insert(key.clone(), Wait { pipeline, limit, told: None, due: None });
        self.look(&key);
        is_new
    }

    pub(super) fn forget(&mut self, key: &SubscriptionKey) {
        let Some(wait) = self.waits.remove(key) else { return };
        if let Some(due) = wait.due {
            self.due.remove(&(due, key.clone()));
        }
        if let Some(watched) = self.pipelines.get_mut(&wait.pipeline) {
            watched.by.remove(key);
            if watched.by.is_empty() {
                self.pipelines.remove(&wait.pipeline);
            }
        }
    }

    /// Learns which runs of a pipeline go on.
    pub(super) fn learn(&mut self, pipeline: &PipelineKey, going: &[Start]) {
        going.iter().for_each(|start| self.started(pipeline, *start));
    }

    /// Takes in an event of the log. It may be an old one, of a run that is known to have ended; its end follows then.
    pub(super) fn see(&mut self, event: &Event, at: Timestamp) {
        if let Event::RunStarted { run } = event {
            self.started(&run.pipeline, (at, run.run));
        } else if let Event::RunFinished { run, started_at, .. } = event
            && let Some(watched) = self.pipelines.get_mut(&run.pipeline)
        {
            match started_at {
                Some(started) => drop(watched.going.remove(&(*started, run.run))),
                // An older version does not say when.
                None => watched.going.retain(|(_, number)| *number != run.run),
            }
        }
    }

    fn started(&mut self, pipeline: &PipelineKey, start: Start) {
        let Some(watched) = self.pipelines.get_mut(pipeline) else { return };
        watched.going.insert(start);
        for key in watched.by.clone() {
            if let Some(wait) = self.waits.get_mut(&key)
                && wait.told.is_some_and(|told| start <= told)
            {
                // It is heard of late: those around it are told once more.
                wait.told = None;
            }
            self.look(&key);
        }
    }

    /// Finds out when a subscription is to be told next.
    fn look(&mut self, key: &SubscriptionKey) {
        let Some(wait) = self.waits.get_mut(key) else { return };
        let next = self.pipelines.get(&wait.pipeline).and_then(|watched| following(watched, wait.told).next());
        let due = next.map(|(started, _)| started.after(wait.limit));
        if due == wait.due {
            return;
        }
        if let Some(before) = std::mem::replace(&mut wait.due, due) {
            self.due.remove(&(before, key.clone()));
        }
        if let Some(due) = due {
            self.due.insert((due, key.clone()));
        }
    }

    /// When the next one is due. It may turn out that there is none.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.due.first().map(|(due, _)| *due)
    }

    /// What is due, with about so many runs at most.
    pub(super) fn due(&self, now: Timestamp, most: usize) -> Vec<Long> {
        let mut all = Vec::new();
        let mut count = 0;
        for (_, key) in self.due.iter().take_while(|(due, _)| *due <= now) {
            if count >= most {
                break;
            }
            let Some(wait) = self.waits.get(key) else { continue };
            let Some(watched) = self.pipelines.get(&wait.pipeline) else { continue };
            let long = following(watched, wait.told).take_while(|(started, _)| started.after(wait.limit) <= now);
            let starts: Vec<Start> = long.take(most - count).collect();
            count += starts.len();
            let run = |(_, number): &Start| RunKey { pipeline: wait.pipeline.clone(), run: *number };
            // One whose run has ended is due, and has none: it looks for its next.
            let last = starts.last().copied().or(wait.told).unwrap_or_default();
            all.push(Long { subscription: key.clone(), runs: starts.iter().map(run).collect(), last });
        }
        all
    }

    /// All of these were told.
    pub(super) fn told(&mut self, longs: &[Long]) {
        for Long { subscription, last, runs } in longs {
            if let Some(wait) = self.waits.get_mut(subscription)
                && !runs.is_empty()
            {
                wait.told = wait.told.max(Some(*last));
            }
            self.look(subscription);
        }
    }
}

/// The runs that go on and have started after one, in order.
fn following(watched: &Watched, told: Option<Start>) -> impl Iterator<Item = Start> {
    let from = told.map_or(Bound::Unbounded, Bound::Excluded);
    watched.going.range((from, Bound::Unbounded)).copied()
}

/// The runs of a pipeline that go on, as the state says.
pub(super) fn going(state: &State, pipeline: &PipelineKey) -> Vec<Start> {
    let Some(known) = state.pipelines.get(pipeline) else { return Vec::new() };
    let start = |number: &u64| {
        let live = state.runs.get(&RunKey { pipeline: pipeline.clone(), run: *number })?;
        Some((live.run.started_at?, *number))
    };
    known.running.iter().filter_map(start).collect()
}

#[cfg(test)]
mod tests {
    use gofer_domain::{NamespaceId, PipelineId, RunStatus, SubscriptionName};
    use proptest::prelude::*;

    use super::*;

    const LIMIT: Duration = Duration::from_millis(10);

    fn pipeline() -> PipelineKey {
        PipelineKey { namespace: NamespaceId::new("n").unwrap(), pipeline: PipelineId::new("p").unwrap() }
    }

    fn run(number: u64) -> RunKey {
        RunKey { pipeline: pipeline(), run: number }
    }

    fn key(name: &str) -> SubscriptionKey {
        SubscriptionKey { pipeline: pipeline(), name: SubscriptionName::new(name).unwrap() }
    }

    fn ended(number: u64, started: u64) -> Event {
        let started_at = Some(Timestamp(started));
        Event::RunFinished { run: run(number), status: RunStatus::Succeeded, started_at, ends: None }
    }

    #[test]
    fn a_pipeline_is_learned_once_and_forgotten_with_the_last_that_asks() {
        let mut lasting = Lasting::default();
        assert!(lasting.wait(key("a"), pipeline(), LIMIT));
        assert!(!lasting.wait(key("b"), pipeline(), LIMIT));
        lasting.learn(&pipeline(), &[(Timestamp(5), 1)]);
        assert_eq!(lasting.next(), Some(Timestamp(15)));
        assert_eq!(lasting.due(Timestamp(15), 100).len(), 2);
        lasting.forget(&key("a"));
        lasting.forget(&key("b"));
        assert_eq!((lasting.next(), lasting.pipelines.len()), (None, 0));
        lasting.see(&Event::RunStarted { run: run(2) }, Timestamp(9));
        assert_eq!(lasting.next(), None, "nobody asks");
    }

    #[test]
    fn what_could_not_be_told_is_due_again_and_room_is_bounded() {
        let mut lasting = Lasting::default();
        lasting.wait(key("a"), pipeline(), LIMIT);
        lasting.learn(&pipeline(), &[(Timestamp(1), 1), (Timestamp(2), 2), (Timestamp(3), 3)]);
        let first = lasting.due(Timestamp(50), 2);
        assert_eq!(first, lasting.due(Timestamp(50), 2), "nothing was told");
        assert_eq!(first[0].runs, [run(1), run(2)]);
        lasting.told(&first);
        assert_eq!(lasting.due(Timestamp(50), 2)[0].runs, [run(3)]);
        lasting.see(&ended(3, 3), Timestamp(49));
        let none = lasting.due(Timestamp(50), 2);
        assert!(none[0].runs.is_empty());
        lasting.told(&none);
        assert_eq!(lasting.next(), None);
    }

    #[derive(Clone, Debug)]
    enum Move {
        Start,
        /// As an event that is read late.
        StartEarlier,
        End(u8),
        Tell,
        Wait(u64),
    }

    fn moves() -> impl Strategy<Value = Vec<Move>> {
        let one = prop_oneof![
            3 => Just(Move::Start),
            1 => Just(Move::StartEarlier),
            2 => any::<u8>().prop_map(Move::End),
            2 => Just(Move::Tell),
            3 => (0..8_u64).prop_map(Move::Wait),
        ];
        prop::collection::vec(one, 0..100)
    }

    proptest! {
        /// Whoever is told in the end has heard of every run that was long while it went on, and of no other.
        #[test]
        fn each_long_run_is_told_while_it_goes_on(moves in moves()) {
            let mut lasting = Lasting::default();
            lasting.wait(key("a"), pipeline(), LIMIT);
            let mut now = 100;
            let mut going: BTreeMap<u64, u64> = BTreeMap::new();
            let mut told = BTreeSet::new();
            let mut number = 0;
            for step in moves.into_iter().chain([Move::Wait(20), Move::Tell, Move::Tell]) {
                match step {
                    Move::Start | Move::StartEarlier => {
                        number += 1;
                        let started = if matches!(step, Move::Start) { now } else { now - 15 };
                        going.insert(number, started);
                        lasting.see(&Event::RunStarted { run: run(number) }, Timestamp(started));
                    }
                    Move::End(which) => {
                        let Some((number, started)) = going.iter().nth(usize::from(which) % going.len().max(1)) else {
                            continue;
                        };
                        let (number, started) = (*number, *started);
                        going.remove(&number);
                        lasting.see(&ended(number, started), Timestamp(now));
                    }
                    Move::Tell => {
                        let longs = lasting.due(Timestamp(now), 1000);
                        for run in longs.iter().flat_map(|long| &long.runs) {
                            prop_assert!(going.get(&run.run).is_some_and(|started| started + 10 <= now), "{run}");
                            told.insert(run.run);
                        }
                        lasting.told(&longs);
                        let is_left = |(number, started): (&u64, &u64)| started + 10 <= now && !told.contains(number);
                        prop_assert!(!going.iter().any(is_left), "{going:?} {told:?}");
                        prop_assert!(lasting.next().is_none_or(|next| next > Timestamp(now)));
                    }
                    Move::Wait(millis) => now += millis,
                }
            }
        }
    }
}
