//! Webhooks against a real cluster, over HTTP/1.1 as senders speak it: what is signed starts one run, what is forged or was
//! sent before starts none.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common {
    pub(crate) mod http;
}

use std::time::{SystemTime, UNIX_EPOCH};

use common::http::send;
use gofer_tests::{Cluster, PATIENCE, eventually, pipeline, request_id, shell_task};
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::secret_service_client::SecretServiceClient;
use gofer_wire::api::v1::subscription_service_client::SubscriptionServiceClient;
use gofer_wire::model::v1 as model;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

const SECRET: &str = "a secret of the hook";

fn variable(name: &str, value: &str) -> model::Variable {
    model::Variable { name: name.to_owned(), value: value.to_owned() }
}

async fn set_secret(cluster: &Cluster, name: &str, value: &str) {
    let scope = model::SecretRef { namespace: "default".into(), name: name.into(), ..Default::default() };
    let request = api::SetSecretRequest { request_id: request_id(), secret: Some(scope), value: value.into() };
    SecretServiceClient::new(cluster.nodes[0].channel().unwrap()).set_secret(request).await.unwrap();
}

async fn subscribe(cluster: &Cluster, name: &str, spec: model::SubscriptionSpec) {
    let subscription =
        Some(model::SubscriptionRef { namespace: "default".into(), pipeline: "build".into(), name: name.into() });
    let request =
        api::CreateSubscriptionRequest { request_id: request_id(), subscription, spec: Some(spec), disabled: false };
    // Refused until all nodes have said that they know subscriptions.
    eventually("a subscription", PATIENCE, || async {
        let mut client = SubscriptionServiceClient::new(cluster.nodes[0].channel()?);
        Ok(client.create_subscription(request.clone()).await.map(Some)?)
    })
    .await
    .unwrap();
}

async fn started(size: usize) -> Cluster {
    let cluster = Cluster::start(size, &["--drivers", "process"]).await.unwrap();
    cluster.register(0, pipeline("build", vec![shell_task("t", "echo built $COMMIT", &[])])).await.unwrap();
    set_secret(&cluster, "hook", &format!("{SECRET}\n")).await;
    cluster
}

/// What a pipeline's runs were started with, oldest first.
async fn runs(cluster: &Cluster, node: usize) -> Vec<model::Run> {
    let pipeline = Some(model::PipelineRef { namespace: "default".into(), pipeline: "build".into() });
    let request = api::ListRunsRequest { pipeline, page_size: 1000, ..Default::default() };
    let mut runs = cluster.runs(node).unwrap().list_runs(request).await.unwrap().into_inner().runs;
    runs.reverse();
    runs
}

