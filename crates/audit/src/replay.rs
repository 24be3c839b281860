//! The state that a log adds up to, at any revision, and its comparison with what a node has stored.

use std::cmp::Ordering;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use gofer_domain::state::Namespace;
use gofer_domain::{Node, Pipeline, Revision, RunKey, State, Timestamp};
use gofer_store::{Options, PlacedEvent, ReadOnlyStore, Replayer, ViewKind, ViewScan, Views, codec, view_name};
use gofer_wire::model::v1 as model;
use prost::Message;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::chain::Chain;
use crate::envelope::Envelope;
use crate::error::Error;
use crate::fault::{Fault, FaultKind};
use crate::hash::Hash;
use crate::source::EventSource;
use crate::verify::Meter;

/// Most events that are folded in together.
const BATCH: usize = 4_000;
/// A batch is closed when its payloads have this many bytes.
const BATCH_BYTES: usize = 4 << 20;
/// Batches read ahead.
const AHEAD: usize = 2;
/// What the digest of a state begins with.
const DIGEST_MARK: &[u8] = b"gofer-state-1\n";

/// Full names of messages.
const NAMESPACE: &str = "gofer.model.v1.Namespace";
const PIPELINE: &str = "gofer.model.v1.Pipeline";
const NODE: &str = "gofer.model.v1.Node";
const RUN: &str = "gofer.model.v1.Run";

/// The full name of a message, and its encoding.
pub type Encoded = (&'static str, Vec<u8>);

/// A namespace as a message.
#[must_use]
pub fn encoded_namespace(namespace: &Namespace) -> Encoded {
    (NAMESPACE, codec::namespace_to_wire(namespace).encode_to_vec())
}

/// A pipeline with its newest version as a message.
#[must_use]
pub fn encoded_pipeline(pipeline: &Pipeline) -> Encoded {
    let config = Some(codec::config_to_wire(&pipeline.config));
    (PIPELINE, model::Pipeline { config, ..codec::pipeline_to_wire(pipeline) }.encode_to_vec())
}

/// A node as a message.
#[must_use]
pub fn encoded_node(node: &Node) -> Encoded {
    (NODE, codec::node_to_wire(node).encode_to_vec())
}

/// How far to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// To the end of the source.
    End,
    Revision(u64),
    /// To the last event that is not of a later time.
    Time(Timestamp),
}

/// A replay. Every event is checked on the way. The views lie in a temporary directory, which is removed at the end.
#[derive(Debug)]
pub struct Replay {
    replayer: Replayer,
    chain: Chain,
    /// Declared after what uses it.
    _dir: TempDir,
}

impl Replay {
    /// An empty state; its views are made below a directory that must have room for them.
    ///
    /// # Errors
    /// When nothing can be written there.
    pub fn new(scratch: &Path) -> Result<Self, Error> {
        let dir = tempfile::Builder::new().prefix("gofer-replay-").tempdir_in(scratch);
        let dir = dir.map_err(|error| Error::io(scratch, error))?;
        let replayer = Replayer::create(&dir.path().join("state"), &Options::default())?;
        Ok(Self { replayer, chain: Chain::starting(1, None), _dir: dir })
    }

    /// Folds in the events of a source from where the replay stands.
    ///
    /// # Errors
    /// [`Error::Fault`] at the first event that does not fit, when all before it was folded in; [`Error::Refused`] when
    /// the source does not begin with the first revision, or does not reach the one that is asked for.
    pub fn advance(&mut self, source: &dyn EventSource, until: Until, meter: &Meter) -> Result<(), Error> {
        let extent = source.extent();
        if extent.first != 1 {
            let why = format!(
                "{} begins with revision {}, and all from 1 on are needed; if the earlier ones are in the archive of the \
                 cluster, name it with --archive",
                source.name(),
                extent.first
            );
            return Err(Error::Refused(why));
        }
        let (last, until) = match until {
            Until::End => (extent.last, None),
            Until::Time(time) => (extent.last, Some(time)),
            Until::Revision(revision) if revision > extent.last => {
                let why = format!("{} ends with revision {}, before {revision}", source.name(), extent.last);
                return Err(Error::Refused(why));
            }
            Until::Revision(revision) => (revision, None),
        };
        if self.chain.next() > last {
            return Ok(());
        }
        let (sender, receiver) = sync_channel(AHEAD);
        let (chain, replayer) = (&mut self.chain, &mut self.replayer);
        thread::scope(|scope| {
            let reader = scope.spawn(move || read(source, chain, last, until, &sender));
            let folded = fold(replayer, receiver, meter);
            // A defect there, as the thread does nothing that panics.
            let read = reader.join().unwrap_or_else(|_| Err(Error::Refused("the reader has failed".to_owned())));
            folded.and(read)
        })
    }

