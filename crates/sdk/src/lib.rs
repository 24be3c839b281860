//! Gofer pipelines, written in Rust.
//!
//! A program declares one pipeline and emits it; `gofer pipeline register DIRECTORY` runs the program and registers
//! what it printed.
//!
//! ```
//! use std::process::ExitCode;
//! use std::time::Duration;
//!
//! use gofer_sdk::{GIB, Pipeline, Retry, script};
//!
//! fn main() -> ExitCode {
//!     let mut nightly = Pipeline::new("nightly");
//!     nightly.description("Builds, tests and reports.").timeout(Duration::from_secs(2 * 60 * 60));
//!
//!     let build = nightly.task("build").image("rust:1").command(["cargo", "build"]).memory(4 * GIB).handle();
//!     let test = nightly
//!         .task("test")
//!         .image("rust:1")
//!         .command(["cargo", "test"])
//!         .after(&build)
//!         .retry(Retry::attempts(3).backoff(Duration::from_secs(10)))
//!         .handle();
//!     nightly
//!         .task("report")
//!         .image("python:3.12")
//!         .script(script("python3", "print('the tests failed')"))
//!         .after_failure(&test)
//!         .allow_failure(true);
//!
//!     nightly.emit()
//! }
//! ```
//!
//! What can be said is what a pipeline file can say, and what is refused is what a cluster would refuse: all faults at
//! once, each with the line that declared the task. The crate has no dependencies and must not get any: it is compiled
//! into other people's projects, some of which hold a copy of it.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking"))]

mod canonical;
pub mod config;
mod fault;
pub mod limits;
mod number;
mod pipeline;
mod retry;
mod script;
mod task;
mod units;
mod validate;
mod values;

pub use config::{Driver, Overlap, Pull, Requirement};
pub use fault::{Fault, Source};
pub use pipeline::{FORMAT, Pipeline};
pub use retry::Retry;
pub use script::{Script, script};
pub use task::{Secret, Task, TaskBuilder, secret};
pub use values::{Condition, Items, ParameterBuilder, Run, SharedTask, Value, item, variable};

/// 1024 bytes.
pub const KIB: u64 = 1 << 10;
/// 1024 KiB.
pub const MIB: u64 = 1 << 20;
/// 1024 MiB.
pub const GIB: u64 = 1 << 30;
