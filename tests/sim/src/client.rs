//! Clients: they start, cancel and retry runs, register pipelines, keep secrets and read, on any node. What they don't know the
//! outcome of they send again under the same request id, until they know.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gofer_consensus::{Proposal, ProposeError};
use gofer_domain::{Actor, Answer, Command, NodeId, Reason, Rejection, RequestId, RetryFrom, RunKey, RunOptions};
use gofer_rng::Rng;
use gofer_store::Outcome;
use tokio::time::sleep;

use crate::endpoint::Endpoint;
use crate::events::Stream;
use crate::fault::Settings;
use crate::history::{Fact, History};
use crate::net::{Ask, Place, Reply, Sight};
use crate::secrets::Known;
use crate::workload;

/// What all clients share.
pub(crate) struct Shared {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) history: History,
    /// Whether versions are released.
    releases: bool,
    /// Whether pipelines have schedules, and runs priorities.
    schedules: bool,
    /// What is known of secrets; none when no client cares for any.
    secrets: Option<Mutex<Known>>,
    /// The events that plug-ins know of.
    pub(crate) stream: Mutex<Stream>,
    /// The nodes to ask.
    pub(crate) nodes: Mutex<Vec<NodeId>>,
    runs: Mutex<Vec<RunKey>>,
    reads: AtomicU64,
    /// No more new calls.
    pub(crate) closing: AtomicBool,
    /// Clients that still have something to do.
    pub(crate) busy: AtomicU64,
}

impl Shared {
    pub(crate) fn new(endpoint: Arc<Endpoint>, history: History, settings: &Settings) -> Arc<Self> {
        Arc::new(Self {
            endpoint,
            releases: settings.releases,
            schedules: settings.schedules,
            secrets: settings.secrets.then(Mutex::default),
            stream: Mutex::default(),
            history,
            nodes: Mutex::default(),
            runs: Mutex::default(),
            reads: AtomicU64::new(0),
            closing: AtomicBool::new(false),
            busy: AtomicU64::new(0),
        })
    }
}

/// One client.
pub(crate) struct Client {
    pub(crate) shared: Arc<Shared>,
    pub(crate) rng: Rng,
    pub(crate) number: u64,
}

impl Client {
    /// The first of all: makes what the others need.
    pub(crate) async fn prepare(mut self) {
        let (namespace, _) = workload::pipeline(0);
        self.commit(Command::CreateNamespace { namespace, description: String::new() }).await;
        for number in 0..workload::count() {
            let (namespace, config) = workload::pipeline(number);
            self.commit(Command::RegisterPipeline { namespace, config }).await;
        }
        self.shared.busy.fetch_sub(1, Ordering::Relaxed);
    }

    /// Commits one after the other.
    pub(crate) async fn commit_all(mut self, commands: Vec<Command>) {
        for command in commands {
            self.commit(command).await;
        }
        self.shared.busy.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) async fn run(mut self) {
        while !self.shared.closing.load(Ordering::Relaxed) {
            self.act().await;
            let pause = self.rng.range(20, 900);
            sleep(Duration::from_millis(pause)).await;
        }
        self.shared.busy.fetch_sub(1, Ordering::Relaxed);
    }

    async fn act(&mut self) {
        let choice = self.rng.range(0, 99);
        match choice {
            0..40 => {
                let pipeline = workload::key(self.rng.next() % workload::count());
                // Not from chance, so that the seeds of before are the runs that they were.
                let priority = if self.shared.schedules { i32::from(self.number.is_multiple_of(2)) } else { 0 };
                let options = Box::new(RunOptions { priority, ..RunOptions::default() });
                let command = Command::StartRun { pipeline, version: None, options };
                if let Outcome::Accepted { answer: Answer::Run(run), .. } = self.commit(command).await {
                    self.shared.runs.lock().unwrap_or_else(PoisonError::into_inner).push(run);
                }
            }
            40..47 => {
                if let Some(run) = self.known_run() {
                    self.commit(Command::CancelRun { run, message: "a client said so".into() }).await;
                }
            }
            47..52 => {
                if let Some(run) = self.known_run() {
                    let from = if self.rng.percent(50) { RetryFrom::Failed } else { RetryFrom::Start };
                    self.commit(Command::RetryRun { run, from }).await;
                }
            }
            52..54 => {
                if let Some(run) = self.known_run() {
                    let note = Some(format!("note {}", self.rng.range(0, 1_000)));
                    let (labels, without) = Default::default();
                    self.commit(Command::AnnotateRun { run, note, labels, without }).await;
                }
            }
            54..56 => {
                let (namespace, config) = workload::pipeline(self.rng.next() % workload::count());
                self.commit(Command::RegisterPipeline { namespace, config }).await;
            }
            56..68 if self.shared.releases => {
                let command = workload::release(&mut self.rng);
                self.commit(command).await;
            }
            68..76 if self.shared.secrets.is_some() => self.about_secrets().await,
            56..85 => self.read(true).await,
            _ => self.read(false).await,
        }
    }

