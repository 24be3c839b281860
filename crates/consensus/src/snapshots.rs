//! Snapshots on disk: the newest one, and those still being sent.
//!
//! A snapshot is a directory `snapshots/<index>-<unique>` with the files of a checkpoint in `data` and openraft's meta
//! in `meta`. Its name appears only once it is whole. Everything else in `snapshots` is left over from a crash.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use gofer_store::{Applied, Store};
use sha2::{Digest, Sha256};

use crate::codec;
use crate::transport::{SnapshotFile, SnapshotFiles};
use crate::types::{LogId, SnapshotMeta, StoredMembership, ordinal};

const DATA: &str = "data";
const META: &str = "meta";
/// Prefixes of directories that are not, or not yet, a snapshot.
const BUILDING: &str = "building-";
const STAGING: &str = "staging-";
const INSTALLING: &str = "installing-";

/// The snapshots of a node.
pub(crate) struct Snapshots {
    dir: PathBuf,
    store: Store,
    unique: AtomicU64,
    current: Mutex<Option<Arc<Snapshot>>>,
    /// Held while one is built, so that two builds don't race for being the newest.
    building: Mutex<()>,
}

/// One snapshot. Once superseded, its files go when nobody sends them any more.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) meta: SnapshotMeta,
    path: PathBuf,
    superseded: AtomicBool,
    files: OnceLock<SnapshotFiles>,
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        if self.superseded.load(Ordering::Acquire) {
            discard(&self.path);
        }
    }
}

impl Snapshot {
    /// Directory of the checkpoint.
    pub(crate) fn data(&self) -> PathBuf {
        self.path.join(DATA)
    }

    /// The files with their digests; reads all of them the first time, in bounded memory.
    pub(crate) fn files(&self) -> io::Result<SnapshotFiles> {
        if let Some(files) = self.files.get() {
            return Ok(files.clone());
        }
        let dir = self.data();
        let mut files = Vec::new();
        for item in fs::read_dir(&dir)? {
            let item = item?;
            let name = item
                .file_name()
                .into_string()
                .map_err(|name| io::Error::other(format!("snapshot file {} has no plain name", name.display())))?;
            files.push(digest(&item.path(), name)?);
        }
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(self.files.get_or_init(|| SnapshotFiles { dir, files }).clone())
    }
}

fn digest(path: &Path, name: String) -> io::Result<SnapshotFile> {
    let mut file = fs::File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut size = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(SnapshotFile { name, size, sha256: hasher.finalize().into() });
        }
        size += read as u64;
        hasher.update(buffer.get(..read).unwrap_or_default());
    }
}

/// What the store says it has applied, in openraft's types.
pub(crate) fn applied_meta(applied: &Applied) -> io::Result<SnapshotMeta> {
    let last_log_id: Option<LogId> =
        if applied.log_id.is_empty() { None } else { Some(codec::decode(&applied.log_id)?) };
    let last_membership: StoredMembership =
        if applied.membership.is_empty() { StoredMembership::default() } else { codec::decode(&applied.membership)? };
    Ok(SnapshotMeta { last_log_id, last_membership })
}

