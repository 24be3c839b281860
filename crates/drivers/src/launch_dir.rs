//! The directory of one launch: who may launch, what ran, how it ended.
//!
//! `claim` decides everything: it is made once, atomically and with its content, by whoever is first: a launcher that
//! is about to start the program, or a stop that forbids it. Whatever is in doubt afterwards, the program is never
//! started by anybody but the claimant. All calls block on the disk.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::driver::{Error, Exit};
use crate::launch_id::LaunchId;

/// Who was first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// A launcher, with the token it drew.
    Run(String),
    /// A stop: nothing ran and nothing will.
    Fence,
}

#[derive(Clone, Debug)]
pub(crate) struct LaunchDir {
    path: PathBuf,
}

impl LaunchDir {
    pub(crate) fn new(root: &Path, id: &LaunchId) -> Self {
        Self { path: root.join(id.as_str()) }
    }

    pub(crate) fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.file("log")
    }

    pub(crate) fn exists(&self) -> bool {
        self.path.is_dir()
    }

    /// Makes the directory, readable for us alone: specs carry environments.
    pub(crate) fn create(&self) -> Result<(), Error> {
        let make = || {
            match DirBuilder::new().mode(0o700).create(&self.path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
                other => other?,
            }
            sync_dir(self.path.parent().unwrap_or(Path::new("/")))
        };
        make().map_err(Error::io("can't make the launch directory", &self.path))
    }

    /// Makes the claim if there is none. Answers the claim that holds.
    pub(crate) fn claim(&self, claim: &Claim) -> Result<Claim, Error> {
        let path = self.file("claim");
        let draft = self.file(&format!("claim.{}", Uuid::new_v4()));
        let make = || {
            let text = match claim {
                Claim::Run(token) => format!("run {token}\n"),
                Claim::Fence => "fence\n".to_owned(),
            };
            write_new(&draft, text.as_bytes(), true)?;
            // A link appears with its content or not at all, and fails when the name is taken.
            let linked = fs::hard_link(&draft, &path);
            fs::remove_file(&draft)?;
            match linked {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                other => other?,
            }
            // Also on behalf of a claimant that was killed before it got here.
            sync_dir(&self.path)
        };
        make().map_err(Error::io("can't claim the launch by", &path))?;
        self.claimed()?.ok_or_else(|| Error::Corrupt { path, message: "the claim vanished".into() })
    }

    /// The claim that holds, if there is one.
    pub(crate) fn claimed(&self) -> Result<Option<Claim>, Error> {
        let path = self.file("claim");
        let Some(text) = read(&path)? else { return Ok(None) };
        match text.trim_end().split_once(' ') {
            Some(("run", token)) => Ok(Some(Claim::Run(token.to_owned()))),
            None if text == "fence\n" => Ok(Some(Claim::Fence)),
            _ => Err(Error::Corrupt { path, message: "neither a launcher's claim nor a fence".into() }),
        }
    }

    pub(crate) fn exit(&self) -> Result<Option<Exit>, Error> {
        self.read_json("exit.json")
    }

    pub(crate) fn has_exit(&self) -> bool {
        self.file("exit.json").exists()
    }

    /// Whether nothing more will be written here: it ended, was fenced, or is removed.
    pub(crate) fn is_complete(&self) -> bool {
        self.has_exit() || !self.exists() || matches!(self.claimed(), Ok(Some(Claim::Fence)))
    }

    pub(crate) fn write_exit(&self, exit: &Exit) -> Result<(), Error> {
        self.write_json("exit.json", exit, true)
    }

    pub(crate) fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Error> {
        let path = self.file(name);
        let Some(text) = read(&path)? else { return Ok(None) };
        let value = serde_json::from_str(&text).map_err(|error| Error::Corrupt { path, message: error.to_string() })?;
        Ok(Some(value))
    }

    pub(crate) fn write_json<T: Serialize>(&self, name: &str, value: &T, sync: bool) -> Result<(), Error> {
        let path = self.file(name);
        let bytes = serde_json::to_vec(value).map_err(io::Error::other);
        bytes.and_then(|bytes| write_atomic(&path, &bytes, sync)).map_err(Error::io("can't write", &path))
    }

    /// Takes the launch lock; none while somebody else has it.
    pub(crate) fn try_lock(&self) -> Result<Option<Lock>, Error> {
        try_lock(&self.file("lock")).map_err(Error::io("can't lock", &self.file("lock")))
    }

    /// Whether somebody holds the launch lock.
    pub(crate) fn is_locked(&self) -> Result<bool, Error> {
        let path = self.file("lock");
        let check = || {
            let file = match File::open(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
                other => other?,
            };
            match flock(&file, FlockOperation::NonBlockingLockShared) {
                Ok(()) => flock(&file, FlockOperation::Unlock).map(|()| false),
                Err(rustix::io::Errno::WOULDBLOCK) => Ok(true),
                Err(error) => Err(error),
            }
            .map_err(io::Error::from)
        };
        check().map_err(Error::io("can't ask for the lock", &path))
    }

    /// Takes the directory away under its name at once, then deletes it.
    pub(crate) fn remove(&self) -> Result<(), Error> {
        let root = self.path.parent().unwrap_or(Path::new("/"));
        let grave = root.join(format!(".removed-{}", Uuid::new_v4()));
        let remove = || {
            match fs::rename(&self.path, &grave) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                other => other?,
            }
            sync_dir(root)?;
            fs::remove_dir_all(&grave)
        };
        remove().map_err(Error::io("can't remove", &self.path))
    }
}

/// The launches under a root, in order. What an interrupted removal left is deleted.
pub(crate) fn list(root: &Path) -> Result<Vec<LaunchId>, Error> {
    let mut ids = Vec::new();
    let entries = match fs::read_dir(root) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(ids),
        other => other.map_err(Error::io("can't list", root))?,
    };
    for entry in entries {
        let entry = entry.map_err(Error::io("can't list", root))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(".removed-") {
            let _ = fs::remove_dir_all(entry.path());
        } else if entry.path().is_dir()
            && let Ok(id) = LaunchId::new(&name)
        {
            ids.push(id);
        }
    }
    ids.sort();
    Ok(ids)
}

/// A lock that lasts as long as this value and the process.
#[derive(Debug)]
pub(crate) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // A program being spawned right now shares the open file for an instant; closing alone would not unlock.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

pub(crate) fn try_lock(path: &Path) -> io::Result<Option<Lock>> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(Lock(file))),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Replaces a file as a whole; with `sync`, for good once it returns.
pub(crate) fn write_atomic(path: &Path, bytes: &[u8], sync: bool) -> io::Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}", Uuid::new_v4()));
    let draft = PathBuf::from(draft);
    write_new(&draft, bytes, sync).and_then(|()| fs::rename(&draft, path)).inspect_err(|_| {
        let _ = fs::remove_file(&draft);
    })?;
    if sync { sync_dir(path.parent().unwrap_or(Path::new("/"))) } else { Ok(()) }
}

fn write_new(path: &Path, bytes: &[u8], sync: bool) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    if sync { file.sync_all() } else { Ok(()) }
}

fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn read(path: &Path) -> Result<Option<String>, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("can't read", path)(error)),
    }
}

/// Runs blocking work off the async threads.
pub(crate) async fn blocking<T, F>(work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Error> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Error::Unavailable { what: "the node shuts down", message: error.to_string() }),
    }
}
