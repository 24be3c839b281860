//! Run starts a second, and the time from submission to the start of a no-op process task, on three real processes.
#![allow(clippy::print_stdout, reason = "it reports")]

use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Parser;
use gofer_benches::load;
use gofer_tests::{Cluster, pipeline, shell_task};
use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;

#[derive(Parser)]
struct Args {
    /// Runs that are measured one after the other.
    #[arg(long, default_value_t = 100)]
    runs: usize,
    /// Seconds of the load with many clients.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Concurrent clients of that load.
    #[arg(long, default_value_t = 16)]
    clients: usize,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let cluster = Cluster::start(3, &["--drivers", "process", "--slots", "64"]).await?;
    cluster.register(0, pipeline("noop", vec![shell_task("noop", "true", &[])])).await?;
    one_by_one(&cluster, args.runs).await?;

    let mut clients = Vec::new();
    for node in 0..3 {
        clients.push(cluster.runs(node)?);
    }
    let figures = load::run(args.clients, Duration::from_secs(args.seconds), move |client, _| {
        let mut runs = clients[client % 3].clone();
        async move {
            let request = api::StartRunRequest {
                pipeline: Some(model::PipelineRef { namespace: "default".into(), pipeline: "noop".into() }),
                request_id: uuid::Uuid::now_v7().as_bytes().to_vec(),
                ..Default::default()
            };
            let run = runs.start_run(request).await?.into_inner().run;
            let mut watch = runs.watch_run(api::WatchRunRequest { run }).await?.into_inner();
            while watch.message().await?.is_some() {}
            Ok(())
        }
    })
    .await?;
    println!(
        "runs to their end, {} clients: {:.0} runs/s, p50 {:.1?}, p99 {:.1?}, {} errors",
        args.clients,
        figures.rate(),
        figures.latency(50.0),
        figures.latency(99.0),
        figures.errors
    );
    Ok(())
}

/// Submits a run when the one before has ended; the start is when the client learns of it, on another node.
async fn one_by_one(cluster: &Cluster, runs: usize) -> anyhow::Result<()> {
    let mut client = cluster.runs(1)?;
    let (mut client_saw, mut log_says) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let submitted = Instant::now();
        let run = cluster.start_run(1, "noop", &[]).await?;
        let mut watch = client.watch_run(api::WatchRunRequest { run: Some(run) }).await?.into_inner();
        let mut seen = None;
        let mut last = None;
        while let Some(response) = watch.message().await? {
            let run = response.run.context("no run")?;
            let started = run.tasks.iter().flat_map(|task| &task.attempts).any(|attempt| attempt.started_at.is_some());
            if started && seen.is_none() {
                seen = Some(submitted.elapsed());
            }
            last = Some(run);
        }
        client_saw.push(seen.context("the task was never seen running")?);
        log_says.push(logged(&last.context("no run")?)?);
    }
    report("submit to start, as the client sees it", &mut client_saw);
    report("submit to start, by the log's own times", &mut log_says);
    Ok(())
}

/// From the run's creation to the start of its attempt, as stamped in the log.
fn logged(run: &model::Run) -> anyhow::Result<Duration> {
    let millis = |time: &prost_types::Timestamp| time.seconds * 1000 + i64::from(time.nanos) / 1_000_000;
    let created = run.created_at.as_ref().context("no creation time")?;
    let attempt = run.tasks.first().and_then(|task| task.attempts.first()).context("no attempt")?;
    let started = attempt.started_at.as_ref().context("no start time")?;
    Ok(Duration::from_millis(u64::try_from(millis(started) - millis(created))?))
}

fn report(what: &str, took: &mut [Duration]) {
    took.sort();
    let at = |percent: usize| took[(took.len() * percent / 100).min(took.len() - 1)];
    println!("{what}: p50 {:.1?} p99 {:.1?} ({} runs)", at(50), at(99), took.len());
}
