//! When each repository is to be looked at next. It is known in memory only: another leader begins anew.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gofer_domain::{BuiltIn, Revision, State, Subscription, SubscriptionKey, SubscriptionSpec, TriggerName};
use gofer_triggers::Repository;
use tokio::time::Instant;

/// Longest pause after failures.
const PAUSE_MAX: Duration = Duration::from_secs(15 * 60);

/// Subscriptions to the trigger `git`.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    kept: BTreeMap<SubscriptionKey, Kept>,
}

#[derive(Debug)]
struct Kept {
    generation: Revision,
    every: Duration,
    due: Instant,
    is_looking: bool,
    failures: u32,
}

/// A subscription whose repository is to be looked at now.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    pub(crate) key: SubscriptionKey,
    pub(crate) spec: Arc<SubscriptionSpec>,
    pub(crate) generation: Revision,
    pub(crate) cursor: Option<Arc<[u8]>>,
    /// How many events it has taken.
    pub(crate) taken: u64,
}

impl Agenda {
    /// At most so many subscriptions that are due.
    pub(crate) fn due(&mut self, state: &State, now: Instant, most: usize) -> Vec<Due> {
        let Ok(git) = TriggerName::new(BuiltIn::Git.name()) else { return Vec::new() };
        // Nobody tells of those that are gone.
        if self.kept.len() > state.subscriptions.count_of_trigger(&git) {
            self.kept.retain(|key, _| state.subscriptions.get(key).is_some());
        }
        let mut due = Vec::new();
        for (key, subscription) in state.subscriptions.of_trigger(&git).filter(|(_, known)| known.enabled) {
            if due.len() >= most {
                break;
            }
            let Subscription { spec, generation, cursor, taken, .. } = subscription;
            let known = self.kept.get_mut(key);
            if known.as_ref().is_none_or(|known| known.generation != *generation && !known.is_looking) {
                let every = Repository::every(spec);
                let kept = Kept { generation: *generation, every, due: now, is_looking: false, failures: 0 };
                self.kept.insert(key.clone(), kept);
            }
            let Some(known) = self.kept.get_mut(key).filter(|known| known.due <= now && !known.is_looking) else {
                continue;
            };
            known.is_looking = true;
            due.push(Due {
                key: key.clone(),
                spec: Arc::clone(spec),
                generation: *generation,
                cursor: cursor.clone(),
                taken: *taken,
            });
        }
        due
    }

    /// Notes that a repository was looked at. After failures it is left alone for longer each time.
    pub(crate) fn looked(&mut self, key: &SubscriptionKey, now: Instant, has_failed: bool) {
        let Some(known) = self.kept.get_mut(key) else { return };
        known.is_looking = false;
        known.failures = if has_failed { known.failures.saturating_add(1) } else { 0 };
        let pause = known.every.saturating_mul(1 << known.failures.min(8)).min(PAUSE_MAX.max(known.every));
        // So that those of one moment don't stay together.
        known.due = now + pause.mul_f64(0.95 + fastrand::f64() / 10.0);
    }
}
