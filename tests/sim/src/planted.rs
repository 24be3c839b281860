//! The judge judged: bugs are planted, one at a time, and each has to be found.

use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use gofer_store::planted::Bug;

use crate::many;
use crate::options::Options;

/// Most seeds that are tried for one bug.
const SEEDS_MAX: u64 = 1000;

/// Looks for each bug, and says after how many seeds it was found, and by which invariant.
pub(crate) fn find(options: &Options) -> ExitCode {
    let mut all = true;
    for bug in Bug::ALL.into_iter().filter(|bug| options.plant.is_none_or(|wanted| wanted == *bug)) {
        let options = Options { plant: Some(bug), ..options.clone() };
        let (begin, first) = (Instant::now(), options.seed);
        let found: Mutex<Option<many::Verdict>> = Mutex::new(None);
        many::each(&options, first..first + SEEDS_MAX, |verdict| {
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            if !verdict.good && found.as_ref().is_none_or(|other| verdict.seed < other.seed) {
                *found = Some(verdict);
            }
            found.is_none()
        });
        let took = begin.elapsed().as_secs();
        match found.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(verdict) => {
                let count = verdict.seed - first + 1;
                println!("{:<26} found after {count} seeds, {took} s: {}", bug.name(), verdict.line());
            }
            None => {
                all = false;
                println!("{:<26} NOT FOUND in {SEEDS_MAX} seeds, {took} s", bug.name());
            }
        }
    }
    if all { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
