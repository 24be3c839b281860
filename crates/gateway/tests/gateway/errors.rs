//! Errors: what is refused, with which code, and what it says.

use std::collections::HashMap;

use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use tonic::{Code, Status};
use tonic_types::{ErrorInfo, StatusExt as _};

use crate::node::{cluster, pipeline, pipeline_ref, run_ref, start_run};

/// The ErrorInfo that every error must have.
pub(crate) fn info(status: &Status) -> ErrorInfo {
    let details = status.get_error_details();
    let info = details.error_info().unwrap_or_else(|| panic!("no ErrorInfo in {status:?}")).clone();
    assert_eq!(info.domain, "gofer");
    info
}

fn helpful(status: &Status, code: Code, reason: &str) -> HashMap<String, String> {
    assert_eq!(status.code(), code, "{status:?}");
    let info = info(status);
    assert_eq!(info.reason, reason, "{status:?}");
    assert!(!info.metadata.get("help").map(String::as_str).unwrap_or_default().is_empty(), "no help in {status:?}");
    info.metadata
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_input_is_refused_with_its_field() {
    let nodes = cluster(1).await;
    nodes[0].prepare().await;
    let mut runs = nodes[0].runs().await;

    let status = runs.start_run(start_run(&[1, 2, 3])).await.unwrap_err();
    let metadata = helpful(&status, Code::InvalidArgument, "INVALID_ARGUMENT");
    assert_eq!(metadata["field"], "request_id");
    assert_eq!(status.get_error_details().bad_request().unwrap().field_violations[0].field, "request_id");

    let pipeline = Some(model::PipelineRef { namespace: "n".into(), pipeline: "no/slash".into() });
    let request = api::StartRunRequest { pipeline, ..Default::default() };
    let metadata = helpful(&runs.start_run(request).await.unwrap_err(), Code::InvalidArgument, "INVALID_ARGUMENT");
    assert_eq!(metadata["field"], "pipeline");

    let request = api::ListRunsRequest { pipeline: pipeline_ref(), page_token: "xyz".into(), ..Default::default() };
    let metadata = helpful(&runs.list_runs(request).await.unwrap_err(), Code::InvalidArgument, "INVALID_ARGUMENT");
    assert_eq!(metadata["field"], "page_token");

    let request = api::ListRunsRequest { pipeline: pipeline_ref(), page_size: 1001, ..Default::default() };
    helpful(&runs.list_runs(request).await.unwrap_err(), Code::InvalidArgument, "INVALID_ARGUMENT");

    let request = api::GetRunRequest { run: run_ref(99), consistency: 0 };
    helpful(&runs.get_run(request).await.unwrap_err(), Code::NotFound, "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_faults_of_a_configuration_are_told_at_once() {
    let nodes = cluster(1).await;
    nodes[0].prepare().await;
    let mut config = pipeline("bad");
    config.tasks[0].working_directory = "relative".into();
    config.tasks[0].depends_on.push(model::Dependency { task: "nobody".into(), requirement: 0 });
    let request = api::RegisterPipelineRequest {
        namespace: "n".into(),
        config: Some(config),
        validate_only: true,
        ..Default::default()
    };
    let status = nodes[0].pipelines().await.register_pipeline(request).await.unwrap_err();
    helpful(&status, Code::InvalidArgument, "INVALID_ARGUMENT");
    let violations = status.get_error_details().bad_request().unwrap().field_violations.clone();
    assert!(violations.len() >= 2, "{violations:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_of_the_state_machine_keep_their_reason_and_are_repeated() {
    let nodes = cluster(1).await;
    nodes[0].prepare().await;
    let mut namespaces = nodes[0].namespaces().await;
    let request = api::CreateNamespaceRequest { request_id: vec![9; 16], namespace: "n".into(), ..Default::default() };
    for _ in 0..2 {
        let status = namespaces.create_namespace(request.clone()).await.unwrap_err();
        assert_eq!(status.code(), Code::AlreadyExists, "{status:?}");
        assert_eq!(info(&status).reason, "ALREADY_EXISTS");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_over_the_limit_is_refused_with_the_limit() {
    let nodes = cluster(1).await;
    let request =
        api::CreateNamespaceRequest { namespace: "n".into(), description: "x".repeat(5 << 20), ..Default::default() };
    let status = nodes[0].namespaces().await.create_namespace(request).await.unwrap_err();
    assert!(matches!(status.code(), Code::OutOfRange | Code::ResourceExhausted), "{status:?}");
    assert!(status.message().contains(&(4 << 20).to_string()), "{status:?}");
    assert_eq!(info(&status).reason, "TOO_LARGE");
    // A long text within the limit gets as far as its own limit.
    let request =
        api::CreateNamespaceRequest { namespace: "n".into(), description: "x".repeat(5 << 10), ..Default::default() };
    let status = nodes[0].namespaces().await.create_namespace(request).await.unwrap_err();
    helpful(&status, Code::InvalidArgument, "INVALID_ARGUMENT");
}
