//! What the processes of a cluster take of the machine.

use std::time::Duration;

use anyhow::Context as _;
use gofer_tests::Cluster;

/// Processor time of each node so far.
#[derive(Clone, Debug)]
pub struct Usage(Vec<Duration>);

impl Usage {
    /// As it is now.
    ///
    /// # Errors
    /// When a node does not run.
    pub fn of(cluster: &Cluster) -> anyhow::Result<Self> {
        let nodes = cluster.nodes.iter().map(|node| processor_time(&format!("/proc/{}/stat", node.pid()?)));
        Ok(Self(nodes.collect::<anyhow::Result<_>>()?))
    }

    /// What was taken since, as a sentence.
    ///
    /// # Errors
    /// When a node does not run.
    pub fn since(&self, cluster: &Cluster, elapsed: Duration) -> anyhow::Result<String> {
        let now = Self::of(cluster)?;
        let shares = now.0.iter().zip(&self.0).map(|(now, before)| {
            let share = now.saturating_sub(*before).as_secs_f64() / elapsed.as_secs_f64();
            format!("{:.1} %", share * 100.0)
        });
        let memory = cluster.nodes.iter().map(|node| Ok(format!("{} MiB", resident(node.pid()?)? >> 20)));
        let memory = memory.collect::<anyhow::Result<Vec<_>>>()?.join(", ");
        Ok(format!("{} of a core, {memory} of memory", shares.collect::<Vec<_>>().join(", ")))
    }
}

fn processor_time(path: &str) -> anyhow::Result<Duration> {
    let text = std::fs::read_to_string(path)?;
    // Fields count from behind the name, which may have spaces: utime and stime, in ticks of 10 ms (proc(5)).
    let (_, rest) = text.rsplit_once(')').context("no name")?;
    let ticks = rest.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    Ok(Duration::from_millis(ticks.sum::<Result<u64, _>>()? * 10))
}

fn resident(pid: i32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? << 10)
}
