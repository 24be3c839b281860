//! What an export consists of: `manifest.json`, written anew after each segment.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use gofer_domain::ClusterId;
use gofer_store::durable;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::fault::{Fault, FaultKind};
use crate::hash::{Hash, from_hex};

/// Name of the manifest.
pub(crate) const FILE: &str = "manifest.json";
/// Name of the directory of the segments.
pub(crate) const SEGMENTS: &str = "segments";
/// Format of exports that this code reads and writes.
pub(crate) const FORMAT: u64 = 1;
/// Largest manifest, in bytes: enough for some 10 TiB of events.
const MANIFEST_BYTES_MAX: u64 = 64 << 20;

/// Greatest revision of an export: none is ever reached, and sums of those below don't overflow.
const REVISION_MAX: u64 = 1 << 62;

/// The manifest of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub format: u64,
    /// 32 hexadecimal digits; empty when the source did not know.
    pub cluster_id: String,
    /// Whether the export came to its end. One that did not is continued by the same command.
    pub complete: bool,
    /// Revision of the first event.
    pub first_revision: u64,
    /// Revision of the last event; `first_revision - 1` while there is none.
    pub last_revision: u64,
    /// What the first event says is the hash of the one before it.
    pub previous_hash: Hash,
    /// Hash of the last event; `previous_hash` while there is none.
    pub last_hash: Hash,
    /// All events.
    pub events: u64,
    /// All their bytes.
    pub bytes: u64,
    /// In the order of their revisions, without gap.
    pub segments: Vec<Segment>,
}

/// A file of events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// SHA-256 of the file, and its name.
    pub digest: Hash,
    pub first_revision: u64,
    pub last_revision: u64,
    /// Hash of its last event.
    pub last_hash: Hash,
    pub events: u64,
    /// Bytes of the events, without the lengths between them.
    pub bytes: u64,
    /// Bytes of the file.
    pub stored_bytes: u64,
}

/// What is read before the rest, to tell a newer format from a damaged one.
#[derive(Deserialize)]
struct Format {
    format: u64,
}

impl Manifest {
    pub(crate) fn new(cluster: Option<ClusterId>, first: u64) -> Self {
        Self {
            format: FORMAT,
            cluster_id: cluster.map(|cluster| cluster.to_string()).unwrap_or_default(),
            complete: false,
            first_revision: first,
            last_revision: first.saturating_sub(1),
            previous_hash: Hash::GENESIS,
            last_hash: Hash::GENESIS,
            events: 0,
            bytes: 0,
            segments: Vec::new(),
        }
    }

    /// The cluster whose events these are.
    #[must_use]
    pub fn cluster(&self) -> Option<ClusterId> {
        from_hex(&self.cluster_id).map(ClusterId)
    }

    /// Reads the manifest of an export.
    ///
    /// # Errors
    /// [`Error::Fault`] when it is malformed or contradicts itself, [`Error::NewerFormat`], or when it can't be read.
    pub(crate) fn read(dir: &Path) -> Result<Self, Error> {
        let path = dir.join(FILE);
        let mut text = Vec::new();
        let read = File::open(&path).and_then(|file| file.take(MANIFEST_BYTES_MAX + 1).read_to_end(&mut text));
        read.map_err(|error| Error::io(&path, error))?;
        if text.len() as u64 > MANIFEST_BYTES_MAX {
            return Err(wrong(0, format!("it has more than {MANIFEST_BYTES_MAX} bytes, the limit")).into());
        }
        match serde_json::from_slice(&text) {
            Ok(Format { format }) if format > FORMAT => Err(Error::NewerFormat { path, found: format, known: FORMAT }),
            _ => Ok(Self::parse(&text)?),
        }
    }

    /// Takes a manifest apart.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &[u8]) -> Result<Self, Fault> {
        let manifest: Self = serde_json::from_slice(text).map_err(|error| wrong(0, error.to_string()))?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Writes the manifest of an export, durably.
    pub(crate) fn write(&self, dir: &Path) -> Result<(), Error> {
        let path = dir.join(FILE);
        let mut text = serde_json::to_vec_pretty(self).map_err(|error| Error::io(&path, error.into()))?;
        text.push(b'\n');
        Ok(durable::write(&path, &text)?)
    }

    fn check(&self) -> Result<(), Fault> {
        if self.format != FORMAT {
            return Err(wrong(0, format!("it is of format {}, and there is none such", self.format)));
        }
        if !self.cluster_id.is_empty() && self.cluster().is_none() {
            return Err(wrong(0, format!("{:?} is no cluster id", self.cluster_id)));
        }
        if self.first_revision == 0 || (self.first_revision == 1 && self.previous_hash != Hash::GENESIS) {
            return Err(wrong(0, "nothing can come before the first event"));
        }
        if self.first_revision.max(self.last_revision) > REVISION_MAX {
            return Err(wrong(0, format!("it has revisions beyond {REVISION_MAX}, the limit")));
        }
        let (mut last, mut head) = (self.first_revision - 1, self.previous_hash);
        let (mut events, mut bytes) = (0_u64, 0_u64);
        for segment in &self.segments {
            let first = last.saturating_add(1);
            if segment.first_revision != first {
                let detail = format!("segment {} begins with revision {}", segment.digest, segment.first_revision);
                return Err(wrong(first, format!("{detail}, and {first} is due")));
            }
            let length = segment.last_revision.checked_sub(last).filter(|length| *length > 0);
            if length != Some(segment.events) {
                let detail = format!("{} events can't end with revision {}", segment.events, segment.last_revision);
                return Err(wrong(first, format!("segment {}: {detail}", segment.digest)));
            }
            (last, head) = (segment.last_revision, segment.last_hash);
            events = events.saturating_add(segment.events);
            bytes = bytes.saturating_add(segment.bytes);
        }
        if (last, events, bytes) != (self.last_revision, self.events, self.bytes) || head != self.last_hash {
            return Err(wrong(last.saturating_add(1), "its segments do not add up to what it says of the whole"));
        }
        Ok(())
    }
}

fn wrong(revision: u64, detail: impl Into<String>) -> Fault {
    Fault::new(revision, FaultKind::Manifest, detail)
}