impl Snapshots {
    /// Finds the newest snapshot and removes what is not one.
    pub(crate) fn open(store: Store) -> io::Result<Self> {
        let dir = store.dir().join("snapshots");
        fs::create_dir_all(&dir)?;
        let mut found: Vec<(u64, PathBuf)> = Vec::new();
        let mut useless = Vec::new();
        for item in fs::read_dir(&dir)? {
            let path = item?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            match name.split_once('-').and_then(|(index, _)| index.parse::<u64>().ok()) {
                Some(index) if path.join(DATA).is_dir() => found.push((index, path)),
                _ => useless.push(path),
            }
        }
        found.sort();
        let current = match found.pop() {
            Some((_, path)) => {
                let meta = codec::decode(&fs::read(path.join(META))?)?;
                Some(Arc::new(Snapshot { meta, path, superseded: AtomicBool::new(false), files: OnceLock::new() }))
            }
            None => None,
        };
        useless.into_iter().chain(found.into_iter().map(|(_, path)| path)).for_each(|path| discard(&path));
        let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let unique = AtomicU64::new(u64::try_from(seed.as_micros()).unwrap_or_default());
        Ok(Self { dir, store, unique, current: Mutex::new(current), building: Mutex::new(()) })
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Snapshot>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fresh(&self, prefix: &str) -> PathBuf {
        self.dir.join(format!("{prefix}{}", self.unique.fetch_add(1, Ordering::Relaxed)))
    }

    /// The newest snapshot.
    pub(crate) fn current(&self) -> Option<Arc<Snapshot>> {
        self.lock().clone()
    }

    /// Makes a snapshot of what is applied now. Blocks on the disk.
    pub(crate) fn build(&self) -> io::Result<Arc<Snapshot>> {
        let _building = self.building.lock().unwrap_or_else(PoisonError::into_inner);
        let work = self.fresh(BUILDING);
        let built = self.build_in(&work);
        if built.is_err() {
            discard(&work);
        }
        built
    }

    fn build_in(&self, work: &Path) -> io::Result<Arc<Snapshot>> {
        fs::create_dir(work)?;
        let applied = self.store.checkpoint(&work.join(DATA)).map_err(io::Error::other)?;
        let meta = applied_meta(&applied)?;
        let file = work.join(META);
        fs::write(&file, codec::encode(&meta)?)?;
        for path in [file.as_path(), &work.join(DATA), work] {
            fs::File::open(path)?.sync_all()?;
        }
        let path = self.fresh(&format!("{:020}-", ordinal(meta.last_log_id.as_ref())));
        fs::rename(work, &path)?;
        fs::File::open(&self.dir)?.sync_all()?;
        let snapshot = Arc::new(Snapshot { meta, path, superseded: AtomicBool::new(false), files: OnceLock::new() });
        let old = self.lock().replace(snapshot.clone());
        if let Some(old) = old {
            old.superseded.store(true, Ordering::Release);
        }
        Ok(snapshot)
    }

    /// A fresh directory to receive files in. Earlier ones are removed: a node gets one snapshot at a time, and what
    /// lies in them belongs to transfers that broke.
    pub(crate) fn staging(&self) -> io::Result<PathBuf> {
        for item in fs::read_dir(&self.dir)? {
            let path = item?.path();
            if path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(STAGING)) {
                discard(&path);
            }
        }
        let path = self.fresh(STAGING);
        fs::create_dir(&path)?;
        Ok(path)
    }

    /// Takes a received directory out of the reach of [`Snapshots::staging`].
    pub(crate) fn take(&self, staged: &Path) -> io::Result<PathBuf> {
        let path = self.fresh(INSTALLING);
        fs::rename(staged, &path)?;
        Ok(path)
    }

    /// Replaces the state by the checkpoint in `dir`, and makes that the newest snapshot here. Blocks on the disk.
    pub(crate) fn install(&self, meta: &SnapshotMeta, dir: &Path) -> io::Result<()> {
        for item in fs::read_dir(dir)? {
            fs::File::open(item?.path())?.sync_all()?;
        }
        fs::File::open(dir)?.sync_all()?;
        self.store.install(dir).map_err(io::Error::other)?;
        let applied = applied_meta(&self.store.applied())?;
        if applied.last_log_id != meta.last_log_id {
            return Err(io::Error::other(format!(
                "the installed snapshot reaches to entry {}, it was said to reach to {}",
                ordinal(applied.last_log_id.as_ref()),
                ordinal(meta.last_log_id.as_ref())
            )));
        }
        tracing::info!(entry = ordinal(meta.last_log_id.as_ref()), "installed a snapshot from the leader");
        // The store has moved the files away; a checkpoint of what is now its state costs only links.
        self.build()?;
        Ok(())
    }
}

/// Removes a directory that nobody needs. A failure costs disk space until the next start, nothing else.
fn discard(path: &Path) {
    match fs::remove_dir_all(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => tracing::warn!(path = %path.display(), %error, "an old snapshot could not be removed"),
    }
}
