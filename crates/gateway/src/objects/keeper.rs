//! Keeps what objects are made of complete on this node if it votes, and free of what no object needs.
//!
//! A majority has every chunk before an object counts; the others get theirs here, as does a node that joined later. What
//! no object names is removed once it is old enough that no put under way can be about to name it.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use gofer_consensus::Role;
use gofer_store::Digest;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tracing::{info, warn};

use super::Outside;
use super::read::{load_chunk, load_manifest};
use crate::errors;
use crate::server::Parts;

/// How long this node waits until it knows what the cluster knows.
const BARRIER: Duration = Duration::from_secs(30);
/// How often a node looks whether it leads, and so has to keep the store outside.
const TURN: Duration = Duration::from_secs(1);

/// Looks after the objects of one node.
#[derive(Debug)]
pub struct ObjectKeeper {
    parts: Parts,
}

impl ObjectKeeper {
    /// Does nothing until [`ObjectKeeper::run`].
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self { parts }
    }

    /// Looks now and then, until the shutdown.
    pub async fn run(self, shutdown: CancellationToken) {
        let outside = async {
            match &self.parts.outside {
                Some(outside) => self.keep_outside(outside, &shutdown).await,
                None => shutdown.cancelled().await,
            }
        };
        tokio::join!(self.keep_own(&shutdown), outside);
    }

    /// While this node leads: marks the store outside, and removes from there what no object needs. Another leader goes on
    /// where this one was cut short, as all of it is found anew each time.
    async fn keep_outside(&self, outside: &Outside, shutdown: &CancellationToken) {
        let every = self.parts.objects.sweep_every;
        let mut due = Instant::now() + every;
        let (mut is_prepared, mut told) = (false, String::new());
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(TURN.min(every)) => {}
            }
            let status = self.parts.raft.status();
            if status.leader.is_none_or(|(leader, _)| leader != status.id) {
                is_prepared = false;
                continue;
            }
            let work = async {
                if !is_prepared {
                    self.barrier().await?;
                    outside.prepare(&self.parts.store).await?;
                    is_prepared = true;
                }
                if Instant::now() >= due {
                    due = Instant::now() + every;
                    self.sweep_outside(outside).await?;
                }
                Ok::<(), Status>(())
            };
            let done = tokio::select! {
                () = shutdown.cancelled() => return,
                done = work => done,
            };
            match done {
                Ok(()) => told.clear(),
                // It is tried each second; once is enough to say.
                Err(status) if status.message() == told => {}
                Err(status) => {
                    warn!(why = status.message(), "the store of objects can't be used; it is tried again");
                    status.message().clone_into(&mut told);
                }
            }
        }
    }

    async fn sweep_outside(&self, outside: &Outside) -> Result<(), Status> {
        // As in `look`.
        let before = self.before();
        self.barrier().await?;
        let swept = outside.sweep(&self.parts.store, before).await?;
        if swept.removed > 0 {
            info!(removed = swept.removed, bytes = swept.bytes, kept = swept.kept, "swept the store of objects");
        }
        Ok(())
    }

    /// What was put before is named by the state that a barrier after this reaches, or never will be.
    fn before(&self) -> SystemTime {
        SystemTime::now().checked_sub(self.parts.objects.grace).unwrap_or(SystemTime::UNIX_EPOCH)
    }

    async fn barrier(&self) -> Result<(), Status> {
        let reached = self.parts.cluster.read_barrier(Instant::now() + BARRIER).await;
        reached.map_err(|error| errors::unanswered(&error, None).into())
    }

    async fn keep_own(&self, shutdown: &CancellationToken) {
        let every = self.parts.objects.sweep_every;
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(every) => {}
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                done = self.look() => if let Err(status) = done {
                    warn!(why = status.message(), "objects could not be looked after; it is tried again");
                },
            }
        }
    }

    async fn look(&self) -> Result<(), Status> {
        let before = self.before();
        self.barrier().await?;
        let named: Vec<Digest> = self.parts.store.read(|state| {
            let own = state.objects.iter().filter(|(_, _, object)| object.content.place.is_none());
            own.map(|(_, _, object)| Digest(object.content.manifest)).collect()
        });
        let status = self.parts.raft.status();
        let votes = status.members.iter().any(|member| member.id == status.id && member.role == Role::Voter);
        let mut used = HashSet::new();
        let mut fetched = 0_u64;
        for name in named {
            let own = self.has(name).await?;
            // Without each manifest nobody knows which chunks are used: then nothing is removed.
            let manifest = match load_manifest(&self.parts, None, name).await {
                Ok(manifest) => manifest,
                Err(_) if !self.is_named(name) => continue,
                Err(status) => return Err(status),
            };
            fetched += u64::from(!own);
            used.insert(name);
            for chunk in manifest.chunks() {
                if used.insert(chunk.digest) && votes && !self.has(chunk.digest).await? {
                    match load_chunk(&self.parts, None, *chunk).await {
                        Ok(_) => fetched += 1,
                        Err(status) if self.is_named(name) => return Err(status),
                        Err(_) => break,
                    }
                }
            }
        }
        let swept = crate::api::load(&self.parts.store, move |store| store.objects().sweep(&used, before)).await?;
        if fetched + swept.removed > 0 {
            info!(fetched, removed = swept.removed, bytes = swept.bytes, kept = swept.kept, "looked after objects");
        }
        Ok(())
    }

    async fn has(&self, digest: Digest) -> Result<bool, Status> {
        crate::api::load(&self.parts.store, move |store| Ok(store.objects().blobs().has(digest))).await
    }

    /// Whether an object is made of it still: the others may have removed it already.
    fn is_named(&self, manifest: Digest) -> bool {
        self.parts.store.read(|state| {
            let mut contents = state.objects.iter().map(|(_, _, object)| &object.content);
            contents.any(|content| content.place.is_none() && content.manifest == manifest.0)
        })
    }
}
