//! The handle that the rest of the program holds.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use gofer_domain::{Actor, ClusterId, Command, NodeId, RequestId};
use gofer_store::{Outcome, Store};
use openraft::async_runtime::watch::WatchReceiver;
use openraft::errors::{InitializeError, RaftError};
use openraft::{BasicNode, Snapshot};
use tokio::sync::watch;

use crate::applier::{Applier, SnapshotData};
use crate::codec;
use crate::commands::Encoded;
use crate::config::Config;
use crate::error::{Error, MembershipError, ProposeError};
use crate::fatal::Fatal;
use crate::gate;
use crate::heard::Heard;
use crate::host::{Host, Work};
use crate::log_store::{self, DiskStats, LogStore};
use crate::membership::Changer;
use crate::network::{self, Network};
use crate::proposer::{Proposal, Propose, Proposer};
use crate::reads::Reads;
use crate::snapshots::{self, Snapshots};
use crate::status::{Leadership, Status};
use crate::transport::{MessageKind, Transport};
use crate::types::{Core, SnapshotMeta, Vote};
use crate::{disk, leadership, status};

/// How long a node waits to become the leader of the cluster it creates, beyond an election.
const BOOTSTRAP_WAIT: Duration = Duration::from_secs(20);
/// How long a shutdown waits until the log is closed.
const CLOSE_WAIT: Duration = Duration::from_secs(10);

/// Consensus on this node. Cloning is cheap; all clones are the same node.
#[derive(Clone)]
pub struct Raft(Arc<Inner>);

struct Inner {
    core: Core,
    store: Store,
    config: Arc<Config>,
    snapshots: Arc<Snapshots>,
    log: Weak<log_store::Core>,
    log_closed: watch::Receiver<()>,
    fatal: Fatal,
    heard: Heard,
    host: Host,
    /// Gone once shut down, so that their tasks end.
    work: Mutex<Option<(Proposer, Reads)>>,
    leadership: watch::Receiver<Leadership>,
    /// Whose turn it is to change the membership.
    turn: tokio::sync::Mutex<()>,
}

impl fmt::Debug for Raft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Raft").field("leadership", &*self.0.leadership.borrow()).finish_non_exhaustive()
    }
}

impl Raft {
    /// Opens the log in the store's data directory and takes part in the cluster it knows, if any.
    ///
    /// # Errors
    /// See [`Error`]: settings that contradict each other, a damaged or newer log, a failing disk.
    pub async fn start(store: Store, config: Config, transport: Arc<dyn Transport>) -> Result<Self, Error> {
        Self::start_on(Host::Machine, store, config, transport).await
    }

    /// [`Raft::start`] on another host than this machine.
    ///
    /// # Errors
    /// As there.
    pub async fn start_on(
        host: Host,
        store: Store,
        config: Config,
        transport: Arc<dyn Transport>,
    ) -> Result<Self, Error> {
        config.validate().map_err(Error::Config)?;
        let config = Arc::new(config);
        let settings = Arc::new(core_config(&config)?);
        let fatal = Fatal::new();
        let (log, snapshots) = open_disk(&host, store.clone(), config.clone(), fatal.clone()).await?;
        let log_core = Arc::downgrade(&log.core());
        let log_closed = log.core().closed();
        let id = store.identity().node_id;
        let applier = Applier::new(store.clone(), snapshots.clone(), fatal.clone(), host.clone());
        let running = applier.running();
        let network = Network::new(id, transport, config.clone(), host.clone());
        let core = Core::build(id.0, settings, network, log, applier)
            .await
            .map_err(|error| Error::Fatal(fatal.reason().unwrap_or_else(|| error.to_string())))?;
        running.store(true, Ordering::Release);
        core.run();
        let leadership = leadership::spawn(&core, fatal.clone());
        leadership::spawn_repair(core.clone());
        // RocksDB's own threads run in real time also in a simulation.
        if matches!(host, Host::Machine) {
            disk::spawn_watch(store.clone(), log_core.clone(), fatal.clone());
        }
        let proposer = Proposer::spawn(core.clone(), store.clone(), config.clone(), fatal.clone(), host.clone());
        let reads = Reads::spawn(core.clone(), config.message_timeout);
        let work = Mutex::new(Some((proposer, reads)));
        let raft = Self(Arc::new(Inner {
            core,
            store,
            config,
            snapshots,
            log: log_core,
            log_closed,
            fatal,
            heard: Heard::default(),
            host,
            work,
            leadership,
            turn: tokio::sync::Mutex::new(()),
        }));
        raft.elect_if_alone().await;
        Ok(raft)
    }

