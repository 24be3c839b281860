//! One event after the other: each must match its own hash, follow the one before it, and make sense beside it.

use std::ops::ControlFlow;

use gofer_domain::Timestamp;

use crate::envelope::Envelope;
use crate::error::Error;
use crate::fault::{Fault, FaultKind};
use crate::hash::Hash;
use crate::source::EventSource;

/// What of an event matters to the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) revision: u64,
    pub(crate) previous: Hash,
    pub(crate) hash: Hash,
    pub(crate) time: Timestamp,
    cause: u64,
    request_id: Vec<u8>,
    actor: String,
}

impl Edge {
    fn of(envelope: &Envelope<'_>) -> Self {
        Self {
            revision: envelope.revision,
            previous: envelope.previous,
            hash: envelope.hash,
            time: envelope.time,
            cause: envelope.cause,
            request_id: envelope.request_id.to_vec(),
            actor: envelope.actor.to_owned(),
        }
    }

    /// Like `of`, without giving up the memory.
    fn become_of(&mut self, envelope: &Envelope<'_>) {
        self.revision = envelope.revision;
        self.previous = envelope.previous;
        self.hash = envelope.hash;
        self.time = envelope.time;
        self.cause = envelope.cause;
        self.request_id.clear();
        self.request_id.extend_from_slice(envelope.request_id);
        self.actor.clear();
        self.actor.push_str(envelope.actor);
    }

    /// What is wrong with this event coming after that one.
    pub(crate) fn check_after(&self, before: &Self) -> Result<(), Fault> {
        let facts = Facts {
            revision: self.revision,
            previous: self.previous,
            time: self.time,
            cause: self.cause,
            request_id: &self.request_id,
            actor: &self.actor,
        };
        facts.check_after(before)
    }
}

/// The part of an event that is compared with the one before it.
struct Facts<'a> {
    revision: u64,
    previous: Hash,
    time: Timestamp,
    cause: u64,
    request_id: &'a [u8],
    actor: &'a str,
}

impl Facts<'_> {
    fn check_after(&self, before: &Edge) -> Result<(), Fault> {
        let at = self.revision;
        let fault = |kind, detail| Err(Fault::new(at, kind, detail));
        if self.previous != before.hash {
            let detail = format!(
                "it follows an event of hash {}, but the one at revision {} has {}; one of the two was made later",
                self.previous, before.revision, before.hash
            );
            return fault(FaultKind::Forged, detail);
        }
        if self.time < before.time {
            let detail = format!("it is of {}, the one before it of {}", self.time, before.time);
            return fault(FaultKind::TimeReversed, detail);
        }
        if self.cause == at {
            return Ok(());
        }
        if self.cause != before.cause {
            let detail = format!(
                "it names revision {} as its cause; only itself and {}, the cause of the one before it, can be",
                self.cause, before.cause
            );
            return fault(FaultKind::Cause, detail);
        }
        if self.time != before.time || self.actor != before.actor || self.request_id != before.request_id {
            let detail = format!(
                "it is of the command of revision {}, yet time, actor or request id are not those of revision {}",
                self.cause, before.revision
            );
            return fault(FaultKind::Cause, detail);
        }
        Ok(())
    }
}

/// A walk along a log, at one place of it.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    next: u64,
    /// What is known of the end of the part before: only its hash, when that part was not read.
    anchor: Option<Hash>,
    first: Option<Edge>,
    last: Option<Edge>,
    /// Revision of the event that stood in the place of a missing one.
    stray: Option<u64>,
}

impl Chain {
    /// A walk that begins with this revision. The hash of the event before it is checked if it is known.
    pub(crate) fn starting(next: u64, anchor: Option<Hash>) -> Self {
        let anchor = if next == 1 { Some(Hash::GENESIS) } else { anchor };
        Self { next, anchor, first: None, last: None, stray: None }
    }

    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    pub(crate) fn first(&self) -> Option<&Edge> {
        self.first.as_ref()
    }