    /// The hot state.
    #[must_use]
    pub fn state(&self) -> &State {
        self.replayer.state()
    }

    /// Hash of the newest event.
    #[must_use]
    pub fn head(&self) -> Hash {
        self.chain.head().unwrap_or(Hash::GENESIS)
    }

    /// The hot state as lists of encoded messages, in the order of their keys.
    #[must_use]
    pub fn messages(&self) -> [Messages; 4] {
        let state = self.state();
        let namespaces = state.namespaces.values();
        let pipelines = state.pipelines.values();
        let (nodes, runs) = (state.nodes.values(), state.runs.values());
        [
            Messages::of("namespaces", NAMESPACE, namespaces.map(codec::namespace_to_wire)),
            Messages::of("pipelines", PIPELINE, pipelines.map(codec::pipeline_to_wire)),
            Messages::of("nodes", NODE, nodes.map(codec::node_to_wire)),
            Messages::of("live_runs", RUN, runs.map(|live| codec::run_to_wire(&live.run))),
        ]
    }

    /// A run with its tasks, live or ended.
    ///
    /// # Errors
    /// When its records can't be read.
    pub fn run(&self, key: &RunKey) -> Result<Option<Encoded>, Error> {
        let run = self.replayer.run(key)?;
        Ok(run.map(|run| (RUN, codec::run_to_wire(&run).encode_to_vec())))
    }

    /// All records.
    #[must_use]
    pub fn views(&self) -> Views {
        self.replayer.views()
    }

    /// Digest of the whole state, what has ended included. It is the same on all replicas at the same revision.
    ///
    /// # Errors
    /// When the records can't be read.
    pub fn digest(&self) -> Result<Hash, Error> {
        state_digest(self.state().revision, self.views().scan()?)
    }

    /// Compares the state with what a node has stored, which must be of the same revision.
    ///
    /// # Errors
    /// [`Error::Refused`] when it is of another revision; else when the records can't be read.
    pub fn compare(&self, store: &ReadOnlyStore) -> Result<Comparison, Error> {
        let (own, other) = (self.state().revision, store.progress().revision);
        if own != other {
            return Err(Error::Refused(format!("the node's state is of revision {other}, the replay of {own}")));
        }
        let views = self.views();
        let (mut replayed, mut stored) = (views.scan()?, store.views()?);
        let mut records = 0;
        let mut first = None;
        walk(&mut replayed, &mut stored, &mut |key, replayed, stored| {
            if replayed == stored {
                records += 1;
                return Ok(ControlFlow::Continue(()));
            }
            let how = match (replayed, stored) {
                (Some(_), None) => "only the replay has it",
                (None, _) => "only the node has it",
                _ => "the replay has another content than the node",
            };
            first = Some(format!("{}: {how}", record_text(key)));
            Ok(ControlFlow::Break(()))
        })?;
        Ok(Comparison { records, first_difference: first })
    }
}

/// How a replay and a node's stored state compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Records that are equal, up to the first that is not.
    pub records: u64,
    /// Names the first record that differs, and how; none when the states are equal.
    pub first_difference: Option<String>,
}

/// A list of the hot state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Messages {
    /// What it lists.
    pub list: &'static str,
    /// Full name of each message.
    pub message: &'static str,
    pub encoded: Vec<Vec<u8>>,
}

impl Messages {
    fn of<M: Message>(list: &'static str, message: &'static str, messages: impl Iterator<Item = M>) -> Self {
        Self { list, message, encoded: messages.map(|message| message.encode_to_vec()).collect() }
    }
}

/// The digest of a state, from its revision and its records.
///
/// # Errors
/// When the records can't be read.
pub fn state_digest(revision: Revision, mut records: ViewScan<'_>) -> Result<Hash, Error> {
    let mut hasher = Sha256::new();
    hasher.update(DIGEST_MARK);
    hasher.update(revision.0.to_be_bytes());
    while let Some((key, value)) = records.next()? {
        for part in [key, value] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
    }
    Ok(Hash(hasher.finalize().into()))
}

/// `run default/build/7`: what a record is.
pub(crate) fn record_text(key: &[u8]) -> String {
    let Some((kind, name)) = view_name(key) else { return format!("the record {:?}", String::from_utf8_lossy(key)) };
    format!("{} {name}", kind_text(kind))
}

