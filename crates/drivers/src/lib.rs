//! Drivers that launch task attempts: process and Docker.
//!
//! A driver launches a program at most once per [`LaunchId`], whatever is killed and whenever, and keeps what it
//! learned (output, exit) in a directory per launch until [`Driver::remove`]. It must not know runs, pipelines or the
//! cluster: it sees ids, specs and a lease file.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking"))]

mod cgroup;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod docker;

mod driver;
mod launch_dir;
mod launch_id;
pub mod lease;
pub mod logfile;
mod outputs;
pub mod process;
pub mod redact;
mod secrets;
mod shim;

pub use docker::{DockerDriver, guard_main};
pub use driver::{
    Driver, Error, Exit, LaunchError, LaunchSpec, Launched, LogItem, LogStream, Pull, RegistryAuth, State,
};
pub use launch_id::{InvalidId, LaunchId};
pub use process::ProcessDriver;
pub use secrets::Secrets;
pub use shim::shims_main;
pub use zeroize::Zeroizing;
