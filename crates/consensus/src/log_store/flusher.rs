//! Group commit: the one thread, or in a simulation the one task, that syncs the log.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use openraft::storage::IOFlushed;
use tokio::sync::{mpsc, oneshot};

use super::synced::Marker;
use super::{Core, DiskStats};
use crate::error::Error;
use crate::host::{Host, Simulated, Work};
use crate::types::TypeConfig;

/// A write that counts only once it is on the disk.
pub(super) struct Job {
    /// RocksDB's sequence number after the write.
    pub(super) sequence: u64,
    pub(super) done: Done,
}

/// Who waits for it.
pub(super) enum Done {
    Append(IOFlushed<TypeConfig>),
    Vote(oneshot::Sender<io::Result<()>>),
}

impl Done {
    pub(super) fn call(self, result: io::Result<()>) {
        match self {
            Self::Append(callback) => callback.io_completed(result),
            // A caller that is gone doesn't care.
            Self::Vote(sender) => drop(sender.send(result)),
        }
    }
}

/// Counters of the flusher.
#[derive(Default)]
pub(crate) struct Stats {
    writes: AtomicU64,
    flushes: AtomicU64,
    micros: AtomicU64,
}

impl Stats {
    pub(crate) fn read(&self) -> DiskStats {
        DiskStats {
            writes: self.writes.load(Ordering::Relaxed),
            flushes: self.flushes.load(Ordering::Relaxed),
            flush_time: Duration::from_micros(self.micros.load(Ordering::Relaxed)),
        }
    }
}

/// Starts the thread. It ends when the log store is dropped, after it has synced what was handed to it.
pub(super) fn spawn(core: Arc<Core>, queue: mpsc::Receiver<Job>, marker: Marker) -> Result<(), Error> {
    if let Host::Simulated(host) = &core.host {
        tokio::spawn(run_simulated(host.clone(), core, queue, marker));
        return Ok(());
    }
    std::thread::Builder::new()
        .name("raft-flush".into())
        .spawn(move || run(&core, queue, marker))
        .map(drop)
        .map_err(|source| Error::Io { what: "starting the thread that syncs it".into(), source })
}

fn run(core: &Core, mut queue: mpsc::Receiver<Job>, mut marker: Marker) {
    let mut jobs = Vec::new();
    while let Some(job) = queue.blocking_recv() {
        jobs.push(job);
        while let Ok(job) = queue.try_recv() {
            jobs.push(job);
        }
        commit(core, &mut jobs, &mut marker);
    }
}

async fn run_simulated(host: Arc<dyn Simulated>, core: Arc<Core>, mut queue: mpsc::Receiver<Job>, mut marker: Marker) {
    let mut jobs = Vec::new();
    while let Some(job) = queue.recv().await {
        jobs.push(job);
        host.begin(Work::Flush).await;
        while let Ok(job) = queue.try_recv() {
            jobs.push(job);
        }
        commit(&core, &mut jobs, &mut marker);
        host.done(Work::Flush);
    }
}

/// One sync for all of them.
fn commit(core: &Core, jobs: &mut Vec<Job>, marker: &mut Marker) {
    let result = flush(core, jobs.len() as u64);
    if result.is_ok() {
        let sequence = jobs.iter().map(|job| job.sequence).max().unwrap_or(0);
        if let Err(error) = marker.set(sequence) {
            core.fail("noting what is durable", &error);
        }
    }
    for job in jobs.drain(..) {
        job.done.call(match &result {
            Ok(()) => Ok(()),
            Err(error) => Err(io::Error::other(error.to_string())),
        });
    }
}

fn flush(core: &Core, writes: u64) -> io::Result<()> {
    core.fatal.check()?;
    let start = Instant::now();
    core.db.flush_wal(true).map_err(|error| core.fail("syncing the raft log", &error))?;
    let micros = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
    core.stats.micros.fetch_add(micros, Ordering::Relaxed);
    core.stats.writes.fetch_add(writes, Ordering::Relaxed);
    core.stats.flushes.fetch_add(1, Ordering::Relaxed);
    Ok(())
}
