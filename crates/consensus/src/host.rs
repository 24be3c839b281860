//! What a node takes from the machine besides the disk: the time, and threads for work that blocks.
//!
//! A simulation brings its own, so that nothing happens at a time or in an order that it has not chosen. What is done
//! is the same code either way; only when, and on which thread, differs.

use std::io;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;

/// Where a node runs.
#[derive(Clone, Default)]
pub enum Host {
    /// On this machine: its clocks, and threads of the runtime.
    #[default]
    Machine,
    Simulated(Arc<dyn Simulated>),
}

/// A machine that is simulated.
#[async_trait]
pub trait Simulated: Send + Sync + 'static {
    /// Milliseconds since the Unix epoch; may be set, and jump.
    fn unix_ms(&self) -> u64;

    /// Milliseconds of a clock that nobody can set.
    fn boot_ms(&self) -> u64;

    /// Returns when the work may be done; it is then done at once, on the thread that asked.
    async fn begin(&self, work: Work);

    /// Told after the work is done and before anybody knows of it.
    fn done(&self, work: Work);
}

/// Work that blocks on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// Opening the databases.
    Open,
    /// Making written log entries and votes durable.
    Flush,
    /// Reading log entries that are not in memory.
    Read,
    /// Applying committed entries.
    Apply,
    /// Making the state durable.
    Sync,
    /// Making, reading, receiving or installing a snapshot.
    Snapshot,
    /// Writing the lease.
    Lease,
    /// Sealing the output of an attempt.
    Seal,
    /// Making, reading or removing the file of an attempt's outputs.
    Outputs,
    /// Writing, reading or destroying keys, and what they open.
    Keys,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Machine => "Machine",
            Self::Simulated(_) => "Simulated",
        })
    }
}

impl Host {
    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub fn unix_ms(&self) -> u64 {
        match self {
            Self::Machine => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
            }
            Self::Simulated(host) => host.unix_ms(),
        }
    }

    /// Does work that blocks, off the threads that must not.
    ///
    /// # Errors
    /// When the work panicked, or the runtime is shutting down.
    pub async fn blocking<T: Send + 'static>(
        &self,
        work: Work,
        task: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<T> {
        match self {
            Self::Machine => tokio::task::spawn_blocking(task).await.map_err(io::Error::other),
            Self::Simulated(host) => {
                host.begin(work).await;
                let result = task();
                host.done(work);
                Ok(result)
            }
        }
    }
}
