//! Proposals on their way to the leader: many callers, few calls.
//!
//! Like the leader's own proposer: one task drains a bounded queue and makes one call of all that goes to the same
//! node. What comes while calls are on their way gathers for the next, so the batches grow with the load.

use gofer_consensus::{BatchLimits, Batched, Batches, Encoded, ProposeError, Raft, Turn};
use gofer_store::{Outcome, codec};
use gofer_wire::peer::v1 as wire;
use tokio::sync::{mpsc, oneshot};

use super::TRY;
use super::route::moved;
use crate::errors;
use crate::peers::{Lane, Peers};

/// Most calls that wait to be sent.
const QUEUE: usize = 8_192;
/// Bounds of one call: what fits into one log entry.
const LIMITS: BatchLimits = BatchLimits { commands: 512, bytes: 1024 * 1024, on_the_way: 2 };

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
        let mut batches = Batches::new(calls, LIMITS);
        tokio::spawn(async move {
            while let Some((batch, turn)) = batches.next().await {
                tokio::spawn(sender.clone().send(batch, turn));
            }
        });
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

impl Batched for Call {
    fn commands(&self) -> usize {
        self.commands.len()
    }

    fn bytes(&self) -> usize {
        self.bytes
    }

    fn goes_with(&self, other: &Self) -> bool {
        self.address == other.address
    }

    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }
}

#[derive(Clone)]
struct Sender {
    raft: Raft,
    peers: Peers,
}

impl Sender {
    async fn send(self, batch: Vec<Call>, turn: Turn) {
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
        drop(turn);
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
