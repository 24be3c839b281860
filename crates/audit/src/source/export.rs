//! An export as a source. The digest of each segment is checked before anything in it is shown.

use std::fs::File;
use std::io::BufReader;
use std::ops::{ControlFlow, RangeInclusive};
use std::path::{Path, PathBuf};

use super::{EventSource, Extent, Visit};
use crate::error::Error;
use crate::fault::{Fault, FaultKind};
use crate::hash::Hash;
use crate::manifest::{Manifest, Segment};
use crate::segment;

/// An open export.
#[derive(Debug)]
pub struct Export {
    dir: PathBuf,
    manifest: Manifest,
}

impl Export {
    /// Opens it; the segments are not looked at yet.
    ///
    /// # Errors
    /// [`Error::Fault`] when its manifest contradicts itself; else when it can't be read.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        Ok(Self { dir: dir.to_owned(), manifest: Manifest::read(dir)? })
    }

    /// What it consists of.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Shows the events of a segment from a revision on.
    fn scan_segment(&self, segment: &Segment, from: u64, visit: &mut Visit<'_>) -> Result<ControlFlow<()>, Error> {
        let wrong = |detail: String| Error::Fault(Fault::new(segment.first_revision, FaultKind::Segment, detail));
        let path = segment.path(&self.dir);
        let open = || File::open(&path).map_err(|error| Error::io(&path, error));
        let (digest, bytes) = match File::open(&path) {
            Ok(file) => segment::digest(file).map_err(|error| Error::io(&path, error))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(wrong(format!("the segment {} is missing", segment.digest)));
            }
            Err(error) => return Err(Error::io(&path, error)),
        };
        if digest != segment.digest || bytes != segment.stored_bytes {
            let within = self.scan_unchecked(segment, open()?);
            return Err(wrong(format!(
                "the segment {} has {bytes} bytes of digest {digest}, and was made with {}{within}",
                segment.digest, segment.stored_bytes
            )));
        }
        let mut reader = segment::Reader::new(BufReader::new(open()?)).map_err(|error| Error::io(&path, error))?;
        let mut at = segment.first_revision;
        let mut total = 0;
        while let Some(event) = reader.next().map_err(|error| wrong(error.to_string()))? {
            total += event.len() as u64;
            if at >= from && visit(at, event).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            at = at.saturating_add(1);
        }
        let events = at - segment.first_revision;
        if events != segment.events || total != segment.bytes {
            let wanted = format!("{} of {} bytes", segment.events, segment.bytes);
            return Err(wrong(format!("it holds {events} events of {total} bytes; its manifest says {wanted}")));
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Where in a segment of a wrong digest the damage is, as far as that can still be told.
    fn scan_unchecked(&self, segment: &Segment, file: File) -> String {
        let Ok(mut reader) = segment::Reader::new(BufReader::new(file)) else { return String::new() };
        let mut chain = crate::chain::Chain::starting(segment.first_revision, None);
        loop {
            match reader.next() {
                Ok(Some(bytes)) => {
                    if let Err(fault) = chain.check(bytes) {
                        return format!("; within it, {fault}");
                    }
                }
                Ok(None) => return String::new(),
                Err(_) => return format!("; it can't be read beyond revision {}", chain.next() - 1),
            }
        }
    }
}

impl EventSource for Export {
    fn extent(&self) -> Extent {
        let manifest = &self.manifest;
        Extent {
            cluster: manifest.cluster(),
            first: manifest.first_revision,
            last: manifest.last_revision,
            previous: Some(manifest.previous_hash),
            head: manifest.last_hash,
        }
    }

    fn name(&self) -> String {
        format!("the export {}", self.dir.display())
    }

    fn authority(&self) -> &'static str {
        "the manifest"
    }

    fn remark(&self) -> Option<&'static str> {
        (!self.manifest.complete).then_some("this export was interrupted; the command that made it goes on with it")
    }

    fn parts(&self) -> Result<Vec<RangeInclusive<u64>>, Error> {
        Ok(self.manifest.segments.iter().map(|segment| segment.first_revision..=segment.last_revision).collect())
    }

    fn scan(&self, from: u64, to: u64, visit: &mut Visit<'_>) -> Result<(), Error> {
        let segments = &self.manifest.segments;
        let start = segments.partition_point(|segment| segment.last_revision < from);
        for segment in segments.get(start..).unwrap_or_default() {
            if segment.first_revision > to {
                break;
            }
            // A segment that is wanted to its end is read to its end, so that one event too many in it is found.
            let is_whole = segment.last_revision <= to;
            let flow = self.scan_segment(segment, from, &mut |at, bytes| match at > to {
                false => visit(at, bytes),
                true if is_whole => ControlFlow::Continue(()),
                true => ControlFlow::Break(()),
            })?;
            if flow.is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl Segment {
    /// Where its file is in an export.
    pub(crate) fn path(&self, dir: &Path) -> PathBuf {
        dir.join(crate::manifest::SEGMENTS).join(segment_name(self.digest))
    }
}

pub(crate) fn segment_name(digest: Hash) -> String {
    format!("{digest}.zst")
}
