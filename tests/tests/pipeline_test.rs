//! `gofer pipeline test`: the test files of the examples and of new pipelines, and what is shown of cases that fail.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gofer_tests::{PATIENCE, Printed, gofer, import_image, needs, printed, says};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().canonicalize().unwrap()
}

fn command(arguments: &[&str]) -> Command {
    let mut command = gofer(&[&["pipeline", "test"], arguments].concat()).unwrap();
    command.env("PYTHONPATH", root().join("crates/sdk/python")).current_dir(root());
    command.env_remove("GOFER_DOCKER_SOCKET").env_remove("RUST_LOG");
    command
}

fn test(arguments: &[&str]) -> Printed {
    printed(&mut command(arguments)).unwrap()
}

/// A directory with a pipeline and a test file.
fn with(pipeline: &str, cases: &str) -> (TempDir, String) {
    let directory = tempfile::Builder::new().prefix("gofer-suite-").tempdir().unwrap();
    std::fs::write(directory.path().join("pipeline.toml"), pipeline).unwrap();
    std::fs::write(directory.path().join("gofer-test.toml"), cases).unwrap();
    let path = directory.path().to_str().unwrap().to_owned();
    (directory, path)
}

const PIPELINE: &str = r#"
id = "suite"
[tasks.build]
image = "no/such/image"
command = ["/bin/sh", "-c", "echo building $WHAT; sleep ${NAP:-0}"]
[tasks.ship]
command = ["/bin/sh", "-c", "echo shipping; exit 4"]
depends_on = ["build"]
"#;

fn examples(driver: &str, cases: [usize; 3]) {
    needs(&["cargo", "go", "python3"]).unwrap();
    for (example, cases) in ["examples/rust", "examples/go", "examples/python"].into_iter().zip(cases) {
        let result = test(&[example, "--driver", driver]);
        assert_eq!(result.code, Some(0), "{example}: {result:?}");
        says(&result.stdout, &[format!(": {cases} passed, 0 failed\n")]);
        assert_eq!(result.stdout.matches("✔ ").count(), cases, "{example}: {result:?}");
    }
}

#[test]
fn the_examples_pass_as_processes() {
    examples("process", [4, 3, 3]);
}

#[test]
fn the_examples_pass_in_containers() {
    if std::env::var("GOFER_TEST_DOCKER").as_deref() == Ok("skip") {
        eprintln!("skipped: GOFER_TEST_DOCKER=skip");
        return;
    }
    import_image().unwrap();
    examples("docker", [4, 3, 3]);
}

#[test]
fn a_new_pipeline_passes_its_tests_in_every_language() {
    needs(&["cargo", "go", "python3"]).unwrap();
    let directory = tempfile::tempdir().unwrap();
    for language in ["toml", "python", "go", "rust"] {
        let path = directory.path().join(language);
        let path = path.to_str().unwrap();
        let made = printed(&mut gofer(&["pipeline", "init", path, "--language", language]).unwrap()).unwrap();
        says(&made.stdout, &[format!("gofer pipeline test {path}"), format!("gofer run local {path}")]);
        let result = test(&[path]);
        assert_eq!(result.code, Some(0), "{language}: {result:?}");
        says(&result.stdout, &["✔ somebody is greeted", "2 passed, 0 failed"]);
    }
}

