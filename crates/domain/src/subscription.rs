//! Subscriptions: which events of a trigger start runs of a pipeline. What becomes of the events is the matter of
//! [`intake`](crate::intake).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Bound;
use std::sync::Arc;

use crate::ids::{PipelineKey, Revision, SubscriptionName, TriggerName};
use crate::intake::{EventKey, EventOutcome};
use crate::run::RunOptions;
use crate::time::Timestamp;
use crate::trigger::BuiltIn;

/// A subscription of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionKey {
    pub pipeline: PipelineKey,
    pub name: SubscriptionName,
}

impl fmt::Display for SubscriptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.pipeline, self.name)
    }
}

/// What a subscription says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionSpec {
    /// Free text for people.
    pub description: String,
    /// It stays as it is: cursor and keys mean nothing to another trigger.
    pub trigger: TriggerName,
    /// What the trigger is given.
    pub settings: BTreeMap<String, String>,
    /// An expression that says of an event whether it counts; empty: all do.
    pub filter: String,
    /// Variables that a run gets from its event: for each the expression that says its value.
    pub variables: BTreeMap<String, String>,
    /// What its runs are started with besides.
    pub options: RunOptions,
}

/// A subscription as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    pub spec: Arc<SubscriptionSpec>,
    /// Revision of the event that made it: tells it, and its keys, from an earlier one of its name.
    pub created: Revision,
    /// Revision of the event that the spec is from.
    pub generation: Revision,
    pub enabled: bool,
    /// Revision of the event that made it, or enabled it last: events of the log up to that are none of its.
    pub since: Revision,
    /// Revision of the event that made, changed, enabled or disabled it last. What it takes leaves it as it is.
    pub changed: Revision,
    /// Up to where the trigger's events are taken, in the trigger's own words. None: nowhere yet.
    pub cursor: Option<Arc<[u8]>>,
    /// How many events it has taken: the number of the newest one.
    pub taken: u64,
    /// How many of them have started a run; the others were skipped.
    pub fired: u64,
    /// The newest event that a run was started for.
    pub last_fired: Option<FiredEvent>,
    /// The newest event that was skipped.
    pub last_skipped: Option<SkippedEvent>,
    pub created_at: Timestamp,
    /// When somebody changed, enabled or disabled it.
    pub updated_at: Timestamp,
}

impl Subscription {
    /// How many events were skipped.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.taken.saturating_sub(self.fired)
    }
}

/// The event that a run was started for, as the run knows it. The subscription is one of the run's pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionEvent {
    pub subscription: SubscriptionName,
    pub event: EventKey,
}

/// An event that a run was started for, as the subscription knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FiredEvent {
    pub key: EventKey,
    /// Number of the run of the subscription's pipeline.
    pub run: u64,
    /// When it was taken.
    pub at: Timestamp,
}

/// An event that was skipped, as the subscription knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedEvent {
    pub key: EventKey,
    /// Never [`EventOutcome::Fired`].
    pub outcome: EventOutcome,
    /// When it was taken.
    pub at: Timestamp,
}

/// All subscriptions. A pipeline without any has no entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscriptions {
    pipelines: BTreeMap<PipelineKey, BTreeMap<SubscriptionName, Subscription>>,
    /// In the order in which they were changed, as schedules are.
    changes: BTreeMap<Revision, SubscriptionKey>,
    /// A trigger without any has no entry.
    triggers: BTreeMap<TriggerName, BTreeSet<SubscriptionKey>>,
}

impl Subscriptions {
    /// Number of subscriptions.
    #[must_use]
    pub fn count(&self) -> usize {
        self.changes.len()
    }

    /// Those that were made, changed, enabled or disabled after a revision, by the revision of that.
    pub fn changed_after(
        &self,
        revision: Revision,
    ) -> impl Iterator<Item = (Revision, &SubscriptionKey, &Subscription)> {
        let later = self.changes.range((Bound::Excluded(revision), Bound::Unbounded));
        later.filter_map(|(changed, key)| Some((*changed, key, self.get(key)?)))
    }

    /// A subscription.
    #[must_use]
    pub fn get(&self, key: &SubscriptionKey) -> Option<&Subscription> {
        self.pipelines.get(&key.pipeline)?.get(&key.name)
    }

    /// The subscriptions of a pipeline, by name.
    pub fn of(&self, pipeline: &PipelineKey) -> impl ExactSizeIterator<Item = (&SubscriptionName, &Subscription)> {
        const NONE: &BTreeMap<SubscriptionName, Subscription> = &BTreeMap::new();
        self.pipelines.get(pipeline).unwrap_or(NONE).iter()
    }

