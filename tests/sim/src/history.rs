//! What happened in a run: facts, which the invariants judge, and a trace, which people read.
//!
//! Everything that is told goes into a digest, so that two runs can be compared. What is too much to read (each
//! message) goes into the digest alone.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gofer_domain::{
    AttemptKey, Event, EventFate, EventKey, LOGIC_VERSION, NodeId, RequestId, Revision, SubscriptionKey, Timestamp,
};
use gofer_store::Outcome;

/// Lines of the trace that are kept.
const LINES_MAX: usize = 200_000;

/// Something that was seen.
#[derive(Clone, Debug)]
pub(crate) enum Fact {
    /// A node's process starts.
    Started { node: NodeId, logic_version: u32 },
    /// Nothing goes wrong any more.
    Healed,
    /// A node takes itself for the leader.
    Leads { node: NodeId, term: u64 },
    /// A node has applied entries up to `index`. `life` counts its processes.
    Applied { node: NodeId, life: u64, index: u64, revision: u64, head: [u8; 32] },
    /// The first node that has an event shows it.
    Recorded { revision: u64, hash: [u8; 32], cause: u64, time: Timestamp, request: RequestId, event: Box<Event> },
    /// A client was given an answer.
    Answered { request: RequestId, outcome: Outcome },
    /// A plug-in was told what has become of its events, and at which revision that was known.
    Acknowledged {
        request: RequestId,
        subscription: SubscriptionKey,
        revision: Revision,
        fates: Vec<(EventKey, EventFate)>,
    },
    /// A client begins to read.
    ReadBegun { read: u64 },
    /// A client has read, up to a revision.
    ReadDone { read: u64, node: NodeId, revision: u64, linearizable: bool },
    /// A container runs.
    Launched { node: NodeId, attempt: AttemptKey },
    /// It runs no more.
    Ended { node: NodeId, attempt: AttemptKey, code: Option<i32> },
    /// A node's process ended although nothing made it.
    Stopped { node: NodeId, why: String },
}

/// Shared by all parts of a simulation. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct History(Arc<Mutex<Inner>>);

struct Inner {
    now: u64,
    facts: VecDeque<(u64, Fact)>,
    lines: VecDeque<String>,
    digest: u64,
    live: bool,
}

impl History {
    /// With `live`, the trace is printed as it grows.
    pub(crate) fn new(live: bool) -> Self {
        let inner =
            Inner { now: 0, facts: VecDeque::new(), lines: VecDeque::new(), digest: 0xcbf2_9ce4_8422_2325, live };
        Self(Arc::new(Mutex::new(inner)))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn advance(&self, now: u64) {
        self.lock().now = now;
    }

    /// Milliseconds since the beginning.
    pub(crate) fn now(&self) -> u64 {
        self.lock().now
    }

    /// Adds a fact.
    pub(crate) fn tell(&self, fact: Fact) {
        let mut inner = self.lock();
        if let Some(text) = shown(&fact) {
            inner.line(&text);
        }
        let now = inner.now;
        inner.facts.push_back((now, fact));
    }

    /// Adds a line to the trace.
    pub(crate) fn note(&self, text: &str) {
        self.lock().line(text);
    }

    /// Adds to the digest what nobody wants to read.
    pub(crate) fn digest(&self, words: &[u64]) {
        let mut inner = self.lock();
        words.iter().for_each(|word| inner.mix(&word.to_le_bytes()));
    }

    /// Adds a line of the program's own log. It counts for nothing.
    pub(crate) fn log(&self, text: &str) {
        let mut inner = self.lock();
        let line = format!("{:>8} | {text}", inner.now);
        inner.keep(line);
    }

    /// The facts that were not taken so far.
    pub(crate) fn take(&self) -> Vec<(u64, Fact)> {
        self.lock().facts.drain(..).collect()
    }

    pub(crate) fn sum(&self) -> u64 {
        self.lock().digest
    }

    /// The last lines of the trace.
    pub(crate) fn tail(&self, count: usize) -> Vec<String> {
        let inner = self.lock();
        inner.lines.iter().skip(inner.lines.len().saturating_sub(count)).cloned().collect()
    }
}

impl Inner {
    fn line(&mut self, text: &str) {
        let line = format!("{:>8} {text}", self.now);
        self.mix(line.as_bytes());
        self.keep(line);
    }

    fn keep(&mut self, line: String) {
        if self.live {
            eprintln!("{line}");
        }
        if self.lines.len() >= LINES_MAX {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    /// FNV-1a.
    fn mix(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.digest = (self.digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

fn shown(fact: &Fact) -> Option<String> {
    Some(match fact {
        Fact::Started { node, logic_version } if *logic_version < LOGIC_VERSION => {
            format!("node {node} starts, with logic version {logic_version}")
        }
        Fact::Started { node, .. } => format!("node {node} starts"),
        Fact::Healed => "everything is healed".to_owned(),
        Fact::Leads { node, term } => format!("node {node} leads in term {term}"),
        Fact::Applied { node, index, revision, head, .. } => {
            format!("node {node} applied {index}, revision {revision}, head {:02x}{:02x}", head[0], head[1])
        }
        Fact::Recorded { revision, event, .. } => format!("revision {revision}: {}", brief(event)),
        Fact::Answered { request, outcome } => match outcome {
            Outcome::Accepted { revision, .. } => format!("request {request} accepted at {revision}"),
            Outcome::Rejected(rejection) => format!("request {request} rejected: {rejection}"),
        },
        Fact::Acknowledged { request, subscription, revision, fates } => {
            let fates: Vec<_> = fates.iter().map(|(key, fate)| format!("{key} {:?}", fate.kind)).collect();
            format!("request {request}: {subscription} has taken {} at {revision}", fates.join(", "))
        }
        Fact::ReadBegun { .. } => return None,
        Fact::ReadDone { node, revision, linearizable, .. } => {
            let kind = if *linearizable { "linearizable" } else { "local" };
            format!("a {kind} read on node {node} saw revision {revision}")
        }
        Fact::Launched { node, attempt } => format!("node {node} runs {attempt}"),
        Fact::Ended { node, attempt, code } => format!("node {node} ended {attempt} with {code:?}"),
        Fact::Stopped { node, why } => format!("node {node} STOPPED: {why}"),
    })
}

/// An event in a line, without what differs between clusters.
fn brief(event: &Event) -> String {
    let mut text = match event {
        Event::ClusterCreated { .. } => "ClusterCreated".to_owned(),
        Event::PipelineRegistered { pipeline, version, .. } => format!("PipelineRegistered {pipeline} {version}"),
        Event::NodeRegistered { node, incarnation, .. } => format!("NodeRegistered {node} {incarnation}"),
        Event::AttemptPlaced { attempt, node, .. } => format!("AttemptPlaced {attempt} on {node}"),
        Event::AttemptLaunching { attempt } => format!("AttemptLaunching {attempt}"),
        Event::AttemptStarted { attempt } => format!("AttemptStarted {attempt}"),
        Event::AttemptFinished { attempt, outcome, .. } => format!("AttemptFinished {attempt} {outcome:?}"),
        Event::TaskQueued { task, .. } => format!("TaskQueued {task}"),
        Event::TaskFinished { task, status } => format!("TaskFinished {task} {status:?}"),
        Event::RunCreated { run, .. } => format!("RunCreated {run}"),
        Event::RunStarted { run } => format!("RunStarted {run}"),
        Event::RunFinished { run, status, .. } => format!("RunFinished {run} {status:?}"),
        other => format!("{other:?}"),
    };
    if let Some((end, _)) = text.char_indices().nth(160) {
        text.truncate(end);
    }
    text
}
