//! Read indexes: one round to a majority serves all who asked before it began.

use std::time::Duration;

use openraft::ReadPolicy;
use openraft::errors::{LinearizableReadError, RaftError};
use tokio::sync::{mpsc, oneshot};

use crate::error::ProposeError;
use crate::proposer::leader_of;
use crate::types::{Core, ordinal};

type Reply = oneshot::Sender<Result<u64, ProposeError>>;

/// Most callers that wait for a round.
const WAITING_MAX: usize = 65_536;

/// The way to the task that asks for read indexes. Dropping the last one ends the task.
#[derive(Clone)]
pub(crate) struct Reads {
    queue: mpsc::Sender<Reply>,
}

impl Reads {
    pub(crate) fn spawn(raft: Core, timeout: Duration) -> Self {
        let (queue, mut waiting) = mpsc::channel::<Reply>(WAITING_MAX);
        tokio::spawn(async move {
            let mut replies = Vec::new();
            while waiting.recv_many(&mut replies, WAITING_MAX).await > 0 {
                let result = round(&raft, timeout).await;
                for reply in replies.drain(..) {
                    drop(reply.send(result.clone()));
                }
            }
        });
        Self { queue }
    }

    pub(crate) async fn index(&self) -> Result<u64, ProposeError> {
        let (reply, answer) = oneshot::channel();
        self.queue.try_send(reply).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => ProposeError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => ProposeError::Fatal("it was shut down".into()),
        })?;
        answer.await.unwrap_or_else(|_| Err(ProposeError::Fatal("it was shut down".into())))
    }
}

async fn round(raft: &Core, timeout: Duration) -> Result<u64, ProposeError> {
    #[cfg(feature = "planted")]
    if gofer_store::planted::is(gofer_store::planted::Bug::StaleRead) {
        use openraft::async_runtime::watch::WatchReceiver;
        return Ok(ordinal(raft.metrics().borrow_watched().local_committed.as_ref()));
    }
    let asked = tokio::time::timeout(timeout, raft.get_read_log_id(ReadPolicy::ReadIndex)).await;
    match asked {
        Ok(Ok((read, _))) => Ok(ordinal(Some(read.log_id()))),
        Ok(Err(RaftError::APIError(LinearizableReadError::ForwardToLeader(forward)))) => {
            Err(ProposeError::NotLeader { leader: leader_of(forward) })
        }
        Ok(Err(RaftError::APIError(LinearizableReadError::QuorumNotEnough(error)))) => {
            Err(ProposeError::Timeout(format!("a majority did not confirm this leader ({error})")))
        }
        Ok(Err(RaftError::Fatal(error))) => Err(ProposeError::Fatal(error.to_string())),
        Err(_) => Err(ProposeError::Timeout(format!("a majority did not confirm this leader within {timeout:?}"))),
    }
}
