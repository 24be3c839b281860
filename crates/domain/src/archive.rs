//! What of the event log was moved to an archive, and what of that the nodes have dropped.

use crate::ids::Revision;

/// Hash of the event before the first.
pub const GENESIS: [u8; 32] = [0; 32];

/// A file of consecutive events in the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveSegment {
    /// SHA-256 of the file, which names it.
    pub digest: [u8; 32],
    pub first: Revision,
    pub last: Revision,
    /// Hash of the event before the first.
    pub previous_hash: [u8; 32],
    /// Hash of the last event.
    pub last_hash: [u8; 32],
    /// Bytes of its events.
    pub bytes: u64,
    /// Bytes of the file.
    pub stored_bytes: u64,
}

/// How far the log is archived, and where it begins on the nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// Newest event in the archive; the first is revision 1.
    pub last: Revision,
    /// Its hash.
    pub last_hash: [u8; 32],
    /// Number of segments.
    pub segments: u64,
    /// Newest event that the nodes have dropped; 0 while they have all. Never beyond `last`.
    pub trimmed: Revision,
    /// Its hash; that of the event before the first while they have all.
    pub trimmed_hash: [u8; 32],
}

impl Default for Archive {
    fn default() -> Self {
        let none = Revision(0);
        Self { last: none, last_hash: GENESIS, segments: 0, trimmed: none, trimmed_hash: GENESIS }
    }
}
