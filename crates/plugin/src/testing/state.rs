//! What the stand-in knows.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gofer_wire::model::v1 as model;
use gofer_wire::plugin::v1 as wire;
use serde_json::Value;
use tokio::sync::{mpsc, watch};

use super::calls::Call;

const EVENTS_MAX: usize = 100;
const KEY_BYTES_MAX: usize = 256;
const PAYLOAD_BYTES_MAX: usize = 256 * 1024;
const CURSOR_BYTES_MAX: usize = 4 * 1024;

/// An event that was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    pub key: String,
    pub kind: String,
    pub payload: Value,
}

/// Shared by the test and all streams.
#[derive(Clone, Debug)]
pub(super) struct Shared(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    known: Mutex<Known>,
    /// Counts whatever changes.
    changes: watch::Sender<u64>,
    /// Counts the cuts.
    cuts: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Known {
    revision: u64,
    subscriptions: BTreeMap<String, Subscribed>,
    answers_to_lose: usize,
    /// What the plug-in has said last of how it is.
    problem: String,
    /// Where requests are put for the plug-in, while it answers any.
    plugin: Option<mpsc::Sender<Call>>,
}

#[derive(Debug, Default)]
struct Subscribed {
    generation: u64,
    settings: Vec<model::Variable>,
    cursor: Option<Vec<u8>>,
    taken: Vec<Taken>,
    /// Place by key.
    keys: HashMap<String, usize>,
    /// How many of the events the test was given.
    given: usize,
}

impl Default for Shared {
    fn default() -> Self {
        Self(Arc::new(Inner { known: Mutex::default(), changes: watch::Sender::new(0), cuts: watch::Sender::new(0) }))
    }
}

impl Shared {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        self.0.changes.send_modify(|count| *count += 1);
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    pub(super) fn cuts(&self) -> watch::Receiver<u64> {
        self.0.cuts.subscribe()
    }

    pub(super) fn subscribe(&self, name: &str, settings: &[(&str, &str)]) {
        let variable = |(name, value): &(&str, &str)| model::Variable { name: (*name).into(), value: (*value).into() };
        let mut known = self.known();
        known.revision += 1;
        let generation = known.revision;
        let subscribed = known.subscriptions.entry(name.to_owned()).or_default();
        subscribed.generation = generation;
        subscribed.settings = settings.iter().map(variable).collect();
        drop(known);
        self.changed();
    }

    pub(super) fn unsubscribe(&self, name: &str) {
        self.known().subscriptions.remove(name);
        self.changed();
    }

    pub(super) fn taken(&self, name: &str) -> Vec<Taken> {
        self.known().subscriptions.get(name).map(|known| known.taken.clone()).unwrap_or_default()
    }

    pub(super) fn cursor(&self, name: &str) -> Option<Vec<u8>> {
        self.known().subscriptions.get(name)?.cursor.clone()
    }

    pub(super) fn has_problem(&self, problem: String) {
        self.known().problem = problem;
    }

    pub(super) fn problem(&self) -> String {
        self.known().problem.clone()
    }

    /// A plug-in that answers requests is there.
    pub(super) fn answers(&self, plugin: mpsc::Sender<Call>) {
        self.known().plugin = Some(plugin);
        self.changed();
    }

    /// The plug-in that answers requests, once it is there.
    pub(super) async fn plugin(&self) -> mpsc::Sender<Call> {
        let mut changes = self.changes();
        loop {
            changes.mark_unchanged();
            let plugin = self.known().plugin.clone();
            if let Some(plugin) = plugin.filter(|plugin| !plugin.is_closed()) {
                return plugin;
            }
            let _ = changes.changed().await;
        }
    }

    pub(super) async fn next(&self, name: &str) -> Taken {
        let mut changes = self.changes();
        loop {
            changes.mark_unchanged();
            if let Some(next) = self.give(name) {
                return next;
            }
            // The sender lives as long as this does.
            let _ = changes.changed().await;
        }
    }

    fn give(&self, name: &str) -> Option<Taken> {
        let mut known = self.known();
        let subscribed = known.subscriptions.get_mut(name)?;
        let next = subscribed.taken.get(subscribed.given).cloned()?;
        subscribed.given += 1;
        Some(next)
    }

    pub(super) fn cut(&self) {
        self.0.cuts.send_modify(|count| *count += 1);
    }

    pub(super) fn lose_answers(&self, count: usize) {
        self.known().answers_to_lose = count;
    }

    /// Whether the answer that comes next is to be lost.
    pub(super) fn loses_answer(&self) -> bool {
        let mut known = self.known();
        let loses = known.answers_to_lose > 0;
        known.answers_to_lose = known.answers_to_lose.saturating_sub(1);
        loses
    }

    /// The subscriptions as they stand, by name.
    pub(super) fn subscriptions(&self) -> BTreeMap<String, wire::Subscription> {
        let known = self.known();
        let subscription = |(name, known): (&String, &Subscribed)| {
            let subscription = wire::Subscription {
                r#ref: Some(reference(name)),
                generation: known.generation,
                settings: known.settings.clone(),
                cursor: known.cursor.clone(),
            };
            (name.clone(), subscription)
        };
        known.subscriptions.iter().map(subscription).collect()
    }

    /// Takes events by the rules of the protocol.
    pub(super) fn take(&self, events: &wire::Events) -> wire::Taken {
        let taken = self.known().take(events);
        self.changed();
        let (fates, refusal) = match taken {
            Ok(fates) => (fates, None),
            Err(refusal) => (Vec::new(), Some(refusal)),
        };
        wire::Taken { id: events.id, fates, refusal }
    }
}

pub(super) fn reference(name: &str) -> model::SubscriptionRef {
    model::SubscriptionRef { namespace: "default".into(), pipeline: "test".into(), name: name.to_owned() }
}

impl Known {
    fn take(&mut self, events: &wire::Events) -> Result<Vec<wire::Fate>, wire::Refusal> {
        let name = events.subscription.as_ref().map(|reference| reference.name.as_str()).unwrap_or_default();
        let known = self.subscriptions.get_mut(name).filter(|known| known.generation == events.generation);
        let known = known.ok_or_else(|| refusal(wire::RefusalKind::Subscription, "it is not what it was"))?;
        let mut read = Vec::new();
        for event in &events.events {
            read.push(checked(event).map_err(|why| refusal(wire::RefusalKind::Invalid, &why))?);
        }
        if read.len() > EVENTS_MAX {
            return Err(refusal(wire::RefusalKind::Invalid, "there are more than 100 events"));
        }
        if let Some(cursor) = &events.cursor {
            if cursor.to.len() > CURSOR_BYTES_MAX {
                return Err(refusal(wire::RefusalKind::Invalid, "the cursor is longer than 4 KiB"));
            }
            if cursor.from != known.cursor {
                let elsewhere = refusal(wire::RefusalKind::Cursor, "the cursor is elsewhere");
                return Err(wire::Refusal { cursor: known.cursor.clone(), ..elsewhere });
            }
            known.cursor = Some(cursor.to.clone());
        }
        Ok(read.into_iter().map(|event| known.take(event)).collect())
    }
}

impl Subscribed {
    fn take(&mut self, event: Taken) -> wire::Fate {
        let known = self.keys.get(&event.key).copied();
        let place = known.unwrap_or_else(|| {
            self.keys.insert(event.key.clone(), self.taken.len());
            self.taken.push(event);
            self.taken.len() - 1
        });
        wire::Fate {
            result: model::EventResult::Fired.into(),
            run: u64::try_from(place).unwrap_or(u64::MAX).saturating_add(1),
            duplicate: known.is_some(),
        }
    }
}

fn checked(event: &wire::Event) -> Result<Taken, String> {
    let wire::Event { key, kind, payload, .. } = event;
    if key.is_empty() || key.len() > KEY_BYTES_MAX || key.contains(char::is_control) {
        return Err(format!("the key {key:?} is not 1 to {KEY_BYTES_MAX} bytes of text"));
    }
    if payload.len() > PAYLOAD_BYTES_MAX {
        return Err(format!("the payload of {key:?} is longer than {PAYLOAD_BYTES_MAX} bytes"));
    }
    let payload = match payload.as_str() {
        "" => Value::Null,
        text => serde_json::from_str(text).map_err(|error| format!("the payload of {key:?} is no JSON: {error}"))?,
    };
    Ok(Taken { key: key.clone(), kind: kind.clone(), payload })
}

fn refusal(kind: wire::RefusalKind, message: &str) -> wire::Refusal {
    wire::Refusal { kind: kind.into(), message: message.to_owned(), ..wire::Refusal::default() }
}
