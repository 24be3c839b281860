//! The archive: its extent, and its segments.

use gofer_domain::{Archive, ArchiveSegment, Revision};
use gofer_wire::model::v1 as model;

use super::{Result, fixed, required};

/// A segment as a message.
#[must_use]
pub fn segment_to_wire(segment: &ArchiveSegment) -> model::ArchiveSegment {
    model::ArchiveSegment {
        digest: segment.digest.to_vec(),
        first_revision: segment.first.0,
        last_revision: segment.last.0,
        previous_hash: segment.previous_hash.to_vec(),
        last_hash: segment.last_hash.to_vec(),
        bytes: segment.bytes,
        stored_bytes: segment.stored_bytes,
    }
}

/// A message as a segment.
///
/// # Errors
/// When it is missing, or a hash has another length.
pub fn segment_from_wire(segment: Option<&model::ArchiveSegment>) -> Result<ArchiveSegment> {
    let segment = required(segment, "segment")?;
    Ok(ArchiveSegment {
        digest: fixed(&segment.digest, "digest")?,
        first: Revision(segment.first_revision),
        last: Revision(segment.last_revision),
        previous_hash: fixed(&segment.previous_hash, "previous_hash")?,
        last_hash: fixed(&segment.last_hash, "last_hash")?,
        bytes: segment.bytes,
        stored_bytes: segment.stored_bytes,
    })
}

/// How far the log is archived, as a message.
#[must_use]
pub fn archive_to_wire(archive: &Archive) -> model::Archive {
    model::Archive {
        last_revision: archive.last.0,
        last_hash: archive.last_hash.to_vec(),
        segments: archive.segments,
        trimmed_revision: archive.trimmed.0,
        trimmed_hash: archive.trimmed_hash.to_vec(),
    }
}

/// A message as how far the log is archived.
///
/// # Errors
/// When a hash has another length.
pub fn archive_from_wire(archive: &model::Archive) -> Result<Archive> {
    Ok(Archive {
        last: Revision(archive.last_revision),
        last_hash: fixed(&archive.last_hash, "last_hash")?,
        segments: archive.segments,
        trimmed: Revision(archive.trimmed_revision),
        trimmed_hash: fixed(&archive.trimmed_hash, "trimmed_hash")?,
    })
}