    /// The subscriptions to a trigger, by pipeline and name.
    pub fn of_trigger(&self, trigger: &TriggerName) -> impl Iterator<Item = (&SubscriptionKey, &Subscription)> {
        let keys = self.triggers.get(trigger).into_iter().flatten();
        keys.filter_map(|key| Some((key, self.get(key)?)))
    }

    /// Number of subscriptions to a trigger.
    #[must_use]
    pub fn count_of_trigger(&self, trigger: &TriggerName) -> usize {
        self.triggers.get(trigger).map_or(0, BTreeSet::len)
    }

    /// The subscriptions to a trigger that lie behind a bound, by pipeline and name.
    pub fn of_trigger_from(
        &self,
        trigger: &TriggerName,
        from: Bound<&SubscriptionKey>,
    ) -> impl Iterator<Item = (&SubscriptionKey, &Subscription)> {
        let keys = self.triggers.get(trigger).into_iter();
        let keys = keys.flat_map(move |keys| keys.range::<SubscriptionKey, _>((from, Bound::Unbounded)));
        keys.filter_map(|key| Some((key, self.get(key)?)))
    }

    /// Whether any asks for events of the cluster's own log, be it enabled or not.
    #[must_use]
    pub fn follow_the_log(&self) -> bool {
        self.triggers.keys().any(|trigger| BuiltIn::of(trigger).is_some_and(BuiltIn::follows_the_log))
    }

    /// All subscriptions, by pipeline and name.
    pub fn iter(&self) -> impl Iterator<Item = (&PipelineKey, &SubscriptionName, &Subscription)> {
        let all = self.pipelines.iter();
        all.flat_map(|(pipeline, of)| of.iter().map(move |(name, subscription)| (pipeline, name, subscription)))
    }

    /// Those that follow a pipeline's subscription of a name in the order of [`iter`](Self::iter), or, without a name, the
    /// pipeline's first and all that follow. Neither need be there.
    pub fn following<'a>(
        &'a self,
        pipeline: &PipelineKey,
        name: Option<&SubscriptionName>,
    ) -> impl Iterator<Item = (&'a PipelineKey, &'a SubscriptionName, &'a Subscription)> + use<'a> {
        let after = name.map_or(Bound::Unbounded, Bound::Excluded);
        let own = self.pipelines.get_key_value(pipeline);
        let own = own.map(|(pipeline, of)| (pipeline, of.range::<SubscriptionName, _>((after, Bound::Unbounded))));
        let later = self.pipelines.range::<PipelineKey, _>((Bound::Excluded(pipeline), Bound::Unbounded));
        let later = later.map(|(pipeline, of)| (pipeline, of.range::<SubscriptionName, _>(..)));
        let all = own.into_iter().chain(later);
        all.flat_map(|(pipeline, of)| of.map(move |(name, subscription)| (pipeline, name, subscription)))
    }

    /// Adds a subscription, or replaces it.
    pub fn insert(&mut self, key: SubscriptionKey, subscription: Subscription) {
        self.remove(&key);
        self.changes.insert(subscription.changed, key.clone());
        self.triggers.entry(subscription.spec.trigger.clone()).or_default().insert(key.clone());
        self.pipelines.entry(key.pipeline).or_default().insert(key.name, subscription);
    }

    pub(crate) fn get_mut(&mut self, key: &SubscriptionKey) -> Option<&mut Subscription> {
        self.pipelines.get_mut(&key.pipeline)?.get_mut(&key.name)
    }

    /// Changes one by the event of `revision`; what it says stays with its trigger.
    pub(crate) fn change(&mut self, key: &SubscriptionKey, revision: Revision) -> Option<&mut Subscription> {
        let subscription = self.pipelines.get_mut(&key.pipeline)?.get_mut(&key.name)?;
        self.changes.remove(&subscription.changed);
        self.changes.insert(revision, key.clone());
        subscription.changed = revision;
        Some(subscription)
    }

    pub(crate) fn remove(&mut self, key: &SubscriptionKey) {
        let Some(of) = self.pipelines.get_mut(&key.pipeline) else { return };
        if let Some(removed) = of.remove(&key.name) {
            self.changes.remove(&removed.changed);
            let trigger = &removed.spec.trigger;
            if let Some(keys) = self.triggers.get_mut(trigger) {
                keys.remove(key);
                if keys.is_empty() {
                    self.triggers.remove(trigger);
                }
            }
        }
        if of.is_empty() {
            self.pipelines.remove(&key.pipeline);
        }
    }
}
