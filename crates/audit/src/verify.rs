//! Verification of a whole source. Its parts are checked on all processors, each by itself; then their edges.
//!
//! The first fault is the one that counts: all before it is as it was written, nothing can be said of what follows.

use std::num::NonZero;
use std::ops::{ControlFlow, RangeInclusive};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use serde::Serialize;

use crate::chain::{Chain, Edge};
use crate::checkpoint::Checkpoint;
use crate::envelope::Envelope;
use crate::error::Error;
use crate::fault::{Fault, FaultKind};
use crate::hash::Hash;
use crate::source::{EventSource, Extent};

/// Events between two updates of the meter.
const STRIDE: u64 = 1_024;

/// How far some work is, to be looked at while it goes on.
#[derive(Debug, Default)]
pub struct Meter(AtomicU64);

impl Meter {
    /// Events that were looked at.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts events that were looked at.
    pub fn add(&self, events: u64) {
        self.0.fetch_add(events, Ordering::Relaxed);
    }
}

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// Empty when the source does not know.
    pub cluster_id: String,
    pub first_revision: u64,
    /// Revision of the last event that is right.
    pub last_revision: u64,
    /// Its hash.
    pub head: Hash,
    /// Events that are right, from the first on.
    pub events: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Revision of the checkpoint that the log agrees with.
    pub checkpoint: Option<u64>,
    pub fault: Option<Fault>,
}

/// Checks all of a source, and that it agrees with a checkpoint, whose signatures are the caller's to check.
///
/// # Errors
/// When the source can't be read. What is wrong with the log is no error, but the result's fault.
pub fn verify(source: &dyn EventSource, checkpoint: Option<&Checkpoint>, meter: &Meter) -> Result<Verification, Error> {
    let extent = source.extent();
    let mut found = Verification {
        cluster_id: extent.cluster.map(|cluster| cluster.to_string()).unwrap_or_default(),
        first_revision: extent.first,
        last_revision: extent.first - 1,
        head: extent.previous.unwrap_or(Hash::GENESIS),
        events: 0,
        bytes: 0,
        checkpoint: None,
        fault: None,
    };
    let parts = match source.parts() {
        Err(Error::Store(gofer_store::Error::Corrupt { what, detail })) => {
            found.fault = Some(Fault::new(extent.first, FaultKind::Unreadable, format!("{what}: {detail}")));
            return Ok(found);
        }
        parts => parts?,
    };
    let checked = check_parts(source, &parts, meter)?;
    found.fault = join(&extent, &parts, checked, &mut found).err();
    if found.fault.is_none() {
        found.fault = check_end(source, &extent, &found).err();
    }
    if found.fault.is_none()
        && let Some(checkpoint) = checkpoint
    {
        match check_checkpoint(source, &extent, checkpoint) {
            Err(Error::Fault(fault)) => found.fault = Some(fault),
            result => found.checkpoint = result.map(|()| Some(checkpoint.revision))?,
        }
    }
    Ok(found)
}

/// What is known of a part.
#[derive(Debug, Default)]
struct Checked {
    first: Option<Edge>,
    last: Option<Edge>,
    /// Hash of the last event that is right.
    head: Option<Hash>,
    events: u64,
    bytes: u64,
    fault: Option<Fault>,
}

/// Checks parts on all processors. Of those behind the first faulty one not all are.
fn check_parts(source: &dyn EventSource, parts: &[RangeInclusive<u64>], meter: &Meter) -> Result<Vec<Checked>, Error> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(parts.len());
    let (next, faulty) = (AtomicUsize::new(0), AtomicUsize::new(usize::MAX));
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(part) = parts.get(index).filter(|_| index < faulty.load(Ordering::Relaxed)) else { break };
                    let checked = check_part(source, part, meter);
                    if checked.as_ref().map_or(true, |checked| checked.fault.is_some()) {
                        faulty.fetch_min(index, Ordering::Relaxed);
                    }
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((index, checked));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    let known = faulty.into_inner().saturating_add(1);
    done.into_iter().take_while(|(index, _)| *index < known).map(|(_, checked)| checked).collect()
}

