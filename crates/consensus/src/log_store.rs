//! The Raft log and the vote, in their own RocksDB.
//!
//! Everything goes through one write-ahead log, so that entries and votes reach the disk in the order in which they
//! were written. A write only puts a record into RocksDB's buffer, where it can be read at once; one thread turns all
//! records that came meanwhile into one fsync and then tells those who wait (see [`flusher`]).
//!
//! Any failure closes the fail-stop latch: after a failed fsync nobody can know what is on the disk.

mod cache;
mod db;
mod flusher;
pub(crate) mod offline;
mod reader;
mod synced;

#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use openraft::entry::RaftEntry;
use openraft::storage::{IOFlushed, RaftLogStorage};
use openraft::{LogState, OptionalSend};
use rocksdb::{DB, WriteBatch};
use tokio::sync::{mpsc, oneshot, watch};

use crate::codec;
use crate::error::Error;
use crate::fatal::Fatal;
use crate::host::{Host, Work};
use crate::types::{Entry, LogId, TypeConfig, Vote};

use cache::Cache;
use flusher::{Done, Job};
pub(crate) use reader::LogReader;

/// Most writes that wait for the disk; more make the writer wait.
const JOBS_MAX: usize = 1024;

/// Longest wait for the reason why the disk takes no more writes.
const CAUSE_WAIT: Duration = Duration::from_millis(200);

/// Makes the state durable and says up to which entry (counted from 1) it is.
pub(crate) type MakeDurable = Arc<dyn Fn() -> io::Result<u64> + Send + Sync>;

/// What bounds the log's memory and messages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) cache_bytes: usize,
    /// Most bytes of entries that one read for a follower returns.
    pub(crate) read_bytes: usize,
    /// Longest write-ahead log of the database.
    pub(crate) wal_bytes: u64,
}

/// The writing side; there is one.
pub(crate) struct LogStore {
    core: Arc<Core>,
    jobs: mpsc::Sender<Job>,
    make_durable: MakeDurable,
}

/// What the writer, the readers and the flusher share.
pub(crate) struct Core {
    pub(crate) db: DB,
    pub(crate) fatal: Fatal,
    pub(crate) host: Host,
    pub(crate) stats: flusher::Stats,
    limits: Limits,
    memory: Mutex<Memory>,
    /// Dropped after the database, as it is declared after it: whoever listens knows that the files are closed.
    closed: watch::Sender<()>,
}

/// What is known of the log without reading it.
struct Memory {
    vote: Option<Vote>,
    committed: Option<LogId>,
    purged: Option<LogId>,
    last: Option<LogId>,
    cache: Cache,
}

/// How the disk did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiskStats {
    /// Writes that had to reach the disk before they counted.
    pub writes: u64,
    /// fsyncs; fewer than writes when some shared one.
    pub flushes: u64,
    /// Time spent in them.
    pub flush_time: Duration,
}

impl Core {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, batch: WriteBatch) -> io::Result<()> {
        self.fatal.check()?;
        self.db.write_opt(batch, &db::write_options()).map_err(|error| self.refused(error.as_ref()))
    }

    /// A write failed. RocksDB takes none once a sync has failed, and does not say why; the flusher is about to.
    fn refused(&self, error: &str) -> io::Error {
        let start = Instant::now();
        while error.contains("Seen error") && start.elapsed() < CAUSE_WAIT {
            if let Err(earlier) = self.fatal.check() {
                return earlier;
            }
            std::thread::sleep(CAUSE_WAIT / 100);
        }
        self.fail("writing the raft log", &error)
    }

    /// Ends with an error once the database is closed.
    pub(crate) fn closed(&self) -> watch::Receiver<()> {
        self.closed.subscribe()
    }

    pub(crate) fn fail(&self, doing: &str, error: &dyn std::fmt::Display) -> io::Error {
        let text = format!("{doing} failed: {error}");
        self.fatal.set(&text);
        io::Error::other(text)
    }
}

impl LogStore {
    /// Opens or creates the log in `dir`. `applied` is the newest entry that the state has.
    ///
    /// # Errors
    /// `Corrupt` when it is damaged or lacks writes that were on the disk, `NewerFormat`, or `Io`.
    pub(crate) fn open(
        dir: &Path,
        limits: Limits,
        applied: Option<LogId>,
        make_durable: MakeDurable,
        fatal: Fatal,
        host: Host,
    ) -> Result<Self, Error> {
        let (db, mut loaded) = db::open(dir, limits.wal_bytes)?;
        let marker = synced::Marker::open(dir, &db)?;
        db::drop_overwritten(dir, &db, &mut loaded, applied)?;
        let core = Arc::new(Core {
            db,
            fatal,
            host,
            stats: flusher::Stats::default(),
            limits,
            memory: Mutex::new(Memory {
                vote: loaded.vote,
                committed: loaded.committed,
                purged: loaded.purged,
                last: loaded.last,
                cache: Cache::new(limits.cache_bytes),
            }),
            closed: watch::Sender::new(()),
        });
        let (jobs, queue) = mpsc::channel(JOBS_MAX);
        flusher::spawn(core.clone(), queue, marker)?;
        Ok(Self { core, jobs, make_durable })
    }

    pub(crate) fn core(&self) -> Arc<Core> {
        self.core.clone()
    }

