//! The tests of the SDKs for Go and Python, in their own languages.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::path::Path;
use std::process::Command;

/// Runs a tool in a folder of this crate; it must end well. What it printed.
fn run(folder: &str, tool: &str, arguments: &[&str]) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut command = Command::new(tool);
    command.args(arguments).current_dir(folder).env("GOPROXY", "off").env("GOTOOLCHAIN", "local").env("GOFLAGS", "");
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
fn the_sdk_for_python_passes_its_tests() {
    let text = run("python", "python3", &["-B", "-m", "unittest"]);
    let count = text.split("Ran ").nth(1).and_then(|rest| rest.split(' ').next()).and_then(|n| n.parse::<u32>().ok());
    assert!(count.is_some_and(|count| count >= 10), "{text}");
}
