//! Releases with real processes: a canary that goes bad under load while the leader is killed, an A/B test, and what an
//! operator does by hand. Which run was to get which version is checked from the event log alone.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests fail by panicking and report figures")]

#[path = "releases/ledger.rs"]
mod ledger;

use std::path::Path;

use gofer_tests::{Cluster, PATIENCE, eventually, gofer, pipeline, printed, request_id, says, shell_task};
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::release_service_client::ReleaseServiceClient;
use gofer_wire::model::v1 as model;
use gofer_wire::model::v1::release_strategy::Kind;
use serde_json::Value;
use tonic::Code;

use self::ledger::{Ledger, read_log};

const NAME: &str = "service";

fn name() -> Option<model::PipelineRef> {
    Some(model::PipelineRef { namespace: "default".into(), pipeline: NAME.into() })
}

/// A version whose runs execute a script, at most `parallelism` at once.
fn version(script: &str, parallelism: u32) -> model::PipelineConfig {
    let mut config = pipeline(NAME, vec![shell_task("work", script, &[])]);
    config.parallelism = parallelism;
    config
}

async fn hold(cluster: &Cluster, node: usize, config: model::PipelineConfig) -> api::RegisterPipelineResponse {
    let request = api::RegisterPipelineRequest {
        request_id: request_id(),
        namespace: "default".into(),
        config: Some(config),
        hold: true,
        ..Default::default()
    };
    cluster.pipelines(node).unwrap().register_pipeline(request).await.unwrap().into_inner()
}

fn releases(cluster: &Cluster, node: usize) -> ReleaseServiceClient<tonic::transport::Channel> {
    ReleaseServiceClient::new(cluster.nodes[node].channel().unwrap())
}

async fn start_release(cluster: &Cluster, node: usize, kind: Kind) -> u64 {
    let request = api::StartReleaseRequest {
        request_id: request_id(),
        pipeline: name(),
        version: 0,
        strategy: Some(model::ReleaseStrategy { kind: Some(kind) }),
    };
    releases(cluster, node).start_release(request).await.unwrap().into_inner().release
}

async fn release(cluster: &Cluster, node: usize) -> anyhow::Result<model::Release> {
    let request = api::GetReleaseRequest { pipeline: name(), ..Default::default() };
    Ok(releases(cluster, node).get_release(request).await?.into_inner().release.unwrap_or_default())
}

/// Starts a run without naming a version; goes on with the same request id until the outcome is known.
async fn start(cluster: &Cluster, node: usize, variables: &[(&str, &str)]) -> u64 {
    let variables =
        variables.iter().map(|(name, value)| model::Variable { name: (*name).into(), value: (*value).into() });
    let request = api::StartRunRequest {
        pipeline: name(),
        request_id: request_id(),
        variables: variables.collect(),
        ..Default::default()
    };
    let answer = eventually("a run to be acknowledged", PATIENCE, || async {
        match cluster.runs(node)?.start_run(request.clone()).await {
            Ok(answer) => Ok(answer.into_inner().run),
            Err(status) if status.code() == Code::Unavailable || status.code() == Code::DeadlineExceeded => Ok(None),
            Err(status) => panic!("{status}"),
        }
    });
    answer.await.unwrap().run
}

async fn all_ended(cluster: &Cluster, node: usize, runs: &[u64]) {
    for run in runs {
        let run = model::RunRef { namespace: "default".into(), pipeline: NAME.into(), run: *run };
        cluster.finished(node, &run, PATIENCE).await.unwrap();
    }
}

/// `gofer` with these arguments against a node; what it printed.
fn ask(cluster: &Cluster, node: usize, arguments: &[&str]) -> String {
    let found = printed(gofer(arguments).unwrap().args(["--address", &cluster.nodes[node].address])).unwrap();
    assert_eq!(found.code, Some(0), "{arguments:?}: {}{}", found.stdout, found.stderr);
    found.stdout
}

