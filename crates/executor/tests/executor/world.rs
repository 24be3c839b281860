//! One node with real parts: store, consensus of one voter, scheduler, executor, process driver.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use gofer_consensus::{MessageKind, Proposal, Raft, SnapshotFiles, Transport, TransportError};
use gofer_domain::config::{DriverKind, DriverSet, Overlap, PullPolicy, Resources, RetryPolicy};
use gofer_domain::event::Answer;
use gofer_domain::{
    Actor, AttemptKey, AttemptOutcome, AttemptStatus, Command, NamespaceId, NodeId, NodeSpec, PipelineConfig,
    PipelineId, PipelineKey, RequestId, Run, RunKey, TaskConfig, TaskId, TaskKey,
};
use gofer_drivers::{Driver, ProcessDriver, State as LaunchState};
use gofer_executor::{
    Config, Executor, LeaseClient, LeaseError, Logs, NoAccess, NoCredentials, Parts, Replicate, ReplicateError,
};
use gofer_scheduler::{LeaseConfig, Leases, Scheduler};
use gofer_store::{Digest, Options, Outcome, Store};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// There are no other nodes.
struct Nobody;

#[async_trait]
impl Transport for Nobody {
    async fn send(&self, _: NodeId, _: &str, _: MessageKind, _: Bytes, _: Duration) -> Result<Bytes, TransportError> {
        Err(TransportError::Unreachable("there is one node".into()))
    }

    async fn send_snapshot(
        &self,
        _: NodeId,
        _: &str,
        _: SnapshotFiles,
        _: Bytes,
        _: Bytes,
    ) -> Result<Bytes, TransportError> {
        Err(TransportError::Unreachable("there is one node".into()))
    }
}

/// The way to the leader, which can be cut.
struct Line {
    leases: Leases,
    cut: Arc<AtomicBool>,
}

#[async_trait]
impl LeaseClient for Line {
    async fn renew(&self, node: NodeId, incarnation: u64) -> Result<Option<Duration>, LeaseError> {
        if self.cut.load(Ordering::SeqCst) {
            return Err(LeaseError("the line is cut".into()));
        }
        Ok(self.leases.renew(node, incarnation).await)
    }
}

/// A majority of one.
struct Alone(Store);

#[async_trait]
impl Replicate for Alone {
    async fn replicate(&self, digest: [u8; 32]) -> Result<(), ReplicateError> {
        blob(&self.0, digest).map(drop).ok_or_else(|| ReplicateError("this node does not hold it".into()))
    }
}

fn blob(store: &Store, digest: [u8; 32]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    store.blobs().open_checked(Digest(digest)).ok()?.read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

pub(crate) struct World {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) store: Store,
    pub(crate) raft: Raft,
    pub(crate) cut: Arc<AtomicBool>,
    pub(crate) driver: Arc<ProcessDriver>,
    pub(crate) lease: LeaseConfig,
    leases: Leases,
    executor: Option<(JoinHandle<()>, CancellationToken, Logs)>,
    _scheduler: tokio_util::sync::DropGuard,
}

impl World {
    /// A running node.
    pub(crate) async fn new() -> Self {
        let mut world = Self::without_executor().await;
        world.start();
        world
    }

