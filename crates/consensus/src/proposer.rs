//! Proposals on the leader: many callers, few log entries.
//!
//! Callers put their commands into one bounded queue. One task drains it, stamps the time and makes one log entry of
//! all it found, then goes on while that entry is replicated; what comes meanwhile gathers for the next (see
//! [`batches`](crate::batches)). So the batches grow with the load by themselves.

use std::sync::Arc;

use async_trait::async_trait;
use gofer_domain::{Actor, Command, RequestId, Timestamp};
use gofer_store::{Outcome, Store};
use openraft::errors::{ClientWriteError, ForwardToLeader};
use openraft::impls::ProgressResponder;
use tokio::sync::{mpsc, oneshot};

use crate::batches::{BatchLimits, Batched, Batches, Turn};
use crate::commands::{self, Encoded};
use crate::config::Config;
use crate::error::ProposeError;
use crate::fatal::Fatal;
use crate::host::Host;
use crate::types::{Core, TypeConfig};

/// A command to be decided. The leader adds the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Idempotency key: a retry of the same id gets the first answer back.
    pub request_id: RequestId,
    pub actor: Actor,
    pub command: Command,
}

/// Gets commands to the leader, wherever it is.
#[async_trait]
pub trait Propose: Send + Sync {
    /// Commits the commands in order and returns their outcomes in the same order. Commands of one call may be
    /// spread over several log entries.
    ///
    /// # Errors
    /// See [`ProposeError`]; only `Unknown` and `Fatal` leave open whether commands were committed.
    async fn propose(&self, commands: Vec<Proposal>) -> Result<Vec<Outcome>, ProposeError>;
}

/// Commands of one caller that go into the same entry.
struct Call {
    commands: Vec<Encoded>,
    bytes: usize,
    reply: oneshot::Sender<Result<Vec<Outcome>, ProposeError>>,
}

impl Batched for Call {
    fn commands(&self) -> usize {
        self.commands.len()
    }

    fn bytes(&self) -> usize {
        self.bytes
    }

    fn goes_with(&self, _: &Self) -> bool {
        true
    }

    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }
}

/// The way to the proposer's task. Dropping the last one ends the task.
#[derive(Clone)]
pub(crate) struct Proposer {
    queue: mpsc::Sender<Call>,
    config: Arc<Config>,
    fatal: Fatal,
}

impl Proposer {
    pub(crate) fn spawn(raft: Core, store: Store, config: Arc<Config>, fatal: Fatal, host: Host) -> Self {
        let (queue, calls) = mpsc::channel(config.queue);
        let limits = BatchLimits {
            commands: config.batch_commands,
            bytes: config.batch_bytes,
            on_the_way: config.batches_in_flight,
        };
        let batches = Batches::new(calls, limits);
        tokio::spawn(Task { batches, last: Timestamp::default(), raft, store, host }.run());
        Self { queue, config, fatal }
    }

    /// Commits the commands; those that don't fit into one entry go one entry after the other.
    pub(crate) async fn propose(&self, commands: Vec<Encoded>) -> Result<Vec<Outcome>, ProposeError> {
        let total = commands.len();
        if total > self.config.commands_per_call {
            let most = self.config.commands_per_call;
            return Err(ProposeError::TooLarge(format!("it has {total} commands, the limit is {most} in one call")));
        }
        let mut outcomes = Vec::with_capacity(total);
        for (commands, bytes) in self.split(commands)? {
            match self.propose_chunk(commands, bytes).await {
                Ok(some) => outcomes.extend(some),
                Err(error) if outcomes.is_empty() || matches!(error, ProposeError::Fatal(_)) => return Err(error),
                Err(error) => {
                    let done = outcomes.len();
                    return Err(ProposeError::Unknown(format!(
                        "the first {done} of {total} commands were committed, then: {error}"
                    )));
                }
            }
        }
        Ok(outcomes)
    }