fn hmac(secret: &str, parts: &[&[u8]]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Posts a body; the status, and the answer.
fn post(address: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, Value) {
    let answer = send(address, "POST", path, headers, body);
    (answer.status, serde_json::from_str(&answer.body).unwrap_or(Value::Null))
}

/// A push as GitHub tells of it, as far as anybody looks at it.
fn push(branch: &str, commit: &str) -> Vec<u8> {
    let commit = json!({
        "ref": format!("refs/heads/{branch}"),
        "before": "6113728f27ae82c7b1a177c8d03f9e96e0adf246",
        "after": commit,
        "created": false, "deleted": false, "forced": false,
        "compare": "https://github.example/octo/hello/compare/6113728f27ae...59b20b8d5c6f",
        "commits": [{"id": commit, "message": "Say hello", "author": {"name": "Octo Cat", "email": "octo@example.org"},
                     "added": ["hello.txt"], "removed": [], "modified": []}],
        "head_commit": {"id": commit, "message": "Say hello", "author": {"name": "Octo Cat"}},
        "repository": {"id": 186_853_002, "name": "hello", "full_name": "octo/hello", "pushed_at": 1_557_933_565,
                       "clone_url": "https://github.example/octo/hello.git", "html_url": "https://github.example/octo/hello"},
        "pusher": {"name": "octo", "email": "octo@example.org"},
        "sender": {"login": "octo", "id": 21_031_067, "type": "User"},
    });
    commit.to_string().into_bytes()
}

fn github(
    cluster: &Cluster,
    node: usize,
    name: &str,
    event: &str,
    delivery: &str,
    secret: &str,
    body: &[u8],
) -> (u16, Value) {
    let signature = format!("sha256={}", hmac(secret, &[body]));
    let headers = [
        ("User-Agent", "GitHub-Hookshot/044aadd"),
        ("Content-Type", "application/json"),
        ("X-GitHub-Event", event),
        ("X-GitHub-Delivery", delivery),
        ("X-Hub-Signature-256", &signature),
    ];
    post(&cluster.nodes[node].address, &format!("/v1/hooks/default/build/{name}"), &headers, body)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_of_github_starts_one_run_and_a_forged_or_replayed_one_none() {
    let mut cluster = started(3).await;
    let spec = model::SubscriptionSpec {
        trigger: "github".into(),
        settings: vec![variable("secret", "hook")],
        filter: "payload.git.branch == 'main'".into(),
        expressions: vec![variable("COMMIT", "payload.after"), variable("WHO", "payload.pusher.name")],
        ..Default::default()
    };
    subscribe(&cluster, "github", spec).await;
    let first = push("main", "59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5");
    let (status, told) = github(&cluster, 1, "github", "push", "72d3162e-cc78-11e3-81ab-4c9367dc0958", SECRET, &first);
    assert_eq!(
        (status, &told["result"], &told["run"], &told["duplicate"]),
        (200, &json!("fired"), &json!(1), &json!(false))
    );

    // Forged: another secret, a body that was changed, no signature.
    let (status, told) = github(&cluster, 2, "github", "push", "a", "guessed", &first);
    assert_eq!((status, &told["error"]["reason"]), (401, &json!("UNAUTHENTICATED")), "{told}");
    let signature = format!("sha256={}", hmac(SECRET, &[&first]));
    let changed = push("main", "0000000000000000000000000000000000000001");
    let path = "/v1/hooks/default/build/github";
    let headers = [("X-GitHub-Event", "push"), ("X-Hub-Signature-256", signature.as_str())];
    assert_eq!(post(&cluster.nodes[0].address, path, &headers, &changed).0, 401);
    assert_eq!(post(&cluster.nodes[0].address, path, &headers[..1], &first).0, 401);

    // Replayed, on another node, with another delivery id, and after the leader has died.
    let leader = cluster.leader().await.unwrap();
    cluster.nodes[leader].kill();
    let other = cluster.other_than(leader);
    let replayed = eventually("the replayed request to be answered", PATIENCE, || async {
        let (status, told) = github(&cluster, other, "github", "push", "another", SECRET, &first);
        Ok((status != 503).then_some((status, told)))
    });
    let (status, told) = replayed.await.unwrap();
    assert_eq!((status, &told["run"], &told["duplicate"]), (200, &json!(1), &json!(true)), "{told}");

    // Another push counts; what the filter or the settings leave out does not.
    let (status, told) = github(&cluster, other, "github", "push", "b", SECRET, &changed);
    assert_eq!((status, &told["run"]), (200, &json!(2)), "{told}");
    let (status, told) = github(&cluster, other, "github", "push", "c", SECRET, &push("side", "1"));
    assert_eq!((status, &told["result"]), (200, &json!("filtered")), "{told}");
    let (status, told) = github(&cluster, other, "github", "ping", "d", SECRET, b"{\"zen\":\"Keep it simple.\"}");
    assert_eq!((status, &told["result"]), (200, &json!("ignored")), "{told}");

    let runs = runs(&cluster, other).await;
    assert_eq!(runs.len(), 2, "{runs:?}");
    let given = &runs[0].variables;
    assert!(given.contains(&variable("COMMIT", "59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5")), "{given:?}");
    assert!(given.contains(&variable("WHO", "octo")), "{given:?}");
    cluster.finished(other, runs[0].r#ref.as_ref().unwrap(), PATIENCE).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_webhook_counts_while_its_time_is_near_and_its_secret_is_known() {
    let cluster = started(1).await;
    set_secret(&cluster, "new-hook", "the next secret").await;
    let spec = model::SubscriptionSpec {
        trigger: "webhook".into(),
        settings: vec![variable("secret", "new-hook,hook")],
        expressions: vec![variable("COMMIT", "payload.commit")],
        ..Default::default()
    };
    subscribe(&cluster, "signed", spec).await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let send = |time: u64, secret: &str, body: &[u8]| {
        let signed = hmac(secret, &[time.to_string().as_bytes(), b".", body]);
        let header = format!("t={time},v1={signed}");
        let path = "/v1/hooks/default/build/signed";
        post(&cluster.nodes[0].address, path, &[("X-Gofer-Signature", &header)], body)
    };
    for (secret, run) in [(SECRET, 1), ("the next secret", 2)] {
        let (status, told) = send(now, secret, format!("{{\"commit\": \"c{run}\"}}").as_bytes());
        assert_eq!((status, &told["run"]), (200, &json!(run)), "{told}");
    }
    let (status, told) = send(now - 3600, SECRET, b"{\"commit\": \"late\"}");
    assert_eq!(status, 401, "{told}");
    let (status, told) = send(now, SECRET, b"{\"other\": 1}");
    assert_eq!((status, &told["result"]), (200, &json!("malformed")), "{told}");
    assert!(told["message"].as_str().unwrap().contains("commit"), "{told}");
    let (status, told) = send(now, SECRET, b"no json");
    assert_eq!((status, &told["error"]["reason"]), (400, &json!("INVALID_ARGUMENT")), "{told}");
    let (status, told) = send(now, SECRET, &vec![b'x'; 5 << 20]);
    assert_eq!(status, 413, "{told}");
    let (status, told) = post(&cluster.nodes[0].address, "/v1/hooks/default/build/nothing", &[], b"{}");
    assert_eq!(status, 404, "{told}");
    assert_eq!(post(&cluster.nodes[0].address, "/v1/hooks/default", &[], b"{}").0, 404);
    assert_eq!(runs(&cluster, 0).await.len(), 2);
}
