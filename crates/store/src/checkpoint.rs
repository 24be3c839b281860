//! Checkpoints of the state, and putting another one's in its place.
//!
//! The state lies in `state-<n>`; the file `CURRENT_STATE` names the directory that counts. A swap writes that file by
//! rename, so at every moment one whole state counts; what is left over is removed at the next open.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use rocksdb::checkpoint::Checkpoint;

use crate::applied::Applied;
use crate::db::Db;
use crate::durable;
use crate::error::Error;
use crate::identity;
use crate::store::{Options, Store, Writer, check_cluster, read_all};

const POINTER: &str = "CURRENT_STATE";
const PREFIX: &str = "state-";

/// Makes the first, empty state of a directory that has no identity yet. An earlier try may have been cut short.
pub(crate) fn init(dir: &Path, options: &Options) -> Result<(), Error> {
    let path = first(dir);
    if dir.join("raft").exists() || states(dir)?.iter().any(|name| dir.join(name) != path) {
        return Err(identity::missing(dir));
    }
    if dir.join(POINTER).exists() {
        let applied = Applied::get(&Db::open(&path, options)?)?;
        return if applied.index == 0 { Ok(()) } else { Err(identity::missing(dir)) };
    }
    durable::remove(&path)?;
    Db::create(&path, options)?;
    point_to_first(dir)
}

/// Where the first state of a directory is.
pub(crate) fn first(dir: &Path) -> PathBuf {
    dir.join(format!("{PREFIX}1"))
}

/// Makes the first state the one that counts.
pub(crate) fn point_to_first(dir: &Path) -> Result<(), Error> {
    durable::write(&dir.join(POINTER), format!("{PREFIX}1").as_bytes())
}

/// The directory of the state that counts; others are removed.
pub(crate) fn current(dir: &Path) -> Result<PathBuf, Error> {
    let found = locate(dir)?;
    for other in states(dir)? {
        let other = dir.join(other);
        if other != found {
            durable::remove(&other)?;
        }
    }
    Ok(found)
}

/// The directory of the state that counts.
pub(crate) fn locate(dir: &Path) -> Result<PathBuf, Error> {
    let pointer = dir.join(POINTER);
    let corrupt = |detail: String| Error::corrupt(pointer.display().to_string(), detail);
    let name = match fs::read_to_string(&pointer) {
        Ok(name) => name.trim().to_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(corrupt("it is missing".to_owned())),
        Err(error) => return Err(Error::io(pointer, error)),
    };
    if number(&name).is_none() {
        return Err(corrupt(format!("{name:?} is not the name of a state")));
    }
    if !dir.join(&name).is_dir() {
        return Err(corrupt(format!("it names {name}, which is missing")));
    }
    Ok(dir.join(name))
}

/// Names of all states in the directory, whichever counts.
fn states(dir: &Path) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(|error| Error::io(dir, error))? {
        let entry = entry.map_err(|error| Error::io(dir, error))?;
        names.extend(entry.file_name().into_string().ok().filter(|name| number(name).is_some()));
    }
    Ok(names)
}

fn number(name: &str) -> Option<u64> {
    name.strip_prefix(PREFIX)?.parse().ok()
}

impl Store {
    /// Writes a checkpoint of the state to a directory that must not exist, on the same file system (its files are
    /// hard links). Answers what it contains. What is in the checkpoint is durable in the store itself, too.
    ///
    /// # Errors
    /// When the directory exists or can't be written.
    pub fn checkpoint(&self, target: &Path) -> Result<Applied, Error> {
        let writer = self.writer()?;
        let db = self.db();
        let checkpoint = Checkpoint::new(&db.inner).map_err(|error| db.error(error))?;
        // It flushes all column families; nothing is written meanwhile, so they end at the same batch.
        checkpoint.create_checkpoint(target).map_err(|error| Error::rocks(target, error))?;
        durable::sync_dir(target)?;
        Ok(writer.applied.clone())
    }

    /// Puts a checkpoint in the place of this store's state. The directory is moved away from where it is; it must lie
    /// on the same file system, and its files must be durable.
    ///
    /// # Errors
    /// When it is not a checkpoint, is of a newer format, or belongs to another cluster: then the old state still
    /// counts. An error of the swap itself is final: the store is poisoned, and the process must exit.
    pub fn install(&self, dir: &Path) -> Result<(), Error> {
        let mut writer = self.writer()?;
        let old = self.db();
        let name = format!("{PREFIX}{}", old.path.file_name().and_then(|name| number(name.to_str()?)).unwrap_or(0) + 1);
        let target = self.0.dir.join(&name);
        durable::remove(&target)?;
        durable::rename(dir, &target)?;
        let opened = self.open_other(&target);
        if opened.is_err() {
            durable::remove(&target)?;
        }
        let (db, state, loaded) = opened?;
        self.guard(durable::write(&self.0.dir.join(POINTER), name.as_bytes()))?;
        let replaced = {
            let mut current = self.0.state.write().unwrap_or_else(PoisonError::into_inner);
            *self.0.db.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(db);
            std::mem::replace(&mut *current, state)
        };
        drop(replaced);
        #[cfg(feature = "planted")]
        let loaded = match crate::planted::is(crate::planted::Bug::SnapshotWithoutAnswers) {
            true => Writer {
                dedup: crate::dedup::Dedup::load(&old, writer.applied.dedup_first, self.0.options.dedup_capacity)?,
                ..loaded
            },
            false => loaded,
        };
        *writer = loaded;
        self.0.progress.send_replace(writer.applied.progress());
        old.discard_when_closed();
        Ok(())
    }

    fn open_other(&self, path: &Path) -> Result<(Db, gofer_domain::State, Writer), Error> {
        let db = Db::open(path, &self.0.options)?;
        let (state, loaded) = read_all(&db, &self.0.options)?;
        check_cluster(&self.identity(), &state)?;
        Ok((db, state, loaded))
    }
}
