//! The log of a node that does not run.

use std::path::{Path, PathBuf};

use rocksdb::{DB, Direction, IteratorMode, WriteBatch, WriteOptions};

use super::{db, synced};
use crate::codec;
use crate::config::Config;
use crate::error::Error;
use crate::types::{Entry, LogId, Vote};

/// An open log.
pub(crate) struct Log {
    dir: PathBuf,
    db: DB,
    loaded: db::Loaded,
}

impl Log {
    /// Opens the log in a directory, which is made if missing. `applied` is the newest entry that the state has.
    ///
    /// # Errors
    /// As [`LogStore::open`](super::LogStore::open).
    pub(crate) fn open(dir: &Path, applied: Option<LogId>) -> Result<Self, Error> {
        let (db, mut loaded) = db::open(dir, Config::default().log_wal_bytes)?;
        drop(synced::Marker::open(dir, &db)?);
        db::drop_overwritten(dir, &db, &mut loaded, applied)?;
        Ok(Self { dir: dir.to_owned(), db, loaded })
    }

    pub(crate) fn vote(&self) -> Option<Vote> {
        self.loaded.vote
    }

    /// Id of the newest entry, be it there or purged.
    pub(crate) fn last(&self) -> Option<LogId> {
        self.loaded.last.or(self.loaded.purged)
    }

    /// The entries from an index on, in order; each must follow the one before it.
    pub(crate) fn entries(&self, from: u64) -> impl Iterator<Item = Result<Entry, Error>> {
        let purged = self.loaded.purged.map_or(0, |id| id.index() + 1);
        let key = db::key(from.max(purged));
        let mut expected = from.max(purged);
        let found = db::log(&self.db).map(|log| self.db.iterator_cf(log, IteratorMode::From(&key, Direction::Forward)));
        let failed = found.as_ref().err().map(|error| Err(self.corrupt(error.to_string())));
        let entries = found.into_iter().flatten().map(move |item| {
            let (key, value) = item.map_err(|error| self.corrupt(error.to_string()))?;
            let (index, entry) = db::entry(&key, &value).map_err(|why| self.corrupt(why))?;
            if index != expected {
                return Err(self.corrupt(format!("entry {expected} is missing before entry {index}")));
            }
            expected += 1;
            Ok(entry)
        });
        failed.into_iter().chain(entries)
    }

    /// Leaves nothing of it but its end and a vote, durably.
    pub(crate) fn restart(&self, end: LogId, vote: Vote) -> Result<(), Error> {
        let write = || -> std::io::Result<()> {
            let mut batch = WriteBatch::default();
            batch.delete_range_cf(db::log(&self.db)?, db::key(0), db::key(u64::MAX));
            let meta = db::meta(&self.db)?;
            batch.put_cf(meta, db::PURGED, codec::encode(&Some(end))?);
            batch.put_cf(meta, db::COMMITTED, codec::encode(&Some(end))?);
            batch.put_cf(meta, db::VOTE, codec::encode(&vote)?);
            let mut options = WriteOptions::default();
            options.set_sync(true);
            self.db.write_opt(batch, &options).map_err(std::io::Error::other)
        };
        write().map_err(|source| Error::Io { what: "beginning it anew".into(), source })
    }

    fn corrupt(&self, what: String) -> Error {
        Error::Corrupt { what, at: self.dir.display().to_string() }
    }
}
