//! `gofer doctor` against clusters that are well, and that are not.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use gofer_tests::{Cluster, Node, PATIENCE, eventually, pipeline, says, shell_task};
use serde_json::Value;

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    gofer_tests::run(&[&["doctor"], arguments].concat()).unwrap()
}

/// The findings that are not good, as `node check`; what depends on this machine's disk is left out.
fn faults(arguments: &[&str]) -> Vec<String> {
    let (code, text) = run(&[arguments, &["-o", "json"]].concat());
    let report: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let findings = report["findings"].as_array().unwrap();
    assert!(!findings.is_empty());
    let is_good = |finding: &&Value| finding["verdict"] == "good";
    assert_eq!(report["healthy"].as_bool(), Some(findings.iter().all(|finding| is_good(&finding))));
    assert_eq!(code, Some(i32::from(report["healthy"] != Value::Bool(true))), "{text}");
    let bad = findings.iter().filter(|finding| !is_good(finding));
    let faults = bad.map(|finding| {
        assert_ne!(finding["advice"], "", "{finding}");
        format!("{} {}", finding["node"].as_str().unwrap(), finding["check"].as_str().unwrap())
    });
    faults.filter(|fault| !fault.ends_with(" disk") && !fault.ends_with(" fsync")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_cluster_is_found_through_any_node() {
    let mut cluster = Cluster::start(3, &["--drivers", "process", "--lease-ms", "2000"]).await.unwrap();
    let leader = cluster.leader().await.unwrap();
    let asked = cluster.other_than(leader);
    let address = cluster.nodes[asked].address.clone();
    let online = ["--address", address.as_str()];
    for node in &cluster.nodes {
        assert_eq!(faults(&["--address", &node.address]), Vec::<String>::new());
    }
    let (_, table) = run(&online);
    says(
        &table,
        &[
            "CHECK",
            "history",
            "3 nodes have the same log",
            "clock",
            "versions",
            "lease",
            "ready, ",
            "of its lease of 2.0s left",
        ],
    );

    let gone = (0..3).find(|node| *node != leader && *node != asked).unwrap();
    let (dead, alive) = (format!("n{}", gone + 1), [format!("n{}", leader + 1), format!("n{}", asked + 1)]);
    cluster.nodes[gone].kill();
    let mut wanted = vec![format!("{dead} answer"), format!("{} peers", alive[0]), format!("{} peers", alive[1])];
    let mut found = faults(&online);
    // Its lease may still last.
    found.retain(|fault| !fault.ends_with(" lease"));
    wanted.sort();
    found.sort();
    assert_eq!(found, wanted);
    wanted.push(format!("{dead} lease"));
    wanted.sort();
    eventually("the loss of the node to be found", PATIENCE, || async {
        // Before that, it is told that the lease is not renewed.
        let text = run(&online).1;
        Ok(text.contains("its lease ran out").then_some(()))
    })
    .await
    .unwrap();
    let mut found = faults(&online);
    found.sort();
    assert_eq!(found, wanted);
    says(&run(&online).1, &["help: ", &format!("gofer cluster remove {dead}"), "its lease ran out"]);

    cluster.nodes[leader].kill();
    eventually("the loss of the leader to be found", PATIENCE, || async {
        Ok(faults(&online).contains(&" leader".to_owned()).then_some(()))
    })
    .await
    .unwrap();
    says(&run(&online).1, &["gofer cluster recover"]);
    cluster.nodes[asked].kill();
    assert_eq!(run(&[&online[..], &["--timeout", "2s"]].concat()).0, Some(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_is_not_renewed_is_told_before_the_node_is_lost() {
    // So long a margin that the node is not declared lost while it is looked at.
    let directory = tempfile::tempdir().unwrap();
    let settings = directory.path().join("gofer.toml");
    fs::write(&settings, "[execution]\nlease-ms = 3000\nlease-margin-ms = 60000\n").unwrap();
    let flags = ["--drivers", "process", "--config", settings.to_str().unwrap()];
    let mut cluster = Cluster::start(3, &flags).await.unwrap();
    let leader = cluster.leader().await.unwrap();
    let gone = cluster.other_than(leader);
    let name = format!("n{}", gone + 1);
    let address = cluster.nodes[leader].address.clone();
    let lease = || {
        let report: Value = serde_json::from_str(&run(&["--address", &address, "-o", "json"]).1).unwrap();
        let findings = report["findings"].as_array().unwrap().iter();
        let mut found = findings.filter(|finding| finding["check"] == "lease" && finding["node"] == *name);
        let found = found.next().unwrap();
        (found["verdict"].as_str().unwrap().to_owned(), found["detail"].as_str().unwrap().to_owned())
    };
    let (verdict, detail) = lease();
    assert!(verdict == "good" && detail.contains("of its lease of 3.0s left"), "{verdict}: {detail}");
    cluster.nodes[gone].kill();
    eventually("the lease to run out", PATIENCE, || async {
        let (verdict, detail) = lease();
        let is_told = verdict == "warning" && detail.contains("its lease has run out") && detail.contains("1m03s");
        Ok(is_told.then_some(()))
    })
    .await
    .unwrap();
    cluster.restart(gone).await.unwrap();
    eventually("the lease to be renewed", PATIENCE, || async {
        let (verdict, detail) = lease();
        Ok((verdict == "good" && detail.contains("left")).then_some(()))
    })
    .await
    .unwrap();
}

/// A file system of its own, in memory.
struct Disk(PathBuf);

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_nearly_full_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let disk = Disk(directory.path().join("disk"));
    fs::create_dir_all(&disk.0).unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=400m", "gofer-test"]).arg(&disk.0).status();
    assert!(mounted.unwrap().success(), "this test mounts a tmpfs, so it has to run as root");
    let mut node = Node::new(&disk.0, "n1", vec!["--drivers".into(), "process".into()]);
    node.start(&["--bootstrap", "--name", "n1"]).unwrap();
    eventually("the node to answer", PATIENCE, || async {
        let (code, text) = run(&["--address", &node.address]);
        Ok((code == Some(1) && text.contains("n1    disk")).then_some(()))
    })
    .await
    .unwrap();
    let (_, text) = run(&["--address", &node.address]);
    says(&text, &["free of 400MiB", "make room: a node whose disk is full stops"]);
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_stopped_node_is_found_in_its_files() {
    let mut cluster = Cluster::start(1, &["--drivers", "process"]).await.unwrap();
    cluster.register(0, pipeline("p", vec![shell_task("t", "echo something", &[])])).await.unwrap();
    let run_of = cluster.start_run(0, "p", &[]).await.unwrap();
    cluster.finished(0, &run_of, PATIENCE).await.unwrap();
    let data = cluster.nodes[0].data.clone();
    let offline = ["--data-dir", data.to_str().unwrap()];
    assert_eq!(faults(&offline), Vec::<String>::new());
    says(&run(&offline).1, &["a node runs on it"]);
    cluster.nodes[0].terminate(Duration::from_secs(30)).unwrap();
    assert_eq!(faults(&offline), Vec::<String>::new());
    says(&run(&offline).1, &["1 members", "equal to what the events add up to", "1 are right, 1 are named"]);

    let blob = files(&data.join("blobs")).remove(0);
    let file = fs::File::options().write(true).open(&blob).unwrap();
    file.write_all_at(b"x", 20).unwrap();
    assert_eq!(faults(&offline), [" logs"]);
    says(&run(&offline).1, &[blob.to_str().unwrap(), "remove these files"]);

    fs::write(data.join("UNFINISHED"), "gofer cluster recover\n").unwrap();
    assert_eq!(faults(&offline), [" format"]);
    says(&run(&offline).1, &["was not finished by `gofer cluster recover`"]);
    fs::remove_file(data.join("UNFINISHED")).unwrap();

    let state = data.join(fs::read_to_string(data.join("CURRENT_STATE")).unwrap());
    for path in files(&state).iter().filter(|path| path.extension().is_some_and(|kind| kind == "sst" || kind == "log"))
    {
        let (size, file) = (path.metadata().unwrap().len(), fs::File::options().write(true).open(path).unwrap());
        (64..size).step_by(97).for_each(|place| file.write_all_at(&[0xa5], place).unwrap());
    }
    let found = faults(&offline);
    assert!(found.iter().any(|fault| fault == " format" || fault == " events"), "{found:?}");
    says(&run(&offline).1, &["gofer cluster remove", "restore a backup"]);
    let nothing = cluster.path().join("nothing");
    let (code, text) = run(&["--data-dir", nothing.to_str().unwrap()]);
    assert_eq!(code, Some(2), "{text}");
    says(&text, &["is no data directory"]);
}
