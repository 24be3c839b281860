//! One segment, from the store into the archive. It blocks.

use gofer_audit::Archive;
use gofer_domain::{ArchiveSegment, Revision};
use gofer_store::Store;

use crate::config::Config;
use crate::error::Error;

/// Events that are read together.
const READ_EVENTS: usize = 1_000;
/// Bytes of events that are read together.
const READ_BYTES: usize = 4 << 20;

/// How much of the log waits to be archived. Counting goes on where it stopped, so that each event is looked at once.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Measure {
    /// Newest archived event when the counting began.
    after: Revision,
    counted: Revision,
    bytes: u64,
}

impl Measure {
    /// Whether the events after the newest archived one make a segment.
    ///
    /// # Errors
    /// When they can't be read.
    pub(crate) fn is_due(&mut self, store: &Store, config: &Config, archived: Revision) -> Result<bool, Error> {
        let newest = store.progress().borrow().revision;
        if newest.0.saturating_sub(archived.0) >= config.segment_events {
            return Ok(true);
        }
        if self.after != archived || self.counted < archived {
            *self = Self { after: archived, counted: archived, bytes: 0 };
        }
        while self.counted < newest && self.bytes < config.segment_bytes {
            let events = store.event_bytes(Revision(self.counted.0 + 1), READ_EVENTS, READ_BYTES)?;
            if events.is_empty() {
                break;
            }
            self.counted.0 += events.len() as u64;
            self.bytes += events.iter().map(|event| event.len() as u64).sum::<u64>();
        }
        Ok(self.bytes >= config.segment_bytes)
    }
}

/// Writes the next segment, if a full one is there, and if all earlier ones lie beside it: before it is begun, and
/// once it is there. A file system that is not mounted leaves an empty directory, in which a segment would be lost.
///
/// # Errors
/// When the events can't be read, or the archive can't be written or lacks a segment.
pub(crate) fn seal(store: &Store, archive: &Archive, config: &Config) -> Result<Option<ArchiveSegment>, Error> {
    let (cluster, known) = store.read(|state| (state.cluster, state.archive.clone().unwrap_or_default()));
    let Some(cluster) = cluster else { return Ok(None) };
    let check = || -> Result<(), Error> {
        archive.check(cluster, &store.archive_segments()?)?;
        Ok(())
    };
    check()?;
    let writer = store.identity().node_id.to_string();
    let mut segment = archive.begin(Revision(known.last.0 + 1), known.last_hash, &writer)?;
    let is_full =
        |next: Revision, bytes: u64| next.0 - known.last.0 > config.segment_events || bytes >= config.segment_bytes;
    loop {
        let events = store.event_bytes(segment.next(), READ_EVENTS, READ_BYTES)?;
        if events.is_empty() {
            return Ok(None);
        }
        for event in events {
            segment.push(&event)?;
            if is_full(segment.next(), segment.bytes()) {
                let sealed = segment.finish()?;
                check()?;
                return Ok(Some(sealed));
            }
        }
    }
}
