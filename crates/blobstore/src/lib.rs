//! Bytes outside the nodes: in a directory that all nodes mount, or in a bucket of an S3-compatible store.
//!
//! Every upload has a folder of its own, which nobody else writes to, and whose files are named by the SHA-256 of what is
//! in them. So nothing is ever overwritten by something else, and a folder that is old and that nobody names stays so: it
//! can be removed without asking who else might be about to use it.
//!
//! A marker says which store it is, and whose. This crate must not know what is kept, nor who may remove what.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking"))]

mod bucket;
mod config;
mod credentials;
mod directory;
mod error;
mod location;
mod marker;
mod store;

pub use config::{BucketOptions, Config};
pub use error::Error;
pub use location::Location;
pub use marker::{MARKER, Marker};
pub use store::{BlobStore, Digest, FolderId, Swept};
