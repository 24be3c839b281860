//! The composition root: a configuration becomes a running node.
//!
//! Here the parts meet: store, consensus, gateway, scheduler, executor and drivers. Nothing is decided here.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking"))]

pub mod config;

const _: () = assert!(!gofer_store::PLANTED, "no node has bugs that are there on purpose");

mod adapters;
mod advice;
mod drivers;
mod embedded;
mod keys;
mod membership;
mod node;
mod signals;
mod tasks;

pub use config::Config;
pub use embedded::Embedded;
pub use node::Node;

/// Version of this build, for people.
pub const BUILD: &str = env!("CARGO_PKG_VERSION");
