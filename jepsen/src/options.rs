//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::nemesis::{self, Nemesis};
use crate::workload;

/// Longest run, so that histories fit into memory.
const TIME_MAX: Duration = Duration::from_secs(6 * 3600);

/// Breaks a cluster of real gofer processes in network namespaces of their own, while clients use it, and judges what
/// they saw. Needs root. The exit code is 0 only if everything held.
#[derive(Clone, Debug, Parser)]
#[command(name = "gofer-jepsen", after_help = after_help())]
pub(crate) struct Options {
    /// How long things go wrong: 90s, 10m, 1h
    #[arg(long, default_value = "2m", value_parser = duration)]
    pub(crate) time: Duration,
    /// What goes wrong, separated by commas; all, or none
    #[arg(long, default_value = "all", value_name = "KINDS")]
    pub(crate) nemesis: String,
    /// What clients do, separated by commas; or all
    #[arg(long, default_value = "all", value_name = "NAMES")]
    pub(crate) workload: String,
    /// How many nodes
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(3..=7))]
    pub(crate) nodes: u8,
    /// Everything random follows from it [default: from the time of day]
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Where histories, logs and report go [default: target/jepsen and the seed]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Lease of the nodes, in milliseconds
    #[arg(long, default_value_t = 3000, value_name = "MS")]
    pub(crate) lease_ms: u32,
    /// Size of each node's disk, in mebibytes; it is in memory
    #[arg(long, default_value_t = 768, value_name = "MIB", value_parser = clap::value_parser!(u32).range(128..))]
    pub(crate) disk_mib: u32,
    /// Print the verdict only
    #[arg(long)]
    pub(crate) quiet: bool,
    /// Only remove what an earlier run has left behind
    #[arg(long)]
    pub(crate) clean: bool,
}

fn after_help() -> String {
    let mut text = String::from("Kinds of faults:\n");
    for kind in nemesis::ALL {
        text.push_str(&format!("  {:<10} {}\n", kind.name(), kind.about()));
    }
    text.push_str("\nWorkloads:\n");
    for (name, about, _) in workload::ALL {
        text.push_str(&format!("  {name:<10} {about}\n"));
    }
    text.push_str(
        "\nExamples:\n  \
         scripts/jepsen --time 10m --nemesis all --nodes 5\n  \
         scripts/jepsen --time 60s --nemesis kill,partition --workload register,append --seed 7\n  \
         scripts/jepsen --nemesis clock --time 5m      # builds a binary of its own that libfaketime can deceive\n  \
         scripts/jepsen --clean                        # after a run that was itself killed",
    );
    text
}

impl Options {
    /// The faults that are wanted.
    ///
    /// # Errors
    /// The name that is none.
    pub(crate) fn kinds(&self) -> anyhow::Result<Vec<&'static dyn Nemesis>> {
        match self.nemesis.as_str() {
            "all" => return Ok(nemesis::ALL.into_iter().filter(|kind| kind.works_on_any_build()).collect()),
            "none" => return Ok(Vec::new()),
            _ => {}
        }
        let find = |name: &str| {
            let all = nemesis::ALL.iter();
            let all_names = || nemesis::ALL.map(|kind| kind.name()).join(", ");
            let found = all.copied().find(|kind| kind.name() == name);
            found.ok_or_else(|| {
                anyhow::anyhow!("there is no nemesis {name:?}; use all, none, or some of: {}", all_names())
            })
        };
        self.nemesis.split(',').map(find).collect()
    }

    /// The workloads that are wanted, by their place in [`workload::ALL`].
    ///
    /// # Errors
    /// The name that is none.
    pub(crate) fn workloads(&self) -> anyhow::Result<Vec<usize>> {
        if self.workload == "all" {
            return Ok((0..workload::ALL.len()).collect());
        }
        let find = |name: &str| {
            let found = workload::ALL.iter().position(|(known, ..)| *known == name);
            let all_names = || workload::ALL.map(|(name, ..)| name).join(", ");
            found.ok_or_else(|| anyhow::anyhow!("there is no workload {name:?}; use all, or some of: {}", all_names()))
        };
        self.workload.split(',').map(find).collect()
    }
}

/// `90s`, `10m`, `1h`; a bare number is seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        unit => return Err(format!("there is no unit {unit:?}; write 90s, 10m or 1h")),
    };
    let number: u64 = digits.parse().map_err(|_| format!("{text:?} is no duration; write 90s, 10m or 1h"))?;
    let time = Duration::from_secs(number.saturating_mul(factor));
    if time > TIME_MAX {
        return Err(format!("at most {} hours", TIME_MAX.as_secs() / 3600));
    }
    Ok(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_and_a_limit() {
        let seconds = |text| duration(text).map(|time| time.as_secs());
        assert_eq!((seconds("90s"), seconds("10m"), seconds("1h"), seconds("7")), (Ok(90), Ok(600), Ok(3600), Ok(7)));
        assert!(duration("7h").is_err() && duration("m").is_err() && duration("3d").is_err());
        assert!(duration("99999999999999999h").is_err());
    }

    #[test]
    fn unknown_names_are_refused_with_the_known_ones() {
        let options = |nemesis: &str| Options::parse_from(["x", "--nemesis", nemesis, "--workload", "append,nothing"]);
        assert_eq!(options("kill,loss").kinds().unwrap().len(), 2);
        assert!(options("all").kinds().unwrap().iter().all(|kind| kind.name() != "clock"));
        let error = options("kill,lots").kinds().err().unwrap().to_string();
        assert!(error.contains("lots") && error.contains("partition"), "{error}");
        assert!(options("none").workloads().unwrap_err().to_string().contains("register"));
    }
}
