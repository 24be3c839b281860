//! The scheduler of a leader, over a real store and the consensus of one voter. Programs are not run here.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use gofer_consensus::{MessageKind, Proposal, Raft, SnapshotFiles, Transport, TransportError};
use gofer_domain::config::{DriverKind, DriverSet, Overlap, PullPolicy, Resources, RetryPolicy};
use gofer_domain::{
    Actor, AttemptOutcome, AttemptStatus, Command, NamespaceId, NodeId, NodeSpec, NodeStatus, PipelineConfig,
    PipelineId, PipelineKey, RequestId, State, TaskConfig, TaskId,
};
use gofer_scheduler::{Config, LeaseConfig, Leases, Scheduler};
use gofer_store::{Options, Outcome, Store};
use tokio_util::sync::{CancellationToken, DropGuard};

const LEASE: LeaseConfig = LeaseConfig {
    duration: Duration::from_millis(1000),
    margin: Duration::from_millis(300),
    renew_every: Duration::from_millis(100),
};
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

struct Leader {
    store: Store,
    raft: Raft,
    leases: Leases,
    requests: std::cell::Cell<u8>,
    _stop: DropGuard,
    _dir: tempfile::TempDir,
}

impl Leader {
    /// A leader with a scheduler. Before `bootstrap`, nobody leads.
    async fn new(bootstrap: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), Options::default()).unwrap();
        let raft = Raft::start(store.clone(), gofer_consensus::Config::default(), Arc::new(Nobody)).await.unwrap();
        let config = Config { lease: LEASE, ..Config::default() };
        let scheduler = Scheduler::new(store.clone(), raft.clone(), Arc::new(raft.clone()), config);
        let leases = scheduler.leases();
        let stop = CancellationToken::new();
        tokio::spawn(scheduler.run(stop.clone()));
        if bootstrap {
            raft.bootstrap("127.0.0.1:1").await.unwrap();
        }
        Self { store, raft, leases, requests: 100.into(), _stop: stop.drop_guard(), _dir: dir }
    }

    async fn command(&self, command: Command) {
        self.requests.set(self.requests.get() + 1);
        let request_id = RequestId([self.requests.get(); 16]);
        let proposal = Proposal { request_id, actor: Actor("test".into()), command };
        let outcome = self.raft.propose(vec![proposal]).await.unwrap().remove(0);
        assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}");
    }

    fn node(&self) -> NodeId {
        self.store.identity().node_id
    }

    async fn register(&self) {
        let spec = NodeSpec {
            name: "n".into(),
            address: "127.0.0.1:2".into(),
            labels: BTreeMap::new(),
            slots: 1,
            capacity: Resources::default(),
            drivers: DriverSet::from([DriverKind::Process]),
            logic_version: 1,
            build: "test".into(),
        };
        self.command(Command::RegisterNode { node: self.node(), spec: Box::new(spec) }).await;
    }

    async fn start_run(&self, timeout: Option<Duration>) {
        let namespace = NamespaceId::new("default").unwrap();
        let task = TaskConfig {
            description: String::new(),
            image: None,
            pull: PullPolicy::IfNotPresent,
            entrypoint: Vec::new(),
            command: vec!["true".into()],
            environment: BTreeMap::new(),
            working_directory: None,
            depends_on: BTreeMap::new(),
            retry: RetryPolicy::default(),
            timeout,
            resources: Resources::default(),
            driver: None,
            constraints: BTreeMap::new(),
            allow_failure: false,
            ..TaskConfig::default()
        };
        let config = PipelineConfig {
            id: PipelineId::new("p").unwrap(),
            description: String::new(),
            parallelism: 0,
            overlap: Overlap::Allow,
            timeout: None,
            variables: BTreeMap::new(),
            tasks: BTreeMap::from([(TaskId::new("t").unwrap(), task)]),
            parameters: BTreeMap::new(),
        };
        let pipeline = PipelineKey { namespace: namespace.clone(), pipeline: config.id.clone() };
        self.command(Command::RegisterPipeline { namespace, config: std::sync::Arc::new(config) }).await;
        self.command(Command::StartRun { pipeline, version: None, options: Box::default() }).await;
    }

    /// Waits until something holds, and says how long that took.
    async fn until(&self, what: &str, holds: impl Fn(&State) -> bool) -> Duration {
        let begin = Instant::now();
        while !self.store.read(&holds) {
            assert!(begin.elapsed() < Duration::from_secs(20), "{what} did not happen");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        begin.elapsed()
    }

    async fn lease(&self, incarnation: u64) -> Duration {
        let begin = Instant::now();
        loop {
            if let Some(lease) = self.leases.renew(self.node(), incarnation).await {
                return lease;
            }
            assert!(begin.elapsed() < Duration::from_secs(10), "no lease is granted");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn is_lost(state: &State) -> bool {
    state.nodes.values().any(|node| node.status == NodeStatus::Lost)
}

fn newest(state: &State) -> Option<AttemptStatus> {
    let live = state.runs.values().next()?;
    Some(live.run.tasks.values().next()?.attempts.last()?.status.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stops_renewing_is_lost_after_its_lease_and_not_before() {
    let leader = Leader::new(true).await;
    leader.register().await;
    let end = Instant::now() + LEASE.duration * 2;
    while Instant::now() < end {
        let lease = leader.lease(1).await;
        assert!(lease <= LEASE.duration);
        tokio::time::sleep(LEASE.renew_every).await;
        assert!(!leader.store.read(is_lost), "it renews");
    }
    leader.lease(1).await;
    let took = leader.until("the loss", is_lost).await;
    assert!(took >= LEASE.duration + LEASE.margin - Duration::from_millis(20), "declared after {took:?}");
    assert!(took < LEASE.duration + LEASE.margin + Duration::from_secs(1), "declared after {took:?}");
    assert_eq!(leader.leases.renew(leader.node(), 1).await, None, "a lost node has to register again");
    leader.register().await;
    assert_eq!(leader.leases.renew(leader.node(), 1).await, None, "the old incarnation is over");
    leader.lease(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_lead_grants_nothing() {
    let leader = Leader::new(false).await;
    assert_eq!(leader.leases.renew(leader.node(), 1).await, None);
    leader.raft.bootstrap("127.0.0.1:1").await.unwrap();
    assert_eq!(leader.leases.renew(leader.node(), 1).await, None, "nobody registered");
    leader.register().await;
    leader.lease(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_are_placed_and_placed_anew_after_a_loss() {
    let leader = Leader::new(true).await;
    leader.start_run(Some(Duration::from_secs(600))).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(leader.store.read(newest), None, "there is no node");
    leader.register().await;
    leader.until("the placement", |state| newest(state) == Some(AttemptStatus::Placed)).await;
    // The node never renews.
    leader.until("the loss", is_lost).await;
    let outcomes = leader.store.read(|state| {
        let task = state.runs.values().next().unwrap().run.tasks.values().next().unwrap();
        task.attempts.iter().map(|attempt| attempt.status.clone()).collect::<Vec<_>>()
    });
    assert!(matches!(outcomes[..], [AttemptStatus::Finished(AttemptOutcome::Lost { .. })]), "{outcomes:?}");
    leader.register().await;
    leader.until("the second placement", |state| newest(state) == Some(AttemptStatus::Placed)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_out_passes_without_any_other_event() {
    let leader = Leader::new(true).await;
    leader.register().await;
    leader.start_run(Some(Duration::from_millis(400))).await;
    let stopping = |state: &State| {
        let live = state.runs.values().next();
        live.is_some_and(|live| live.run.tasks.values().any(|t| t.attempts.iter().any(|a| a.stopping.is_some())))
    };
    let took = leader.until("the time-out", stopping).await;
    assert!(took >= Duration::from_millis(350), "after {took:?}");
    assert!(!leader.store.read(is_lost), "before the loss");
}
