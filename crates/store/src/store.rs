//! The handle that everybody holds, and the order of its locks: writer, then state; the database is swapped under both.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use gofer_domain::{
    ClusterId, EventKey, PipelineConfig, PipelineKey, Release, Revision, Run, RunKey, State, SubscriptionKey,
    TakenEvent, Timestamp, Version,
};
use tokio::sync::watch;

use crate::applied::{Applied, Progress};
use crate::apply::{self, Applying, Entry, Outcome};
use crate::blobs::Blobs;
use crate::db::Db;
use crate::dedup::Dedup;
use crate::error::Error;
use crate::event_log::{self, StoredEvent};
use crate::identity::{self, Identity};
use crate::object_blobs::ObjectBlobs;
use crate::{background, checkpoint, load, reader, unfinished};

/// How often a run is looked for before its records count as contradicting each other.
const LOOKS: u32 = 8;

/// Sizes of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Memory for blocks of the database, in bytes.
    pub block_cache_bytes: usize,
    /// Recorded answers kept. The same on all nodes of a cluster, or their tables differ.
    pub dedup_capacity: usize,
    /// Longest write-ahead log of the database, in bytes: then what is in memory is flushed. Its room is taken in advance.
    pub wal_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { block_cache_bytes: 32 << 20, dedup_capacity: 100_000, wal_bytes: 64 << 20 }
    }
}

/// A node's data. Cloning is cheap; all clones are the same store.
#[derive(Clone)]
pub struct Store(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) dir: PathBuf,
    pub(crate) options: Options,
    identity: Mutex<Identity>,
    blobs: Blobs,
    objects: ObjectBlobs,
    pub(crate) db: RwLock<Arc<Db>>,
    pub(crate) state: RwLock<State>,
    pub(crate) writer: Mutex<Writer>,
    pub(crate) progress: watch::Sender<Progress>,
    poison: OnceLock<String>,
    /// Held as long as the store is open.
    _lock: File,
}

/// What only the one who applies touches.
pub(crate) struct Writer {
    pub(crate) dedup: Dedup,
    pub(crate) applied: Applied,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("dir", &self.0.dir).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store of a data directory, which is made if missing, and takes the directory for this process.
    ///
    /// # Errors
    /// When the directory is in use, of a newer format, somebody else's, or damaged.
    pub fn open(dir: &Path, options: Options) -> Result<Self, Error> {
        unfinished::check(dir)?;
        Self::open_unfinished(dir, options)
    }

    /// Like [`Store::open`], for whoever finishes what is [marked](unfinished) as unfinished.
    ///
    /// # Errors
    /// As there.
    pub fn open_unfinished(dir: &Path, options: Options) -> Result<Self, Error> {
        let lock = identity::lock(dir)?;
        let identity = match identity::read(dir)? {
            Some(identity) => identity,
            None => {
                checkpoint::init(dir, &options)?;
                identity::draw(dir)?
            }
        };
        let db = Db::open(&checkpoint::current(dir)?, &options)?;
        let (state, writer) = read_all(&db, &options)?;
        check_cluster(&identity, &state)?;
        let progress = watch::Sender::new(writer.applied.progress());
        Ok(Self(Arc::new(Inner {
            dir: dir.to_owned(),
            options,
            identity: Mutex::new(identity),
            blobs: Blobs::open(&dir.join("blobs"))?,
            objects: ObjectBlobs::open(&dir.join("objects"))?,
            db: RwLock::new(Arc::new(db)),
            state: RwLock::new(state),
            writer: Mutex::new(writer),
            progress,
            poison: OnceLock::new(),
            _lock: lock,
        })))
    }

