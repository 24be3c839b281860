//! Backfills of real clusters: each slot has one run, and never more of them go on than may, while leaders die.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use gofer_tests::{Cluster, PATIENCE, Printed, eventually, gofer, pipeline, printed, says, shell_task};
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::event_service_client::EventServiceClient;
use gofer_wire::api::v1::schedule_service_client::ScheduleServiceClient;
use gofer_wire::log::v1 as log;
use gofer_wire::log::v1::event::Kind;
use gofer_wire::model::v1 as model;
use prost::Message as _;
use serde_json::{Value, json};

/// Calls `gofer schedule` on one node.
fn call(cluster: &Cluster, node: usize, arguments: &[&str]) -> Printed {
    let mut command = gofer(&[&["schedule"], arguments].concat()).unwrap();
    printed(command.args(["--address", &cluster.nodes[node].address])).unwrap()
}

fn done(cluster: &Cluster, node: usize, arguments: &[&str]) -> String {
    let printed = call(cluster, node, arguments);
    assert_eq!(printed.code, Some(0), "{arguments:?}: {printed:?}");
    printed.stdout
}

fn json_of(cluster: &Cluster, node: usize, arguments: &[&str]) -> Value {
    serde_json::from_str(&done(cluster, node, &[arguments, &["-o", "json"]].concat())).unwrap()
}

fn refused(cluster: &Cluster, arguments: &[&str], words: &[&str]) {
    let printed = call(cluster, 0, arguments);
    assert!(printed.code != Some(0), "{arguments:?}: {printed:?}");
    says(&printed.stderr, words);
    says(&printed.stderr, &["help: "]);
}

async fn start(size: usize, script: &str) -> Cluster {
    let cluster = Cluster::start(size, &["--drivers", "process"]).await.unwrap();
    cluster.register(0, pipeline("etl", vec![shell_task("t", script, &[])])).await.unwrap();
    // Refused until all nodes have said that they know schedules.
    eventually("a schedule", PATIENCE, || async {
        let made = call(&cluster, 0, &["create", "etl/hourly", "0 * * * *", "--tz", "Europe/Berlin", "--disabled"]);
        anyhow::ensure!(made.code == Some(0), "{made:?}");
        Ok(Some(()))
    })
    .await
    .unwrap();
    cluster
}

async fn backfill(cluster: &Cluster, node: usize) -> anyhow::Result<model::Backfill> {
    let schedule =
        Some(model::ScheduleRef { namespace: "default".into(), pipeline: "etl".into(), name: "hourly".into() });
    let mut client = ScheduleServiceClient::new(cluster.nodes[node].channel()?);
    let request = api::ListBackfillsRequest { schedule, ..Default::default() };
    let found = client.list_backfills(request).await?.into_inner().backfills;
    found.into_iter().next().ok_or_else(|| anyhow::anyhow!("there is no backfill"))
}

async fn wait_ended(cluster: &Cluster, node: usize) -> model::Backfill {
    let ended = eventually("the backfill to end", PATIENCE * 2, || async {
        let found = backfill(cluster, node).await?;
        anyhow::ensure!(found.status() != model::BackfillStatus::Running, "{found:?}");
        Ok(Some(found))
    });
    ended.await.unwrap()
}

async fn events(cluster: &Cluster, node: usize) -> Vec<Kind> {
    let mut client = EventServiceClient::new(cluster.nodes[node].channel().unwrap());
    let request = api::WatchRequest { from_revision: 1, stop_at_end: true, ..Default::default() };
    let mut stream = client.watch(request).await.unwrap().into_inner();
    let mut all = Vec::new();
    while let Some(response) = stream.message().await.unwrap() {
        let kinds = response.events.into_iter().map(|event| log::Event::decode(event.payload).unwrap().kind);
        all.extend(kinds.flatten());
    }
    all
}

