//! What subscriptions ask for of the log, in memory: by kind of event and by pipeline.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use gofer_domain::{
    BuiltIn, Event, EventVerdict, FollowedEvent, PipelineKey, Revision, Run, RunKey, State, Subscription,
    SubscriptionKey, SubscriptionSpec, Timestamp,
};
use gofer_triggers::{Interest, Judge, LogEvent, Place, TriggerEvent};
use tracing::warn;

use super::lasting::{Lasting, Long};

/// Most subscriptions that are learned at once.
const NEWS_MAX: usize = 200;

/// The subscriptions that ask for events of the log.
#[derive(Debug, Default)]
pub(super) struct Interests {
    /// All changes up to this one are known.
    known: Revision,
    kept: BTreeMap<SubscriptionKey, Kept>,
    places: BTreeMap<Place, BTreeSet<SubscriptionKey>>,
    lasting: Lasting,
}

#[derive(Debug)]
struct Kept {
    spec: Arc<SubscriptionSpec>,
    generation: Revision,
    /// Events up to this one are none of its.
    since: Revision,
    interest: Interest,
    /// Read when it is first needed. None: it can't be.
    judge: OnceLock<Option<Judge>>,
}

/// What the state has to tell of subscriptions.
#[derive(Debug)]
pub(super) struct News {
    subscriptions: Vec<(SubscriptionKey, Subscription)>,
    gone: Vec<SubscriptionKey>,
    known: Revision,
    /// Whether there are more.
    pub(super) are_cut: bool,
}

impl Interests {
    /// What is not known yet. Cheap, as it is asked for under the lock of the state.
    pub(super) fn news(&self, state: &State) -> News {
        let mut news = News { subscriptions: Vec::new(), gone: Vec::new(), known: self.known, are_cut: false };
        // Nobody tells of those that are gone; what they ask for is left out by the decision, but they take room.
        if self.kept.len() > state.subscriptions.count() {
            news.gone = self.kept.keys().filter(|key| state.subscriptions.get(key).is_none()).cloned().collect();
        }
        for (revision, key, subscription) in state.subscriptions.changed_after(self.known) {
            if news.subscriptions.len() >= NEWS_MAX {
                news.are_cut = true;
                break;
            }
            if BuiltIn::of(&subscription.spec.trigger).is_some_and(BuiltIn::follows_the_log) {
                news.subscriptions.push((key.clone(), subscription.clone()));
            }
            news.known = revision;
        }
        news
    }

    /// Takes in what the state has told. Returns pipelines whose runs are still to be learned.
    pub(super) fn learn(&mut self, news: News) -> Vec<PipelineKey> {
        self.known = news.known;
        for key in news.gone {
            self.forget(&key);
        }
        let mut unknown = Vec::new();
        for (key, subscription) in news.subscriptions {
            self.forget(&key);
            if subscription.enabled {
                unknown.extend(self.keep(key, &subscription));
            }
        }
        unknown
    }

    /// Learns which runs of a pipeline go on.
    pub(super) fn learn_going(&mut self, pipeline: &PipelineKey, going: &[(Timestamp, u64)]) {
        self.lasting.learn(pipeline, going);
    }

    /// Takes in an event of the log that may start or end a run.
    pub(super) fn see(&mut self, event: &Event, at: Timestamp) {
        self.lasting.see(event, at);
    }

    /// When somebody is to be told next that a run lasts long.
    pub(super) fn next_long(&self) -> Option<Timestamp> {
        self.lasting.next()
    }

    /// Which runs have become long, and for whom.
    pub(super) fn due(&self, now: Timestamp, most: usize) -> Vec<Long> {
        self.lasting.due(now, most)
    }

    /// All of these were told.
    pub(super) fn told(&mut self, longs: &[Long]) {
        self.lasting.told(longs);
    }

    /// What a subscription is told of a run that goes on.
    pub(super) fn long(
        &self,
        subscription: &SubscriptionKey,
        run: &Run,
        now: Timestamp,
        followed: Revision,
    ) -> Option<FollowedEvent> {
        let kept = self.kept.get(subscription)?;
        let event = kept.interest.long_run(run, now)?;
        let found = Found { revision: followed, cause: Some(run.key.clone()), is_long: true };
        Some(kept.followed(subscription, &event, found))
    }

