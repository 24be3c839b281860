//! A cluster of real `gofer` processes on loopback, for tests that start, kill and restart them.
//!
//! Nothing in here knows how a node works inside: it has the binary, its flags, and the public API.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests fail by panicking"))]

mod cli;
mod cluster;
mod node;
mod pipelines;
mod plugins;
mod process;
mod stand_in;

pub use cli::{Printed, gofer, line_of, needs, printed, python, run, says};
pub use cluster::{Cluster, PATIENCE, request_id};
pub use node::{Node, binary, free_port};
pub use pipelines::{IMAGE, effects_task, import_image, pipeline, shell_task};
pub use plugins::{Example, ExamplePlugin, Language};
pub use process::Process;
pub use stand_in::StandIn;

use std::future::Future;
use std::time::{Duration, Instant};

/// Asks again until the answer is there.
///
/// # Errors
/// When it is not there in time; says what was waited for, and how the last try failed.
pub async fn eventually<T, F, A>(what: &str, limit: Duration, mut attempt: A) -> anyhow::Result<T>
where
    A: FnMut() -> F,
    F: Future<Output = anyhow::Result<Option<T>>>,
{
    let start = Instant::now();
    let mut last = String::from("it was not so yet");
    while start.elapsed() < limit {
        match tokio::time::timeout(limit, attempt()).await {
            Ok(Ok(Some(value))) => return Ok(value),
            Ok(Ok(None)) => {}
            Ok(Err(error)) => last = format!("{error:#}"),
            Err(_) => break,
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    anyhow::bail!("waited {limit:?} for {what}: {last}")
}
