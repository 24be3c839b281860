//! What can go wrong, by what to do about it.

use std::path::{Path, PathBuf};

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The events can't be read, or are not as they were written.
    #[error(transparent)]
    Audit(#[from] gofer_audit::Error),
    /// A data directory or a blob can't be read or written.
    #[error(transparent)]
    Store(#[from] gofer_store::Error),
    /// A node's log can't be read or written.
    #[error(transparent)]
    Consensus(#[from] gofer_consensus::Error),
    /// Look at the disk, the permissions, or the name.
    #[error("can't read or write {}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    /// Name another directory, or make the backup again.
    #[error("{} holds no finished backup; `gofer backup create` finishes one that was interrupted", .0.display())]
    NotABackup(PathBuf),
    /// Use the newer program.
    #[error("{} has format {found}, this gofer knows formats up to {known}; use a newer one", path.display())]
    NewerFormat { path: PathBuf, found: u64, known: u64 },
    /// The backup is not to be trusted. Use another one.
    #[error("{what} is not as it was backed up: {detail}")]
    Damaged { what: String, detail: String },
    /// Blobs could not be fetched.
    #[error("the logs can't be fetched")]
    Blobs(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What was asked for does not go together.
    #[error("{0}")]
    Refused(String),
}

impl Error {
    pub(crate) fn io(path: impl AsRef<Path>, source: std::io::Error) -> Self {
        Self::Io { path: path.as_ref().to_owned(), source }
    }

    pub(crate) fn damaged(what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Damaged { what: what.into(), detail: detail.into() }
    }

    /// Whether it says that a backup is not right, as opposed to that it could not be looked at.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        match self {
            Self::Damaged { .. } | Self::NotABackup(_) => true,
            Self::Audit(error) => matches!(error, gofer_audit::Error::Fault(_)),
            Self::Store(error) => matches!(error, gofer_store::Error::Corrupt { .. }),
            _ => false,
        }
    }
}
