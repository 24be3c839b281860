//! What an operator needs when things went wrong: backups, their restoration, and the recovery of a cluster that has
//! lost its majority.
//!
//! A backup is an export of the event log (see `gofer-audit`), the blobs that its events name, and a statement of what
//! it amounts to. Whatever is made here, a backup or a data directory, counts only once its last file is written, so
//! that an interruption leaves nothing that looks whole.
//!
//! This crate must not know of any network: what a cluster sends comes in through [`BlobSource`] and the exporter.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking"))]

mod blobs;
mod create;
mod error;
mod examine;
mod objects;
mod recover;
mod restore;
mod statement;
mod verify;

pub use blobs::{BlobSource, DataDirectoryBlobs};
pub use create::{Create, Created, create};
pub use error::Error;
pub use examine::{Examined, examine};
pub use gofer_audit::{ExportOptions, Exporter, Hash, Meter};
pub use gofer_consensus::offline::LastKnown;
pub use gofer_store::{Blobs, Digest, Error as StoreError, IncomingBlob};
pub use recover::{Recover, Recovered, last_known, recover};
pub use restore::{Restored, restore};
pub use statement::{Content, Statement};
pub use verify::{Verified, verify};

/// Who does something, and when: what stands in the events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// Name of the user.
    pub name: String,
    pub now: gofer_domain::Timestamp,
}

impl Operator {
    /// The actor of an event.
    fn actor(&self) -> gofer_domain::Actor {
        gofer_domain::Actor(format!("operator:{}", self.name))
    }
}
