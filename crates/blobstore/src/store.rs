//! The store: puts, gets, and removes folders that nobody names.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode};
use tokio::sync::Semaphore;

use crate::config::Config;
use crate::error::{Error, of_request, short};
use crate::location::Location;
use crate::marker::{MARKER, Marker, hex, unhex};
use crate::{bucket, directory};

/// Where the folders are, below the root.
pub(crate) const FOLDERS: &str = "objects";
/// Longest time for one file; a hung network file system or a server that says nothing ends then.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longest time to list or to remove what may be many files.
const SWEEP_PATIENCE: Duration = Duration::from_secs(3_600);
/// Most bytes of a marker.
const MARKER_BYTES_MAX: u64 = 4_096;
/// Most files of a folder: all chunks of the largest object, and what names them.
const FILES_MAX: usize = 300_000;
/// Files that are removed at the same time.
const AT_ONCE: usize = 8;
/// Operations at the same time. One that hangs keeps its turn: in a directory that does not answer each of them holds a
/// thread, of which the node needs some for other work.
const OPERATIONS_MAX: usize = 32;

/// SHA-256 of the bytes of a file, and its name.
pub type Digest = [u8; 32];

/// A folder, which one upload has for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FolderId(pub [u8; 16]);

/// What a sweep did, in folders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    pub kept: u64,
    pub removed: u64,
    /// Of those that were removed.
    pub bytes: u64,
}

/// A place for bytes outside the nodes.
#[derive(Clone)]
pub struct BlobStore {
    location: Location,
    root: Path,
    /// The client of a bucket; a directory is opened anew each time, as it may be mounted and not mounted.
    bucket: Option<Arc<AmazonS3>>,
    turns: Arc<Semaphore>,
}

impl fmt::Debug for BlobStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobStore").field("location", &self.location).finish_non_exhaustive()
    }
}

impl BlobStore {
    /// A store. Nothing is asked of it yet, so that a node starts without it.
    ///
    /// # Errors
    /// [`Error::Config`] when credentials or certificates are missing or can't be read.
    pub fn open(config: &Config) -> Result<Self, Error> {
        let (root, bucket) = match &config.location {
            Location::Directory(_) => (Path::default(), None),
            Location::Bucket { bucket, prefix } => {
                (Path::from(prefix.as_str()), Some(Arc::new(bucket::open(bucket, &config.bucket)?)))
            }
        };
        let turns = Arc::new(Semaphore::new(OPERATIONS_MAX));
        Ok(Self { location: config.location.clone(), root, bucket, turns })
    }

    /// Where it is.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Whether its marker is to be looked for at each use, as a directory may be mounted no more.
    #[must_use]
    pub fn may_vanish(&self) -> bool {
        self.bucket.is_none()
    }