    fn split(&self, all: Vec<Encoded>) -> Result<Vec<(Vec<Encoded>, usize)>, ProposeError> {
        let mut chunks: Vec<(Vec<Encoded>, usize)> = Vec::new();
        for command in all {
            let most = self.config.command_bytes;
            let size = command.size();
            if size > most {
                return Err(ProposeError::TooLarge(format!("a command has {size} bytes, the limit is {most}")));
            }
            match chunks.last_mut() {
                Some((commands, bytes))
                    if commands.len() < self.config.batch_commands && *bytes + size <= self.config.batch_bytes =>
                {
                    *bytes += size;
                    commands.push(command);
                }
                _ => chunks.push((vec![command], size)),
            }
        }
        Ok(chunks)
    }

    async fn propose_chunk(&self, commands: Vec<Encoded>, bytes: usize) -> Result<Vec<Outcome>, ProposeError> {
        let (reply, answer) = oneshot::channel();
        self.queue.try_send(Call { commands, bytes, reply }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => ProposeError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => self.stopped(),
        })?;
        answer.await.unwrap_or_else(|_| Err(self.stopped()))
    }

    fn stopped(&self) -> ProposeError {
        ProposeError::Fatal(self.fatal.reason().unwrap_or_else(|| "it was shut down".into()))
    }
}

struct Task {
    batches: Batches<Call>,
    /// Newest time stamped.
    last: Timestamp,
    raft: Core,
    store: Store,
    host: Host,
}

impl Task {
    async fn run(mut self) {
        while let Some((batch, turn)) = self.batches.next().await {
            self.send(batch, turn).await;
        }
    }

    /// Milliseconds since the epoch, never going back, not even past what an earlier leader stamped.
    fn stamp(&mut self) -> Timestamp {
        let now = Timestamp(self.host.unix_ms());
        self.last = now.max(self.last).max(self.store.read(|state| state.time));
        self.last
    }

    async fn send(&mut self, batch: Vec<Call>, turn: Turn) {
        let time = self.stamp();
        let mut commands = Vec::new();
        let mut replies = Vec::with_capacity(batch.len());
        for call in batch {
            replies.push((call.commands.len(), call.reply));
            commands.extend(call.commands);
        }
        let payload = commands::batch(commands, time);
        let (responder, written) = ProgressResponder::<TypeConfig, _>::complete_only();
        if let Err(error) = self.raft.client_write_ff(payload, Some(responder)).await {
            answer(replies, &Err(ProposeError::Fatal(error.to_string())));
            return;
        }
        tokio::spawn(async move {
            let result = match written.await {
                Ok(Ok(response)) => Ok(response.data.outcomes),
                Ok(Err(error)) => Err(refused(error)),
                Err(_) => Err(ProposeError::Unknown("consensus stopped meanwhile".into())),
            };
            answer(replies, &result);
            drop(turn);
        });
    }
}

type Reply = oneshot::Sender<Result<Vec<Outcome>, ProposeError>>;

/// Hands each caller its part of the outcomes. Callers that are gone don't matter.
fn answer(replies: Vec<(usize, Reply)>, result: &Result<Vec<Outcome>, ProposeError>) {
    let mut from = 0;
    for (count, reply) in replies {
        let part = match result {
            Ok(outcomes) => match outcomes.get(from..from + count) {
                Some(part) => Ok(part.to_vec()),
                None => Err(ProposeError::Unknown("the store answered fewer commands than it was given".into())),
            },
            Err(error) => Err(error.clone()),
        };
        from += count;
        drop(reply.send(part));
    }
}

pub(crate) fn leader_of(forward: ForwardToLeader<TypeConfig>) -> Option<(gofer_domain::NodeId, String)> {
    Some((gofer_domain::NodeId(forward.leader_id?), forward.leader_node?.addr))
}

fn refused(error: ClientWriteError<TypeConfig>) -> ProposeError {
    match error {
        ClientWriteError::ForwardToLeader(forward) => ProposeError::NotLeader { leader: leader_of(forward) },
        other => ProposeError::Unknown(other.to_string()),
    }
}
