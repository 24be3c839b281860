//! The state database: its column families, and how each is tuned.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use prost::Message;
use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, DB, DBCompressionType, DBRecoveryMode, Direction,
    Env, IteratorMode, WriteBatch, WriteOptions,
};

use crate::error::Error;
use crate::store::Options;
use crate::{background, durable};

/// What is applied, and the format.
pub(crate) const META: &str = "meta";
/// Sealed envelopes by revision.
pub(crate) const EVENTS: &str = "events";
/// Records by [`keys`](crate::keys).
pub(crate) const VIEWS: &str = "views";
/// Recorded answers by number.
pub(crate) const DEDUP: &str = "dedup";

/// Format of a new database. Checkpoints carry it to other nodes.
pub(crate) const FORMAT: u64 = 1;
/// Format once a part of the log was archived: older code takes events that were dropped for lost.
pub(crate) const ARCHIVED: u64 = 2;
/// Format once a version of a pipeline was held or released: older code starts runs with the newest one.
pub(crate) const RELEASED: u64 = 3;
/// Format once there was a schedule, a trigger or a subscription: older code knows none, and would delete its pipeline.
pub(crate) const SCHEDULED: u64 = 4;
const FORMAT_KEY: &[u8] = b"format";

/// Levels of a column family; RocksDB's default.
const LEVELS: usize = 7;

/// A key and its value.
type Found = Result<(Box<[u8]>, Box<[u8]>), Error>;

/// An open state database.
pub(crate) struct Db {
    pub(crate) inner: DB,
    pub(crate) path: PathBuf,
    /// What it says of itself, and what is about to be written.
    format: AtomicU64,
    remains: Remains,
}

/// Removes the directory of a database that nobody needs any more. Declared after the database in [`Db`], so it is
/// dropped when that is closed.
struct Remains {
    path: PathBuf,
    unwanted: AtomicBool,
}

