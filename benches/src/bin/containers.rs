//! What a container costs with Gofer, beside a plain `docker run` of the same image and command.
//!
//! Both are run in turn, one after the other, on one machine. Gofer's time goes from the start of a run to its end as a
//! client sees it: the decision on three nodes, the launch, the exit, and the sealed output.
#![allow(clippy::print_stdout, reason = "it reports")]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Parser;
use gofer_tests::{Cluster, pipeline, shell_task};
use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;

const IMAGE: &str = "gofer-busybox";

#[derive(Parser)]
struct Args {
    /// Containers that each of the two runs.
    #[arg(long, default_value_t = 30)]
    runs: usize,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/make-image");
    anyhow::ensure!(Command::new(script).arg(IMAGE).status()?.success(), "no image could be made: is dockerd running?");
    let cluster = Cluster::start(3, &["--drivers", "docker"]).await?;
    let mut task = shell_task("noop", "true", &[]);
    task.image = IMAGE.into();
    cluster.register(0, pipeline("noop", vec![task])).await?;
    let (mut plain, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..args.runs {
        plain.push(docker_run()?);
        ours.push(gofer_run(&cluster).await?);
    }
    let (plain, ours) = (report("docker run", plain), report("gofer", ours));
    println!(
        "overhead at the median: {:.0?} ({:.2}x)",
        ours.saturating_sub(plain),
        ours.as_secs_f64() / plain.as_secs_f64()
    );
    Ok(())
}

fn docker_run() -> anyhow::Result<Duration> {
    let start = Instant::now();
    let status = Command::new("docker").args(["run", "--rm", IMAGE, "/bin/sh", "-c", "true"]).status()?;
    anyhow::ensure!(status.success(), "docker run ended with {status}");
    Ok(start.elapsed())
}

async fn gofer_run(cluster: &Cluster) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let run = cluster.start_run(1, "noop", &[]).await?;
    let mut watch = cluster.runs(1)?.watch_run(api::WatchRunRequest { run: Some(run) }).await?.into_inner();
    let mut last = None;
    while let Some(response) = watch.message().await? {
        last = response.run;
    }
    let run = last.context("the watch ended without a run")?;
    anyhow::ensure!(run.status() == model::RunStatus::Succeeded, "the run failed: {run:?}");
    Ok(start.elapsed())
}

fn report(what: &str, mut took: Vec<Duration>) -> Duration {
    took.sort();
    let at = |percent: usize| took[(took.len() * percent / 100).min(took.len() - 1)];
    println!("{what:>10}: p50 {:.0?} p99 {:.0?} ({} containers)", at(50), at(99), took.len());
    at(50)
}
