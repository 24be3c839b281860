//! The archive of a cluster: an export that its leaders write, one segment after the other.
//!
//! The cluster's replicated state says which segments there are; the manifest repeats it for whoever reads the archive,
//! and is written anew from the state whenever it lags. Several nodes may take themselves for the leader: segments are
//! named by their digests, so what both write is whole, and a manifest only ever gives way to one that knows more.

use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use gofer_domain::{ArchiveSegment, ClusterId, Revision};
use gofer_store::durable;
use rustix::fs::{FlockOperation, flock};

use crate::chain::Chain;
use crate::error::Error;
use crate::fault::{Fault, FaultKind};
use crate::hash::Hash;
use crate::manifest::{FILE, Manifest, SEGMENTS, Segment};
use crate::segment::{self, Writer};
use crate::source::segment_name;

/// Held while the manifest is looked at and written.
const LOCK: &str = "lock";
/// Longest URL, in bytes.
const URL_BYTES_MAX: usize = 4_096;

/// Where an archive is: `file:///directory`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveUrl(PathBuf);

impl ArchiveUrl {
    /// The directory that it names.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl FromStr for ArchiveUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = text.strip_prefix("file://").filter(|path| path.len() > 1 && path.starts_with('/'));
        match path {
            Some(path) if text.len() <= URL_BYTES_MAX && !path.contains('\0') => Ok(Self(PathBuf::from(path))),
            _ => Err(format!(
                "{:?} names no archive; use file:///DIRECTORY, with at most {URL_BYTES_MAX} bytes",
                text.chars().take(100).collect::<String>()
            )),
        }
    }
}

impl fmt::Display for ArchiveUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "file://{}", self.0.display())
    }
}

/// An archive that is written to.
#[derive(Clone, Debug)]
pub struct Archive {
    dir: PathBuf,
}

impl Archive {
    /// The archive at a URL. Nothing is looked at yet.
    #[must_use]
    pub fn at(url: &ArchiveUrl) -> Self {
        Self { dir: url.0.clone() }
    }

    /// What its manifest says; none while there is none.
    ///
    /// # Errors
    /// When the directory is not there, holds something else, or can't be read. It is never made: a directory that is
    /// missing may be one whose file system is not mounted.
    pub fn manifest(&self) -> Result<Option<Manifest>, Error> {
        let mut entries = fs::read_dir(&self.dir).map_err(|error| Error::io(&self.dir, error))?;
        if self.dir.join(FILE).exists() {
            return Manifest::read(&self.dir).map(Some);
        }
        let is_ours = |name: &std::ffi::OsStr| name == SEGMENTS || name == LOCK || name == "lost+found";
        match entries.any(|entry| entry.is_ok_and(|entry| !is_ours(&entry.file_name()))) {
            true => Err(Error::NotAnExport(self.dir.clone())),
            false => Ok(None),
        }
    }

    /// Whether it can be written to, and goes on where a cluster's state says that it ends.
    ///
    /// # Errors
    /// As [`Archive::manifest`]; [`Error::Refused`] when it is of another cluster or lacks a segment.
    pub fn check(&self, cluster: ClusterId, segments: &[ArchiveSegment]) -> Result<Option<Manifest>, Error> {
        let manifest = self.manifest()?;
        if let Some(manifest) = &manifest {
            self.check_same(manifest, cluster, segments)?;
        }
        for segment in segments {
            self.check_file(segment)?;
        }
        let probe = self.dir.join(LOCK);
        File::options().create(true).append(true).open(&probe).map_err(|error| Error::io(&probe, error))?;
        Ok(manifest)
    }

    /// A manifest that names what the state does not is one of another cluster, or knows more than this node yet.
    fn check_same(&self, manifest: &Manifest, cluster: ClusterId, segments: &[ArchiveSegment]) -> Result<(), Error> {
        let dir = self.dir.display();
        let known = manifest.segments.iter().zip(segments);
        let parts = known.clone().any(|(named, known)| named.digest.0 != known.digest);
        // A recovered cluster goes on with the archive of the one that it was made of.
        let is_other = manifest.cluster() != Some(cluster) && manifest.segments.len() > segments.len();
        if parts || is_other {
            let other = &manifest.cluster_id;
            return Err(Error::Refused(format!(
                "{dir} is the archive of cluster {other}, and not that of {cluster}; name another directory"
            )));
        }
        Ok(())
    }

    fn check_file(&self, segment: &ArchiveSegment) -> Result<(), Error> {
        let path = self.path(segment.digest);
        match fs::metadata(&path) {
            Ok(file) if file.len() == segment.stored_bytes => Ok(()),
            Ok(file) => Err(Error::Refused(format!(
                "{} has {} bytes, and was archived with {}; restore it from a copy",
                path.display(),
                file.len(),
                segment.stored_bytes
            ))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Error::Refused(format!(
                "{} is missing, and the cluster has archived revisions {} to {} there; all nodes need the same \
                 directory",
                path.display(),
                segment.first,
                segment.last
            ))),
            Err(error) => Err(Error::io(path, error)),
        }
    }

