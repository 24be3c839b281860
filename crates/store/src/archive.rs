//! What the views say of the archive, and the room of the events that were dropped.

use gofer_domain::{Archive, ArchiveSegment, Revision};
use gofer_wire::model::v1 as model;

use crate::codec;
use crate::db::{Db, EVENTS, VIEWS};
use crate::error::Error;
use crate::keys::{self, kind};
use crate::store::Store;

pub(crate) fn extent(db: &Db) -> Result<Option<Archive>, Error> {
    let Some(record) = db.get::<model::Archive>(VIEWS, &keys::archive())? else { return Ok(None) };
    let archive = codec::archive_from_wire(&record);
    archive.map(Some).map_err(|error| Error::decode("the record of the archive", &error))
}

pub(crate) fn segments(db: &Db) -> Result<Vec<ArchiveSegment>, Error> {
    let mut segments = Vec::new();
    for item in db.scan_prefix(VIEWS, &[kind::SEGMENT])? {
        let (key, value) = item?;
        let record: model::ArchiveSegment = db.decode(&key, &value)?;
        let segment = codec::segment_from_wire(Some(&record));
        segments.push(segment.map_err(|error| Error::decode("a segment of the archive", &error))?);
    }
    Ok(segments)
}

impl Store {
    /// The segments of the archive, in the order of their revisions.
    ///
    /// # Errors
    /// When their records can't be read. Final like an error of [`Store::apply`].
    pub fn archive_segments(&self) -> Result<Vec<ArchiveSegment>, Error> {
        self.healthy()?;
        self.guard(segments(&self.db()))
    }

    /// Gives the room of dropped events back to the file system. It would come back by itself, though late: they take
    /// room until RocksDB happens to merge the files that they are in.
    ///
    /// # Errors
    /// When the database lacks the events. Final like an error of [`Store::apply`].
    pub fn reclaim(&self) -> Result<(), Error> {
        self.healthy()?;
        let first = self.progress().borrow().first;
        if first > Revision(1) {
            let db = self.db();
            let family = self.guard(db.family(EVENTS))?;
            db.inner.compact_range_cf(family, None::<[u8; 8]>, Some(first.0.to_be_bytes()));
        }
        Ok(())
    }
}
