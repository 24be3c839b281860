//! The state machine as openraft sees it: committed entries go into the store.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::{Stream, StreamExt};
use gofer_store::{EntryKind, Store};
use openraft::storage::{ApplyResponder, EntryResponder, RaftSnapshotBuilder, RaftStateMachine};
use openraft::{EntryPayload, OptionalSend, Snapshot};

use crate::codec;
use crate::commands;
use crate::fatal::Fatal;
use crate::host::{Host, Work};
use crate::snapshots::{self, Snapshots};
use crate::types::{Answer, Entry, LogId, SnapshotMeta, StoredMembership, TypeConfig, ordinal};

/// Most entries that go into the store with one write.
const ENTRIES_MAX: usize = 16;

/// Applies entries and handles snapshots. A failure is final for this node.
#[derive(Clone)]
pub(crate) struct Applier {
    store: Store,
    snapshots: Arc<Snapshots>,
    fatal: Fatal,
    host: Host,
    /// Whether a missing snapshot is made when it is asked for: once running, it is wanted for sending.
    running: Arc<AtomicBool>,
}

/// Files of a snapshot.
#[derive(Clone, Debug)]
pub(crate) enum SnapshotData {
    /// One of ours; its files stay as long as this does.
    Kept(Arc<snapshots::Snapshot>),
    /// Received from the leader.
    Received(PathBuf),
}

impl Applier {
    pub(crate) fn new(store: Store, snapshots: Arc<Snapshots>, fatal: Fatal, host: Host) -> Self {
        Self { store, snapshots, fatal, host, running: Arc::new(AtomicBool::new(false)) }
    }

    /// From now on snapshots are asked for in order to send them.
    pub(crate) fn running(&self) -> Arc<AtomicBool> {
        self.running.clone()
    }

    /// Runs disk work aside; a failure closes the latch.
    async fn blocking<T: Send + 'static>(
        &self,
        kind: Work,
        doing: &str,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        self.fatal.check()?;
        let result = self.host.blocking(kind, work).await.and_then(|result| result);
        result.inspect_err(|error| self.fatal.set(&format!("{doing} failed: {}", chain(error))))
    }

    async fn apply_some(
        &self,
        entries: Vec<Entry>,
        responders: Vec<Option<ApplyResponder<TypeConfig>>>,
    ) -> io::Result<()> {
        let store = self.store.clone();
        #[cfg(feature = "planted")]
        let follows = responders.iter().all(Option::is_none);
        let answers = self
            .blocking(Work::Apply, "applying committed entries", move || {
                let entries = entries.into_iter().map(convert).collect::<io::Result<Vec<_>>>()?;
                let count = entries.len();
                let applied = store.progress().borrow().applied;
                if entries.iter().try_fold(applied, |last, entry| (entry.index > last).then_some(entry.index)).is_none()
                {
                    return Err(io::Error::other(format!(
                        "entries are applied already or out of order after {applied}"
                    )));
                }
                #[cfg(feature = "planted")]
                gofer_store::planted::follow(follows);
                let answers = store.apply(entries).map_err(io::Error::other)?;
                if answers.len() == count {
                    Ok(answers)
                } else {
                    Err(io::Error::other(format!("{count} entries got {} answers", answers.len())))
                }
            })
            .await?;
        for (outcomes, responder) in answers.into_iter().zip(responders) {
            if let Some(responder) = responder {
                responder.send(Answer { outcomes });
            }
        }
        Ok(())
    }
}

/// An error with what caused it, for the record.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// An entry as the store takes it.
pub(crate) fn convert(entry: Entry) -> io::Result<gofer_store::Entry> {
    let log_id = entry.log_id;
    let kind = match entry.payload {
        EntryPayload::Blank => EntryKind::Blank,
        EntryPayload::Normal(batch) => EntryKind::Commands(
            commands::decode(&batch)
                .map_err(|error| io::Error::other(format!("entry {}: {error}", ordinal(Some(&log_id)))))?,
        ),
        EntryPayload::Membership(membership) => {
            EntryKind::Membership(codec::encode(&StoredMembership::new(Some(log_id), membership))?)
        }
    };
    Ok(gofer_store::Entry { index: ordinal(Some(&log_id)), log_id: codec::encode(&log_id)?, kind })
}

impl RaftStateMachine<TypeConfig> for Applier {
    type SnapshotData = SnapshotData;
    type SnapshotBuilder = Self;

    async fn applied_state(&mut self) -> Result<(Option<LogId>, StoredMembership), io::Error> {
        let meta = snapshots::applied_meta(&self.store.applied())?;
        Ok((meta.last_log_id, meta.last_membership))
    }

    async fn apply<S>(&mut self, entries: S) -> Result<(), io::Error>
    where
        S: Stream<Item = Result<EntryResponder<TypeConfig>, io::Error>> + Unpin + OptionalSend,
    {
        let mut chunks = entries.ready_chunks(ENTRIES_MAX);
        while let Some(chunk) = chunks.next().await {
            let mut entries = Vec::with_capacity(chunk.len());
            let mut responders = Vec::with_capacity(chunk.len());
            for item in chunk {
                let (entry, responder) = item?;
                entries.push(entry);
                responders.push(responder);
            }
            self.apply_some(entries, responders).await?;
        }
        Ok(())
    }

    async fn get_snapshot_builder(&mut self) -> Self {
        self.clone()
    }

    async fn install_snapshot(&mut self, meta: &SnapshotMeta, snapshot: SnapshotData) -> Result<(), io::Error> {
        let snapshots = self.snapshots.clone();
        let meta = meta.clone();
        self.blocking(Work::Snapshot, "installing a snapshot", move || {
            let dir = match &snapshot {
                SnapshotData::Kept(snapshot) => snapshot.data(),
                SnapshotData::Received(dir) => dir.clone(),
            };
            snapshots.install(&meta, &dir)
        })
        .await
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<Handed>, io::Error> {
        if self.snapshots.current().is_none() && self.running.load(Ordering::Acquire) {
            return self.build_snapshot().await.map(Some);
        }
        Ok(self.snapshots.current().map(handed))
    }
}

type Handed = openraft::type_config::alias::SnapshotOf<TypeConfig, SnapshotData>;

fn handed(snapshot: Arc<snapshots::Snapshot>) -> Handed {
    Snapshot { meta: snapshot.meta.clone(), snapshot: SnapshotData::Kept(snapshot) }
}

impl RaftSnapshotBuilder<TypeConfig> for Applier {
    type SnapshotData = SnapshotData;

    async fn build_snapshot(&mut self) -> Result<Handed, io::Error> {
        let snapshots = self.snapshots.clone();
        self.blocking(Work::Snapshot, "making a snapshot", move || snapshots.build()).await.map(handed)
    }
}
