//! Committed, fsynced commands a second, and the time from a killed leader to the next commit: Gofer against etcd.
//!
//! Both have three real processes on one disk and are measured in turn in the same run, with the same value size and
//! the same number of clients, spread over all members. A Gofer command registers a pipeline version whose
//! description is the value; an etcd command puts the value.
#![allow(clippy::print_stdout, reason = "it reports")]

use std::time::{Duration, Instant};

use clap::Parser;
use gofer_benches::etcd::Etcd;
use gofer_benches::load::{self, Figures};
use gofer_tests::{Cluster, pipeline, shell_task};
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::pipeline_service_client::PipelineServiceClient;

/// The load shares the machine with what it measures, so it should be light.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
struct Args {
    /// Bytes of a value.
    #[arg(long, default_value_t = 256)]
    value_bytes: usize,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Numbers of concurrent clients.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64, 256])]
    clients: Vec<usize>,
    /// Leader kills a system.
    #[arg(long, default_value_t = 5)]
    kills: usize,
}

/// Connections that the clients of one system share.
const CONNECTIONS: usize = 12;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let directory = tempfile::Builder::new().prefix("gofer-bench-").tempdir()?;
    let (p50, p99) = gofer_benches::fsync_pace(directory.path())?;
    println!("disk: 4 KiB write + fdatasync p50 {p50:?} p99 {p99:?}\n");
    println!(
        "{:>8} {:>8} {:>12} {:>10} {:>10} {:>7} {:>7}",
        "system", "clients", "commits/s", "p50", "p99", "errors", "ratio"
    );
    for clients in &args.clients {
        let theirs = etcd(directory.path(), *clients, &args).await?;
        let ours = gofer(*clients, &args).await?;
        print("etcd", &theirs, None);
        print("gofer", &ours, Some(ours.rate() / theirs.rate()));
    }
    if args.kills > 0 {
        println!("\nleader killed to next commit, {} times each:", args.kills);
        report_kills("etcd", etcd_kills(args.kills).await?);
        report_kills("gofer", gofer_kills(args.kills).await?);
    }
    Ok(())
}

fn print(system: &str, figures: &Figures, ratio: Option<f64>) {
    let ratio = ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}x"));
    println!(
        "{system:>8} {:>8} {:>12.0} {:>10.1?} {:>10.1?} {:>7} {ratio:>7}",
        figures.clients,
        figures.rate(),
        figures.latency(50.0),
        figures.latency(99.0),
        figures.errors,
    );
}

fn value(bytes: usize, client: usize, n: u64) -> String {
    let mut value = format!("{client} {n} ");
    value.extend(std::iter::repeat_n('x', bytes.saturating_sub(value.len())));
    value
}

async fn etcd(directory: &std::path::Path, clients: usize, args: &Args) -> anyhow::Result<Figures> {
    let directory = tempfile::tempdir_in(directory)?;
    let etcd = Etcd::start(directory.path()).await?;
    let mut connections = Vec::new();
    for n in 0..CONNECTIONS {
        connections.push(etcd.client(n).await?);
    }
    let bytes = args.value_bytes;
    load::run(clients, Duration::from_secs(args.seconds), move |client, n| {
        let connection = connections[client % CONNECTIONS].clone();
        async move { connection.put(format!("k{client}"), value(bytes, client, n)).await }
    })
    .await
}

async fn gofer(clients: usize, args: &Args) -> anyhow::Result<Figures> {
    let cluster = Cluster::start(3, &["--drivers", "process"]).await?;
    let mut connections = Vec::new();
    for n in 0..CONNECTIONS {
        connections.push(cluster.pipelines(n % 3)?);
    }
    let bytes = args.value_bytes;
    load::run(clients, Duration::from_secs(args.seconds), move |client, n| {
        let connection = connections[client % CONNECTIONS].clone();
        register(connection, client, value(bytes, client, n))
    })
    .await
}

async fn register(
    mut connection: PipelineServiceClient<tonic::transport::Channel>,
    client: usize,
    description: String,
) -> anyhow::Result<()> {
    let mut config = pipeline(&format!("k{client}"), vec![shell_task("t", "true", &[])]);
    config.description = description;
    let request = api::RegisterPipelineRequest {
        request_id: uuid::Uuid::now_v7().as_bytes().to_vec(),
        namespace: "default".into(),
        config: Some(config),
        validate_only: false,
        hold: false,
    };
    connection.register_pipeline(request).await?;
    Ok(())
}

async fn etcd_kills(kills: usize) -> anyhow::Result<Vec<Duration>> {
    let mut took = Vec::new();
    for _ in 0..kills {
        let directory = tempfile::tempdir()?;
        let mut etcd = Etcd::start(directory.path()).await?;
        let leader = etcd.leader().await?;
        let client = etcd.client(leader + 1).await?;
        etcd.kill(leader);
        took.push(
            first_commit(|n| {
                let client = client.clone();
                async move { client.put("k".into(), value(64, 0, n)).await }
            })
            .await,
        );
    }
    Ok(took)
}

async fn gofer_kills(kills: usize) -> anyhow::Result<Vec<Duration>> {
    let mut took = Vec::new();
    for _ in 0..kills {
        let mut cluster = Cluster::start(3, &["--drivers", "process"]).await?;
        let leader = cluster.leader().await?;
        let client = cluster.pipelines(cluster.other_than(leader))?;
        register(client.clone(), 0, "warm".into()).await?;
        cluster.nodes[leader].kill();
        took.push(first_commit(|n| register(client.clone(), 0, value(64, 0, n))).await);
    }
    Ok(took)
}

/// Tries from now on, each try at most half a second, until one is committed.
async fn first_commit<F>(operation: impl Fn(u64) -> F) -> Duration
where
    F: Future<Output = anyhow::Result<()>>,
{
    let start = Instant::now();
    for n in 0.. {
        if let Ok(Ok(())) = tokio::time::timeout(Duration::from_millis(500), operation(n)).await {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    start.elapsed()
}

fn report_kills(system: &str, mut took: Vec<Duration>) {
    took.sort();
    if let Some(max) = took.last() {
        println!("{system:>8} p50 {:.2?} max {max:.2?}", took[took.len() / 2]);
    }
}
