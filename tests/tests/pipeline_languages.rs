//! The same pipelines from three languages, registered through the command line in a cluster of three real nodes, and
//! run there.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;

use gofer_tests::{Cluster, PATIENCE, gofer, import_image, needs, printed};
use gofer_wire::model::v1::{Run, RunStatus, TaskStatus};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().canonicalize().unwrap()
}

/// A command against a node; the SDK for Python is where its programs find it.
fn command(cluster: &Cluster, node: usize, arguments: &[&str]) -> Command {
    let address = &cluster.nodes[node].address;
    let mut command = gofer(&[&["--address", address.as_str()], arguments].concat()).unwrap();
    command.env("PYTHONPATH", root().join("crates/sdk/python")).current_dir(root());
    command
}

/// The command must end well; the JSON that it printed.
fn answer(mut command: Command) -> Value {
    let printed = printed(command.args(["-o", "json"])).unwrap();
    assert_eq!(printed.code, Some(0), "{command:?}: {}", printed.stderr);
    serde_json::from_str(&printed.stdout).unwrap()
}

fn register(cluster: &Cluster, node: usize, path: &str, arguments: &[&str]) -> Value {
    let mut command = command(cluster, node, &["-o", "json", "pipeline", "register", path, "--"]);
    command.args(arguments);
    let printed = printed(&mut command).unwrap();
    assert_eq!(printed.code, Some(0), "{command:?}: {}", printed.stderr);
    serde_json::from_str(&printed.stdout).unwrap()
}

/// A Cargo project outside of this workspace with the golden pipelines of the Rust SDK.
fn rust_project(directory: &Path) -> String {
    let sdk = root().join("crates/sdk");
    let manifest = format!(
        "[package]\nname = \"golden\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
         [[bin]]\nname = \"golden\"\npath = \"{sdk}/examples/golden/main.rs\"\n\n\
         [dependencies]\ngofer-sdk = {{ path = \"{sdk}\" }}\n\n[workspace]\n",
        sdk = sdk.display()
    );
    std::fs::write(directory.join("Cargo.toml"), manifest).unwrap();
    directory.to_str().unwrap().to_owned()
}

async fn run(cluster: &Cluster, node: usize, pipeline: &str) -> Run {
    let run = cluster.start_run(node, pipeline, &[]).await.unwrap();
    cluster.finished(node, &run, PATIENCE).await.unwrap()
}