    /// The only voter needs no patience: nobody else can lead.
    async fn elect_if_alone(&self) {
        let metrics = self.0.core.metrics().borrow_watched().clone();
        let mut voters = metrics.membership_config.membership().voter_ids();
        if voters.next() == Some(metrics.id) && voters.next().is_none() {
            drop(self.0.core.trigger().elect(false).await);
        }
    }

    /// Answers a message of another node: the other end of [`Transport::send`].
    ///
    /// # Errors
    /// `BadMessage` or `Fatal`; both go back to the sender.
    pub async fn handle(&self, kind: MessageKind, message: Bytes) -> Result<Bytes, Error> {
        self.check()?;
        let answer = network::handle(&self.0.core, kind, &message).await?;
        if kind == MessageKind::AppendEntries {
            self.0.heard.note();
        }
        Ok(answer)
    }

    /// A fresh directory to receive a snapshot's files in. One that an earlier, broken transfer left is removed.
    ///
    /// # Errors
    /// `Io`.
    pub fn snapshot_staging(&self) -> Result<PathBuf, Error> {
        self.check()?;
        self.0.snapshots.staging().map_err(|source| Error::Io { what: "receiving a snapshot".into(), source })
    }

    /// Installs a snapshot whose files were received in `dir` and checked: the other end of
    /// [`Transport::send_snapshot`].
    ///
    /// # Errors
    /// `BadMessage`, `Io` or `Fatal`; all go back to the sender.
    pub async fn handle_snapshot(&self, dir: PathBuf, vote: Bytes, meta: Bytes) -> Result<Bytes, Error> {
        self.check()?;
        let bad = |error: codec::CodecError| Error::BadMessage(error.to_string());
        let vote: Vote = codec::decode(&vote).map_err(bad)?;
        let meta: SnapshotMeta = codec::decode(&meta).map_err(bad)?;
        let dir = self
            .0
            .snapshots
            .take(&dir)
            .map_err(|source| Error::Io { what: "taking over a received snapshot".into(), source })?;
        let snapshot = Snapshot { meta, snapshot: SnapshotData::Received(dir.clone()) };
        let answer = self.0.core.install_full_snapshot(vote, snapshot).await;
        self.0.heard.note();
        if dir.exists() {
            // It was not wanted after all: an old leader's, or not newer than the log here.
            drop(self.0.host.blocking(Work::Snapshot, move || std::fs::remove_dir_all(dir)).await);
        }
        let answer = answer.map_err(|error| self.stopped(&error.to_string()))?;
        codec::encode(&answer).map(Bytes::from).map_err(bad)
    }

    /// Makes a cluster of this node alone and gives it a random id. After a crash half-way it can be called again.
    ///
    /// # Errors
    /// `NotPristine` when the node is in a cluster already; `Bootstrap` when the node was not elected in time.
    pub async fn bootstrap(&self, address: &str) -> Result<(), Error> {
        self.check()?;
        let id = self.0.store.identity();
        if let Some(cluster) = id.cluster_id {
            return Err(Error::NotPristine(format!("this node belongs to cluster {cluster} already")));
        }
        let member = [(id.node_id.0, BasicNode::new(address))].into();
        match self.0.core.initialize::<std::collections::BTreeMap<u64, BasicNode>>(member).await {
            Ok(()) => {}
            Err(RaftError::APIError(InitializeError::NotAllowed(_))) if self.is_alone() => {}
            Err(RaftError::APIError(error)) => return Err(Error::NotPristine(error.to_string())),
            Err(RaftError::Fatal(error)) => return Err(self.stopped(&error.to_string())),
        }
        let mut leadership = self.watch();
        let wait = self.0.config.election_max * 2 + BOOTSTRAP_WAIT;
        match tokio::time::timeout(wait, leadership.wait_for(|leadership| leadership.is_self)).await {
            Ok(Ok(_)) => {}
            Ok(Err(_)) => return Err(self.stopped("it was shut down")),
            Err(_) => return Err(Error::Bootstrap(format!("this node did not become its leader within {wait:?}"))),
        }
        self.create_cluster(id.node_id).await
    }

