//! The command line.

use std::collections::BTreeSet;
use std::ops::Range;

use clap::Parser;

use crate::fault::{self, Fault, Settings, names};
use crate::world::day::Day;

/// Runs clusters in simulated time, with faults that follow from a seed, and judges what they do.
#[derive(Clone, Debug, Parser)]
#[command(name = "gofer-sim")]
pub(crate) struct Options {
    /// The seed of a single run.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Many seeds, each in a process of its own: FROM..TO.
    #[arg(long, value_name = "FROM..TO", value_parser = range)]
    pub(crate) seeds: Option<(u64, u64)>,
    /// How many seeds at a time; by default, as many as there are processors.
    #[arg(long)]
    pub(crate) jobs: Option<usize>,
    /// Faults, separated by commas: drop, delay, duplicate, partition, pause, crash, power, disk, clock, members,
    /// snapshot, transfer; or all, or none. By default some that follow from the seed.
    #[arg(long, value_parser = parse_faults)]
    pub(crate) faults: Option<Faults>,
    /// How many simulated seconds things go wrong.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) trouble: Option<u64>,
    #[command(flatten)]
    pub(crate) day: Day,
    /// Print the whole trace as it happens.
    #[arg(long)]
    pub(crate) trace: bool,
    /// What of the program's own log goes into the trace.
    #[arg(long, default_value = "warn,openraft=off")]
    pub(crate) log: String,
    /// Don't look for fewer faults with which a failing seed still fails.
    #[arg(long)]
    pub(crate) no_shrink: bool,
    /// Plant a bug.
    #[cfg(feature = "planted")]
    #[arg(long, value_parser = parse_bug)]
    pub(crate) plant: Option<gofer_store::planted::Bug>,
    /// Say after how many seeds, from --seed on, each bug is found.
    #[cfg(feature = "planted")]
    #[arg(long)]
    pub(crate) planted: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Faults(BTreeSet<Fault>);

fn parse_faults(text: &str) -> Result<Faults, String> {
    fault::parse(text).map(Faults)
}

fn range(text: &str) -> Result<(u64, u64), String> {
    let (from, to) = text.split_once("..").ok_or("write FROM..TO")?;
    let number = |text: &str| text.parse::<u64>().map_err(|error| format!("{text:?}: {error}"));
    Ok((number(from)?, number(to)?))
}

#[cfg(feature = "planted")]
fn parse_bug(text: &str) -> Result<gofer_store::planted::Bug, String> {
    use gofer_store::planted::Bug;
    let known = || Bug::ALL.map(Bug::name).join(", ");
    Bug::ALL.into_iter().find(|bug| bug.name() == text).ok_or_else(|| format!("known are {}", known()))
}

impl Options {
    pub(crate) fn seeds(&self) -> Option<Range<u64>> {
        self.seeds.map(|(from, to)| from..to)
    }

    pub(crate) fn jobs(&self) -> usize {
        let all = || std::thread::available_parallelism().map_or(1, usize::from);
        self.jobs.unwrap_or_else(all).max(1)
    }

    pub(crate) fn faults(&self) -> Option<BTreeSet<Fault>> {
        self.faults.as_ref().map(|faults| faults.0.clone())
    }

    pub(crate) fn trouble_ms(&self) -> Option<u64> {
        self.trouble.map(|seconds| seconds * 1000)
    }

    /// The arguments of a run that is like this one, with another seed and perhaps other faults and times.
    pub(crate) fn arguments(
        &self,
        seed: u64,
        faults: Option<&BTreeSet<Fault>>,
        trouble_ms: Option<u64>,
    ) -> Vec<String> {
        let mut arguments = vec!["--seed".to_owned(), seed.to_string()];
        let own = self.faults();
        if let Some(faults) = faults.or(own.as_ref()) {
            arguments.extend(["--faults".to_owned(), names(faults)]);
        }
        if let Some(trouble) = trouble_ms.or(self.trouble_ms()) {
            arguments.extend(["--trouble".to_owned(), (trouble / 1000).to_string()]);
        }
        #[cfg(feature = "planted")]
        if let Some(bug) = self.plant {
            arguments.extend(["--plant".to_owned(), bug.name().to_owned()]);
        }
        arguments
    }

    /// The command that repeats a run.
    pub(crate) fn again(&self, settings: &Settings) -> String {
        format!("scripts/sim {}", self.arguments(settings.seed, None, None).join(" "))
    }

    /// Plants the bug that was asked for.
    #[cfg(feature = "planted")]
    pub(crate) fn plant(&self) {
        if let Some(bug) = self.plant {
            gofer_store::planted::plant(bug);
        }
    }
}
