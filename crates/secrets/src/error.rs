//! What can go wrong.

use std::path::PathBuf;

use gofer_consensus::ProposeError;
use gofer_domain::Rejection;

/// Why a secret or a key can't be had or changed. No message holds a value or a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The value is not acceptable.
    #[error("{message}")]
    Invalid { message: String, help: &'static str },
    /// This node does not have the cluster key. It asks the others for it, so it may have it later.
    #[error("this node does not have cluster key {number}")]
    NoKey { number: u64 },
    /// The log and the keys don't fit together.
    #[error("{what} can't be decrypted: it was altered, or was sealed under another key")]
    Damaged { what: String },
    /// A new cluster key must be on a majority of the voters before it is used.
    #[error("the new cluster key is on {stored} of {voters} voters: {why}")]
    TooFewCopies { stored: usize, voters: usize, why: String },
    #[error("the cluster refused: {0}")]
    Rejected(Rejection),
    #[error(transparent)]
    Propose(#[from] ProposeError),
    #[error(transparent)]
    Store(#[from] gofer_store::Error),
    #[error("{what} {}", path.display())]
    Io { what: &'static str, path: PathBuf, source: std::io::Error },
    /// A key file does not have the form that this version writes.
    #[error("the key file {} can't be used: {message}", path.display())]
    KeyFile { path: PathBuf, message: String },
    #[error("the system's random numbers are not available")]
    Random,
    #[error("the node shuts down")]
    Interrupted,
}
