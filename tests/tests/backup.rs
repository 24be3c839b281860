//! Backups of live clusters, their restoration, and what becomes of both when they are interrupted or tampered with.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gofer_tests::{Cluster, Node, PATIENCE, binary, eventually, pipeline, request_id, says, shell_task};
use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio_stream::StreamExt;

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    gofer_tests::run(arguments).unwrap()
}

/// Runs gofer, which must end with this code, and returns what it printed.
fn gofer(code: i32, arguments: &[&str]) -> String {
    let (found, text) = run(arguments);
    assert_eq!(found, Some(code), "{arguments:?}: {text}");
    text
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&gofer(0, &[arguments, &["-o", "json"]].concat())).unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A pipeline whose runs print something that tells them apart, and one whose runs only wait.
async fn register(cluster: &Cluster) {
    let print = "echo \"output of $GOFER_RUN\"; head -c 2000 /dev/urandom | od -x";
    cluster.register(0, pipeline("work", vec![shell_task("print", print, &[])])).await.unwrap();
    let mut parked = pipeline("parked", vec![shell_task("wait", "true", &[])]);
    parked.parallelism = 1;
    parked.tasks[0].constraints = vec![model::Variable { name: "nowhere".into(), value: "1".into() }];
    cluster.register(0, parked).await.unwrap();
}

async fn work(cluster: &Cluster, node: usize) -> model::RunRef {
    let run = cluster.start_run(node, "work", &[]).await.unwrap();
    let ended = cluster.finished(node, &run, PATIENCE).await.unwrap();
    assert_eq!(ended.status(), model::RunStatus::Succeeded, "{ended:?}");
    run
}

/// Request ids and numbers of the runs that are known to be committed.
type Acknowledged = Arc<Mutex<Vec<(Vec<u8>, u64)>>>;

fn parked(request_id: Vec<u8>) -> api::StartRunRequest {
    let pipeline = Some(model::PipelineRef { namespace: "default".into(), pipeline: "parked".into() });
    api::StartRunRequest { pipeline, request_id, ..Default::default() }
}

async fn write(cluster: &Cluster, node: usize, acknowledged: Acknowledged, stop: Arc<AtomicBool>) {
    let mut client = cluster.runs(node).unwrap();
    while !stop.load(Ordering::SeqCst) {
        let id = request_id();
        let answer = client.start_run(parked(id.clone())).await.unwrap().into_inner();
        acknowledged.lock().await.push((id, answer.run.unwrap().run));
    }
}

async fn numbers(cluster: &Cluster, node: usize, pipeline: &str) -> BTreeSet<u64> {
    let mut found = BTreeSet::new();
    let mut page_token = String::new();
    loop {
        let request = api::ListRunsRequest {
            pipeline: Some(model::PipelineRef { namespace: "default".into(), pipeline: pipeline.into() }),
            page_size: 1000,
            page_token,
            ..Default::default()
        };
        let response = cluster.runs(node).unwrap().list_runs(request).await.unwrap().into_inner();
        found.extend(response.runs.iter().map(|run| run.r#ref.as_ref().unwrap().run));
        page_token = response.next_page_token;
        if page_token.is_empty() {
            return found;
        }
    }
}

async fn log_of(cluster: &Cluster, node: usize, run: &model::RunRef) -> String {
    let request = api::StreamLogsRequest { run: Some(run.clone()), task: "print".into(), ..Default::default() };
    let mut stream = cluster.runs(node).unwrap().stream_logs(request).await.unwrap().into_inner();
    let mut output = Vec::new();
    while let Some(response) = stream.next().await {
        output.extend(response.unwrap().data);
    }
    String::from_utf8(output).unwrap()
}

fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { [path].into() }).collect()
}

/// Two backups to the same place, while clients write through every node.
struct Loaded {
    first: Value,
    second: Value,
    /// What was acknowledged before the second one began.
    before: Vec<(Vec<u8>, u64)>,
    works: Vec<model::RunRef>,
}

