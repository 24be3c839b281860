//! Settings of the archive.

use gofer_audit::ArchiveUrl;

/// What is archived where, and what stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub url: ArchiveUrl,
    /// Newest events that stay on the nodes.
    pub keep_events: u64,
    /// A segment is sealed once it has this many events.
    pub segment_events: u64,
    /// Or once its events have this many bytes.
    pub segment_bytes: u64,
}
