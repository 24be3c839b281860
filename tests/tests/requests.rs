//! What clients and authors get wrong: each request is refused with an answer that names the fault, or waits for nobody.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use gofer_tests::{Cluster, PATIENCE, binary, eventually, pipeline, shell_task};
use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use tonic::Code;
use tonic_types::StatusExt;

fn gofer(address: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary().unwrap());
    command.args(["--address", address]).args(arguments).output().unwrap()
}

/// A pipeline file that must be refused, and words of the answer.
const FILES: &[(&str, &str, &[&str])] = &[
    ("unknown field.json", r#"{"id": "p", "tasks": {"t": {"comand": ["true"]}}}"#, &["comand", "command"]),
    ("unknown field.toml", "id = 'p'\n[tasks.t]\ncomand = ['true']\n", &["comand", "command", "3"]),
    ("broken.json", r#"{"id": "p", "tasks": {"#, &["broken.json", "1"]),
    (
        "cycle.json",
        r#"{"id": "p", "tasks": {"a": {"command": ["true"], "depends_on": ["b"]},
            "b": {"command": ["true"], "depends_on": ["a"]}}}"#,
        &["cycle", "a", "b"],
    ),
    ("missing.json", r#"{"id": "p", "tasks": {"a": {"command": ["true"], "depends_on": ["ghost"]}}}"#, &["ghost"]),
    (
        "twice.json",
        r#"{"id": "p", "tasks": {"a": {"command": ["true"]}, "a": {"command": ["false"]}}}"#,
        &["a", "twice"],
    ),
    ("non ascii.json", r#"{"id": "größe", "tasks": {"a": {"command": ["true"]}}}"#, &["id", "gr"]),
    ("nothing to do.json", r#"{"id": "p", "tasks": {}}"#, &["tasks"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_pipeline_file_is_refused_with_its_fault() {
    let cluster = Cluster::start(1, &["--drivers", "process"]).await.unwrap();
    let address = &cluster.nodes[0].address;
    let long = format!(r#"{{"id": "{}", "tasks": {{"a": {{"command": ["true"]}}}}}}"#, "p".repeat(65));
    let long_file = ("long.json", long.as_str(), &["64", "id"][..]);
    for (name, text, words) in FILES.iter().chain([&long_file]) {
        let path = cluster.path().join(name);
        std::fs::write(&path, text).unwrap();
        let output = register(address, &path);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && !error.contains("panicked"), "{name}: {error}");
        for word in *words {
            assert!(error.contains(word), "{name}: {word:?} is missing in: {error}");
        }
    }
    let listed = gofer(address, &["pipeline", "list", "-o", "json"]);
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed["pipelines"].as_array().map(Vec::len), Some(0), "{listed}");
}

fn register(address: &str, file: &Path) -> Output {
    gofer(address, &["pipeline", "register", file.to_str().unwrap()])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_over_the_limit_is_refused_and_the_node_goes_on() {
    let cluster = Cluster::start(1, &["--drivers", "process"]).await.unwrap();
    let mut config = pipeline("large", vec![shell_task("t", "true", &[])]);
    config.description = "x".repeat(5 << 20);
    let request = api::RegisterPipelineRequest {
        namespace: "default".into(),
        config: Some(config.clone()),
        request_id: gofer_tests::request_id(),
        ..Default::default()
    };
    let refused = cluster.pipelines(0).unwrap().register_pipeline(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::OutOfRange, "{refused}");
    assert!(refused.message().contains("limit"), "{refused}");
    config.description = "x".repeat(5 << 10);
    let request = api::RegisterPipelineRequest {
        namespace: "default".into(),
        config: Some(config.clone()),
        request_id: gofer_tests::request_id(),
        ..Default::default()
    };
    let refused = cluster.pipelines(0).unwrap().register_pipeline(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    let details = refused.get_error_details();
    let info = details.error_info().unwrap();
    assert_eq!((info.reason.as_str(), info.domain.as_str()), ("INVALID_ARGUMENT", "gofer"));
    assert!(info.metadata.contains_key("help"), "{info:?}");
    config.description.clear();
    cluster.register(0, config).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_its_majority_answers_from_what_it_has_and_says_what_it_cannot() {
    let mut cluster = Cluster::start(3, &["--drivers", "process"]).await.unwrap();
    cluster.register(0, pipeline("p", vec![shell_task("t", "true", &[])])).await.unwrap();
    let left = cluster.other_than(cluster.leader().await.unwrap());
    // The others alone are a majority, so it may not have it yet.
    eventually("every node to know the pipeline", PATIENCE, || async {
        Ok(cluster.pipelines(left)?.get_pipeline(get("p", api::Consistency::Local)).await.ok())
    })
    .await
    .unwrap();
    for node in (0..3).filter(|node| *node != left) {
        cluster.nodes[node].kill();
    }
    let mut client = cluster.pipelines(left).unwrap();
    let mut request = tonic::Request::new(get("p", api::Consistency::Linearizable));
    request.set_timeout(Duration::from_secs(3));
    let refused = client.get_pipeline(request).await.unwrap_err();
    assert!(matches!(refused.code(), Code::Unavailable | Code::DeadlineExceeded), "{refused}");
    assert!(refused.message().contains("leader"), "{refused}");
    let local = client.get_pipeline(get("p", api::Consistency::Local)).await.unwrap().into_inner();
    assert_eq!(local.pipeline.unwrap().version, 1);
    let address = &cluster.nodes[left].address;
    let output = gofer(address, &["--timeout", "3s", "pipeline", "disable", "p"]);
    let error = String::from_utf8(output.stderr).unwrap();
    // On a busy machine it may have been elected just before: then it took the change, and can't tell what becomes of it.
    let says = error.contains("leader") || error.contains("it is unknown whether the change was made");
    assert!(!output.status.success() && says, "{error}");
}

fn get(pipeline: &str, consistency: api::Consistency) -> api::GetPipelineRequest {
    api::GetPipelineRequest {
        pipeline: Some(model::PipelineRef { namespace: "default".into(), pipeline: pipeline.into() }),
        consistency: consistency.into(),
        ..Default::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_cannot_be_pulled_fails_the_task_with_the_reason() {
    if std::env::var("GOFER_TEST_DOCKER").as_deref() == Ok("skip") {
        eprintln!("skipped: GOFER_TEST_DOCKER=skip");
        return;
    }
    let cluster = Cluster::start(1, &["--drivers", "docker"]).await.unwrap();
    let mut task = shell_task("t", "true", &[]);
    // Nobody listens on port 1.
    task.image = "127.0.0.1:1/no/such:image".into();
    cluster.register(0, pipeline("pull", vec![task])).await.unwrap();
    let run = cluster.start_run(0, "pull", &[]).await.unwrap();
    let run = cluster.finished(0, &run, Duration::from_secs(60)).await.unwrap();
    let outcome = run.tasks[0].outcome.clone().unwrap();
    assert_eq!(outcome.reason(), model::FailureReason::ImagePull, "{outcome:?}");
    assert!(outcome.message.contains("127.0.0.1:1/no/such:image"), "{outcome:?}");
}
