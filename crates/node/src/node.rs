//! One node, from start to stop.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use gofer_archive::{Archiver, Health};
use gofer_blobstore::BlobStore;
use gofer_consensus::Raft;
use gofer_domain::config::{DriverKind, Resources};
use gofer_domain::{LOGIC_VERSION, NodeSpec};
use gofer_drivers::Driver;
use gofer_executor::Executor;
use gofer_gateway::{Attached, BlobReplicator, Cluster, GrantLease, LeaseRenewer, ObjectKeeper, Outside, Parts, Peers};
use gofer_polling::Poller;
use gofer_scheduler::{LeaseConfig, Scheduler};
use gofer_store::Store;
use sd_notify::NotifyState;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::adapters::{Copies, Grants, LocalLogs, LookedAt, Renewals, credentials};
use crate::advice::advise;
use crate::config::Config;
use crate::keys::{Found, Kept};
use crate::signals::{self, Signals};
use crate::tasks::Tasks;
use crate::{BUILD, drivers, keys, membership};

/// How long a stop waits for another node to take over the leadership.
const TRANSFER_PATIENCE: Duration = Duration::from_secs(5);
/// How long a stop waits for the parts to end.
const STOP_PATIENCE: Duration = Duration::from_secs(10);
/// The same when the node has failed: no call can succeed any more, and clients go to other nodes the sooner.
const FAILURE_PATIENCE: Duration = Duration::from_secs(1);

/// A node.
#[derive(Debug)]
pub struct Node {
    config: Config,
    store: Store,
    raft: Raft,
    cluster: Cluster,
    drivers: Vec<Arc<dyn Driver>>,
    /// Ends the executor, the scheduler and the server, in this order.
    stops: Stops,
    parts: JoinSet<anyhow::Result<()>>,
}

#[derive(Debug, Default)]
struct Stops {
    executor: CancellationToken,
    scheduler: CancellationToken,
    server: CancellationToken,
}

impl Node {
    /// Runs a node until the process is asked to stop or something fails that can't be mended here.
    ///
    /// # Errors
    /// What kept it from starting, or what made it stop.
    pub async fn run(config: Config) -> anyhow::Result<()> {
        let started = Instant::now();
        let mut signals = Signals::new().context("can't receive signals")?;
        let told = config.clone();
        let mut node = tokio::select! {
            node = Self::start(config) => node.map_err(|error| advise(error, &told))?,
            () = signals.asked_to_stop() => return Ok(()),
        };
        let entered = tokio::select! {
            entered = membership::enter(&node.config, &node.store, &node.raft, &node.cluster) => entered.map(|()| true),
            failed = Self::failed(&mut node.parts, &node.raft) => Err(failed),
            () = signals.asked_to_stop() => Ok(false),
        };
        let ended = match entered {
            Ok(true) => {
                let (address, data) = (&node.config.advertise, node.config.data_dir.display());
                info!(took = ?started.elapsed(), address, %data, "ready");
                signals::tell_systemd(NotifyState::Ready);
                tokio::select! {
                    () = signals.asked_to_stop() => Ok(()),
                    failed = Self::failed(&mut node.parts, &node.raft) => Err(failed),
                }
            }
            Ok(false) => Ok(()),
            Err(error) => Err(error),
        };
        signals::tell_systemd(NotifyState::Stopping);
        node.stop(if ended.is_ok() { STOP_PATIENCE } else { FAILURE_PATIENCE }).await;
        ended.map_err(|error| advise(error, &told))
    }

