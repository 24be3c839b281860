//! A node that knows places of secrets, and a pipeline that shows what it gets.

use std::fs;

use gofer_tests::{Cluster, PATIENCE, pipeline, run, says, shell_task};
use gofer_wire::model::v1 as model;
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

/// A node with these settings, and the pipeline `build` in it.
pub(crate) async fn world(settings: &str) -> (NamedTempFile, Cluster) {
    let file = NamedTempFile::new().unwrap();
    fs::write(file.path(), settings).unwrap();
    let config = file.path().to_str().unwrap().to_owned();
    let cluster = Cluster::start(1, &["--drivers", "process", "--config", &config]).await.unwrap();
    cluster.register(0, pipeline("build", vec![shower()])).await.unwrap();
    (file, cluster)
}

/// A task that proves which value it has, and shows it.
pub(crate) fn shower() -> model::TaskConfig {
    let script = "echo \"canary $TOKEN\"; printf %s \"$TOKEN\" | sha256sum";
    let token = model::Variable { name: "TOKEN".into(), value: "token".into() };
    model::TaskConfig { secret_env: vec![token], ..shell_task("show", script, &[]) }
}

fn sum(value: &str) -> String {
    Sha256::digest(value).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Runs a pipeline to its end; how it ended, and its output, or why there is none.
pub(crate) async fn outcome(cluster: &Cluster, pipeline: &str) -> (model::RunStatus, String) {
    let started = cluster.start_run(0, pipeline, &[]).await.unwrap();
    let ended = cluster.finished(0, &started, PATIENCE).await.unwrap();
    let number = started.run.to_string();
    let logs = ["run", "logs", &format!("{pipeline}/{number}"), "show", "--address", &cluster.nodes[0].address];
    (ended.status(), format!("{}{ended:?}", run(&logs).unwrap().1))
}

pub(crate) async fn gets(cluster: &Cluster, value: &str) {
    let (status, said) = outcome(cluster, "build").await;
    assert_eq!(status, model::RunStatus::Succeeded, "{said}");
    says(&said, &[&sum(value), "canary ***"]);
    assert!(!said.contains(value), "{said}");
}

pub(crate) async fn fails(cluster: &Cluster, words: &[&str]) {
    fails_of(cluster, "build", words).await;
}

pub(crate) async fn fails_of(cluster: &Cluster, pipeline: &str, words: &[&str]) {
    let (status, said) = outcome(cluster, pipeline).await;
    assert_eq!(status, model::RunStatus::Failed, "{said}");
    says(&said, words);
}

/// A value that nobody can guess.
pub(crate) fn draw(name: &str) -> String {
    format!("{name}-{}", uuid::Uuid::new_v4())
}
