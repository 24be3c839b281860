//! What an operator gets wrong: each mistake has a clear answer that says what to do, and costs nothing.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use gofer_tests::{Cluster, Node, Process, binary, eventually, free_port, pipeline, says, shell_task};

fn gofer(arguments: &[&str]) -> Output {
    Command::new(binary().unwrap()).args(arguments).env_remove("GOFER_ADDRESS").output().unwrap()
}

/// Runs `gofer server`, which must fail by itself, and returns what it printed.
fn refused(arguments: &[&str]) -> String {
    let mut child = Command::new(binary().unwrap())
        .arg("server")
        .args(arguments)
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    for _ in 0..200 {
        if let Some(status) = child.try_wait().unwrap() {
            let output = child.wait_with_output().unwrap();
            assert!(!status.success());
            let text = String::from_utf8(output.stderr).unwrap();
            assert!(!text.contains("panicked"), "{text}");
            return text;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    child.kill().unwrap();
    panic!("gofer server {arguments:?} went on running");
}

fn node_of(directory: &Path) -> Node {
    Node::new(directory, "n1", vec!["--drivers".into(), "process".into()])
}

async fn ready(node: &Node) {
    eventually("the node to lead itself", Duration::from_secs(20), || async {
        let mut client = gofer_wire::api::v1::cluster_service_client::ClusterServiceClient::new(node.channel()?);
        let status = client.get_status(gofer_wire::api::v1::GetStatusRequest {}).await?.into_inner();
        Ok((status.leader != 0).then_some(()))
    })
    .await
    .unwrap_or_else(|error| panic!("{error:#}\n{}", node.log_tail()));
}

#[test]
fn an_unknown_key_in_the_configuration_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("gofer.toml");
    std::fs::write(&file, "data-dir = '/tmp/x'\nlisten-adress = '127.0.0.1:1'\n").unwrap();
    let text = refused(&["--config", file.to_str().unwrap()]);
    says(&text, &["listen-adress", "line 2", "gofer.toml"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_and_a_directory_in_use_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let mut node = node_of(directory.path());
    node.start(&["--bootstrap"]).unwrap();
    ready(&node).await;
    let other = directory.path().join("other");
    let text = refused(&["--listen", &node.address, "--data-dir", other.to_str().unwrap(), "--bootstrap"]);
    says(&text, &[&node.address, "in use", "--listen"]);
    let free = format!("127.0.0.1:{}", free_port());
    let text = refused(&["--listen", &free, "--data-dir", node.data.to_str().unwrap()]);
    says(&text, &["another", node.data.to_str().unwrap()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_format_and_a_foreign_directory_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let mut node = node_of(directory.path());
    node.start(&["--bootstrap"]).unwrap();
    ready(&node).await;
    node.terminate(Duration::from_secs(20)).unwrap();
    let identity = node.data.join("identity.json");
    let text = std::fs::read_to_string(&identity).unwrap();
    std::fs::write(&identity, text.replace("\"format\":1", "\"format\":99").replace("\"format\": 1", "\"format\": 99"))
        .unwrap();
    let free = format!("127.0.0.1:{}", free_port());
    let text = refused(&["--listen", &free, "--data-dir", node.data.to_str().unwrap()]);
    says(&text, &["99", "newer"]);

    let foreign = directory.path().join("foreign");
    std::fs::create_dir(&foreign).unwrap();
    std::fs::write(foreign.join("precious.txt"), "mine").unwrap();
    let text = refused(&["--listen", &free, "--data-dir", foreign.to_str().unwrap(), "--bootstrap"]);
    says(&text, &["foreign", "empty"]);
    assert_eq!(std::fs::read_to_string(foreign.join("precious.txt")).unwrap(), "mine");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stopped_politely_keeps_everything() {
    let directory = tempfile::tempdir().unwrap();
    let mut node = node_of(directory.path());
    node.start(&["--bootstrap"]).unwrap();
    ready(&node).await;
    let file = directory.path().join("p.json");
    std::fs::write(&file, r#"{"id": "p", "tasks": {"t": {"command": ["true"]}}}"#).unwrap();
    let output = gofer(&["--address", &node.address, "pipeline", "register", file.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    node.terminate(Duration::from_secs(20)).unwrap();
    node.start(&[]).unwrap();
    ready(&node).await;
    let output = gofer(&["--address", &node.address, "pipeline", "list"]);
    says(&String::from_utf8(output.stdout).unwrap(), &["p"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_whose_command_or_image_is_missing_fails_with_the_reason() {
    let cluster = Cluster::start(1, &["--drivers", "process"]).await.unwrap();
    let mut missing = shell_task("t", "", &[]);
    missing.command = vec!["/no/such/program".into()];
    cluster.register(0, pipeline("missing", vec![missing])).await.unwrap();
    let run = cluster.start_run(0, "missing", &[]).await.unwrap();
    let run = cluster.finished(0, &run, Duration::from_secs(20)).await.unwrap();
    let outcome = run.tasks[0].outcome.clone().unwrap();
    assert_eq!(outcome.reason(), gofer_wire::model::v1::FailureReason::CommandNotFound, "{outcome:?}");
    says(&outcome.message, &["/no/such/program"]);
}

#[test]
fn a_cluster_that_is_not_there_is_said_so() {
    let address = format!("127.0.0.1:{}", free_port());
    let output = gofer(&["--address", &address, "--timeout", "2s", "run", "list", "p"]);
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    says(&String::from_utf8(output.stderr).unwrap(), &[&address]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_directory_may_be_named_from_where_the_node_is_started() {
    let directory = tempfile::tempdir().unwrap();
    let address = format!("127.0.0.1:{}", free_port());
    let mut process = Process::new(directory.path().join("log"));
    let mut command = Command::new(binary().unwrap());
    command.args(["server", "--bootstrap", "--data-dir", "data", "--listen", &address, "--drivers", "process"]);
    command.current_dir(directory.path());
    process.start(command).unwrap();
    let file = directory.path().join("p.toml");
    std::fs::write(&file, "id = 'p'\n[tasks.t]\ncommand = ['true']\n").unwrap();
    let cli = |words: &[&str]| {
        let output = gofer(&[&["--address", &address], words].concat());
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        anyhow::ensure!(output.status.success(), "{words:?}: {text}");
        Ok(Some(()))
    };
    let limit = Duration::from_secs(60);
    eventually("a pipeline", limit, async || cli(&["pipeline", "register", file.to_str().unwrap()])).await.unwrap();
    eventually("a run", limit, async || cli(&["run", "start", "p", "--watch"])).await.unwrap_or_else(|error| {
        panic!("{error:#}\n{}", process.log_tail(20));
    });
}
