//! What is to be looked at next, and when. It is known in memory only: another leader begins anew.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gofer_domain::{BuiltIn, Revision, State, Subscription, SubscriptionKey, SubscriptionSpec, TriggerName};
use gofer_git::pulls::Memory;
use gofer_triggers::{every, is_polled};
use tokio::time::Instant;

use crate::look::Looked;

/// Longest pause after failures.
const PAUSE_MAX: Duration = Duration::from_secs(15 * 60);
/// Triggers with subscriptions that look.
const TRIGGERS: [BuiltIn; 2] = [BuiltIn::Git, BuiltIn::Github];

/// Subscriptions whose events are found by looking.
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
    memory: Option<Arc<Memory>>,
}

/// A subscription for which it is to be looked now.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    pub(crate) key: SubscriptionKey,
    pub(crate) spec: Arc<SubscriptionSpec>,
    pub(crate) generation: Revision,
    pub(crate) cursor: Option<Arc<[u8]>>,
    /// How many events it has taken.
    pub(crate) taken: u64,
    /// What the last look has left.
    pub(crate) memory: Option<Arc<Memory>>,
}

impl Agenda {
    /// At most so many subscriptions that are due, those first that are longest.
    pub(crate) fn due(&mut self, state: &State, now: Instant, most: usize) -> Vec<Due> {
        let mut count = 0;
        let mut due: Vec<(Instant, &SubscriptionKey, &Subscription)> = Vec::new();
        let triggers = TRIGGERS.into_iter().filter_map(|trigger| TriggerName::new(trigger.name()).ok());
        for trigger in triggers {
            let polled = state.subscriptions.of_trigger(&trigger).filter(|(_, known)| is_polled(&known.spec));
            for (key, subscription) in polled {
                count += 1;
                if subscription.enabled
                    && let Some(at) = self.due_at(key, subscription, now).filter(|at| *at <= now)
                {
                    due.push((at, key, subscription));
                }
            }
        }
        // Nobody tells of those that are gone.
        if self.kept.len() > count {
            self.kept.retain(|key, _| state.subscriptions.get(key).is_some_and(|known| is_polled(&known.spec)));
        }
        due.sort_by_key(|(at, ..)| *at);
        due.truncate(most);
        due.into_iter().filter_map(|(_, key, subscription)| self.begin(key, subscription)).collect()
    }

    /// When a subscription is due; None while it is looked.
    fn due_at(&mut self, key: &SubscriptionKey, subscription: &Subscription, now: Instant) -> Option<Instant> {
        let Subscription { spec, generation, .. } = subscription;
        let known = self.kept.get(key);
        if known.is_none_or(|known| known.generation != *generation && !known.is_looking) {
            let (generation, every) = (*generation, every(spec)?);
            let kept = Kept { generation, every, due: now, is_looking: false, failures: 0, memory: None };
            self.kept.insert(key.clone(), kept);
        }
        self.kept.get(key).filter(|known| !known.is_looking).map(|known| known.due)
    }

    fn begin(&mut self, key: &SubscriptionKey, subscription: &Subscription) -> Option<Due> {
        let Subscription { spec, generation, cursor, taken, .. } = subscription;
        let known = self.kept.get_mut(key)?;
        known.is_looking = true;
        Some(Due {
            key: key.clone(),
            spec: Arc::clone(spec),
            generation: *generation,
            cursor: cursor.clone(),
            taken: *taken,
            memory: known.memory.clone(),
        })
    }

    /// Notes what a look has brought. After failures there is a longer pause each time.
    pub(crate) fn looked(&mut self, key: &SubscriptionKey, now: Instant, looked: &Looked, memory: Option<Memory>) {
        let Some(known) = self.kept.get_mut(key) else { return };
        known.is_looking = false;
        // An older one is still of use if the cursor is where it was.
        known.memory = memory.map(Arc::new).or_else(|| known.memory.take());
        known.failures = if matches!(looked, Looked::Failed(_)) { known.failures.saturating_add(1) } else { 0 };
        let pause = known.every.saturating_mul(1 << known.failures.min(8)).min(PAUSE_MAX.max(known.every));
        // So that those of one moment don't stay together.
        let pause = pause.mul_f64(0.95 + fastrand::f64() / 10.0);
        let least = if let Looked::Rests { wait, .. } = looked { *wait } else { Duration::ZERO };
        known.due = now + pause.max(least);
    }
}