    fn path(&self, digest: [u8; 32]) -> PathBuf {
        self.dir.join(SEGMENTS).join(segment_name(Hash(digest)))
    }

    /// Begins a segment. `writer` tells those apart who might write one at the same time.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn begin(&self, first: Revision, previous: [u8; 32], writer: &str) -> Result<ArchiveWriter, Error> {
        // The directory itself has to be there, see `manifest`.
        fs::read_dir(&self.dir).map_err(|error| Error::io(&self.dir, error))?;
        durable::make_dir(&self.dir.join(SEGMENTS))?;
        let partial = self.dir.join(SEGMENTS).join(format!("partial-{writer}.tmp"));
        let chain = Chain::starting(first.0, Some(Hash(previous)));
        Ok(ArchiveWriter { archive: self.clone(), first, previous, chain, writer: Writer::create(&partial)?, partial })
    }

    /// Writes the manifest that a cluster's state leads to, unless the one that is there knows as much or more.
    ///
    /// # Errors
    /// As [`Archive::check`].
    pub fn publish(&self, cluster: ClusterId, segments: &[ArchiveSegment]) -> Result<(), Error> {
        let path = self.dir.join(LOCK);
        let lock = File::options().create(true).append(true).open(&path).map_err(|error| Error::io(&path, error))?;
        flock(&lock, FlockOperation::LockExclusive).map_err(|error| Error::io(&path, error.into()))?;
        let there = self.check(cluster, segments)?;
        let is_whole = there.as_ref().is_some_and(|there| {
            let is_own = there.cluster() == Some(cluster);
            there.segments.len() > segments.len() || (is_own && there.segments.len() == segments.len())
        });
        if is_whole { Ok(()) } else { manifest_of(cluster, segments).write(&self.dir) }
    }
}

/// The manifest that segments lead to.
fn manifest_of(cluster: ClusterId, segments: &[ArchiveSegment]) -> Manifest {
    let mut manifest = Manifest::new(Some(cluster), 1);
    for segment in segments {
        let events = segment.last.0.saturating_sub(manifest.last_revision);
        manifest.segments.push(Segment {
            digest: Hash(segment.digest),
            first_revision: segment.first.0,
            last_revision: segment.last.0,
            last_hash: Hash(segment.last_hash),
            events,
            bytes: segment.bytes,
            stored_bytes: segment.stored_bytes,
        });
        (manifest.last_revision, manifest.last_hash) = (segment.last.0, Hash(segment.last_hash));
        manifest.events += events;
        manifest.bytes += segment.bytes;
    }
    manifest.complete = true;
    manifest
}

/// A segment in the making.
pub struct ArchiveWriter {
    archive: Archive,
    first: Revision,
    previous: [u8; 32],
    chain: Chain,
    writer: Writer,
    partial: PathBuf,
}

impl fmt::Debug for ArchiveWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArchiveWriter").field("partial", &self.partial).finish_non_exhaustive()
    }
}

impl ArchiveWriter {
    /// The revision that is to be pushed next.
    #[must_use]
    pub fn next(&self) -> Revision {
        Revision(self.chain.next())
    }

    /// Bytes of the events so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.writer.bytes
    }

    /// Adds an event, after it was checked against the one before it.
    ///
    /// # Errors
    /// [`Error::Fault`] when it does not fit; else when it can't be written.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.chain.check(bytes)?;
        self.writer.push(bytes)
    }

    /// Closes the segment, which must hold an event, makes it durable under its name, and reads it back. It counts once
    /// the cluster has recorded it.
    ///
    /// # Errors
    /// When it can't be written, or what is read is not what was written.
    pub fn finish(self) -> Result<ArchiveSegment, Error> {
        let Self { archive, first, previous, chain, writer, partial } = self;
        let bytes = writer.bytes;
        let (digest, stored_bytes) = writer.finish()?;
        let path = archive.path(digest.0);
        durable::rename(&partial, &path)?;
        let read = File::open(&path).and_then(segment::digest).map_err(|error| Error::io(&path, error))?;
        if read != (digest, stored_bytes) {
            let detail = format!("{} was written with digest {digest}, and reads as {}", path.display(), read.0);
            return Err(Fault::new(first.0, FaultKind::Segment, detail).into());
        }
        let last_hash = chain.head().map_or(previous, |hash| hash.0);
        let last = Revision(chain.next() - 1);
        Ok(ArchiveSegment { digest: digest.0, first, last, previous_hash: previous, last_hash, bytes, stored_bytes })
    }
}
