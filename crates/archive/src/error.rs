//! What keeps events from being archived.

/// Why nothing is archived.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Look at the archive; it is tried again. Nothing is dropped meanwhile.
    #[error(transparent)]
    Archive(#[from] gofer_audit::Error),
    /// The events can't be read; the store says why, and has stopped.
    #[error(transparent)]
    Store(#[from] gofer_store::Error),
    /// Tried again.
    #[error("the work was interrupted: {0}")]
    Interrupted(#[from] std::io::Error),
    /// Consensus has stopped for good; the process must exit.
    #[error("the archiver has stopped, since consensus has: {0}")]
    Fatal(String),
}
