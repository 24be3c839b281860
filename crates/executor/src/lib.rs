//! The executor: runs what the log has placed on this node, and reports how it went.
//!
//! It reads its own replica, so it works the same on voters and learners. It launches nothing that the log has not
//! placed here, nothing without a lease, and nothing before it knows all that was decided before it started. It must
//! not know how commands reach the leader or how leases are asked for; see [`Parts`].
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking"))]

mod attempt;
mod config;
mod context;
mod executor;
mod lease;
mod logs;
mod orphans;
mod outcome;
mod outputs;
mod parts;
mod register;
mod report;
mod seal;
mod secrets;
mod spec;
mod trace;

pub use config::Config;
pub use executor::{Error, Executor};
pub use logs::{Logs, LogsError};
pub use parts::{
    FindError, FindSecrets, LeaseClient, LeaseError, NoAccess, NoCredentials, NoSecrets, Parts, RegistryCredentials,
    Replicate, ReplicateError, TaskAccess,
};
