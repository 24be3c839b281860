//! The cluster as one: commands and linearizable reads go to the leader, wherever it is.
//!
//! Calls are repeated while leaders change, until their deadline. That is safe: a command has a request id, and a
//! repeat of the same id gets the first answer back.

mod forward;
mod members;
mod reads;
mod route;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use gofer_consensus::{Encoded, Proposal, Propose, ProposeError, Raft};
use gofer_domain::NodeId;
use gofer_store::{Outcome, Store};
use tokio::time::{Instant, timeout_at};

use crate::limits::DEADLINE_DEFAULT;
use crate::peers::Peers;
use forward::Forwarder;
use reads::Reads;
use route::{Backoff, Route};

pub use members::JoinError;

/// Reaches the leader from any node. Cloning is cheap.
#[derive(Clone)]
pub struct Cluster(Arc<Inner>);

struct Inner {
    store: Store,
    raft: Raft,
    peers: Peers,
    forwarder: Forwarder,
    reads: Reads,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("raft", &self.0.raft).finish_non_exhaustive()
    }
}

impl Cluster {
    /// Must be called within a Tokio runtime.
    #[must_use]
    pub fn new(store: Store, raft: Raft, peers: Peers) -> Self {
        let forwarder = Forwarder::spawn(raft.clone(), peers.clone());
        let reads = Reads::spawn(raft.clone(), peers.clone());
        Self(Arc::new(Inner { store, raft, peers, forwarder, reads }))
    }

    /// Commits commands in order, on whichever node leads, and returns their outcomes in the same order. Repeats the
    /// call with the same request ids until the deadline while there is no leader or its answer is lost.
    ///
    /// # Errors
    /// `NotLeader` when no leader was reached and nothing was changed; `Unknown` when commands may have been
    /// committed; `Overloaded` and `TooLarge` at once; `Fatal` when this node has stopped.
    pub async fn propose_until(
        &self,
        commands: Vec<Proposal>,
        deadline: Instant,
    ) -> Result<Vec<Outcome>, ProposeError> {
        let commands: Vec<Encoded> = commands.into_iter().map(Encoded::new).collect();
        let mut backoff = Backoff::new(&self.0.raft);
        let mut hint = None;
        let mut doubt = None;
        loop {
            let tried = self.propose_once(&commands, hint.take(), deadline).await;
            let error = match tried {
                Ok(outcomes) => return Ok(outcomes),
                Err(error) => error,
            };
            match error {
                ProposeError::NotLeader { ref leader } => hint.clone_from(leader),
                ProposeError::Unknown(ref why) | ProposeError::Timeout(ref why) => {
                    doubt = Some(ProposeError::Unknown(why.clone()));
                }
                _ => return Err(doubt.unwrap_or(error)),
            }
            if !backoff.pause(hint.is_some(), deadline).await {
                return Err(doubt.unwrap_or(error));
            }
        }
    }

    async fn propose_once(
        &self,
        commands: &[Encoded],
        hint: Option<(NodeId, String)>,
        deadline: Instant,
    ) -> Result<Vec<Outcome>, ProposeError> {
        let late = || Err(ProposeError::Unknown("no answer came in time".into()));
        match Route::of(&self.0.raft, hint) {
            Route::Local => {
                let proposing = self.0.raft.propose_encoded(commands.to_vec());
                timeout_at(deadline, proposing).await.unwrap_or_else(|_| late())
            }
            Route::Remote(address) => {
                let forwarding = self.forward(address, commands, deadline);
                timeout_at(deadline, forwarding).await.unwrap_or_else(|_| late())
            }
            Route::Nowhere => Err(ProposeError::NotLeader { leader: None }),
        }
    }

    /// Sends commands to the leader, unless it, or another node, may not know them.
    async fn forward(
        &self,
        address: String,
        commands: &[Encoded],
        deadline: Instant,
    ) -> Result<Vec<Outcome>, ProposeError> {
        if self.0.raft.check_known(commands).is_err() {
            // Nodes may have been upgraded since.
            self.read_barrier(deadline).await?;
            self.0.raft.check_known(commands)?;
        }
        self.0.forwarder.propose(address, commands.to_vec()).await
    }

    /// Waits until this node reflects everything that was acknowledged, anywhere, before this call.
    ///
    /// # Errors
    /// `NotLeader` or `Timeout` when that did not come about before the deadline; `Overloaded` and `Fatal` at once.
    pub async fn read_barrier(&self, deadline: Instant) -> Result<(), ProposeError> {
        let mut backoff = Backoff::new(&self.0.raft);
        let mut hint = None;
        loop {
            let error = match self.read_index(hint.take(), deadline).await {
                // A read changes nothing, so nothing about it is unknown.
                Err(ProposeError::Unknown(why)) => ProposeError::Timeout(why),
                Ok(index) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    return self.0.raft.wait_applied(index, left).await;
                }
                Err(error) => error,
            };
            match error {
                ProposeError::NotLeader { ref leader } => hint.clone_from(leader),
                ProposeError::Timeout(_) => {}
                _ => return Err(error),
            }
            if !backoff.pause(hint.is_some(), deadline).await {
                return Err(error);
            }
        }
    }

    async fn read_index(&self, hint: Option<(NodeId, String)>, deadline: Instant) -> Result<u64, ProposeError> {
        let late = || Err(ProposeError::Timeout("the leader did not answer in time".into()));
        match Route::of(&self.0.raft, hint) {
            Route::Local => timeout_at(deadline, self.0.raft.read_index()).await.unwrap_or_else(|_| late()),
            Route::Remote(address) => {
                timeout_at(deadline, self.0.reads.index(address)).await.unwrap_or_else(|_| late())
            }
            Route::Nowhere => Err(ProposeError::NotLeader { leader: None }),
        }
    }
}

/// Within thirty seconds.
#[async_trait]
impl Propose for Cluster {
    async fn propose(&self, commands: Vec<Proposal>) -> Result<Vec<Outcome>, ProposeError> {
        self.propose_until(commands, Instant::now() + DEADLINE_DEFAULT).await
    }
}

/// How long one try of a call to the leader may take before another node is asked who leads.
const TRY: Duration = Duration::from_secs(10);
