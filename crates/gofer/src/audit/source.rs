//! What a command reads: a directory, or a running cluster.
//!
//! The events of a cluster are streamed from whichever node answers, checked and folded here like those of a directory,
//! and never held as a whole. The nodes do no more than for a watch.

use std::ops::{ControlFlow, RangeInclusive};
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use gofer_audit::{ArchiveUrl, Envelope, Error, EventSource, Export, Extent, Hash, Joined, Visit};
use gofer_cli::{ClientArgs, CopyError, EventSink, LogEnd, copy_events, log_end};
use gofer_domain::ClusterId;
use tokio::runtime::Runtime;

use super::Failure;

/// A batch is closed when its events have this many bytes.
const BATCH_BYTES: usize = 256 << 10;
/// Batches read ahead.
const AHEAD: usize = 4;

/// The archive of a cluster.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct ArchiveArgs {
    /// Archive of the cluster, for the events that its nodes have dropped: file:///DIRECTORY
    #[arg(long, value_name = "URL")]
    archive: Option<ArchiveUrl>,
}

impl ArchiveArgs {
    /// Whether one is named.
    pub(crate) fn is_some(&self) -> bool {
        self.archive.is_some()
    }

    /// The archive, if one is named.
    ///
    /// # Errors
    /// When it can't be opened.
    pub(crate) fn open(&self) -> Result<Option<Export>, Error> {
        self.archive.as_ref().map(|url| Export::open(url.path())).transpose()
    }
}

/// Opens a directory, else turns to the cluster that the client's arguments name; with the events before it from the
/// archive, if there is one.
pub(super) fn open<'a>(
    client: &'a ClientArgs,
    path: Option<&Path>,
    archive: &ArchiveArgs,
) -> Result<Box<dyn EventSource + 'a>, Failure> {
    let Some(path) = path else {
        let archive = archive.open()?;
        let live = LiveCluster::open(client, archive.as_ref().map(EventSource::extent))?;
        return Ok(join(Box::new(live), archive)?);
    };
    Ok(open_directory(path, archive)?)
}

/// Opens a directory, with the events before it from the archive, if there is one.
///
/// # Errors
/// As [`gofer_audit::open`] and [`Joined::new`].
pub(crate) fn open_directory(path: &Path, archive: &ArchiveArgs) -> Result<Box<dyn EventSource>, Error> {
    join(gofer_audit::open(path)?, archive.open()?)
}

fn join<'a>(rest: Box<dyn EventSource + 'a>, archive: Option<Export>) -> Result<Box<dyn EventSource + 'a>, Error> {
    match archive {
        Some(archive) => Ok(Box::new(Joined::new(archive, rest)?)),
        None => Ok(rest),
    }
}

/// The log of a running cluster, up to the revision that was its newest when it was opened.
struct LiveCluster<'a> {
    client: &'a ClientArgs,
    extent: Extent,
}

impl<'a> LiveCluster<'a> {
    /// Asks for the end of its log. What is in the archive is not asked for.
    fn open(client: &'a ClientArgs, archive: Option<Extent>) -> Result<Self, Failure> {
        let end = runtime()?.block_on(log_end(client)).map_err(Failure::Client)?;
        let LogEnd { cluster_id, revision } = end;
        let cluster = u128::from_str_radix(&cluster_id, 16).ok().map(|id| ClusterId(id.to_be_bytes()));
        if cluster.is_none() {
            return Err(Failure::Usage("the node belongs to no cluster yet".to_owned()));
        }
        // A node may be asked that is behind the archive.
        let archived = archive.map(|archive| (archive.last, archive.head)).filter(|(last, _)| *last <= revision);
        let (first, previous) = archived.map_or((1, None), |(last, head)| (last + 1, Some(head)));
        let extent = Extent { cluster, first, last: revision, previous, head: Hash::GENESIS };
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