    async fn create_cluster(&self, node: NodeId) -> Result<(), Error> {
        if self.0.store.read(|state| state.cluster).is_none() {
            let cluster = ClusterId(uuid::Uuid::new_v4().into_bytes());
            let proposal = Proposal {
                request_id: RequestId(cluster.0),
                actor: Actor(format!("node:{node}")),
                command: Command::CreateCluster { cluster },
            };
            let outcomes = self.propose(vec![proposal]).await.map_err(|error| Error::Bootstrap(error.to_string()))?;
            if let Some(Outcome::Rejected(rejection)) = outcomes.into_iter().next() {
                return Err(Error::Bootstrap(rejection.to_string()));
            }
        }
        match self.0.store.read(|state| state.cluster) {
            Some(cluster) => Ok(self.0.store.set_cluster(cluster)?),
            None => Err(Error::Bootstrap("its first command left no cluster id".into())),
        }
    }

    /// Whether this node is the only member of a cluster that it made itself.
    fn is_alone(&self) -> bool {
        let metrics = self.0.core.metrics().borrow_watched().clone();
        let members: Vec<u64> = metrics.membership_config.membership().nodes().map(|(id, _)| *id).collect();
        members == [metrics.id]
    }

    /// Commits commands, batched with those of other callers; on the leader only. Outcomes come in the commands'
    /// order. Dropping the future is harmless, and leaves open whether the commands are committed.
    ///
    /// # Errors
    /// See [`ProposeError`].
    pub async fn propose(&self, commands: Vec<Proposal>) -> Result<Vec<Outcome>, ProposeError> {
        self.propose_encoded(commands.into_iter().map(Encoded::new).collect()).await
    }

