//! Decisions of the leader on their way into the log.

use std::time::Duration;

use gofer_consensus::{Proposal, Propose, ProposeError, Raft};
use gofer_domain::{Actor, Command, Revision};
use gofer_store::{Outcome, Store};
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use crate::request_id;
use crate::scheduler::Error;

/// Pause after something that may pass was refused.
const PAUSE: Duration = Duration::from_millis(50);
/// Pause after the cluster refused all: the same would be refused at once again.
const REFUSED_PAUSE: Duration = Duration::from_millis(200);
/// Longest wait for a decision that is in the log to be applied here.
const PATIENCE: Duration = Duration::from_secs(5);

/// Proposes for one loop of the leader.
pub(crate) struct Decisions<'a> {
    store: &'a Store,
    raft: &'a Raft,
    propose: &'a dyn Propose,
    /// How many decisions were refused so far.
    refusals: u64,
}

impl<'a> Decisions<'a> {
    pub(crate) fn new(store: &'a Store, raft: &'a Raft, propose: &'a dyn Propose) -> Self {
        Self { store, raft, propose, refusals: 0 }
    }

    /// Proposes what was decided from the state at `revision`, and waits until it is applied here. Returns whether the
    /// cluster has taken all of it.
    pub(crate) async fn take(&mut self, revision: Revision, commands: Vec<Command>) -> Result<bool, Error> {
        let proposals = self.proposals(revision, commands);
        self.submit(self.propose, proposals).await
    }

    /// The same through this node's own consensus only: nothing is handed on to another leader.
    pub(crate) async fn take_here(&mut self, revision: Revision, commands: Vec<Command>) -> Result<bool, Error> {
        let proposals = self.proposals(revision, commands);
        self.submit(&Own(self.raft), proposals).await
    }

    fn proposals(&self, revision: Revision, commands: Vec<Command>) -> Vec<Proposal> {
        let actor = Actor(format!("leader:{}", self.store.identity().node_id));
        let proposal = |command| Proposal {
            request_id: request_id::of(&command, revision, self.refusals),
            actor: actor.clone(),
            command,
        };
        commands.into_iter().map(proposal).collect()
    }

    /// Proposes until there is an answer.
    async fn submit<P: Submit + ?Sized>(&mut self, to: &P, proposals: Vec<Proposal>) -> Result<bool, Error> {
        let outcomes = loop {
            match to.submit(proposals.clone()).await {
                Ok(outcomes) => break outcomes,
                Err(ProposeError::Fatal(why)) => return Err(Error::Fatal(why)),
                Err(
                    error
                    @ (ProposeError::NotLeader { .. } | ProposeError::TooLarge(_) | ProposeError::Precondition(_)),
                ) => {
                    debug!(%error, "decisions were not taken");
                    sleep(PAUSE).await;
                    return Ok(false);
                }
                Err(error) => {
                    debug!(%error, "decisions are proposed again");
                    sleep(PAUSE).await;
                }
            }
        };
        let mut newest = None;
        let mut all = outcomes.len() == proposals.len();
        for (outcome, proposal) in outcomes.iter().zip(&proposals) {
            match outcome {
                Outcome::Accepted { revision, .. } => newest = newest.max(Some(*revision)),
                Outcome::Rejected(rejection) => {
                    all = false;
                    self.refusals += 1;
                    debug!(%rejection, command = ?proposal.command, "a decision was refused");
                }
            }
        }
        match newest {
            Some(revision) => self.wait_applied(revision).await?,
            None => sleep(REFUSED_PAUSE).await,
        }
        Ok(all)
    }

    async fn wait_applied(&self, revision: Revision) -> Result<(), Error> {
        let mut progress = self.store.progress();
        let applied = progress.wait_for(|progress| progress.revision >= revision);
        match timeout(PATIENCE, applied).await {
            Ok(Err(_)) => Err(Error::Fatal("the store is closed".into())),
            Ok(Ok(_)) => Ok(()),
            Err(_) => {
                warn!(%revision, "a decision is not applied here yet");
                Ok(())
            }
        }
    }
}

/// Where decisions go: the leader wherever it is, or this node alone.
trait Submit: Sync {
    fn submit(&self, proposals: Vec<Proposal>) -> impl Future<Output = Result<Vec<Outcome>, ProposeError>> + Send;
}

impl Submit for dyn Propose + '_ {
    async fn submit(&self, proposals: Vec<Proposal>) -> Result<Vec<Outcome>, ProposeError> {
        self.propose(proposals).await
    }
}

struct Own<'a>(&'a Raft);

impl Submit for Own<'_> {
    async fn submit(&self, proposals: Vec<Proposal>) -> Result<Vec<Outcome>, ProposeError> {
        self.0.propose(proposals).await
    }
}
