//! What a command reads: a directory, or a running cluster.
//!
//! The events of a cluster are streamed from whichever node answers, checked and folded here like those of a directory,
//! and never held as a whole. The nodes do no more than for a watch.

use std::ops::{ControlFlow, RangeInclusive};
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use gofer_audit::{Envelope, Error, EventSource, Extent, Hash, Visit};
use gofer_cli::{ClientArgs, CopyError, EventSink, LogEnd, copy_events, log_end};
use gofer_domain::ClusterId;
use tokio::runtime::Runtime;

use super::Failure;

/// A batch is closed when its events have this many bytes.
const BATCH_BYTES: usize = 256 << 10;
/// Batches read ahead.
const AHEAD: usize = 4;

/// Opens a directory, else turns to the cluster that the client's arguments name.
pub(super) fn open<'a>(client: &'a ClientArgs, path: Option<&Path>) -> Result<Box<dyn EventSource + 'a>, Failure> {
    Ok(match path {
        Some(path) => gofer_audit::open(path)?,
        None => Box::new(LiveCluster::open(client)?),
    })
}

/// The log of a running cluster, up to the revision that was its newest when it was opened.
struct LiveCluster<'a> {
    client: &'a ClientArgs,
    extent: Extent,
}

impl<'a> LiveCluster<'a> {
    fn open(client: &'a ClientArgs) -> Result<Self, Failure> {
        let end = runtime()?.block_on(log_end(client)).map_err(Failure::Client)?;
        let LogEnd { cluster_id, revision } = end;
        let cluster = u128::from_str_radix(&cluster_id, 16).ok().map(|id| ClusterId(id.to_be_bytes()));
        if cluster.is_none() {
            return Err(Failure::Usage("the node belongs to no cluster yet".to_owned()));
        }
        let extent = Extent { cluster, first: 1, last: revision, previous: None, head: Hash::GENESIS };
        let mut live = Self { client, extent };
        if revision > 0 {
            let newest = live.event(revision)?.unwrap_or_default();
            let unreadable =
                |why| Error::Refused(format!("what a node sent as revision {revision} is no event: {why}"));
            live.extent.head = Envelope::parse(&newest).map_err(unreadable)?.hash;
        }
        Ok(live)
    }
}

fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::Output)
}

impl EventSource for LiveCluster<'_> {
    fn extent(&self) -> Extent {
        self.extent
    }

    fn name(&self) -> String {
        format!("the cluster at {}", self.client.address.join(","))
    }

    fn authority(&self) -> &'static str {
        "the node that answered"
    }

    fn parts(&self) -> Result<Vec<RangeInclusive<u64>>, Error> {
        Ok(vec![self.extent.first..=self.extent.last])
    }

    fn scan(&self, from: u64, to: u64, visit: &mut Visit<'_>) -> Result<(), Error> {
        let (sender, receiver) = sync_channel(AHEAD);
        thread::scope(|scope| {
            // A thread of its own, as what is shown an event may scan again, and one runtime can't run in another.
            let reader = scope.spawn(move || stream(self.client, from, to, sender));
            let mut at = from;
            'shown: for batch in &receiver {
                for event in batch {
                    if visit(at, &event).is_break() {
                        break 'shown;
                    }
                    at += 1;
                }
            }
            // Who sends to nobody ends.
            drop(receiver);
            // A defect there, as the thread does nothing that panics.
            reader.join().unwrap_or_else(|_| Err(Error::Refused("the reader has failed".to_owned())))
        })
    }
}

fn stream(client: &ClientArgs, from: u64, to: u64, sender: SyncSender<Vec<Vec<u8>>>) -> Result<(), Error> {
    if from > to {
        return Ok(());
    }
    let runtime = runtime().map_err(|failure| Error::Source(failure.into()))?;
    let mut range = Range { next: from, to, batch: Vec::new(), bytes: 0, sender };
    match runtime.block_on(copy_events(client, &mut range)) {
        Ok(()) => {
            // The last batch; whoever has enough has said so already.
            let _ = range.flush();
            Ok(())
        }
        Err(CopyError::Client(error)) => Err(Error::Source(error.into())),
        Err(CopyError::Sink(never)) => match never {},
    }
}

/// Hands a range of events on in batches.
struct Range {
    next: u64,
    to: u64,
    batch: Vec<Vec<u8>>,
    bytes: usize,
    sender: SyncSender<Vec<Vec<u8>>>,
}

impl Range {
    /// Breaks when nobody wants more.
    fn flush(&mut self) -> ControlFlow<()> {
        self.bytes = 0;
        match self.sender.send(std::mem::take(&mut self.batch)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}

impl EventSink for Range {
    type Error = std::convert::Infallible;

    fn begin(&mut self, _: &str) -> Result<u64, Self::Error> {
        Ok(self.next)
    }

    fn take(&mut self, event: &[u8]) -> Result<bool, Self::Error> {
        self.batch.push(event.to_vec());
        self.bytes += event.len();
        self.next += 1;
        if self.bytes >= BATCH_BYTES && self.flush().is_break() {
            return Ok(false);
        }
        Ok(self.next <= self.to)
    }
}
