//! Claim: what nodes have dropped is in the archive, and the archive is one chain with their logs. Source: a segment is
//! written before it is recorded, and recorded before events are dropped. Check: each recorded segment goes on where the
//! one before it ends, with the hash of the event that was seen there, and drops nothing that is in none; in the end the
//! archive verifies from revision 1 to the last recorded segment.

use std::path::Path;

use gofer_audit::{EventSource, Export, Hash, Meter};
use gofer_domain::{ArchiveSegment, Event};

use super::{End, Invariant};
use crate::history::Fact;

#[derive(Default)]
pub(super) struct Archived {
    /// Hash of each event.
    hashes: Vec<[u8; 32]>,
    last: Option<ArchiveSegment>,
    trimmed: u64,
}

impl Archived {
    fn hash(&self, revision: u64) -> [u8; 32] {
        let at = usize::try_from(revision).ok().and_then(|revision| revision.checked_sub(1));
        at.and_then(|at| self.hashes.get(at)).copied().unwrap_or_default()
    }

    fn segment(&mut self, segment: &ArchiveSegment, trimmed: u64) -> Result<(), String> {
        let after = self.last.as_ref().map_or(0, |last| last.last.0);
        let (first, last) = (segment.first.0, segment.last.0);
        if first != after + 1 || last < first {
            return Err(format!("a segment of revisions {first} to {last} was recorded after revision {after}"));
        }
        if (segment.previous_hash, segment.last_hash) != (self.hash(after), self.hash(last)) {
            return Err(format!("the segment of revisions {first} to {last} is of another log"));
        }
        if trimmed > last || trimmed < self.trimmed {
            return Err(format!("events up to {trimmed} are dropped, and the archive ends with {last}"));
        }
        (self.last, self.trimmed) = (Some(segment.clone()), trimmed);
        Ok(())
    }

    fn check(&self, dir: &Path) -> Result<(), String> {
        let Some(last) = &self.last else { return Ok(()) };
        let export = Export::open(dir).map_err(|error| error.to_string())?;
        let extent = export.extent();
        if (extent.first, extent.last, extent.head) != (1, last.last.0, Hash(last.last_hash)) {
            let (found, wanted) = (extent.last, last.last);
            return Err(format!(
                "the manifest of the archive ends with revision {found}, the last segment with {wanted}"
            ));
        }
        let found = gofer_audit::verify(&export, None, &Meter::default()).map_err(|error| error.to_string())?;
        found.fault.map_or(Ok(()), |fault| Err(format!("the archive is not right: {fault}")))
    }
}

impl Invariant for Archived {
    fn name(&self) -> &'static str {
        "dropped-is-archived"
    }

    fn see(&mut self, _at: u64, fact: &Fact) -> Result<(), String> {
        let Fact::Recorded { hash, event, .. } = fact else { return Ok(()) };
        self.hashes.push(*hash);
        match &**event {
            Event::EventsArchived { segment, trimmed, .. } => self.segment(segment, trimmed.0),
            _ => Ok(()),
        }
    }

    fn end(&mut self, end: &End) -> Result<(), String> {
        end.archive.as_deref().map_or(Ok(()), |dir| self.check(dir))
    }
}
