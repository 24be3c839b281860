//! Reports to the log: proposed until there is an answer.

use std::time::Duration;

use gofer_consensus::{Proposal, Propose, ProposeError};
use gofer_domain::{Actor, Command, NodeId, RequestId};
use gofer_store::Outcome;
use sha2::{Digest as _, Sha256};
use tokio::time::sleep;
use tracing::{debug, warn};

use crate::context::Backoff;

/// Pause after the cluster refused: somebody has to act first.
pub(crate) const REFUSED_PAUSE: Duration = Duration::from_secs(5);

/// Proposes until the cluster answers, for ever. A stopped consensus never answers: the process is about to end.
pub(crate) async fn report(propose: &dyn Propose, proposals: Vec<Proposal>) -> Vec<Outcome> {
    let mut backoff = Backoff::new(Duration::from_millis(20), Duration::from_secs(1));
    loop {
        match propose.propose(proposals.clone()).await {
            Ok(outcomes) => return outcomes,
            Err(error @ (ProposeError::TooLarge(_) | ProposeError::Fatal(_))) => {
                warn!(%error, "a report was not taken")
            }
            Err(error @ ProposeError::Precondition(_)) => {
                warn!(%error, "a report was refused, and is repeated");
                sleep(REFUSED_PAUSE).await;
            }
            Err(error) => debug!(%error, "a report is repeated"),
        }
        backoff.pause().await;
    }
}

/// A node's report on an attempt. The same report has the same id, whichever process of the node makes it.
pub(crate) fn on_attempt(node: NodeId, command: Command) -> Proposal {
    let subject = match &command {
        Command::ReportLaunching { attempt, .. } => format!("launching {attempt}"),
        Command::ReportStarted { attempt, .. } => format!("started {attempt}"),
        Command::ReportFinished { attempt, .. } => format!("finished {attempt}"),
        other => format!("{other:?}"),
    };
    let digest = Sha256::digest(format!("gofer executor/{node}/{subject}"));
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    Proposal { request_id: RequestId(id), actor: actor(node), command }
}

/// Who reports.
pub(crate) fn actor(node: NodeId) -> Actor {
    Actor(format!("node:{node}"))
}