/// The slots of runs that backfills have started, in the order in which these were made, and the most runs at a time.
fn story(events: &[Kind]) -> (Vec<i64>, usize) {
    let (mut slots, mut live, mut most) = (Vec::new(), BTreeSet::new(), 0);
    for kind in events {
        if let Kind::RunCreated(created) = kind
            && let Some(slot) = created.schedule.as_ref().filter(|slot| slot.backfill == 1)
        {
            slots.push(slot.slot.unwrap().seconds);
            live.insert(created.run.as_ref().unwrap().run);
        } else if let Kind::RunFinished(finished) = kind {
            live.remove(&finished.run.as_ref().unwrap().run);
        }
        most = most.max(live.len());
    }
    (slots, most)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_slot_has_one_run_and_never_more_go_on_than_may_while_leaders_die() {
    const SLOTS: usize = 60;
    let mut cluster = start(3, "sleep 0.3").await;
    // Sixty hours, and one of them twice as clocks go back: what is counted is instants.
    let range = ["--from", "2025-10-25T00:00:00Z", "--to", "2025-10-27T12:00:00Z", "--parallelism", "3"];
    let told = done(&cluster, 1, &[&["backfill", "etl/hourly"], &range[..]].concat());
    says(&told, &["started backfill 1 of schedule default/etl/hourly: 60 slots"]);
    for wanted in [10_usize, 25, 40] {
        eventually("the backfill to go on", PATIENCE, || async {
            let leader = cluster.leader().await?;
            let found = backfill(&cluster, leader).await?;
            let decided = found.live.len() + usize::try_from(found.succeeded).unwrap();
            Ok((decided >= wanted).then_some(()))
        })
        .await
        .unwrap();
        let leader = cluster.leader().await.unwrap();
        cluster.nodes[leader].kill();
        cluster.leader().await.unwrap();
        cluster.restart(leader).await.unwrap();
    }
    let ended = wait_ended(&cluster, 0).await;
    assert_eq!(ended.status(), model::BackfillStatus::Done, "{ended:?}");
    let counted = (ended.succeeded, ended.failed, ended.cancelled, ended.refused);
    assert_eq!(counted, (u32::try_from(SLOTS).unwrap(), 0, 0, 0), "{ended:?}");

    let (slots, most) = story(&events(&cluster, 0).await);
    let first = "2025-10-25T00:00:00Z".parse::<jiff::Timestamp>().unwrap().as_second();
    let expected: Vec<i64> = (0..60).map(|hour| first + hour * 3600).collect();
    assert_eq!(slots, expected, "each once, the oldest first");
    assert!((1..=3).contains(&most), "{most} at a time");
    let listed = done(&cluster, 2, &["backfills", "list", "etl/hourly"]);
    says(&listed, &["done", "60 of 60", "0 of 3"]);
    let mut run = gofer(&["run", "get", "etl/1", "--address", &cluster.nodes[0].address]).unwrap();
    says(&printed(&mut run).unwrap().stdout, &["schedule hourly for 2025-10-25T00:00:00Z in backfill 1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_is_seen_before_and_cancelled_in_between() {
    let cluster = start(1, "sleep 600").await;
    let range = ["backfill", "etl/hourly", "--from", "2026-01-01", "--to", "2026-01-02", "--newest-first"];
    let seen = json_of(&cluster, 0, &[&range[..], &["--dry-run"]].concat());
    let slots: Vec<&str> = seen["slots"].as_array().unwrap().iter().map(|slot| slot.as_str().unwrap()).collect();
    assert_eq!((slots.len(), slots[0], slots[23]), (24, "2026-01-01T22:00:00Z", "2025-12-31T23:00:00Z"));
    says(&done(&cluster, 0, &[&range[..], &["--dry-run"]].concat()), &["Thu 2026-01-01 00:00:00 +01:00"]);
    assert_eq!(json_of(&cluster, 0, &["backfills", "list", "etl/hourly"]), json!({"backfills": []}));

    let started = json_of(&cluster, 0, &[&range[..], &["--parallelism", "2"]].concat());
    assert_eq!((&started["backfill"], &started["slots"]), (&json!(1), &json!(24)), "{started}");
    eventually("two runs", PATIENCE, || async { Ok((backfill(&cluster, 0).await?.live.len() == 2).then_some(())) })
        .await
        .unwrap();
    says(&done(&cluster, 0, &["backfills", "cancel", "etl/hourly", "1"]), &["cancelled backfill 1 of schedule"]);
    refused(&cluster, &["backfills", "cancel", "etl/hourly", "1"], &["backfill 1 of schedule", "has ended"]);
    refused(&cluster, &["backfills", "cancel", "etl/hourly", "7"], &["has no backfill 7"]);
    let ended = backfill(&cluster, 0).await.unwrap();
    assert_eq!((ended.status(), ended.live.len()), (model::BackfillStatus::Cancelled, 2), "its runs go on: {ended:?}");
    for run in &ended.live {
        let name = format!("etl/{run}");
        let mut cancel = gofer(&["run", "cancel", &name, "--address", &cluster.nodes[0].address]).unwrap();
        assert_eq!(printed(&mut cancel).unwrap().code, Some(0));
    }
    eventually("their ends to count", PATIENCE, || async {
        let found = backfill(&cluster, 0).await?;
        Ok((found.live.is_empty() && found.cancelled == 2).then_some(()))
    })
    .await
    .unwrap();
    let (slots, most) = story(&events(&cluster, 0).await);
    assert_eq!((slots.len(), most), (2, 2), "none was started after it was cancelled");
    assert!(slots[0] > slots[1], "the newest first");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_or_refused_is_told_with_the_number() {
    let cluster = start(1, "true").await;
    let range = |from: &'static str, to: &'static str| ["backfill", "etl/hourly", "--from", from, "--to", to];
    refused(&cluster, &range("2020-01-01", "2022-01-01"), &["has 17544 slots in that range", "10000"]);
    refused(&cluster, &range("2026-01-01T00:01", "2026-01-01T00:59"), &["has no slot in that range"]);
    refused(&cluster, &range("2026-01-02", "2026-01-01"), &["ends before it begins"]);
    refused(&cluster, &range("2026-01-01", "2100-01-01"), &["slots in that range"]);
    refused(&cluster, &range("yesterday", "2026-01-01"), &["\"yesterday\" is no time"]);
    refused(&cluster, &["backfill", "etl/none", "--from", "2026-01-01", "--to", "2026-01-02"], &["does not exist"]);

    // No run of a disabled pipeline can be started: each slot is counted, and the backfill is over.
    let mut disable = gofer(&["pipeline", "disable", "etl", "--address", &cluster.nodes[0].address]).unwrap();
    assert_eq!(printed(&mut disable).unwrap().code, Some(0));
    done(&cluster, 0, &range("2026-01-01", "2026-01-02"));
    let ended = wait_ended(&cluster, 0).await;
    assert_eq!((ended.status(), ended.refused), (model::BackfillStatus::Done, 24), "{ended:?}");
    says(&ended.last_refused.unwrap_or_default().message, &["pipeline default/etl is disabled"]);
    let refusals = events(&cluster, 0).await.into_iter().filter_map(|kind| match kind {
        Kind::BackfillAdvanced(advanced) => Some(advanced.refused),
        _ => None,
    });
    let mut each: BTreeMap<i64, usize> = BTreeMap::new();
    for range in refusals.flatten() {
        *each.entry(range.first.unwrap().seconds).or_default() += 1;
    }
    assert!(each.len() == 24 && each.values().all(|count| *count == 1), "{each:?}");
}
