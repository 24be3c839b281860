//! The tests of the SDKs for Go and Python, in their own languages.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::path::Path;
use std::process::Command;

/// Runs a tool in a folder of this crate; it must end well. What it printed.
fn run(folder: &str, tool: &str, arguments: &[&str]) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut command = Command::new(tool);
    // Examples in Python use the client as it is here.
    let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/client");
    command.args(arguments).current_dir(folder).env("PYTHONPATH", client);
    command.env("GOPROXY", "off").env("GOTOOLCHAIN", "local").env("GOFLAGS", "");
    let output = command.output().unwrap_or_else(|error| {
        panic!("{tool} can't be started: {error}; this test needs it: run scripts/install-deps --test");
    });
    let text = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(output.status.success(), "{tool} {arguments:?}: {}\n{text}", output.status);
    text
}

#[test]
fn the_sdk_for_go_passes_its_tests() {
    // Not from the cache, which knows nothing of the vectors outside of the module.
    let text = run("go", "go", &["test", "-count=1", "./..."]);
    assert!(text.contains("ok  \tgithub.com/clintjedwards/gofer/crates/sdk/go"), "{text}");
    run("go", "go", &["vet", "./..."]);
    assert_eq!(run("go", "gofmt", &["-l", ".", "../../../examples/go"]), "", "gofmt -w would change these");
}

#[test]
fn the_client_for_go_passes_its_tests() {
    let text = run("go/client", "go", &["test", "-count=1", "./..."]);
    assert!(text.contains("ok  \tgithub.com/clintjedwards/gofer/crates/sdk/go/client\t"), "{text}");
    run("go/client", "go", &["vet", "./..."]);
    run("../../examples/clients/go", "go", &["vet", "./..."]);
    assert_eq!(run("../../examples/clients/go", "gofmt", &["-l", "."]), "", "gofmt -w would change these");
}

#[test]
fn the_trigger_in_go_passes_its_tests() {
    run("../../examples/triggers/go", "go", &["test", "-count=1", "./..."]);
    run("../../examples/triggers/go", "go", &["vet", "./..."]);
    assert_eq!(run("../../examples/triggers/go", "gofmt", &["-l", "."]), "", "gofmt -w would change these");
}

/// Python with gRPC, from the environment that `scripts/install-deps --test` makes.
fn python() -> String {
    let made = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/python/bin/python");
    std::env::var("GOFER_PYTHON").unwrap_or_else(|_| made.to_str().unwrap().to_owned())
}

#[test]
fn the_client_for_python_passes_its_tests() {
    assert!(ran(&run("python/client", &python(), &["-B", "-m", "unittest"])) >= 19);
}

#[test]
fn the_trigger_in_python_passes_its_tests() {
    let examples = ["-B", "-m", "unittest", "test_lines", "test_topics"];
    assert_eq!(ran(&run("../../examples/triggers/python", &python(), &examples)), 2);
}

/// How many tests Python ran.
fn ran(text: &str) -> u32 {
    text.split("Ran ").nth(1).and_then(|rest| rest.split(' ').next()).and_then(|n| n.parse().ok()).unwrap_or_default()
}

#[test]
fn the_sdk_for_python_passes_its_tests() {
    let text = run("python", "python3", &["-B", "-m", "unittest"]);
    assert!(ran(&text) >= 10, "{text}");
}
