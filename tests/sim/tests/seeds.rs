//! A bounded number of seeds, and all that ever failed.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::process::Command;

/// So many fit into a few minutes on two processors.
const SEEDS: &str = "0..300";

fn sim(arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_gofer-sim")).args(arguments).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn no_seed_breaks_an_invariant() {
    let (good, told) = sim(&["--seeds", SEEDS]);
    assert!(good, "{told}");
    println!("{}", told.lines().last().unwrap_or_default());
}

#[test]
fn what_once_failed_is_good() {
    for line in include_str!("regressions.txt").lines() {
        let arguments: Vec<&str> = line.split('#').next().unwrap_or_default().split_whitespace().collect();
        if !arguments.is_empty() {
            let (good, told) = sim(&arguments);
            assert!(good, "{line}\n{told}");
        }
    }
}

/// What nobody can repeat, nobody can mend.
#[test]
fn a_seed_repeats_itself_exactly() {
    for seed in ["7", "23"] {
        let digest = |told: &str| told.split_once("digest ").map(|(_, rest)| rest.chars().take(16).collect::<String>());
        let (first, second) = (sim(&["--seed", seed]).1, sim(&["--seed", seed]).1);
        assert!(digest(&first).is_some(), "{first}");
        assert_eq!(digest(&first), digest(&second), "{first}{second}");
    }
}