    /// Opens everything and serves; the node may belong to no cluster yet.
    pub(crate) async fn start(config: Config) -> anyhow::Result<Self> {
        let listener = listen(&config).await?;
        let config = found(config, &listener)?;
        let store = Store::open(&config.data_dir, gofer_store::Options::default())
            .with_context(|| format!("can't open the data directory {}", config.data_dir.display()))?;
        let peers = Peers::new(store.clone());
        let raft = Raft::start(store.clone(), raft_config(&config), Arc::new(peers.clone())).await?;
        if let Err(error) = membership::check_address(&config, &store, &raft).await {
            raft.shutdown().await;
            return Err(error);
        }
        let cluster = Cluster::new(store.clone(), raft.clone(), peers.clone());
        let lease = lease(&config)?;

        let propose = Arc::new(cluster.clone());
        let scheduling = gofer_scheduler::Config { lease, ..gofer_scheduler::Config::default() };
        let scheduler = Scheduler::new(store.clone(), raft.clone(), propose.clone(), scheduling);
        let leases: Arc<dyn GrantLease> = Arc::new(Grants(scheduler.leases()));

        let keeper = keys::open(&config, &store, &raft, propose.clone(), &peers)?;

        let tasks = Tasks::open(&config.data_dir)?;
        let drivers = drivers::open(&config, tasks.mount()).await?;
        let execution = execution(&config, node_spec(&config, &drivers), lease);
        let secrets = Arc::new(Found::open(keeper.clone(), &config.secrets)?);
        let executor_parts = gofer_executor::Parts {
            store: store.clone(),
            propose: propose.clone(),
            drivers: drivers.clone(),
            leases: Arc::new(Renewals(LeaseRenewer::new(cluster.clone(), leases.clone()))),
            replicate: Arc::new(Copies(BlobReplicator::new(store.clone(), raft.clone(), peers.clone()))),
            registries: Arc::new(credentials(&config.registries)?),
            access: Arc::new(tasks.access()),
            secrets: secrets.clone(),
            host: raft.host().clone(),
        };
        let executor = Executor::new(executor_parts, execution)?;
        let poller = Poller::new(store.clone(), raft.clone(), propose, secrets.clone());

        let serving = Parts {
            store: store.clone(),
            raft: raft.clone(),
            cluster: cluster.clone(),
            peers,
            logs: Arc::new(LocalLogs(executor.logs())),
            leases,
            archive: Arc::new(LookedAt(Health::new(store.clone(), config.archive.clone()))),
            objects: config.objects,
            outside: outside(&config)?,
            tokens: tasks.tokens,
            attached: Attached::default(),
            keys: Arc::new(Kept(keeper.clone())),
            secrets,
            build: BUILD.to_owned(),
        };
        let stops = Stops::default();
        let mut parts = JoinSet::new();
        serve_objects(&mut parts, &serving, tasks.listener, &stops.server);
        let stop = stops.server.clone();
        parts.spawn(async move { gofer_gateway::serve(listener, serving, stop).await.context("the server failed") });
        schedule(&mut parts, scheduler, stops.scheduler.clone());
        archive(&mut parts, &config, (&store, &raft), &stops.scheduler);
        poll(&mut parts, poller, stops.scheduler.clone());
        parts.spawn(keys::keep(keeper, stops.scheduler.clone()));
        execute(&mut parts, executor, stops.executor.clone());
        let stop = stops.scheduler.clone();
        let (watching, store_, raft_, cluster_) = (config.clone(), store.clone(), raft.clone(), cluster.clone());
        parts.spawn(async move { membership::watch_expulsion(&watching, &store_, &raft_, &cluster_, stop).await });
        Ok(Self { config, store, raft, cluster, drivers, stops, parts })
    }

    /// Comes to belong to a cluster, as configured, then runs until `stop`.
    ///
    /// # Errors
    /// What made it stop before.
    pub(crate) async fn run_until(
        mut self,
        entered: oneshot::Sender<()>,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        let work = async {
            tokio::select! {
                entered = membership::enter(&self.config, &self.store, &self.raft, &self.cluster) => entered?,
                failed = Self::failed(&mut self.parts, &self.raft) => return Err(failed),
            }
            // Whoever waited for that may be gone.
            let _ = entered.send(());
            Err(Self::failed(&mut self.parts, &self.raft).await)
        };
        let ended = tokio::select! {
            ended = work => ended,
            () = stop.cancelled() => Ok(()),
        };
        self.stop(if ended.is_ok() { STOP_PATIENCE } else { FAILURE_PATIENCE }).await;
        ended
    }

    pub(crate) fn id(&self) -> u64 {
        self.store.identity().node_id.0
    }

    /// Where it serves.
    pub(crate) fn address(&self) -> &str {
        &self.config.advertise
    }

    pub(crate) fn drivers(&self) -> &[Arc<dyn Driver>] {
        &self.drivers
    }

    /// Returns when a part has failed.
    async fn failed(parts: &mut JoinSet<anyhow::Result<()>>, raft: &Raft) -> anyhow::Error {
        tokio::select! {
            // First: when consensus stops, parts end because of that.
            biased;
            reason = raft.failed() => anyhow::anyhow!("consensus has stopped: {reason}"),
            ended = parts.join_next() => match ended {
                Some(Ok(Err(error))) => error,
                Some(Err(error)) => anyhow::Error::new(error).context("a part of the node panicked"),
                Some(Ok(Ok(()))) | None => anyhow::anyhow!("a part of the node ended unasked"),
            },
        }
    }

    /// Stops taking attempts, hands the leadership on, then ends the rest, within `patience`. What runs goes on
    /// running, and is adopted at the next start.
    async fn stop(mut self, patience: Duration) {
        self.stops.executor.cancel();
        let status = self.raft.status();
        let leads = status.leader.is_some_and(|(leader, _)| leader == status.id);
        if leads && status.members.len() > 1 {
            match tokio::time::timeout(TRANSFER_PATIENCE, self.raft.transfer_leader(None)).await {
                Ok(Ok(leader)) => info!(%leader, "handed the leadership on"),
                Ok(Err(error)) => warn!(%error, "could not hand the leadership on"),
                Err(_) => warn!("could not hand the leadership on in {TRANSFER_PATIENCE:?}"),
            }
        }
        self.stops.scheduler.cancel();
        self.stops.server.cancel();
        let ended = async { while self.parts.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, ended).await.is_err() {
            warn!("parts of the node did not end in {patience:?}");
        }
        self.raft.shutdown().await;
        info!("stopped");
    }
}