/// What a record is, in a word or two.
pub(crate) fn kind_text(kind: ViewKind) -> &'static str {
    match kind {
        ViewKind::Namespace => "namespace",
        ViewKind::Pipeline => "pipeline",
        ViewKind::PipelineVersion => "pipeline version",
        ViewKind::Run => "run",
        ViewKind::Variables => "variables of run",
        ViewKind::Task => "task",
        ViewKind::Live => "live mark of run",
        ViewKind::Node => "node",
        ViewKind::Archive => "archive of the",
        ViewKind::Segment => "archived segment",
        ViewKind::Release => "release",
        ViewKind::Object => "object",
        ViewKind::Secret => "secret",
        ViewKind::Sealed => "sealed value of secret",
        ViewKind::ClusterKey => "key of the",
        ViewKind::Schedule => "schedule",
        ViewKind::Trigger => "trigger",
        ViewKind::Subscription => "subscription",
        ViewKind::Taken => "event taken by subscription",
        ViewKind::TakenKey => "key taken by subscription",
        ViewKind::Followed => "followed part of the",
    }
}

type Pair<'a> = dyn FnMut(&[u8], Option<&[u8]>, Option<&[u8]>) -> Result<ControlFlow<()>, Error> + 'a;

/// Shows each key that either has, with the value in both.
pub(crate) fn walk(left: &mut ViewScan<'_>, right: &mut ViewScan<'_>, visit: &mut Pair<'_>) -> Result<(), Error> {
    let owned = |found: Option<(&[u8], &[u8])>| found.map(|(key, value)| (key.to_vec(), value.to_vec()));
    let (mut one, mut other) = (owned(left.next()?), owned(right.next()?));
    loop {
        let order = match (&one, &other) {
            (None, None) => return Ok(()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((one, _)), Some((other, _))) => one.cmp(other),
        };
        let (is_left, is_right) = (order.is_le(), order.is_ge());
        let shown = if is_left { &one } else { &other };
        let Some((key, _)) = shown else { return Ok(()) };
        let value =
            |of: &Option<(Vec<u8>, Vec<u8>)>, is: bool| of.as_ref().filter(|_| is).map(|(_, value)| value.clone());
        if visit(key, value(&one, is_left).as_deref(), value(&other, is_right).as_deref())?.is_break() {
            return Ok(());
        }
        if is_left {
            one = owned(left.next()?);
        }
        if is_right {
            other = owned(right.next()?);
        }
    }
}

/// Reads and checks events, and sends them on in batches.
fn read(
    source: &dyn EventSource,
    chain: &mut Chain,
    last: u64,
    until: Option<Timestamp>,
    sender: &SyncSender<Vec<PlacedEvent>>,
) -> Result<(), Error> {
    let (mut batch, mut bytes) = (Vec::with_capacity(BATCH), 0);
    let mut ended: Result<bool, Fault> = Ok(false);
    let scanned = source.scan(chain.next(), last, &mut |_, stored| {
        // Looked at first, as the next call has to find the chain where this one leaves it.
        if let (Some(until), Ok(envelope)) = (until, Envelope::parse(stored))
            && envelope.time > until
        {
            ended = Ok(true);
            return ControlFlow::Break(());
        }
        match chain.check(stored).and_then(|envelope| place(&envelope)) {
            Ok(event) => batch.push(event),
            Err(fault) => {
                ended = Err(fault);
                return ControlFlow::Break(());
            }
        }
        bytes += stored.len();
        if batch.len() >= BATCH || bytes >= BATCH_BYTES {
            bytes = 0;
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
            if sender.send(full).is_err() {
                // The other side has failed, and says why.
                ended = Ok(true);
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    });
    let _ = sender.send(batch);
    scanned?;
    if !ended? && chain.next() <= last {
        let detail = format!("the log should go on to revision {last}");
        return Err(Fault::new(chain.next(), FaultKind::Truncated, detail).into());
    }
    Ok(())
}

fn place(envelope: &Envelope<'_>) -> Result<PlacedEvent, Fault> {
    let decoded = envelope.decode();
    let event = decoded.map_err(|why| Fault::new(envelope.revision, FaultKind::Payload, why))?;
    Ok(PlacedEvent { revision: Revision(envelope.revision), time: envelope.time, event })
}

fn fold(replayer: &mut Replayer, batches: Receiver<Vec<PlacedEvent>>, meter: &Meter) -> Result<(), Error> {
    for batch in batches {
        replayer.apply(&batch)?;
        meter.add(batch.len() as u64);
    }
    Ok(())
}
