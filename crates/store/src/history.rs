//! What decisions and events need of the views.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use gofer_domain::{
    EventKey, EventOutcome, History, PipelineConfig, PipelineKey, Revision, Run, RunKey, SubscriptionKey, TakenEvent,
    Version,
};

use crate::db::Db;
use crate::error::Error;
use crate::{event_log, reader};

/// A subscription, with the revision that made it.
type Incarnation = (SubscriptionKey, Revision);

/// The views, with the versions that were registered since the last write.
///
/// An error can't be returned from here. It is kept, and whoever drives the decision must ask [`Views::check`] before
/// anything that was decided counts.
pub(crate) struct Views<'a> {
    db: &'a Db,
    /// Versions that the batch registers, and those it has read: an event that needs one finds it without reading.
    configs: RefCell<BTreeMap<(PipelineKey, Version), Arc<PipelineConfig>>>,
    /// Hashes of the events that the batch appends.
    hashes: RefCell<BTreeMap<Revision, [u8; 32]>>,
    /// What subscriptions take in the batch, by number; none: it is forgotten.
    taken: RefCell<BTreeMap<(Incarnation, u64), Option<TakenEvent>>>,
    /// The numbers of those, by key; none: it is forgotten.
    numbers: RefCell<BTreeMap<(Incarnation, EventKey), Option<u64>>>,
    error: RefCell<Option<Error>>,
}

impl<'a> Views<'a> {
    pub(crate) fn new(db: &'a Db) -> Self {
        Self {
            db,
            configs: RefCell::default(),
            hashes: RefCell::default(),
            taken: RefCell::default(),
            numbers: RefCell::default(),
            error: RefCell::new(None),
        }
    }

    /// Makes a new version known before it is written.
    pub(crate) fn register(&self, key: &PipelineKey, version: Version, config: &Arc<PipelineConfig>) {
        self.configs.borrow_mut().insert((key.clone(), version), Arc::clone(config));
    }

    /// Makes a new event known before it is written.
    pub(crate) fn append(&self, revision: Revision, hash: [u8; 32]) {
        self.hashes.borrow_mut().insert(revision, hash);
    }

    /// Makes an event known that a subscription takes, before it is written.
    pub(crate) fn take(&self, of: &Incarnation, number: u64, taken: &TakenEvent) {
        self.numbers.borrow_mut().insert((of.clone(), taken.key.clone()), Some(number));
        self.taken.borrow_mut().insert((of.clone(), number), Some(taken.clone()));
    }

    /// Makes it known that such an event is forgotten. Gives its key, if it was not forgotten before.
    pub(crate) fn forget(&self, of: &Incarnation, number: u64) -> Option<EventKey> {
        let key = self.event(of, number)?.key;
        self.numbers.borrow_mut().insert((of.clone(), key.clone()), None);
        self.taken.borrow_mut().insert((of.clone(), number), None);
        Some(key)
    }

    fn event(&self, of: &Incarnation, number: u64) -> Option<TakenEvent> {
        let known = self.taken.borrow().get(&(of.clone(), number)).cloned();
        known.unwrap_or_else(|| self.keep(reader::taken(self.db, &of.0, of.1, number)).map(|(taken, _)| taken))
    }

    /// The error of a lookup, if there was one.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.error.borrow_mut().take().map_or(Ok(()), Err)
    }

    fn keep<T>(&self, result: Result<Option<T>, Error>) -> Option<T> {
        result.unwrap_or_else(|error| {
            self.error.borrow_mut().get_or_insert(error);
            None
        })
    }
}

impl History for Views<'_> {
    fn run(&self, key: &RunKey) -> Option<Run> {
        self.keep(reader::run(self.db, key))
    }

    fn config(&self, key: &PipelineKey, version: Version) -> Option<Arc<PipelineConfig>> {
        let known = self.configs.borrow().get(&(key.clone(), version)).cloned();
        known.or_else(|| {
            let config = self.keep(reader::config(self.db, key, version))?;
            self.register(key, version, &config);
            Some(config)
        })
    }

    fn event_hash(&self, revision: Revision) -> Option<[u8; 32]> {
        let known = self.hashes.borrow().get(&revision).copied();
        known.or_else(|| self.keep(event_log::hash_of(self.db, revision).map(Some)))
    }

    fn depth(&self, key: &RunKey) -> Option<u32> {
        self.keep(reader::head(self.db, key)).map(|run| run.depth)
    }

    fn taken(&self, subscription: &SubscriptionKey, created: Revision, key: &EventKey) -> Option<(u64, EventOutcome)> {
        let of = (subscription.clone(), created);
        let known = self.numbers.borrow().get(&(of.clone(), key.clone())).copied();
        let number = known.unwrap_or_else(|| self.keep(reader::taken_number(self.db, subscription, created, key)))?;
        let missing = || {
            let what = format!("subscription {subscription}");
            Error::corrupt(what, format!("event {number} that it has taken is missing"))
        };
        let taken = self.event(&of, number);
        let taken = self.keep(taken.ok_or_else(missing).map(Some))?;
        Some((number, taken.outcome))
    }
}
