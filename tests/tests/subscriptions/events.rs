//! Events that people tell of: tested, taken once, filtered, malformed and refused.

use std::io::Write as _;
use std::process::Stdio;

use gofer_tests::{Cluster, PATIENCE, gofer, pipeline, printed, request_id, says, shell_task};
use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use serde_json::{Value, json};
use tonic::Code;

use super::support::{
    FAILED, REFUSED, WRONG_USAGE, call, check_fault, create, done, json_of, name, pairs, refused, start, subscriptions,
    to,
};

/// A pipeline with a subscription that looks at pushes.
async fn pushes(size: usize) -> Cluster {
    let cluster = start(size).await;
    let spec = model::SubscriptionSpec {
        filter: "event.kind == 'push' && payload.ref == 'refs/heads/main'".into(),
        expressions: pairs("COMMIT=payload.after"),
        variables: pairs("DEPTH=3"),
        labels: pairs("by=push"),
        ..to("manual")
    };
    create(&cluster, name("ci", "push"), spec).await.unwrap();
    cluster
}

/// `gofer trigger fire ci/push` with a payload.
fn fire(cluster: &Cluster, node: usize, payload: &Value, rest: &[&str]) -> gofer_tests::Printed {
    let file = cluster.path().join("payload.json");
    std::fs::write(&file, payload.to_string()).unwrap();
    let arguments = ["trigger", "fire", "ci/push", "--kind", "push", "--payload", file.to_str().unwrap()];
    call(cluster, node, &[&arguments[..], rest].concat())
}

fn push(branch: &str) -> Value {
    json!({"ref": format!("refs/heads/{branch}"), "after": "c0ffee", "repository": {"full_name": "gofer/ci"}})
}

