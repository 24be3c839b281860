//! The chunks and manifests on this node, and the sweeping of those that no object names.
//!
//! What is put is not named yet: it is safe for the time that sweeps leave alone, counted from when it was put last.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::sync::{PoisonError, RwLock};
use std::time::SystemTime;

use crate::blobs::{Blobs, Digest, IncomingBlob};
use crate::error::Error;
use crate::objects::{MANIFEST_BYTES_MAX, Manifest};

/// Names that a sweep looks at together.
const TOGETHER: usize = 1_000;

/// What of objects is on a node.
#[derive(Debug)]
pub struct ObjectBlobs {
    blobs: Blobs,
    /// Shared by those who put; a sweep takes it for the moment in which it looks at a file and removes it. So nothing is
    /// removed that was put again meanwhile.
    gate: RwLock<()>,
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    pub kept: u64,
    pub removed: u64,
    /// Of those that were removed.
    pub bytes: u64,
}

impl ObjectBlobs {
    pub(crate) fn open(dir: &Path) -> Result<Self, Error> {
        Ok(Self { blobs: Blobs::open(dir)?, gate: RwLock::new(()) })
    }

    /// Keeps bytes durably, as of now.
    ///
    /// # Errors
    /// When they can't be written.
    pub fn put(&self, bytes: &[u8]) -> Result<Digest, Error> {
        let _gate = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        let digest = self.blobs.put(bytes)?;
        self.touch(digest)?;
        Ok(digest)
    }

