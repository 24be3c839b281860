//! The example that uses parameters, outputs, conditions, an approval and runs of another pipeline, in a cluster of
//! three real nodes.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use gofer_tests::{Cluster, PATIENCE, gofer, printed};
use gofer_wire::model::v1::{Run, RunStatus, TaskStatus};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().canonicalize().unwrap()
}

fn command(cluster: &Cluster, node: usize, arguments: &[&str]) -> Command {
    let address = &cluster.nodes[node].address;
    let mut command = gofer(&[&["--address", address.as_str()], arguments].concat()).unwrap();
    command.current_dir(root());
    command
}

/// What the command printed, which must end well.
fn run_well(mut command: Command) -> String {
    let printed = printed(&mut command).unwrap();
    assert_eq!(printed.code, Some(0), "{command:?}: {}", printed.stderr);
    printed.stdout
}

fn register(cluster: &Cluster) {
    for (node, name) in ["install", "roll-out"].into_iter().enumerate() {
        let path = format!("examples/values/{name}.toml");
        run_well(command(cluster, node, &["pipeline", "register", &path]));
        // What the cluster gives back is the same pipeline.
        let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
        let text = run_well(command(cluster, 2, &["pipeline", "get", name, "--file"]));
        std::fs::write(file.path(), text).unwrap();
        for path in [file.path().to_str().unwrap(), path.as_str()] {
            run_well(command(cluster, 0, &["pipeline", "diff", path]));
        }
    }
}

fn status(run: &Run, task: &str) -> Option<TaskStatus> {
    let task = run.tasks.iter().find(|one| one.id == task).unwrap();
    task.outcome.as_ref().map(|outcome| outcome.status())
}

/// Repeats the command until it ends well: the task may not wait for an answer yet.
async fn until_well(cluster: &Cluster, arguments: &[&str]) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let printed = printed(&mut command(cluster, 1, arguments)).unwrap();
        if printed.code == Some(0) {
            return;
        }
        assert!(Instant::now() < deadline, "{arguments:?}: {}", printed.stderr);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_roll_out_waits_for_an_answer_and_runs_a_pipeline_for_each_host() {
    let cluster = Cluster::start(3, &["--drivers", "process"]).await.unwrap();
    register(&cluster);
    let variables = [("HOSTS", "web-1\ndb-1\nweb-2"), ("VERSION", "1.4.0")];
    let run = cluster.start_run(0, "roll-out", &variables).await.unwrap();
    until_well(&cluster, &["run", "approve", "roll-out/1", "agree"]).await;
    let run = cluster.finished(0, &run, PATIENCE).await.unwrap();
    assert_eq!(run.status(), RunStatus::Succeeded, "{run:?}");
    let found = ["plan", "agree", "agreed", "unasked", "report"].map(|task| status(&run, task).unwrap());
    let done = TaskStatus::Succeeded;
    assert_eq!(found, [done, done, done, TaskStatus::Skipped, done], "{run:?}");
    let mut installed =
        [1, 2].map(|number| run_well(command(&cluster, 2, &["run", "logs", &format!("install/{number}")])));
    installed.sort();
    for (log, host) in installed.iter().zip(["web-1", "web-2"]) {
        assert!(log.contains(&format!("1.4.0 is installed on {host}")), "{installed:?}");
    }
    let report = run_well(command(&cluster, 1, &["run", "logs", "roll-out/1", "report"]));
    assert!(report.contains("1.4.0 is on 2 hosts, 2 at once"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_roll_out_that_nobody_is_asked_about_needs_values_that_fit() {
    let cluster = Cluster::start(3, &["--drivers", "process"]).await.unwrap();
    register(&cluster);
    for (given, words) in [
        (&["-v", "ASK=false"][..], "parameter VERSION is missing"),
        (&["-v", "VERSION=1", "-v", "AT_ONCE=11"], "parameter AT_ONCE is \"11\""),
        (&["-v", "VERSION=1", "-v", "KIND=mail"], "one of web, db, all will do"),
        (&["-v", "VERSION=1", "-v", "HOST=a"], "has no parameter \"HOST\""),
    ] {
        let refused = printed(command(&cluster, 0, &["run", "start", "roll-out"]).args(given)).unwrap();
        assert_ne!(refused.code, Some(0), "{given:?}");
        assert!(refused.stderr.contains(words), "{words:?} is missing in: {}", refused.stderr);
    }
    let variables = [("ASK", "false"), ("HOSTS", "db-1"), ("KIND", "all"), ("VERSION", "2")];
    let run = cluster.start_run(1, "roll-out", &variables).await.unwrap();
    let run = cluster.finished(1, &run, PATIENCE).await.unwrap();
    assert_eq!(run.status(), RunStatus::Succeeded, "{run:?}");
    let found = ["plan", "agree", "agreed", "unasked", "report"].map(|task| status(&run, task).unwrap());
    let (done, skipped) = (TaskStatus::Succeeded, TaskStatus::Skipped);
    assert_eq!(found, [done, skipped, skipped, done, skipped], "{run:?}");
    let log = run_well(command(&cluster, 0, &["run", "logs", "install/1"]));
    assert!(log.contains("2 is installed on db-1"), "{log}");
}