    /// Which store it is; none when it is not marked.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn marker(&self) -> Result<Option<Marker>, Error> {
        match self.read(self.path(MARKER), MARKER_BYTES_MAX).await {
            Ok(bytes) => Marker::decode(&bytes).map(Some),
            Err(Error::Missing(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Marks it as what it is from now on; answers what it is marked as, which another one may have done at the same
    /// time.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn mark(&self, marker: &Marker, replace: bool) -> Result<Marker, Error> {
        let path = self.path(MARKER);
        if !replace {
            // What fails because another one was first, or because the server does not know such a request, is told apart
            // by what is there then.
            let created = self.write(path.clone(), marker.encode().into(), PutMode::Create).await;
            match (self.marker().await?, created) {
                (Some(found), _) => return Ok(found),
                (None, Err(error @ (Error::Unreachable(_) | Error::Slow(_) | Error::Absent(_)))) => return Err(error),
                (None, _) => {}
            }
        }
        self.write(path, marker.encode().into(), PutMode::Overwrite).await?;
        self.marker().await?.ok_or(Error::Unmarked)
    }

    /// Keeps a file durably.
    ///
    /// # Errors
    /// [`Error`]; what was written by then is removed by a sweep.
    pub async fn put(&self, folder: FolderId, digest: &Digest, bytes: Bytes) -> Result<(), Error> {
        self.check_mounted().await?;
        self.write(self.file(folder, digest), bytes, PutMode::Overwrite).await?;
        // What was no longer mounted took the file into a directory of this machine.
        self.check_mounted().await
    }

    /// A file of at most `most` bytes, as it is stored. The caller checks that it is what its name says.
    ///
    /// # Errors
    /// [`Error::Missing`] when it is not there; [`Error::Damaged`] when it is larger; else [`Error`].
    pub async fn get(&self, folder: FolderId, digest: &Digest, most: u64) -> Result<Bytes, Error> {
        match self.read(self.file(folder, digest), most).await {
            Err(Error::Missing(name)) => {
                self.check_mounted().await?;
                Err(Error::Missing(name))
            }
            read => read,
        }
    }

    /// The files of a folder, and when each was written by the store's clock.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn files(&self, folder: FolderId) -> Result<BTreeMap<Digest, SystemTime>, Error> {
        let (at, client) = (self.folder(folder), self.clone());
        self.in_time(PATIENCE, async move {
            let client = client.client().await?;
            let mut files = BTreeMap::new();
            let mut list = client.list(Some(&at));
            while let Some(file) = list.next().await {
                let file = file.map_err(|error| of_request(at.as_ref(), &error))?;
                if let Some(digest) = file.location.filename().and_then(unhex) {
                    files.insert(digest, file.last_modified.into());
                }
                if files.len() > FILES_MAX {
                    return Err(Error::Damaged(format!("{at} has more than {FILES_MAX} files")));
                }
            }
            Ok(files)
        })
        .await
    }

    /// Removes the folders that are not named, and in which everything was written before a time. It may be cut short at
    /// any point, and done again.
    ///
    /// # Errors
    /// [`Error`]; some may be removed by then.
    pub async fn sweep(&self, named: BTreeSet<FolderId>, before: SystemTime) -> Result<Swept, Error> {
        self.check_mounted().await?;
        let store = self.clone();
        self.in_time(SWEEP_PATIENCE, async move {
            match store.location.clone() {
                Location::Directory(dir) => blocking(move || directory::sweep(&dir, &named, before)).await,
                Location::Bucket { .. } => store.sweep_bucket(&named, before).await,
            }
        })
        .await
    }

    async fn sweep_bucket(&self, named: &BTreeSet<FolderId>, before: SystemTime) -> Result<Swept, Error> {
        let client = self.client().await?;
        let root = self.path(FOLDERS);
        let failed = |error: object_store::Error| of_request(root.as_ref(), &error);
        let folders = client.list_with_delimiter(Some(&root)).await.map_err(failed)?.common_prefixes;
        let mut swept = Swept::default();
        for folder in folders {
            // What is named otherwise is not ours.
            let Some(id) = folder.filename().and_then(unhex).map(FolderId) else { continue };
            if named.contains(&id) {
                swept.kept += 1;
                continue;
            }
            let files: Vec<_> = client.list(Some(&folder)).take(FILES_MAX).try_collect().await.map_err(failed)?;
            // Removed by now, or what a server makes of a directory.
            if files.is_empty() {
                continue;
            }
            if files.iter().any(|file| SystemTime::from(file.last_modified) >= before) {
                swept.kept += 1;
                continue;
            }
            swept.bytes += files.iter().map(|file| file.size).sum::<u64>();
            let removing = futures::stream::iter(files).map(async |file| match client.delete(&file.location).await {
                // Somebody else removed it at the same time.
                Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(error),
            });
            removing.buffer_unordered(AT_ONCE).try_collect::<()>().await.map_err(failed)?;
            swept.removed += 1;
        }
        Ok(swept)
    }

    /// A directory that is not mounted is an empty one.
    async fn check_mounted(&self) -> Result<(), Error> {
        match self.may_vanish() && self.marker().await?.is_none() {
            true => Err(Error::Unmarked),
            false => Ok(()),
        }
    }

    async fn read(&self, path: Path, most: u64) -> Result<Bytes, Error> {
        let store = self.clone();
        self.in_time(PATIENCE, async move {
            let client = store.client().await?;
            let failed = |error: object_store::Error| of_request(path.as_ref(), &error);
            let found = client.get(&path).await.map_err(failed)?;
            if found.meta.size > most {
                return Err(Error::Damaged(format!("{path} has {} bytes, {most} are the most", found.meta.size)));
            }
            found.bytes().await.map_err(failed)
        })
        .await
    }

    async fn write(&self, path: Path, bytes: Bytes, mode: PutMode) -> Result<(), Error> {
        let store = self.clone();
        self.in_time(PATIENCE, async move {
            let client = store.client().await?;
            let put = client.put_opts(&path, bytes.into(), mode.into()).await;
            put.map(drop).map_err(|error| match of_request(path.as_ref(), &error) {
                // Nothing is missing where something is written, unless the whole store is.
                Error::Missing(_) => Error::Absent(short(&error.to_string())),
                error => error,
            })
        })
        .await
    }

    /// Does some work when it is its turn. What takes too long goes on by itself, and keeps its turn.
    async fn in_time<T: Send + 'static>(
        &self,
        patience: Duration,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let turns = self.turns.clone();
        let done = tokio::time::timeout(patience, async move {
            let turn = turns.acquire_owned().await.map_err(|error| Error::Other(error.to_string()))?;
            let working = tokio::spawn(async move {
                let _turn = turn;
                work.await
            });
            working.await.unwrap_or_else(|error| Err(Error::Other(error.to_string())))
        });
        done.await.unwrap_or(Err(Error::Slow(patience)))
    }

    async fn client(&self) -> Result<Arc<dyn ObjectStore>, Error> {
        match (&self.bucket, &self.location) {
            (Some(bucket), _) => Ok(bucket.clone()),
            (None, Location::Directory(dir)) => {
                let dir = dir.clone();
                blocking(move || directory::open(&dir).map(|dir| Arc::new(dir) as Arc<dyn ObjectStore>)).await
            }
            (None, Location::Bucket { .. }) => Err(Error::Config("the bucket has no client".into())),
        }
    }

    fn path(&self, name: &str) -> Path {
        self.root.clone().join(name)
    }

    fn folder(&self, folder: FolderId) -> Path {
        self.path(FOLDERS).join(hex(&folder.0))
    }

    fn file(&self, folder: FolderId, digest: &Digest) -> Path {
        self.folder(folder).join(hex(digest))
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(Error::Other(error.to_string())))
}

#[cfg(test)]
mod tests;