#[test]
fn what_differs_is_shown_with_both_sides_and_for_ci() {
    let cases = r#"
        driver = "process"
        [[case]]
        name = "it <ships>"
        env.WHAT = "it"
        expect.build = { output = "building it", attempts = 1 }
        [[case]]
        name = "it fails"
        run = "failed"
        variables.WHAT = "that"
        expect.build.output = "building that"
        expect.ship = { exit_code = 4, output = "shipping" }
        [[case]]
        name = "the build is skipped"
        run = "failed"
        stub.build = { exit_code = 1, output = "no\n" }
        expect.ship = "succeeded"
    "#;
    let (directory, path) = with(PIPELINE, cases);
    let junit = directory.path().join("results.xml");
    let result = test(&[&path, "--junit", junit.to_str().unwrap()]);
    assert_eq!(result.code, Some(1), "{result:?}");
    says(
        &result.stdout,
        &[
            "✘ it <ships>  ",
            "    run\n      - succeeded\n      + failed: ",
            "    task ship: status\n      - not failed, since the run is to succeed\n      + failed: the program ended with exit code 4\n      | shipping\n",
            "✔ it fails  ",
            "✘ the build is skipped  ",
            "    task ship: status\n      - succeeded\n      + skipped",
            "suite: 1 passed, 2 failed\n",
        ],
    );
    let xml = std::fs::read_to_string(&junit).unwrap();
    says(&xml, &["<testsuites tests=\"3\" failures=\"2\"", "name=\"it &lt;ships&gt;\"", "name=\"it fails\" time=\""]);

    let result = test(&[&path, "--case", "it fails", "-o", "json"]);
    assert_eq!(result.code, Some(0), "{result:?}");
    let value: Value = serde_json::from_str(&result.stdout).unwrap();
    assert_eq!((&value["passed"], &value["cases"][0]["name"]), (&1.into(), &"it fails".into()));
}

#[test]
fn a_case_that_takes_too_long_is_ended_and_the_next_one_run() {
    let cases = "[[case]]\nname = 'slow'\ntimeout = '1s'\nonly = ['build']\nenv.NAP = 600\n\
                 [[case]]\nname = 'fast'\nonly = ['build']\n";
    let (_directory, path) = with(PIPELINE, cases);
    let start = Instant::now();
    let result = test(&[&path, "--driver", "process"]);
    assert_eq!(result.code, Some(1), "{result:?}");
    says(&result.stdout, &["✘ slow", "- over within 1s\n", "✔ fast", "1 passed, 1 failed"]);
    assert!(start.elapsed() < PATIENCE);
}

#[test]
fn nothing_is_run_when_a_case_makes_no_sense() {
    let case = |text: &str| format!("[[case]]\nname = 'c'\n{text}\n");
    for (cases, arguments, words) in [
        (
            case("expects = {}"),
            &[][..],
            &["gofer-test.toml:3:1: unknown field `expects`", "did you mean \"expect\"?"][..],
        ),
        (case("expect.ships = 'failed'"), &[], &["case \"c\": pipeline suite has no task \"ships\"", "\"ship\"?"]),
        (case("only = ['ship']\nexpect.build = 'failed'"), &[], &["no task \"build\"", "its tasks are ship"]),
        (case("stub.x = 1"), &[], &["no task \"x\""]),
        (case("arguments = ['x']"), &[], &["files take no arguments"]),
        (case(""), &["--case", "d"], &["has no case \"d\""]),
        (String::new(), &[], &["it has no [[case]]", "docs/local-runs.md"]),
    ] {
        let (_directory, path) = with(PIPELINE, &cases);
        let result = test(&[&[path.as_str()], arguments].concat());
        assert_eq!((result.code, result.stdout.as_str()), (Some(2), ""), "{cases}: {result:?}");
        says(&result.stderr, words);
    }
    let (directory, path) = with(PIPELINE, "");
    std::fs::remove_file(directory.path().join("gofer-test.toml")).unwrap();
    let result = test(&[&path]);
    assert_eq!(result.code, Some(2), "{result:?}");
    says(&result.stderr, &["gofer-test.toml", "help: write one", "gofer pipeline init"]);
}

#[test]
fn an_interrupt_ends_the_case_and_leaves_the_others() {
    let cases = "[[case]]\nname = 'slow'\nonly = ['build']\n[[case]]\nname = 'next'\n";
    let (directory, path) = with(&PIPELINE.replace("sleep ", "touch $MARK; sleep "), cases);
    let mark = directory.path().join("mark");
    let cases = format!("env = {{ NAP = 600, MARK = '{}' }}\n{cases}", mark.display());
    std::fs::write(directory.path().join("gofer-test.toml"), cases).unwrap();
    let mut command = command(&[&path, "--driver", "process"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let start = Instant::now();
    while !mark.exists() {
        assert!(start.elapsed() < PATIENCE, "the case did not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    says(&String::from_utf8_lossy(&output.stderr), &["suite: interrupted, 2 cases not done"]);
}
