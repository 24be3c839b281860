//! A data directory opened for reading only, also while a node runs on it: nothing is written, and no lock is taken.
//!
//! What is seen is the state of the moment of opening. Events come as the bytes that are stored; unlike [`Store`],
//! nothing is checked here, as whoever looks for damage has to get past the first.
//!
//! [`Store`]: crate::Store

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gofer_domain::{Archive, ArchiveSegment, ClusterId, Revision, Timestamp};
use rocksdb::ReadOptions;
use rustix::process::{Resource, getrlimit, setrlimit};

use crate::applied::{Applied, Progress};
use crate::checkpoint;
use crate::db::{Db, EVENTS};
use crate::error::Error;
use crate::identity::{self, Identity};
use crate::store::Options;
use crate::view_scan::ViewScan;
use crate::{blobs::Blobs, unfinished};

/// How often a directory is opened anew because a node changed its files meanwhile.
const TRIES: u32 = 20;
/// Pause between two of these tries.
const PAUSE: Duration = Duration::from_millis(50);
/// Read ahead of a scan, in bytes.
const READ_AHEAD: usize = 2 << 20;

/// An open data directory.
pub struct ReadOnlyStore {
    dir: PathBuf,
    identity: Identity,
    applied: Applied,
    db: Db,
}

impl std::fmt::Debug for ReadOnlyStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReadOnlyStore").field("dir", &self.dir).finish_non_exhaustive()
    }
}

impl ReadOnlyStore {
    /// Opens the data directory of a node, which may be running.
    ///
    /// # Errors
    /// When it is no data directory, is of a newer format, or too damaged to be opened; [`Error::Busy`] when a running
    /// node kept changing its files.
    pub fn open(dir: &Path, options: Options) -> Result<Self, Error> {
        unfinished::check(dir)?;
        let identity = identity::read(dir)?.ok_or_else(|| Error::NotAStore(dir.to_owned()))?;
        allow_files();
        for _ in 0..TRIES {
            let before = layout(dir);
            let opened = Self::open_once(dir, &options);
            // A file that went away, or came, in between leaves a hole in what was opened, or an error for no reason.
            if before == layout(dir) {
                let (applied, db) = opened?;
                return Ok(Self { dir: dir.to_owned(), identity, applied, db });
            }
            std::thread::sleep(PAUSE);
        }
        Err(Error::Busy(dir.to_owned()))
    }

    fn open_once(dir: &Path, options: &Options) -> Result<(Applied, Db), Error> {
        let db = Db::open_read_only(&checkpoint::locate(dir)?, options)?;
        Ok((Applied::get(&db)?, db))
    }

    /// The data directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Whose data this is.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// The cluster that the data is of; none before the node belongs to one.
    #[must_use]
    pub fn cluster(&self) -> Option<ClusterId> {
        self.applied.cluster.or(self.identity.cluster_id)
    }

    /// How far the views are, by their own record.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.applied.progress()
    }

    /// Revision and hash of the newest event that was dropped here, by the views' own record: what the first event that
    /// is here follows. Revision 0 when all are here.
    #[must_use]
    pub fn trimmed(&self) -> (Revision, [u8; 32]) {
        (self.applied.trimmed, self.applied.trimmed_hash)
    }

    /// How far the log is archived, by the views' own record.
    ///
    /// # Errors
    /// When the record can't be read.
    pub fn archive(&self) -> Result<Option<Archive>, Error> {
        crate::archive::extent(&self.db)
    }

    /// The segments of the archive in order, by the views' own record.
    ///
    /// # Errors
    /// When the records can't be read.
    pub fn archive_segments(&self) -> Result<Vec<ArchiveSegment>, Error> {
        crate::archive::segments(&self.db)
    }

    /// Time of the newest event, by the views' own record.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.applied.time
    }

    /// The stored bytes of an event.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn event(&self, revision: Revision) -> Result<Option<Vec<u8>>, Error> {
        self.db.inner.get_cf(self.db.family(EVENTS)?, revision.0.to_be_bytes()).map_err(|error| self.db.error(error))
    }

    /// Shows the stored bytes of all events from a revision on, each with the revision it is stored under, until told
    /// to stop.
    ///
    /// # Errors
    /// When the database can't be read, or a key is none of a revision.
    pub fn scan_events(
        &self,
        from: Revision,
        visit: &mut dyn FnMut(Revision, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let mut options = ReadOptions::default();
        // Blocks of a scan are used once.
        options.fill_cache(false);
        options.set_readahead_size(READ_AHEAD);
        let mut iterator = self.db.inner.raw_iterator_cf_opt(self.db.family(EVENTS)?, options);
        iterator.seek(from.0.to_be_bytes());
        while let Some((key, value)) = iterator.item() {
            if visit(Revision(revision(key)?), value).is_break() {
                return Ok(());
            }
            iterator.next();
        }
        iterator.status().map_err(|error| self.db.error(error))
    }

    /// The blobs of this node.
    #[must_use]
    pub fn blobs(&self) -> Blobs {
        Blobs::at(&self.dir.join("blobs"))
    }

    /// The stored views.
    ///
    /// # Errors
    /// When the database lacks them.
    pub fn views(&self) -> Result<ViewScan<'_>, Error> {
        ViewScan::new(&self.db)
    }
}

/// Lets this process open as many files as it may: all of the database's are open at once, and the usual limit would
/// do for some 60 GiB of events.
fn allow_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // With the old limit most databases can be opened, too.
    let _ = setrlimit(Resource::Nofile, limit);
}

fn revision(key: &[u8]) -> Result<u64, Error> {
    let key = key.try_into().map_err(|_| Error::corrupt("the event log", "a key is not a revision"))?;
    Ok(u64::from_be_bytes(key))
}

/// What changes when the database moves records from one file to another: which files there are, and how long the list
/// of them is. None while it can't be told.
fn layout(dir: &Path) -> Option<BTreeSet<(PathBuf, u64)>> {
    let state = checkpoint::locate(dir).ok()?;
    let mut files = BTreeSet::new();
    for entry in std::fs::read_dir(&state).ok()? {
        let entry = entry.ok()?;
        let name = entry.file_name();
        let is_list = name.as_encoded_bytes().starts_with(b"MANIFEST");
        // Others only grow, which takes nothing from what they held.
        let length = if is_list { entry.metadata().ok()?.len() } else { 0 };
        files.insert((entry.path(), length));
    }
    Some(files)
}
