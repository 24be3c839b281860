//! `gofer audit` against real nodes, running and stopped.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use gofer_tests::{Cluster, PATIENCE, binary, eventually, pipeline, says, shell_task};
use gofer_wire::model::v1 as model;
use serde_json::Value;

/// Runs `gofer audit`, which must end with this code, and returns what it printed.
fn audit(code: i32, arguments: &[&str]) -> String {
    let mut command = Command::new(binary().unwrap());
    let output: Output = command.arg("audit").args(arguments).env_remove("GOFER_ADDRESS").output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
    assert!(!text.contains("panicked"), "{text}");
    text
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&audit(0, &[arguments, &["-o", "json"]].concat())).unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A cluster of three nodes with a run that ended in success after a retry, and one that failed.
async fn cluster() -> (Cluster, model::RunRef) {
    let cluster = Cluster::start(3, &["--drivers", "process"]).await.unwrap();
    let flag = cluster.path().join("flag");
    let once = format!("test -e {0} && exit 0; touch {0}; exit 3", text(&flag));
    let mut config = pipeline("release", vec![shell_task("build", &once, &[]), shell_task("test", "true", &["build"])]);
    config.tasks[0].retry = Some(model::RetryPolicy { attempts: 2, ..Default::default() });
    cluster.register(0, config).await.unwrap();
    let run = cluster.start_run(0, "release", &[("TAG", "v1")]).await.unwrap();
    let finished = cluster.finished(0, &run, PATIENCE).await.unwrap();
    assert_eq!(finished.status(), model::RunStatus::Succeeded);
    (cluster, run)
}

async fn all_at(cluster: &Cluster, revision: u64) {
    for node in 0..cluster.nodes.len() {
        eventually("the node to catch up", PATIENCE, || async {
            let header = cluster.status(node).await?.header.unwrap_or_default();
            Ok((header.revision >= revision).then_some(()))
        })
        .await
        .unwrap();
    }
}

