//! Two minutes of everything that the harness can break, with three nodes and all workloads.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests fail by panicking and say why they skip")]

use std::process::Command;

/// How long things go wrong; the whole test takes a minute more.
const TIME: &str = "120s";

/// Whether this process may make network namespaces.
fn has_namespaces() -> bool {
    let made = Command::new("unshare").args(["--net", "--mount", "true"]).output();
    made.is_ok_and(|output| output.status.success())
}

#[test]
fn two_minutes_of_all_faults_break_nothing() {
    if std::env::var("GOFER_TEST_NETNS").as_deref() == Ok("skip") && !has_namespaces() {
        println!("skipped: GOFER_TEST_NETNS=skip, and no network namespace can be made here (it needs root)");
        return;
    }
    let out = tempfile::Builder::new().prefix("gofer-jepsen-").tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_gofer-jepsen"))
        .args(["--time", TIME, "--nemesis", "all", "--nodes", "3", "--out"])
        .arg(out.path())
        .output()
        .unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{text}");
    if !output.status.success() {
        // Histories and logs are what a failure is understood by.
        panic!("not valid, see above; histories, logs and report are in {}", out.keep().display());
    }
    let report = std::fs::read_to_string(out.path().join("report.html")).unwrap();
    assert!(report.contains("<svg") && report.contains(">valid<"), "the report lacks its parts");
    let history = std::fs::read_to_string(out.path().join("register.edn")).unwrap();
    assert!(history.contains(":type :ok") && history.contains(":process :nemesis"), "the history lacks its parts");
    let left = Command::new("ip").args(["netns", "list"]).output().unwrap();
    assert!(!String::from_utf8_lossy(&left.stdout).contains("gofer-jepsen"), "namespaces are left over");
}