/// The same, refused; what it said.
fn refused(cluster: &Cluster, arguments: &[&str]) -> String {
    let found = printed(gofer(arguments).unwrap().args(["--address", &cluster.nodes[0].address])).unwrap();
    assert_eq!(found.code, Some(3), "{arguments:?}: {}{}", found.stdout, found.stderr);
    found.stderr
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The new version fails each run, but not before a file is there: so nothing is decided before the leader is dead.
#[tokio::test(flavor = "multi_thread")]
async fn a_bad_canary_is_rolled_back_though_the_leader_is_killed() {
    const SHARE: u32 = 3_000;
    let shared = tempfile::Builder::new().prefix("gofer-gate-").tempdir().unwrap();
    let gate = shared.path().join("open");
    let variables = [("GATE", gate.to_str().unwrap())];
    let mut cluster = Cluster::start(3, &["--drivers", "process", "--lease-ms", "3000"]).await.unwrap();
    cluster.register(0, version("true", 6)).await.unwrap();
    hold(&cluster, 0, version("while [ ! -e \"$GATE\" ]; do sleep 0.05; done; exit 1", 6)).await;
    let leader = cluster.leader().await.unwrap();
    let survivor = cluster.other_than(leader);
    let step = model::CanaryStep { exposure: Some(model::canary_step::Exposure::SharePoints(SHARE)), min_runs: 6 };
    let canary = model::CanaryStrategy { steps: vec![step], max_failure_points: Some(2_000), ..Default::default() };
    let id = start_release(&cluster, survivor, Kind::Canary(canary)).await;

    let mut runs = Vec::new();
    for number in 0..60 {
        if number == 25 {
            cluster.nodes[leader].kill();
        }
        if number == 45 {
            open(&gate);
        }
        runs.push(start(&cluster, survivor, &variables).await);
    }
    // It is back before what it ran counts as lost, or after: both must do.
    cluster.restart(leader).await.unwrap();
    let ended = eventually("the canary to be rolled back", PATIENCE, || async {
        let release = release(&cluster, survivor).await?;
        Ok((release.status() != model::ReleaseStatus::Running).then_some(release))
    });
    let ended = ended.await.unwrap_or_else(|error| panic!("{error:#}\n{}", cluster.log_tails()));
    assert_eq!((ended.id, ended.status()), (id, model::ReleaseStatus::RolledBack));
    says(&ended.reason, &["of version 2 failed in step 1 of 1 (30%)", "the limit is 20%"]);
    for _ in 0..10 {
        runs.push(start(&cluster, survivor, &variables).await);
    }
    all_ended(&cluster, survivor, &runs).await;

    let ledger = Ledger::of(&read_log(&cluster, survivor).await);
    println!("{}", ledger.table());
    assert_eq!(ledger.violations, Vec::<String>::new());
    assert_eq!(ledger.runs.len(), runs.len(), "a run was acknowledged, or made, twice");
    // The share holds across the failover, to within one run.
    let given = ledger.given_during(id);
    assert!(given.len() >= 45, "{} runs were given a version before the failures", given.len());
    let new = given.iter().filter(|version| **version == 2).count() as u32;
    let due = given.len() as u32 * SHARE / 10_000;
    assert!(new.abs_diff(due) <= 1, "{new} of {} runs got the new version", given.len());
    assert!(ledger.runs.values().rev().take(10).all(|run| run.ran == Some(1)), "after the roll back all is old");
    assert_eq!(ledger.rolled_back, Some((id, ended.reason.clone())));
    for node in 0..3 {
        for (number, run) in &ledger.runs {
            let name = model::RunRef { namespace: "default".into(), pipeline: NAME.into(), run: *number };
            assert_eq!(cluster.run(node, &name).await.unwrap().version, run.version, "run {number} on node {node}");
        }
    }
    println!(
        "canary {id}: {} runs under it, {new} of them on version 2 (share 30%); {} moved back; 0 runs on a version that \
         was not allowed; rolled back: {}",
        given.len(),
        ledger.runs.values().filter(|run| run.moved).count(),
        ended.reason
    );
}

fn open(gate: &Path) {
    std::fs::write(gate, "").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_a_b_test_is_compared_side_by_side() {
    const RUNS: u64 = 60;
    let cluster = Cluster::start(1, &["--drivers", "process"]).await.unwrap();
    cluster.register(0, version("sleep 0.1", 4)).await.unwrap();
    // Slower, and a failure for most runs.
    hold(&cluster, 0, version("sleep 0.5; [ $((GOFER_RUN % 5)) -gt 2 ]", 4)).await;
    let id = start_release(&cluster, 0, Kind::AbTest(model::AbTestStrategy { share_points: 5_000 })).await;
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        runs.push(start(&cluster, 0, &[]).await);
    }
    all_ended(&cluster, 0, &runs).await;
    let ledger = Ledger::of(&read_log(&cluster, 0).await);
    assert_eq!(ledger.violations, Vec::<String>::new());
    let table = ask(&cluster, 0, &["release", "compare", NAME]);
    println!("{}\n{table}", ask(&cluster, 0, &["release", "status", NAME]));
    says(&table, &["OLD", "NEW", "P-VALUE", "failure rate", "mean duration"]);
    let found = json(&ask(&cluster, 0, &["release", "compare", NAME, "-o", "json"]));
    for (arm, version) in [("from", 1), ("to", 2)] {
        let of = |run: &&ledger::Entry| run.version == version;
        let (runs, failed) = (ledger.runs.values().filter(of).count(), ledger.runs.values().filter(of));
        let failed = failed.filter(|run| run.status == Some(model::RunStatus::Failed)).count();
        assert_eq!((&found[arm]["runs"], &found[arm]["failed"]), (&runs.into(), &failed.into()), "{found:#}");
        assert_eq!(runs as u64, RUNS / 2);
    }
    assert!(found["failures"]["p_value"].as_f64().unwrap() < 0.05, "{found:#}");
    assert!(found["failures"]["statistic"].as_f64().unwrap() > 0.0, "the new version fails more often: {found:#}");
    assert!(found["durations"]["p_value"].as_f64().unwrap() < 0.05, "{found:#}");
    assert!(found["durations"]["statistic"].as_f64().unwrap() > 0.0, "the new version is slower: {found:#}");
    ask(&cluster, 0, &["release", "rollback", NAME, "--message", "slower, and it fails"]);
    let history = ask(&cluster, 0, &["release", "history", NAME]);
    println!("{history}");
    says(&history, &["ab-test", "rolled back", "slower, and it fails", "register"]);
    assert_eq!(release(&cluster, 0).await.unwrap().id, id);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_switches_pins_and_goes_back() {
    let cluster = Cluster::start(1, &["--drivers", "process"]).await.unwrap();
    let file = cluster.path().join("service.toml");
    let write = |text: &str| {
        std::fs::write(&file, format!("id = \"{NAME}\"\n[tasks.work]\ncommand = [\"true\", \"{text}\"]\n")).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let ran = || async {
        let run = start(&cluster, 0, &[]).await;
        let name = model::RunRef { namespace: "default".into(), pipeline: NAME.into(), run };
        cluster.finished(0, &name, PATIENCE).await.unwrap().version
    };
    says(&ask(&cluster, 0, &["pipeline", "register", &write("one")]), &["registered default/service version 1"]);
    let held = ask(&cluster, 0, &["pipeline", "register", &write("two"), "--hold"]);
    says(&held, &["version 2; version 1 stays live", "gofer release start default/service --version 2"]);
    assert_eq!(ran().await, 1);

    ask(&cluster, 0, &["release", "start", NAME, "--strategy", "blue-green"]);
    assert_eq!(ran().await, 1);
    ask(&cluster, 0, &["release", "switch", NAME]);
    assert_eq!(ran().await, 2);
    ask(&cluster, 0, &["release", "switch", NAME, "--version", "1"]);
    assert_eq!(ran().await, 1);
    ask(&cluster, 0, &["release", "switch", NAME]);
    says(
        &ask(&cluster, 0, &["release", "status", NAME]),
        &["blue-green from version 1 to 2", "in progress", "serving   version 2"],
    );
    says(&ask(&cluster, 0, &["pipeline", "list"]), &["1 -> 2 blue-green"]);
    says(
        &refused(&cluster, &["release", "pin", NAME]),
        &["release 2", "is in progress", "promote it or roll it back first"],
    );
    ask(&cluster, 0, &["release", "finish", NAME]);
    assert_eq!(ran().await, 2);

    ask(&cluster, 0, &["release", "pin", NAME, "--message", "freeze"]);
    says(&ask(&cluster, 0, &["pipeline", "register", &write("three")]), &["version 3; version 2 stays live"]);
    assert_eq!(ran().await, 2);
    says(&ask(&cluster, 0, &["pipeline", "get", NAME]), &["live      version 2", "pinned    by", "freeze"]);
    says(&refused(&cluster, &["release", "rollback", NAME]), &["was pinned to version 2", "unpin it"]);
    ask(&cluster, 0, &["release", "unpin", NAME]);
    ask(&cluster, 0, &["release", "start", NAME, "--strategy", "replace"]);
    assert_eq!(ran().await, 3);
    // One command, at once.
    ask(&cluster, 0, &["release", "rollback", NAME]);
    assert_eq!(ran().await, 2);
    says(&refused(&cluster, &["release", "promote", NAME]), &["no release", "start one first"]);
    says(
        &refused(&cluster, &["release", "start", NAME, "--strategy", "canary", "--verdict-task", "nobody"]),
        &["no task nobody"],
    );

    let history = json(&ask(&cluster, 0, &["release", "history", NAME, "-o", "json"]));
    let history = history["releases"].as_array().unwrap();
    let told: Vec<_> =
        history.iter().rev().map(|entry| (entry["from_version"].as_u64(), entry["to_version"].as_u64())).collect();
    assert_eq!(told, [(0, 1), (1, 2), (2, 3), (3, 2)].map(|(from, to)| (Some(from), Some(to))), "{history:#?}");
    let entry = json(&ask(&cluster, 0, &["release", "status", NAME, "--release", "2", "-o", "json"]));
    assert_eq!(entry["release"]["status"], "promoted");
    assert_eq!((&entry["release"]["from"]["succeeded"], &entry["release"]["to"]["succeeded"]), (&2.into(), &1.into()));
    let ledger = Ledger::of(&read_log(&cluster, 0).await);
    assert_eq!(ledger.violations, Vec::<String>::new());
}