async fn back_up_under_load(cluster: &Cluster, backup: &Path) -> Loaded {
    let leader = cluster.leader().await.unwrap();
    let follower = cluster.other_than(leader);
    let mut works = Vec::new();
    for _ in 0..3 {
        works.push(work(cluster, follower).await);
    }
    let (acknowledged, stop) = (Acknowledged::default(), Arc::new(AtomicBool::new(false)));
    let writers = (0..3).map(|node| write(cluster, node, acknowledged.clone(), stop.clone()));
    let ours = async {
        let address = cluster.nodes[follower].address.clone();
        let loaded = || async { Ok((acknowledged.lock().await.len() > 50).then_some(())) };
        eventually("some load", PATIENCE, loaded).await.unwrap();
        let create = || {
            let (backup, address) = (text(backup).to_owned(), address.clone());
            tokio::task::spawn_blocking(move || json(&["backup", "create", &backup, "--address", &address]))
        };
        let first = create().await.unwrap();
        let kept = files(&backup.join("segments"));
        works.push(work(cluster, leader).await);
        let before = acknowledged.lock().await.clone();
        let second = create().await.unwrap();
        assert!(files(&backup.join("segments")).is_superset(&kept), "segments are never changed");
        stop.store(true, Ordering::SeqCst);
        Loaded { first, second, before, works }
    };
    let (_, loaded) = tokio::join!(futures_join(writers), ours);
    assert!(acknowledged.lock().await.len() > loaded.before.len(), "there was load until the end");
    loaded
}

/// A backup of a cluster under load, made through a follower and added to, comes back as another cluster of three.
#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_under_load_is_backed_up_and_comes_back_as_another() {
    let mut cluster = Cluster::start(3, &["--drivers", "process"]).await.unwrap();
    register(&cluster).await;
    let backup = cluster.path().join("backup");
    let loaded = back_up_under_load(&cluster, &backup).await;
    let Loaded { first, second, works, .. } = &loaded;
    assert_eq!((&first["added_blobs"], &second["added_blobs"]), (&Value::from(3), &Value::from(1)), "{second}");
    assert!(second["revision"].as_u64() > first["revision"].as_u64());
    let verified = json(&["backup", "verify", text(&backup)]);
    assert_eq!((&verified["valid"], &verified["head"]), (&Value::Bool(true), &second["head"]));

    let until = second["revision"].as_u64().unwrap().to_string();
    let old_log = log_of(&cluster, 0, &works[0]).await;
    let old_id = cluster.status(0).await.unwrap().cluster_id;
    let same_state = |data: &Path| {
        let replayed = json(&["audit", "replay", text(data), "--until", &until]);
        assert_eq!((&replayed["state_digest"], &replayed["head"]), (&second["state_digest"], &second["head"]));
    };
    for node in &mut cluster.nodes {
        node.terminate(Duration::from_secs(30)).unwrap();
        same_state(&node.data);
    }

    let directory = tempfile::Builder::new().prefix("gofer-test-").tempdir().unwrap();
    let data = directory.path().join("n1");
    let restored = json(&["backup", "restore", text(&backup), "--data-dir", text(&data)]);
    same_state(&data);
    says(&gofer(0, &["audit", "replay", text(&data)]), &["equal to the node's stored state"]);
    says(&gofer(2, &["backup", "restore", text(&backup), "--data-dir", text(&data)]), &["is not empty"]);

    let mut cluster = Cluster::start_on(directory, 3, &["--drivers", "process"]).await.unwrap();
    let status = cluster.status(1).await.unwrap();
    assert_eq!(status.cluster_id, restored["cluster_id"].as_str().unwrap());
    assert_ne!(status.cluster_id, old_id);
    for node in 0..3 {
        assert_eq!(log_of(&cluster, node, &works[0]).await, old_log, "from node {node}");
    }
    let address = cluster.nodes[1].address.clone();
    let events = gofer(0, &["events", "watch", "--from", &until, "--until-end", "--address", &address]);
    says(&events, &["cluster restored", &old_id, &until]);
    goes_on(&mut cluster, &loaded).await;
}

/// A restored cluster has what was acknowledged, gives old answers again, and works.
async fn goes_on(cluster: &mut Cluster, loaded: &Loaded) {
    let found = numbers(cluster, 2, "parked").await;
    let lost: Vec<u64> = loaded.before.iter().map(|(_, run)| *run).filter(|run| !found.contains(run)).collect();
    assert_eq!(lost, Vec::<u64>::new(), "acknowledged before the backup, but gone");
    // A client that never got its answer asks again, and gets the one that the old cluster gave.
    let (id, number) = loaded.before.last().unwrap().clone();
    let again = cluster.runs(1).unwrap().start_run(parked(id)).await.unwrap().into_inner();
    assert_eq!(again.run.unwrap().run, number);
    let next = work(cluster, 2).await;
    assert_eq!(next.run, loaded.works.len() as u64 + 1, "runs are numbered on");
    let revision = cluster.status(0).await.unwrap().header.unwrap().revision;
    for node in 0..3 {
        let there = || async {
            Ok((cluster.status(node).await?.header.unwrap_or_default().revision >= revision).then_some(()))
        };
        eventually("the node to catch up", PATIENCE, there).await.unwrap();
    }
    for node in &mut cluster.nodes {
        node.terminate(Duration::from_secs(30)).unwrap();
        says(&gofer(0, &["audit", "replay", text(&node.data)]), &["equal to the node's stored state"]);
    }
}

