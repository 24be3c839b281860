//! Proposals on their way to the leader: many callers, few calls.
//!
//! Like the leader's own proposer: one task drains a bounded queue and makes one call of all that goes to the same
//! node. While as many calls are on their way as may be, what comes gathers for the next, so the batches grow with the load.

use std::sync::Arc;

use gofer_consensus::{Encoded, ProposeError, Raft};
use gofer_store::{Outcome, codec};
use gofer_wire::peer::v1 as wire;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::TRY;
use super::route::moved;
use crate::errors;
use crate::peers::{Lane, Peers};

/// Most calls that wait to be sent.
const QUEUE: usize = 8_192;
/// Most commands of one call, unless a single caller has more: what fits into one log entry.
const COMMANDS: usize = 512;
/// Most bytes of one call, unless a single caller has more.
const BYTES: usize = 1024 * 1024;
/// Calls on their way.
const IN_FLIGHT: usize = 2;

type Reply = oneshot::Sender<Result<Vec<Outcome>, ProposeError>>;

struct Call {
    address: String,
    commands: Vec<Encoded>,
    bytes: usize,
    reply: Reply,
}

/// The way to the forwarding task. Dropping the last one ends the task.
#[derive(Clone)]
pub(crate) struct Forwarder {
    queue: mpsc::Sender<Call>,
}

impl Forwarder {
    pub(crate) fn spawn(raft: Raft, peers: Peers) -> Self {
        let (queue, calls) = mpsc::channel(QUEUE);
        let sender = Sender { raft, peers };
        tokio::spawn(Task { calls, held: None, sender, in_flight: Arc::new(Semaphore::new(IN_FLIGHT)) }.run());
        Self { queue }
    }

    /// Has the node at `address` commit commands, if it leads. One try.
    pub(crate) async fn propose(&self, address: String, commands: Vec<Encoded>) -> Result<Vec<Outcome>, ProposeError> {
        let bytes = commands.iter().map(|command| command.bytes().len()).sum();
        let (reply, answer) = oneshot::channel();
        let call = Call { address, commands, bytes, reply };
        self.queue.try_send(call).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => ProposeError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => ProposeError::Fatal("it was shut down".into()),
        })?;
        answer.await.unwrap_or_else(|_| Err(ProposeError::Unknown("the forwarding of the call was broken off".into())))
    }
}

struct Task {
    calls: mpsc::Receiver<Call>,
    /// A call that did not fit into the batch before.
    held: Option<Call>,
    sender: Sender,
    in_flight: Arc<Semaphore>,
}

impl Task {
    async fn run(mut self) {
        while let Some(first) = self.next().await {
            let Ok(permit) = self.in_flight.clone().acquire_owned().await else { return };
            let batch = self.gather(first);
            if !batch.is_empty() {
                tokio::spawn(self.sender.clone().send(batch, permit));
            }
        }
    }

    async fn next(&mut self) -> Option<Call> {
        match self.held.take() {
            Some(call) => Some(call),
            None => self.calls.recv().await,
        }
    }

    /// Takes what goes to the same node and fits. Calls whose callers have gone are left out.
    fn gather(&mut self, first: Call) -> Vec<Call> {
        let (mut commands, mut bytes) = (0, 0);
        let mut batch: Vec<Call> = Vec::new();
        let mut next = Some(first);
        while let Some(call) = next {
            if !call.reply.is_closed() {
                let fits = commands + call.commands.len() <= COMMANDS && bytes + call.bytes <= BYTES;
                if batch.first().is_some_and(|first| !fits || first.address != call.address) {
                    self.held = Some(call);
                    return batch;
                }
                commands += call.commands.len();
                bytes += call.bytes;
                batch.push(call);
            }
            next = self.calls.try_recv().ok();
        }
        batch
    }
}

#[derive(Clone)]
struct Sender {
    raft: Raft,
    peers: Peers,
}

impl Sender {
    async fn send(self, batch: Vec<Call>, permit: OwnedSemaphorePermit) {
        let Some(address) = batch.first().map(|call| call.address.clone()) else { return };
        let sizes: Vec<usize> = batch.iter().map(|call| call.commands.len()).collect();
        let (mut commands, mut callers) = (Vec::with_capacity(sizes.iter().sum()), Vec::with_capacity(batch.len()));
        for call in batch {
            commands.extend(call.commands);
            callers.push(call.reply);
        }
        let single = callers.len() == 1;
        // One caller's mistake must not fail the others: then each goes by itself.
        let kept = if single { Vec::new() } else { commands.clone() };
        let answer = self.ask(&address, commands).await;
        match answer {
            Ok(outcomes) => hand_out(outcomes, &sizes, callers),
            Err(ProposeError::TooLarge(_)) if !single => {
                let mut rest = kept.into_iter();
                for (size, reply) in sizes.into_iter().zip(callers) {
                    let commands = rest.by_ref().take(size).collect();
                    drop(reply.send(self.ask(&address, commands).await));
                }
            }
            Err(error) => callers.into_iter().for_each(|reply| drop(reply.send(Err(error.clone())))),
        }
        drop(permit);
    }

    async fn ask(&self, address: &str, commands: Vec<Encoded>) -> Result<Vec<Outcome>, ProposeError> {
        let count = commands.len();
        let commands = commands.iter().map(|command| command.bytes().clone()).collect();
        let request = wire::ProposeRequest { commands };
        let asking = self
            .peers
            .call(Lane::Calls, address, request, TRY, async |mut client, request| client.propose(request).await);
        let answer = tokio::select! {
            answer = asking => answer.map_err(|status| errors::propose_error(&status))?,
            () = moved(&self.raft, address) => {
                return Err(ProposeError::Unknown("the leadership moved while the answer was waited for".into()));
            }
        };
        let outcomes: Result<Vec<Outcome>, _> = answer.outcomes.iter().map(codec::outcome_from_wire).collect();
        match outcomes {
            Ok(outcomes) if outcomes.len() == count => Ok(outcomes),
            Ok(outcomes) => {
                Err(ProposeError::Unknown(format!("the leader answered {} of {count} commands", outcomes.len())))
            }
            Err(error) => Err(ProposeError::Unknown(format!("the leader's answer can't be read: {error}"))),
        }
    }
}

fn hand_out(outcomes: Vec<Outcome>, sizes: &[usize], callers: Vec<Reply>) {
    let mut rest = outcomes.into_iter();
    for (size, reply) in sizes.iter().zip(callers) {
        drop(reply.send(Ok(rest.by_ref().take(*size).collect())));
    }
}
