//! Retention of the event log: the leader seals segments, puts them into the archive, and has the cluster record that;
//! every node then drops what is archived, but for the newest events.
//!
//! The order makes it safe: first the segment, durably and read back; then the command, which is decided like any other;
//! then the manifest, which can be written anew from the state at any time. Whatever is cut short leaves a file that
//! nobody names, or a manifest that lags.
//!
//! This crate must not know of gRPC, nor decide what is dropped: the state machine does.
#![forbid(unsafe_code)]

mod archiver;
mod config;
mod error;
mod health;
mod seal;

pub use archiver::{Archiver, reclaim};
pub use config::Config;
pub use error::Error;
pub use gofer_audit::ArchiveUrl;
pub use health::{Health, Report};