    fn forget(&mut self, key: &SubscriptionKey) {
        let Some(kept) = self.kept.remove(key) else { return };
        self.lasting.forget(key);
        for place in kept.interest.places() {
            if let Some(keys) = self.places.get_mut(&place) {
                keys.remove(key);
                if keys.is_empty() {
                    self.places.remove(&place);
                }
            }
        }
    }

    /// Returns a pipeline whose runs are still to be learned.
    fn keep(&mut self, key: SubscriptionKey, subscription: &Subscription) -> Option<PipelineKey> {
        let interest = match Interest::of(&key, &subscription.spec) {
            Ok(Some(interest)) => interest,
            Ok(None) => return None,
            // It was read when it was made, by another release then.
            Err(rejection) => {
                warn!(subscription = %key, %rejection, "it takes nothing, since it can't be read");
                return None;
            }
        };
        for place in interest.places() {
            self.places.entry(place).or_default().insert(key.clone());
        }
        let spec = Arc::clone(&subscription.spec);
        let (generation, since) = (subscription.generation, subscription.since);
        let lasting = interest.longer_than().map(|(pipeline, limit)| (pipeline.clone(), limit));
        self.kept.insert(key.clone(), Kept { spec, generation, since, interest, judge: OnceLock::new() });
        let (pipeline, limit) = lasting?;
        self.lasting.wait(key, pipeline.clone(), limit).then_some(pipeline)
    }

    /// Whether any event of a kind may be asked for.
    pub(super) fn has_kind(&self, kind: u32) -> bool {
        let first = Place { kind, pipeline: None };
        self.places.range(first..).next().is_some_and(|(place, _)| place.kind == kind)
    }

    /// An event for each subscription that asks for it.
    pub(super) fn asking(
        &self,
        kind: u32,
        log: &LogEvent<'_>,
        run: &dyn Fn(&RunKey) -> Option<Run>,
    ) -> Vec<FollowedEvent> {
        let of = log.event.subject().pipeline().cloned().map(|pipeline| Place { kind, pipeline: Some(pipeline) });
        let places = [Some(Place { kind, pipeline: None }), of];
        let keys = places.iter().flatten().filter_map(|place| self.places.get(place)).flatten();
        // Once for all subscriptions to the same run.
        let found = OnceLock::new();
        let run = |key: &RunKey| found.get_or_init(|| run(key)).clone();
        keys.flat_map(|key| self.followed(key, log, &run)).collect()
    }

    /// The event itself, and that it ends a run that had lasted long.
    fn followed(
        &self,
        key: &SubscriptionKey,
        log: &LogEvent<'_>,
        run: &dyn Fn(&RunKey) -> Option<Run>,
    ) -> Vec<FollowedEvent> {
        let Some(kept) = self.kept.get(key).filter(|kept| kept.since < log.revision) else { return Vec::new() };
        let found = |is_long| Found { revision: log.revision, cause: log.cause(), is_long };
        let long = kept.interest.ended_long(log, run).map(|event| kept.followed(key, &event, found(true)));
        let event = kept.interest.event(log, run).map(|event| kept.followed(key, &event, found(false)));
        long.into_iter().chain(event).collect()
    }
}

/// Where something was found that is told.
struct Found {
    revision: Revision,
    cause: Option<RunKey>,
    is_long: bool,
}

impl Kept {
    fn followed(&self, key: &SubscriptionKey, event: &TriggerEvent, found: Found) -> FollowedEvent {
        let judge = self.judge.get_or_init(|| Judge::new(&self.spec).ok()).as_ref();
        let verdict = judge.map(|judge| judge.judge(event));
        let Found { revision, cause, is_long } = found;
        FollowedEvent {
            subscription: key.clone(),
            generation: self.generation,
            revision,
            is_long,
            occurred_at: event.occurred_at,
            cause,
            verdict: verdict.unwrap_or_else(|| EventVerdict::Malformed("its expressions can't be read".to_owned())),
        }
    }
}
