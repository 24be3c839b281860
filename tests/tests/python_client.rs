//! A Python client, generated from `proto/`, works against a follower.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests fail by panicking and report")]

use std::path::Path;
use std::process::Command;

use gofer_tests::{Cluster, python};

#[tokio::test(flavor = "multi_thread")]
async fn a_generated_python_client_works_against_a_follower() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let cluster = Cluster::start(3, &["--drivers", "process"]).await.unwrap();
    let follower = cluster.other_than(cluster.leader().await.unwrap());
    let mut command = Command::new(python().unwrap());
    command.arg(root.join("tests/python/client.py")).arg(root.join("proto")).arg(&cluster.nodes[follower].address);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    println!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
