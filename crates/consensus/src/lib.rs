//! Consensus: one replicated, durable order of commands for all nodes. The only crate that names openraft.
//!
//! [`Raft`] keeps the Raft log and the vote in its own RocksDB (group-committed: one fsync per batch, whatever the
//! number of callers), applies committed entries to the [`Store`](gofer_store::Store), changes the membership and
//! moves the leadership. How messages reach other nodes is the caller's: see [`Transport`].
//!
//! It must not know of gRPC, of what a command means, or of who asks.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking"))]

mod applier;
mod batches;
mod codec;
mod commands;
mod config;
mod disk;
mod error;
mod fatal;
mod gate;
mod heard;
mod host;
mod leadership;
mod log_store;
mod membership;
mod network;
pub mod offline;
mod proposer;
mod raft;
mod reads;
mod snapshots;
mod status;
mod transport;
mod types;

pub use batches::{BatchLimits, Batched, Batches, Turn};
pub use commands::Encoded;
pub use config::Config;
pub use error::{ConfigFault, Error, MembershipError, ProposeError};
pub use host::{Host, Simulated, Work};
pub use log_store::DiskStats;
pub use proposer::{Proposal, Propose};
pub use raft::Raft;
pub use status::{Leadership, Member, Role, Status};
pub use transport::{MessageKind, SnapshotFile, SnapshotFiles, Transport, TransportError};