    /// [`Raft::propose`] with commands that are encoded already.
    ///
    /// # Errors
    /// See [`ProposeError`].
    pub async fn propose_encoded(&self, commands: Vec<Encoded>) -> Result<Vec<Outcome>, ProposeError> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        let (proposer, _) = self.work()?;
        self.leading()?;
        self.check_known(&commands)?;
        if commands.iter().any(|command| matches!(command.command(), Command::RegisterNode { .. })) {
            gate::check_registrations(&self.members(), &commands)?;
        }
        proposer.propose(commands).await
    }

    /// Whether every member of the cluster is known to understand these commands. To be asked on the leader, and before
    /// a command is sent to a leader, as that may be the one that does not.
    ///
    /// # Errors
    /// `Precondition` when one does not.
    pub fn check_known(&self, commands: &[Encoded]) -> Result<(), ProposeError> {
        if commands.iter().all(|command| command.command().logic_version() <= 1) {
            return Ok(());
        }
        let members = self.members();
        self.0.store.read(|state| gate::check(state, &members, commands))
    }

    /// Voters and learners, as this node knows them.
    fn members(&self) -> Vec<NodeId> {
        let metrics = self.0.core.metrics();
        let metrics = metrics.borrow_watched();
        metrics.membership_config.membership().nodes().map(|(id, _)| NodeId(*id)).collect()
    }

    /// An index such that a node that has applied it reflects everything that was acknowledged before this call; on
    /// the leader only. Asks a majority whether this node still leads.
    ///
    /// # Errors
    /// `NotLeader`, `Timeout` when no majority answers, `Overloaded` or `Fatal`.
    pub async fn read_index(&self) -> Result<u64, ProposeError> {
        let (_, reads) = self.work()?;
        self.leading()?;
        reads.index().await
    }

    /// Waits until this node has applied the entry `index`.
    ///
    /// # Errors
    /// `Timeout` or `Fatal`.
    pub async fn wait_applied(&self, index: u64, timeout: Duration) -> Result<(), ProposeError> {
        let mut progress = self.0.store.progress();
        let reached = tokio::select! {
            reached = tokio::time::timeout(timeout, progress.wait_for(|progress| progress.applied >= index)) => {
                reached.map(|result| result.is_ok())
            }
            reason = self.0.fatal.wait() => return Err(ProposeError::Fatal(reason)),
        };
        match reached {
            Ok(true) => Ok(()),
            Ok(false) => Err(ProposeError::Fatal("the store was closed".into())),
            Err(_) => {
                let applied = self.0.store.progress().borrow().applied;
                Err(ProposeError::Timeout(format!(
                    "this node has applied entries up to {applied}, entry {index} did not come within {timeout:?}"
                )))
            }
        }
    }

    fn changer(&self) -> Result<Changer<'_>, MembershipError> {
        match self.0.fatal.reason() {
            Some(reason) => Err(MembershipError::Fatal(reason)),
            None => Ok(Changer { raft: &self.0.core, turn: &self.0.turn, timeout: self.0.config.change_timeout }),
        }
    }

    /// Adds a node: as a learner until it has caught up, then as a voter, unless it is to stay a learner. On the
    /// leader only. Adding a member that is there already changes nothing.
    ///
    /// # Errors
    /// See [`MembershipError`].
    pub async fn add_member(&self, node: NodeId, address: &str, learner: bool) -> Result<(), MembershipError> {
        self.changer()?.add(node, address, learner).await
    }

    /// Makes an address this node's, which must be the only member: nobody else looks for it at the old one.
    ///
    /// # Errors
    /// See [`MembershipError`].
    pub async fn move_alone(&self, address: &str) -> Result<(), MembershipError> {
        let wait = self.0.config.election_max * 2 + BOOTSTRAP_WAIT;
        let leads = async { drop(self.watch().wait_for(|leadership| leadership.is_self).await) };
        drop(tokio::time::timeout(wait, leads).await);
        self.changer()?.move_alone(address).await
    }

    /// Takes a node out of the cluster; on the leader only. Its id must never come back.
    ///
    /// # Errors
    /// See [`MembershipError`].
    pub async fn remove_member(&self, node: NodeId) -> Result<(), MembershipError> {
        self.changer()?.remove(node).await
    }

    /// Hands the leadership to a voter, by default the one with the most of the log, and waits until somebody leads
    /// again; returns who. On the leader only.
    ///
    /// # Errors
    /// See [`MembershipError`].
    pub async fn transfer_leader(&self, to: Option<NodeId>) -> Result<NodeId, MembershipError> {
        self.changer()?.transfer(to).await
    }

    /// A look at consensus, as of now.
    #[must_use]
    pub fn status(&self) -> Status {
        let metrics = self.0.core.metrics().borrow_watched().clone();
        let applied = self.0.store.progress().borrow().applied;
        let silence = self.0.heard.silence();
        status::of(&metrics, applied, silence, self.0.config.election_max, self.0.fatal.reason())
    }

    /// Where this node runs.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.0.host
    }

    /// How the log's disk did since the start.
    #[must_use]
    pub fn disk(&self) -> DiskStats {
        self.0.log.upgrade().map(|log| log.stats.read()).unwrap_or_default()
    }

    /// Who leads, now and from now on.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Leadership> {
        self.0.leadership.clone()
    }

    /// Waits until consensus stops for good, and says why. The process must exit then.
    pub async fn failed(&self) -> String {
        self.0.fatal.wait().await
    }

    /// Stops taking part and closes the log. Hand the leadership over before.
    pub async fn shutdown(&self) {
        drop(self.0.work.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Err(error) = self.0.core.shutdown().await {
            tracing::warn!(%error, "consensus did not stop cleanly");
        }
        let mut log = self.0.log_closed.clone();
        let closed = async { while log.changed().await.is_ok() {} };
        if tokio::time::timeout(CLOSE_WAIT, closed).await.is_err() {
            tracing::warn!("the raft log is still in use after {CLOSE_WAIT:?}");
        }
    }

    fn work(&self) -> Result<(Proposer, Reads), ProposeError> {
        if let Some(reason) = self.0.fatal.reason() {
            return Err(ProposeError::Fatal(reason));
        }
        let work = self.0.work.lock().unwrap_or_else(PoisonError::into_inner).clone();
        work.ok_or_else(|| ProposeError::Fatal("it was shut down".into()))
    }

    fn leading(&self) -> Result<(), ProposeError> {
        let leadership = self.0.leadership.borrow();
        if leadership.is_self {
            return Ok(());
        }
        let leader = leadership.leader.map(|leader| (leader, leadership.address.clone()));
        let own = self.0.store.identity().node_id;
        Err(ProposeError::NotLeader { leader: leader.filter(|(id, address)| *id != own && !address.is_empty()) })
    }

    fn check(&self) -> Result<(), Error> {
        self.0.fatal.reason().map_or(Ok(()), |reason| Err(Error::Fatal(reason)))
    }

    fn stopped(&self, otherwise: &str) -> Error {
        Error::Fatal(self.0.fatal.reason().unwrap_or_else(|| otherwise.to_owned()))
    }
}

