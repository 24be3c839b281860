//! What decisions and events need of the views.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use gofer_domain::{History, PipelineConfig, PipelineKey, Revision, Run, RunKey, Version};

use crate::db::Db;
use crate::error::Error;
use crate::{event_log, reader};

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
    error: RefCell<Option<Error>>,
}

impl<'a> Views<'a> {
    pub(crate) fn new(db: &'a Db) -> Self {
        Self { db, configs: RefCell::default(), hashes: RefCell::default(), error: RefCell::new(None) }
    }

    /// Makes a new version known before it is written.
    pub(crate) fn register(&self, key: &PipelineKey, version: Version, config: &Arc<PipelineConfig>) {
        self.configs.borrow_mut().insert((key.clone(), version), Arc::clone(config));
    }

    /// Makes a new event known before it is written.
    pub(crate) fn append(&self, revision: Revision, hash: [u8; 32]) {
        self.hashes.borrow_mut().insert(revision, hash);
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
}
