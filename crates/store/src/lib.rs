//! What a node keeps: the event log, the views, the recorded answers, and blobs.
//!
//! [`Store::apply`] is the state machine: it decides committed commands, chains their events, and writes events, views
//! and the applied index in one RocksDB batch. It must not know of Raft beyond opaque bytes, nor of any network.
//!
//! Applying is not fsynced: the Raft log is, and what a power loss takes from the state is applied again. Any error of
//! the disk poisons the store, and the process has to stop: a replica that guesses would diverge.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking"))]

mod applied;
mod apply;
mod archive;
pub mod background;
mod blobs;
mod checkpoint;
pub mod codec;
mod db;
mod dedup;
pub mod disk;
pub mod durable;
mod error;
mod event_log;
mod history;
mod identity;
mod keys;
mod load;
mod object_blobs;
pub mod objects;
#[cfg(feature = "planted")]
pub mod planted;
mod read_only;
mod reader;
mod replayer;
mod restorer;
mod secret;
mod store;
mod taken;
pub mod unfinished;
mod view_scan;

pub use applied::{Applied, Progress};
pub use apply::{Entry, EntryKind, Outcome};
pub use blobs::{BLOB_BYTES_MAX, Blobs, Digest, IncomingBlob};
pub use error::Error;
pub use event_log::StoredEvent;
pub use identity::{FORMAT, Identity, hold, identity_of};
pub use object_blobs::{ObjectBlobs, Swept};
pub use read_only::ReadOnlyStore;
pub use replayer::{PlacedEvent, Replayer};
pub use restorer::{Restorer, SealedEvent};
pub use store::{Options, Store};
pub use view_scan::{FrozenViews, ViewKind, ViewRecord, ViewScan, Views, view_name};

/// Whether this was compiled with bugs that are there on purpose.
pub const PLANTED: bool = cfg!(feature = "planted");
