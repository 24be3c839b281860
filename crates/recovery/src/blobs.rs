//! The blobs that events name: found in the log, fetched into a backup.

use std::collections::BTreeSet;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;

use gofer_audit::{EventSource, Meter, read_checked};
use gofer_domain::Event;
use gofer_store::{Blobs, Digest, Options, ReadOnlyStore};

use crate::error::Error;
use crate::objects::copy_from_either;

/// Blobs that are asked for together.
pub(crate) const TOGETHER: usize = 250;
/// Number of `AttemptFinished` among the kinds of events: the only one that names a blob.
const ATTEMPT_FINISHED: u8 = 18;

/// Where blobs come from.
pub trait BlobSource {
    /// Keeps these blobs in `into`; answers which of them nobody has.
    ///
    /// # Errors
    /// When it can't be told, or they can't be kept.
    fn fetch(
        &mut self,
        wanted: &[Digest],
        into: &Blobs,
    ) -> Result<Vec<Digest>, Box<dyn std::error::Error + Send + Sync>>;
}

/// The blobs of a node that is not asked, but whose files are read.
#[derive(Debug)]
pub struct DataDirectoryBlobs {
    outputs: Blobs,
    objects: Blobs,
}

impl DataDirectoryBlobs {
    /// The blobs of a data directory.
    ///
    /// # Errors
    /// When it is none.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let outputs = ReadOnlyStore::open(dir, Options::default())?.blobs();
        Ok(Self { outputs, objects: Blobs::at(&dir.join("objects")) })
    }
}

impl BlobSource for DataDirectoryBlobs {
    fn fetch(
        &mut self,
        wanted: &[Digest],
        into: &Blobs,
    ) -> Result<Vec<Digest>, Box<dyn std::error::Error + Send + Sync>> {
        let mut missing = Vec::new();
        for digest in wanted {
            match copy_from_either(&self.outputs, &self.objects, *digest, into) {
                Ok(()) => {}
                // A node may lack a blob, or hold a damaged one: another one has it.
                Err(Error::Store(gofer_store::Error::NoBlob(_) | gofer_store::Error::Corrupt { .. })) => {
                    missing.push(*digest);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(missing)
    }
}

/// Copies a blob durably, after it was checked. One that is there already stays.
pub(crate) fn copy(from: &Blobs, digest: Digest, into: &Blobs) -> Result<(), Error> {
    if into.has(digest) {
        return Ok(());
    }
    let mut file = from.open_checked(digest)?;
    let mut incoming = into.incoming()?;
    let mut buffer = vec![0; 256 << 10];
    loop {
        match file.read(&mut buffer).map_err(|error| Error::io(from.path(digest), error))? {
            0 => return Ok(into.keep(incoming, digest)?),
            read => incoming.push(buffer.get(..read).unwrap_or_default())?,
        }
    }
}

/// The blob that an event names, as far as the first byte of its payload says that it may name one.
pub(crate) fn named(payload: &[u8], decode: impl FnOnce() -> Result<Event, String>) -> Option<Digest> {
    // The field's number and type: two bytes from number 16 on.
    let tag = [(ATTEMPT_FINISHED & 0x0f) << 3 | 2 | 0x80, ATTEMPT_FINISHED >> 4];
    if !payload.starts_with(&tag) {
        return None;
    }
    match decode().ok()? {
        Event::AttemptFinished { log: Some(log), .. } => Some(Digest(log.digest)),
        _ => None,
    }
}

/// Shows the blobs that the events up to a revision name, several at a time, each event's after it was checked; how
/// many names there were.
pub(crate) fn each_named(
    source: &dyn EventSource,
    last: u64,
    meter: &Meter,
    visit: &mut dyn FnMut(&BTreeSet<Digest>) -> Result<(), Error>,
) -> Result<u64, Error> {
    let mut names = 0;
    let mut some = BTreeSet::new();
    let mut failed = None;
    let first = source.extent().first;
    if last >= first {
        read_checked(source, first, last, &mut |envelope| {
            meter.add(1);
            if let Some(digest) = named(envelope.payload, || envelope.decode()) {
                names += 1;
                some.insert(digest);
            }
            if some.len() < TOGETHER {
                return Ok(ControlFlow::Continue(()));
            }
            failed = visit(&std::mem::take(&mut some)).err();
            Ok(if failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
    }
    failed.map_or(Ok(()), Err)?;
    if !some.is_empty() {
        visit(&some)?;
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use gofer_domain::run::LogRef;
    use gofer_domain::{AttemptKey, AttemptOutcome, NamespaceId, PipelineId, PipelineKey, RunKey, TaskId, TaskKey};
    use gofer_store::codec::event_to_wire;

    use super::*;

    fn attempt() -> AttemptKey {
        let pipeline =
            PipelineKey { namespace: NamespaceId::new("n").unwrap(), pipeline: PipelineId::new("p").unwrap() };
        AttemptKey { task: TaskKey { run: RunKey { pipeline, run: 1 }, task: TaskId::new("t").unwrap() }, attempt: 1 }
    }

    /// The blob that an event names, by what is encoded.
    fn of(event: &Event) -> Option<Digest> {
        let mut payload = Vec::new();
        prost::Message::encode(&event_to_wire(event), &mut payload).unwrap();
        named(&payload, || Ok(event.clone()))
    }

    #[test]
    fn blobs_are_found_by_the_events_that_name_them() {
        let log = Some(LogRef { digest: [7; 32], bytes: 3, truncated: false });
        let ended = |log| Event::AttemptFinished {
            attempt: attempt(),
            outcome: AttemptOutcome::Succeeded,
            log,
            outputs: Default::default(),
        };
        assert_eq!(of(&ended(log)), Some(Digest([7; 32])));
        assert_eq!(of(&ended(None)), None);
        assert_eq!(of(&Event::AttemptStarted { attempt: attempt() }), None);
        assert_eq!(named(&[], || Err("no event".into())), None);
    }

    #[test]
    fn what_a_node_lacks_or_holds_damaged_is_missing() {
        let (dir, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (from, into) = (Blobs::open(dir.path()).unwrap(), Blobs::open(out.path()).unwrap());
        let (right, damaged) = (from.put(b"right").unwrap(), from.put(b"damaged").unwrap());
        std::fs::write(from.path(damaged), b"damagad").unwrap();
        let absent = Digest::of(b"absent");
        let objects = Blobs::at(&dir.path().join("none"));
        let missing = DataDirectoryBlobs { outputs: from, objects }.fetch(&[right, damaged, absent], &into).unwrap();
        assert_eq!(missing, [damaged, absent]);
        assert_eq!(std::io::read_to_string(into.open_checked(right).unwrap()).unwrap(), "right");
        assert_eq!(into.list(None, 9).unwrap(), [right]);
    }
}
