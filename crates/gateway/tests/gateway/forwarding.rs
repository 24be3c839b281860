//! Throughput of a follower: many callers, few calls.

use tokio::task::JoinSet;

use crate::node::{cluster, leader, start_run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_commands_pass_a_follower() {
    const COMMANDS: usize = 3_000;
    let nodes = cluster(3).await;
    nodes[0].prepare().await;
    let lead = leader(&nodes).await;
    let client = nodes[(lead + 1) % 3].runs().await;
    let before = nodes[lead].raft.status().last_log;
    let begun = tokio::time::Instant::now();
    let mut calls = JoinSet::new();
    for _ in 0..COMMANDS {
        let mut client = client.clone();
        calls.spawn(async move { client.start_run(start_run(&[])).await.unwrap() });
    }
    while let Some(call) = calls.join_next().await {
        call.unwrap();
    }
    let entries = nodes[lead].raft.status().last_log - before;
    let took = begun.elapsed();
    eprintln!("{COMMANDS} commands through a follower in {took:?}, {entries} log entries");
    assert!(entries < COMMANDS as u64 / 4, "{entries} entries for {COMMANDS} commands: nothing was batched");
}
