//! What the tests of triggers and subscriptions share.

use gofer_tests::{Cluster, Printed, gofer, pipeline, printed, request_id, says, shell_task};
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::subscription_service_client::SubscriptionServiceClient;
use gofer_wire::model::v1 as model;
use serde_json::Value;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// Exit codes of the command line.
pub(crate) const FAILED: Option<i32> = Some(1);
pub(crate) const WRONG_USAGE: Option<i32> = Some(2);
pub(crate) const REFUSED: Option<i32> = Some(3);

pub(crate) async fn start(size: usize) -> Cluster {
    let cluster = Cluster::start(size, &["--drivers", "process"]).await.unwrap();
    cluster.register(0, pipeline("ci", vec![shell_task("t", "true", &[])])).await.unwrap();
    cluster
}

/// Calls `gofer` for one node.
pub(crate) fn call(cluster: &Cluster, node: usize, arguments: &[&str]) -> Printed {
    let address = ["--address", &cluster.nodes[node].address];
    printed(&mut gofer(&[&address[..], arguments].concat()).unwrap()).unwrap()
}

pub(crate) fn done(cluster: &Cluster, node: usize, arguments: &[&str]) -> String {
    let printed = call(cluster, node, arguments);
    assert_eq!(printed.code, Some(0), "{arguments:?}: {printed:?}");
    printed.stdout
}

pub(crate) fn json_of(cluster: &Cluster, node: usize, arguments: &[&str]) -> Value {
    serde_json::from_str(&done(cluster, node, &[&["-o", "json"], arguments].concat())).unwrap()
}

pub(crate) fn refused(cluster: &Cluster, arguments: &[&str], code: Option<i32>, words: &[&str]) {
    let printed = call(cluster, 0, arguments);
    assert_eq!(printed.code, code, "{arguments:?}: {printed:?}");
    says(&printed.stderr, words);
}

pub(crate) fn subscriptions(cluster: &Cluster) -> SubscriptionServiceClient<Channel> {
    SubscriptionServiceClient::new(cluster.nodes[0].channel().unwrap())
}

pub(crate) fn name(pipeline: &str, name: &str) -> Option<model::SubscriptionRef> {
    Some(model::SubscriptionRef { namespace: "default".into(), pipeline: pipeline.into(), name: name.into() })
}

/// A subscription to a trigger, which says nothing else.
pub(crate) fn to(trigger: &str) -> model::SubscriptionSpec {
    model::SubscriptionSpec { trigger: trigger.into(), ..Default::default() }
}

/// `A=1 B=2`
pub(crate) fn pairs(text: &str) -> Vec<model::Variable> {
    let pair = |pair: &str| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap();
    let pairs = text.split_whitespace().map(pair);
    pairs.map(|(name, value)| model::Variable { name, value }).collect()
}

pub(crate) async fn create(
    cluster: &Cluster,
    name: Option<model::SubscriptionRef>,
    spec: model::SubscriptionSpec,
) -> Result<(), Status> {
    let request = api::CreateSubscriptionRequest {
        request_id: request_id(),
        subscription: name,
        spec: Some(spec),
        disabled: false,
    };
    subscriptions(cluster).create_subscription(request).await.map(drop)
}

pub(crate) fn check_fault(status: &Status, field: &str, what: &str) {
    assert_eq!(status.code(), Code::InvalidArgument, "{what}: {status}");
    let details = status.get_error_details();
    let metadata = &details.error_info().unwrap().metadata;
    assert_eq!(metadata.get("field").map(String::as_str), Some(field), "{what}: {status}");
    assert!(metadata.get("help").is_some_and(|help| !help.is_empty()), "{what}: {status}");
    let violations = &details.bad_request().unwrap().field_violations;
    assert_eq!(violations[0].field, field, "{what}: {status}");
}
