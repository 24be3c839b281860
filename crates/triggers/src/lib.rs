//! What the triggers that are part of Gofer can be given, which events of the cluster's log they ask for, and what a
//! subscription makes of an event: whether it counts, and which variables a run gets from it.
//!
//! Everything here is a function of its arguments. Who receives webhooks, reads the log or looks at repositories is
//! elsewhere; so is the decision, which is made once, in the log.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking"))]

mod built_in;
mod check;
mod event;
mod hook;
mod log;
mod polled;
mod pulls;
mod repository;
mod run;

pub use built_in::{built_in, settings_of};
pub use check::check;
pub use event::{Judge, TriggerEvent, judge};
pub use gofer_expressions::PAYLOAD_BYTES_MAX;
pub use hook::{Hook, fitted};
pub use log::{Interest, LogEvent, Place};
pub use polled::{every, is_polled};
pub use pulls::{Pulls, pull_event};
pub use repository::Repository;
