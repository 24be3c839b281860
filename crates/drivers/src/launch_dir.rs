//! The directory of one launch: who may launch, what ran, how it ended.
//!
//! `claim` decides everything: it is made once, atomically and with its content, by whoever is first: a launcher that
//! is about to start the program, or a stop that forbids it. Whatever is in doubt afterwards, the program is never
//! started by anybody but the claimant, who appends to it what runs and how that has ended, a line each. All calls block on
//! the disk.
//!
//! A launch makes as few files as it can: some file systems slow down where many are made and deleted, and each must be
//! synced by itself. Launches of earlier versions have `lock`, `shim.json` and `exit.json` beside the claim.

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
        if let Some(known) = self.claimed()? {
            // On behalf of a claimant that was killed before it got here.
            return sync_dir(&self.path).map(|()| known).map_err(Error::io("can't sync", &path));
        }
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
            sync_dir(&self.path)
        };
        make().map_err(Error::io("can't claim the launch by", &path))?;
        self.claimed()?.ok_or_else(|| Error::Corrupt { path, message: "the claim vanished".into() })
    }

    /// The claim that holds, if there is one.
    pub(crate) fn claimed(&self) -> Result<Option<Claim>, Error> {
        let path = self.file("claim");
        let Some(text) = read(&path)? else { return Ok(None) };
        let line = text.lines().next().unwrap_or_default();
        match line.split_once(' ') {
            Some(("run", token)) => Ok(Some(Claim::Run(token.to_owned()))),
            None if line == "fence" => Ok(Some(Claim::Fence)),
            _ => Err(Error::Corrupt { path, message: "neither a launcher's claim nor a fence".into() }),
        }
    }

    /// What runs, as the claimant has noted it.
    pub(crate) fn running<T: DeserializeOwned>(&self) -> Result<Option<T>, Error> {
        match self.noted("running")? {
            None => self.read_json("shim.json"),
            noted => Ok(noted),
        }
    }

    pub(crate) fn write_running<T: Serialize>(&self, running: &T) -> Result<(), Error> {
        self.note("running", running, false)
    }

    pub(crate) fn exit(&self) -> Result<Option<Exit>, Error> {
        match self.noted("exit")? {
            None => self.read_json("exit.json"),
            noted => Ok(noted),
        }
    }

    pub(crate) fn has_exit(&self) -> bool {
        matches!(self.exit(), Ok(Some(_)))
    }

    /// For good once it returns. The first exit counts.
    pub(crate) fn write_exit(&self, exit: &Exit) -> Result<(), Error> {
        match self.file("claim").exists() {
            true => self.note("exit", exit, true),
            // What runs was found without a claim: a directory was lost.
            false => self.write_json("exit.json", exit, true),
        }
    }

    /// Appends a line to the claim. One that is cut off has no end, and is taken for none.
    fn note<T: Serialize>(&self, name: &str, value: &T, sync: bool) -> Result<(), Error> {
        let path = self.file("claim");
        let append = || {
            let value = serde_json::to_string(value).map_err(io::Error::other)?;
            let mut file = OpenOptions::new().append(true).open(&path)?;
            // What was cut off before it, when the disk was full, must not take it with it.
            file.write_all(format!("\n{name} {value}\n").as_bytes())?;
            if sync { file.sync_data() } else { Ok(()) }
        };
        append().map_err(Error::io("can't write", &path))
    }

    fn noted<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Error> {
        let path = self.file("claim");
        let Some(text) = read(&path)? else { return Ok(None) };
        let whole = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        let mut values = whole.filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        Ok(values.find_map(|value| serde_json::from_str(value).ok()))
    }

    /// Whether nothing more will be written here: it ended, was fenced, or is removed.
    pub(crate) fn is_complete(&self) -> bool {
        self.has_exit() || !self.exists() || matches!(self.claimed(), Ok(Some(Claim::Fence)))
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

    /// Takes the launch lock, which is that of the directory; none while somebody else has it.
    pub(crate) fn try_lock(&self) -> Result<Option<Lock>, Error> {
        let lock = || lock_file(File::open(&self.path)?);
        lock().map_err(Error::io("can't lock", &self.path))
    }

    /// Whether somebody holds the launch lock.
    pub(crate) fn is_locked(&self) -> Result<bool, Error> {
        let is_held = |path: &Path| {
            let file = match File::open(path) {
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
        let check = || Ok(is_held(&self.path)? || is_held(&self.file("lock"))?);
        check().map_err(Error::io("can't ask for the lock of", &self.path))
    }

    /// Takes the directory away under its name at once, then deletes it. It may be there again, as a whole, after a loss of
    /// power.
    pub(crate) fn remove(&self) -> Result<(), Error> {
        let root = self.path.parent().unwrap_or(Path::new("/"));
        let grave = root.join(format!(".removed-{}", Uuid::new_v4()));
        let remove = || {
            match fs::rename(&self.path, &grave) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                other => other?,
            }
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

/// Takes the lock of a file, which is made if it is not there.
pub(crate) fn try_lock(path: &Path) -> io::Result<Option<Lock>> {
    lock_file(OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?)
}

fn lock_file(file: File) -> io::Result<Option<Lock>> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn launch() -> (tempfile::TempDir, LaunchDir) {
        let root = tempfile::tempdir().unwrap();
        let dir = LaunchDir::new(root.path(), &LaunchId::new("one").unwrap());
        dir.create().unwrap();
        (root, dir)
    }

    #[test]
    fn a_claim_keeps_what_is_noted_after_it() {
        let (_root, dir) = launch();
        let claim = Claim::Run("token".into());
        assert_eq!(dir.claim(&claim).unwrap(), claim);
        assert_eq!(dir.claim(&Claim::Fence).unwrap(), claim);
        assert_eq!((dir.exit().unwrap(), dir.running::<u32>().unwrap()), (None, None));
        dir.write_running(&7_u32).unwrap();
        let exit = Exit { code: Some(3), ..Exit::unknown("ended") };
        dir.write_exit(&exit).unwrap();
        dir.write_exit(&Exit::unknown("another")).unwrap();
        assert_eq!((dir.claimed().unwrap(), dir.running().unwrap()), (Some(claim), Some(7_u32)));
        assert_eq!(dir.exit().unwrap(), Some(exit), "the first one counts");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_note_that_is_cut_off_is_none_and_spoils_no_other() {
        let (_root, dir) = launch();
        dir.claim(&Claim::Run("token".into())).unwrap();
        let path = dir.file("claim");
        let before = fs::read(&path).unwrap();
        let exit = Exit::unknown("ended");
        dir.write_exit(&exit).unwrap();
        let whole = fs::read(&path).unwrap();
        for length in before.len()..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            assert_eq!(dir.exit().unwrap(), None, "{length}");
            dir.write_exit(&exit).unwrap();
            assert_eq!(dir.exit().unwrap(), Some(exit.clone()), "{length}");
        }
    }

    #[test]
    fn launches_of_earlier_versions_are_read() {
        let (_root, dir) = launch();
        dir.claim(&Claim::Run("token".into())).unwrap();
        let held = try_lock(&dir.file("lock")).unwrap();
        assert!(held.is_some() && dir.is_locked().unwrap());
        drop(held);
        assert!(!dir.is_locked().unwrap());
        dir.write_json("shim.json", &7_u32, false).unwrap();
        let exit = Exit::unknown("ended");
        dir.write_json("exit.json", &exit, false).unwrap();
        assert_eq!((dir.running().unwrap(), dir.exit().unwrap()), (Some(7_u32), Some(exit)));
    }

    #[test]
    fn the_lock_is_that_of_the_directory() {
        let (_root, dir) = launch();
        let lock = dir.try_lock().unwrap();
        assert!(lock.is_some() && dir.is_locked().unwrap() && dir.try_lock().unwrap().is_none());
        drop(lock);
        assert!(!dir.is_locked().unwrap() && dir.try_lock().unwrap().is_some());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
