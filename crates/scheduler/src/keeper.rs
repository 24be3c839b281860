//! The leader's loop that keeps plug-ins running.

use std::convert::Infallible;
use std::time::Duration;

use gofer_consensus::Raft;
use gofer_domain::Timestamp;
use gofer_store::Store;
use tokio::time::sleep;

use crate::decisions::Decisions;
use crate::keep::{Memory, keep};
use crate::scheduler::Error;

/// Least time between two looks: plug-ins are few, and live long.
const PAUSE: Duration = Duration::from_millis(200);
/// Longest sleep towards a time of day, since the clock may be set.
const NAP_MAX: Duration = Duration::from_secs(30);

/// Keeps plug-ins running in one term in which this node leads.
pub(crate) struct Keeper<'a> {
    store: &'a Store,
    raft: &'a Raft,
    decisions: Decisions<'a>,
    memory: Memory,
}

impl<'a> Keeper<'a> {
    pub(crate) fn new(store: &'a Store, raft: &'a Raft, decisions: Decisions<'a>) -> Self {
        Self { store, raft, decisions, memory: Memory::default() }
    }

    /// Goes on until it is dropped, or until consensus stops for good.
    pub(crate) async fn keep_on(mut self) -> Result<Infallible, Error> {
        let mut progress = self.store.progress();
        loop {
            progress.mark_unchanged();
            let (revision, now, keeping) = self.store.read(|state| {
                let now = Timestamp(self.raft.host().unix_ms()).max(state.time);
                (state.revision, now, keep(state, now, &mut self.memory))
            });
            if keeping.commands.is_empty() {
                let nap = keeping.next.map_or(NAP_MAX, |next| next.since(now).clamp(PAUSE, NAP_MAX));
                tokio::select! {
                    changed = progress.changed() => changed.map_err(|_| Error::Fatal("the store is closed".into()))?,
                    () = sleep(nap) => {}
                }
            } else {
                self.decisions.take(revision, keeping.commands).await?;
            }
            sleep(PAUSE).await;
        }
    }
}