/// The program in the documentation that checks an export.
fn documented_program() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let page = fs::read_to_string(root.join("docs/log-format.md")).unwrap();
    let (_, rest) = page.split_once("```python\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

fn python(export: &Path) -> Output {
    Command::new("python3").args(["-c", &documented_program()]).arg(export).output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_cluster_is_exported_verified_and_explained() {
    let (cluster, run) = cluster().await;
    let (live, offline) = (cluster.path().join("live"), cluster.path().join("offline"));
    let revision = cluster.status(0).await.unwrap().header.unwrap().revision;
    all_at(&cluster, revision).await;

    let data = text(&cluster.nodes[1].data).to_owned();
    says(&audit(0, &["export", text(&live), "--address", &cluster.nodes[0].address]), &["revisions 1 to"]);
    audit(0, &["export", text(&offline), "--data-dir", &data]);
    for source in [text(&live), text(&offline), &data] {
        let found = json(&["verify", source]);
        assert_eq!((&found["valid"], found["last_revision"].as_u64() >= Some(revision)), (&Value::Bool(true), true));
    }
    says(&audit(0, &["diff", text(&live), text(&offline)]), &["equal from revision 1"]);
    says(&audit(0, &["diff", text(&live), "--from", "1"]), &["+ run default/release/1", "succeeded"]);

    let story = audit(0, &["explain", "release/1", "--source", text(&live)]);
    says(
        &story,
        &[
            "started the run, with version 1",
            "attempt 1 of task build failed: the program ended with exit code 3",
            "its retry policy allows 2 attempts, and it had 1",
            "task test waits for a node: build succeeded",
            "the run succeeded",
        ],
    );
    assert_eq!(story, audit(0, &["explain", "default/release", "1", "--source", text(&offline)]));
    says(&audit(2, &["explain", "release/7", "--source", &data]), &["knows no run default/release/7"]);

    shows_the_past(&["--source", text(&offline)], &story);
    let lines = audit(0, &["export", "--format", "jsonl", "--address", &cluster.nodes[2].address, "--to", "5"]);
    let revisions: Vec<u64> =
        lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["revision"].as_u64().unwrap()).collect();
    assert_eq!(revisions, [1, 2, 3, 4, 5]);
    let same = audit(0, &["export", "--format", "jsonl", "--data-dir", text(&live), "--to", "5"]);
    assert_eq!(lines, same);

    let other = cluster.start_run(0, "release", &[]).await.unwrap();
    cluster.finished(0, &other, PATIENCE).await.unwrap();
    let before = json(&["verify", text(&live)])["last_revision"].as_u64();
    let more = json(&["export", text(&live), "--address", &cluster.nodes[1].address]);
    assert!(more["added"].as_u64() > Some(0) && more["last_revision"].as_u64() > before, "{more}");
    assert_eq!(more["segments"].as_array().unwrap().len(), 2);
    let checked = python(&live);
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    says(&String::from_utf8_lossy(&checked.stdout), &["are right", more["last_hash"].as_str().unwrap()]);
    assert_eq!(run.run + 1, other.run);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_cluster_tells_of_its_past() {
    let (mut cluster, _) = cluster().await;
    let addresses: Vec<String> = cluster.nodes.iter().map(|node| node.address.clone()).collect();
    let revision = cluster.status(0).await.unwrap().header.unwrap().revision;
    all_at(&cluster, revision).await;
    let until = revision.to_string();
    // The first one does not answer: the next one is asked.
    cluster.nodes[0].kill();
    let all = addresses.join(",");
    let online = ["--address", all.as_str()];
    let on = |code: i32, arguments: &[&str]| audit(code, &[arguments, &online].concat());

    let story = on(0, &["explain", "release/1"]);
    says(&story, &["attempt 1 of task build failed: the program ended with exit code 3", "the run succeeded"]);
    says(&on(2, &["explain", "release/7"]), &["the cluster at", "knows no run default/release/7"]);
    shows_the_past(&online, &story);
    says(&on(0, &["diff", "--from", "1", "--to", &until]), &["+ run default/release/1", "succeeded"]);
    says(&on(2, &["replay", "--until", "999999"]), &["the cluster at", "before 999999"]);
    says(&on(2, &["diff"]), &["--from"]);
    let early = json(&[&["replay", "--until", "1971-01-01T00:00:00Z"], &online[..]].concat());
    assert_eq!(early["revision"], 0);
    let replayed = json(&[&["replay", "--until", &until], &online[..]].concat());
    assert_eq!(replayed["revision"], revision, "{replayed}");

    // One node alone has it all, but nobody vouches that this is the newest.
    cluster.nodes[1].kill();
    let alone = ["replay", "--until", &until, "--address", &addresses[2], "--timeout", "2s"];
    says(&audit(4, &alone), &[&addresses[2]]);
    let local = json(&[&alone[..], &["--consistency", "local"]].concat());
    assert_eq!(local["state_digest"], replayed["state_digest"]);
    cluster.nodes[2].terminate(Duration::from_secs(30)).unwrap();
    let offline = json(&["replay", text(&cluster.nodes[2].data), "--until", &until]);
    assert_eq!(offline["state_digest"], replayed["state_digest"]);
    assert_eq!(offline["head"], replayed["head"]);
    says(&audit(4, &["show", "node", "n1", "--address", &addresses[2], "--timeout", "2s"]), &[&addresses[2]]);
}

/// The run as it is at the end, and as it was when it began, by what the flags name.
fn shows_the_past(source: &[&str], story: &str) {
    let json = |arguments: &[&str]| json(&[arguments, source].concat());
    let audit = |code, arguments: &[&str]| audit(code, &[arguments, source].concat());
    let now = json(&["show", "run", "release/1"]);
    assert_eq!(now["run"]["status"], "succeeded", "{now}");
    let began = story.lines().find(|line| line.contains("started the run")).unwrap();
    let revision = began.split_whitespace().next().unwrap();
    let then = json(&["show", "run", "release/1", "--at", revision]);
    assert_eq!(then["revision"].to_string(), revision);
    assert_ne!(then["run"]["status"], "succeeded", "{then}");
    let before = (revision.parse::<u64>().unwrap() - 1).to_string();
    says(&audit(2, &["show", "run", "release/1", "--at", &before]), &["there is no run release/1"]);
    let pipeline = json(&["show", "pipeline", "release", "--at", &before]);
    assert_eq!(pipeline["pipeline"]["config"]["id"], "release", "{pipeline}");
    assert!(json(&["show", "node", "n1"])["node"].is_object());
    assert!(json(&["show", "namespace", "default"])["namespace"].is_object());
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_nodes_have_the_state_that_their_events_add_up_to() {
    let (mut cluster, _) = cluster().await;
    let revision = cluster.status(0).await.unwrap().header.unwrap().revision;
    all_at(&cluster, revision).await;
    for node in &mut cluster.nodes {
        node.terminate(Duration::from_secs(30)).unwrap();
    }
    let data: Vec<PathBuf> = cluster.nodes.iter().map(|node| node.data.clone()).collect();
    let until = revision.to_string();
    let mut digests = Vec::new();
    for data in &data {
        says(&audit(0, &["replay", text(data)]), &["equal to the node's stored state"]);
        digests.push(json(&["replay", text(data), "--until", &until])["state_digest"].clone());
    }
    assert!(digests.iter().all(|digest| digest.is_string() && *digest == digests[0]), "{digests:?}");
    says(&audit(0, &["diff", text(&data[0]), text(&data[1])]), &["equal from revision 1"]);
    let early = json(&["replay", text(&data[0]), "--until", "1971-01-01T00:00:00Z"]);
    assert_eq!(early["revision"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_outlives_what_it_vouches_for() {
    let (mut cluster, _) = cluster().await;
    let data = text(&cluster.nodes[0].data).to_owned();
    let note = audit(0, &["checkpoint", "--data-dir", &data]);
    let key = audit(0, &["key", "--data-dir", &data]).trim().to_owned();
    let stranger = audit(0, &["key", "--data-dir", text(&cluster.nodes[1].data)]).trim().to_owned();
    let file = cluster.path().join("head.txt");
    fs::write(&file, &note).unwrap();
    let verify =
        |code, source: &str, key: &str| audit(code, &["verify", source, "--checkpoint", text(&file), "--trust", key]);
    says(&verify(0, &data, &key), &["agrees with the checkpoint"]);
    says(&verify(1, &data, &stranger), &["no trusted key"]);
    let export = cluster.path().join("export");
    audit(0, &["export", text(&export), "--data-dir", &data]);
    says(&verify(0, text(&export), &key), &["agrees with the checkpoint"]);
    let short = cluster.path().join("short");
    audit(0, &["export", text(&short), "--data-dir", &data, "--to", "5"]);
    says(&verify(1, text(&short), &key), &["revision 6: truncated end"]);

    let revision = note.lines().nth(1).unwrap();
    fs::write(&file, note.replace(&format!("\n{revision}\n"), &format!("\n{revision}0\n"))).unwrap();
    says(&verify(1, &data, &key), &["signature", "wrong"]);

    let segment = fs::read_dir(export.join("segments")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&segment, bytes).unwrap();
    says(&audit(1, &["verify", text(&export)]), &["revision 1: wrong segment"]);
    assert!(!python(&export).status.success());
    let nothing = cluster.path().join("nothing");
    says(&audit(2, &["verify", text(&nothing)]), &["neither a data directory nor an export"]);
    assert!(!nothing.exists());
    // The node goes on as if nobody had looked.
    cluster.nodes[0].terminate(Duration::from_secs(30)).unwrap();
    cluster.restart(0).await.unwrap();
}
