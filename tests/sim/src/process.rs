//! One life of a node's process: the real store, consensus, scheduler and executor, in a runtime of their own.
//!
//! The runtime's time is paused and moves only when the simulation says so. Dropping the process is a crash: every
//! task of it is gone in the middle of what it did.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gofer_archive::Archiver;
use gofer_consensus::{Config, Host, Raft};
use gofer_domain::NodeId;
use gofer_drivers::Driver;
use gofer_executor::{Executor, NoAccess, NoCredentials, Parts};
use gofer_rng::Rng;
use gofer_scheduler::Scheduler;
use gofer_store::{Options, Store};
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::cluster::{Cluster, NoBlobs, Renewals, Wire};
use crate::driver::SimDriver;
use crate::endpoint::Endpoint;
use crate::host::{SimHost, Synced};
use crate::machine::Machine;
use crate::net::Net;
use crate::server;
use crate::workload;

/// What a process is started with.
pub(crate) struct Start {
    pub(crate) machine: Machine,
    pub(crate) data: PathBuf,
    pub(crate) net: Net,
    pub(crate) config: Config,
    pub(crate) archive: Option<gofer_archive::Config>,
    pub(crate) rng: Rng,
    /// What the machine's clock shows.
    pub(crate) local_ms: u64,
}

/// What can be seen of a running process.
#[derive(Clone)]
pub(crate) struct Handles {
    pub(crate) store: Store,
    pub(crate) raft: Raft,
}

type Shared<T> = Arc<Mutex<Option<T>>>;

/// A running process.
pub(crate) struct Process {
    runtime: Runtime,
    started: Instant,
    started_ms: u64,
    /// How far its runtime's clock has come, by the machine's.
    at_ms: u64,
    handles: Shared<Handles>,
    /// Why it ended by itself.
    ended: Shared<String>,
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) synced: Synced,
    pub(crate) data: PathBuf,
}

impl Process {
    pub(crate) fn start(start: Start) -> anyhow::Result<Self> {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build()?;
        let (node, started_ms, data) = (start.machine.node, start.local_ms, start.data.clone());
        let endpoint = Endpoint::new(node, start.net.clone());
        let (handles, ended, synced) = (Shared::default(), Shared::default(), Synced::default());
        let started = {
            let _runtime = runtime.enter();
            Instant::now()
        };
        let life = live(start, endpoint.clone(), handles.clone(), synced.clone());
        let end = ended.clone();
        runtime.spawn(async move {
            if let Err(error) = life.await {
                *end.lock().unwrap_or_else(PoisonError::into_inner) = Some(format!("{error:#}"));
            }
        });
        Ok(Self { runtime, started, started_ms, at_ms: started_ms, handles, ended, endpoint, synced, data })
    }

    /// Lets it live until the machine's clock shows `local_ms`.
    pub(crate) fn step(&mut self, local_ms: u64) {
        if local_ms > self.at_ms {
            self.at_ms = local_ms;
            let until = self.started + Duration::from_millis(local_ms - self.started_ms);
            self.runtime.block_on(async { tokio::time::sleep_until(until).await });
        }
    }

    /// Wakes it after a pause: its clock jumps, and all that should have happened meanwhile is late.
    pub(crate) fn wake(&mut self, local_ms: u64) {
        if local_ms > self.at_ms {
            let missed = Duration::from_millis(local_ms - self.at_ms);
            self.at_ms = local_ms;
            self.runtime.block_on(async { tokio::time::advance(missed).await });
        }
    }

    pub(crate) fn handles(&self) -> Option<Handles> {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Why it ended by itself, if it did.
    pub(crate) fn ended(&self) -> Option<String> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Has something done in it.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(work);
    }
}

/// Far more than a run writes, and far less than by default: taking the room for it was half of the work of a run.
pub(crate) const WAL_BYTES: u64 = 1 << 20;

/// Sizes that let a minute see snapshots, and leases that end within it.
pub(crate) fn lease() -> gofer_scheduler::LeaseConfig {
    gofer_scheduler::LeaseConfig::default()
}