async fn futures_join(futures: impl Iterator<Item = impl Future<Output = ()>>) {
    let mut all: Vec<_> = futures.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        all.retain_mut(|future| future.as_mut().poll(context).is_pending());
        if all.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

/// A backup of one node, in two segments, with a few logs.
async fn small() -> (Cluster, PathBuf) {
    let cluster = Cluster::start(1, &["--drivers", "process"]).await.unwrap();
    register(&cluster).await;
    let backup = cluster.path().join("backup");
    for _ in 0..2 {
        work(&cluster, 0).await;
        json(&["backup", "create", text(&backup), "--address", &cluster.nodes[0].address]);
    }
    (cluster, backup)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn cut(path: &Path) {
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..bytes.len() - 1]).unwrap();
}

fn replace(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

type Damage = Box<dyn Fn(&Path)>;

/// What can be done to a backup, and words of the answer.
fn damages(backup: &Path) -> Vec<(&'static str, Damage, Vec<String>)> {
    let inside = |path: &PathBuf| path.strip_prefix(backup).unwrap().to_owned();
    let segments: Vec<PathBuf> = files(&backup.join("segments")).iter().map(inside).collect();
    let blobs: Vec<PathBuf> = files(&backup.join("blobs")).iter().map(inside).collect();
    assert_eq!((segments.len(), blobs.len()), (2, 2));
    let digest = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let (segment, blob) = (digest(&segments[0]), digest(&blobs[1]));
    let statement: Value = serde_json::from_str(&fs::read_to_string(backup.join("backup.json")).unwrap()).unwrap();
    let revision = format!("\"revision\": {}", statement["content"]["revision"]);
    let at = |path: &Path, act: fn(&Path)| -> Damage {
        let path = path.to_owned();
        Box::new(move |dir| act(&dir.join(&path)))
    };
    let remove = |path: &Path| fs::remove_file(path).unwrap();
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let wrong_segment = || words(&["wrong segment", &segment]);
    let wrong_blob = || words(&["blob", &blob, "does not match"]);
    let (one, other) = (segments[0].clone(), segments[1].clone());
    let swap: Damage = Box::new(move |dir| {
        fs::rename(dir.join(&one), dir.join("x")).unwrap();
        fs::rename(dir.join(&other), dir.join(&one)).unwrap();
        fs::rename(dir.join("x"), dir.join(&other)).unwrap();
    });
    let statement = Path::new("backup.json");
    vec![
        ("a flipped bit in a segment", at(&segments[0], flip), wrong_segment()),
        ("a truncated segment", at(&segments[0], cut), wrong_segment()),
        ("a missing segment", at(&segments[0], remove), words(&[&segment, "missing"])),
        ("swapped segments", swap, words(&["wrong segment"])),
        ("a flipped bit in a log", at(&blobs[1], flip), wrong_blob()),
        ("a truncated log", at(&blobs[1], cut), wrong_blob()),
        ("a missing log", at(&blobs[1], remove), words(&["blob", &blob, "missing"])),
        ("a missing manifest", at(Path::new("manifest.json"), remove), words(&["manifest.json", "missing"])),
        (
            "an altered manifest",
            at(Path::new("manifest.json"), |path| replace(path, "\"events\"", "\"evens\"")),
            words(&["wrong manifest", "evens"]),
        ),
        (
            "another revision",
            Box::new(move |dir| replace(&dir.join("backup.json"), &revision, "\"revision\": 3")),
            words(&["backup.json", "digest"]),
        ),
        ("an unfinished backup", at(statement, remove), words(&["no finished backup"])),
        (
            "a newer format",
            at(statement, |path| replace(path, "\"format\": 1", "\"format\": 3")),
            words(&["format 3", "newer"]),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_was_tampered_with_is_refused_by_name() {
    let (cluster, backup) = small().await;
    let cases = damages(&backup);
    let data = cluster.path().join("restored");
    for (number, (name, damage, words)) in cases.iter().enumerate() {
        let copied = cluster.path().join(format!("case-{number}"));
        copy(&backup, &copied);
        damage(&copied);
        let (code, verified) = run(&["backup", "verify", text(&copied)]);
        assert!(code == Some(1) || (code == Some(2) && *name == "a newer format"), "{name}: {code:?} {verified}");
        says(&verified, words);
        let (code, restored) = run(&["backup", "restore", text(&copied), "--data-dir", text(&data)]);
        assert!(matches!(code, Some(1 | 2)), "{name}: {code:?} {restored}");
        says(&restored, words);
        assert!(!data.join("identity.json").exists(), "{name}: what is left must not look whole");
    }
    // What was refused leaves a directory that no node starts on, and that a right backup is restored to.
    let mut node = Node::new(cluster.path(), "restored", vec!["--drivers".into(), "process".into()]);
    node.start(&["--bootstrap"]).unwrap();
    let refused = node.failed(PATIENCE).await.unwrap();
    says(&refused, &["was not finished by `gofer backup restore`", "run that again"]);
    gofer(0, &["backup", "restore", text(&backup), "--data-dir", text(&data)]);
    gofer(0, &["audit", "replay", text(&data)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupted_backups_and_restorations_look_unfinished_and_can_be_repeated() {
    let cluster = Cluster::start(1, &["--drivers", "process"]).await.unwrap();
    register(&cluster).await;
    for _ in 0..3 {
        work(&cluster, 0).await;
    }
    for _ in 0..3_000 {
        cluster.start_run(0, "parked", &[]).await.unwrap();
    }
    let (backup, data) = (cluster.path().join("backup"), cluster.path().join("restored"));
    let address = &cluster.nodes[0].address;
    let mut unfinished = 0;
    let create = ["backup", "create", text(&backup), "--address", address];
    for millis in [5, 15, 30, 60, 100, 150] {
        interrupt(&create, millis);
        if !backup.exists() {
            continue;
        }
        let (code, verified) = run(&["backup", "verify", text(&backup)]);
        match code {
            Some(0) => {}
            Some(1) => {
                says(&verified, &["no finished backup"]);
                unfinished += 1;
            }
            other => panic!("{other:?}: {verified}"),
        }
    }
    gofer(0, &create);
    gofer(0, &["backup", "verify", text(&backup)]);
    let restore = ["backup", "restore", text(&backup), "--data-dir", text(&data)];
    for millis in [5, 15, 30, 60, 100, 150] {
        interrupt(&restore, millis);
        let (code, replayed) = run(&["audit", "replay", text(&data)]);
        if code == Some(0) {
            fs::remove_dir_all(&data).unwrap();
        } else {
            says(&replayed, &["restored"]);
            unfinished += 1;
        }
    }
    assert!(unfinished > 2, "most were to be interrupted, {unfinished} were");
    gofer(0, &restore);
    says(&gofer(0, &["audit", "replay", text(&data)]), &["equal to the node's stored state"]);
}

/// Runs gofer and kills it after a while.
fn interrupt(arguments: &[&str], millis: u64) {
    let mut command = Command::new(binary().unwrap());
    let mut child = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(millis));
    let _ = child.kill();
    child.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_node_is_backed_up_too_and_logs_that_it_lacks_are_named() {
    let (mut cluster, _) = small().await;
    let data = cluster.nodes[0].data.clone();
    cluster.nodes[0].terminate(Duration::from_secs(30)).unwrap();
    let blob = files(&data.join("blobs")).into_iter().next().unwrap();
    let kept = cluster.path().join("kept");
    fs::rename(&blob, &kept).unwrap();
    let backup = cluster.path().join("offline");
    let create = ["backup", "create", text(&backup), "--data-dir", text(&data)];
    says(&gofer(1, &create), &["1 logs or parts of objects are not in it"]);
    says(&gofer(0, &["backup", "verify", text(&backup)]), &["without 1 logs"]);
    fs::rename(&kept, &blob).unwrap();
    says(&gofer(0, &create), &["events added: 0, logs added: 1"]);
    let verified = gofer(0, &["backup", "verify", text(&backup)]);
    assert!(!verified.contains("without"), "{verified}");
    // It is an export, too.
    gofer(0, &["audit", "verify", text(&backup)]);
    says(&gofer(0, &["audit", "diff", text(&backup), text(&data)]), &["equal from revision 1"]);
}