/// On the leader only; elsewhere `NotLeader`.
#[async_trait]
impl Propose for Raft {
    async fn propose(&self, commands: Vec<Proposal>) -> Result<Vec<Outcome>, ProposeError> {
        Raft::propose(self, commands).await
    }
}

/// Opens the log and finds the snapshots, off the async threads.
async fn open_disk(
    host: &Host,
    store: Store,
    config: Arc<Config>,
    fatal: Fatal,
) -> Result<(LogStore, Arc<Snapshots>), Error> {
    let on = host.clone();
    let open = move || {
        let limits = log_store::Limits {
            cache_bytes: config.log_cache_bytes,
            read_bytes: config.append_bytes,
            wal_bytes: config.log_wal_bytes,
        };
        let reading = |source| Error::Io { what: "reading what was applied".into(), source };
        let applied = snapshots::applied_meta(&store.applied()).map_err(reading)?.last_log_id;
        let syncing = store.clone();
        let make_durable = Arc::new(move || syncing.sync().map_err(std::io::Error::other));
        let dir: &Path = &store.dir().join("raft");
        let log = LogStore::open(dir, limits, applied, make_durable, fatal, on)?;
        let snapshots =
            Snapshots::open(store).map_err(|source| Error::Io { what: "looking for snapshots".into(), source })?;
        Ok((log, Arc::new(snapshots)))
    };
    let io = |source| Error::Io { what: "opening it".into(), source };
    host.blocking(Work::Open, open).await.map_err(io)?
}

fn core_config(config: &Config) -> Result<openraft::Config, Error> {
    let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let settings = openraft::Config {
        cluster_name: "gofer".into(),
        heartbeat_interval: millis(config.heartbeat),
        election_timeout_min: millis(config.election_min),
        election_timeout_max: millis(config.election_max),
        install_snapshot_timeout: millis(config.snapshot_timeout),
        max_payload_entries: config.append_entries,
        snapshot_policy: openraft::SnapshotPolicy::LogsSinceLast(config.snapshot_entries),
        max_in_snapshot_log_to_keep: config.keep_entries,
        // Deleting in large steps keeps the tombstones few.
        purge_batch_size: (config.keep_entries / 4).max(1),
        enable_pre_vote: Some(true),
        // A leader that comes back asks to be elected, as its state may be older than what it acknowledged.
        enable_leader_restore: Some(false),
        allow_log_reversion: Some(false),
        backoff: "200ms 400ms ...2s".into(),
        ..openraft::Config::default()
    };
    settings.validate().map_err(|error| {
        Error::Config(vec![crate::error::ConfigFault { setting: "consensus", why: error.to_string() }])
    })
}
