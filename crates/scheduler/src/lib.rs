//! The scheduler: what the leader decides on its own. It settles the slots of schedules, follows the log for
//! subscriptions that ask for its events, keeps plug-ins running, places queued attempts on nodes, ends what took too
//! long, grants leases, and declares nodes lost.
//!
//! It runs on every node and acts only while that node leads. Every decision is a command; nothing is acted on before
//! it is in the log. It must not know of networks, drivers or clients.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking"))]

mod backfills;
mod decisions;
mod follow;
mod keep;
mod keeper;
mod lease_table;
mod leases;
pub mod plan;
mod request_id;
mod scheduler;
mod slots;

pub use lease_table::{LeaseConfig, Standing};
pub use leases::{LeaseReport, Leases};
pub use plan::{Plan, PlanInput, plan};
pub use scheduler::{Config, Error, Scheduler};
