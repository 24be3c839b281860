//! Read indexes from a leader elsewhere: one call serves all who asked before it began.

use std::collections::HashMap;

use gofer_consensus::{ProposeError, Raft};
use gofer_wire::peer::v1 as wire;
use tokio::sync::{mpsc, oneshot};

use super::route::moved;
use crate::errors;
use crate::peers::{Lane, Peers};

/// Most readers that wait.
const QUEUE: usize = 65_536;
/// How long one try may take.
const TRY: std::time::Duration = std::time::Duration::from_secs(3);

type Reply = oneshot::Sender<Result<u64, ProposeError>>;

/// The way to the asking task. Dropping the last one ends the task.
#[derive(Clone)]
pub(crate) struct Reads {
    queue: mpsc::Sender<(String, Reply)>,
}

impl Reads {
    pub(crate) fn spawn(raft: Raft, peers: Peers) -> Self {
        let (queue, mut waiting) = mpsc::channel::<(String, Reply)>(QUEUE);
        tokio::spawn(async move {
            let mut readers = Vec::new();
            while waiting.recv_many(&mut readers, QUEUE).await > 0 {
                let mut by_address: HashMap<String, Vec<Reply>> = HashMap::new();
                for (address, reply) in readers.drain(..) {
                    by_address.entry(address).or_default().push(reply);
                }
                for (address, replies) in by_address {
                    let index = ask(&raft, &peers, &address).await;
                    replies.into_iter().for_each(|reply| drop(reply.send(index.clone())));
                }
            }
        });
        Self { queue }
    }

    /// The read index of the node at `address`, if it leads. One try.
    pub(crate) async fn index(&self, address: String) -> Result<u64, ProposeError> {
        let (reply, answer) = oneshot::channel();
        self.queue.try_send((address, reply)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => ProposeError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => ProposeError::Fatal("it was shut down".into()),
        })?;
        answer.await.unwrap_or_else(|_| Err(ProposeError::Fatal("it was shut down".into())))
    }
}

async fn ask(raft: &Raft, peers: &Peers, address: &str) -> Result<u64, ProposeError> {
    let asking = peers.call(Lane::Calls, address, wire::ReadIndexRequest {}, TRY, async |mut client, request| {
        client.read_index(request).await
    });
    tokio::select! {
        answer = asking => answer.map(|answer| answer.index).map_err(|status| errors::propose_error(&status)),
        () = moved(raft, address) => Err(ProposeError::Timeout("the leadership moved while it was asked".into())),
    }
}
