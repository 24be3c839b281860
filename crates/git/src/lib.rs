//! Asks Git repositories for their branches and tags, as `git ls-remote` does, and GitHub for [pull requests](pulls), and says
//! what has changed.
//!
//! [`references`] speaks Git's protocol (version 2, and 0 where a server has no other) over https, http, ssh and to local
//! repositories. Nothing is cloned or kept, and whatever the other side answers, or doesn't, time and memory are
//! [bounded](Limits). What has changed is a function of what was seen before and what is seen now: [`changes`], or, from the
//! little that is kept of it, [`Cursor`].
//!
//! The protocol is spoken here as the crates that do have no bound on what they collect, and no TLS but one that is built
//! from C a second time.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests fail by panicking"))]

mod changes;
mod collected;
mod cursor;
mod fault;
mod http;
mod packets;
mod patterns;
mod process;
mod protocol;
pub mod pulls;
mod references;
mod remote;
#[cfg(test)]
mod tests;

pub use changes::{Change, Kind, changes};
pub use cursor::{CURSOR_BYTES_MAX, CURSOR_REFERENCES_MAX, Cursor};
pub use fault::Fault;
pub use patterns::{PATTERN_BYTES_MAX, PATTERNS_MAX, Patterns};
pub use references::{Limits, references};
pub use remote::Remote;