/// Looks after objects, and lets tasks at theirs.
fn serve_objects(
    parts: &mut JoinSet<anyhow::Result<()>>,
    serving: &Parts,
    tasks: Option<UnixListener>,
    stop: &CancellationToken,
) {
    let (keeper, stopped) = (ObjectKeeper::new(serving.clone()), stop.clone());
    parts.spawn(async move {
        keeper.run(stopped).await;
        Ok(())
    });
    if let Some(listener) = tasks {
        let (serving, stop) = (serving.clone(), stop.clone());
        parts.spawn(async move {
            gofer_gateway::serve_tasks(listener, serving, stop).await.context("the server for tasks failed")
        });
    }
}

/// Gives back the room of what was archived, and moves events to the archive if there is one.
/// Schedules until the stop.
fn schedule(parts: &mut JoinSet<anyhow::Result<()>>, scheduler: Scheduler, stop: CancellationToken) {
    parts.spawn(async move { scheduler.run(stop).await.context("the scheduler failed") });
}

/// Runs what is placed here until the stop.
fn execute(parts: &mut JoinSet<anyhow::Result<()>>, executor: Executor, stop: CancellationToken) {
    parts.spawn(async move { executor.run(stop).await.context("the executor failed") });
}

/// Looks at repositories until the stop.
fn poll(parts: &mut JoinSet<anyhow::Result<()>>, poller: Poller, stop: CancellationToken) {
    parts.spawn(async move {
        poller.run(stop).await;
        Ok(())
    });
}

fn archive(
    parts: &mut JoinSet<anyhow::Result<()>>,
    config: &Config,
    (store, raft): (&Store, &Raft),
    stop: &CancellationToken,
) {
    let reclaimed = gofer_archive::reclaim(store.clone(), raft.clone(), stop.clone());
    parts.spawn(async move { reclaimed.await.context("the archiver failed") });
    if let Some(settings) = config.archive.clone() {
        let (archiver, stop) = (Archiver::new(store.clone(), raft.clone(), settings), stop.clone());
        parts.spawn(async move { archiver.run(stop).await.context("the archiver failed") });
    }
}

fn execution(config: &Config, spec: NodeSpec, lease: LeaseConfig) -> gofer_executor::Config {
    gofer_executor::Config {
        stop_grace: config.stop_grace,
        log_bytes_max: config.log_bytes_max,
        renew_every: lease.renew_every,
        stop_before_lease_end: lease.duration / 4,
        ..gofer_executor::Config::new(spec, config.data_dir.join("lease"))
    }
}

/// The store of objects outside the nodes, if there is one.
fn outside(config: &Config) -> anyhow::Result<Option<Outside>> {
    let Some(outside) = &config.outside else { return Ok(None) };
    let store = BlobStore::open(&outside.store)
        .with_context(|| format!("can't use the store of objects {}", outside.store.location))?;
    Ok(Some(Outside::new(store, outside.adopt)))
}

/// A lease outlives a few renewals that were lost.
fn lease(config: &Config) -> anyhow::Result<LeaseConfig> {
    let renew_every = LeaseConfig::default().renew_every.min(config.lease / 6);
    let lease = LeaseConfig { duration: config.lease, margin: config.lease_margin, renew_every };
    lease.validate().map_err(|faults| anyhow::anyhow!(faults.join("; ")))?;
    Ok(lease)
}

/// The configuration as it has turned out: with the port that was found, and the data directory from the root on, since what is
/// started beside the node is somewhere else, and is told of files in it.
fn found(config: Config, listener: &TcpListener) -> anyhow::Result<Config> {
    let address = listener.local_addr().context("can't find the address of the listener")?;
    let data_dir = std::path::absolute(&config.data_dir).context("can't find the directory that this is run in")?;
    Ok(Config { data_dir, ..config.listening_at(address) })
}

async fn listen(config: &Config) -> anyhow::Result<TcpListener> {
    TcpListener::bind(config.listen).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "the address {} is in use by another program; stop it, or choose another address with --listen",
            config.listen
        ),
        _ => anyhow::Error::new(error).context(format!("can't listen on {}", config.listen)),
    })
}

fn raft_config(config: &Config) -> gofer_consensus::Config {
    gofer_consensus::Config {
        heartbeat: config.heartbeat,
        election_min: config.election_min,
        election_max: config.election_max,
        snapshot_entries: config.snapshot_after,
        keep_entries: config.keep_entries,
        ..gofer_consensus::Config::default()
    }
}

fn node_spec(config: &Config, drivers: &[Arc<dyn Driver>]) -> NodeSpec {
    NodeSpec {
        name: config.name.clone(),
        address: config.advertise.clone(),
        labels: config.labels.clone(),
        slots: config.slots,
        capacity: Resources { cpu_millis: config.cpu_millis, memory_bytes: config.memory_bytes },
        drivers: drivers.iter().filter_map(|driver| DriverKind::from_name(driver.kind())).collect(),
        logic_version: LOGIC_VERSION,
        build: BUILD.to_owned(),
    }
}
