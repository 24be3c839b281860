//! The triggers whose events are in the log: what runs do, what becomes of objects, and any event; each starts one run,
//! whoever leads.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::collections::BTreeMap;

use gofer_tests::{Cluster, PATIENCE, eventually, gofer, pipeline, printed, request_id, shell_task};
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::subscription_service_client::SubscriptionServiceClient;
use gofer_wire::model::v1 as model;

fn variable(name: &str, value: &str) -> model::Variable {
    model::Variable { name: name.to_owned(), value: value.to_owned() }
}

fn spec(trigger: &str, settings: &[(&str, &str)], expressions: &[(&str, &str)]) -> model::SubscriptionSpec {
    let all = |pairs: &[(&str, &str)]| pairs.iter().map(|(name, value)| variable(name, value)).collect();
    model::SubscriptionSpec {
        trigger: trigger.into(),
        settings: all(settings),
        expressions: all(expressions),
        ..Default::default()
    }
}

async fn subscribe(cluster: &Cluster, pipeline: &str, name: &str, spec: model::SubscriptionSpec) {
    let subscription =
        Some(model::SubscriptionRef { namespace: "default".into(), pipeline: pipeline.into(), name: name.into() });
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

async fn runs(cluster: &Cluster, node: usize, pipeline: &str) -> anyhow::Result<Vec<model::Run>> {
    let pipeline = Some(model::PipelineRef { namespace: "default".into(), pipeline: pipeline.into() });
    let request = api::ListRunsRequest { pipeline, page_size: 1000, ..Default::default() };
    let mut runs = cluster.runs(node)?.list_runs(request).await?.into_inner().runs;
    runs.reverse();
    Ok(runs)
}

async fn wait_runs(cluster: &Cluster, node: usize, pipeline: &str, count: usize) -> Vec<model::Run> {
    let what = format!("{count} runs of {pipeline}");
    let found = eventually(&what, PATIENCE, || async {
        let found = runs(cluster, node, pipeline).await?;
        anyhow::ensure!(found.len() >= count, "there are {}", found.len());
        Ok(Some(found))
    });
    let found = found.await.unwrap();
    assert_eq!(found.len(), count, "{pipeline}: {found:?}");
    found
}

fn value<'a>(run: &'a model::Run, name: &str) -> &'a str {
    run.variables.iter().find(|variable| variable.name == name).map_or("", |variable| &variable.value)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_starts_another_with_what_it_knows_and_a_chain_ends() {
    let cluster = Cluster::start(1, &["--drivers", "process"]).await.unwrap();
    for name in ["build", "deploy", "tell"] {
        cluster.register(0, pipeline(name, vec![shell_task("t", "test \"$FAIL\" != yes", &[])])).await.unwrap();
    }
    let expressions = [("OF", "string(payload.run)"), ("STATUS", "payload.status"), ("TASK", "payload.tasks.t.status")];
    subscribe(&cluster, "deploy", "after", spec("pipeline", &[("pipeline", "build")], &expressions)).await;
    let on = [("pipeline", "build"), ("on", "failed, cancelled")];
    subscribe(&cluster, "tell", "badly", spec("pipeline", &on, &expressions)).await;
    subscribe(&cluster, "tell", "itself", spec("pipeline", &[("pipeline", "tell")], &[])).await;
    for (number, fails) in ["no", "yes", "no"].into_iter().enumerate() {
        let run = cluster.start_run(0, "build", &[("FAIL", fails)]).await.unwrap();
        assert_eq!(run.run, number as u64 + 1);
        cluster.finished(0, &run, PATIENCE).await.unwrap();
    }
    let deployed = wait_runs(&cluster, 0, "deploy", 2).await;
    let mut of: Vec<&str> = deployed.iter().map(|run| value(run, "OF")).collect();
    of.sort_unstable();
    assert_eq!(of, ["1", "3"]);
    assert_eq!((value(&deployed[0], "STATUS"), value(&deployed[0], "TASK")), ("succeeded", "succeeded"));
    let about = deployed[0].subscription.as_ref().unwrap();
    assert_eq!(about.subscription, "after");

    // The run that failed is told of, and then each that tells starts the next one, until the chain is too long.
    let told = wait_runs(&cluster, 0, "tell", 8).await;
    assert_eq!((value(&told[0], "OF"), value(&told[0], "STATUS")), ("2", "failed"));
    let last = told.last().unwrap().r#ref.clone().unwrap();
    cluster.finished(0, &last, PATIENCE).await.unwrap();
    let skipped = eventually("the chain to end", PATIENCE, || async {
        let mut client = SubscriptionServiceClient::new(cluster.nodes[0].channel()?);
        let subscription = Some(model::SubscriptionRef {
            namespace: "default".into(),
            pipeline: "tell".into(),
            name: "itself".into(),
        });
        let request = api::GetSubscriptionRequest { subscription, ..Default::default() };
        let shown = client.get_subscription(request).await?.into_inner().subscription.unwrap_or_default();
        Ok(shown.subscription.unwrap_or_default().last_skipped)
    });
    let skipped = skipped.await.unwrap();
    assert_eq!(skipped.result(), model::EventResult::Refused, "{skipped:?}");
    assert!(skipped.message.contains("runs have started one another"), "{skipped:?}");
    assert_eq!(runs(&cluster, 0, "tell").await.unwrap().len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_and_any_other_events_start_runs() {
    let cluster = Cluster::start(1, &["--drivers", "process"]).await.unwrap();
    for name in ["import", "watch"] {
        cluster.register(0, pipeline(name, vec![shell_task("t", "true", &[])])).await.unwrap();
    }
    let expressions = [("KEY", "payload.key"), ("BYTES", "string(payload.bytes)")];
    subscribe(&cluster, "import", "inbox", spec("object", &[("prefix", "in/")], &expressions)).await;
    let kinds = [("kinds", "pipeline_disabled,schedule_created")];
    subscribe(&cluster, "watch", "config", spec("event", &kinds, &[("KIND", "event.kind")])).await;
    let file = cluster.path().join("file");
    std::fs::write(&file, "12345").unwrap();
    for key in ["in/a", "out/b", "in/c"] {
        let put = [
            "--address",
            &cluster.nodes[0].address,
            "object",
            "put",
            key,
            file.to_str().unwrap(),
            "--pipeline",
            "import",
        ];
        let printed = printed(&mut gofer(&put).unwrap()).unwrap();
        assert_eq!(printed.code, Some(0), "{printed:?}");
    }
    let made = ["--address", &cluster.nodes[0].address, "schedule", "create", "watch/s", "0 0 1 1 *"];
    let printed = printed(&mut gofer(&made).unwrap()).unwrap();
    assert_eq!(printed.code, Some(0), "{printed:?}");
    let imported = wait_runs(&cluster, 0, "import", 2).await;
    let given: Vec<_> = imported.iter().map(|run| (value(run, "KEY"), value(run, "BYTES"))).collect();
    assert_eq!(given, [("in/a", "5"), ("in/c", "5")]);
    let seen = wait_runs(&cluster, 0, "watch", 1).await;
    assert_eq!(value(&seen[0], "KIND"), "schedule_created");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_end_of_a_run_starts_one_run_while_leaders_die() {
    const RUNS: usize = 60;
    let mut cluster = Cluster::start(3, &["--drivers", "process"]).await.unwrap();
    let mut parked = pipeline("first", vec![shell_task("wait", "true", &[])]);
    parked.tasks[0].constraints = vec![variable("nowhere", "1")];
    let then = model::PipelineConfig { id: "then".into(), ..parked.clone() };
    cluster.register(0, parked).await.unwrap();
    cluster.register(0, then).await.unwrap();
    let on = [("pipeline", "first"), ("on", "cancelled")];
    subscribe(&cluster, "then", "after", spec("pipeline", &on, &[("OF", "string(payload.run)")])).await;
    for number in 0..RUNS {
        if number % 15 == 7 {
            let leader = cluster.leader().await.unwrap();
            cluster.nodes[leader].kill();
            cancelled(&cluster, cluster.other_than(leader)).await;
            cluster.restart(leader).await.unwrap();
        } else {
            cancelled(&cluster, number % 3).await;
        }
    }
    let ended: usize = runs(&cluster, 0, "first").await.unwrap().len();
    let started = wait_runs(&cluster, 0, "then", ended).await;
    let mut each = BTreeMap::new();
    for run in &started {
        *each.entry(value(run, "OF").to_owned()).or_insert(0) += 1;
    }
    assert!(ended >= RUNS && each.len() == ended && each.values().all(|count| *count == 1), "{each:?}");
}

/// Starts a run that can't go on, and cancels it.
async fn cancelled(cluster: &Cluster, node: usize) {
    let pipeline = Some(model::PipelineRef { namespace: "default".into(), pipeline: "first".into() });
    let start = api::StartRunRequest { request_id: request_id(), pipeline, ..Default::default() };
    let run = eventually("a run", PATIENCE, || async {
        Ok(cluster.runs(node)?.start_run(start.clone()).await?.into_inner().run)
    });
    let cancel =
        api::CancelRunRequest { request_id: request_id(), run: Some(run.await.unwrap()), ..Default::default() };
    eventually("its end", PATIENCE, || async { Ok(cluster.runs(node)?.cancel_run(cancel.clone()).await.map(Some)?) })
        .await
        .unwrap();
}
