//! How messages get to other nodes: implemented above, over whatever connects them.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use gofer_domain::NodeId;

/// Carries messages to other nodes. The bytes are this crate's own; [`Raft::handle`](crate::Raft::handle) and
/// [`Raft::handle_snapshot`](crate::Raft::handle_snapshot) take them at the other end.
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    /// Sends a message and waits for the answer, at most for `timeout`.
    async fn send(
        &self,
        target: NodeId,
        address: &str,
        kind: MessageKind,
        message: Bytes,
        timeout: Duration,
    ) -> Result<Bytes, TransportError>;

    /// Sends the files of a snapshot, in bounded memory, and waits until they are installed. The receiver checks
    /// sizes and digests before it hands them to [`Raft::handle_snapshot`](crate::Raft::handle_snapshot).
    /// The future is dropped when the snapshot is not needed any more or takes too long.
    async fn send_snapshot(
        &self,
        target: NodeId,
        address: &str,
        snapshot: SnapshotFiles,
        vote: Bytes,
        meta: Bytes,
    ) -> Result<Bytes, TransportError>;
}

/// What a message asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageKind {
    AppendEntries,
    Vote,
    PreVote,
    TransferLeader,
}

/// A snapshot to send: plain files of one directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotFiles {
    pub dir: PathBuf,
    pub files: Vec<SnapshotFile>,
}

/// One file of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotFile {
    /// Name within the directory.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
    pub sha256: [u8; 32],
}

/// A message was not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// There is no connection; it is tried again with growing pauses.
    #[error("the node can't be reached: {0}")]
    Unreachable(String),
    /// The connection broke or the time was over; it is tried again at once.
    #[error("the message failed: {0}")]
    Failed(String),
    /// The other node answered with an error.
    #[error("the node refused: {0}")]
    Remote(String),
}