    /// Begins one that comes in pieces.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn incoming(&self) -> Result<IncomingBlob, Error> {
        self.blobs.incoming()
    }

    /// Keeps one that came in pieces, durably, as of now, if it is the one that was wanted.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when it is another; else when it can't be written.
    pub fn keep(&self, incoming: IncomingBlob, digest: Digest) -> Result<(), Error> {
        let _gate = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        self.blobs.keep(incoming, digest)
    }

    /// Whether it is here; if so it counts as put now.
    ///
    /// # Errors
    /// When that can't be noted.
    pub fn renew(&self, digest: Digest) -> Result<bool, Error> {
        let _gate = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        self.touch(digest)
    }

    fn touch(&self, digest: Digest) -> Result<bool, Error> {
        let path = self.blobs.path(digest);
        match File::options().write(true).open(&path).and_then(|file| file.set_modified(SystemTime::now())) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(Error::io(path, error)),
        }
    }

    /// The files.
    #[must_use]
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// What is stored under a name, which the caller checks; at most `most` bytes.
    ///
    /// # Errors
    /// [`Error::NoBlob`] when it is not here, [`Error::Corrupt`] when it is larger.
    pub fn read(&self, digest: Digest, most: usize) -> Result<Vec<u8>, Error> {
        let path = self.blobs.path(digest);
        let mut bytes = Vec::new();
        let read = File::open(&path).and_then(|file| {
            bytes.reserve(usize::try_from(file.metadata()?.len()).unwrap_or(most).min(most) + 1);
            file.take(most as u64 + 1).read_to_end(&mut bytes)
        });
        match read {
            Ok(_) if bytes.len() > most => {
                Err(Error::corrupt(path.display().to_string(), format!("it has more than {most} bytes")))
            }
            Ok(_) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::NoBlob(digest.to_string())),
            Err(error) => Err(Error::io(path, error)),
        }
    }

    /// A manifest that is here.
    ///
    /// # Errors
    /// [`Error::NoBlob`] when it is not here, [`Error::Corrupt`] when it is damaged.
    pub fn manifest(&self, digest: Digest) -> Result<Manifest, Error> {
        Manifest::decode(digest, &self.read(digest, MANIFEST_BYTES_MAX)?)
    }

    /// Removes what is not used and was put before a time.
    ///
    /// # Errors
    /// When the files can't be listed or removed.
    pub fn sweep(&self, used: &HashSet<Digest>, before: SystemTime) -> Result<Swept, Error> {
        let mut swept = Swept::default();
        let mut after = None;
        loop {
            let names = self.blobs.list(after, TOGETHER)?;
            let Some(last) = names.last() else { return Ok(swept) };
            after = Some(*last);
            for digest in names {
                match used.contains(&digest) {
                    true => swept.kept += 1,
                    false => self.remove(digest, before, &mut swept)?,
                }
            }
        }
    }

    fn remove(&self, digest: Digest, before: SystemTime, swept: &mut Swept) -> Result<(), Error> {
        let path = self.blobs.path(digest);
        let _gate = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        let removed = fs::metadata(&path).and_then(|file| {
            if file.modified()? >= before {
                return Ok(None);
            }
            fs::remove_file(&path).map(|()| Some(file.len()))
        });
        match removed {
            Ok(Some(bytes)) => {
                swept.removed += 1;
                swept.bytes += bytes;
            }
            Ok(None) => swept.kept += 1,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::io(path, error)),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn blobs() -> (tempfile::TempDir, ObjectBlobs) {
        let dir = tempfile::tempdir().unwrap();
        let blobs = ObjectBlobs::open(&dir.path().join("objects")).unwrap();
        (dir, blobs)
    }

    fn age(blobs: &ObjectBlobs, digest: Digest, by: Duration) {
        let file = File::options().write(true).open(blobs.blobs().path(digest)).unwrap();
        file.set_modified(SystemTime::now() - by).unwrap();
    }

    #[test]
    fn what_is_neither_used_nor_new_is_swept() {
        let (_dir, blobs) = blobs();
        let [used, old, new, again] = ["used", "old", "new", "again"].map(|text| blobs.put(text.as_bytes()).unwrap());
        for digest in [used, old, again] {
            age(&blobs, digest, Duration::from_secs(100));
        }
        assert!(blobs.renew(again).unwrap());
        let before = SystemTime::now() - Duration::from_secs(50);
        let swept = blobs.sweep(&HashSet::from([used]), before).unwrap();
        assert_eq!(swept, Swept { kept: 3, removed: 1, bytes: 3 });
        assert!([used, new, again].iter().all(|digest| blobs.blobs().has(*digest)));
        assert!(!blobs.renew(old).unwrap());
        assert!(matches!(blobs.read(old, 9), Err(Error::NoBlob(_))));
        assert_eq!(blobs.read(new, 3).unwrap(), b"new");
        assert!(matches!(blobs.read(new, 2), Err(Error::Corrupt { .. })));
    }

    #[test]
    fn what_is_put_again_counts_as_new() {
        let (_dir, blobs) = blobs();
        let digest = blobs.put(b"x").unwrap();
        age(&blobs, digest, Duration::from_secs(100));
        blobs.put(b"x").unwrap();
        let before = SystemTime::now() - Duration::from_secs(50);
        assert_eq!(blobs.sweep(&HashSet::new(), before).unwrap().removed, 0);
    }

    /// Puts and sweeps at the same time: whoever was told that it is kept finds it.
    #[test]
    fn nothing_is_swept_that_is_being_put() {
        let (_dir, blobs) = blobs();
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    let before = SystemTime::now() - Duration::from_secs(50);
                    blobs.sweep(&HashSet::new(), before).unwrap();
                }
            });
            for round in 0..200_u32 {
                let text = (round % 3).to_be_bytes();
                let digest = blobs.put(&text).unwrap();
                assert_eq!(blobs.read(digest, 9).unwrap(), text, "round {round}");
                age(&blobs, digest, Duration::from_secs(100));
                if blobs.renew(digest).unwrap() {
                    assert!(blobs.blobs().has(digest), "round {round}");
                }
                let _ = File::options()
                    .write(true)
                    .open(blobs.blobs().path(digest))
                    .and_then(|file| file.set_modified(SystemTime::now() - Duration::from_secs(100)));
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
        });
    }
}
