//! The leader goes away while calls are on their way.

use std::collections::HashSet;
use std::time::Duration;

use gofer_wire::api::v1 as api;
use tokio::task::JoinSet;
use tonic::Request;

use crate::node::{cluster, leader, pipeline_ref, start_run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_in_flight_finish_on_the_next_leader_exactly_once() {
    const CALLS: u128 = 200;
    let mut nodes = cluster(3).await;
    nodes[0].prepare().await;
    let lead = leader(&nodes).await;
    let stopping = nodes.remove(lead);
    let follower = &nodes[0];
    let channel = follower.runs().await;
    let mut calls = JoinSet::new();
    for number in 0..CALLS {
        let mut client = channel.clone();
        calls.spawn(async move {
            // Spread over the time before, while and after the leader stops.
            tokio::time::sleep(Duration::from_millis(u64::try_from(number).unwrap() * 5)).await;
            let id = (number + 1).to_be_bytes();
            let answer = client.start_run(start_run(&id)).await.unwrap().into_inner();
            (id, answer.run.unwrap().run)
        });
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    stopping.stop().await;
    let mut answers = Vec::new();
    while let Some(answer) = calls.join_next().await {
        answers.push(answer.unwrap());
    }
    assert_eq!(answers.len() as u128, CALLS);
    let distinct: HashSet<u64> = answers.iter().map(|(_, run)| *run).collect();
    assert_eq!(distinct.len() as u128, CALLS, "two calls share a run");
    // A repeat of the same request gets the first answer, on another node too.
    let mut other = nodes[1].runs().await;
    for (id, run) in answers.iter().take(20) {
        let again = other.start_run(start_run(id)).await.unwrap().into_inner();
        assert_eq!(again.run.unwrap().run, *run);
    }
    let list = api::ListRunsRequest { pipeline: pipeline_ref(), page_size: 1000, ..Default::default() };
    assert_eq!(other.list_runs(list).await.unwrap().into_inner().runs.len() as u128, CALLS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_majority_a_call_ends_in_time_and_says_what_is_known() {
    let mut nodes = cluster(3).await;
    nodes[0].prepare().await;
    let lead = leader(&nodes).await;
    let leading = nodes.remove(lead);
    let mut runs = leading.runs().await;
    // It takes the call for a while, as it does not know yet that it is alone.
    tokio::join!(nodes[0].raft.shutdown(), nodes[1].raft.shutdown());
    let mut request = Request::new(start_run(&[7; 16]));
    request.set_timeout(Duration::from_secs(3));
    let begun = tokio::time::Instant::now();
    let status = runs.start_run(request).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(4));
    let info = crate::errors::info(&status);
    assert_eq!(status.code(), tonic::Code::Unavailable, "{status:?}");
    assert_eq!(info.reason, "OUTCOME_UNKNOWN");
    assert_eq!(info.metadata["request_id"], "07".repeat(16));
    // A local read needs nobody.
    let local = api::Consistency::Local.into();
    let request = api::ListRunsRequest { pipeline: pipeline_ref(), consistency: local, ..Default::default() };
    runs.list_runs(request.clone()).await.unwrap();
    let mut request = Request::new(api::ListRunsRequest { consistency: 0, ..request });
    request.set_timeout(Duration::from_secs(2));
    let status = runs.list_runs(request).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::Unavailable, "{status:?}");
}
