//! What subscriptions ask for of the log, in memory: by kind of event and by pipeline.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use gofer_domain::{
    BuiltIn, EventVerdict, FollowedEvent, Revision, Run, RunKey, State, Subscription, SubscriptionKey, SubscriptionSpec,
};
use gofer_triggers::{Interest, Judge, LogEvent, Place};
use tracing::warn;

/// Most subscriptions that are learned at once.
const NEWS_MAX: usize = 200;

/// The subscriptions that ask for events of the log.
#[derive(Debug, Default)]
pub(super) struct Interests {
    /// All changes up to this one are known.
    known: Revision,
    kept: BTreeMap<SubscriptionKey, Kept>,
    places: BTreeMap<Place, BTreeSet<SubscriptionKey>>,
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

    /// Takes in what the state has told.
    pub(super) fn learn(&mut self, news: News) {
        self.known = news.known;
        for key in news.gone {
            self.forget(&key);
        }
        for (key, subscription) in news.subscriptions {
            self.forget(&key);
            if subscription.enabled {
                self.keep(key, &subscription);
            }
        }
    }

    fn forget(&mut self, key: &SubscriptionKey) {
        let Some(kept) = self.kept.remove(key) else { return };
        for place in kept.interest.places() {
            if let Some(keys) = self.places.get_mut(&place) {
                keys.remove(key);
                if keys.is_empty() {
                    self.places.remove(&place);
                }
            }
        }
    }

    fn keep(&mut self, key: SubscriptionKey, subscription: &Subscription) {
        let interest = match Interest::of(&key, &subscription.spec) {
            Ok(Some(interest)) => interest,
            Ok(None) => return,
            // It was read when it was made, by another release then.
            Err(rejection) => return warn!(subscription = %key, %rejection, "it takes nothing, since it can't be read"),
        };
        for place in interest.places() {
            self.places.entry(place).or_default().insert(key.clone());
        }
        let spec = Arc::clone(&subscription.spec);
        let (generation, since) = (subscription.generation, subscription.since);
        self.kept.insert(key, Kept { spec, generation, since, interest, judge: OnceLock::new() });
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
        keys.filter_map(|key| self.followed(key, log, &run)).collect()
    }

    fn followed(
        &self,
        key: &SubscriptionKey,
        log: &LogEvent<'_>,
        run: &dyn Fn(&RunKey) -> Option<Run>,
    ) -> Option<FollowedEvent> {
        let kept = self.kept.get(key).filter(|kept| kept.since < log.revision)?;
        let event = kept.interest.event(log, run)?;
        let judge = kept.judge.get_or_init(|| Judge::new(&kept.spec).ok()).as_ref();
        let verdict = judge.map(|judge| judge.judge(&event));
        Some(FollowedEvent {
            subscription: key.clone(),
            generation: kept.generation,
            revision: log.revision,
            is_long: false,
            occurred_at: event.occurred_at,
            cause: log.cause(),
            verdict: verdict.unwrap_or_else(|| EventVerdict::Malformed("its expressions can't be read".to_owned())),
        })
    }
}
