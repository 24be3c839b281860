//! The cluster keys of one node, each in a file of its own that only the node may read.
//!
//! A file is written as a whole and durably before a key counts as kept. To destroy a key its bytes are overwritten in
//! place before the file is removed. What a file system or a disk keeps besides is out of reach.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gofer_domain::ClusterKey;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::cipher::KeyBytes;
use crate::error::Error;

/// First line of a key file, with the version of its form.
const HEADER: &str = "gofer cluster key 1";
/// No key file is longer.
const FILE_BYTES_MAX: u64 = 512;
const SUFFIX: &str = ".key";
/// Where the keys are in a data directory.
pub const DIRECTORY: &str = "keys";

/// Cluster keys in a directory.
#[derive(Debug)]
pub struct KeyRing {
    dir: PathBuf,
    keys: Mutex<BTreeMap<ClusterKey, KeyBytes>>,
}

impl KeyRing {
    /// Opens a directory, which is made if missing. What is left of a key that was being destroyed is removed.
    ///
    /// # Errors
    /// When it can't be read; [`Error::KeyFile`] when a file in it can't be understood.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        make_dir(dir).map_err(io_error("can't make the directory of cluster keys", dir))?;
        let mut keys = BTreeMap::new();
        for entry in fs::read_dir(dir).map_err(io_error("can't list", dir))? {
            let path = entry.map_err(io_error("can't list", dir))?.path();
            if path.extension().is_some_and(|extension| extension == "draft") {
                // It was never counted on.
                destroy_file(&path).map_err(io_error("can't remove", &path))?;
            } else if path.to_string_lossy().ends_with(SUFFIX) {
                match read(&path)? {
                    Some((named, key)) => _ = keys.insert(named, key),
                    None => destroy_file(&path).map_err(io_error("can't remove", &path))?,
                }
            }
        }
        Ok(Self { dir: dir.to_owned(), keys: Mutex::new(keys) })
    }

    fn keys(&self) -> MutexGuard<'_, BTreeMap<ClusterKey, KeyBytes>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A key that is kept here.
    #[must_use]
    pub fn get(&self, named: &ClusterKey) -> Option<KeyBytes> {
        self.keys().get(named).cloned()
    }

    /// What is kept, in the order of numbers.
    #[must_use]
    pub fn list(&self) -> Vec<ClusterKey> {
        self.keys().keys().copied().collect()
    }

    /// Keeps a key, durably.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn add(&self, number: u64, key: &KeyBytes) -> Result<ClusterKey, Error> {
        let named = key.named(number);
        let mut keys = self.keys();
        if keys.contains_key(&named) {
            return Ok(named);
        }
        let path = self.path(&named);
        let text = Zeroizing::new(format!("{HEADER}\n{number}\n{}\n", hex(key.bytes()).as_str()));
        let draft = self.dir.join(format!("{}.draft", Uuid::new_v4()));
        let write = || {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&draft, &path)?;
            sync_dir(&self.dir)
        };
        write().map_err(io_error("can't write the key file", &path))?;
        keys.insert(named, key.clone());
        Ok(named)
    }

    /// Destroys the keys that the one in force has replaced, and those that were drawn for its place and not taken.
    /// Answers which these were.
    ///
    /// # Errors
    /// When a file can't be overwritten or removed; it is tried again with the next call.
    pub fn settle(&self, current: &ClusterKey) -> Result<Vec<ClusterKey>, Error> {
        let is_over = |named: &ClusterKey| named.number <= current.number && named != current;
        let mut keys = self.keys();
        let over: Vec<ClusterKey> = keys.keys().copied().filter(is_over).collect();
        for named in &over {
            let path = self.path(named);
            destroy_file(&path).map_err(io_error("can't destroy the key file", &path))?;
            keys.remove(named);
        }
        if !over.is_empty() {
            sync_dir(&self.dir).map_err(io_error("can't sync", &self.dir))?;
        }
        Ok(over)
    }

    pub(crate) fn path(&self, named: &ClusterKey) -> PathBuf {
        let short = hex(named.fingerprint.get(..8).unwrap_or_default());
        self.dir.join(format!("{}-{}{SUFFIX}", named.number, short.as_str()))
    }
}

/// The keys in a directory, in the order of numbers. A node may be at work there, and nothing is changed.
pub(crate) fn read_all(dir: &Path) -> Result<BTreeMap<ClusterKey, KeyBytes>, Error> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        other => other.map_err(io_error("can't list", dir))?,
    };
    let mut keys = BTreeMap::new();
    for entry in entries {
        let path = entry.map_err(io_error("can't list", dir))?.path();
        if !path.to_string_lossy().ends_with(SUFFIX) {
            continue;
        }
        match read(&path) {
            Ok(key) => keys.extend(key),
            // It was replaced meanwhile.
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(keys)
}

/// The key in a file; none when it was being destroyed.
fn read(path: &Path) -> Result<Option<(ClusterKey, KeyBytes)>, Error> {
    let bad = |message: &str| Error::KeyFile { path: path.to_owned(), message: message.to_owned() };
    let length = fs::metadata(path).map_err(io_error("can't read", path))?.len();
    if length > FILE_BYTES_MAX {
        return Err(bad("it is too long; move it away, the other nodes have the key"));
    }
    let bytes = Zeroizing::new(fs::read(path).map_err(io_error("can't read", path))?);
    if bytes.first().is_none_or(|first| *first == 0) {
        return Ok(None);
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| bad("it is no text"))?;
    let mut lines = text.lines();
    match lines.next() {
        Some(HEADER) => {}
        Some(other) if other.starts_with("gofer cluster key ") => {
            return Err(bad("a newer version of gofer wrote it; start that version"));
        }
        _ => return Err(bad("it does not begin like a key file; move it away, the other nodes have the key")),
    }
    let number = lines.next().and_then(|line| line.parse().ok());
    let key = lines.next().and_then(unhex).and_then(|bytes| KeyBytes::from_slice(&bytes));
    let (Some(number), Some(key)) = (number, key) else {
        return Err(bad("it is damaged; move it away, the other nodes have the key"));
    };
    let named: ClusterKey = key.named(number);
    let short = hex(named.fingerprint.get(..8).unwrap_or_default());
    let name = format!("{number}-{}{SUFFIX}", short.as_str());
    if path.file_name().is_none_or(|found| found.to_string_lossy() != name) {
        return Err(bad("its name is not that of its key; move it away, the other nodes have the key"));
    }
    Ok(Some((named, key)))
}

/// Overwrites a file where it lies, then removes it.
fn destroy_file(path: &Path) -> io::Result<()> {
    let mut file = match OpenOptions::new().write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    let length = usize::try_from(file.metadata()?.len().min(FILE_BYTES_MAX)).unwrap_or_default();
    file.write_all(&vec![0; length])?;
    file.sync_all()?;
    fs::remove_file(path)
}

fn make_dir(dir: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => {
            other?;
            sync_dir(dir.parent().unwrap_or(Path::new("/")))
        }
    }
}

pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

pub(crate) fn io_error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::Io { what, path: path.to_owned(), source }
}

pub(crate) fn hex(bytes: &[u8]) -> Zeroizing<String> {
    // As long as it gets, so that it never moves and leaves a copy behind.
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() * 2));
    for byte in bytes {
        for half in [byte >> 4, byte & 15] {
            text.push(char::from_digit(half.into(), 16).unwrap_or('0'));
        }
    }
    text
}

pub(crate) fn unhex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    for pair in text.as_bytes().chunks(2) {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
        bytes.push(u8::from_str_radix(pair, 16).ok()?);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests;
