//! Conditions under which somebody is told: streaks, rates, recoveries, runs that last, tasks, and slots for which nothing was
//! started. Each is told by one run, while leaders die, and while there is none.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::collections::BTreeMap;
use std::time::Duration;

use gofer_tests::{Cluster, PATIENCE, eventually, pipeline, request_id, shell_task};
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::event_service_client::EventServiceClient;
use gofer_wire::api::v1::schedule_service_client::ScheduleServiceClient;
use gofer_wire::api::v1::subscription_service_client::SubscriptionServiceClient;
use gofer_wire::log::v1 as log;
use gofer_wire::log::v1::event::Kind;
use gofer_wire::model::v1 as model;
use prost::Message as _;
use tokio::time::sleep;

fn variable(name: &str, value: &str) -> model::Variable {
    model::Variable { name: name.to_owned(), value: value.to_owned() }
}

/// A pipeline whose runs start and do nothing, until they are cancelled.
fn parked(name: &str) -> model::PipelineConfig {
    let mut parked = pipeline(name, vec![shell_task("wait", "true", &[])]);
    parked.tasks[0].constraints = vec![variable("nowhere", "1")];
    parked
}

/// Starts a run of `tell` for what the trigger tells; it is told by the name of the subscription.
async fn subscribe(
    cluster: &Cluster,
    name: &str,
    trigger: &str,
    settings: &[(&str, &str)],
    expressions: &[(&str, &str)],
) {
    let all = |pairs: &[(&str, &str)]| pairs.iter().map(|(name, value)| variable(name, value)).collect();
    let subscription =
        Some(model::SubscriptionRef { namespace: "default".into(), pipeline: "tell".into(), name: name.into() });
    let spec = model::SubscriptionSpec {
        trigger: trigger.into(),
        settings: all(settings),
        expressions: all(expressions),
        ..Default::default()
    };
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

/// Starts three nodes with pipelines whose runs go on.
async fn start(parked_ones: &[&str]) -> Cluster {
    let cluster = Cluster::start(3, &["--drivers", "process"]).await.unwrap();
    for name in ["tell"].iter().chain(parked_ones) {
        cluster.register(0, parked(name)).await.unwrap();
    }
    cluster
}

/// Kills the leader, and starts it again on its data.
async fn replace_leader(cluster: &mut Cluster) {
    let leader = cluster.leader().await.unwrap();
    cluster.nodes[leader].kill();
    cluster.leader().await.unwrap();
    cluster.restart(leader).await.unwrap();
}

async fn start_run(cluster: &Cluster, node: usize, name: &str, variables: &[(&str, &str)]) -> model::RunRef {
    let pipeline = Some(model::PipelineRef { namespace: "default".into(), pipeline: name.into() });
    let variables = variables.iter().map(|(name, value)| variable(name, value)).collect();
    let start = api::StartRunRequest { request_id: request_id(), pipeline, variables, ..Default::default() };
    let started = eventually("a run", PATIENCE, || async {
        Ok(cluster.runs(node)?.start_run(start.clone()).await?.into_inner().run)
    });
    started.await.unwrap()
}

async fn cancel(cluster: &Cluster, node: usize, run: &model::RunRef) {
    let request = api::CancelRunRequest { request_id: request_id(), run: Some(run.clone()), ..Default::default() };
    eventually("its end", PATIENCE, || async { Ok(cluster.runs(node)?.cancel_run(request.clone()).await.map(Some)?) })
        .await
        .unwrap();
}

/// What a subscription has started, in order.
async fn told(cluster: &Cluster, subscription: &str) -> anyhow::Result<Vec<model::Run>> {
    let pipeline = Some(model::PipelineRef { namespace: "default".into(), pipeline: "tell".into() });
    let request = api::ListRunsRequest { pipeline, page_size: 1000, ..Default::default() };
    let runs = cluster.runs(0)?.list_runs(request).await?.into_inner().runs;
    let of = |run: &model::Run| run.subscription.as_ref().is_some_and(|of| of.subscription == subscription);
    Ok(runs.into_iter().filter(of).rev().collect())
}

fn values(runs: &[model::Run], name: &str) -> Vec<String> {
    let value = |run: &model::Run| {
        run.variables.iter().find(|variable| variable.name == name).map_or(String::new(), |it| it.value.clone())
    };
    runs.iter().map(value).collect()
}

/// Waits until a subscription has told this. It must never tell more.
async fn wait_told(cluster: &Cluster, subscription: &str, name: &str, expected: &[String]) -> Vec<model::Run> {
    let what = format!("what {subscription} tells");
    let found = eventually(&what, PATIENCE, || async {
        let told = told(cluster, subscription).await?;
        anyhow::ensure!(told.len() >= expected.len(), "{:?} of {expected:?}", values(&told, name));
        Ok(Some(told))
    });
    let found = found.await.unwrap();
    assert_eq!(values(&found, name), expected, "{subscription}");
    found
}

/// All events of the log.
async fn events(cluster: &Cluster) -> anyhow::Result<Vec<(u64, Kind)>> {
    let mut client = EventServiceClient::new(cluster.nodes[0].channel()?);
    let request = api::WatchRequest { from_revision: 1, stop_at_end: true, ..Default::default() };
    let mut stream = client.watch(request).await?.into_inner();
    let mut all = Vec::new();
    while let Some(response) = stream.message().await? {
        for envelope in response.events {
            let kind = log::Event::decode(envelope.payload)?.kind;
            all.extend(kind.map(|kind| (envelope.revision, kind)));
        }
    }
    Ok(all)
}

/// Which of these runs are told, when each has failed or not.
fn naive(failed: &[bool], counts: impl Fn(&[bool]) -> bool) -> Vec<String> {
    (1..=failed.len()).filter(|run| counts(&failed[..*run])).map(|run| run.to_string()).collect()
}

fn streak(ends: &[bool], of: bool) -> usize {
    ends.iter().rev().take_while(|failed| **failed == of).count()
}

fn is_often(ends: &[bool]) -> bool {
    let newest = &ends[ends.len().saturating_sub(6)..];
    newest.len() == 6 && newest.iter().filter(|failed| **failed).count() >= 3
}

#[tokio::test(flavor = "multi_thread")]
async fn streaks_rates_and_recoveries_are_told_once_while_leaders_die() {
    /// Of 38 runs those that fail.
    const ENDS: &str = "xxx.xx..x.xxxx......xx.xxx..x......xxx";
    let mut cluster = start(&[]).await;
    let work = pipeline("work", vec![shell_task("t", "test \"$FAIL\" != yes", &[])]);
    cluster.register(0, work).await.unwrap();
    let run = ("RUN", "string(payload.run)");
    let row = ("ROW", "string(payload.in_a_row)");
    subscribe(&cluster, "three", "pipeline", &[("pipeline", "work"), ("in-a-row", "3")], &[run, row]).await;
    let rate = [run, ("FAILED", "string(payload.rate.failed)"), ("KIND", "event.kind")];
    subscribe(&cluster, "often", "pipeline", &[("pipeline", "work"), ("rate", "50%/6")], &rate).await;
    let back = [("pipeline", "work"), ("in-a-row", "2"), ("on", "recovered")];
    subscribe(&cluster, "back", "pipeline", &back, &[run, ("BEFORE", "string(payload.failures_before)")]).await;
    let task = [("pipeline", "work"), ("task", "t*"), ("on", "failed")];
    subscribe(&cluster, "task", "task", &task, &[run, ("TASK", "payload.task"), ("CODE", "string(payload.exit_code)")])
        .await;

    let failed: Vec<bool> = ENDS.bytes().map(|end| end == b'x').collect();
    for (number, fails) in failed.iter().enumerate() {
        let node = number % 3;
        let run = start_run(&cluster, node, "work", &[("FAIL", if *fails { "yes" } else { "no" })]).await;
        if number % 12 == 7 {
            replace_leader(&mut cluster).await;
        }
        cluster.finished(node, &run, PATIENCE).await.unwrap();
    }
    wait_told(&cluster, "task", "RUN", &naive(&failed, |ends| streak(ends, true) > 0)).await;
    let three = naive(&failed, |ends| streak(ends, true) == 3);
    let often = naive(&failed, |ends| is_often(ends) && !is_often(&ends[..ends.len() - 1]));
    let back = naive(&failed, |ends| streak(ends, false) == 1 && streak(&ends[..ends.len() - 1], true) >= 2);
    assert!(three.len() > 1 && often.len() > 1 && back.len() > 1, "{failed:?}");
    let three = wait_told(&cluster, "three", "RUN", &three).await;
    assert!(values(&three, "ROW").iter().all(|row| row == "3"), "{three:?}");
    let often = wait_told(&cluster, "often", "RUN", &often).await;
    assert!(values(&often, "KIND").iter().all(|kind| kind == "rate"), "{often:?}");
    let back = wait_told(&cluster, "back", "RUN", &back).await;
    assert!(values(&back, "BEFORE").iter().all(|before| before.parse::<usize>().unwrap() >= 2), "{back:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_lasts_is_told_once_while_leaders_die_and_while_there_is_none() {
    let mut cluster = start(&["slow"]).await;
    let before = start_run(&cluster, 0, "slow", &[]).await;
    let expressions = [("RUN", "string(payload.run)"), ("STATUS", "payload.status"), ("KIND", "event.kind")];
    subscribe(&cluster, "long", "pipeline", &[("pipeline", "slow"), ("longer-than", "4s")], &expressions).await;

    // Some become long while leaders die; one ends before it would.
    let mut runs = vec![before];
    for number in 0..6 {
        runs.push(start_run(&cluster, number % 3, "slow", &[]).await);
    }
    let short = runs.pop().unwrap();
    cancel(&cluster, 0, &short).await;
    replace_leader(&mut cluster).await;
    replace_leader(&mut cluster).await;
    let expected: Vec<String> = runs.iter().map(|run| run.run.to_string()).collect();
    let told = wait_told(&cluster, "long", "RUN", &expected).await;
    assert!(values(&told, "STATUS").iter().all(|status| status == "running"), "{told:?}");
    assert!(values(&told, "KIND").iter().all(|kind| kind == "long"), "{told:?}");

    // One becomes long while nobody leads.
    let unseen = start_run(&cluster, 0, "slow", &[]).await;
    let leader = cluster.leader().await.unwrap();
    let other = cluster.other_than(leader);
    cluster.nodes[leader].kill();
    cluster.nodes[other].kill();
    // The time that must pass is what is tested: it is no wait for something to happen.
    sleep(Duration::from_secs(5)).await;
    cluster.restart(leader).await.unwrap();
    cluster.restart(other).await.unwrap();
    let expected = [expected, vec![unseen.run.to_string()]].concat();
    wait_told(&cluster, "long", "RUN", &expected).await;

    // Their ends tell of them again, which changes nothing: what comes after is told, and nothing else.
    for run in runs.iter().chain([&unseen]) {
        cancel(&cluster, 0, run).await;
    }
    let last = start_run(&cluster, 0, "slow", &[]).await;
    let expected = [expected, vec![last.run.to_string()]].concat();
    wait_told(&cluster, "long", "RUN", &expected).await;
    let keys: Vec<String> = events(&cluster)
        .await
        .unwrap()
        .into_iter()
        .flat_map(|(_, kind)| match kind {
            Kind::EventsTaken(taken) => taken.taken,
            _ => Vec::new(),
        })
        .filter(|event| event.duplicate_of == 0)
        .map(|event| event.key)
        .collect();
    let short = format!("long:default/slow/{}", short.run);
    assert!(keys.len() == expected.len() && !keys.contains(&short), "{keys:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn slots_that_are_missed_or_refused_are_told_once_each_while_leaders_die() {
    let mut cluster = start(&["clock"]).await;
    let mut forbids = parked("busy");
    forbids.overlap = model::OverlapPolicy::Forbid.into();
    cluster.register(0, forbids).await.unwrap();
    let slots = [("WHY", "payload.slots[0].reason"), ("FIRST", "payload.slots[0].first")];
    subscribe(&cluster, "missed", "schedule", &[("pipeline", "clock")], &slots).await;
    subscribe(&cluster, "refused", "schedule", &[("pipeline", "busy"), ("on", "refused")], &slots).await;
    subscribe(&cluster, "off", "schedule", &[("pipeline", "busy"), ("on", "disabled")], &[("BY", "payload.by")]).await;
    schedule(&cluster, "clock").await;
    schedule(&cluster, "busy").await;
    let refused = |told: Vec<model::Run>| (told.len() >= 3).then_some(());
    eventually("slots to be refused", PATIENCE, || async { Ok(refused(told(&cluster, "refused").await?)) })
        .await
        .unwrap();
    replace_leader(&mut cluster).await;
    // Slots pass while nobody leads.
    let leader = cluster.leader().await.unwrap();
    let other = cluster.other_than(leader);
    cluster.nodes[leader].kill();
    cluster.nodes[other].kill();
    sleep(Duration::from_secs(6)).await;
    cluster.restart(leader).await.unwrap();
    cluster.restart(other).await.unwrap();
    let missed = |told: Vec<model::Run>| (!told.is_empty()).then_some(());
    eventually("slots to be missed", PATIENCE, || async { Ok(missed(told(&cluster, "missed").await?)) }).await.unwrap();
    replace_leader(&mut cluster).await;
    for name in ["clock", "busy"] {
        disable(&cluster, name).await;
    }
    wait_told(&cluster, "off", "NONE", &[String::new()]).await;
    let log = events(&cluster).await.unwrap();
    for (subscription, pipeline, reasons) in [
        ("missed", "clock", &[model::SkipReason::Missed, model::SkipReason::Refused][..]),
        ("refused", "busy", &[model::SkipReason::Refused]),
    ] {
        let is_told = |kind: &Kind| {
            let Kind::SlotsSettled(settled) = kind else { return false };
            let is_of = settled.schedule.as_ref().is_some_and(|of| of.pipeline == pipeline);
            is_of && settled.skipped.iter().any(|range| reasons.contains(&range.reason()))
        };
        let expected: Vec<u64> = log.iter().filter(|(_, kind)| is_told(kind)).map(|(revision, _)| *revision).collect();
        assert!(!expected.is_empty(), "{subscription}");
        each_once(&cluster, subscription, &expected).await;
    }
}

/// Each of these events has started one run of a subscription, and no other has.
async fn each_once(cluster: &Cluster, subscription: &str, revisions: &[u64]) {
    let what = format!("{} runs of {subscription}", revisions.len());
    let found = eventually(&what, PATIENCE, || async {
        let told = told(cluster, subscription).await?;
        anyhow::ensure!(told.len() >= revisions.len(), "there are {}", told.len());
        Ok(Some(told))
    });
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for run in found.await.unwrap() {
        *counts.entry(run.subscription.unwrap().event).or_default() += 1;
    }
    let expected: BTreeMap<String, usize> = revisions.iter().map(|revision| (revision.to_string(), 1)).collect();
    assert_eq!(counts, expected, "{subscription}");
}

fn schedule_of(pipeline: &str) -> Option<model::ScheduleRef> {
    Some(model::ScheduleRef { namespace: "default".into(), pipeline: pipeline.into(), name: "often".into() })
}

/// One that is due every second, and catches up with nothing.
async fn schedule(cluster: &Cluster, pipeline: &str) {
    let second = prost_types::Duration { seconds: 1, nanos: 0 };
    let spec = model::ScheduleSpec {
        rule: Some(model::schedule_spec::Rule::Every(second)),
        catch_up: model::CatchUp::None.into(),
        grace: Some(second),
        ..Default::default()
    };
    let request = api::CreateScheduleRequest {
        request_id: request_id(),
        schedule: schedule_of(pipeline),
        spec: Some(spec),
        disabled: false,
    };
    let mut client = ScheduleServiceClient::new(cluster.nodes[0].channel().unwrap());
    client.create_schedule(request).await.unwrap();
}

async fn disable(cluster: &Cluster, pipeline: &str) {
    let request =
        api::SetScheduleEnabledRequest { request_id: request_id(), schedule: schedule_of(pipeline), enabled: false };
    eventually("a schedule to be disabled", PATIENCE, || async {
        let mut client = ScheduleServiceClient::new(cluster.nodes[0].channel()?);
        Ok(client.set_schedule_enabled(request.clone()).await.map(Some)?)
    })
    .await
    .unwrap();
}
