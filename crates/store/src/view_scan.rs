//! The records of the views, one after the other in the order of their keys, and what each is about.

use std::sync::Arc;

use rocksdb::{DB, DBRawIteratorWithThreadMode, Snapshot};

use crate::db::{Db, VIEWS};
use crate::error::Error;
pub use crate::keys::{ViewKind, view_name};

/// A key and its value, valid until the next is asked for.
pub type ViewRecord<'a> = (&'a [u8], &'a [u8]);

/// A walk over the views.
pub struct ViewScan<'a> {
    db: &'a Db,
    iterator: DBRawIteratorWithThreadMode<'a, DB>,
    is_started: bool,
}

impl std::fmt::Debug for ViewScan<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ViewScan").field("path", &self.db.path).finish_non_exhaustive()
    }
}

impl<'a> ViewScan<'a> {
    pub(crate) fn new(db: &'a Db) -> Result<Self, Error> {
        let iterator = db.inner.raw_iterator_cf(db.family(VIEWS)?);
        Ok(Self { db, iterator, is_started: false })
    }

    /// The next key and its value.
    ///
    /// # Errors
    /// When the database can't be read.
    #[allow(clippy::should_implement_trait, reason = "what it returns lives until the next call only")]
    pub fn next(&mut self) -> Result<Option<ViewRecord<'_>>, Error> {
        if self.is_started {
            self.iterator.next();
        } else {
            self.iterator.seek_to_first();
            self.is_started = true;
        }
        self.iterator.status().map_err(|error| self.db.error(error))?;
        Ok(self.iterator.item())
    }
}

/// Views that others may go on changing.
#[derive(Clone)]
pub struct Views(pub(crate) Arc<Db>);

impl std::fmt::Debug for Views {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Views").field(&self.0.path).finish()
    }
}

impl Views {
    /// The records as they are now.
    ///
    /// # Errors
    /// When the database lacks them.
    pub fn scan(&self) -> Result<ViewScan<'_>, Error> {
        ViewScan::new(&self.0)
    }

    /// Keeps the records as they are now, whatever is written later.
    #[must_use]
    pub fn freeze(&self) -> FrozenViews<'_> {
        FrozenViews { db: &self.0, snapshot: self.0.inner.snapshot() }
    }
}

/// Views of an earlier moment.
pub struct FrozenViews<'a> {
    db: &'a Db,
    snapshot: Snapshot<'a>,
}

impl std::fmt::Debug for FrozenViews<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FrozenViews").field("path", &self.db.path).finish_non_exhaustive()
    }
}

impl FrozenViews<'_> {
    /// The records as they were then.
    ///
    /// # Errors
    /// When the database lacks them.
    pub fn scan(&self) -> Result<ViewScan<'_>, Error> {
        let iterator = self.snapshot.raw_iterator_cf(self.db.family(VIEWS)?);
        Ok(ViewScan { db: self.db, iterator, is_started: false })
    }
}
