//! What changed between two revisions of one log, and where two logs part.

use std::ops::ControlFlow;
use std::path::Path;

use gofer_store::{ViewKind, view_name};

use crate::envelope::Envelope;
use crate::error::Error;
use crate::fault::{Fault, FaultKind};
use crate::hash::Hash;
use crate::replay::{Replay, Until, kind_text, walk};
use crate::source::EventSource;
use crate::verify::Meter;

/// A record that is not the same at both revisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub kind: ViewKind,
    /// `default`, `default/build`, `default/build/7`, `default/build/7/test`, or the number of a node.
    pub name: String,
    /// Its encoding at the earlier revision; none when it was not there.
    pub before: Option<Vec<u8>>,
    /// Its encoding at the later revision; none when it is not there any more.
    pub after: Option<Vec<u8>>,
}

impl Change {
    /// What the record is, in a word or two.
    #[must_use]
    pub fn what(&self) -> &'static str {
        kind_text(self.kind)
    }

    /// Full name of the message that it is encoded as; none for the mark of a live run, which has no content.
    #[must_use]
    pub fn message(&self) -> Option<&'static str> {
        Some(match self.kind {
            ViewKind::Namespace => "gofer.model.v1.Namespace",
            ViewKind::Pipeline => "gofer.model.v1.Pipeline",
            ViewKind::PipelineVersion => "gofer.model.v1.PipelineConfig",
            ViewKind::Run | ViewKind::Variables => "gofer.model.v1.Run",
            ViewKind::Task => "gofer.model.v1.TaskRun",
            ViewKind::Node => "gofer.model.v1.Node",
            ViewKind::Archive => "gofer.model.v1.Archive",
            ViewKind::Segment => "gofer.model.v1.ArchiveSegment",
            ViewKind::Release => "gofer.model.v1.Release",
            ViewKind::Object => "gofer.model.v1.Object",
            ViewKind::Secret => "gofer.model.v1.Secret",
            ViewKind::Sealed => "gofer.model.v1.SealedSecret",
            ViewKind::ClusterKey => "gofer.model.v1.CurrentKey",
            ViewKind::Schedule => "gofer.model.v1.Schedule",
            ViewKind::Trigger => "gofer.model.v1.Trigger",
            ViewKind::Subscription => "gofer.model.v1.Subscription",
            ViewKind::Taken => "gofer.model.v1.TakenEvent",
            ViewKind::TakenKey => "gofer.model.v1.TakenKey",
            ViewKind::Followed => "gofer.model.v1.Followed",
            ViewKind::Live => return None,
        })
    }
}

/// Shows every record that changed from one revision to a later one, in the order of kinds and names.
///
/// # Errors
/// As [`Replay::advance`]; [`Error::Refused`] when the revisions are in the wrong order.
pub fn between(
    source: &dyn EventSource,
    (from, to): (u64, u64),
    scratch: &Path,
    meter: &Meter,
    visit: &mut dyn FnMut(Change) -> Result<ControlFlow<()>, Error>,
) -> Result<(), Error> {
    if from >= to {
        return Err(Error::Refused(format!("revision {from} is not before {to}")));
    }
    let mut replay = Replay::new(scratch)?;
    replay.advance(source, Until::Revision(from), meter)?;
    let views = replay.views();
    let frozen = views.freeze();
    replay.advance(source, Until::Revision(to), meter)?;
    walk(&mut frozen.scan()?, &mut views.scan()?, &mut |key, before, after| {
        if before == after {
            return Ok(ControlFlow::Continue(()));
        }
        let Some((kind, name)) = view_name(key) else { return Ok(ControlFlow::Continue(())) };
        visit(Change { kind, name, before: before.map(<[u8]>::to_vec), after: after.map(<[u8]>::to_vec) })
    })
}

/// The first revision at which two logs differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    pub revision: u64,
    /// The stored bytes in the one.
    pub left: Vec<u8>,
    /// And in the other.
    pub right: Vec<u8>,
}

/// Looks for the first revision at which two logs differ, among those that both have; none when they agree on all.
///
/// It compares the hashes that the events state, and as each hash covers the one before it, not many: both logs must
/// be verified for the result to mean anything.
///
/// # Errors
/// [`Error::Refused`] when they have no revision in common; else when one can't be read.
pub fn divergence(left: &dyn EventSource, right: &dyn EventSource) -> Result<Option<Divergence>, Error> {
    let (one, other) = (left.extent(), right.extent());
    let (first, last) = (one.first.max(other.first), one.last.min(other.last));
    if first > last {
        return Err(Error::Refused(format!("{} and {} have no revision in common", left.name(), right.name())));
    }
    let differs = |revision| Ok::<_, Error>(hash_at(left, revision)? != hash_at(right, revision)?);
    if !differs(last)? {
        return Ok(None);
    }
    let (mut low, mut high) = (first, last);
    while low < high {
        let middle = low + (high - low) / 2;
        if differs(middle)? {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(Some(Divergence { revision: low, left: event(left, low)?, right: event(right, low)? }))
}

fn event(source: &dyn EventSource, revision: u64) -> Result<Vec<u8>, Error> {
    let missing = || Fault::new(revision, FaultKind::Removed, format!("it is not in {}", source.name()));
    Ok(source.event(revision)?.ok_or_else(missing)?)
}

fn hash_at(source: &dyn EventSource, revision: u64) -> Result<Hash, Error> {
    let bytes = event(source, revision)?;
    let parsed = Envelope::parse(&bytes).map(|envelope| envelope.hash);
    parsed.map_err(|malformed| Fault::new(revision, FaultKind::Unreadable, malformed.to_string()).into())
}