#[cfg(test)]
mod tests {
    use gofer_domain::{NamespaceId, PipelineId, PipelineKey, RunOptions, SubscriptionName, Timestamp};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn add(state: &mut State, name: &str, trigger: &str, settings: &[(&str, &str)], revision: u64) -> SubscriptionKey {
        let pipeline =
            PipelineKey { namespace: NamespaceId::new("default").unwrap(), pipeline: PipelineId::new("ci").unwrap() };
        let key = SubscriptionKey { pipeline, name: SubscriptionName::new(name).unwrap() };
        let spec = SubscriptionSpec {
            description: String::new(),
            trigger: TriggerName::new(trigger).unwrap(),
            settings: settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            filter: String::new(),
            variables: BTreeMap::new(),
            options: RunOptions::default(),
        };
        let at = Revision(revision);
        let subscription = Subscription {
            spec: Arc::new(spec),
            generation: at,
            created: at,
            enabled: true,
            since: at,
            changed: at,
            cursor: None,
            taken: 0,
            fired: 0,
            last_fired: None,
            last_skipped: None,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        };
        state.subscriptions.insert(key.clone(), subscription);
        key
    }
    fn names(due: &[Due]) -> Vec<&str> {
        due.iter().map(|due| due.key.name.as_str()).collect()
    }

    #[test]
    fn those_that_look_are_due_in_turn() {
        let (mut state, mut agenda, now) = (State::default(), Agenda::default(), Instant::now());
        let url = ("url", "https://git.example/a.git");
        let first = add(&mut state, "a", "git", &[url, ("every", "10s")], 1);
        add(&mut state, "b", "github", &[("repository", "o/n"), ("every", "100s")], 2);
        add(&mut state, "told", "github", &[("secret", "hook")], 3);
        add(&mut state, "c", "git", &[url, ("every", "100s")], 4);
        assert_eq!(names(&agenda.due(&state, now, 1)), ["a"]);
        assert_eq!(names(&agenda.due(&state, now, 1)), ["c"], "not once more while it is looked");
        agenda.looked(&first, now, &Looked::Nothing, None);
        // It is due again, though those go first that wait longer.
        let later = now + 11 * SECOND;
        assert_eq!(names(&agenda.due(&state, later, 1)), ["b"]);
        assert_eq!(names(&agenda.due(&state, later, 8)), ["a"]);
        assert!(agenda.due(&state, later, 8).is_empty());
    }

    #[test]
    fn the_pause_is_as_long_as_it_must() {
        let (mut state, mut agenda, now) = (State::default(), Agenda::default(), Instant::now());
        let key = add(&mut state, "a", "github", &[("repository", "o/n"), ("every", "10s")], 1);
        let mut pause = |looked: &Looked, seconds: u64| {
            assert_eq!(agenda.due(&state, now + 3600 * SECOND, 1).len(), 1);
            agenda.looked(&key, now, looked, None);
            let is_due = |agenda: &mut Agenda, at: Instant| agenda.kept[&key].due <= at;
            assert!(!is_due(&mut agenda, now + SECOND * 9 / 10 * u32::try_from(seconds).unwrap()), "{looked:?}");
            assert!(is_due(&mut agenda, now + SECOND * 11 / 10 * u32::try_from(seconds).unwrap()), "{looked:?}");
        };
        let (failed, rests) = (Looked::Failed("x".to_owned()), |seconds| Looked::Rests {
            why: "x".to_owned(),
            wait: Duration::from_secs(seconds),
        });
        pause(&Looked::Nothing, 10);
        pause(&failed, 20);
        pause(&failed, 40);
        pause(&rests(500), 500);
        pause(&rests(1), 10);
        for _ in 0..10 {
            agenda.looked(&key, now, &failed, None);
        }
        assert!(agenda.kept[&key].due <= now + PAUSE_MAX.mul_f64(1.06));
    }

    #[test]
    fn what_is_gone_is_forgotten_and_what_is_changed_begins_anew() {
        let (mut state, mut agenda, now) = (State::default(), Agenda::default(), Instant::now());
        let key = add(&mut state, "a", "github", &[("repository", "o/n")], 1);
        add(&mut state, "b", "github", &[("repository", "o/n")], 2);
        assert_eq!(agenda.due(&state, now, 8).len(), 2);
        agenda.looked(&key, now, &Looked::Nothing, None);
        add(&mut state, "a", "github", &[("repository", "o/other")], 3);
        assert_eq!(names(&agenda.due(&state, now, 8)), ["a"]);
        agenda.looked(&key, now, &Looked::Nothing, None);
        add(&mut state, "a", "github", &[("secret", "hook")], 4);
        assert!(agenda.due(&state, now + 3600 * SECOND, 8).is_empty());
        assert_eq!(agenda.kept.len(), 1);
    }
}
