//! Many seeds, each in a process of its own: what one leaves behind changes nothing for another, and a seed behaves the
//! same whether it runs among others or alone.

use std::collections::BTreeSet;
use std::ops::Range;
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Instant;

use crate::fault::{Fault, Settings, names};
use crate::options::Options;

/// What a process said about its seed.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    pub(crate) seed: u64,
    pub(crate) good: bool,
    pub(crate) text: String,
}

impl Verdict {
    /// The line that says how it ended.
    pub(crate) fn line(&self) -> &str {
        let begin = format!("seed {} ", self.seed);
        self.text.lines().find(|line| line.starts_with(&begin)).unwrap_or("it ended without a word")
    }

    /// The invariant that broke.
    fn invariant(&self) -> Option<&str> {
        self.line().split_once(" BROKE ")?.1.split(' ').next()
    }
}

/// Runs one seed in a process of its own.
pub(crate) fn child(seed: u64, arguments: &[String]) -> Verdict {
    let program = std::env::current_exe().unwrap_or_else(|_| "gofer-sim".into());
    match Command::new(program).args(arguments).output() {
        Ok(output) => {
            let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
            text.push_str(&String::from_utf8_lossy(&output.stderr));
            if !output.status.success() && !text.contains("digest") {
                text.push_str(&format!("\nseed {seed} FAILED: its process ended with {}\n", output.status));
            }
            Verdict { seed, good: output.status.success(), text }
        }
        Err(error) => Verdict { seed, good: false, text: format!("seed {seed} FAILED: {error}") },
    }
}

/// Runs seeds, some at a time, and hands each verdict to `each`, until that says stop.
pub(crate) fn each(options: &Options, seeds: Range<u64>, each: impl Fn(Verdict) -> bool + Sync) {
    let next = Mutex::new(seeds);
    let take = || next.lock().unwrap_or_else(PoisonError::into_inner).next();
    std::thread::scope(|scope| {
        for _ in 0..options.jobs() {
            scope.spawn(|| {
                while let Some(seed) = take() {
                    if !each(child(seed, &options.arguments(seed, None, None))) {
                        *next.lock().unwrap_or_else(PoisonError::into_inner) = 0..0;
                    }
                }
            });
        }
    });
}

/// Runs all seeds and says how it went.
pub(crate) fn run(options: &Options, seeds: Range<u64>) -> ExitCode {
    let (begin, count) = (Instant::now(), seeds.clone().count());
    let failed = Mutex::new(Vec::new());
    each(options, seeds, |verdict| {
        match verdict.good {
            true => println!("{}", verdict.line()),
            false => {
                println!("{}", verdict.text.trim_end());
                failed.lock().unwrap_or_else(PoisonError::into_inner).push(verdict);
            }
        }
        true
    });
    let minutes = begin.elapsed().as_secs_f64() / 60.0;
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(first) = failed.first().filter(|_| !options.no_shrink) {
        shrink(options, first);
    }
    println!(
        "{count} seeds in {minutes:.1} minutes, {:.0} seeds a minute; {} failed: {:?}",
        count as f64 / minutes,
        failed.len(),
        failed.iter().map(|verdict| verdict.seed).collect::<Vec<_>>()
    );
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Looks for fewer faults, and a shorter time, with which a seed still breaks the same invariant.
fn shrink(options: &Options, verdict: &Verdict) {
    let Some(invariant) = verdict.invariant() else { return };
    let settings = Settings::of(verdict.seed, options.faults(), options.trouble_ms());
    let fails = |faults: &BTreeSet<Fault>, trouble_ms: u64| {
        let tried = child(verdict.seed, &options.arguments(verdict.seed, Some(faults), Some(trouble_ms)));
        tried.invariant() == Some(invariant)
    };
    let (mut faults, mut trouble_ms) = (settings.faults, settings.trouble_ms);
    for fault in Fault::ALL {
        let mut fewer = faults.clone();
        if fewer.remove(&fault) && fails(&fewer, trouble_ms) {
            faults = fewer;
        }
    }
    while trouble_ms >= 4000 && fails(&faults, trouble_ms / 2) {
        trouble_ms /= 2;
    }
    let arguments = options.arguments(verdict.seed, Some(&faults), Some(trouble_ms));
    println!("seed {} still breaks {invariant} with: {}", verdict.seed, names(&faults));
    println!("again: scripts/sim {}", arguments.join(" "));
}
