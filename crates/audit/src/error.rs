//! What can go wrong, by what to do about it.

use std::path::{Path, PathBuf};

use crate::fault::Fault;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The log is not as it was written. Not to be trusted from that revision on.
    #[error("{0}")]
    Fault(#[from] Fault),
    /// The data directory can't be opened or read.
    #[error(transparent)]
    Store(#[from] gofer_store::Error),
    /// Look at the disk, the permissions, or the name.
    #[error("can't read or write {}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    /// Name another directory.
    #[error("{} is neither a data directory nor an export", .0.display())]
    NoSource(PathBuf),
    /// Write to another directory.
    #[error("{} holds something, but no export; export to a new directory", .0.display())]
    NotAnExport(PathBuf),
    /// Wait for the other one, or export to another directory.
    #[error("another export writes to {}", .0.display())]
    InUse(PathBuf),
    /// Use the newer program.
    #[error("{} has format {found}, this gofer knows formats up to {known}; use a newer one", path.display())]
    NewerFormat { path: PathBuf, found: u64, known: u64 },
    /// A source that is no directory can't be read; ask again.
    #[error("{0}")]
    Source(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What was asked for does not go together with this source.
    #[error("{0}")]
    Refused(String),
    /// A key, a checkpoint or a signature is not what it has to be.
    #[error("{0}")]
    Untrusted(String),
}

impl Error {
    pub(crate) fn io(path: impl AsRef<Path>, source: std::io::Error) -> Self {
        Self::Io { path: path.as_ref().to_owned(), source }
    }
}
