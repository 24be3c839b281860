//! Event logs of real nodes that are archived and trimmed, whatever happens to leaders, followers and the archive.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use gofer_tests::{Cluster, PATIENCE, eventually, pipeline, request_id, says, shell_task};
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::cluster_service_client::ClusterServiceClient;
use gofer_wire::api::v1::event_service_client::EventServiceClient;
use gofer_wire::model::v1 as model;
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tonic_types::StatusExt;

/// The least that may stay on the nodes.
const KEEP: u64 = 1_000;
const SEGMENT: u64 = 200;
/// Raft entries after which those before them are purged for sure: two snapshots and what stays behind the newest, with
/// as much again for the time that it takes.
const ENTRIES_TO_PURGE: u64 = 900;

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

/// Three nodes with small segments and snapshots, and a pipeline whose runs only wait.
async fn cluster(archive: &Path) -> (Cluster, String) {
    let url = format!("file://{}", archive.display());
    let (keep, segment) = (KEEP.to_string(), SEGMENT.to_string());
    let flags = [
        ["--drivers", "process"],
        ["--archive-url", &url],
        ["--archive-keep-events", &keep],
        ["--archive-segment-events", &segment],
        ["--snapshot-after", "200"],
        ["--keep-entries", "50"],
    ]
    .concat();
    let cluster = Cluster::start(3, &flags).await.unwrap();
    let mut config = pipeline("parked", vec![shell_task("wait", "true", &[])]);
    config.parallelism = 1;
    config.tasks[0].constraints = vec![model::Variable { name: "nowhere".into(), value: "1".into() }];
    cluster.register(0, config).await.unwrap();
    cluster.register(0, pipeline("work", vec![shell_task("print", "echo done", &[])])).await.unwrap();
    (cluster, url)
}

/// Clients that start runs through every node, as far as those answer.
struct Load {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    fn start(cluster: &Cluster) -> Self {
        let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let clients: Vec<_> = (0..6)
            .map(|client| {
                let mut runs = cluster.runs(client % cluster.nodes.len()).unwrap();
                let (stop, done) = (stop.clone(), done.clone());
                tokio::spawn(async move {
                    while !stop.load(Ordering::SeqCst) {
                        let pipeline =
                            Some(model::PipelineRef { namespace: "default".into(), pipeline: "parked".into() });
                        let request = api::StartRunRequest { pipeline, request_id: request_id(), ..Default::default() };
                        match runs.start_run(request).await {
                            Ok(_) => drop(done.fetch_add(1, Ordering::SeqCst)),
                            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                        }
                    }
                })
            })
            .collect();
        Self { stop, done, clients }
    }

    /// Waits until so many more runs were started.
    async fn go_on(&self, runs: u64) {
        let wanted = self.done.load(Ordering::SeqCst) + runs;
        let done = || async { Ok((self.done.load(Ordering::SeqCst) >= wanted).then_some(())) };
        eventually("more runs", PATIENCE * 2, done).await.unwrap();
    }

    async fn end(self) {
        self.stop.store(true, Ordering::SeqCst);
        for client in self.clients {
            client.await.unwrap();
        }
    }
}

async fn diagnosis(cluster: &Cluster, node: usize) -> anyhow::Result<model::Diagnosis> {
    let mut client = ClusterServiceClient::new(cluster.nodes[node].channel()?);
    let answer = client.diagnose(api::DiagnoseRequest {}).await?.into_inner();
    let own = cluster.status(node).await?.header.unwrap_or_default().node;
    answer.members.into_iter().find(|member| member.node == own).ok_or_else(|| anyhow::anyhow!("it is no member"))
}

async fn archived(cluster: &Cluster, node: usize) -> anyhow::Result<model::ArchiveDiagnosis> {
    let archive = diagnosis(cluster, node).await?.archive;
    archive.ok_or_else(|| anyhow::anyhow!("nothing is said of the archive"))
}

