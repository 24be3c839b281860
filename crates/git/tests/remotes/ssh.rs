//! Over a program that is called as `ssh` is. It runs what it is given by a shell, as a server's does, on this machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use gofer_git::{Fault, Limits, Remote, references};

use super::impatient;
use super::repository::Repository;

/// Written by a program of its own: of a file that was open in this process, one that another test has just started might
/// still have a copy, and what is open for writing can't be run.
fn program(directory: &Path, script: &str) -> PathBuf {
    let path = directory.join("ssh");
    let write = r#"printf '#!/bin/sh\n%s\n' "$1" > "$2" && chmod 755 "$2""#;
    let status = Command::new("sh").args(["-c", write, "sh", script]).arg(&path).status().unwrap();
    assert!(status.success());
    path
}

/// Writes down what it was called with, and runs its last argument.
const RUNS: &str =
    r#"printf '%s\n' "$GIT_PROTOCOL" "$@" > "$(dirname "$0")/called"; for last; do :; done; exec sh -c "$last""#;

#[test]
fn the_command_runs_on_the_other_side() {
    let repository = Repository::named("it's a shop.git", "sha1");
    let commit = repository.commit("one");
    repository.point("refs/heads/main", &commit);
    let ssh = program(repository.root(), RUNS);
    let path = repository.path().display().to_string();
    let url = format!("ssh://git@example.com:2222{}", path.replace(' ', "%20"));
    let remote = Remote::new(&url, false).unwrap().with_ssh(&ssh);
    assert_eq!(references(&remote, &Limits::default()).unwrap(), [("refs/heads/main".to_owned(), commit)].into());
    let called = std::fs::read_to_string(repository.root().join("called")).unwrap();
    let quoted = path.replace('\'', "'\\''");
    let expected =
        ["version=2", "-o", "BatchMode=yes", "-o", "SendEnv=GIT_PROTOCOL", "-p", "2222", "--", "git@example.com"];
    assert_eq!(called.lines().collect::<Vec<_>>(), [&expected[..], &[&format!("git-upload-pack '{quoted}'")]].concat());
}

#[test]
fn addresses_may_be_as_those_of_scp() {
    let (repository, expected) = Repository::filled();
    let ssh = program(repository.root(), RUNS);
    let remote = Remote::new(&format!("git@example.com:{}", repository.path().display()), false).unwrap().with_ssh(ssh);
    assert_eq!(references(&remote, &Limits::default()).unwrap(), expected);
}

#[test]
fn a_server_that_does_not_take_the_variable_speaks_version_0() {
    let (repository, expected) = Repository::filled();
    let ssh = program(repository.root(), r#"unset GIT_PROTOCOL; for last; do :; done; exec sh -c "$last""#);
    let remote = Remote::new(&format!("example.com:{}", repository.path().display()), false).unwrap().with_ssh(ssh);
    assert_eq!(references(&remote, &Limits::default()).unwrap(), expected);
}

#[test]
fn what_ssh_says_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let ask = |script: &str| {
        let remote =
            Remote::new("git@example.com:shop.git", false).unwrap().with_ssh(program(directory.path(), script));
        references(&remote, &Limits::default()).unwrap_err()
    };
    let denied = ask("echo 'git@example.com: Permission denied (publickey).' >&2; exit 255");
    let why = "git@example.com:shop.git: it says: git@example.com: Permission denied (publickey).";
    assert_eq!(denied, Fault::Unauthorized(why.to_owned()));
    let unknown = ask("echo 'ssh: Could not resolve hostname example.com' >&2; exit 255");
    assert!(matches!(unknown, Fault::Unreachable(why) if why.contains("Could not resolve")));
    let silent = ask("exit 1");
    assert_eq!(silent, Fault::Protocol("git@example.com:shop.git: its answer ends in the middle".to_owned()));
    let other = ask("echo Welcome to example.com");
    assert!(matches!(other, Fault::Protocol(why) if why.contains("isn't in Git's protocol")));
    // However much it says, and in whatever characters.
    let much = ask("head -c 1000000 /dev/urandom >&2; exit 255");
    assert!(much.to_string().len() < 2000);
    let missing = Remote::new("git@example.com:shop.git", false).unwrap().with_ssh("/nowhere/ssh");
    let missing = references(&missing, &Limits::default()).unwrap_err().to_string();
    assert!(missing.contains("the program /nowhere/ssh can't be started here"), "{missing}");
}

#[test]
fn one_that_hangs_is_ended() {
    let directory = tempfile::tempdir().unwrap();
    let pid = directory.path().join("pid");
    let ssh = program(directory.path(), &format!("echo $$ > {}; exec sleep 600", pid.display()));
    let remote = Remote::new("git@example.com:shop.git", false).unwrap().with_ssh(ssh);
    let slow = Limits { time: std::time::Duration::from_secs(2), ..impatient() };
    let fault = references(&remote, &slow).unwrap_err();
    assert_eq!(fault, Fault::Unreachable("git@example.com:shop.git: it has not answered within 2s".to_owned()));
    // It was waited for, so there is nothing left of it.
    if let Ok(pid) = std::fs::read_to_string(pid) {
        assert!(!Path::new(&format!("/proc/{}", pid.trim())).exists(), "{pid} is still there");
    }
}

#[test]
fn endless_answers_are_cut_off() {
    let directory = tempfile::tempdir().unwrap();
    let script =
        r#"printf '000eversion 2\n000cls-refs\n0000'; while :; do printf '003d%040d refs/heads/aaaa\n' 0; done"#;
    let remote = Remote::new("git@example.com:shop.git", false).unwrap().with_ssh(program(directory.path(), script));
    let fault = references(&remote, &Limits { bytes: 20_000, ..Limits::default() }).unwrap_err();
    assert!(matches!(&fault, Fault::TooMuch(why) if why.contains("more than 20000 bytes")), "{fault}");
}
