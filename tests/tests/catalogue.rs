//! The twelve pipelines of examples/catalogue, written in three languages: their configurations are equal, byte for
//! byte, and each of the three runs in a cluster of three real nodes as the others do.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use gofer_tests::{Cluster, PATIENCE, eventually, gofer, import_image, needs, printed};
use gofer_wire::model::v1::{Run, RunStatus, TaskStatus};

/// Languages, which are also the names of their namespaces, and their programs.
const PROGRAMS: [(&str, &str); 3] = [
    ("rust", "examples/catalogue/rust"),
    ("go", "examples/catalogue/go"),
    ("python", "examples/catalogue/python/pipelines.py"),
];

/// Pipeline; how many tasks of a run succeed, fail and are skipped; a task, and what it prints.
const WANTED: [(&str, [usize; 3], &str, &str); 12] = [
    ("greet", [1, 0, 0], "say", "Hello, world!"),
    ("matrix", [5, 0, 0], "build-windows-arm64", "building for windows/arm64"),
    ("flaky", [1, 0, 0], "fetch", "fetched at attempt 3"),
    ("take-back", [2, 1, 1], "roll-back", "back to the version before"),
    ("checks", [3, 1, 0], "verdict", "good enough"),
    ("deadline", [1, 1, 0], "quick", "a quick answer"),
    ("whoami", [1, 0, 0], "tell", "here is attempt 1 of tell in run 1 of whoami"),
    ("totals", [3, 0, 0], "load", "loading 10"),
    ("dry-run", [2, 0, 1], "tell", "nothing was removed"),
    ("fleet", [3, 0, 0], "report", "all were greeted"),
    ("publish", [1, 0, 0], "publish", "published with a token of 11 letters"),
    ("ship", [3, 0, 0], "send", "sending"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().canonicalize().unwrap()
}

fn command(cluster: &Cluster, node: usize, arguments: &[&str]) -> Command {
    let address = &cluster.nodes[node].address;
    let mut command = gofer(&[&["--address", address.as_str()], arguments].concat()).unwrap();
    command.env("PYTHONPATH", root().join("crates/sdk/python")).current_dir(root());
    command
}

/// What the command printed, which must end well.
fn well(cluster: &Cluster, node: usize, arguments: &[&str]) -> String {
    let printed = printed(&mut command(cluster, node, arguments)).unwrap();
    assert_eq!(printed.code, Some(0), "{arguments:?}: {}", printed.stderr);
    printed.stdout
}

fn set_secret(cluster: &Cluster, language: &str, name: &str, value: &str) {
    let mut command = command(cluster, 0, &["secret", "set", name, "-n", language]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(value.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

/// Registers a language's pipelines in its own namespace; they come back as the files that they are.
fn register(cluster: &Cluster, node: usize, language: &str, program: &str) -> Vec<String> {
    well(cluster, node, &["namespace", "create", language]);
    set_secret(cluster, language, "registry-token", "tok-7f3a9b1");
    set_secret(cluster, language, "signing-key", "-----BEGIN KEY-----\n");
    let register = |(pipeline, ..): (&str, _, _, _)| {
        well(cluster, node, &["pipeline", "register", program, "-n", language, "--", pipeline]);
        well(cluster, node, &["pipeline", "get", pipeline, "-n", language, "--file", "-o", "json"])
    };
    WANTED.map(register).to_vec()
}

fn counts(run: &Run) -> [usize; 3] {
    [TaskStatus::Succeeded, TaskStatus::Failed, TaskStatus::Skipped].map(|status| {
        run.tasks.iter().filter(|task| task.outcome.as_ref().is_some_and(|outcome| outcome.status() == status)).count()
    })
}

/// Agrees once the task waits for it.
async fn agree(cluster: &Cluster, language: &str) {
    let arguments = ["run", "approve", "-n", language, "ship/1", "agree"];
    let agreed =
        || async { anyhow::Ok((printed(&mut command(cluster, 1, &arguments))?.code == Some(0)).then_some(())) };
    eventually("the task that asks", PATIENCE, agreed).await.unwrap();
}

async fn run_all(cluster: &Cluster, node: usize, language: &str) {
    let mut runs = Vec::new();
    for (pipeline, ..) in WANTED {
        runs.push(cluster.start_run(node, &format!("{language}/{pipeline}"), &[]).await.unwrap());
    }
    agree(cluster, language).await;
    for (run, (pipeline, wanted, task, words)) in runs.iter().zip(WANTED) {
        let run = cluster.finished(node, run, PATIENCE).await.unwrap();
        assert_eq!((run.status(), counts(&run)), (RunStatus::Succeeded, wanted), "{language}: {run:?}");
        let log = well(cluster, (node + 1) % 3, &["run", "logs", "-n", language, &format!("{pipeline}/1"), task]);
        assert!(log.contains(words), "{language}/{pipeline}: {words:?} is missing in: {log}");
    }
}

async fn catalogue(drivers: &str) {
    let cluster = Cluster::start(3, &["--drivers", drivers]).await.unwrap();
    let files: Vec<_> = PROGRAMS
        .iter()
        .enumerate()
        .map(|(node, (language, program))| register(&cluster, node, language, program))
        .collect();
    for other in &files[1..] {
        for (one, other) in files[0].iter().zip(other) {
            assert_eq!(one, other);
        }
    }
    for (node, (language, _)) in PROGRAMS.into_iter().enumerate() {
        run_all(&cluster, node, language).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_languages_have_the_same_twelve_pipelines_which_run_in_containers() {
    if std::env::var("GOFER_TEST_DOCKER").as_deref() == Ok("skip") {
        eprintln!("skipped: GOFER_TEST_DOCKER=skip");
        return;
    }
    needs(&["cargo", "go", "python3", "docker"]).unwrap();
    import_image().unwrap();
    catalogue("docker").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_languages_have_the_same_twelve_pipelines_which_run_as_processes() {
    needs(&["cargo", "go", "python3"]).unwrap();
    catalogue("process").await;
}