    pub(crate) fn last(&self) -> Option<&Edge> {
        self.last.as_ref()
    }

    /// After a fault of kind [`FaultKind::Removed`]: the revision that stood in the place of the missing one.
    pub(crate) fn stray(&self) -> Option<u64> {
        self.stray
    }

    /// Hash of the newest event, of the one before the first while there is none.
    pub(crate) fn head(&self) -> Option<Hash> {
        self.last.as_ref().map(|last| last.hash).or(self.anchor)
    }

    /// Takes the next event.
    ///
    /// A fault of kind [`FaultKind::Removed`] may turn out to be one of order, which only what comes later can tell.
    pub(crate) fn check<'a>(&mut self, bytes: &'a [u8]) -> Result<Envelope<'a>, Fault> {
        let at = self.next;
        let fault = |kind, detail: String| Err(Fault::new(at, kind, detail));
        let envelope = match Envelope::parse(bytes) {
            Ok(envelope) => envelope,
            Err(malformed) => return fault(FaultKind::Unreadable, malformed.to_string()),
        };
        let computed = envelope.computed_hash();
        if computed != envelope.hash {
            let detail = format!("its content has the hash {computed}, and it says {}", envelope.hash);
            return fault(FaultKind::Altered, detail);
        }
        if envelope.revision > at {
            self.stray = Some(envelope.revision);
            return fault(FaultKind::Removed, format!("revision {} stands in its place", envelope.revision));
        }
        if envelope.revision < at {
            let detail = format!("an event of revision {} stands where {at} is due", envelope.revision);
            return fault(FaultKind::Inserted, detail);
        }
        self.check_neighbours(&envelope)?;
        match &mut self.last {
            Some(last) => last.become_of(&envelope),
            None => {
                self.first = Some(Edge::of(&envelope));
                self.last = self.first.clone();
            }
        }
        self.next += 1;
        Ok(envelope)
    }

    fn check_neighbours(&self, envelope: &Envelope<'_>) -> Result<(), Fault> {
        let at = envelope.revision;
        if envelope.cause == 0 || envelope.cause > at {
            let detail = format!("it names revision {} as its cause, which is none before it", envelope.cause);
            return Err(Fault::new(at, FaultKind::Cause, detail));
        }
        if let Some(last) = &self.last {
            let facts = Facts {
                revision: at,
                previous: envelope.previous,
                time: envelope.time,
                cause: envelope.cause,
                request_id: envelope.request_id,
                actor: envelope.actor,
            };
            return facts.check_after(last);
        }
        match self.anchor {
            Some(anchor) if anchor != envelope.previous => {
                let detail = format!("it follows an event of hash {}, but {anchor} came before it", envelope.previous);
                Err(Fault::new(at, FaultKind::Forged, detail))
            }
            _ => Ok(()),
        }
    }
}

/// Shows the events of a range of revisions in order, each after it was checked against the one before it. What the
/// first event follows is not known, unless it is the very first, or an export says so.
///
/// # Errors
/// [`Error::Fault`] at the first event that does not fit, or when an event of the range is missing.
pub fn read_checked(
    source: &dyn EventSource,
    from: u64,
    to: u64,
    visit: &mut dyn FnMut(&Envelope<'_>) -> Result<ControlFlow<()>, Error>,
) -> Result<(), Error> {
    let extent = source.extent();
    let anchor = if from == extent.first { extent.previous } else { None };
    let mut chain = Chain::starting(from, anchor);
    let mut ended = Ok(ControlFlow::Continue(()));
    source.scan(from, to, &mut |_, bytes| {
        ended = chain.check(bytes).map_err(Error::Fault).and_then(|envelope| visit(&envelope));
        if matches!(ended, Ok(ControlFlow::Continue(()))) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    if ended?.is_continue() && chain.next() <= to {
        return Err(Fault::new(chain.next(), FaultKind::Truncated, format!("revision {to} was to be the last")).into());
    }
    Ok(())
}
