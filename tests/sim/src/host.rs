//! The machine as a node's process sees it: a clock that may be set, one that may not, and a disk that takes its time.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use gofer_consensus::{Simulated, Work};
use gofer_rng::Rng;
use tokio::time::{Instant, sleep};

use crate::image;
use crate::machine::Machine;

/// The time of day at which every simulation begins, in milliseconds since the epoch.
pub(crate) const EPOCH_MS: u64 = 1_800_000_000_000;

/// What is known to be on the disk of a data directory: how much of which write-ahead log of the state.
#[derive(Clone, Default)]
pub(crate) struct Synced(Arc<Mutex<Option<(PathBuf, u64)>>>);

impl Synced {
    pub(crate) fn get(&self) -> Option<(PathBuf, u64)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, data: &Path) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = image::state_log(data);
    }
}

/// The host of one process.
pub(crate) struct SimHost {
    machine: Machine,
    data: PathBuf,
    synced: Synced,
    rng: Mutex<Rng>,
    started: Instant,
    started_ms: u64,
}

impl SimHost {
    /// To be called where the process runs, as its clock begins there. `started_ms` is what the machine's shows.
    pub(crate) fn new(machine: Machine, data: &Path, synced: Synced, rng: Rng, started_ms: u64) -> Self {
        let rng = Mutex::new(rng);
        Self { machine, data: data.to_owned(), synced, rng, started: Instant::now(), started_ms }
    }

    fn delay(&self, work: Work) -> u64 {
        let (flush, other) = {
            let machine = self.machine.lock();
            (machine.flush_ms, machine.work_ms)
        };
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        match work {
            Work::Open => 0,
            Work::Flush => rng.range(0, flush),
            Work::Snapshot => rng.range(0, 5 + other),
            Work::Read | Work::Apply | Work::Sync | Work::Lease | Work::Seal | Work::Outputs | Work::Keys => {
                match other {
                    0 => 0,
                    most => rng.range(0, most),
                }
            }
        }
    }
}

#[async_trait]
impl Simulated for SimHost {
    fn unix_ms(&self) -> u64 {
        (EPOCH_MS + self.boot_ms()).saturating_add_signed(self.machine.lock().skew)
    }

    fn boot_ms(&self) -> u64 {
        self.started_ms + u64::try_from(self.started.elapsed().as_millis()).unwrap_or(0)
    }

    async fn begin(&self, work: Work) {
        let delay = self.delay(work);
        if delay > 0 {
            sleep(Duration::from_millis(delay)).await;
        }
    }

    fn done(&self, work: Work) {
        if work == Work::Sync {
            self.synced.note(&self.data);
        }
    }
}
