//! Members that leave while they run.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::time::{Duration, Instant};

use gofer_tests::{Cluster, Node, eventually, run};

const PATIENCE: Duration = Duration::from_secs(60);
/// Longer than a lease, after which a node asks again.
const WATCHED: Duration = Duration::from_secs(8);

/// The registered nodes, by name and id.
fn nodes(seed: &str) -> Vec<(String, String)> {
    let (code, text) = run(&["--address", seed, "node", "list", "-o", "json"]).unwrap();
    assert_eq!(code, Some(0), "{text}");
    let list: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let list = list["nodes"].as_array().unwrap_or_else(|| panic!("{text}"));
    let name = |node: &serde_json::Value| node["spec"]["name"].as_str().unwrap_or_default().to_owned();
    list.iter().map(|known| (name(&known["node"]), known["node"]["id"].to_string())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_was_removed_while_it_runs_does_not_come_back() {
    let cluster = Cluster::start(3, &["--drivers", "process"]).await.unwrap();
    let leader = cluster.leader().await.unwrap();
    let seed = cluster.nodes[leader].address.clone();
    let gone = cluster.other_than(leader);
    let name = format!("n{}", gone + 1);
    eventually("all nodes to be registered", PATIENCE, || async { Ok((nodes(&seed).len() == 3).then_some(())) })
        .await
        .unwrap();
    let (_, id) = nodes(&seed).into_iter().find(|(known, _)| *known == name).unwrap();
    let (code, text) = run(&["--address", &seed, "cluster", "remove", &name]).unwrap();
    assert_eq!(code, Some(0), "{text}");

    // It runs on, and may ask to be registered.
    let start = Instant::now();
    while start.elapsed() < WATCHED {
        assert!(nodes(&seed).iter().all(|(_, known)| *known != id), "it is back: {}", cluster.log_tails());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // Its name is free for the one that takes its place.
    let mut next = Node::new(cluster.path(), "next", vec!["--drivers".into(), "process".into()]);
    next.start(&["--name", &name, "--join", &seed]).unwrap();
    eventually("the next node of that name", PATIENCE, || async {
        Ok(nodes(&seed).iter().any(|(known, other)| *known == name && *other != id).then_some(()))
    })
    .await
    .unwrap_or_else(|error| panic!("{error:#}\n{}", next.log_tail()));
}
