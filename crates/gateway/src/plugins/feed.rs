//! Which subscriptions a plug-in is told of: all that take events of its trigger, and each change from then on.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use gofer_domain::{Revision, State, Subscription, SubscriptionKey, SubscriptionSpec, TriggerName, TriggerReport};

/// Most subscriptions that are looked at under the lock of the state.
const LOOK_MAX: usize = 500;

/// What a plug-in was told of.
#[derive(Debug)]
pub(super) struct Feed {
    trigger: TriggerName,
    /// All changes up to this one are told.
    known: Revision,
    /// The trigger as it was then: what it takes for broken depends on it.
    standing: Option<Standing>,
    told: BTreeMap<SubscriptionKey, Told>,
    /// Up to where it was checked that what was told of is still there.
    checked: Option<SubscriptionKey>,
    is_synced: bool,
}

/// A subscription as it was told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) generation: Revision,
    pub(super) spec: Arc<SubscriptionSpec>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Standing {
    generation: Revision,
    is_enabled: bool,
    report: Option<Arc<TriggerReport>>,
}

/// Something to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum News {
    Subscription(SubscriptionKey, Box<Subscription>),
    Gone(SubscriptionKey),
    Synced,
}

impl Feed {
    pub(super) fn new(trigger: TriggerName) -> Self {
        Self { trigger, known: Revision(0), standing: None, told: BTreeMap::new(), checked: None, is_synced: false }
    }

    /// How a subscription was told of; None if it was not, or is gone since.
    pub(super) fn told(&self, key: &SubscriptionKey) -> Option<&Told> {
        self.told.get(key)
    }

    /// What there is to tell, and whether there may be more at once. That some are gone is found out by and by.
    pub(super) fn look(&mut self, state: &State, finds_gone: bool) -> (Vec<News>, bool) {
        let standing = state.triggers.get(&self.trigger).map(|trigger| Standing {
            generation: trigger.generation,
            is_enabled: trigger.enabled,
            report: trigger.report.clone(),
        });
        if self.standing != standing {
            self.standing = standing;
            self.known = Revision(0);
        }
        let mut news = Vec::new();
        let is_cut = self.changed(state, &mut news);
        if finds_gone {
            self.gone(state, &mut news);
        }
        if !is_cut && !self.is_synced {
            self.is_synced = true;
            news.push(News::Synced);
        }
        (news, is_cut)
    }

    fn changed(&mut self, state: &State, news: &mut Vec<News>) -> bool {
        for (looked, (revision, key, subscription)) in state.subscriptions.changed_after(self.known).enumerate() {
            if looked >= LOOK_MAX {
                return true;
            }
            self.known = revision;
            if subscription.spec.trigger != self.trigger {
                continue;
            }
            if subscription.enabled && state.broken(&subscription.spec).is_none() {
                let Subscription { generation, ref spec, .. } = *subscription;
                let told = Told { generation, spec: Arc::clone(spec) };
                if self.told.get(key) != Some(&told) {
                    self.told.insert(key.clone(), told);
                    news.push(News::Subscription(key.clone(), Box::new(subscription.clone())));
                }
            } else if self.told.remove(key).is_some() {
                news.push(News::Gone(key.clone()));
            }
        }
        false
    }

    /// Finds some that are not there any more, of which nobody tells.
    fn gone(&mut self, state: &State, news: &mut Vec<News>) {
        let from = self.checked.take().map_or(Bound::Unbounded, Bound::Excluded);
        let mut gone = Vec::new();
        for (looked, key) in self.told.range((from, Bound::Unbounded)).map(|(key, _)| key).enumerate() {
            if looked >= LOOK_MAX {
                break;
            }
            self.checked = Some(key.clone());
            if state.subscriptions.get(key).is_none() {
                gone.push(key.clone());
            }
        }
        if self.told.last_key_value().map(|(last, _)| last) == self.checked.as_ref() {
            self.checked = None;
        }
        for key in gone {
            self.told.remove(&key);
            news.push(News::Gone(key));
        }
    }
}
