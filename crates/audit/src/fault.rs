//! What can be wrong with a log, and where.

use std::fmt;

use serde::Serialize;

/// The first fault of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("revision {revision}: {kind}: {detail}")]
pub struct Fault {
    /// Where it shows: all before this revision is as it was written.
    pub revision: u64,
    pub kind: FaultKind,
    /// What exactly is wrong.
    pub detail: String,
}

impl Fault {
    pub(crate) fn new(revision: u64, kind: FaultKind, detail: impl Into<String>) -> Self {
        Self { revision, kind, detail: detail.into() }
    }
}

/// Kinds of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FaultKind {
    /// The stored bytes are no event, or can't be read at all.
    Unreadable,
    /// An event does not match its own hash: a bit of it was changed.
    Altered,
    /// An event is missing, though later ones are there.
    Removed,
    /// Events stand in another order than that of their revisions.
    Reordered,
    /// There is an event too much.
    Inserted,
    /// Two events match their own hashes, and the second did not follow the first: one of them was made later.
    Forged,
    /// An event is older than the one before it.
    TimeReversed,
    /// An event names a cause that can't be its.
    Cause,
    /// What an event says can't be understood.
    Payload,
    /// A segment of an export is not the one that its manifest names.
    Segment,
    /// The manifest of an export contradicts itself or its segments.
    Manifest,
    /// The log ends too early.
    Truncated,
    /// The log does not lead to the head that it must lead to.
    Head,
}

impl FaultKind {
    /// What it is, in a few words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Altered => "altered event",
            Self::Removed => "removed event",
            Self::Reordered => "reordered events",
            Self::Inserted => "inserted event",
            Self::Forged => "forged event",
            Self::TimeReversed => "time goes back",
            Self::Cause => "wrong cause",
            Self::Payload => "payload that can't be understood",
            Self::Segment => "wrong segment",
            Self::Manifest => "wrong manifest",
            Self::Truncated => "truncated end",
            Self::Head => "another head",
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}
