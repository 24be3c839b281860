//! Data directories of all formats that there ever were (see `tests/data`), opened by this gofer.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use gofer_tests::{Cluster, PATIENCE, binary};
use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use serde_json::Value;
use tokio_stream::StreamExt;

fn gofer(arguments: &[&str]) -> String {
    let output = Command::new(binary().unwrap()).args(arguments).env_remove("GOFER_ADDRESS").output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{arguments:?}: {text}");
    text
}

fn formats() -> Vec<PathBuf> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let entries = fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn data_of_every_format_is_read_and_worked_on() {
    let formats = formats();
    assert!(formats.iter().any(|path| path.ends_with("format-1")), "{formats:?}");
    for format in formats {
        open(&format).await;
    }
}

async fn open(format: &Path) {
    let directory = tempfile::Builder::new().prefix("gofer-test-").tempdir().unwrap();
    let unpacked = Command::new("tar")
        .arg("--extract")
        .arg("--file")
        .arg(format.join("data.tar.gz"))
        .arg("--directory")
        .arg(directory.path())
        .status();
    assert!(unpacked.unwrap().success());
    let data = directory.path().join("n1");
    fs::rename(directory.path().join("data"), &data).unwrap();
    let path = data.to_str().unwrap();
    let expected: Value = serde_json::from_str(&fs::read_to_string(format.join("expected.json")).unwrap()).unwrap();
    gofer(&["audit", "verify", path]);
    let replayed: Value = serde_json::from_str(&gofer(&["audit", "replay", path, "-o", "json"])).unwrap();
    for key in ["revision", "head", "state_digest", "cluster_id"] {
        assert_eq!(replayed[key], expected[key], "{key} of {}", format.display());
    }
    assert_eq!(replayed["equal"], true);

    // It was at another address, so the second node joins by what the first says of itself now.
    let mut cluster = Cluster::start_on(directory, 2, &["--drivers", "process"]).await.unwrap();
    assert_eq!(cluster.status(1).await.unwrap().cluster_id, expected["cluster_id"].as_str().unwrap());
    let old = model::RunRef { namespace: "default".into(), pipeline: "work".into(), run: 1 };
    assert_eq!(cluster.run(1, &old).await.unwrap().status(), model::RunStatus::Succeeded);
    for node in 0..2 {
        assert_eq!(log_of(&cluster, node, &old, "build").await, "built 1\n");
    }
    let failed = model::RunRef { pipeline: "fails".into(), ..old };
    assert_eq!(cluster.run(0, &failed).await.unwrap().status(), model::RunStatus::Failed);
    let run = cluster.start_run(1, "work", &[]).await.unwrap();
    assert_eq!(cluster.finished(1, &run, PATIENCE).await.unwrap().status(), model::RunStatus::Succeeded);
    assert_eq!(log_of(&cluster, 0, &run, "build").await, format!("built anew {}\n", run.run));
    for node in &mut cluster.nodes {
        node.terminate(Duration::from_secs(30)).unwrap();
        let text = gofer(&["audit", "replay", node.data.to_str().unwrap()]);
        assert!(text.contains("equal to the node's stored state"), "{text}");
    }
}

async fn log_of(cluster: &Cluster, node: usize, run: &model::RunRef, task: &str) -> String {
    let request = api::StreamLogsRequest { run: Some(run.clone()), task: task.into(), ..Default::default() };
    let mut stream = cluster.runs(node).unwrap().stream_logs(request).await.unwrap().into_inner();
    let mut output = Vec::new();
    while let Some(response) = stream.next().await {
        output.extend(response.unwrap().data);
    }
    String::from_utf8(output).unwrap()
}
