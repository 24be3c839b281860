//! Triggers and subscriptions of a real cluster, by its command line and its API: how they come, change and go, what is
//! refused with which words, and what becomes of events that people tell of.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod subscriptions {
    pub(crate) mod events;
    pub(crate) mod support;
    pub(crate) mod triggers;
}

use gofer_tests::{gofer, pipeline, printed, request_id, says, shell_task};
use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use serde_json::{Value, json};
use subscriptions::support::{
    REFUSED, WRONG_USAGE, check_fault, create, done, json_of, name, pairs, refused, start, subscriptions, to,
};
use tonic::Code;
use tonic_types::StatusExt as _;

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_comes_changes_and_goes_on_whichever_node_is_asked() {
    let cluster = start(3).await;
    let filter = "payload.ref == 'refs/heads/main'";
    let arguments =
        ["subscription", "create", "ci/push", "--trigger", "github", "--set", "secret=hook", "--filter", filter];
    let rest = ["--expression", "COMMIT=payload.after", "-v", "DEPTH=3", "--label", "team=a", "--priority", "-5"];
    let told = done(&cluster, 1, &[&arguments[..], &rest, &["--note", "by a push"]].concat());
    says(&told, &["created subscription default/ci/push\n"]);

    let shown = json_of(&cluster, 2, &["subscription", "get", "ci/push"]);
    assert_eq!(shown["hook_path"], "/v1/hooks/default/ci/push", "{shown}");
    let made = &shown["subscription"];
    let spec = &made["spec"];
    assert_eq!((&spec["trigger"], &spec["filter"]), (&json!("github"), &json!(filter)), "{made}");
    assert_eq!((&spec["settings"], &spec["labels"]), (&json!({"secret": "hook"}), &json!({"team": "a"})), "{made}");
    assert_eq!(spec["expressions"], json!({"COMMIT": "payload.after"}), "{made}");
    assert_eq!((&spec["variables"], &spec["priority"]), (&json!({"DEPTH": "3"}), &json!(-5)), "{made}");
    assert_eq!(made["enabled"], true, "{made}");
    let text = done(&cluster, 0, &["subscription", "get", "ci/push"]);
    says(&text, &["/v1/hooks/default/ci/push", "secret=hook", filter, "COMMIT=payload.after", "DEPTH=3", "by a push"]);

    says(&done(&cluster, 0, &["subscription", "disable", "ci/push"]), &["disabled subscription default/ci/push"]);
    let paused = json_of(&cluster, 1, &["subscription", "get", "ci/push"])["subscription"].clone();
    assert_eq!((&paused["enabled"], &paused["generation"]), (&json!(false), &made["generation"]), "{paused}");
    let change = ["subscription", "update", "ci/push", "--filter", "", "--expression", "REF=payload.ref"];
    let rest = ["--remove-expression", "COMMIT", "--set", "events=push,release", "--remove-variable", "DEPTH"];
    says(&done(&cluster, 1, &[&change[..], &rest].concat()), &["updated subscription default/ci/push"]);
    let changed = json_of(&cluster, 2, &["subscription", "get", "ci/push"])["subscription"].clone();
    let mut expected = spec.clone();
    expected["filter"] = json!("");
    expected["expressions"] = json!({"REF": "payload.ref"});
    expected["settings"] = json!({"secret": "hook", "events": "push,release"});
    expected["variables"] = json!({});
    assert_eq!(changed["spec"], expected, "nothing else has changed");
    assert!(changed["generation"].as_u64() > made["generation"].as_u64(), "{changed}");
    done(&cluster, 2, &["subscription", "enable", "ci/push"]);

    says(&done(&cluster, 1, &["subscription", "list", "ci"]), &["default/ci/push", "github", "enabled"]);
    let kept = ["pipeline", "delete", "ci"];
    refused(&cluster, &kept, REFUSED, &["pipeline default/ci has 1 subscription\n", "delete its subscriptions first"]);
    let gone = done(&cluster, 2, &["subscription", "delete", "ci/push"]);
    says(&gone, &["deleted subscription default/ci/push"]);
    let get = ["subscription", "get", "ci/push"];
    refused(&cluster, &get, REFUSED, &["subscription default/ci/push does not exist"]);
    assert_eq!(json_of(&cluster, 0, &["subscription", "list"]), json!({"subscriptions": []}));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_refused_with_its_field_and_what_would_do() {
    let cluster = start(1).await;
    let manual = || to("manual");
    let expressions = |text: &str| model::SubscriptionSpec { expressions: pairs(text), ..manual() };
    let settings = |trigger: &str, text: &str| model::SubscriptionSpec { settings: pairs(text), ..to(trigger) };
    let filter = |text: &str| model::SubscriptionSpec { filter: text.into(), ..manual() };
    let twice = [pairs("A=1"), pairs("A=2")].concat();
    let wrong = [
        ("filter", filter("payload.ref ==")),
        ("filter", filter("nothing.ref == 1")),
        ("filter", filter(&"1".repeat(5_000))),
        ("expressions.A", expressions("A=payload.")),
        ("variables.A", expressions(&format!("A={}", "1".repeat(5_000)))),
        ("expressions", model::SubscriptionSpec { expressions: twice.clone(), ..manual() }),
        ("settings", model::SubscriptionSpec { settings: twice, ..manual() }),
        ("variables.A", model::SubscriptionSpec { variables: pairs("A=1"), ..expressions("A=payload.a") }),
        ("settings.secret", to("github")),
        ("settings.secrets", settings("github", "secret=hook secrets=hook")),
        ("settings.every", settings("git", "url=https://example.org/a.git every=1x")),
        ("settings.x", settings("manual", "x=1")),
        ("trigger", to("")),
        ("trigger", to("-x")),
        ("priority", model::SubscriptionSpec { priority: 101, ..manual() }),
    ];
    for (field, spec) in wrong {
        let text = format!("{spec:?}").chars().take(300).collect::<String>();
        let status = create(&cluster, name("ci", "s"), spec).await.unwrap_err();
        check_fault(&status, field, &text);
    }
    check_fault(&create(&cluster, name("ci", "-s"), manual()).await.unwrap_err(), "name", "a name");
    let none = api::CreateSubscriptionRequest { subscription: name("ci", "s"), ..Default::default() };
    check_fault(&subscriptions(&cluster).create_subscription(none).await.unwrap_err(), "spec", "no spec");
    let listed = json_of(&cluster, 0, &["subscription", "list"]);
    assert_eq!(listed, json!({"subscriptions": []}), "what was refused has left nothing");

    let create = |name: &str, trigger: &str| -> Vec<String> {
        ["subscription", "create", name, "--trigger", trigger].map(str::to_owned).to_vec()
    };
    for (name, trigger, code, words) in [
        ("ci/s", "jira", REFUSED, "trigger jira is not installed"),
        ("ghost/s", "manual", REFUSED, "pipeline default/ghost does not exist"),
        ("ci/s", "github", REFUSED, "the trigger needs the setting \"secret\""),
        ("s", "manual", WRONG_USAGE, "PIPELINE/NAME"),
    ] {
        let arguments = create(name, trigger);
        refused(&cluster, &arguments.iter().map(String::as_str).collect::<Vec<_>>(), code, &[words]);
    }
    done(&cluster, 0, &["subscription", "create", "ci/s", "--trigger", "manual", "--disabled"]);
    for (arguments, code, words) in [
        (&["subscription", "create", "ci/s", "--trigger", "manual"][..], REFUSED, "exists already"),
        (&["subscription", "update", "ci/s"], WRONG_USAGE, "there is nothing to change"),
        (&["subscription", "update", "ci/s", "--filter", "a.b"], REFUSED, "filter"),
        (&["subscription", "enable", "ci/ghost"], REFUSED, "subscription default/ci/ghost does not exist"),
        (&["subscription", "events", "ci/ghost"], REFUSED, "subscription default/ci/ghost does not exist"),
        (&["subscription", "list", "ghost"], REFUSED, "pipeline default/ghost does not exist"),
        (&["subscription", "list", "-n", "ghost"], REFUSED, "namespace ghost does not exist"),
        (&["subscription", "list", "--trigger", "_x"], REFUSED, "it starts with neither a letter nor a digit"),
    ] {
        refused(&cluster, arguments, code, &[words]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_what_somebody_else_has_changed_is_refused_or_tried_again() {
    let cluster = start(1).await;
    create(&cluster, name("ci", "s"), to("manual")).await.unwrap();
    let get = api::GetSubscriptionRequest { subscription: name("ci", "s"), ..Default::default() };
    let made = subscriptions(&cluster).get_subscription(get).await.unwrap().into_inner().subscription.unwrap();
    let generation = made.subscription.unwrap().generation;
    let update = |filter: &str, generation| api::UpdateSubscriptionRequest {
        request_id: request_id(),
        subscription: name("ci", "s"),
        spec: Some(model::SubscriptionSpec { filter: filter.into(), ..to("manual") }),
        generation,
    };
    subscriptions(&cluster).update_subscription(update("true", generation)).await.unwrap();
    let late = subscriptions(&cluster).update_subscription(update("false", generation)).await.unwrap_err();
    assert_eq!(late.code(), Code::FailedPrecondition, "{late}");
    assert_eq!(late.get_error_details().error_info().unwrap().metadata["field"], "generation", "{late}");
    let again = update("false", 0);
    let first = subscriptions(&cluster).update_subscription(again.clone()).await.unwrap().into_inner();
    let repeated = subscriptions(&cluster).update_subscription(again).await.unwrap().into_inner();
    assert_eq!(first.header, repeated.header, "a repeat has the first answer");
    let other = api::UpdateSubscriptionRequest { spec: Some(to("webhook")), ..update("", 0) };
    let other = subscriptions(&cluster).update_subscription(other).await.unwrap_err();
    assert!(!other.message().is_empty() && other.code() != Code::Ok, "the trigger stays: {other}");

    for round in 0..4 {
        let change = |who: &str| {
            let value = format!("{who}{round}=1");
            let mut command = gofer(&["subscription", "update", "ci/s", "-v", &value]).unwrap();
            command.args(["--address", &cluster.nodes[0].address]);
            std::thread::spawn(move || printed(&mut command).unwrap())
        };
        for other in [change("A"), change("B")] {
            let printed = other.join().unwrap();
            assert_eq!(printed.code, Some(0), "{printed:?}");
        }
    }
    let shown = json_of(&cluster, 0, &["subscription", "get", "ci/s"]);
    let variables = shown["subscription"]["spec"]["variables"].as_object().unwrap().len();
    assert_eq!(variables, 8, "no change is lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_comes_in_pages_of_a_pipeline_or_of_a_trigger() {
    let cluster = start(1).await;
    cluster.register(0, pipeline("deploy", vec![shell_task("t", "true", &[])])).await.unwrap();
    let all = [("ci", "a"), ("ci", "b"), ("ci", "c"), ("deploy", "a"), ("deploy", "b")];
    for (pipeline, subscription) in all.iter().rev() {
        let spec = if *subscription == "b" {
            model::SubscriptionSpec { settings: pairs("pipeline=ci"), ..to("pipeline") }
        } else {
            to("manual")
        };
        create(&cluster, name(pipeline, subscription), spec).await.unwrap();
    }
    let of = |namespace: &str, pipeline: &str| {
        Some(model::PipelineRef { namespace: namespace.into(), pipeline: pipeline.into() })
    };
    let manual = [all[0], all[2], all[3]];
    for (scope, trigger, expected) in [
        (None, "", &all[..]),
        (of("default", ""), "", &all),
        (of("default", "ci"), "", &all[..3]),
        (None, "manual", &manual),
        (of("default", "ci"), "manual", &manual[..2]),
        (of("default", ""), "pipeline", &[all[1], all[4]]),
        (None, "github", &[]),
    ] {
        let mut request = api::ListSubscriptionsRequest {
            pipeline: scope,
            trigger: trigger.into(),
            page_size: 2,
            ..Default::default()
        };
        let mut listed = Vec::new();
        loop {
            let page = subscriptions(&cluster).list_subscriptions(request.clone()).await.unwrap().into_inner();
            assert!(page.subscriptions.len() <= 2);
            listed.extend(page.subscriptions.into_iter().map(|info| info.subscription.unwrap().r#ref.unwrap()));
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        let listed: Vec<_> = listed.iter().map(|name| (name.pipeline.as_str(), name.name.as_str())).collect();
        assert_eq!(listed, expected, "{trigger}");
        if !request.page_token.is_empty() {
            let other = api::ListSubscriptionsRequest { pipeline: of("default", "deploy"), ..request };
            let status = subscriptions(&cluster).list_subscriptions(other).await.unwrap_err();
            check_fault(&status, "page_token", "the token of another list");
        }
    }
    let listed: Value = json_of(&cluster, 0, &["subscription", "list", "--trigger", "pipeline"]);
    assert_eq!(listed["subscriptions"].as_array().unwrap().len(), 2, "{listed}");
}