impl Drop for Remains {
    fn drop(&mut self) {
        if self.unwanted.load(Ordering::Acquire) {
            // What is left here is removed at the next open.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

impl Db {
    /// Makes an empty database, durably. The directory must not exist.
    pub(crate) fn create(path: &Path, options: &Options) -> Result<Self, Error> {
        let db = Self::open_as(path, options, true)?;
        let mut write = WriteOptions::default();
        write.set_sync(true);
        let written = db.inner.put_cf_opt(db.family(META)?, FORMAT_KEY, FORMAT.to_be_bytes(), &write);
        written.map_err(|error| db.error(error))?;
        durable::sync_dir(path)?;
        durable::sync_parent(path)?;
        Ok(db)
    }

    /// Opens a database that must be there.
    pub(crate) fn open(path: &Path, options: &Options) -> Result<Self, Error> {
        if !path.join("CURRENT").exists() {
            return Err(Error::corrupt(path.display().to_string(), "there is no database in it"));
        }
        Self::open_as(path, options, false)?.checked()
    }

    /// Opens a database as it is at this moment, without writing anything and without its lock: a process that has it
    /// open goes on undisturbed.
    pub(crate) fn open_read_only(path: &Path, options: &Options) -> Result<Self, Error> {
        if !path.join("CURRENT").exists() {
            return Err(Error::corrupt(path.display().to_string(), "there is no database in it"));
        }
        let (mut settings, families) = Self::settings(options);
        // Every file is opened at once, as that other process may delete any of them at any time.
        settings.set_max_open_files(-1);
        let inner = DB::open_cf_descriptors_read_only(&settings, path, families, false);
        Self::wrap(path, inner)?.checked()
    }

    /// This database, if it is of the format that this code knows.
    fn checked(self) -> Result<Self, Error> {
        let stored = self.inner.get_cf(self.family(META)?, FORMAT_KEY).map_err(|error| self.error(error))?;
        let format = stored.and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
        match format {
            Some(found @ FORMAT..=SCHEDULED) => {
                self.format.store(found, Ordering::Release);
                Ok(self)
            }
            Some(found) if found > SCHEDULED => {
                Err(Error::NewerFormat { path: self.path.clone(), found, known: SCHEDULED })
            }
            _ => Err(Error::corrupt(self.path.display().to_string(), "it does not say its format")),
        }
    }

    fn open_as(path: &Path, options: &Options, create: bool) -> Result<Self, Error> {
        let (mut settings, families) = Self::settings(options);
        settings.create_if_missing(create);
        settings.create_missing_column_families(create);
        background::write_directly(&mut settings, path);
        // Who makes a database fills it, and has nobody wait beside it.
        if !create {
            background::write_evenly(&mut settings);
        }
        settings.set_env(&environment().map_err(|error| Error::rocks(path, error))?);
        Self::wrap(path, DB::open_cf_descriptors(&settings, path, families))
    }

    fn wrap(path: &Path, opened: Result<DB, rocksdb::Error>) -> Result<Self, Error> {
        let inner = opened.map_err(|error| Error::rocks(path, error))?;
        let remains = Remains { path: path.to_owned(), unwanted: AtomicBool::new(false) };
        Ok(Self { inner, path: path.to_owned(), format: AtomicU64::new(FORMAT), remains })
    }

    fn settings(options: &Options) -> (rocksdb::Options, [ColumnFamilyDescriptor; 4]) {
        let cache = Cache::new_lru_cache(options.block_cache_bytes);
        let mut settings = rocksdb::Options::default();
        // Nothing is fsynced when it is applied, so a power loss may leave the write-ahead log with a missing tail or
        // with a hole in it. Up to the first hole it is right, and the rest is applied again from the Raft log, in
        // order, as the applied index lies in the same batches. That log is purged only up to an index that `sync` or
        // `checkpoint` made durable here. The stricter modes would refuse to open, and lose the node for nothing.
        settings.set_wal_recovery_mode(DBRecoveryMode::PointInTime);
        settings.set_max_total_wal_size(options.wal_bytes);
        settings.set_keep_log_file_num(4);
        settings.set_max_open_files(512);
        settings.set_max_background_jobs(2);
        background::open_sparingly(&mut settings);
        // A flush waits until what was logged before it is on the disk. It should be on its way there by then.
        settings.set_wal_bytes_per_sync(512 << 10);
        let families = [(META, 1 << 20), (EVENTS, 8 << 20), (VIEWS, 8 << 20), (DEDUP, 4 << 20)]
            .map(|(name, buffer)| ColumnFamilyDescriptor::new(name, family(&cache, buffer)));
        (settings, families)
    }

    /// Keeps code away from this database that knows no format as new as this one, from this batch on.
    pub(crate) fn mark(&self, batch: &mut WriteBatch, format: u64) -> Result<(), Error> {
        if format > self.format.load(Ordering::Acquire) {
            batch.put_cf(self.family(META)?, FORMAT_KEY, format.to_be_bytes());
            self.format.store(format, Ordering::Release);
        }
        Ok(())
    }

    /// Removes the directory once the last user of this database is gone.
    pub(crate) fn discard_when_closed(&self) {
        self.remains.unwanted.store(true, Ordering::Release);
    }

    pub(crate) fn family(&self, name: &'static str) -> Result<&ColumnFamily, Error> {
        let found = self.inner.cf_handle(name);
        found.ok_or_else(|| Error::corrupt(self.path.display().to_string(), format!("column family {name} is missing")))
    }

    pub(crate) fn get<M: Message + Default>(&self, family: &'static str, key: &[u8]) -> Result<Option<M>, Error> {
        let value = self.inner.get_pinned_cf(self.family(family)?, key).map_err(|error| self.error(error))?;
        value.map(|bytes| self.decode(key, &bytes)).transpose()
    }

    pub(crate) fn decode<M: Message + Default>(&self, key: &[u8], bytes: &[u8]) -> Result<M, Error> {
        M::decode(bytes).map_err(|error| {
            let what = format!("record {:?} of {}", String::from_utf8_lossy(key), self.path.display());
            Error::corrupt(what, error.to_string())
        })
    }

    /// Keys and values from a key on, ascending or descending.
    pub(crate) fn scan(
        &self,
        family: &'static str,
        from: &[u8],
        direction: Direction,
    ) -> Result<impl Iterator<Item = Found> + use<'_>, Error> {
        let iterator = self.inner.iterator_cf(self.family(family)?, IteratorMode::From(from, direction));
        Ok(iterator.map(|item| item.map_err(|error| self.error(error))))
    }

    /// Keys and values with this prefix, ascending.
    pub(crate) fn scan_prefix(
        &self,
        family: &'static str,
        prefix: &[u8],
    ) -> Result<impl Iterator<Item = Found> + use<'_>, Error> {
        let found = self.scan(family, prefix, Direction::Forward)?;
        let prefix = prefix.to_vec();
        Ok(found.take_while(move |item| item.as_ref().map_or(true, |(key, _)| key.starts_with(&prefix))))
    }

    /// Writes a batch that may be lost with this process.
    pub(crate) fn write_unlogged(&self, batch: WriteBatch) -> Result<(), Error> {
        let mut options = WriteOptions::default();
        options.disable_wal(true);
        self.inner.write_opt(batch, &options).map_err(|error| self.error(error))
    }

    /// Makes all that was written durable, also what [`Db::write_unlogged`] wrote.
    pub(crate) fn flush(&self) -> Result<(), Error> {
        let families =
            [META, EVENTS, VIEWS, DEDUP].map(|name| self.family(name)).into_iter().collect::<Result<Vec<_>, _>>()?;
        let mut options = rocksdb::FlushOptions::default();
        options.set_wait(true);
        self.inner.flush_cfs_opt(&families, &options).map_err(|error| self.error(error))?;
        self.inner.flush_wal(true).map_err(|error| self.error(error))?;
        durable::sync_dir(&self.path)
    }

    /// Writes a batch, durable against a killed process, not against a power loss.
    pub(crate) fn write(&self, batch: WriteBatch) -> Result<(), Error> {
        self.inner.write_opt(batch, &WriteOptions::default()).map_err(|error| self.error(error))
    }

    pub(crate) fn error(&self, error: rocksdb::Error) -> Error {
        Error::rocks(&self.path, error)
    }
}

/// The process's own threads come before those that flush and merge, whose work can wait for a while: several
/// databases, and on a small machine several nodes, tend to begin with it at the same moment.
fn environment() -> Result<Env, rocksdb::Error> {
    let mut environment = Env::new()?;
    environment.lower_thread_pool_cpu_priority();
    environment.lower_high_priority_thread_pool_cpu_priority();
    Ok(environment)
}

fn family(cache: &Cache, buffer: usize) -> rocksdb::Options {
    let mut blocks = BlockBasedOptions::default();
    blocks.set_block_cache(cache);
    blocks.set_block_size(16 << 10);
    blocks.set_bloom_filter(10.0, false);
    // Indexes and filters count as cache, so memory stays bounded while history grows.
    blocks.set_cache_index_and_filter_blocks(true);
    blocks.set_pin_l0_filter_and_index_blocks_in_cache(true);
    let mut options = rocksdb::Options::default();
    options.set_block_based_table_factory(&blocks);
    options.set_write_buffer_size(buffer);
    options.set_max_write_buffer_number(background::WRITE_BUFFERS);
    // What lies in the first two levels is soon merged again.
    let mut compression = [DBCompressionType::Lz4; LEVELS];
    compression[..2].fill(DBCompressionType::None);
    options.set_compression_per_level(&compression);
    options.set_bottommost_compression_type(DBCompressionType::Zstd);
    options
}
