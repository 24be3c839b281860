//! Linearizable reads, lists and watches on any node.

use std::time::Duration;

use gofer_wire::api::v1 as api;
use tokio::time::timeout;
use tonic::Code;

use crate::node::{PATIENCE, cluster, leader, pipeline_ref, run_ref, start_run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_follower_acknowledged_another_reads_at_once() {
    let nodes = cluster(3).await;
    let lead = leader(&nodes).await;
    let (one, other) = (&nodes[(lead + 1) % 3], &nodes[(lead + 2) % 3]);
    one.prepare().await;
    let (mut write, mut read) = (one.runs().await, other.runs().await);
    for number in 1..=20 {
        let started = write.start_run(start_run(&[])).await.unwrap().into_inner();
        assert_eq!(started.run, run_ref(number));
        let got = read.get_run(api::GetRunRequest { run: run_ref(number), consistency: 0 }).await.unwrap().into_inner();
        let (header, run) = (got.header.unwrap(), got.run.unwrap());
        assert!(header.revision >= started.header.unwrap().revision);
        assert_eq!(header.node, other.id().0);
        assert_eq!(run.r#ref, run_ref(number));
        assert_eq!(run.tasks.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_go_on_where_their_token_says() {
    let nodes = cluster(1).await;
    nodes[0].prepare().await;
    let mut runs = nodes[0].runs().await;
    for _ in 0..7 {
        runs.start_run(start_run(&[])).await.unwrap();
    }
    let mut seen = Vec::new();
    let mut request = api::ListRunsRequest { pipeline: pipeline_ref(), page_size: 3, ..Default::default() };
    loop {
        let page = runs.list_runs(request.clone()).await.unwrap().into_inner();
        assert!(page.runs.len() <= 3);
        seen.extend(page.runs.into_iter().map(|run| run.r#ref.unwrap().run));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(seen, [7, 6, 5, 4, 3, 2, 1]);
    let mut namespaces = nodes[0].namespaces().await;
    for id in ["a", "b", "c"] {
        let request = api::CreateNamespaceRequest { namespace: id.into(), ..Default::default() };
        namespaces.create_namespace(request).await.unwrap();
    }
    let first = api::ListNamespacesRequest { page_size: 2, ..Default::default() };
    let first = namespaces.list_namespaces(first).await.unwrap().into_inner();
    let second = api::ListNamespacesRequest { page_token: first.next_page_token, ..Default::default() };
    let second = namespaces.list_namespaces(second).await.unwrap().into_inner();
    let ids: Vec<String> =
        first.namespaces.into_iter().chain(second.namespaces).map(|namespace| namespace.id).collect();
    // The cluster was made with one.
    assert_eq!(ids, ["a", "b", "c", "default", "n"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_resumes_on_another_node_without_gap_or_repeat() {
    let nodes = cluster(3).await;
    let lead = leader(&nodes).await;
    let (one, other) = (&nodes[(lead + 1) % 3], &nodes[(lead + 2) % 3]);
    let request = api::WatchRequest { from_revision: 1, ..Default::default() };
    let mut stream = one.events().await.watch(request.clone()).await.unwrap().into_inner();
    one.prepare().await;
    let mut seen = Vec::new();
    let mut last = 0;
    while seen.len() < 3 {
        let message = timeout(PATIENCE, stream.message()).await.unwrap().unwrap().unwrap();
        seen.extend(message.events.iter().map(|event| event.revision));
        last = message.revision;
    }
    drop(stream);
    let mut runs = one.runs().await;
    for _ in 0..50 {
        runs.start_run(start_run(&[])).await.unwrap();
    }
    let end = runs.start_run(start_run(&[])).await.unwrap().into_inner().header.unwrap().revision;
    let resumed = api::WatchRequest { from_revision: last + 1, ..request };
    let mut stream = other.events().await.watch(resumed).await.unwrap().into_inner();
    while *seen.last().unwrap() < end {
        let message = timeout(PATIENCE, stream.message()).await.unwrap().unwrap().unwrap();
        seen.extend(message.events.iter().map(|event| event.revision));
    }
    assert_eq!(seen, (1..=end).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_filters_stops_at_the_end_and_knows_its_bounds() {
    let nodes = cluster(1).await;
    nodes[0].prepare().await;
    let mut runs = nodes[0].runs().await;
    for _ in 0..3 {
        runs.start_run(start_run(&[])).await.unwrap();
    }
    let mut events = nodes[0].events().await;
    let newest = runs.start_run(start_run(&[])).await.unwrap().into_inner().header.unwrap().revision;
    let all = api::WatchRequest { from_revision: 1, stop_at_end: true, ..Default::default() };
    let of_run = api::WatchRequest { namespace: "n".into(), pipeline: "p".into(), run: 2, ..all.clone() };
    let (mut count, mut told) = (Vec::new(), 0);
    for request in [all.clone(), of_run, api::WatchRequest { namespace: "other".into(), ..all.clone() }] {
        let mut stream = events.watch(request).await.unwrap().into_inner();
        count.push(0);
        while let Some(message) = timeout(PATIENCE, stream.message()).await.unwrap().unwrap() {
            *count.last_mut().unwrap() += message.events.len();
            told = message.revision;
        }
        assert_eq!(told, newest);
    }
    assert_eq!(count[0] as u64, newest);
    assert!(count[1] > 0 && count[1] < 10, "{count:?}");
    assert_eq!(count[2], 0);

    let late = api::WatchRequest { from_revision: newest + 2, ..Default::default() };
    let status = events.watch(late).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange);
    assert!(status.message().contains(&newest.to_string()), "{status:?}");
    let next = api::WatchRequest { from_revision: newest + 1, ..Default::default() };
    events.watch(next).await.unwrap();
    // A sign of life comes when nothing happens.
    let mut quiet = events.watch(api::WatchRequest::default()).await.unwrap().into_inner();
    let sign = timeout(Duration::from_secs(10), quiet.message()).await.unwrap().unwrap().unwrap();
    assert_eq!((sign.revision, sign.events.len()), (newest, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_is_watched_until_it_has_ended() {
    let nodes = cluster(3).await;
    let lead = leader(&nodes).await;
    let follower = &nodes[(lead + 1) % 3];
    follower.prepare().await;
    let mut runs = follower.runs().await;
    runs.start_run(start_run(&[])).await.unwrap();
    let mut stream = runs.watch_run(api::WatchRunRequest { run: run_ref(1) }).await.unwrap().into_inner();
    let first = timeout(PATIENCE, stream.message()).await.unwrap().unwrap().unwrap().run.unwrap();
    assert!(first.finished_at.is_none());
    let cancel = api::CancelRunRequest { run: run_ref(1), message: "enough".into(), ..Default::default() };
    runs.cancel_run(cancel).await.unwrap();
    let mut last = first;
    while let Some(message) = timeout(PATIENCE, stream.message()).await.unwrap().unwrap() {
        let run = message.run.unwrap();
        assert!(run.revision > last.revision);
        last = run;
    }
    assert!(last.finished_at.is_some());
    assert_eq!(last.message, "enough");
}