    pub(crate) async fn without_executor() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("data"), Options::default()).unwrap();
        let config = gofer_consensus::Config::default();
        let raft = Raft::start(store.clone(), config, Arc::new(Nobody)).await.unwrap();
        raft.bootstrap("127.0.0.1:1").await.unwrap();
        let lease = LeaseConfig {
            duration: Duration::from_millis(2000),
            margin: Duration::from_millis(500),
            renew_every: Duration::from_millis(100),
        };
        let config = gofer_scheduler::Config { lease, ..gofer_scheduler::Config::default() };
        let scheduler = Scheduler::new(store.clone(), raft.clone(), Arc::new(raft.clone()), config);
        let leases = scheduler.leases();
        let stop = CancellationToken::new();
        tokio::spawn(scheduler.run(stop.clone()));
        let root = dir.path().join("attempts");
        let shim = Path::new(env!("CARGO_BIN_EXE_executor-test-shim"));
        let driver = Arc::new(ProcessDriver::new(&root, shim).unwrap());
        let cut = Arc::new(AtomicBool::new(false));
        let _scheduler = stop.drop_guard();
        Self { dir, store, raft, cut, driver, lease, leases, executor: None, _scheduler }
    }

    pub(crate) fn start(&mut self) {
        let mut config = Config::new(spec(), self.path("lease"));
        config.renew_every = self.lease.renew_every;
        config.stop_before_lease_end = Duration::from_millis(600);
        config.stop_grace = Duration::from_secs(2);
        let parts = Parts {
            store: self.store.clone(),
            propose: Arc::new(self.raft.clone()),
            drivers: vec![Arc::clone(&self.driver) as Arc<dyn Driver>],
            leases: Arc::new(Line { leases: self.leases.clone(), cut: Arc::clone(&self.cut) }),
            replicate: Arc::new(Alone(self.store.clone())),
            registries: Arc::new(NoCredentials),
            access: Arc::new(NoAccess),
            secrets: Arc::new(gofer_executor::NoSecrets),
            host: gofer_consensus::Host::Machine,
        };
        let executor = Executor::new(parts, config).unwrap();
        let logs = executor.logs();
        let shutdown = CancellationToken::new();
        let run = executor.run(shutdown.clone());
        let task = tokio::spawn(async move { run.await.unwrap() });
        self.executor = Some((task, shutdown, logs));
    }

    /// Stops the executor; says how long that took.
    pub(crate) async fn stop(&mut self) -> Duration {
        let (task, shutdown, _) = self.executor.take().unwrap();
        let begin = Instant::now();
        shutdown.cancel();
        task.await.unwrap();
        begin.elapsed()
    }

    pub(crate) fn logs(&self) -> &Logs {
        &self.executor.as_ref().unwrap().2
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The lines of a file that programs write.
    pub(crate) fn lines(&self, name: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.path(name)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    pub(crate) async fn command(&self, command: Command) -> Answer {
        let request_id = RequestId(*Uuid::new_v4().as_bytes());
        let proposal = Proposal { request_id, actor: Actor("test".into()), command };
        match self.raft.propose(vec![proposal]).await.unwrap().remove(0) {
            Outcome::Accepted { answer, .. } => answer,
            Outcome::Rejected(rejection) => panic!("{rejection}"),
        }
    }

    /// Registers a pipeline and starts a run of it.
    pub(crate) async fn run(&self, tasks: Vec<(&str, TaskConfig)>, variables: &[(&str, &str)]) -> RunKey {
        let namespace = NamespaceId::new("ns").unwrap();
        if !self.store.read(|state| state.namespaces.contains_key(&namespace)) {
            self.command(Command::CreateNamespace { namespace: namespace.clone(), description: String::new() }).await;
        }
        let config = PipelineConfig {
            id: PipelineId::new("p").unwrap(),
            description: String::new(),
            parallelism: 0,
            overlap: Overlap::Allow,
            timeout: None,
            variables: BTreeMap::from([("A".into(), "pipeline".into()), ("B".into(), "pipeline".into())]),
            tasks: tasks.into_iter().map(|(id, task)| (TaskId::new(id).unwrap(), task)).collect(),
            parameters: BTreeMap::new(),
        };
        let pipeline = PipelineKey { namespace: namespace.clone(), pipeline: config.id.clone() };
        self.command(Command::RegisterPipeline { namespace, config: std::sync::Arc::new(config) }).await;
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        match self
            .command(Command::StartRun {
                pipeline,
                version: None,
                options: Box::new(gofer_domain::RunOptions { variables, ..Default::default() }),
            })
            .await
        {
            Answer::Run(run) => run,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn look(&self, run: &RunKey) -> Run {
        self.store.run(run).unwrap().unwrap()
    }

    /// Waits until something holds for a run.
    pub(crate) async fn until(&self, run: &RunKey, what: &str, holds: impl Fn(&Run) -> bool) -> Run {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let now = self.look(run);
            if holds(&now) {
                return now;
            }
            assert!(Instant::now() < deadline, "{what} did not happen: {now:#?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) async fn end(&self, run: &RunKey) -> Run {
        self.until(run, "the end", |run| run.status.is_final()).await
    }

    pub(crate) async fn until_running(&self, run: &RunKey, task: &str) -> Run {
        self.until(run, "the start", |run| {
            run.tasks[&TaskId::new(task).unwrap()].attempts.last().is_some_and(|a| a.status == AttemptStatus::Running)
        })
        .await
    }

    pub(crate) async fn until_lines(&self, file: &str, count: usize) -> Vec<String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let lines = self.lines(file);
            if lines.len() >= count {
                return lines;
            }
            assert!(Instant::now() < deadline, "{file} has {lines:?} only");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The output that the log names, decoded.
    pub(crate) fn sealed(&self, run: &Run, task: &str, attempt: usize) -> Option<String> {
        let log = run.tasks[&TaskId::new(task).unwrap()].attempts[attempt - 1].log.clone()?;
        let framed = zstd::decode_all(&blob(&self.store, log.digest).unwrap()[..]).unwrap();
        let path = self.path("decoded");
        std::fs::write(&path, framed).unwrap();
        let mut reader = gofer_drivers::logfile::Reader::open(&path, 0).unwrap();
        let mut text = Vec::new();
        while let Some(record) = reader.next().unwrap() {
            text.extend_from_slice(&record.bytes);
        }
        assert_eq!(log.bytes, text.len() as u64);
        Some(String::from_utf8(text).unwrap())
    }

    /// Waits until every program that the driver holds has ended, as the driver itself tells.
    pub(crate) async fn until_exited(&self) {
        let deadline = Instant::now() + PATIENCE;
        let ids = self.driver.list().await.unwrap();
        assert!(!ids.is_empty(), "the driver holds nothing that could end");
        for id in ids {
            loop {
                let now = self.driver.inspect(&id).await.unwrap();
                if matches!(now, LaunchState::Exited(_)) {
                    break;
                }
                assert!(Instant::now() < deadline, "{id} did not end: {now:?}");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }

    /// Waits until the driver holds so many launches.
    pub(crate) async fn until_held(&self, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.driver.list().await.unwrap().len() != count {
            assert!(Instant::now() < deadline, "{:?} are left", self.driver.list().await.unwrap());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // What still runs ends with the lease; nothing of a test outlives it by much.
        let _ = gofer_drivers::lease::write(&self.path("lease"), 0);
    }
}

fn spec() -> NodeSpec {
    NodeSpec {
        name: "one".into(),
        address: "127.0.0.1:1".into(),
        labels: BTreeMap::new(),
        slots: 8,
        capacity: Resources::default(),
        drivers: DriverSet::from([DriverKind::Process]),
        logic_version: 1,
        build: "test".into(),
    }
}

/// A task that runs a shell script.
pub(crate) fn sh(script: &str) -> TaskConfig {
    TaskConfig {
        description: String::new(),
        image: None,
        pull: PullPolicy::IfNotPresent,
        entrypoint: Vec::new(),
        command: vec!["sh".into(), "-c".into(), script.into()],
        environment: BTreeMap::new(),
        working_directory: None,
        depends_on: BTreeMap::new(),
        retry: RetryPolicy::default(),
        timeout: None,
        resources: Resources::default(),
        driver: None,
        constraints: BTreeMap::new(),
        allow_failure: false,
        ..TaskConfig::default()
    }
}

pub(crate) fn outcome(run: &Run, task: &str, attempt: usize) -> AttemptOutcome {
    match &run.tasks[&TaskId::new(task).unwrap()].attempts[attempt - 1].status {
        AttemptStatus::Finished(outcome) => outcome.clone(),
        other => panic!("{task} {attempt}: {other:?}"),
    }
}

pub(crate) fn attempts(run: &Run, task: &str) -> usize {
    run.tasks[&TaskId::new(task).unwrap()].attempts.len()
}

pub(crate) fn attempt(run: &RunKey, task: &str, attempt: u32) -> AttemptKey {
    AttemptKey { task: TaskKey { run: run.clone(), task: TaskId::new(task).unwrap() }, attempt }
}
