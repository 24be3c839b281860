//! A fault harness: workloads, faults and checkers over real `gofer server` processes in network namespaces. What it
//! does and how its histories are read by Jepsen's own checkers is in `jepsen/README.md`.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking"))]

mod check;
mod client;
mod finale;
mod history;
mod journal;
mod lab;
mod machine;
mod nemesis;
mod net;
mod options;
mod plugin;
mod report;
mod run;
mod workload;

use std::fs::File;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser as _;
use rustix::fs::{FlockOperation, flock};

use options::Options;

/// Held while a harness runs: namespaces and disks have fixed names.
const LOCK: &str = "/run/gofer-jepsen.lock";

fn main() -> ExitCode {
    let options = Options::parse();
    match start(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("gofer-jepsen: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn start(options: &Options) -> anyhow::Result<bool> {
    let (kinds, workloads) = (options.kinds()?, options.workloads()?);
    let lock = File::create(LOCK).with_context(|| format!("can't open {LOCK}; this needs root"))?;
    flock(&lock, FlockOperation::NonBlockingLockExclusive)
        .map_err(|_| anyhow::anyhow!("another gofer-jepsen runs on this machine; wait for its end"))?;
    // What a harness that was itself killed could not remove.
    net::sweep();
    machine::unmount_all();
    if options.clean {
        return Ok(true);
    }
    let network = net::Network::create(usize::from(options.nodes), plugin::PLUGINS)?;
    // Only now, as threads are born into the namespace of the one that makes them.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build()?;
    runtime.block_on(run::run(options, network, &kinds, &workloads))
}
