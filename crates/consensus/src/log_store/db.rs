//! The RocksDB behind the log: options, keys, and what is read when it is opened.

use std::io;
use std::path::Path;

use gofer_store::background;
use openraft::entry::RaftEntry;
use rocksdb::{
    ColumnFamily, ColumnFamilyDescriptor, DB, DBCompressionType, DBRecoveryMode, Direction, IteratorMode, Options,
    ReadOptions, WriteBatch, WriteOptions,
};

use crate::codec;
use crate::error::Error;
use crate::types::{Entry, LogId, Vote};

const LOG: &str = "log";
const META: &str = "meta";
const FORMAT: &[u8] = b"format";
const FORMAT_VERSION: u32 = 1;

pub(super) const VOTE: &[u8] = b"vote";
pub(super) const COMMITTED: &[u8] = b"committed";
pub(super) const PURGED: &[u8] = b"purged";

/// What the log holds besides its entries.
pub(super) struct Loaded {
    pub(super) vote: Option<Vote>,
    pub(super) committed: Option<LogId>,
    pub(super) purged: Option<LogId>,
    pub(super) last: Option<LogId>,
}

/// Key of an entry: keys sort as indexes do.
pub(super) fn key(index: u64) -> [u8; 8] {
    index.to_be_bytes()
}

pub(super) fn write_options() -> WriteOptions {
    let mut options = WriteOptions::default();
    options.set_sync(false);
    options
}

pub(super) fn log(db: &DB) -> io::Result<&ColumnFamily> {
    db.cf_handle(LOG).ok_or_else(|| io::Error::other("the raft log lacks its column family"))
}

pub(super) fn meta(db: &DB) -> io::Result<&ColumnFamily> {
    db.cf_handle(META).ok_or_else(|| io::Error::other("the raft log lacks its meta column family"))
}

fn options(wal_bytes: u64) -> Options {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    // A record that was never synced may be torn at the end of the file, and nobody was told of it. Damage anywhere
    // before that is refused: RocksDB's default (point in time) would drop all that follows, synced or not. Reuse of
    // old files is not possible with this mode, as a torn end could not be told from the file's previous life.
    options.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords);
    // Records stay in RocksDB's buffer until the flusher writes all of them with one call and syncs.
    options.set_manual_wal_flush(true);
    options.set_max_total_wal_size(wal_bytes);
    options.set_max_background_jobs(2);
    options.set_paranoid_checks(true);
    options.set_keep_log_file_num(2);
    options.set_max_open_files(256);
    background::open_sparingly(&mut options);
    background::write_evenly(&mut options);
    options
}

fn log_options() -> Options {
    let mut options = Options::default();
    // Most entries are purged before they would be merged a second time, so to compress them is not worth it.
    options.set_write_buffer_size(8 << 20);
    options.set_max_write_buffer_number(background::WRITE_BUFFERS);
    options.set_compression_type(DBCompressionType::None);
    options.set_target_file_size_base(64 << 20);
    options
}

fn meta_options() -> Options {
    let mut options = Options::default();
    options.set_write_buffer_size(4 << 20);
    options
}

/// Opens or creates the database and reads its bounds.
pub(super) fn open(dir: &Path, wal_bytes: u64) -> Result<(DB, Loaded), Error> {
    std::fs::create_dir_all(dir).map_err(|source| Error::Io { what: format!("creating {}", dir.display()), source })?;
    let families = [ColumnFamilyDescriptor::new(LOG, log_options()), ColumnFamilyDescriptor::new(META, meta_options())];
    let mut options = options(wal_bytes);
    background::write_directly(&mut options, dir);
    let db = DB::open_cf_descriptors(&options, dir, families).map_err(|error| from_rocksdb(dir, &error))?;
    check_format(dir, &db)?;
    let corrupt = |what: String| Error::Corrupt { what, at: dir.display().to_string() };
    let vote = read_meta::<Vote>(&db, VOTE).map_err(|error| corrupt(format!("its vote: {error}")))?;
    let committed =
        read_meta::<Option<LogId>>(&db, COMMITTED).map_err(|error| corrupt(format!("its commit: {error}")))?.flatten();
    let purged =
        read_meta::<Option<LogId>>(&db, PURGED).map_err(|error| corrupt(format!("its start: {error}")))?.flatten();
    let last = bounds(&db, purged).map_err(corrupt)?;
    Ok((db, Loaded { vote, committed, purged, last }))
}