/// Waits until all that makes a segment is archived, the manifest says so, and every node knows.
async fn settled(cluster: &Cluster) -> model::ArchiveDiagnosis {
    let leader = cluster.leader().await.unwrap();
    let found = eventually("everything to be archived", PATIENCE, || async {
        let member = diagnosis(cluster, leader).await?;
        let archive = member.archive.clone().unwrap_or_default();
        let waits = member.revision - archive.archived_revision;
        let is_settled = waits < SEGMENT && archive.manifest_revision == archive.archived_revision;
        anyhow::ensure!(is_settled, "{archive:?} at revision {}", member.revision);
        Ok(Some(archive))
    });
    let found = found.await.unwrap_or_else(|error| panic!("{error:#}\n{}", cluster.log_tails()));
    for node in (0..cluster.nodes.len()).filter(|node| cluster.nodes[*node].is_running()) {
        eventually("each node to know", PATIENCE, || async {
            Ok((archived(cluster, node).await?.trimmed_revision == found.trimmed_revision).then_some(()))
        })
        .await
        .unwrap_or_else(|error| panic!("{error:#}\n{}", cluster.log_tails()));
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trimmed_log_and_its_archive_are_one_whatever_happened_to_leaders() {
    let directory = tempfile::Builder::new().prefix("gofer-archive-").tempdir().unwrap();
    let (mut cluster, url) = cluster(directory.path()).await;
    let load = Load::start(&cluster);
    for round in 0..4 {
        let leader = cluster.leader().await.unwrap();
        let before = archived(&cluster, leader).await.unwrap().archived_revision;
        // Segments come several times a second, so it is killed before, in, or just after one.
        load.go_on(250 + round * 17).await;
        let other = cluster.other_than(leader);
        eventually("another segment", PATIENCE, || async {
            Ok((archived(&cluster, other).await?.archived_revision > before).then_some(()))
        })
        .await
        .unwrap_or_else(|error| panic!("{error:#}\n{}", cluster.log_tails()));
        cluster.nodes[leader].kill();
        load.go_on(200).await;
        cluster.restart(leader).await.unwrap();
    }
    let away = cluster.other_than(cluster.leader().await.unwrap());
    // A leader puts a purge off while it tries to send just these entries, so once may not be enough.
    let mut rounds = 0;
    while !cluster.nodes[away].log_tail().contains("installed a snapshot") {
        assert!(rounds < 5, "the log must have been purged by now\n{}", cluster.log_tails());
        rounds += 1;
        fall_behind_and_catch_up(&mut cluster, away).await;
    }
    load.end().await;
    let work = cluster.start_run(away, "work", &[]).await.unwrap();
    cluster.finished(away, &work, PATIENCE).await.unwrap();

    let archive = settled(&cluster).await;
    assert!(archive.trimmed_revision > 1_000, "{archive:?}");
    let path = directory.path().to_str().unwrap();
    let checked = json(&["audit", "verify", path]);
    assert_eq!(checked["last_revision"], archive.archived_revision);
    // The disk of the machine may be full, so its verdict on the whole does not count.
    let doctor = run(&["doctor", "--address", &cluster.nodes[0].address]).1;
    says(&doctor, &["archive   good", "events wait", "nodes begin with revision"]);

    watches(&cluster, &archive, &url).await;
    let heads = logs(&cluster, &archive, &url);
    assert!(heads.windows(2).all(|pair| pair[0] == pair[1]), "{heads:?}");
    backups(&cluster, &url).await;
    past(&cluster, &work, &url);
    damage(&mut cluster, directory.path(), &url);
}

/// A follower is away until what it has is dropped from the event logs of the others, and purged from their Raft logs: an
/// entry may hold several events, so the one does not follow from the other.
async fn fall_behind_and_catch_up(cluster: &mut Cluster, away: usize) {
    let had = diagnosis(cluster, away).await.unwrap();
    cluster.nodes[away].kill();
    let other = cluster.leader().await.unwrap();
    let gone = eventually("what the follower has to be dropped elsewhere", PATIENCE * 2, || async {
        let now = diagnosis(cluster, other).await?;
        let is_dropped = now.archive.unwrap_or_default().trimmed_revision > had.revision;
        let is_purged = now.committed_index > had.applied_index + ENTRIES_TO_PURGE;
        Ok((is_dropped && is_purged).then_some(now.applied_index))
    });
    let ahead = gone.await.unwrap_or_else(|error| panic!("{error:#}\n{}", cluster.log_tails()));
    cluster.restart(away).await.unwrap();
    eventually("the follower to catch up", PATIENCE, || async {
        Ok((diagnosis(cluster, away).await?.applied_index >= ahead).then_some(()))
    })
    .await
    .unwrap_or_else(|error| panic!("{error:#}\n{}", cluster.log_tails()));
}

/// What a watch says of events that are dropped, and of others.
async fn watches(cluster: &Cluster, archive: &model::ArchiveDiagnosis, url: &str) {
    let first = archive.trimmed_revision + 1;
    for node in 0..3 {
        let mut events = EventServiceClient::new(cluster.nodes[node].channel().unwrap());
        let watch = |from| api::WatchRequest { from_revision: from, stop_at_end: true, ..Default::default() };
        let status = events.watch(watch(1)).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::OutOfRange);
        let info = status.get_details_error_info().unwrap();
        assert_eq!((info.reason.as_str(), info.domain.as_str()), ("EVENTS_ARCHIVED", "gofer"));
        assert_eq!(info.metadata["first_available"], first.to_string());
        assert_eq!(info.metadata["archive"], url);
        assert!(events.watch(watch(first - 1)).await.is_err());
        let mut stream = events.watch(watch(first)).await.unwrap().into_inner();
        let message = stream.message().await.unwrap().unwrap();
        assert_eq!(message.events[0].revision, first);
    }
    let text = gofer(3, &["events", "watch", "--from", "1", "--address", &cluster.nodes[0].address]);
    says(&text, &["are in the archive", "--archive", &first.to_string()]);
}

/// Each node's log with the archive and without; the heads at the newest revision that all have.
fn logs(cluster: &Cluster, archive: &model::ArchiveDiagnosis, url: &str) -> Vec<String> {
    let mut heads = Vec::new();
    for node in &cluster.nodes {
        let data = node.data.to_str().unwrap();
        let whole = json(&["audit", "verify", data, "--archive", url]);
        assert_eq!((&whole["first_revision"], &whole["valid"]), (&1.into(), &true.into()), "{whole}");
        heads.push(whole["head"].to_string());
        let part = gofer(0, &["audit", "verify", data]);
        let before = format!("revisions 1 to {} were not there", archive.trimmed_revision);
        says(&part, &[&format!("revisions {} to ", archive.trimmed_revision + 1), &before]);
        let replayed = gofer(0, &["audit", "replay", data, "--archive", url]);
        says(&replayed, &["equal to the node's stored state"]);
        let doctor = run(&["doctor", "--data-dir", data, "--archive", url]).1;
        says(&doctor, &["equal to what the events add up to"]);
        says(&run(&["doctor", "--data-dir", data]).1, &["not compared: events 1 to "]);
        for arguments in [
            vec!["audit", "replay", data],
            vec!["audit", "show", "node", "n1", "--source", data],
            vec!["audit", "explain", "parked/1", "--source", data],
            vec!["audit", "export", "/nonexistent/never-made", "--data-dir", data],
            vec!["backup", "create", "/nonexistent/never-made", "--data-dir", data],
        ] {
            says(&gofer(2, &arguments), &["--archive"]);
        }
        let shown = json(&["audit", "explain", "parked/1", "--source", data, "--archive", url]);
        assert_eq!(shown["version"], 1);
    }
    heads
}

/// A backup of the trimmed cluster, from nodes and from a directory, and the cluster that it becomes.
async fn backups(cluster: &Cluster, url: &str) {
    let scratch = TempDir::new().unwrap();
    let at = |name: &str| scratch.path().join(name).to_str().unwrap().to_owned();
    let address = &cluster.nodes[1].address;
    let text = run(&["backup", "create", &at("refused"), "--address", address]);
    assert_ne!(text.0, Some(0));
    says(&text.1, &["are in the archive", "--archive"]);
    let made = json(&["backup", "create", &at("live"), "--address", address, "--archive", url]);
    // A majority holds each log, so the directory of one node may lack some.
    let copied = cluster.nodes.iter().find_map(|node| {
        let data = node.data.to_str().unwrap();
        let arguments = ["backup", "create", &at("files"), "--data-dir", data, "--archive", url, "-o", "json"];
        let (code, text) = run(&arguments);
        if code == Some(1) {
            says(&text, &["missing_blobs", "with the --data-dir of each"]);
            return None;
        }
        assert_eq!(code, Some(0), "{text}");
        Some(serde_json::from_str::<Value>(&text).unwrap())
    });
    let copied = copied.unwrap();
    let data = cluster.nodes[0].data.to_str().unwrap();
    let live = json(&["audit", "replay", data, "--archive", url]);
    for backup in [&made, &copied] {
        assert_eq!(backup["revision"], live["revision"]);
        assert_eq!(backup["state_digest"], live["state_digest"]);
    }
    // What was added since needs no archive.
    let added = json(&["backup", "create", &at("live"), "--address", address]);
    assert_eq!(added["state_digest"], live["state_digest"]);
    gofer(0, &["backup", "verify", &at("live")]);
    let restored = scratch.path().join("cluster");
    fs::create_dir(&restored).unwrap();
    let directory = restored.join("n1");
    gofer(0, &["backup", "restore", &at("live"), "--data-dir", directory.to_str().unwrap()]);
    // Its log is whole, and it has no archive.
    let replayed = gofer(0, &["audit", "replay", directory.to_str().unwrap()]);
    says(&replayed, &["equal to the node's stored state"]);
    let refused = gofer(0, &["audit", "verify", directory.to_str().unwrap()]);
    says(&refused, &["revisions 1 to "]);
}

/// The running cluster is asked about what its nodes have dropped.
fn past(cluster: &Cluster, work: &model::RunRef, url: &str) {
    let address = &cluster.nodes[2].address;
    let refused = run(&["audit", "replay", "--address", address]);
    assert_ne!(refused.0, Some(0));
    says(&refused.1, &["are in the archive", "--archive"]);
    let replayed = json(&["audit", "replay", "--address", address, "--archive", url]);
    let data = cluster.nodes[2].data.to_str().unwrap();
    assert_eq!(replayed["state_digest"], json(&["audit", "replay", data, "--archive", url])["state_digest"]);
    let name = format!("work/{}", work.run);
    let told = gofer(0, &["audit", "explain", &name, "--address", address, "--archive", url]);
    says(&told, &["run default/work/1, version 1"]);
}

/// One byte of an archived segment, and the archive of somebody else.
fn damage(cluster: &mut Cluster, archive: &Path, url: &str) {
    let data = cluster.nodes[0].data.to_str().unwrap().to_owned();
    let manifest: Value = serde_json::from_slice(&fs::read(archive.join("manifest.json")).unwrap()).unwrap();
    let segment = &manifest["segments"][1];
    let file = archive.join("segments").join(format!("{}.zst", segment["digest"].as_str().unwrap()));
    let whole = fs::read(&file).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    fs::write(&file, flipped).unwrap();
    let fault = format!("revision {}: wrong segment", segment["first_revision"]);
    for arguments in
        [vec!["audit", "verify", archive.to_str().unwrap()], vec!["audit", "verify", &data, "--archive", url]]
    {
        says(&gofer(1, &arguments), &[&fault, segment["digest"].as_str().unwrap()]);
    }
    fs::write(&file, whole).unwrap();
    let other = TempDir::new().unwrap();
    let stranger = other.path().join("stranger");
    let mut text = fs::read_to_string(archive.join("manifest.json")).unwrap();
    text = text.replace("\"first_revision\": 1,", "\"first_revision\": 2,");
    fs::create_dir(&stranger).unwrap();
    fs::write(stranger.join("manifest.json"), text).unwrap();
    assert_eq!(run(&["audit", "verify", &data, "--archive", &format!("file://{}", stranger.display())]).0, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_archive_a_cluster_goes_on_and_drops_nothing() {
    let directory = tempfile::Builder::new().prefix("gofer-archive-").tempdir().unwrap();
    let (at, away) = (directory.path().join("archive"), directory.path().join("away"));
    fs::create_dir(&at).unwrap();
    let (cluster, _) = cluster(&at).await;
    let load = Load::start(&cluster);
    let leader = cluster.leader().await.unwrap();
    eventually("something to be dropped", PATIENCE * 2, || async {
        Ok((archived(&cluster, leader).await?.trimmed_revision > 0).then_some(()))
    })
    .await
    .unwrap_or_else(|error| panic!("{error:#}\n{}", cluster.log_tails()));
    // As when a file system is not mounted any more: an empty directory, which is not the archive.
    fs::rename(&at, &away).unwrap();
    fs::create_dir(&at).unwrap();
    // A segment that was complete when it went is recorded yet.
    load.go_on(200).await;
    let before = archived(&cluster, leader).await.unwrap();
    assert!(before.error.contains("is missing"), "{before:?}");
    load.go_on(400).await;
    let after = archived(&cluster, leader).await.unwrap();
    assert_eq!((after.archived_revision, after.trimmed_revision), (before.archived_revision, before.trimmed_revision));

    fs::remove_dir_all(&at).unwrap();
    eventually("the doctor to miss the directory", PATIENCE, || async {
        Ok(archived(&cluster, leader).await?.error.contains("can't read or write").then_some(()))
    })
    .await
    .unwrap();
    load.go_on(100).await;
    assert_eq!(archived(&cluster, leader).await.unwrap().archived_revision, after.archived_revision);
    assert!(!at.exists(), "an archive that is not there must never be made");
    let doctor = gofer(1, &["doctor", "--address", &cluster.nodes[leader].address]);
    says(&doctor, &["archive", "can't be used", "nodes drop nothing"]);
    let leader = cluster.leader().await.unwrap();
    says(&cluster.nodes[leader].log_tail(), &["nothing can be archived"]);
    fs::rename(&away, &at).unwrap();
    load.end().await;
    let settled = settled(&cluster).await;
    assert!(settled.archived_revision > after.archived_revision, "{settled:?}");
    assert_eq!(json(&["audit", "verify", at.to_str().unwrap()])["last_revision"], settled.archived_revision);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_archive_of_another_cluster_is_left_alone() {
    let directory = tempfile::Builder::new().prefix("gofer-archive-").tempdir().unwrap();
    let (first, _) = cluster(directory.path()).await;
    let load = Load::start(&first);
    load.go_on(500).await;
    load.end().await;
    settled(&first).await;
    drop(first);
    let manifest = fs::read(directory.path().join("manifest.json")).unwrap();
    let (second, _) = cluster(directory.path()).await;
    let load = Load::start(&second);
    load.go_on(500).await;
    load.end().await;
    let leader = second.leader().await.unwrap();
    let found = archived(&second, leader).await.unwrap();
    assert!(found.archived_revision == 0 && found.error.contains("is the archive of cluster"), "{found:?}");
    assert_eq!(fs::read(directory.path().join("manifest.json")).unwrap(), manifest);
}

/// The survivor of a trimmed cluster goes on with its archive, under another id.
#[tokio::test(flavor = "multi_thread")]
async fn a_recovered_cluster_goes_on_with_the_archive() {
    let directory = tempfile::Builder::new().prefix("gofer-archive-").tempdir().unwrap();
    let (mut cluster, url) = cluster(directory.path()).await;
    let load = Load::start(&cluster);
    load.go_on(1_500).await;
    load.end().await;
    let before = settled(&cluster).await;
    assert!(before.trimmed_revision > 0, "{before:?}");
    let survivor = cluster.leader().await.unwrap();
    let old = cluster.status(survivor).await.unwrap().cluster_id;
    for node in &mut cluster.nodes {
        node.kill();
    }
    let data = cluster.nodes[survivor].data.to_str().unwrap().to_owned();
    gofer(0, &["cluster", "recover", "--data-dir", &data, "--yes", "--grace", "1s"]);
    cluster.restart(survivor).await.unwrap();
    eventually("the survivor to lead", PATIENCE, || async {
        let status = cluster.status(survivor).await?;
        Ok((status.leader != 0 && status.cluster_id != old).then_some(()))
    })
    .await
    .unwrap();
    for _ in 0..2 * SEGMENT {
        cluster.start_run(survivor, "parked", &[]).await.unwrap();
    }
    let after = settled(&cluster).await;
    assert!(after.archived_revision > before.archived_revision, "{after:?}");
    let new = cluster.status(survivor).await.unwrap().cluster_id;
    let checked = json(&["audit", "verify", directory.path().to_str().unwrap()]);
    assert_eq!((&checked["cluster_id"], &checked["first_revision"]), (&new.into(), &1.into()));
    let replayed = gofer(0, &["audit", "replay", &data, "--archive", &url]);
    says(&replayed, &["equal to the node's stored state"]);
}
