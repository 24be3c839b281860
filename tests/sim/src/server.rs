//! What a node's process answers to others and to clients.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use gofer_consensus::{MessageKind, TransportError};
use gofer_scheduler::Leases;
use gofer_store::Store;
use tokio::time::Instant;

use crate::cluster::Cluster;
use crate::endpoint::Endpoint;
use crate::events::Telling;
use crate::net::{Ask, Body, Place, Reply, Sight};

/// Takes what comes, each in a task of its own. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) cluster: Cluster,
    pub(crate) leases: Leases,
    pub(crate) store: Store,
    pub(crate) endpoint: Arc<Endpoint>,
}

impl Server {
    pub(crate) async fn run(self) {
        loop {
            let packet = self.endpoint.asked().await;
            let server = self.clone();
            tokio::spawn(async move {
                let Body::Ask(ask) = packet.body.clone() else { return };
                let reply = server.reply(ask).await;
                server.endpoint.answer(&packet, reply);
            });
        }
    }

    async fn reply(&self, ask: Ask) -> Reply {
        let raft = &self.cluster.raft;
        match ask {
            Ask::Raft { kind, message } => {
                let answer = raft.handle(kind, message).await;
                Reply::Raft(kind, answer.map_err(|error| TransportError::Remote(error.to_string())))
            }
            Ask::Snapshot { files, vote, meta } => {
                let answer = self.snapshot(&files, vote, meta).await;
                Reply::Raft(
                    MessageKind::AppendEntries,
                    answer.map_err(|error| TransportError::Remote(error.to_string())),
                )
            }
            Ask::Propose(commands) => Reply::Outcomes(raft.propose_encoded(commands).await),
            Ask::ReadIndex => Reply::Index(raft.read_index().await),
            Ask::Renew { node, incarnation } => Reply::Lease(self.leases.renew(node, incarnation).await),
            Ask::Commit { command, patience } => {
                Reply::Outcomes(self.cluster.propose_until(vec![*command], Instant::now() + patience).await)
            }
            Ask::Read { linearizable, patience } => {
                if linearizable && let Err(error) = self.cluster.read_barrier(Instant::now() + patience).await {
                    return Reply::Read(Err(error));
                }
                Reply::Read(Ok(self.store.progress().borrow().revision.0))
            }
            Ask::Take { telling, patience } => self.take(&telling, Instant::now() + patience).await,
            Ask::Look { at, patience } => {
                let reached = self.cluster.read_barrier(Instant::now() + patience).await;
                Reply::Seen(reached.map(|()| self.look(&at)))
            }
        }
    }

    /// Has events taken by a subscription as this node knows it. No outcome: it knows of none.
    async fn take(&self, telling: &Telling, deadline: Instant) -> Reply {
        let known = self.store.read(|state| state.subscriptions.get(&telling.subscription).cloned());
        let Some(known) = known else { return Reply::Outcomes(Ok(Vec::new())) };
        Reply::Outcomes(self.cluster.propose_until(vec![telling.proposal(&known)], deadline).await)
    }

    fn look(&self, at: &Place) -> Option<Sight> {
        self.store.read(|state| match at {
            Place::Cursor(key) => state.subscriptions.get(key).map(|known| Sight::Cursor(known.cursor.clone())),
            Place::Schedule(key) => {
                let known = state.schedules.get(key)?;
                Some(Sight::Schedule(known.generation, Arc::clone(&known.spec)))
            }
        })
    }

    async fn snapshot(&self, files: &[(String, Bytes)], vote: Bytes, meta: Bytes) -> anyhow::Result<Bytes> {
        let raft = &self.cluster.raft;
        let dir = raft.snapshot_staging()?;
        for (name, bytes) in files {
            std::fs::write(Path::new(&dir).join(name), bytes)?;
        }
        Ok(raft.handle_snapshot(dir, vote, meta).await?)
    }
}
