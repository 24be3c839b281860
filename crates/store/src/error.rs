//! What can go wrong, by what to do about it.

use std::path::PathBuf;

use crate::codec::DecodeError;

/// Why a call of the store failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Stop the other process, or use another directory.
    #[error("{} is in use by another gofer; stop it, or use another data directory", .0.display())]
    Locked(PathBuf),
    /// Try again, or stop the node that runs there.
    #[error("the node on {} kept changing its files while they were opened; try again, or stop it", .0.display())]
    Busy(PathBuf),
    /// Use the newer binary.
    #[error(
        "{} has format {found}, this gofer knows formats up to {known}: it was written by a newer version; use that one",
        path.display()
    )]
    NewerFormat { path: PathBuf, found: u64, known: u64 },
    /// Use an empty directory.
    #[error("{} is neither empty nor a gofer data directory; use an empty one", .0.display())]
    NotAStore(PathBuf),
    /// Use an empty directory, or a new one.
    #[error("{} is not empty; restore to a new directory", .0.display())]
    NotEmpty(PathBuf),
    /// Run the command again that was interrupted.
    #[error("{} was not finished by `{what}`: run that again, and start no node on it before", path.display())]
    Unfinished { path: PathBuf, what: String },
    /// The directory belongs to another cluster.
    #[error(
        "this node's data belongs to cluster {own}, not to {other}; use an empty data directory to join another cluster"
    )]
    OtherCluster { own: String, other: String },
    /// Restore this node: stop it, take it out of the cluster, empty its data directory, and let it join again under its
    /// new id.
    #[error(
        "{what} is corrupt: {detail}; stop this node, remove it from the cluster, empty its data directory and let it \
         join again"
    )]
    Corrupt { what: String, detail: String },
    /// Make room and start again.
    #[error("the disk of {} is full; make room and start gofer again", path.display())]
    DiskFull { path: PathBuf, source: Box<dyn std::error::Error + Send + Sync> },
    /// Look at the disk.
    #[error("can't read or write {}", path.display())]
    Io { path: PathBuf, source: Box<dyn std::error::Error + Send + Sync> },
    /// An earlier error was fatal; the process must exit.
    #[error("the store has stopped after an error: {0}")]
    Poisoned(String),
    /// Consensus gave an entry that was applied already, or a batch with a gap: a defect.
    #[error("entry {index} came after entry {applied} was applied; this is a defect of gofer, please report it")]
    OutOfOrder { index: u64, applied: u64 },
    /// Read them from the archive, or later ones.
    #[error("the events before revision {first} are in the archive, and on no node any more")]
    Archived { first: gofer_domain::Revision },
    /// The blob is not here.
    #[error("there is no blob {0} on this node")]
    NoBlob(String),
    /// The blob is larger than a blob may be.
    #[error("the blob has more than {limit} bytes, the limit")]
    BlobTooLarge { limit: u64 },
}

impl Error {
    pub(crate) fn io(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        let path = path.into();
        if source.kind() == std::io::ErrorKind::StorageFull {
            return Self::DiskFull { path, source: source.into() };
        }
        Self::Io { path, source: source.into() }
    }

    pub(crate) fn rocks(path: impl Into<PathBuf>, source: rocksdb::Error) -> Self {
        let path = path.into();
        let text = source.to_string();
        if source.kind() == rocksdb::ErrorKind::Corruption {
            return Self::Corrupt { what: path.display().to_string(), detail: text };
        }
        if text.contains("No space left") {
            return Self::DiskFull { path, source: source.into() };
        }
        Self::Io { path, source: source.into() }
    }

    pub(crate) fn corrupt(what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Corrupt { what: what.into(), detail: detail.into() }
    }

    pub(crate) fn decode(what: &str, error: &DecodeError) -> Self {
        Self::corrupt(what, error.to_string())
    }
}
