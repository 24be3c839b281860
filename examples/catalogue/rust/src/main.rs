//! Twelve small pipelines, each of which shows one thing. The programs beside this one, in Go and Python, have the same
//! twelve.
//!
//!     gofer pipeline register examples/catalogue/rust -- greet
//!     gofer run start greet -v NAME=Ada --watch
//!
//! The tasks only pretend, with a shell that any node has. `scripts/make-image` makes the image for containers.

mod flow;
mod values;

use std::process::ExitCode;
use std::time::Duration;

use gofer_sdk::{Pipeline, Pull, TaskBuilder, script};

/// A name, and what writes the pipeline.
type Entry = (&'static str, fn() -> Pipeline);

/// In the order in which they are best read.
const CATALOGUE: [Entry; 12] = [
    ("greet", values::greet),
    ("matrix", flow::matrix),
    ("flaky", flow::flaky),
    ("take-back", flow::take_back),
    ("checks", flow::checks),
    ("deadline", flow::deadline),
    ("whoami", flow::whoami),
    ("totals", values::totals),
    ("dry-run", values::dry_run),
    ("fleet", values::fleet),
    ("publish", values::publish),
    ("ship", values::ship),
];

fn main() -> ExitCode {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    match CATALOGUE.into_iter().find(|(name, _)| *name == wanted) {
        Some((_, pipeline)) => pipeline().emit(),
        None => {
            eprintln!("usage: NAME, one of {}", CATALOGUE.map(|(name, _)| name).join(", "));
            ExitCode::from(2)
        }
    }
}

/// A task that runs a script in a shell.
fn shell<'p>(pipeline: &'p mut Pipeline, id: &str, source: &str) -> TaskBuilder<'p> {
    let task = pipeline.task(id).image("gofer-busybox").pull(Pull::Never).timeout(Duration::from_secs(60));
    task.script(script("sh", source))
}
