//! Keeping this node registered.

use gofer_consensus::Proposal;
use gofer_domain::event::Answer;
use gofer_domain::{Command, NodeStatus, RequestId, Revision, State};
use gofer_store::Outcome;
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::{error, info, warn};
use uuid::Uuid;

use crate::context::Context;
use crate::report;

/// Registers this node at the start, and again whenever it is lost or gone, once nothing of its earlier incarnation
/// runs any more (`attempts` counts that). Publishes the incarnation when this node's state has it: by then all that
/// was decided before is in the state too.
pub(crate) async fn keep(
    context: &Context,
    incarnation: &watch::Sender<Option<u64>>,
    mut attempts: watch::Receiver<usize>,
) {
    let mut progress = context.parts.store.progress();
    // Before the cluster exists there is nobody to register with.
    while context.parts.store.read(|state| state.cluster.is_none()) {
        if progress.changed().await.is_err() {
            return;
        }
    }
    loop {
        if attempts.wait_for(|count| *count == 0).await.is_err() {
            return;
        }
        let (number, revision) = register(context).await;
        if progress.wait_for(|progress| progress.revision >= revision).await.is_err() {
            return;
        }
        info!(incarnation = number, "this node is registered");
        incarnation.send_replace(Some(number));
        while context.parts.store.read(|state| is_ready(context, state)) {
            if progress.changed().await.is_err() {
                return;
            }
        }
        warn!("the cluster took this node for lost, or removed it; all its attempts end before it registers again");
        incarnation.send_replace(None);
    }
}

fn is_ready(context: &Context, state: &State) -> bool {
    state.nodes.get(&context.node).is_some_and(|node| node.status == NodeStatus::Ready)
}

async fn register(context: &Context) -> (u64, Revision) {
    loop {
        let command = Command::RegisterNode { node: context.node, spec: Box::new(context.config.spec.clone()) };
        let request_id = RequestId(*Uuid::new_v4().as_bytes());
        let proposal = Proposal { request_id, actor: report::actor(context.node), command };
        let outcomes = report::report(&*context.parts.propose, vec![proposal]).await;
        match outcomes.into_iter().next() {
            Some(Outcome::Accepted { revision, answer: Answer::NodeIncarnation(number) }) => return (number, revision),
            Some(Outcome::Rejected(rejection)) => error!(%rejection, "this node can't be registered"),
            other => error!(?other, "the answer to the registration makes no sense"),
        }
        sleep(report::REFUSED_PAUSE).await;
    }
}
