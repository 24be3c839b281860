//! Measures commits per second of three nodes in one process on this machine's disk.
//!
//! `TMPDIR` says where.
//!
//!     cargo run --release -p gofer-consensus --example commits -- [seconds per round]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::cast_precision_loss, reason = "a measurement")]
#![allow(
    dead_code,
    unreachable_pub,
    missing_debug_implementations,
    reason = "the tests' harness has more than this needs"
)]

#[path = "../tests/cluster/harness.rs"]
mod harness;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gofer_consensus::{Config, Proposal, Raft};
use gofer_domain::{Actor, Command, NamespaceId, RequestId};

static REQUEST: AtomicU64 = AtomicU64::new(0);

/// Makes and deletes the worker's own namespace in turns: every command leads to an event.
fn proposal(worker: u64, turn: u64) -> Proposal {
    let mut request = [0; 16];
    request[..8].copy_from_slice(&REQUEST.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    let namespace = NamespaceId::new(&format!("w{worker}")).unwrap();
    let command = match turn % 2 {
        0 => Command::CreateNamespace { namespace, description: String::new() },
        _ => Command::DeleteNamespace { namespace },
    };
    Proposal { request_id: RequestId(request), actor: Actor("user:bench".into()), command }
}

async fn round(cluster: &harness::Cluster, workers: u64, time: Duration) {
    let leader = cluster.leader().await;
    let raft: Raft = cluster.node(leader).raft.clone();
    let disks = || cluster.nodes.iter().map(|node| node.raft.disk()).collect::<Vec<_>>();
    let (before, first) = (disks(), raft.status().committed);
    let latencies = Arc::new(std::sync::Mutex::new(Vec::new()));
    let start = Instant::now();
    let tasks: Vec<_> = (0..workers)
        .map(|worker| {
            let (raft, latencies) = (raft.clone(), latencies.clone());
            tokio::spawn(async move {
                let mut own = Vec::new();
                for turn in 0.. {
                    let sent = Instant::now();
                    if sent - start > time && turn % 2 == 0 {
                        break;
                    }
                    raft.propose(vec![proposal(worker, turn)]).await.unwrap();
                    own.push(sent.elapsed().as_micros() as u64);
                }
                latencies.lock().unwrap().extend(own);
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let seconds = start.elapsed().as_secs_f64();
    let mut latencies = latencies.lock().unwrap().clone();
    latencies.sort_unstable();
    let at = |part: f64| latencies[((latencies.len() - 1) as f64 * part) as usize] as f64 / 1000.0;
    let entries = raft.status().committed - first;
    println!(
        "{workers:4} proposers: {:8.0} commits/s  p50 {:6.2} ms  p99 {:6.2} ms  max {:7.2} ms  {:6.1} commands/entry  {:5.0} entries/s",
        latencies.len() as f64 / seconds,
        at(0.5),
        at(0.99),
        at(1.0),
        latencies.len() as f64 / entries as f64,
        entries as f64 / seconds,
    );
    for (node, (after, before)) in cluster.nodes.iter().zip(disks().iter().zip(&before)) {
        let flushes = after.flushes - before.flushes;
        let busy = (after.flush_time - before.flush_time).as_secs_f64();
        println!(
            "      {} fsyncs {:5.0}/s, {:5.2} ms each, disk busy {:3.0} %, {:4.2} writes/fsync",
            if node.id == leader { "leader  " } else { "follower" },
            flushes as f64 / seconds,
            busy * 1000.0 / flushes as f64,
            busy / seconds * 100.0,
            (after.writes - before.writes) as f64 / flushes as f64,
        );
    }
}

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let time = Duration::from_secs(args.next().map_or(5, |text| text.parse().unwrap()));
    for nodes in [1, 3] {
        println!("{nodes} node(s), in one process, on one disk");
        let cluster = harness::Cluster::start(nodes, Config::default()).await;
        for workers in [1, 16, 64, 256, 1024] {
            round(&cluster, workers, time).await;
        }
    }
}