async fn live(start: Start, endpoint: Arc<Endpoint>, handles: Shared<Handles>, synced: Synced) -> anyhow::Result<()> {
    let Start { machine, data, config, archive, rng, local_ms, .. } = start;
    let host = Host::Simulated(Arc::new(SimHost::new(machine.clone(), &data, synced, rng, local_ms)));
    let options = Options { block_cache_bytes: 1 << 20, wal_bytes: WAL_BYTES, ..Options::default() };
    let store = Store::open(&data, options)?;
    let wire = Arc::new(Wire(endpoint.clone()));
    let raft = Raft::start_on(host.clone(), store.clone(), config, wire).await?;
    let cluster = Cluster { raft: raft.clone(), endpoint: endpoint.clone() };
    let propose = Arc::new(cluster.clone());
    let settings = gofer_scheduler::Config { lease: lease(), ..gofer_scheduler::Config::default() };
    let scheduler = Scheduler::new(store.clone(), raft.clone(), propose.clone(), settings);
    let leases = scheduler.leases();
    let executor = executor(&machine, &store, cluster.clone(), leases.clone(), host)?;
    let shown = Handles { store: store.clone(), raft: raft.clone() };
    *handles.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
    let never = CancellationToken::new();
    let served = server::Server { cluster, leases, store: store.clone(), endpoint };
    let archiver = archive.map(|config| Archiver::new(store.clone(), raft.clone(), config));
    let (bound, failing) = (bind(store), raft.clone());
    tokio::select! {
        biased;
        ended = tokio::spawn(scheduler.run(never.clone())) => ended??,
        ended = tokio::spawn(executor.run(never.clone())) => ended??,
        ended = tokio::spawn(archive_with(archiver, never)) => ended??,
        ended = tokio::spawn(served.run()) => ended?,
        ended = tokio::spawn(bound) => ended??,
        why = failing.failed() => anyhow::bail!("consensus has stopped: {why}"),
    }
    anyhow::bail!("a part of the node ended")
}

async fn archive_with(archiver: Option<Archiver>, never: CancellationToken) -> Result<(), gofer_archive::Error> {
    match archiver {
        Some(archiver) => archiver.run(never).await,
        None => std::future::pending().await,
    }
}

fn executor(
    machine: &Machine,
    store: &Store,
    cluster: Cluster,
    leases: gofer_scheduler::Leases,
    host: Host,
) -> anyhow::Result<Executor> {
    let lease = lease();
    let spec = workload::node_spec(machine.node, machine.lock().logic_version);
    let mut config = gofer_executor::Config::new(spec, machine.lease_file.to_path_buf());
    config.stop_grace = Duration::from_secs(2);
    config.renew_every = lease.renew_every;
    config.stop_before_lease_end = lease.duration / 4;
    config.orphans_every = Duration::from_secs(20);
    let parts = Parts {
        store: store.clone(),
        propose: Arc::new(cluster.clone()),
        drivers: vec![Arc::new(SimDriver(machine.clone())) as Arc<dyn Driver>],
        leases: Arc::new(Renewals { cluster, leases }),
        replicate: Arc::new(NoBlobs),
        registries: Arc::new(NoCredentials),
        access: Arc::new(NoAccess),
        secrets: Arc::new(gofer_executor::NoSecrets),
        host,
    };
    Ok(Executor::new(parts, config)?)
}

/// Binds the directory to its cluster as soon as that is known, then does nothing more.
async fn bind(store: Store) -> anyhow::Result<()> {
    let mut progress = store.progress();
    loop {
        if let Some(cluster) = store.read(|state| state.cluster) {
            store.set_cluster(cluster)?;
            std::future::pending::<()>().await;
        }
        progress.changed().await?;
    }
}

/// Makes the data directory of a node whose id is chosen, from an empty one.
pub(crate) fn make_data(empty: &Path, to: &Path, node: NodeId) -> anyhow::Result<()> {
    crate::image::copy(empty, to)?;
    std::fs::write(to.join("identity.json"), format!("{{\"format\":1,\"node_id\":{node}}}"))?;
    Ok(())
}
