//! The gRPC side of a node: the public API, what nodes ask of each other, health and reflection, on one port.
//!
//! Any node takes any call. What only the leader can do is forwarded to it by [`Cluster`], which also retries while
//! leaders change; that is safe, since every command has a request id. Reads are linearizable unless asked otherwise.
//!
//! It must not know how attempts are run, nor when they are placed: logs and leases come in as traits.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking"))]

mod api;
mod archive;
mod blobs;
mod cluster;
mod coalesce;
mod convert;
mod diagnosis;
mod errors;
mod health;
mod intake;
mod lease;
mod limits;
mod logs;
mod objects;
mod peer;
mod peers;
mod plugins;
mod secrets;
mod server;
mod statistics;
mod web;

pub use archive::{ArchiveHealth, ArchiveReport};
pub use blobs::{BlobReplicator, ReplicateError};
pub use cluster::{Cluster, JoinError};
pub use lease::{GrantLease, LeaseRenewer, LeaseReport, LeaseStanding, RenewError};
pub use logs::{AttemptLogs, LogRecord, LogRecords, LogSource, LogsError, NoLogs};
pub use objects::{ObjectKeeper, ObjectSettings, Outside, TaskTokens};
pub use peers::Peers;
pub use plugins::Attached;
pub use secrets::{KeepKeys, KeyClient, KeysError, ReadSecrets};
pub use server::{Error, Parts, serve, serve_tasks};
