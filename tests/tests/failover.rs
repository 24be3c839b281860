//! The leader is killed in the middle of a run, again and again: nothing acknowledged is lost, nothing runs twice.
//!
//! `GOFER_FAILOVER_ROUNDS` sets how often (default 3), `GOFER_FAILOVER_DRIVERS` with which drivers (default both).
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests fail by panicking and report figures")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gofer_tests::{Cluster, IMAGE, effects_task, import_image, pipeline};
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::run_service_client::RunServiceClient;
use gofer_wire::model::v1 as model;
use tonic::Code;

fn rounds() -> usize {
    std::env::var("GOFER_FAILOVER_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(3)
}

fn wanted(driver: &str) -> bool {
    std::env::var("GOFER_FAILOVER_DRIVERS").map_or(true, |drivers| drivers.split(',').any(|name| name == driver))
}

const TASKS: usize = 6;

/// Six tasks in three levels, so that some run and some wait whenever the leader dies.
fn dag(image: &str) -> model::PipelineConfig {
    let mut tasks = vec![
        effects_task("checkout", "0.3", &[]),
        effects_task("lint", "0.6", &["checkout"]),
        effects_task("build", "0.9", &["checkout"]),
        effects_task("unit", "0.6", &["checkout"]),
        effects_task("package", "0.3", &["lint", "build", "unit"]),
        effects_task("publish", "0.3", &["package"]),
    ];
    for task in &mut tasks {
        task.image = image.into();
        task.pull = model::PullPolicy::Never.into();
    }
    assert_eq!(tasks.len(), TASKS);
    pipeline("release", tasks)
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_leaders_cost_no_command_and_double_no_process() {
    if wanted("process") {
        failover("process", "").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_leaders_cost_no_command_and_double_no_container() {
    if wanted("docker") {
        if std::env::var("GOFER_TEST_DOCKER").as_deref() == Ok("skip") {
            println!("skipped: GOFER_TEST_DOCKER=skip");
            return;
        }
        import_image().unwrap();
        failover("docker", IMAGE).await;
    }
}

async fn failover(driver: &str, image: &str) {
    let shared = tempfile::Builder::new().prefix("gofer-effects-").tempdir().unwrap();
    let mount = format!("{0}:{0}", shared.path().display());
    let mut flags = vec!["--drivers", driver, "--lease-ms", "3000"];
    if driver == "docker" {
        flags.extend(["--docker-mount", &mount]);
    }
    let mut cluster = Cluster::start(3, &flags).await.unwrap();
    cluster.register(0, dag(image)).await.unwrap();
    let acknowledged = Acknowledged::default();
    let mut commits = Vec::new();
    let mut starts = Vec::new();
    for round in 0..rounds() {
        let figures = kill_the_leader(&mut cluster, shared.path(), round, &acknowledged).await;
        commits.push(figures.commit);
        starts.extend(figures.task_start);
    }
    let lost = lost_commands(&cluster, &acknowledged.lock().await).await;
    assert_eq!(lost, Vec::new(), "acknowledged, but gone");
    println!(
        "{driver}: {} kills; {} acknowledged commands, 0 lost; 0 doubled launches; kill to next commit p50 {:?} max {:?}; \
         kill to next task start p50 {:?} max {:?}",
        rounds(),
        acknowledged.lock().await.len(),
        median(&mut commits),
        commits.iter().max().unwrap(),
        median(&mut starts),
        starts.iter().max().unwrap(),
    );
}

/// Pipelines and numbers of runs that are known to be committed.
type Acknowledged = Arc<tokio::sync::Mutex<Vec<(String, u64)>>>;

struct Figures {
    commit: Duration,
    /// None when all tasks had started by then.
    task_start: Option<Duration>,
}

async fn kill_the_leader(cluster: &mut Cluster, shared: &Path, round: usize, acknowledged: &Acknowledged) -> Figures {
    let leader = cluster.leader().await.unwrap();
    let survivor = cluster.other_than(leader);
    let effects = shared.join(format!("effects-{round}"));
    let variables = [("GOFER_EFFECTS", effects.to_str().unwrap())];
    let run = cluster.start_run(survivor, "release", &variables).await.unwrap();

    // One for each round: a pipeline's queue is limited.
    let queue = format!("parked-{round}");
    cluster.register(survivor, parked(&queue)).await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn(write(cluster.runs(survivor).unwrap(), queue, acknowledged.clone(), stop.clone()));
    // A different place in the run each round.
    tokio::time::sleep(Duration::from_millis(200 + 137 * (round as u64 % 12))).await;
    let launched = lines(&effects).len();
    cluster.nodes[leader].kill();
    let killed = Instant::now();
    let before = acknowledged.lock().await.len();
    let commit = until("commit", killed, cluster, async || acknowledged.lock().await.len() > before).await;
    let task_start = match launched < TASKS {
        true => Some(until("task start", killed, cluster, async || lines(&effects).len() > launched).await),
        false => None,
    };
    if round.is_multiple_of(2) {
        cluster.restart(leader).await.unwrap();
    }
    let run = cluster.finished(survivor, &run, Duration::from_secs(90)).await.unwrap();
    if !round.is_multiple_of(2) {
        cluster.restart(leader).await.unwrap();
    }
    stop.store(true, Ordering::SeqCst);
    writer.await.unwrap();

    assert_eq!(run.status(), model::RunStatus::Succeeded, "round {round}: {run:?}");
    launched_once(&run, &lines(&effects), round);
    Figures { commit, task_start }
}

/// No attempt has two lines in the effect file, and each that succeeded has one.
fn launched_once(run: &model::Run, lines: &[String], round: usize) {
    let mut counts = BTreeMap::new();
    for line in lines {
        *counts.entry(line.clone()).or_insert(0) += 1;
    }
    assert!(counts.values().all(|count| *count == 1), "round {round}: launched twice: {counts:?}");
    let number = run.r#ref.as_ref().unwrap().run;
    for task in &run.tasks {
        let last = task.attempts.last().unwrap().number;
        let line = format!("{number} {} {last}", task.id);
        assert!(counts.contains_key(&line), "round {round}: no effect of {line} in {counts:?}");
    }
}

/// A pipeline whose runs only wait: its one slot is taken by the first run, which sleeps.
fn parked(id: &str) -> model::PipelineConfig {
    let mut config = pipeline(id, vec![gofer_tests::shell_task("wait", "sleep 1000000", &[])]);
    config.parallelism = 1;
    // It needs no node: no node carries this label.
    config.tasks[0].constraints = vec![model::Variable { name: "nowhere".into(), value: "1".into() }];
    config
}

/// Starts runs as fast as they are acknowledged, each retried with its request id until the outcome is known.
async fn write(
    mut client: RunServiceClient<tonic::transport::Channel>,
    queue: String,
    acknowledged: Acknowledged,
    stop: Arc<AtomicBool>,
) {
    while !stop.load(Ordering::SeqCst) {
        let request = api::StartRunRequest {
            pipeline: Some(model::PipelineRef { namespace: "default".into(), pipeline: queue.clone() }),
            request_id: uuid::Uuid::now_v7().as_bytes().to_vec(),
            ..Default::default()
        };
        while !stop.load(Ordering::SeqCst) {
            match client.start_run(request.clone()).await {
                Ok(response) => {
                    acknowledged.lock().await.push((queue.clone(), response.into_inner().run.unwrap().run));
                    break;
                }
                Err(status) => assert_ne!(status.code(), Code::ResourceExhausted, "{status}"),
            }
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Acknowledged runs that no longer exist; and no two acknowledgements may name the same run.
async fn lost_commands(cluster: &Cluster, acknowledged: &[(String, u64)]) -> Vec<(String, u64)> {
    let distinct: BTreeSet<_> = acknowledged.iter().cloned().collect();
    assert_eq!(distinct.len(), acknowledged.len(), "one run was acknowledged to two requests");
    let queues: BTreeSet<&String> = acknowledged.iter().map(|(queue, _)| queue).collect();
    let mut found = BTreeSet::new();
    for queue in queues {
        found.extend(runs(cluster, queue).await.into_iter().map(|run| (queue.clone(), run)));
    }
    distinct.difference(&found).cloned().collect()
}

/// Numbers of all runs of a pipeline.
async fn runs(cluster: &Cluster, pipeline: &str) -> Vec<u64> {
    let mut found = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = api::ListRunsRequest {
            pipeline: Some(model::PipelineRef { namespace: "default".into(), pipeline: pipeline.into() }),
            page_size: 1000,
            page_token,
            ..Default::default()
        };
        let response = cluster.runs(0).unwrap().list_runs(request).await.unwrap().into_inner();
        found.extend(response.runs.iter().map(|run| run.r#ref.as_ref().unwrap().run));
        page_token = response.next_page_token;
        if page_token.is_empty() {
            return found;
        }
    }
}

async fn until(what: &str, start: Instant, cluster: &Cluster, reached: impl AsyncFn() -> bool) -> Duration {
    while !reached().await {
        assert!(start.elapsed() < Duration::from_secs(60), "no {what} for a minute\n{}", cluster.log_tails());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    start.elapsed()
}

fn lines(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path).unwrap_or_default().lines().map(String::from).collect()
}

fn median(durations: &mut [Duration]) -> Duration {
    durations.sort();
    durations[durations.len() / 2]
}
