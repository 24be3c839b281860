//! Streams that go on with the next node when one is lost.

use std::collections::VecDeque;

use gofer_wire::{api::v1 as api, log::v1 as log, model::v1 as model};
use tonic::transport::Channel;
use tonic::{Response, Status, Streaming};

use crate::client::Client;
use crate::error::Error;
use crate::logs::Shown;
use crate::losses::Losses;
use crate::nodes::{Call, Next, Nodes, events, runs};

/// Why a node is lost that ended a stream which was to go on.
const ENDED: &str = "it ended the stream";

/// Where messages come from.
#[derive(Debug)]
pub(crate) struct Source<M> {
    nodes: Nodes,
    losses: Losses,
    stream: Option<Streaming<M>>,
}

impl<M> Source<M> {
    pub(crate) fn new(nodes: Nodes) -> Self {
        Self { nodes, losses: Losses::new(), stream: None }
    }

    /// The next message, from a stream that is opened if there is none. Lost: the next call asks another node.
    async fn next<F: Future<Output = Result<Response<Streaming<M>>, Status>>>(
        &mut self,
        open: impl Fn(Channel) -> F,
    ) -> Result<Next<M>, Error> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => none.insert(self.nodes.call(Call::Read, |channel, _| open(channel)).await?),
        };
        let next = Nodes::next(stream).await?;
        if let Next::Lost(why) = &next {
            self.lose(why).await?;
        }
        Ok(next)
    }

    async fn lose(&mut self, why: &str) -> Result<(), Error> {
        self.stream = None;
        self.losses.next_node(&mut self.nodes, why).await.map(drop)
    }
}

/// See [`Client::watch_run`].
#[derive(Debug)]
pub struct RunWatch {
    source: Source<api::WatchRunResponse>,
    message: api::WatchRunRequest,
    revision: u64,
    over: bool,
}

impl RunWatch {
    pub(crate) fn new(source: Source<api::WatchRunResponse>, message: api::WatchRunRequest) -> Self {
        Self { source, message, revision: 0, over: false }
    }

    /// Waits for the next state of the run; none after the one in which it has ended.
    ///
    /// # Errors
    /// `Rejected`, or `Unreachable` when no node could go on for the client's timeout.
    pub async fn next(&mut self) -> Result<Option<model::Run>, Error> {
        while !self.over {
            let message = self.message.clone();
            let open = |channel| {
                let message = message.clone();
                async move { runs(channel).watch_run(message).await }
            };
            match self.source.next(open).await? {
                // A node that lags behind the one lost may repeat what was seen.
                Next::Item(api::WatchRunResponse { run: Some(run), .. }) if run.revision > self.revision => {
                    self.source.losses.fresh();
                    self.revision = run.revision;
                    self.over = run.finished_at.is_some();
                    return Ok(Some(run));
                }
                Next::Item(_) | Next::Lost(_) => {}
                Next::End => self.source.lose(ENDED).await?,
            }
        }
        Ok(None)
    }
}

/// See [`Client::logs`].
#[derive(Debug)]
pub struct Logs {
    source: Source<api::StreamLogsResponse>,
    message: api::StreamLogsRequest,
    shown: Shown,
    over: bool,
}

impl Logs {
    pub(crate) fn new(source: Source<api::StreamLogsResponse>, message: api::StreamLogsRequest) -> Self {
        Self { source, message, shown: Shown::default(), over: false }
    }

    /// Waits for the next piece of output; none after the last one.
    ///
    /// # Errors
    /// `Rejected`, or `Unreachable` when no node could go on for the client's timeout.
    pub async fn next(&mut self) -> Result<Option<api::StreamLogsResponse>, Error> {
        while !self.over {
            let message = self.message.clone();
            let open = |channel| {
                let message = message.clone();
                async move { runs(channel).stream_logs(message).await }
            };
            match self.source.next(open).await? {
                Next::Item(mut record) => {
                    let of = (record.task.clone(), record.attempt, record.stream);
                    let fresh = self.shown.fresh(&of, &record.data).len();
                    if fresh > 0 {
                        self.source.losses.fresh();
                        record.data.drain(..record.data.len() - fresh);
                        return Ok(Some(record));
                    }
                }
                Next::End => self.over = true,
                Next::Lost(_) => self.shown.reopen(),
            }
        }
        Ok(None)
    }
}

/// See [`Client::watch_events`].
#[derive(Debug)]
pub struct Events {
    source: Source<api::WatchResponse>,
    client: Client,
    message: api::WatchRequest,
    ready: VecDeque<log::EventEnvelope>,
    /// All up to here is ready, or was returned.
    through: u64,
    over: bool,
}

impl Events {
    pub(crate) fn new(source: Source<api::WatchResponse>, client: Client, message: api::WatchRequest) -> Self {
        Self { source, client, message, ready: VecDeque::new(), through: 0, over: false }
    }

    /// Where a later watch goes on after the events that were returned: its `from_revision`. It is 0 until a watch from
    /// now on has learned where that is.
    #[must_use]
    pub fn next_revision(&self) -> u64 {
        self.message.from_revision
    }

    /// Waits for the next event; none at the end, if it was asked to stop there.
    ///
    /// # Errors
    /// `Rejected`, or `Unreachable` when no node could go on for the client's timeout.
    pub async fn next(&mut self) -> Result<Option<log::EventEnvelope>, Error> {
        // Pinned before the watch begins, so that one that is lost at once still knows where it was to start.
        if self.message.from_revision == 0 {
            self.message.from_revision = self.client.revision().await? + 1;
        }
        loop {
            while let Some(event) = self.ready.pop_front() {
                if event.revision >= self.message.from_revision {
                    self.message.from_revision = event.revision + 1;
                    return Ok(Some(event));
                }
            }
            if self.over {
                return Ok(None);
            }
            self.message.from_revision = self.message.from_revision.max(self.through.saturating_add(1));
            let message = self.message.clone();
            let open = |channel| {
                let message = message.clone();
                async move { events(channel).watch(message).await }
            };
            match self.source.next(open).await? {
                Next::Item(response) => {
                    if response.revision >= self.message.from_revision {
                        self.source.losses.fresh();
                    }
                    (self.ready, self.through) = (response.events.into(), response.revision);
                }
                Next::End if self.message.stop_at_end => self.over = true,
                Next::End => self.source.lose(ENDED).await?,
                Next::Lost(_) => {}
            }
        }
    }
}
