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

use super::read::{load_chunk, load_manifest};
use crate::errors;
use crate::server::Parts;

/// How long this node waits until it knows what the cluster knows.
const BARRIER: Duration = Duration::from_secs(30);

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
        // What was put before this moment, and is old now, is either named by the state that comes after it, or never
        // will be.
        let before = SystemTime::now().checked_sub(self.parts.objects.grace).unwrap_or(SystemTime::UNIX_EPOCH);
        let reached = self.parts.cluster.read_barrier(Instant::now() + BARRIER).await;
        reached.map_err(|error| Status::from(errors::unanswered(&error, None)))?;
        let named: Vec<Digest> = self
            .parts
            .store
            .read(|state| state.objects.iter().map(|(_, _, object)| Digest(object.content.manifest)).collect());
        let status = self.parts.raft.status();
        let votes = status.members.iter().any(|member| member.id == status.id && member.role == Role::Voter);
        let mut used = HashSet::new();
        let mut fetched = 0_u64;
        for name in named {
            let own = self.has(name).await?;
            // Without each manifest nobody knows which chunks are used: then nothing is removed.
            let manifest = match load_manifest(&self.parts, name).await {
                Ok(manifest) => manifest,
                Err(_) if !self.is_named(name) => continue,
                Err(status) => return Err(status),
            };
            fetched += u64::from(!own);
            used.insert(name);
            for chunk in manifest.chunks() {
                if used.insert(chunk.digest) && votes && !self.has(chunk.digest).await? {
                    match load_chunk(&self.parts, *chunk).await {
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
        self.parts.store.read(|state| state.objects.iter().any(|(_, _, object)| object.content.manifest == manifest.0))
    }
}