fn check_format(dir: &Path, db: &DB) -> Result<(), Error> {
    let io = |source| Error::Io { what: "its format".into(), source };
    let family = meta(db).map_err(io)?;
    match db.get_cf(family, FORMAT).map_err(|error| from_rocksdb(dir, &error))? {
        None => {
            let mut options = write_options();
            options.set_sync(true);
            db.put_cf_opt(family, FORMAT, FORMAT_VERSION.to_be_bytes(), &options)
                .map_err(|error| from_rocksdb(dir, &error))
        }
        Some(bytes) => match <[u8; 4]>::try_from(bytes.as_slice()).map(u32::from_be_bytes) {
            Ok(FORMAT_VERSION) => Ok(()),
            Ok(found) => Err(Error::NewerFormat { found, known: FORMAT_VERSION }),
            Err(_) => Err(Error::Corrupt { what: "its format is unreadable".into(), at: dir.display().to_string() }),
        },
    }
}

fn read_meta<T: serde::de::DeserializeOwned>(db: &DB, name: &[u8]) -> io::Result<Option<T>> {
    let bytes = db.get_cf(meta(db)?, name).map_err(io::Error::other)?;
    bytes.map(|bytes| codec::decode(&bytes).map_err(io::Error::from)).transpose()
}

/// Id of the last entry, after a check that the entries reach from the purged one to it.
fn bounds(db: &DB, purged: Option<LogId>) -> Result<Option<LogId>, String> {
    let start = purged.map_or(0, |id| id.index().saturating_add(1));
    let edge = |mode: IteratorMode<'_>| -> Result<Option<(u64, Entry)>, String> {
        let family = log(db).map_err(|error| error.to_string())?;
        let mut options = ReadOptions::default();
        options.set_iterate_lower_bound(key(start).to_vec());
        let Some(item) = db.iterator_cf_opt(family, options, mode).next() else { return Ok(None) };
        let (key, value) = item.map_err(|error| error.to_string())?;
        entry(&key, &value).map(Some)
    };
    let from = key(start);
    let first = edge(IteratorMode::From(&from, Direction::Forward))?;
    let last = edge(IteratorMode::End)?;
    match (first, last) {
        (Some((first, _)), Some(_)) if first != start => {
            Err(format!("entries {start} to {} are missing", first.saturating_sub(1)))
        }
        (Some(_), Some((_, last))) => Ok(Some(last.log_id())),
        _ => Ok(None),
    }
}

/// Takes away the end of a log that an applied entry has overwritten.
///
/// An entry is applied once it is committed, which others may have made it, and then its state can be on the disk before
/// its own record in the log is: after a crash the log still holds what an earlier leader had put in its place. None of
/// that can ever be committed (Raft paper, section 5.3), and what was not overwritten yet stays.
///
/// # Errors
/// `Corrupt` when the entry in question can't be read, `Io` when the disk fails.
pub(super) fn drop_overwritten(dir: &Path, db: &DB, loaded: &mut Loaded, applied: Option<LogId>) -> Result<(), Error> {
    let (Some(applied), Some(last)) = (applied, loaded.last) else { return Ok(()) };
    let index = applied.index();
    if last.index() < index || loaded.purged.is_some_and(|purged| purged.index() >= index) {
        return Ok(());
    }
    let corrupt = |what: String| Error::Corrupt { what, at: dir.display().to_string() };
    let io = |source| Error::Io { what: "dropping entries that were overwritten".into(), source };
    let family = log(db).map_err(io)?;
    let Some(bytes) = db.get_cf(family, key(index)).map_err(|error| from_rocksdb(dir, &error))? else {
        return Err(corrupt(format!("entry {index} is missing")));
    };
    let (_, found) = entry(&key(index), &bytes).map_err(corrupt)?;
    if found.log_id() == applied {
        return Ok(());
    }
    tracing::warn!(%applied, found = %found.log_id(), %last, "dropping entries that another leader has overwritten");
    let mut batch = WriteBatch::default();
    batch.delete_range_cf(family, key(index), key(u64::MAX));
    let mut options = write_options();
    options.set_sync(true);
    db.write_opt(batch, &options).map_err(|error| from_rocksdb(dir, &error))?;
    loaded.last = bounds(db, loaded.purged).map_err(corrupt)?;
    Ok(())
}

/// Decodes an entry and checks that it is the one its key names.
pub(super) fn entry(key: &[u8], value: &[u8]) -> Result<(u64, Entry), String> {
    let index =
        <[u8; 8]>::try_from(key).map(u64::from_be_bytes).map_err(|_| format!("a key has {} bytes", key.len()))?;
    let entry: Entry = codec::decode(value).map_err(|error| format!("entry {index}: {error}"))?;
    if entry.log_id().index() == index {
        Ok((index, entry))
    } else {
        Err(format!("entry {index} says that it is entry {}", entry.log_id().index()))
    }
}

fn from_rocksdb(dir: &Path, error: &rocksdb::Error) -> Error {
    match error.kind() {
        rocksdb::ErrorKind::Corruption => Error::Corrupt {
            what: format!("{error}; give this node a new id and an empty data directory, and let it join again"),
            at: dir.display().to_string(),
        },
        _ => Error::Io { what: format!("opening {}", dir.display()), source: io::Error::other(error.to_string()) },
    }
}
