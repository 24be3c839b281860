//! Hours of many schedules over changes of daylight saving time, with leaders that fall, judged by a cron library of another
//! language.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;

const HOURS: u64 = 2;
const COUNT: &str = "150";
/// Half an hour before the clocks of Berlin change: 2026-10-25 and 2026-03-29, 00:30 UTC.
const BACK_MS: u64 = 1_792_888_200_000;
const FORWARD_MS: u64 = 1_774_744_200_000;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What the other library's program says, and whether all was right.
fn oracle(arguments: &[&str]) -> (bool, String) {
    let python = root().join("target/python/bin/python");
    assert!(python.exists(), "{} is missing; run scripts/install-deps --test", python.display());
    let output = Command::new(python).arg(root().join("tests/python/day.py")).args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

/// A day, told in a file; its schedules in another.
fn day(dir: &Path, seed: &str, from: u64) -> (PathBuf, PathBuf, String) {
    let (schedules, told) = (dir.join(format!("schedules-{seed}")), dir.join(format!("told-{seed}")));
    std::fs::write(&schedules, oracle(&["schedules", seed, COUNT]).1).unwrap();
    let mut sim = Command::new(env!("CARGO_BIN_EXE_gofer-sim"));
    sim.args(["--seed", seed, "--from", &from.to_string(), "--hours", &HOURS.to_string()]);
    let output = sim.arg("--day").arg(&schedules).arg("--told").arg(&told).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    (schedules, told, (from + HOURS * 3_600_000).to_string())
}

fn judge(schedules: &Path, told: &Path, until: &str) -> (bool, String) {
    oracle(&["judge", schedules.to_str().unwrap(), told.to_str().unwrap(), until])
}

#[test]
fn every_slot_is_started_once_or_skipped_for_a_reason() {
    let dir = tempfile::tempdir().unwrap();
    for (seed, from) in [("1", BACK_MS), ("2", FORWARD_MS)] {
        let (schedules, told, until) = day(dir.path(), seed, from);
        let (good, text) = judge(&schedules, &told, &until);
        assert!(good, "{text}");
        println!("{text}");
    }
}

#[test]
fn the_judge_finds_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let (schedules, told, until) = day(dir.path(), "3", BACK_MS);
    let text = std::fs::read_to_string(&told).unwrap();
    let is_start = |line: &str| line.split(' ').skip(4).any(|outcome| !outcome.contains('-'));
    let line = text.lines().find(|line| is_start(line)).unwrap();
    let (start, slot) = line.rsplit_once(' ').unwrap();
    let (at, run) = slot.split_once('=').unwrap();
    let later = at.parse::<u64>().unwrap() + 60_000;
    for wrong in [
        String::new(),
        format!("{start}\n"),
        format!("{line} {at}={run}\n"),
        format!("{start} {later}={run}\n"),
        format!("{line} {later}={run}9\n"),
        format!("{start} {at}-{at}=Blackout\n"),
    ] {
        let planted = dir.path().join("planted");
        std::fs::write(&planted, text.replacen(&format!("{line}\n"), &wrong, 1)).unwrap();
        let (good, text) = judge(&schedules, &planted, &until);
        assert!(!good && text.contains("WRONG"), "{wrong:?} for {line:?}: {text}");
    }
}
