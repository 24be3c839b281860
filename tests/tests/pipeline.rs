//! A DAG of real processes on three real nodes, from registration to its sealed logs.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::time::Duration;

use gofer_tests::{Cluster, effects_task, pipeline, shell_task};
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::event_service_client::EventServiceClient;
use gofer_wire::model::v1 as model;
use tokio_stream::StreamExt;

/// Fan-out, fan-in, an on-failure branch, and a task that fails once before it succeeds.
fn release() -> model::PipelineConfig {
    let mut flaky = shell_task(
        "flaky",
        "echo \"$GOFER_RUN $GOFER_TASK $GOFER_ATTEMPT\" >> $GOFER_EFFECTS; test $GOFER_ATTEMPT -ge 2",
        &["checkout"],
    );
    flaky.retry = Some(model::RetryPolicy {
        attempts: 3,
        backoff: Some(prost_types::Duration { seconds: 0, nanos: 100_000_000 }),
        backoff_max: Some(prost_types::Duration { seconds: 1, nanos: 0 }),
        multiplier_percent: 200,
        give_up_when_lost: false,
    });
    let mut doomed = shell_task("doomed", "echo to stderr >&2; exit 3", &["checkout"]);
    doomed.allow_failure = true;
    let mut cleanup = effects_task("cleanup", "0", &[]);
    cleanup.depends_on =
        vec![model::Dependency { task: "doomed".into(), requirement: model::Requirement::Failure.into() }];
    pipeline(
        "release",
        vec![
            effects_task("build", "0.2", &["checkout"]),
            effects_task("checkout", "0.1", &[]),
            cleanup,
            doomed,
            flaky,
            shell_task("never", "true", &["doomed"]),
            effects_task("publish", "0", &["build", "flaky"]),
        ],
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dag_runs_to_its_end_and_every_node_can_tell() {
    let cluster = Cluster::start(3, &["--drivers", "process"]).await.unwrap();
    let effects = cluster.path().join("effects");
    let leader = cluster.leader().await.unwrap();
    let follower = cluster.other_than(leader);

    assert_eq!(cluster.register(follower, release()).await.unwrap(), 1);
    assert_eq!(cluster.register(leader, release()).await.unwrap(), 1, "the same configuration is no new version");
    let run = cluster.start_run(follower, "release", &[("GOFER_EFFECTS", effects.to_str().unwrap())]).await.unwrap();
    let run = cluster.finished(follower, &run, Duration::from_secs(60)).await.unwrap();

    assert_eq!(run.status(), model::RunStatus::Succeeded, "{run:?}");
    let status = |task: &str| run.tasks.iter().find(|t| t.id == task).unwrap().outcome.as_ref().unwrap().status();
    for task in ["checkout", "build", "flaky", "publish", "cleanup"] {
        assert_eq!(status(task), model::TaskStatus::Succeeded, "{task} in {run:?}");
    }
    assert_eq!(status("doomed"), model::TaskStatus::Failed);
    assert_eq!(status("never"), model::TaskStatus::Skipped);

    let mut lines: Vec<String> = std::fs::read_to_string(&effects).unwrap().lines().map(String::from).collect();
    lines.sort();
    assert_eq!(
        lines,
        ["1 build 1", "1 checkout 1", "1 cleanup 1", "1 flaky 1", "1 flaky 2", "1 publish 1"],
        "each attempt exactly once"
    );
    for node in 0..3 {
        assert_eq!(cluster.run(node, run.r#ref.as_ref().unwrap()).await.unwrap(), run, "node {node}");
        assert_eq!(log_of(&cluster, node, &run, "build").await, "done build\n", "from node {node}");
        assert_eq!(log_of(&cluster, node, &run, "doomed").await, "to stderr\n", "from node {node}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_resumes_by_revision_without_gaps_on_another_node() {
    let cluster = Cluster::start(3, &["--drivers", "process"]).await.unwrap();
    cluster.register(0, pipeline("p", vec![shell_task("t", "true", &[])])).await.unwrap();
    let run = cluster.start_run(1, "p", &[]).await.unwrap();
    let run = cluster.finished(2, &run, Duration::from_secs(30)).await.unwrap();

    let all = revisions(&cluster, 0, 1).await;
    assert!(all.contains(&run.revision));
    assert_eq!(all, (1..=*all.last().unwrap()).collect::<Vec<_>>());
    let middle = all[all.len() / 2];
    let rest = revisions(&cluster, 1, middle + 1).await;
    assert_eq!(rest.first(), Some(&(middle + 1)));
    assert!(rest.windows(2).all(|pair| pair[1] == pair[0] + 1));
}

async fn revisions(cluster: &Cluster, node: usize, from: u64) -> Vec<u64> {
    let mut client = EventServiceClient::new(cluster.nodes[node].channel().unwrap());
    let request = api::WatchRequest { from_revision: from, stop_at_end: true, ..Default::default() };
    let mut stream = client.watch(request).await.unwrap().into_inner();
    let mut revisions = Vec::new();
    while let Some(response) = stream.next().await {
        revisions.extend(response.unwrap().events.iter().map(|event| event.revision));
    }
    revisions
}

async fn log_of(cluster: &Cluster, node: usize, run: &model::Run, task: &str) -> String {
    let request = api::StreamLogsRequest { run: run.r#ref.clone(), task: task.into(), ..Default::default() };
    let mut stream = cluster.runs(node).unwrap().stream_logs(request).await.unwrap().into_inner();
    let mut output = Vec::new();
    while let Some(response) = stream.next().await {
        let response = response.unwrap();
        if response.stream() != api::LogStream::Notice {
            output.extend(response.data);
        }
    }
    String::from_utf8(output).unwrap()
}