    /// The data directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.0.dir
    }

    /// Whose data this is.
    #[must_use]
    pub fn identity(&self) -> Identity {
        *self.0.identity.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Binds the node to its cluster, for ever.
    ///
    /// # Errors
    /// [`Error::OtherCluster`] when it belongs to another one; else when it can't be written.
    pub fn set_cluster(&self, cluster: ClusterId) -> Result<(), Error> {
        let mut identity = self.0.identity.lock().unwrap_or_else(PoisonError::into_inner);
        match identity.cluster_id {
            Some(own) if own == cluster => Ok(()),
            Some(own) => Err(Error::OtherCluster { own: own.to_string(), other: cluster.to_string() }),
            None => {
                let bound = Identity { cluster_id: Some(cluster), ..*identity };
                identity::write(&self.0.dir, bound)?;
                *identity = bound;
                Ok(())
            }
        }
    }

    /// Binds the node to the cluster that its state is of, whichever it belonged to before. For a directory that is
    /// marked as [unfinished] only.
    ///
    /// # Errors
    /// When the state is of none, or it can't be written.
    pub fn adopt_cluster(&self) -> Result<ClusterId, Error> {
        let cluster = self.read(|state| state.cluster);
        let cluster = cluster.ok_or_else(|| Error::corrupt("the state", "it is of no cluster"))?;
        let mut identity = self.0.identity.lock().unwrap_or_else(PoisonError::into_inner);
        let bound = Identity { cluster_id: Some(cluster), ..*identity };
        identity::write(&self.0.dir, bound)?;
        *identity = bound;
        Ok(cluster)
    }

    /// Looks at the hot state. `look` must be short: nothing is applied meanwhile. What is seen may be a moment ahead
    /// of [`Store::progress`], never behind.
    pub fn read<R>(&self, look: impl FnOnce(&State) -> R) -> R {
        look(&self.0.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// How far the store is, now and after each write.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.0.progress.subscribe()
    }

    /// Applies committed entries, in order, in one write. Answers per entry, per command.
    ///
    /// # Errors
    /// Any error is final: the store is poisoned, and the process must exit.
    pub fn apply(&self, entries: Vec<Entry>) -> Result<Vec<Vec<Outcome>>, Error> {
        let mut writer = self.writer()?;
        self.guard(self.apply_all(&mut writer, entries))
    }

    fn apply_all(&self, writer: &mut Writer, entries: Vec<Entry>) -> Result<Vec<Vec<Outcome>>, Error> {
        apply::check_order(writer.applied.index, &entries)?;
        let db = self.db();
        let mut applying = Applying::new(&db, &self.0.state, &mut writer.dedup, writer.applied.clone())?;
        let outcomes = entries.into_iter().map(|entry| applying.entry(entry)).collect::<Result<_, _>>()?;
        let (batch, applied) = applying.finish()?;
        db.write(batch)?;
        writer.dedup.written();
        writer.applied = applied;
        // From here on the views have them. They are dropped after the lock.
        let ended = self.0.state.write().unwrap_or_else(PoisonError::into_inner).evict_finished();
        drop(ended);
        self.0.progress.send_replace(writer.applied.progress());
        Ok(outcomes)
    }

    /// What was applied last.
    #[must_use]
    pub fn applied(&self) -> Applied {
        self.0.writer.lock().unwrap_or_else(PoisonError::into_inner).applied.clone()
    }

    /// Events from a revision on, in order: at most `limit`, about `bytes_max` bytes, and at least one if there is one.
    ///
    /// # Errors
    /// [`Error::Archived`] when the first of them was dropped. When an event is damaged or missing; names its revision.
    /// Final like an error of [`Store::apply`].
    pub fn events(&self, from: Revision, limit: usize, bytes_max: usize) -> Result<Vec<StoredEvent>, Error> {
        self.healthy()?;
        // In this order: whatever database comes next, it holds that revision.
        let head = self.0.progress.borrow().revision;
        let db = self.db();
        self.guard(event_log::read(&db, head, from, limit, bytes_max))
    }

    /// Like [`Store::events`], as the bytes that are stored.
    ///
    /// # Errors
    /// As there.
    pub fn event_bytes(&self, from: Revision, limit: usize, bytes_max: usize) -> Result<Vec<Vec<u8>>, Error> {
        self.healthy()?;
        let head = self.0.progress.borrow().revision;
        let read = event_log::read_as(&self.db(), head, from, (limit, bytes_max), |_, bytes| bytes.to_vec());
        self.guard(read)
    }

    /// A run with its tasks, live or ended.
    ///
    /// # Errors
    /// When its records can't be read. Final like an error of [`Store::apply`].
    pub fn run(&self, key: &RunKey) -> Result<Option<Run>, Error> {
        self.healthy()?;
        for _ in 0..LOOKS {
            if let Some(run) = self.read(|state| state.runs.get(key).map(|live| live.run.clone())) {
                return Ok(Some(run));
            }
            let run = self.guard(reader::run(&self.db(), key))?;
            if run.as_ref().is_none_or(|run| run.status.is_final()) {
                return Ok(run);
            }
            // It was made after the look at the state: now it is there, or has ended.
        }
        self.guard(Err(Error::corrupt(format!("run {key}"), "it has not ended, yet it is not among the live runs")))
    }

    /// A pipeline's runs numbered below `before` (none: all), newest first, without their tasks.
    ///
    /// # Errors
    /// When their records can't be read. Final like an error of [`Store::apply`].
    pub fn runs(&self, pipeline: &PipelineKey, before: Option<u64>, limit: usize) -> Result<Vec<Run>, Error> {
        self.healthy()?;
        self.guard(reader::runs(&self.db(), pipeline, before.unwrap_or(u64::MAX), limit))
    }

    /// A pipeline's releases numbered below `before` (none: all), newest first.
    ///
    /// # Errors
    /// When their records can't be read. Final like an error of [`Store::apply`].
    pub fn releases(&self, key: &PipelineKey, before: Option<u64>, limit: usize) -> Result<Vec<Release>, Error> {
        self.healthy()?;
        self.guard(reader::releases(&self.db(), key, before.unwrap_or(u64::MAX), limit))
    }

    /// Events that a subscription has taken and not forgotten, with their numbers, below `before` (none: all), and when they
    /// were taken; newest first. None when there is no such subscription.
    ///
    /// # Errors
    /// When their records can't be read. Final like an error of [`Store::apply`].
    pub fn taken_events(
        &self,
        key: &SubscriptionKey,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, TakenEvent, Timestamp)>, Error> {
        self.healthy()?;
        let created = self.read(|state| state.subscriptions.get(key).map(|known| known.created));
        let Some(created) = created else { return Ok(Vec::new()) };
        self.guard(reader::all_taken(&self.db(), key, created, before.unwrap_or(u64::MAX), limit))
    }

    /// The event of a key that a subscription has taken and not forgotten.
    ///
    /// # Errors
    /// When its record can't be read. Final like an error of [`Store::apply`].
    pub fn taken_event(&self, key: &SubscriptionKey, event: &EventKey) -> Result<Option<TakenEvent>, Error> {
        self.healthy()?;
        let created = self.read(|state| state.subscriptions.get(key).map(|known| known.created));
        let Some(created) = created else { return Ok(None) };
        let db = self.db();
        let Some(number) = self.guard(reader::taken_number(&db, key, created, event))? else { return Ok(None) };
        let taken = self.guard(reader::taken(&db, key, created, number))?;
        Ok(taken.map(|(taken, _)| taken))
    }

    /// A version of a pipeline.
    ///
    /// # Errors
    /// When its record can't be read. Final like an error of [`Store::apply`].
    pub fn config(&self, key: &PipelineKey, version: Version) -> Result<Option<Arc<PipelineConfig>>, Error> {
        self.healthy()?;
        self.guard(reader::config(&self.db(), key, version))
    }

    /// The blobs of this node.
    #[must_use]
    pub fn blobs(&self) -> &Blobs {
        &self.0.blobs
    }

    /// The chunks and manifests of objects on this node.
    #[must_use]
    pub fn objects(&self) -> &ObjectBlobs {
        &self.0.objects
    }

    /// Makes all that was applied durable; answers up to which index of the Raft log.
    ///
    /// # Errors
    /// Any error is final: the store is poisoned, and the process must exit.
    pub fn sync(&self) -> Result<u64, Error> {
        let (index, db) = {
            let writer = self.writer()?;
            (writer.applied.index, self.db())
        };
        self.guard(db.inner.flush_wal(true).map_err(|error| db.error(error)))?;
        Ok(index)
    }

    /// Whether the database can still flush what was applied; see [`background`].
    ///
    /// # Errors
    /// Any error is final: the store is poisoned, and the process must exit.
    pub fn check_background(&self) -> Result<(), Error> {
        let db = self.db();
        self.guard(background::check(&db.inner, &db.path))
    }

    pub(crate) fn db(&self) -> Arc<Db> {
        Arc::clone(&self.0.db.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The writer, unless the store is poisoned.
    pub(crate) fn writer(&self) -> Result<MutexGuard<'_, Writer>, Error> {
        // Who panicked while writing may have left the state between two events.
        let writer = self.0.writer.lock().map_err(|_| Error::Poisoned("a defect while applying".to_owned()))?;
        self.healthy()?;
        Ok(writer)
    }

    pub(crate) fn healthy(&self) -> Result<(), Error> {
        self.0.poison.get().map_or(Ok(()), |reason| Err(Error::Poisoned(reason.clone())))
    }

    /// Poisons the store if there was an error.
    pub(crate) fn guard<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        // That events were dropped is no damage.
        if let Err(error) = &result
            && !matches!(error, Error::Archived { .. })
        {
            self.0.poison.get_or_init(|| error.to_string());
        }
        result
    }
}

/// Everything that is kept in memory.
pub(crate) fn read_all(db: &Db, options: &Options) -> Result<(State, Writer), Error> {
    let applied = Applied::get(db)?;
    event_log::check_head(db, &applied)?;
    let state = load::state(db, &applied)?;
    let dedup = Dedup::load(db, applied.dedup_first, options.dedup_capacity)?;
    Ok((state, Writer { dedup, applied }))
}

/// A node's state must be of the cluster that the node belongs to.
pub(crate) fn check_cluster(identity: &Identity, state: &State) -> Result<(), Error> {
    match (identity.cluster_id, state.cluster) {
        (Some(own), Some(other)) if own != other => {
            Err(Error::OtherCluster { own: own.to_string(), other: other.to_string() })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
