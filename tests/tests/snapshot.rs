//! A node that was away for so long that the log was purged comes back by snapshot.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests fail by panicking and report figures")]

use std::time::Duration;

use gofer_tests::{Cluster, eventually, pipeline, shell_task};
use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;

/// Starts runs while a node is away, and brings it back.
async fn fall_behind_and_catch_up(cluster: &mut Cluster, leader: usize, away: usize) {
    let behind = cluster.status(away).await.unwrap().applied_index;
    cluster.nodes[away].kill();
    for _ in 0..1_000 {
        cluster.start_run(leader, "parked", &[]).await.unwrap();
    }
    let ahead = cluster.status(leader).await.unwrap().applied_index;
    assert!(ahead > behind + 400, "past {behind}, more entries are needed than the log keeps, but it ends at {ahead}");
    cluster.restart(away).await.unwrap();
    eventually("the node to catch up", Duration::from_secs(60), || async {
        Ok((cluster.status(away).await?.applied_index >= ahead).then_some(()))
    })
    .await
    .unwrap_or_else(|error| panic!("{error:#}\n{}", cluster.nodes[away].log_tail()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_behind_a_purged_log_catches_up_by_snapshot() {
    let flags = ["--drivers", "process", "--snapshot-after", "200", "--keep-entries", "50"];
    let mut cluster = Cluster::start(3, &flags).await.unwrap();
    let mut config = pipeline("parked", vec![shell_task("wait", "true", &[])]);
    config.parallelism = 1;
    config.tasks[0].constraints = vec![model::Variable { name: "nowhere".into(), value: "1".into() }];
    cluster.register(0, config).await.unwrap();
    let leader = cluster.leader().await.unwrap();
    let away = cluster.other_than(leader);
    // A leader puts a purge off while it tries to send just these entries, so once may not be enough.
    let mut runs = 0;
    while !cluster.nodes[away].log_tail().contains("installed a snapshot") {
        assert!(runs < 5_000, "the log must have been purged by now\n{}", cluster.nodes[leader].log_tail());
        runs += 1_000;
        fall_behind_and_catch_up(&mut cluster, leader, away).await;
    }
    let mut pages = Vec::new();
    for node in 0..3 {
        let request = api::ListRunsRequest {
            pipeline: Some(model::PipelineRef { namespace: "default".into(), pipeline: "parked".into() }),
            consistency: api::Consistency::Local.into(),
            page_size: 1000,
            ..Default::default()
        };
        pages.push(cluster.runs(node).unwrap().list_runs(request).await.unwrap().into_inner().runs);
    }
    assert_eq!(pages[0].len(), 1000);
    assert_eq!(pages[0], pages[1]);
    assert_eq!(pages[0], pages[2]);
    let heads: Vec<_> =
        [cluster.status(0).await.unwrap(), cluster.status(1).await.unwrap(), cluster.status(2).await.unwrap()]
            .into_iter()
            .map(|status| (status.header.unwrap().revision, status.chain_head))
            .collect();
    assert!(heads.windows(2).all(|pair| pair[0] == pair[1]), "{heads:?}");
    println!("peak memory of the node that caught up: {} MiB", cluster.nodes[away].peak_memory().unwrap() >> 20);
}