    async fn about_secrets(&mut self) {
        let shared = Arc::clone(&self.shared);
        let Some(secrets) = &shared.secrets else { return };
        let command = secrets.lock().unwrap_or_else(PoisonError::into_inner).command(&mut self.rng);
        if let Outcome::Accepted { revision, .. } = self.commit(command.clone()).await {
            secrets.lock().unwrap_or_else(PoisonError::into_inner).accepted(&command, revision);
        }
    }

    fn known_run(&mut self) -> Option<RunKey> {
        let runs = self.shared.runs.lock().unwrap_or_else(PoisonError::into_inner);
        self.rng.pick(&runs).cloned()
    }

    pub(crate) fn node(&mut self) -> NodeId {
        let nodes = self.shared.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        self.rng.pick(&nodes).copied().unwrap_or(NodeId(1))
    }

    /// Commits a command, however long that takes; now and then asks again after the answer.
    pub(crate) async fn commit(&mut self, command: Command) -> Outcome {
        let request = RequestId(self.rng.bytes());
        let actor = Actor(format!("client:{}", self.number));
        let proposal = Proposal { request_id: request, actor, command };
        let first = self.commit_once(&proposal).await;
        while self.rng.chance(120) {
            let pause = self.rng.range(0, 4000);
            sleep(Duration::from_millis(pause)).await;
            self.commit_once(&proposal).await;
        }
        first
    }

    async fn commit_once(&mut self, proposal: &Proposal) -> Outcome {
        loop {
            let node = self.node();
            let patience = Duration::from_millis(self.rng.range(1000, 6000));
            // Some give up before the node does, and ask the next one.
            let own = Duration::from_millis(self.rng.range(800, 7000));
            let ask = Ask::Commit { command: Box::new(proposal.clone()), patience };
            let reply = self.shared.endpoint.ask(node, ask, own).await;
            if let Some(Reply::Outcomes(Err(ProposeError::Precondition(why)))) = &reply {
                // No answer, so nothing is told: it may be decided yet, by a leader that knows of an upgrade.
                return Outcome::Rejected(Rejection::new(Reason::FailedPrecondition, why.clone()));
            }
            if let Some(Reply::Outcomes(Ok(outcomes))) = reply
                && let Some(outcome) = outcomes.into_iter().next()
            {
                let fact = Fact::Answered { request: proposal.request_id, outcome: outcome.clone() };
                self.shared.history.tell(fact);
                return outcome;
            }
            let pause = self.rng.range(20, 400);
            sleep(Duration::from_millis(pause)).await;
        }
    }

    /// Looks at something, on any node. None: it is not there, or nobody says so in time.
    pub(crate) async fn look(&mut self, at: Place) -> Option<Sight> {
        let patience = Duration::from_secs(3);
        let node = self.node();
        match self.shared.endpoint.ask(node, Ask::Look { at, patience }, patience * 2).await {
            Some(Reply::Seen(Ok(sight))) => sight,
            _ => None,
        }
    }

    async fn read(&mut self, linearizable: bool) {
        let node = self.node();
        let read = self.shared.reads.fetch_add(1, Ordering::Relaxed);
        self.shared.history.tell(Fact::ReadBegun { read });
        let patience = Duration::from_secs(3);
        let ask = Ask::Read { linearizable, patience };
        if let Some(Reply::Read(Ok(revision))) = self.shared.endpoint.ask(node, ask, patience * 2).await {
            self.shared.history.tell(Fact::ReadDone { read, node, revision, linearizable });
        }
    }
}
