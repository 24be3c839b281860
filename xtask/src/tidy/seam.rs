//! The simulation's seam: what the simulated crates take from the machine goes through `gofer_consensus::Host`. A thread
//! started beside it wakes a node whenever the machine likes, and then no seed repeats.

use super::{Fault, Tree, line_at, words};

const SIMULATED: [&str; 4] =
    ["crates/consensus/src", "crates/executor/src", "crates/scheduler/src", "crates/archive/src"];
const SEAM: &str = "crates/consensus/src/host.rs";
const FORBIDDEN: [&str; 3] = ["spawn_blocking", "block_in_place", "tokio::fs"];

/// Checks the code of the simulated crates.
pub(super) fn check(tree: &Tree, faults: &mut Vec<Fault>) {
    let is_simulated = |path: &std::path::Path| SIMULATED.iter().any(|folder| path.starts_with(folder));
    for file in tree.rust().filter(|file| is_simulated(&file.path) && !file.path.ends_with(SEAM)) {
        for word in FORBIDDEN {
            for at in words(&file.code, word) {
                let message = format!("{word} beside the simulation's seam: use Host::blocking");
                faults.push(Fault::new(&file.path, line_at(&file.code, at), message));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::places;
    use super::*;

    #[test]
    fn each_word_fires_beside_the_seam_only() {
        for word in FORBIDDEN {
            assert_eq!(places(check, &[("crates/executor/src/a.rs", word)]), ["crates/executor/src/a.rs:1"], "{word}");
        }
        assert!(places(check, &[(SEAM, "spawn_blocking"), ("crates/drivers/src/a.rs", "spawn_blocking")]).is_empty());
    }
}
