//! Secrets of places outside the cluster: found by scope and after the cluster's own, taken out of output, and in no file
//! of a node.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "secret_providers/files.rs"]
mod files;
#[path = "secret_providers/kubernetes.rs"]
mod kubernetes;
#[path = "common/scan.rs"]
mod scan;
#[path = "secret_providers/vault.rs"]
mod vault;
#[path = "secret_providers/world.rs"]
mod world;
