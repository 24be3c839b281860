//! Start-up time and memory of a node whose store holds many finished runs.
//!
//! The runs are made through the node's own log: each is started, waits for a node that does not exist, and is
//! cancelled, so that it ends without a process. Then the node is restarted and measured.
#![allow(clippy::print_stdout, reason = "it reports")]

use std::time::{Duration, Instant};

use anyhow::Context;
use bytes::Bytes;
use clap::Parser;
use gofer_tests::{Cluster, eventually, pipeline, shell_task};
use gofer_wire::log::v1::command::Kind;
use gofer_wire::log::v1::{CancelRun, Command, CommandEnvelope, StartRun, outcome};
use gofer_wire::model::v1 as model;
use gofer_wire::peer::v1::ProposeRequest;
use gofer_wire::peer::v1::peer_service_client::PeerServiceClient;
use prost::Message;

#[derive(Parser)]
struct Args {
    /// Finished runs to make.
    #[arg(long, default_value_t = 1_000_000)]
    runs: u64,
}

/// Runs in one proposal.
const BATCH: u64 = 250;
/// Proposals under way at the same time.
const LANES: u64 = 4;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let mut cluster = Cluster::start(1, &["--drivers", "process"]).await?;
    let start = Instant::now();
    let mut lanes = tokio::task::JoinSet::new();
    for lane in 0..LANES {
        let name = format!("waits{lane}");
        let mut config = pipeline(&name, vec![shell_task("t", "true", &[])]);
        config.tasks[0].constraints = vec![model::Variable { name: "nowhere".into(), value: "1".into() }];
        cluster.register(0, config).await?;
        lanes.spawn(fill(PeerServiceClient::new(cluster.nodes[0].channel()?), name, args.runs / LANES));
    }
    while let Some(done) = lanes.join_next().await {
        done??;
    }
    println!("made {} finished runs in {:.0?}", args.runs, start.elapsed());
    println!("memory while making them: peak {} MiB", cluster.nodes[0].peak_memory()? >> 20);
    cluster.nodes[0].terminate(Duration::from_secs(30))?;

    let start = Instant::now();
    cluster.restart(0).await?;
    eventually("the node to lead itself", Duration::from_secs(120), || async {
        let last = model::RunRef { namespace: "default".into(), pipeline: "waits0".into(), run: args.runs / LANES };
        Ok(Some(cluster.run(0, &last).await?))
    })
    .await?;
    println!("restarted, and answers a linearizable read after {:.0?}", start.elapsed());
    println!("memory after the restart: peak {} MiB", cluster.nodes[0].peak_memory()? >> 20);
    Ok(())
}

/// Starts and cancels runs of one pipeline, whose numbers count from 1.
async fn fill(
    mut client: PeerServiceClient<tonic::transport::Channel>,
    pipeline: String,
    runs: u64,
) -> anyhow::Result<()> {
    for first in (1..=runs).step_by(usize::try_from(BATCH)?) {
        let numbers = first..=runs.min(first + BATCH - 1);
        let commands = numbers.flat_map(|run| [started(&pipeline), cancelled(&pipeline, run)]).map(envelope).collect();
        let answers = client.propose(ProposeRequest { commands }).await?.into_inner().outcomes;
        for answer in answers {
            match answer.kind.context("an empty answer")? {
                outcome::Kind::Accepted(_) => {}
                outcome::Kind::Rejected(rejected) => anyhow::bail!("refused: {}", rejected.message),
            }
        }
    }
    Ok(())
}

fn started(pipeline: &str) -> Kind {
    let pipeline = model::PipelineRef { namespace: "default".into(), pipeline: pipeline.into() };
    Kind::StartRun(StartRun { pipeline: Some(pipeline), ..StartRun::default() })
}

fn cancelled(pipeline: &str, run: u64) -> Kind {
    let run = model::RunRef { namespace: "default".into(), pipeline: pipeline.into(), run };
    Kind::CancelRun(CancelRun { run: Some(run), message: String::new() })
}

fn envelope(kind: Kind) -> Bytes {
    let envelope = CommandEnvelope {
        request_id: uuid::Uuid::now_v7().as_bytes().to_vec().into(),
        actor: "bench".into(),
        command: Some(Command { kind: Some(kind) }),
    };
    envelope.encode_to_vec().into()
}
