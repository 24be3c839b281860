//! The archive of the event log, as a part that the gateway does not know looks at it.

use async_trait::async_trait;
use gofer_domain::Revision;

/// What was found of the archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArchiveReport {
    /// Where it is; empty when this node is not told to archive.
    pub url: String,
    /// Why it can't be used; empty when it can.
    pub error: String,
    /// Newest event that its manifest names.
    pub manifest: Revision,
    /// Newest event that the cluster has archived.
    pub archived: Revision,
    /// Newest event that the nodes have dropped.
    pub trimmed: Revision,
    /// Events that make a segment.
    pub segment_events: u64,
}

/// Looks at the archive.
#[async_trait]
pub trait ArchiveHealth: Send + Sync + 'static {
    /// Where it is, if this node is told.
    fn url(&self) -> Option<String>;

    /// Looks now; none when nothing is archived, and nothing is to be.
    async fn examine(&self) -> Option<ArchiveReport>;
}
