//! Repositories that `git` has made, asked over each way there is.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod http;
mod local;
mod pulls;
mod repository;
mod server;
mod ssh;

use std::time::Duration;

use gofer_git::Limits;

/// Short, for what is expected to take too long.
fn impatient() -> Limits {
    Limits { time: Duration::from_millis(300), ..Limits::default() }
}