fn count(run: &Run, status: TaskStatus) -> usize {
    run.tasks.iter().filter(|task| task.outcome.as_ref().is_some_and(|outcome| outcome.status() == status)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn three_languages_register_the_same_pipelines_which_run() {
    needs(&["cargo", "go", "python3"]).unwrap();
    let cluster = Cluster::start(3, &["--drivers", "process"]).await.unwrap();
    let project = tempfile::tempdir().unwrap();
    let programs = [
        rust_project(project.path()),
        "crates/sdk/go/internal/golden/print/main.go".to_owned(),
        "crates/sdk/python/tests/pipelines.py".to_owned(),
    ];
    let golden = root().join("proto/testdata/pipelines/valid");
    let mut pipelines = 0;
    for entry in std::fs::read_dir(&golden).unwrap() {
        let file = entry.unwrap().path();
        let name = file.file_stem().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        let id = serde_json::from_str::<Value>(&text).unwrap()["id"].as_str().unwrap().to_owned();
        for (node, program) in programs.iter().enumerate() {
            let answer = register(&cluster, node, program, &[name]);
            assert_eq!(answer["pipeline"], format!("default/{id}"), "{program}");
            assert_eq!(answer["version"], 1, "{program}: the same pipeline is no new version of {id}");
        }
        let shown = printed(&mut command(&cluster, 2, &["pipeline", "get", &id, "--file", "-o", "json"])).unwrap();
        assert_eq!(shown.stdout, text, "{id}");
        let difference = printed(&mut command(&cluster, 1, &["pipeline", "diff", &programs[1], "--", name])).unwrap();
        assert_eq!(difference.code, Some(0), "{id}: {}", difference.stdout);
        pipelines += 1;
    }
    assert!(pipelines >= 12, "{pipelines}");

    for (pipeline, succeeded) in [("minimal", 1), ("hello", 1), ("diamond", 4), ("retries", 7), ("text", 1)] {
        let run = run(&cluster, 0, pipeline).await;
        assert_eq!(run.status(), RunStatus::Succeeded, "{run:?}");
        assert_eq!(count(&run, TaskStatus::Succeeded), succeeded, "{run:?}");
    }
    let run = run(&cluster, 1, "requirements").await;
    assert_eq!(run.status(), RunStatus::Failed, "y fails, as it is to: {run:?}");
    let counted = [TaskStatus::Succeeded, TaskStatus::Failed, TaskStatus::Skipped].map(|status| count(&run, status));
    assert_eq!(counted, [3, 1, 1], "{run:?}");
    let log = printed(&mut command(&cluster, 2, &["run", "logs", "hello/1"])).unwrap();
    assert!(log.stdout.contains("Hello, world!"), "{log:?}");
}

/// The first block of a language in docs/sdk.md.
fn documented(language: &str) -> String {
    let text = std::fs::read_to_string(root().join("docs/sdk.md")).unwrap();
    let begin = format!("\n```{language}\n");
    text.split_once(&begin).unwrap().1.split_once("\n```\n").unwrap().0.to_owned() + "\n"
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documentation_has_one_pipeline_three_times() {
    needs(&["cargo", "go", "python3"]).unwrap();
    let cluster = Cluster::start(1, &["--drivers", "process"]).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    for (language, file) in [("rust", "src/main.rs"), ("go", "main.go"), ("python", "pipeline.py")] {
        let path = directory.path().join(language);
        let shown = path.to_str().unwrap();
        let written = printed(&mut command(&cluster, 0, &["pipeline", "init", shown, "--language", language])).unwrap();
        assert_eq!(written.code, Some(0), "{written:?}");
        std::fs::write(path.join(file), documented(language)).unwrap();
        let answer = register(&cluster, 0, shown, &[]);
        assert_eq!((&answer["pipeline"], &answer["version"]), (&"default/nightly".into(), &1.into()), "{language}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_cluster_refuses_is_shown_with_the_line_that_declared_it() {
    needs(&["python3"]).unwrap();
    let cluster = Cluster::start(1, &["--drivers", "process"]).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    // As an SDK of another version might: it checks less than the cluster.
    let program = "import inspect, json\n\
                   line = inspect.currentframe().f_lineno + 1\n\
                   task = {'retry': 300, 'source': {'file': 'p.py', 'line': line}}\n\
                   source = {'file': 'p.py', 'line': 9}\n\
                   print(json.dumps({'id': 'p', 'timeout': '99d', 'tasks': {'t': task}, 'source': source}))\n";
    std::fs::write(directory.path().join("p.py"), program).unwrap();
    for flags in [&[][..], &["--validate-only"]] {
        let path = directory.path().to_str().unwrap();
        let refused = printed(command(&cluster, 0, &["pipeline", "register", path]).args(flags)).unwrap();
        assert_eq!(refused.code, Some(3), "{refused:?}");
        let place = |line: usize| format!("{path}/p.py:{line}: ");
        for words in [place(3), place(9), "tasks.t.retry.attempts".into(), "timeout".into()] {
            assert!(refused.stderr.contains(&words), "{words} is missing in: {}", refused.stderr);
        }
    }
    // A fault that is alone is told once.
    let program = program.replace("'timeout': '99d', ", "").replace("'retry': 300", "'retry': 300, 'image': 'x'");
    std::fs::write(directory.path().join("p.py"), program).unwrap();
    let path = directory.path().to_str().unwrap();
    let refused = printed(&mut command(&cluster, 0, &["pipeline", "register", path])).unwrap();
    assert_eq!(refused.stderr.matches("p.py:3: ").count(), 1, "{}", refused.stderr);
    assert_eq!(refused.stderr.matches("retry.attempts").count(), 1, "{}", refused.stderr);
    assert_eq!(answer(command(&cluster, 0, &["pipeline", "list"]))["pipelines"], Value::Array(Vec::new()));
}

/// Pipeline, program, arguments, and how many tasks of a run succeed, fail and are skipped.
const EXAMPLES: [(&str, &str, &[&str], [usize; 3]); 3] = [
    ("release-rust", "examples/rust", &["--platforms", "linux-amd64,linux-arm64,linux-riscv64"], [9, 0, 1]),
    ("backup-go", "examples/go", &[], [11, 0, 5]),
    ("events-python", "examples/python", &["--shards", "3"], [5, 1, 0]),
];

async fn examples_run(cluster: &Cluster) {
    for (node, (pipeline, path, arguments, wanted)) in EXAMPLES.into_iter().enumerate() {
        assert_eq!(register(cluster, node, path, arguments)["version"], 1, "{path}");
        let run = run(cluster, node, pipeline).await;
        assert_eq!(run.status(), RunStatus::Succeeded, "{run:?}");
        let statuses = [TaskStatus::Succeeded, TaskStatus::Failed, TaskStatus::Skipped];
        assert_eq!(statuses.map(|status| count(&run, status)), wanted, "{run:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_run_as_processes() {
    needs(&["cargo", "go", "python3"]).unwrap();
    examples_run(&Cluster::start(3, &["--drivers", "process"]).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_run_in_containers() {
    if std::env::var("GOFER_TEST_DOCKER").as_deref() == Ok("skip") {
        eprintln!("skipped: GOFER_TEST_DOCKER=skip");
        return;
    }
    needs(&["cargo", "go", "python3", "docker"]).unwrap();
    import_image().unwrap();
    examples_run(&Cluster::start(3, &["--drivers", "docker"]).await.unwrap()).await;
}
