//! The event log, looked at from outside: exported, verified, replayed, compared and explained, without a cluster.
//!
//! Whatever holds a log is an [`EventSource`]: the data directory of a node, running or not, an export, or what a caller
//! makes one of, like a cluster that is asked over its API. Nothing in a source is ever changed, nothing that it says is
//! believed before it was checked, and memory does not grow with it.
//!
//! This crate must not know of Raft, of any network, or of how results are shown.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking"))]

mod archive;
mod chain;
mod checkpoint;
mod diff;
mod envelope;
mod error;
mod explain;
mod export;
mod fault;
mod hash;
mod key;
mod manifest;
mod note;
mod replay;
mod segment;
mod source;
#[cfg(test)]
mod tests;
mod verify;

pub use archive::{Archive, ArchiveUrl, ArchiveWriter};
pub use chain::read_checked;
pub use checkpoint::Checkpoint;
pub use diff::{Change, Divergence, between, divergence};
pub use envelope::{EVENT_BYTES_MAX, Envelope, Malformed};
pub use error::Error;
pub use explain::{Explanation, Sentence, explain};
pub use export::{ExportOptions, Exporter};
pub use fault::{Fault, FaultKind};
pub use hash::Hash;
pub use key::{NodeKey, PublicKey};
pub use manifest::{Manifest, Segment};
pub use note::{NOTE_BYTES_MAX, Note};
pub use replay::{
    Comparison, Encoded, Messages, Replay, Until, encoded_namespace, encoded_node, encoded_pipeline, state_digest,
};
pub use source::{DataDirectory, EventSource, Export, Extent, Joined, Visit, open};
pub use verify::{Meter, Verification, verify};
