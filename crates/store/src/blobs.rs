//! Bulk data by content: a blob's name is the SHA-256 of its bytes.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::durable;
use crate::error::Error;

/// Largest blob, in bytes.
pub const BLOB_BYTES_MAX: u64 = 256 << 20;
/// How the names of blobs begin that are not here as a whole.
const INCOMING: &str = "incoming-";

/// SHA-256 of a blob's bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest that [`Display`](fmt::Display) wrote.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut digest = [0; 32];
        if text.len() != 64 || !text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        for (byte, digits) in digest.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(Self(digest))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The blobs of one node, in files `ab/<digest>`.
#[derive(Debug)]
pub struct Blobs {
    dir: PathBuf,
}

impl Blobs {
    /// The blobs in a directory, which is made if missing. What was cut short in it is removed.
    ///
    /// # Errors
    /// When it can't be read or written.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        durable::make_dir(dir)?;
        for entry in fs::read_dir(dir).map_err(|error| Error::io(dir, error))? {
            let entry = entry.map_err(|error| Error::io(dir, error))?;
            if entry.file_name().to_string_lossy().starts_with(INCOMING) {
                durable::remove(&entry.path())?;
            }
        }
        Ok(Self { dir: dir.to_owned() })
    }

    /// The blobs in a directory, which is left as it is, and need not be there.
    #[must_use]
    pub fn at(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// Begins a blob that comes in pieces.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn incoming(&self) -> Result<IncomingBlob, Error> {
        durable::make_dir(&self.dir)?;
        let path = self.dir.join(format!("{INCOMING}{}", uuid::Uuid::new_v4()));
        let file = File::create(&path).map_err(|error| Error::io(&path, error))?;
        Ok(IncomingBlob { path, file, hasher: Sha256::new(), length: 0 })
    }

    /// Keeps a blob that came in pieces, durably, if it is the one that was wanted.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when it is another; else when it can't be written.
    pub fn keep(&self, mut incoming: IncomingBlob, digest: Digest) -> Result<(), Error> {
        let found = Digest(std::mem::take(&mut incoming.hasher).finalize().into());
        if found != digest {
            return Err(Error::corrupt(format!("blob {digest}"), format!("what came of it has the digest {found}")));
        }
        incoming.file.sync_all().map_err(|error| Error::io(&incoming.path, error))?;
        let path = self.path(digest);
        durable::make_dir(path.parent().unwrap_or(&self.dir))?;
        durable::rename(&incoming.path, &path)
    }

    /// Keeps a blob durably and answers its name. A copy that is here is left alone, unless it is damaged.
    ///
    /// # Errors
    /// When it is too large or can't be written.
    pub fn put(&self, bytes: &[u8]) -> Result<Digest, Error> {
        if bytes.len() as u64 > BLOB_BYTES_MAX {
            return Err(Error::BlobTooLarge { limit: BLOB_BYTES_MAX });
        }
        let digest = Digest::of(bytes);
        let path = self.path(digest);
        if self.has(digest) && self.open_checked(digest).is_ok() {
            // Another thread may have renamed it a moment ago.
            durable::sync_parent(&path)?;
            return Ok(digest);
        }
        let parent = path.parent().unwrap_or(&self.dir);
        fs::create_dir_all(parent).map_err(|error| Error::io(parent, error))?;
        durable::sync_dir(&self.dir)?;
        // A name of its own, as two may keep the same blob at the same time.
        let temporary = self.dir.join(format!("{INCOMING}{}", uuid::Uuid::new_v4()));
        let written = File::create(&temporary).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        if let Err(error) = written {
            let _ = fs::remove_file(&temporary);
            return Err(Error::io(temporary, error));
        }
        durable::rename(&temporary, &path)?;
        Ok(digest)
    }

    /// Whether the blob is here.
    #[must_use]
    pub fn has(&self, digest: Digest) -> bool {
        self.path(digest).exists()
    }

    /// A blob's file at its start, after all of it was checked against its name in bounded memory.
    ///
    /// # Errors
    /// [`Error::NoBlob`] when it is not here, [`Error::Corrupt`] when its bytes are others.
    pub fn open_checked(&self, digest: Digest) -> Result<File, Error> {
        let path = self.path(digest);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::NoBlob(digest.to_string()));
            }
            Err(error) => return Err(Error::io(path, error)),
        };
        let found = digest_of(&mut file).and_then(|found| file.rewind().map(|()| found));
        if found.map_err(|error| Error::io(&path, error))? != digest {
            return Err(Error::corrupt(path.display().to_string(), "its content does not match its name"));
        }
        Ok(file)
    }

    /// Names of the blobs here in their order, those after `after`, at most `limit`.
    ///
    /// # Errors
    /// When the directory can't be read.
    pub fn list(&self, after: Option<Digest>, limit: usize) -> Result<Vec<Digest>, Error> {
        let mut found = Vec::new();
        let first = after.map_or(0, |digest| digest.0[0]);
        for prefix in first..=u8::MAX {
            let dir = self.dir.join(format!("{prefix:02x}"));
            let entries = match fs::read_dir(&dir) {
                Ok(entries) => entries,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(Error::io(dir, error)),
            };
            let start = found.len();
            for entry in entries {
                let name = entry.map_err(|error| Error::io(&dir, error))?.file_name();
                found.extend(name.to_str().and_then(Digest::from_hex).filter(|digest| Some(*digest) > after));
            }
            found[start..].sort_unstable();
            if found.len() >= limit {
                break;
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    /// Where the blob is, or would be.
    #[must_use]
    pub fn path(&self, digest: Digest) -> PathBuf {
        let name = digest.to_string();
        self.dir.join(&name[..2]).join(name)
    }
}

/// A blob of which not all has come yet. Removed unless it is kept.
#[derive(Debug)]
pub struct IncomingBlob {
    path: PathBuf,
    file: File,
    hasher: Sha256,
    length: u64,
}

impl IncomingBlob {
    /// Adds a piece.
    ///
    /// # Errors
    /// When it gets too large or can't be written.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.length += bytes.len() as u64;
        if self.length > BLOB_BYTES_MAX {
            return Err(Error::BlobTooLarge { limit: BLOB_BYTES_MAX });
        }
        self.hasher.update(bytes);
        self.file.write_all(bytes).map_err(|error| Error::io(&self.path, error))
    }

    /// Bytes so far.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }
}

impl Drop for IncomingBlob {
    fn drop(&mut self) {
        // Once it is kept, there is nothing under that name.
        let _ = fs::remove_file(&self.path);
    }
}

fn digest_of(file: &mut File) -> io::Result<Digest> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(Digest(hasher.finalize().into())),
            read => hasher.update(&buffer[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blobs() -> (tempfile::TempDir, Blobs) {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(&dir.path().join("blobs")).unwrap();
        (dir, blobs)
    }

    #[test]
    fn a_blob_comes_back_under_the_digest_of_its_bytes() {
        let (_dir, blobs) = blobs();
        let digest = blobs.put(b"abc").unwrap();
        assert_eq!(digest.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(blobs.put(b"abc").unwrap(), digest);
        assert!(blobs.has(digest));
        assert_eq!(std::io::read_to_string(blobs.open_checked(digest).unwrap()).unwrap(), "abc");
        let absent = Digest::of(b"x");
        assert!(!blobs.has(absent));
        assert!(matches!(blobs.open_checked(absent), Err(Error::NoBlob(name)) if name == absent.to_string()));
    }

    #[test]
    fn a_damaged_blob_is_found_named_and_replaced() {
        let (_dir, blobs) = blobs();
        let digest = blobs.put(b"abc").unwrap();
        fs::write(blobs.path(digest), b"abd").unwrap();
        let error = blobs.open_checked(digest).unwrap_err();
        assert!(matches!(&error, Error::Corrupt { what, .. } if what.contains(&digest.to_string())), "{error}");
        blobs.put(b"abc").unwrap();
        assert_eq!(std::io::read_to_string(blobs.open_checked(digest).unwrap()).unwrap(), "abc");
    }

    #[test]
    fn too_large_a_blob_is_refused() {
        let (_dir, blobs) = blobs();
        let bytes = vec![0; usize::try_from(BLOB_BYTES_MAX).unwrap() + 1];
        assert!(matches!(blobs.put(&bytes), Err(Error::BlobTooLarge { limit: BLOB_BYTES_MAX })));
    }

    #[test]
    fn a_listing_goes_through_all_blobs_in_pages() {
        let (_dir, blobs) = blobs();
        let mut put: Vec<Digest> = (0..600_u32).map(|n| blobs.put(&n.to_be_bytes()).unwrap()).collect();
        put.sort_unstable();
        let (mut listed, mut after) = (Vec::new(), None);
        loop {
            let page = blobs.list(after, 7).unwrap();
            assert!(page.len() <= 7);
            let Some(last) = page.last() else { break };
            after = Some(*last);
            listed.extend(page);
        }
        assert_eq!(listed, put);
    }

    #[test]
    fn what_was_cut_short_is_removed() {
        let (dir, blobs) = blobs();
        let digest = blobs.put(b"abc").unwrap();
        let left = dir.path().join("blobs/incoming-1");
        fs::write(&left, b"a").unwrap();
        let blobs = Blobs::open(&dir.path().join("blobs")).unwrap();
        assert!(!left.exists());
        assert!(blobs.has(digest));
    }
}
