//! Deterministic simulation: several nodes' real domain, store, consensus, scheduler and executor in one process, under
//! simulated time, network and faults that follow from a seed. `docs/adr/0008-simulation.md` says what repeats exactly.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking"))]

mod archive;
mod backfills;
mod client;
mod cluster;
mod driver;
mod endpoint;
mod entropy;
mod events;
mod fault;
mod history;
mod host;
mod image;
mod invariants;
mod machine;
mod many;
mod nemesis;
mod net;
mod node;
mod options;
mod panics;
#[cfg(feature = "planted")]
mod planted;
mod process;
mod schedules;
mod secrets;
mod server;
mod upgrade;
mod workload;
mod world;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use fault::{Settings, names};
use history::History;
use options::Options;
use world::day::Day;
use world::{Failure, World};

/// How finely time is cut. No message is faster.
const TICK_MS: u64 = 4;
/// Lines of the trace that are printed after a failure.
const TAIL: usize = 60;

fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(seeds) = options.seeds() {
        return many::run(&options, seeds);
    }
    #[cfg(feature = "planted")]
    if options.planted {
        return planted::find(&options);
    }
    let seed = options.seed;
    // A thread of its own, all of whose chance follows from the seed.
    let run = std::thread::Builder::new().name("simulation".into()).stack_size(64 << 20).spawn(move || {
        entropy::seed(options.seed);
        one(&options)
    });
    match run.map(std::thread::JoinHandle::join) {
        Ok(Ok(code)) => code,
        Ok(Err(_)) | Err(_) => {
            println!("seed {seed} FAILED: {}", panics::take().unwrap_or_default());
            ExitCode::from(2)
        }
    }
}

/// One seed, here.
fn one(options: &Options) -> ExitCode {
    #[cfg(feature = "planted")]
    options.plant();
    let history = History::new(options.trace);
    let log = history.clone();
    tracing_subscriber::fmt()
        .with_writer(move || Lines(log.clone()))
        .with_env_filter(options.log.as_str())
        .without_time()
        .with_ansi(false)
        .init();
    panics::watch();
    let is_day = options.day.schedules.is_some();
    let settings = match is_day {
        true => Day::settings(options.seed),
        false => Settings::of(options.seed, options.faults(), options.trouble_ms()),
    };
    let begin = Instant::now();
    let result = scratch().map_err(Failure::Harness).and_then(|dir| {
        let world = World::new(settings.clone(), dir.path(), history.clone()).map_err(Failure::Harness)?;
        if is_day { world.run_day(&options.day) } else { world.run() }
    });
    let (seed, faults) = (settings.seed, names(&settings.faults));
    match result {
        Ok(summary) => {
            println!(
                "seed {seed} good: {} s simulated in {:.1} s, {} events, digest {:016x}, faults {faults}",
                summary.simulated_ms / 1000,
                begin.elapsed().as_secs_f64(),
                summary.revisions,
                summary.digest
            );
            ExitCode::SUCCESS
        }
        Err(failure) => {
            if !options.trace {
                history.tail(TAIL).iter().for_each(|line| println!("{line}"));
            }
            let at = history.now();
            match failure {
                Failure::Broken(broken) => {
                    println!("seed {seed} BROKE {} at {at} ms: {}", broken.invariant, broken.how)
                }
                Failure::Harness(error) => println!("seed {seed} FAILED at {at} ms: {error:#}"),
            }
            println!("digest {:016x}; again: {}", history.sum(), options.again(&settings));
            ExitCode::FAILURE
        }
    }
}

/// What the names of the directories begin with that runs work in.
const PREFIX: &str = "gofer-sim-";

/// A directory in memory where that is possible: no disk is asked to sync anything.
fn scratch() -> anyhow::Result<tempfile::TempDir> {
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    // Random names would not be random here.
    let id = std::process::id().to_string();
    // What is there already was left by a killed process that had this one's id.
    match std::fs::remove_dir_all(parent.join(format!("{PREFIX}{id}"))) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let dir = tempfile::Builder::new().prefix(PREFIX).rand_bytes(0).suffix(&id).tempdir_in(parent)?;
    Ok(dir)
}

/// The program's own log goes into the trace.
struct Lines(History);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.log(String::from_utf8_lossy(bytes).trim_end());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
