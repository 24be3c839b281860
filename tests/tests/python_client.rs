//! A Python client, generated from `proto/`, works against a follower.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests fail by panicking and report")]

use std::path::{Path, PathBuf};
use std::process::Command;

use gofer_tests::Cluster;

/// The interpreter of the environment that `scripts/install-deps --test` makes.
fn python(root: &Path) -> PathBuf {
    let path = std::env::var_os("GOFER_PYTHON").map_or_else(|| root.join("target/python/bin/python"), PathBuf::from);
    assert!(path.exists(), "{} is missing; run scripts/install-deps --test", path.display());
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generated_python_client_works_against_a_follower() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let cluster = Cluster::start(3, &["--drivers", "process"]).await.unwrap();
    let follower = cluster.other_than(cluster.leader().await.unwrap());
    let mut command = Command::new(python(root));
    command.arg(root.join("tests/python/client.py")).arg(root.join("proto")).arg(&cluster.nodes[follower].address);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    println!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