    async fn submit(&self, done: Done) -> io::Result<()> {
        let job = Job { sequence: self.core.db.latest_sequence_number(), done };
        match self.jobs.send(job).await {
            Ok(()) => Ok(()),
            Err(mpsc::error::SendError(job)) => {
                let error = self.core.fail("handing a write to the raft log's flusher", &"its thread has ended");
                job.done.call(Err(io::Error::other(error.to_string())));
                Err(error)
            }
        }
    }

    /// Encodes and writes the entries; they can be read when this returns, and are durable only after a flush.
    fn write_entries(&self, entries: Vec<Entry>) -> io::Result<()> {
        let log = db::log(&self.core.db)?;
        let mut batch = WriteBatch::default();
        let mut sized = Vec::with_capacity(entries.len());
        for entry in entries {
            let bytes = codec::encode(&entry)?;
            batch.put_cf(log, db::key(entry.log_id().index()), &bytes);
            sized.push((entry, bytes.len()));
        }
        self.core.write(batch)?;
        let mut memory = self.core.memory();
        for (entry, size) in sized {
            memory.last = Some(entry.log_id());
            memory.cache.push(entry, size);
        }
        Ok(())
    }
}

impl RaftLogStorage<TypeConfig> for LogStore {
    type LogReader = LogReader;

    async fn get_log_state(&mut self) -> Result<LogState<TypeConfig>, io::Error> {
        let memory = self.core.memory();
        Ok(LogState { last_purged_log_id: memory.purged, last_log_id: memory.last.or(memory.purged) })
    }

    async fn get_log_reader(&mut self) -> LogReader {
        LogReader::new(self.core.clone())
    }

    async fn save_vote(&mut self, vote: &Vote) -> Result<(), io::Error> {
        let mut batch = WriteBatch::default();
        batch.put_cf(db::meta(&self.core.db)?, db::VOTE, codec::encode(vote)?);
        self.core.write(batch)?;
        let (sender, receiver) = oneshot::channel();
        self.submit(Done::Vote(sender)).await?;
        #[cfg(feature = "planted")]
        if gofer_store::planted::is(gofer_store::planted::Bug::VoteNotDurable) {
            self.core.memory().vote = Some(*vote);
            return Ok(());
        }
        receiver.await.map_err(|_| io::Error::other("the raft log's flusher dropped a vote"))??;
        self.core.memory().vote = Some(*vote);
        Ok(())
    }

    /// Not made durable by itself: the next flush does that for nothing, and an older value is only older.
    async fn save_committed(&mut self, committed: Option<LogId>) -> Result<(), io::Error> {
        let mut batch = WriteBatch::default();
        batch.put_cf(db::meta(&self.core.db)?, db::COMMITTED, codec::encode(&committed)?);
        self.core.write(batch)?;
        self.core.memory().committed = committed;
        Ok(())
    }

    async fn read_committed(&mut self) -> Result<Option<LogId>, io::Error> {
        Ok(self.core.memory().committed)
    }

    async fn append<I>(&mut self, entries: I, callback: IOFlushed<TypeConfig>) -> Result<(), io::Error>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let entries = entries.into_iter().collect::<Vec<_>>();
        if let Err(error) = self.write_entries(entries) {
            callback.io_completed(Err(io::Error::other(error.to_string())));
            return Err(error);
        }
        #[cfg(feature = "planted")]
        if gofer_store::planted::is(gofer_store::planted::Bug::AckBeforeFlush) {
            callback.io_completed(Ok(()));
            return self.submit(Done::Vote(oneshot::channel().0)).await;
        }
        self.submit(Done::Append(callback)).await
    }

    async fn truncate_after(&mut self, last: Option<LogId>) -> Result<(), io::Error> {
        let from = last.map_or(0, |id| id.index().saturating_add(1));
        let mut batch = WriteBatch::default();
        batch.delete_range_cf(db::log(&self.core.db)?, db::key(from), db::key(u64::MAX));
        self.core.write(batch)?;
        let mut memory = self.core.memory();
        memory.cache.truncate(from);
        memory.last = memory.last.min(last);
        Ok(())
    }

    async fn purge(&mut self, log_id: LogId) -> Result<(), io::Error> {
        let wanted = log_id.index().saturating_add(1);
        let make_durable = self.make_durable.clone();
        let durable = self
            .core
            .host
            .blocking(Work::Sync, move || make_durable())
            .await
            .map_err(|error| self.core.fail("making the state durable", &error))?
            .map_err(|error| self.core.fail("making the state durable", &error))?;
        if durable < wanted {
            let why = format!("the state is durable up to {durable} only");
            return Err(self.core.fail(&format!("purging the raft log up to {wanted}"), &why));
        }
        let log = db::log(&self.core.db)?;
        let mut batch = WriteBatch::default();
        batch.delete_range_cf(log, db::key(0), db::key(wanted));
        batch.put_cf(db::meta(&self.core.db)?, db::PURGED, codec::encode(&Some(log_id))?);
        self.core.write(batch)?;
        let mut memory = self.core.memory();
        memory.cache.purge(wanted);
        memory.purged = Some(log_id);
        if memory.last.is_none_or(|last| last.index() < wanted) {
            memory.last = None;
        }
        Ok(())
    }
}
