//! What the tests of shared tasks share.

use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use gofer_tests::{Cluster, Printed, eventually, gofer, printed};
use serde_json::Value;

/// Long enough for the lease of a killed node to end, and for its task to run again elsewhere, on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(180);

/// Calls `gofer` for one node.
pub(crate) fn call(cluster: &Cluster, node: usize, arguments: &[&str]) -> Printed {
    let address = ["--address", &cluster.nodes[node].address];
    printed(&mut gofer(&[&address[..], arguments].concat()).unwrap()).unwrap()
}

#[track_caller]
pub(crate) fn done(cluster: &Cluster, node: usize, arguments: &[&str]) -> String {
    let printed = call(cluster, node, arguments);
    assert_eq!(printed.code, Some(0), "{arguments:?}: {printed:?}");
    printed.stdout
}

#[track_caller]
pub(crate) fn json_of(cluster: &Cluster, node: usize, arguments: &[&str]) -> Value {
    serde_json::from_str(&done(cluster, node, &[&["-o", "json"], arguments].concat())).unwrap()
}

/// Writes a file; its path.
pub(crate) fn file(cluster: &Cluster, name: &str, content: &str) -> String {
    let path = cluster.path().join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

#[track_caller]
pub(crate) fn register(cluster: &Cluster, node: usize, name: &str, content: &str) {
    let path = file(cluster, name, content);
    done(cluster, node, &["pipeline", "register", &path]);
}

/// Sets a secret of the shared tasks.
pub(crate) fn secret(cluster: &Cluster, name: &str, value: &str) {
    let address = &cluster.nodes[0].address;
    let mut command = gofer(&["--address", address, "secret", "set", name, "--namespace", "tasks"]).unwrap();
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(value.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "{name}");
}

/// Starts a run, or does so again; the run as `pipeline/number`.
#[track_caller]
pub(crate) fn started(cluster: &Cluster, node: usize, arguments: &[&str]) -> String {
    let run = json_of(cluster, node, arguments);
    format!("{}/{}/{}", run["namespace"].as_str().unwrap(), run["pipeline"].as_str().unwrap(), run["run"])
}

/// Waits for the end of a run; how it ended.
pub(crate) async fn finished(cluster: &Cluster, run: &str) -> String {
    let what = format!("the end of {run}");
    let end = eventually(&what, LIMIT, || async {
        for node in (0..cluster.nodes.len()).filter(|node| cluster.nodes[*node].is_running()) {
            let shown = call(cluster, node, &["-o", "json", "run", "get", run]);
            let Ok(shown) = serde_json::from_str::<Value>(&shown.stdout) else { continue };
            let status = shown["status"].as_str().unwrap_or_default().to_lowercase();
            let status = status.trim_start_matches("run_status_").to_owned();
            if matches!(status.as_str(), "succeeded" | "failed" | "cancelled") {
                return Ok(Some(status));
            }
        }
        Ok(None)
    });
    end.await.map_err(|error| format!("{error:#}\n{}", cluster.log_tails())).unwrap()
}

/// What a task has written, with the remarks; all tasks if it is empty.
pub(crate) fn log(cluster: &Cluster, run: &str, task: &str) -> String {
    let words = ["run", "logs", run, task];
    let words = if task.is_empty() { &words[..3] } else { &words[..] };
    let printed = call(cluster, 0, words);
    printed.stdout + &printed.stderr
}
