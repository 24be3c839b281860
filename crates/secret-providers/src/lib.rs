//! Reads secrets that are kept outside the cluster: in files, which may be encrypted with age; in a HashiCorp Vault or an
//! OpenBao, of its engine KV version 2; in Kubernetes.
//!
//! Each place has a path for a scope and a name, so the rights that a node has there say which scopes it may read, and what a
//! task gets follows from its pipeline. Nothing is kept here: a value is read when an attempt is launched.
//!
//! This crate must not know launches, nor the cluster's own secrets.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking"))]

mod address;
mod error;
pub mod files;
mod http;
pub mod kubernetes;
mod limits;
mod providers;
mod scope;
mod small_file;
pub mod vault;

#[cfg(test)]
mod test_server;

pub use error::Error;
pub use providers::{Configs, Providers};
pub use scope::Scope;

/// Bytes that are overwritten when they are dropped.
pub type Value = zeroize::Zeroizing<Vec<u8>>;