fn events(cluster: &Cluster, node: usize) -> Vec<Value> {
    let listed = json_of(cluster, node, &["subscription", "events", "ci/push"]);
    listed["events"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_starts_one_run_however_often_it_is_told() {
    let cluster = pushes(3).await;
    let dry = fire(&cluster, 1, &push("main"), &["--key", "1", "--dry-run"]);
    assert_eq!(dry.code, Some(0), "{dry:?}");
    says(&dry.stdout, &["it would start a run of default/ci\n", "COMMIT=c0ffee\n", "DEPTH=3\n", "by=push\n"]);
    assert!(events(&cluster, 0).is_empty(), "nothing has changed");

    let fired = fire(&cluster, 2, &push("main"), &["--key", "1"]);
    assert_eq!((fired.code, fired.stdout.as_str()), (Some(0), "event 1 started run default/ci/1\n"), "{fired:?}");
    let again = fire(&cluster, 0, &push("other"), &["--key", "1"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert_eq!(again.stdout, "event 1 was taken before; it started run default/ci/1\n");
    let id = "0190a1b2-0000-7000-8000-000000000002";
    for _ in 0..2 {
        let twice = fire(&cluster, 1, &push("main"), &["--request-id", id]);
        let key = id.replace('-', "");
        assert_eq!(twice.stdout, format!("event {key} started run default/ci/2\n"), "{twice:?}");
    }

    let first = model::RunRef { namespace: "default".into(), pipeline: "ci".into(), run: 1 };
    let run = cluster.finished(0, &first, PATIENCE).await.unwrap();
    assert_eq!(run.variables, pairs("COMMIT=c0ffee DEPTH=3"));
    assert_eq!((run.labels, run.depth), (pairs("by=push"), 0));
    assert_eq!(run.subscription, Some(model::SubscriptionEvent { subscription: "push".into(), event: "1".into() }));
    says(&done(&cluster, 0, &["run", "get", "ci/1"]), &["by subscription push for event 1\n"]);
    says(&done(&cluster, 0, &["run", "list", "ci"]), &["subscription push for event 1"]);
    assert_eq!(events(&cluster, 2).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_starts_no_run_is_told_with_the_reason() {
    let cluster = pushes(1).await;
    let told = |key: &str, payload: &Value, words: &str| {
        let would = fire(&cluster, 0, payload, &["--dry-run"]);
        assert_eq!(would.code, FAILED, "{would:?}");
        says(&would.stdout, &["it would "]);
        let fired = fire(&cluster, 0, payload, &["--key", key]);
        assert_eq!(fired.code, FAILED, "{fired:?}");
        says(&fired.stdout, &[format!("event {key} "), words.to_owned()]);
    };
    told("other", &push("other"), "did not pass the filter");
    told(
        "none",
        &json!({"ref": "refs/heads/main"}),
        "is malformed: expressions.COMMIT: payload has no field \"after\"",
    );
    let null = call(&cluster, 0, &["trigger", "fire", "ci/push", "--kind", "push", "--key", "null"]);
    says(&null.stdout, &["event null is malformed: filter: "]);
    done(&cluster, 0, &["pipeline", "disable", "ci"]);
    told("late", &push("main"), "started no run: pipeline default/ci is disabled");
    done(&cluster, 0, &["pipeline", "enable", "ci"]);

    let taken = events(&cluster, 0);
    let told: Vec<_> = taken.iter().map(|taken| (taken["number"].as_u64(), taken["event"]["key"].as_str())).collect();
    let expected =
        [(Some(4), Some("late")), (Some(3), Some("null")), (Some(2), Some("none")), (Some(1), Some("other"))];
    assert_eq!(told, expected, "newest first");
    let results: Vec<_> = taken.iter().map(|taken| taken["event"]["result"].as_str().unwrap()).collect();
    assert_eq!(results, ["refused", "malformed", "malformed", "filtered"]);
    let text = done(&cluster, 0, &["subscription", "events", "ci/push", "--limit", "1"]);
    says(&text, &["late", "refused", "pipeline default/ci is disabled"]);
    assert!(!text.contains("null"), "{text}");
    let shown = done(&cluster, 0, &["subscription", "get", "ci/push"]);
    says(&shown, &["4, of which 0 have started runs", "refused: pipeline default/ci is disabled"]);

    done(&cluster, 0, &["subscription", "disable", "ci/push"]);
    let late = fire(&cluster, 0, &push("main"), &["--key", "later"]);
    assert_eq!(late.code, REFUSED, "{late:?}");
    says(&late.stderr, &["subscription default/ci/push is disabled", "enable it"]);
    let would = fire(&cluster, 0, &push("main"), &["--dry-run"]);
    assert_eq!(would.code, Some(0), "{would:?}");
    says(&would.stdout, &["it would start a run", "the subscription is disabled"]);
    assert_eq!(events(&cluster, 0).len(), 4, "what was refused as a whole is not taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_could_not_be_started_is_foreseen() {
    let cluster = pushes(1).await;
    let mut config = pipeline("deploy", vec![shell_task("t", "true", &[])]);
    let parameter =
        model::Parameter { name: "TARGET".into(), r#type: model::ParameterType::Text.into(), ..Default::default() };
    config.parameters = vec![parameter];
    cluster.register(0, config).await.unwrap();
    let spec = model::SubscriptionSpec { expressions: pairs("TARGET=payload.target"), ..to("manual") };
    create(&cluster, name("deploy", "by-hand"), spec).await.unwrap();
    let test = |payload: &str| {
        let event = api::EventInput { payload: payload.into(), ..Default::default() };
        let subscription = name("deploy", "by-hand");
        api::TestEventRequest { subscription, event: Some(event), ..Default::default() }
    };
    let tested = subscriptions(&cluster).test_event(test(r#"{"target": "a"}"#)).await.unwrap().into_inner();
    assert_eq!((tested.result(), tested.variables), (model::EventResult::Fired, pairs("TARGET=a")));
    done(&cluster, 0, &["pipeline", "disable", "deploy"]);
    let tested = subscriptions(&cluster).test_event(test(r#"{"target": "a"}"#)).await.unwrap().into_inner();
    assert_eq!((tested.result(), tested.refusal.as_str()), (model::EventResult::Refused, "FAILED_PRECONDITION"));
    assert_eq!(tested.message, "pipeline default/deploy is disabled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_tested_has_what_is_added_to_it() {
    let cluster = start(1).await;
    let spec = model::SubscriptionSpec {
        settings: pairs("secret=hook"),
        expressions: pairs("BRANCH=payload.git.branch"),
        ..to("github")
    };
    create(&cluster, name("ci", "push"), spec).await.unwrap();
    let dry = fire(&cluster, 0, &push("main"), &["--dry-run"]);
    assert_eq!(dry.code, Some(0), "{dry:?}");
    says(&dry.stdout, &["it would start a run of default/ci\n", "BRANCH=main\n"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_event_is_refused() {
    let cluster = pushes(1).await;
    let request = |event| api::FireEventRequest {
        request_id: request_id(),
        subscription: name("ci", "push"),
        event: Some(event),
    };
    let default = api::EventInput::default;
    for (field, event) in [
        ("event.payload", api::EventInput { payload: "{".into(), ..default() }),
        ("event.payload", api::EventInput { payload: format!("\"{}\"", "x".repeat(256 * 1024)), ..default() }),
        ("event.kind", api::EventInput { kind: "x".repeat(257), ..default() }),
        ("key", api::EventInput { key: "x".repeat(257), ..default() }),
        ("key", api::EventInput { key: "a\nb".into(), ..default() }),
        (
            "event.occurred_at",
            api::EventInput { occurred_at: Some(prost_types::Timestamp { seconds: -1, nanos: 0 }), ..default() },
        ),
    ] {
        let text = format!("{event:?}").chars().take(300).collect::<String>();
        let status = subscriptions(&cluster).fire_event(request(event.clone())).await.unwrap_err();
        check_fault(&status, field, &text);
        let test = api::TestEventRequest { subscription: name("ci", "push"), event: Some(event), ..Default::default() };
        check_fault(&subscriptions(&cluster).test_event(test).await.unwrap_err(), field, &text);
    }
    let ghost = api::FireEventRequest { subscription: name("ci", "ghost"), ..request(default()) };
    assert_eq!(subscriptions(&cluster).fire_event(ghost).await.unwrap_err().code(), Code::NotFound);
    let spec = model::SubscriptionSpec { settings: pairs("pipeline=ci"), ..to("pipeline") };
    create(&cluster, name("ci", "after"), spec).await.unwrap();
    refused(&cluster, &["trigger", "fire", "ci/after"], REFUSED, &["whose events are in the log"]);
    for (arguments, words) in [
        (["trigger", "fire", "ci/push", "--payload", "/nowhere/payload"], "can't read /nowhere/payload"),
        (["trigger", "fire", "push", "--payload", "-"], "PIPELINE/NAME"),
    ] {
        refused(&cluster, &arguments, WRONG_USAGE, &[words]);
    }
    assert!(events(&cluster, 0).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_in_pages_and_payloads_from_standard_input() {
    let cluster = pushes(1).await;
    for number in 1..=5 {
        let mut command = gofer(&["trigger", "fire", "ci/push", "--payload", "-", "-o", "json"]).unwrap();
        command.args(["--key", &number.to_string(), "--address", &cluster.nodes[0].address]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(push("main").to_string().as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(told["result"], "filtered", "it has no kind: {told}");
    }
    let mut request =
        api::ListTakenEventsRequest { subscription: name("ci", "push"), page_size: 2, ..Default::default() };
    let mut numbers = Vec::new();
    loop {
        let page = subscriptions(&cluster).list_taken_events(request.clone()).await.unwrap().into_inner();
        assert!(page.events.len() <= 2);
        for event in &page.events {
            assert_eq!(event.event.as_ref().unwrap().key, event.number.to_string());
        }
        numbers.extend(page.events.iter().map(|event| event.number));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(numbers, [5, 4, 3, 2, 1]);
    let other = api::ListTakenEventsRequest { subscription: name("ci", "other"), ..request };
    let status = subscriptions(&cluster).list_taken_events(other).await.unwrap_err();
    check_fault(&status, "page_token", "the token of another list");
    let limited = printed(
        gofer(&["subscription", "events", "ci/push", "--limit", "3", "--address", &cluster.nodes[0].address])
            .unwrap()
            .arg("-ojson"),
    );
    let limited: Value = serde_json::from_str(&limited.unwrap().stdout).unwrap();
    assert_eq!(limited["events"].as_array().unwrap().len(), 3, "{limited}");
}
