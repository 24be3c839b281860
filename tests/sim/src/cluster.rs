//! What the gateway of a real node does over gRPC, here over the simulated network: messages of consensus go to their
//! node; commands, read indexes and leases go to the leader, again and again until a deadline.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use gofer_consensus::{
    Encoded, MessageKind, Proposal, Propose, ProposeError, Raft, SnapshotFiles, Transport, TransportError,
};
use gofer_domain::NodeId;
use gofer_executor::{LeaseClient, LeaseError, Replicate, ReplicateError};
use gofer_scheduler::Leases;
use gofer_store::Outcome;
use tokio::time::{Instant, sleep, timeout_at};

use crate::endpoint::Endpoint;
use crate::net::{Ask, Reply};
use crate::workload;

/// How long one try may take.
const TRY: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_millis(400);
/// How long a snapshot may be on its way.
const SNAPSHOT: Duration = Duration::from_secs(60);

/// Carries consensus' messages.
pub(crate) struct Wire(pub(crate) Arc<Endpoint>);

fn answered(reply: Option<Reply>) -> Result<Bytes, TransportError> {
    match reply {
        Some(Reply::Raft(_, answer)) => answer,
        Some(Reply::Refused) => Err(TransportError::Unreachable("nothing listens there".into())),
        _ => Err(TransportError::Failed("no answer".into())),
    }
}

#[async_trait]
impl Transport for Wire {
    async fn send(
        &self,
        target: NodeId,
        _address: &str,
        kind: MessageKind,
        message: Bytes,
        timeout: Duration,
    ) -> Result<Bytes, TransportError> {
        answered(self.0.ask(target, Ask::Raft { kind, message }, timeout).await)
    }

    async fn send_snapshot(
        &self,
        target: NodeId,
        _address: &str,
        snapshot: SnapshotFiles,
        vote: Bytes,
        meta: Bytes,
    ) -> Result<Bytes, TransportError> {
        let mut files = Vec::new();
        for file in &snapshot.files {
            let bytes = std::fs::read(snapshot.dir.join(&file.name));
            let bytes = bytes.map_err(|error| TransportError::Failed(error.to_string()))?;
            files.push((file.name.clone(), bytes.into()));
        }
        answered(self.0.ask(target, Ask::Snapshot { files: Arc::new(files), vote, meta }, SNAPSHOT).await)
    }
}

/// The way to the leader. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct Cluster {
    pub(crate) raft: Raft,
    pub(crate) endpoint: Arc<Endpoint>,
}

enum Route {
    Local,
    Remote(NodeId),
    Nowhere,
}

impl Cluster {
    fn route(&self, hint: Option<(NodeId, String)>) -> Route {
        let leadership = self.raft.watch();
        let leadership = leadership.borrow();
        if leadership.is_self {
            return Route::Local;
        }
        let hinted = hint.and_then(|(_, address)| workload::at(&address));
        match hinted.or_else(|| workload::at(&leadership.address)) {
            Some(node) if node != self.raft.status().id => Route::Remote(node),
            _ => Route::Nowhere,
        }
    }

    /// Commits commands on whichever node leads, with the same request ids until the deadline.
    pub(crate) async fn propose_until(
        &self,
        commands: Vec<Proposal>,
        deadline: Instant,
    ) -> Result<Vec<Outcome>, ProposeError> {
        let commands: Vec<Encoded> = commands.into_iter().map(Encoded::new).collect();
        let (mut hint, mut doubt, mut pause) = (None, None, PAUSE);
        loop {
            let late = || Err(ProposeError::Unknown("no answer came in time".into()));
            let tried = match self.route(hint.take()) {
                Route::Local => {
                    let proposing = self.raft.propose_encoded(commands.clone());
                    timeout_at(deadline, proposing).await.unwrap_or_else(|_| late())
                }
                Route::Remote(node) => match self.endpoint.ask(node, Ask::Propose(commands.clone()), TRY).await {
                    Some(Reply::Outcomes(outcomes)) => outcomes,
                    Some(Reply::Refused) => Err(ProposeError::NotLeader { leader: None }),
                    _ => late(),
                },
                Route::Nowhere => Err(ProposeError::NotLeader { leader: None }),
            };
            let error = match tried {
                Ok(outcomes) => return Ok(outcomes),
                Err(ProposeError::NotLeader { leader }) => {
                    hint.clone_from(&leader);
                    ProposeError::NotLeader { leader }
                }
                Err(ProposeError::Unknown(why) | ProposeError::Timeout(why)) => {
                    doubt = Some(ProposeError::Unknown(why.clone()));
                    ProposeError::Unknown(why)
                }
                Err(error) => return Err(doubt.unwrap_or(error)),
            };
            if Instant::now() + pause >= deadline {
                return Err(doubt.unwrap_or(error));
            }
            sleep(pause).await;
            pause = PAUSE_MAX.min(pause * 2);
        }
    }

    /// Waits until this node reflects all that was acknowledged before.
    pub(crate) async fn read_barrier(&self, deadline: Instant) -> Result<(), ProposeError> {
        let mut hint = None;
        loop {
            let index = match self.route(hint.take()) {
                Route::Local => timeout_at(deadline, self.raft.read_index()).await.ok(),
                Route::Remote(node) => match self.endpoint.ask(node, Ask::ReadIndex, TRY).await {
                    Some(Reply::Index(index)) => Some(index),
                    _ => None,
                },
                Route::Nowhere => None,
            };
            match index {
                Some(Ok(index)) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    return self.raft.wait_applied(index, left).await;
                }
                Some(Err(ProposeError::NotLeader { leader })) => hint = leader,
                Some(Err(error @ ProposeError::Fatal(_))) => return Err(error),
                _ => {}
            }
            if Instant::now() + PAUSE >= deadline {
                return Err(ProposeError::Timeout("no leader confirmed it".into()));
            }
            sleep(PAUSE).await;
        }
    }
}

#[async_trait]
impl Propose for Cluster {
    async fn propose(&self, commands: Vec<Proposal>) -> Result<Vec<Outcome>, ProposeError> {
        self.propose_until(commands, Instant::now() + Duration::from_secs(30)).await
    }
}

/// Asks the leader for leases: this node's own table, if it leads.
pub(crate) struct Renewals {
    pub(crate) cluster: Cluster,
    pub(crate) leases: Leases,
}

#[async_trait]
impl LeaseClient for Renewals {
    async fn renew(&self, node: NodeId, incarnation: u64) -> Result<Option<Duration>, LeaseError> {
        match self.cluster.route(None) {
            Route::Local => Ok(self.leases.renew(node, incarnation).await),
            Route::Remote(leader) => {
                let asking = self.cluster.endpoint.ask(leader, Ask::Renew { node, incarnation }, TRY);
                match asking.await {
                    Some(Reply::Lease(lease)) => Ok(lease),
                    _ => Err(LeaseError("no answer".into())),
                }
            }
            Route::Nowhere => Err(LeaseError("no leader is known".into())),
        }
    }
}

/// Containers write no output, so there are no blobs to copy.
pub(crate) struct NoBlobs;

#[async_trait]
impl Replicate for NoBlobs {
    async fn replicate(&self, _digest: [u8; 32]) -> Result<(), ReplicateError> {
        Ok(())
    }
}
