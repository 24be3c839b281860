//! Making an export: immutable segments named by their digests, and a manifest. At any moment, also after a power loss,
//! the directory holds a whole export of fewer events, which the next try goes on from.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use gofer_domain::ClusterId;
use gofer_store::durable;
use rustix::fs::{FlockOperation, flock};

use crate::chain::Chain;
use crate::error::Error;
use crate::fault::{Fault, FaultKind};
use crate::hash::Hash;
use crate::manifest::{FILE, Manifest, SEGMENTS, Segment};
use crate::segment::Writer;
use crate::source::segment_name;

/// The segment in the making.
const PARTIAL: &str = "partial.tmp";

/// How an export is made.
#[derive(Clone, Copy, Debug)]
pub struct ExportOptions {
    /// The cluster whose events these are, where it is known.
    pub cluster: Option<ClusterId>,
    /// First revision wanted. An export that is begun already keeps its own, if that is not a later one.
    pub from: u64,
    /// A segment is closed when its events have this many bytes.
    pub segment_bytes: u64,
}

impl Default for ExportOptions {
    fn default() -> Self {
        Self { cluster: None, from: 1, segment_bytes: 64 << 20 }
    }
}

/// An export in the making.
pub struct Exporter {
    dir: PathBuf,
    segment_bytes: u64,
    manifest: Manifest,
    chain: Chain,
    writer: Option<Writer>,
    /// Held as long as the export is written to.
    _lock: File,
}

impl std::fmt::Debug for Exporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exporter").field("dir", &self.dir).field("next", &self.next()).finish_non_exhaustive()
    }
}

impl Exporter {
    /// Begins an export in a directory that is empty or missing, or goes on with the one that is there, be it
    /// interrupted or complete.
    ///
    /// # Errors
    /// When the directory holds something else, an export of another cluster or with another beginning, or is being
    /// written to by another process.
    pub fn open(dir: &Path, options: &ExportOptions) -> Result<Self, Error> {
        durable::make_dir(dir)?;
        let lock = File::open(dir).map_err(|error| Error::io(dir, error))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|error| match error {
            rustix::io::Errno::WOULDBLOCK => Error::InUse(dir.to_owned()),
            other => Error::io(dir, other.into()),
        })?;
        let manifest = if dir.join(FILE).exists() { Manifest::read(dir)? } else { begin(dir, options)? };
        check_same(&manifest, options)?;
        check_files(dir, &manifest)?;
        durable::make_dir(&dir.join(SEGMENTS))?;
        let anchor = if manifest.segments.is_empty() { None } else { Some(manifest.last_hash) };
        let chain = Chain::starting(manifest.last_revision + 1, anchor);
        Ok(Self {
            dir: dir.to_owned(),
            segment_bytes: options.segment_bytes,
            manifest,
            chain,
            writer: None,
            _lock: lock,
        })
    }

    /// The revision that is to be pushed next.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.chain.next()
    }

    /// What it consists of so far, without the segment in the making.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Adds an event, after it was checked against the one before it.
    ///
    /// # Errors
    /// [`Error::Fault`] when it does not fit; else when it can't be written.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let envelope = self.chain.check(bytes)?;
        if self.manifest.events == 0 && envelope.revision == self.manifest.first_revision {
            self.manifest.previous_hash = envelope.previous;
            self.manifest.last_hash = envelope.previous;
        }
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => self.writer.insert(Writer::create(&self.partial())?),
        };
        writer.push(bytes)?;
        if writer.bytes >= self.segment_bytes { self.close() } else { Ok(()) }
    }

    /// Closes the last segment; the export is complete.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn finish(mut self) -> Result<Manifest, Error> {
        self.close()?;
        self.manifest.complete = true;
        self.manifest.write(&self.dir)?;
        Ok(self.manifest)
    }

    fn partial(&self) -> PathBuf {
        self.dir.join(SEGMENTS).join(PARTIAL)
    }

    /// Gives the segment in the making its name, then enters it in the manifest.
    fn close(&mut self) -> Result<(), Error> {
        let Some(writer) = self.writer.take() else { return Ok(()) };
        let bytes = writer.bytes;
        let (digest, stored_bytes) = writer.finish()?;
        durable::rename(&self.partial(), &self.dir.join(SEGMENTS).join(segment_name(digest)))?;
        let manifest = &mut self.manifest;
        let last_hash = self.chain.head().unwrap_or(Hash::GENESIS);
        let (first_revision, last_revision) = (manifest.last_revision + 1, self.chain.next() - 1);
        let events = last_revision - manifest.last_revision;
        manifest.segments.push(Segment {
            digest,
            first_revision,
            last_revision,
            last_hash,
            events,
            bytes,
            stored_bytes,
        });
        manifest.last_revision = last_revision;
        manifest.last_hash = last_hash;
        manifest.events += events;
        manifest.bytes += bytes;
        manifest.complete = false;
        manifest.write(&self.dir)
    }
}

/// The manifest of a new export. Until it is there, only this program's own leftovers may be.
fn begin(dir: &Path, options: &ExportOptions) -> Result<Manifest, Error> {
    let mut entries = fs::read_dir(dir).map_err(|error| Error::io(dir, error))?;
    let is_ours = |name: &std::ffi::OsStr| name == SEGMENTS || name == "manifest.json.tmp" || name == "lost+found";
    if entries.any(|entry| entry.is_ok_and(|entry| !is_ours(&entry.file_name()))) {
        return Err(Error::NotAnExport(dir.to_owned()));
    }
    let manifest = Manifest::new(options.cluster, options.from.max(1));
    manifest.write(dir)?;
    Ok(manifest)
}

fn check_same(manifest: &Manifest, options: &ExportOptions) -> Result<(), Error> {
    if let (Some(own), Some(other)) = (manifest.cluster(), options.cluster)
        && own != other
    {
        return Err(Error::Refused(format!(
            "this is an export of cluster {own}, and these are events of {other}; use another directory"
        )));
    }
    // The default asks for what there is.
    if options.from > 1 && options.from < manifest.first_revision {
        return Err(Error::Refused(format!(
            "this export begins with revision {}, after {}; use another directory",
            manifest.first_revision, options.from
        )));
    }
    Ok(())
}

/// What the manifest names must be there before anything is added to it.
fn check_files(dir: &Path, manifest: &Manifest) -> Result<(), Error> {
    for segment in &manifest.segments {
        let length = fs::metadata(segment.path(dir)).map(|file| file.len()).ok();
        if length != Some(segment.stored_bytes) {
            let detail = format!("the segment {} is missing, or not whole", segment.digest);
            return Err(Fault::new(segment.first_revision, FaultKind::Segment, detail).into());
        }
    }
    Ok(())
}