fn check_part(source: &dyn EventSource, part: &RangeInclusive<u64>, meter: &Meter) -> Result<Checked, Error> {
    let mut chain = Chain::starting(*part.start(), None);
    let mut checked = Checked::default();
    let mut pending: Option<Fault> = None;
    let result = source.scan(*part.start(), *part.end(), &mut |at, bytes| {
        if let Some(fault) = &mut pending {
            // Whether what is missing comes later decides what to call it.
            if Envelope::parse(bytes).is_ok_and(|later| later.revision == fault.revision) {
                *fault = reordered(fault, at);
                return ControlFlow::Break(());
            }
            return ControlFlow::Continue(());
        }
        match chain.check(bytes).and_then(|envelope| check_payload(&envelope)) {
            Ok(hash) => {
                checked.head = Some(hash);
                checked.events += 1;
                checked.bytes += bytes.len() as u64;
                if checked.events.is_multiple_of(STRIDE) {
                    meter.add(STRIDE);
                }
                ControlFlow::Continue(())
            }
            Err(fault) => {
                let is_open = fault.kind == FaultKind::Removed;
                pending = Some(fault);
                if is_open { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            }
        }
    });
    meter.add(checked.events % STRIDE);
    checked.fault = match (result, pending) {
        (_, Some(fault)) => Some(elsewhere(source, fault, chain.stray())),
        (Ok(()), None) => None,
        (Err(Error::Fault(fault)), None) => Some(fault),
        (Err(Error::Store(gofer_store::Error::Corrupt { what, detail })), None) => {
            Some(Fault::new(chain.next(), FaultKind::Unreadable, format!("{what}: {detail}")))
        }
        (Err(error), None) => return Err(error),
    };
    (checked.first, checked.last) = (chain.first().cloned(), chain.last().cloned());
    Ok(checked)
}

fn check_payload(envelope: &Envelope<'_>) -> Result<Hash, Fault> {
    let decoded = envelope.decode().map(|_| envelope.hash);
    decoded.map_err(|why| Fault::new(envelope.revision, FaultKind::Payload, why))
}

fn reordered(removed: &Fault, at: u64) -> Fault {
    let detail = format!("{}, and it stands where {at} is due", removed.detail);
    Fault::new(removed.revision, FaultKind::Reordered, detail)
}

/// What is missing here may have changed places with an event of another part.
fn elsewhere(source: &dyn EventSource, fault: Fault, stray: Option<u64>) -> Fault {
    let Some(other) = stray.filter(|_| fault.kind == FaultKind::Removed) else { return fault };
    match source.event(other) {
        Ok(Some(bytes)) if Envelope::parse(&bytes).is_ok_and(|there| there.revision == fault.revision) => {
            reordered(&fault, other)
        }
        _ => fault,
    }
}

/// Puts the parts together, up to the first fault.
fn join(
    extent: &Extent,
    parts: &[RangeInclusive<u64>],
    checked: Vec<Checked>,
    found: &mut Verification,
) -> Result<(), Fault> {
    let mut before: Option<Edge> = None;
    let mut later = checked.iter().map(|checked| checked.events > 0 || checked.fault.is_some()).collect::<Vec<_>>();
    later.reverse();
    for (part, checked) in parts.iter().zip(checked) {
        later.pop();
        if let Some(first) = &checked.first {
            match (&before, extent.previous) {
                (Some(before), _) => first.check_after(before)?,
                (None, Some(previous)) if previous != first.previous => {
                    let detail = format!("it follows {}, not {previous}", first.previous);
                    return Err(Fault::new(first.revision, FaultKind::Forged, detail));
                }
                _ => {}
            }
        }
        found.events += checked.events;
        found.bytes += checked.bytes;
        found.last_revision += checked.events;
        found.head = checked.head.unwrap_or(found.head);
        if let Some(fault) = checked.fault {
            return Err(fault);
        }
        before = checked.last.or(before);
        if found.last_revision < *part.end() && later.contains(&true) {
            let missing = found.last_revision + 1;
            return Err(match missing <= extent.last {
                true => Fault::new(missing, FaultKind::Removed, "it is not there, and later ones are"),
                false => Fault::new(missing, FaultKind::Inserted, "something is stored far beyond the end"),
            });
        }
    }
    Ok(())
}

/// Checks that the log leads to the head that the source names.
fn check_end(source: &dyn EventSource, extent: &Extent, found: &Verification) -> Result<(), Fault> {
    let authority = source.authority();
    if found.last_revision > extent.last {
        let detail = format!("{authority} ends with revision {}", extent.last);
        return Err(Fault::new(extent.last + 1, FaultKind::Inserted, detail));
    }
    if found.last_revision < extent.last {
        let detail = format!("{authority} ends with revision {}", extent.last);
        return Err(Fault::new(found.last_revision + 1, FaultKind::Truncated, detail));
    }
    if found.head != extent.head {
        let detail = format!("the event has the hash {}, {authority} names {}", found.head, extent.head);
        return Err(Fault::new(extent.last, FaultKind::Head, detail));
    }
    Ok(())
}

fn check_checkpoint(source: &dyn EventSource, extent: &Extent, checkpoint: &Checkpoint) -> Result<(), Error> {
    if let Some(cluster) = extent.cluster
        && cluster != checkpoint.cluster
    {
        let detail = format!("the checkpoint is of cluster {}, this is a log of {cluster}", checkpoint.cluster);
        return Err(Error::Untrusted(detail));
    }
    let at = checkpoint.revision;
    if at < extent.first {
        let detail = format!("the checkpoint is of revision {at}, and this begins with {}", extent.first);
        return Err(Error::Refused(detail));
    }
    if at > extent.last {
        let detail = format!("the checkpoint knows of revision {at}, the log ends with {}", extent.last);
        return Err(Fault::new(extent.last + 1, FaultKind::Truncated, detail).into());
    }
    let bytes = source.event(at)?.unwrap_or_default();
    let hash = Envelope::parse(&bytes).map(|envelope| envelope.hash).unwrap_or(Hash::GENESIS);
    if hash == checkpoint.head {
        return Ok(());
    }
    let detail = format!("the event has the hash {hash}, the checkpoint {}; history was written anew", checkpoint.head);
    Err(Fault::new(at, FaultKind::Head, detail).into())
}
