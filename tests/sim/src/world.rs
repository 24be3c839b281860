//! One run of the simulation: a cluster is made, things go wrong for a while, everything is healed, and all must end.

pub(crate) mod day;

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use gofer_consensus::{Config, Role};
use gofer_domain::{LOGIC_VERSION, NodeId, Revision, Timestamp};
use gofer_rng::Rng;
use gofer_store::{Options, Store};

use crate::TICK_MS;
use crate::archive::Archive;
use crate::client::{Client, Shared};
use crate::endpoint::Endpoint;
use crate::fault::{Fault, Settings};
use crate::history::{Fact, History};
use crate::host::EPOCH_MS;
use crate::invariants::{Broken, End, Judges};
use crate::nemesis::{self, Nemesis, Wish};
use crate::net::{Body, CLIENTS, Net, Packet, Reply};
use crate::node::Node;
use crate::panics;
use crate::process;
use crate::upgrade::{self, Upgrade};
use crate::workload;

/// How long making the cluster may take.
const SETUP_MS: u64 = 60_000;
/// How long everything may take to end once all is well again.
const QUIET_MS: u64 = 240_000;

/// Why a run was not good.
#[derive(Debug)]
pub(crate) enum Failure {
    Broken(Broken),
    /// The simulation itself failed.
    Harness(anyhow::Error),
}

impl From<Broken> for Failure {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Harness(error)
    }
}

/// What a good run was like.
#[derive(Debug)]
pub(crate) struct Summary {
    pub(crate) simulated_ms: u64,
    pub(crate) revisions: u64,
    pub(crate) digest: u64,
}

pub(crate) struct World {
    settings: Settings,
    now: u64,
    dir: PathBuf,
    net: Net,
    history: History,
    nodes: Vec<Node>,
    judges: Judges,
    nemesis: Nemesis,
    clients: tokio::runtime::Runtime,
    clients_since: tokio::time::Instant,
    shared: Arc<Shared>,
    rng: Rng,
    config: Config,
    archive: Option<Archive>,
    upgrade: Option<Upgrade>,
    /// The newest revision that was recorded.
    recorded: u64,
    /// Where it is written what becomes of slots, if somebody else judges that.
    told: Option<BufWriter<File>>,
    /// The time of day at which a day begins.
    time_of_day: Option<u64>,
}

impl World {
    /// An empty world, with its files in `dir`.
    pub(crate) fn new(settings: Settings, dir: &Path, history: History) -> anyhow::Result<Self> {
        let mut rng = Rng::new(settings.seed);
        let net = Net::new(rng.fork(), history.clone());
        let clients = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
        let clients_since = {
            let _runtime = clients.enter();
            tokio::time::Instant::now()
        };
        let shared = Shared::new(Endpoint::new(CLIENTS, net.clone()), history.clone(), &settings);
        let config = consensus(&settings, &mut rng);
        let archives = settings.archive.then(|| Archive::new(dir, Rng::new(settings.seed ^ 0xa4c4)));
        let upgrade = settings.rolling.then(|| Upgrade::new(Rng::new(settings.seed ^ 0x5011)));
        drop(Store::open(&dir.join("empty"), Options::default())?);
        Ok(Self {
            nemesis: Nemesis::new(settings.clone(), rng.fork()),
            judges: Judges::new(true),
            settings,
            now: 0,
            dir: dir.to_owned(),
            net,
            history,
            nodes: Vec::new(),
            clients,
            clients_since,
            shared,
            rng,
            config,
            archive: archives.transpose()?,
            upgrade,
            recorded: 0,
            told: None,
            time_of_day: None,
        })
    }

    /// Runs it to the end.
    pub(crate) fn run(mut self) -> Result<Summary, Failure> {
        self.set_up()?;
        let until = self.now + self.settings.trouble_ms;
        while self.now < until {
            let wish = self.nemesis.act(self.now, &mut self.nodes, &self.net)?;
            if let Some(Wish::Join { learner }) = wish {
                self.join(learner)?;
            }
            if let Some(archive) = &mut self.archive {
                archive.step(self.now, &self.history)?;
            }
            if let Some(upgrade) = &mut self.upgrade {
                upgrade.step(self.now, &mut self.nodes)?;
            }
            self.tick()?;
        }
        self.history.tell(Fact::Healed);
        if let Some(archive) = &mut self.archive {
            archive.heal(&self.history)?;
        }
        if let Some(upgrade) = &mut self.upgrade {
            upgrade.finish(self.now, &mut self.nodes)?;
        }
        self.nemesis.heal(self.now, &mut self.nodes, &self.net);
        self.shared.closing.store(true, Ordering::Relaxed);
        let until = self.now + QUIET_MS;
        let mut checked = self.now;
        while self.now < until {
            self.tick()?;
            if self.now >= checked + 500 {
                checked = self.now;
                self.retire();
                if self.judges.end(&self.end()).is_ok() {
                    break;
                }
            }
        }
        let end = self.end();
        self.judges.end(&end)?;
        Ok(Summary { simulated_ms: self.now, revisions: self.recorded, digest: self.history.sum() })
    }

    fn set_up(&mut self) -> Result<(), Failure> {
        let count = self.settings.voters + self.settings.learners;
        let logic_version = if self.upgrade.is_some() { upgrade::OLD } else { LOGIC_VERSION };
        for _ in 0..count {
            self.add_node(logic_version)?;
        }
        self.tick()?;
        let (voters, first) = (self.settings.voters, NodeId(1));
        let handles = self.nodes[0].handles().ok_or_else(|| anyhow::anyhow!("node 1 did not start"))?;
        let made = async move {
            if let Err(error) = handles.raft.bootstrap(&workload::address(first)).await {
                return Some(gofer_consensus::MembershipError::Invalid(error.to_string()));
            }
            for id in 2..=count {
                let (id, learner) = (NodeId(id), id > voters);
                if let Err(error) = handles.raft.add_member(id, &workload::address(id), learner).await {
                    return Some(error);
                }
            }
            None
        };
        nemesis::ask(&self.nodes[0], "make a cluster".to_owned(), made);
        self.wait("the cluster", |world| {
            let status = world.nodes[0].handles().map(|handles| handles.raft.status());
            let members = status.map(|status| status.members).unwrap_or_default();
            let voters = members.iter().filter(|member| member.role == Role::Voter).count() as u64;
            members.len() as u64 == count && voters == world.settings.voters
        })?;
        self.shared.busy.fetch_add(1, Ordering::Relaxed);
        let first = Client { shared: self.shared.clone(), rng: self.rng.fork(), number: 0 };
        self.clients.spawn(first.prepare());
        self.wait("the pipelines", |world| world.shared.busy.load(Ordering::Relaxed) == 0)?;
        for number in 1..=self.settings.clients {
            self.shared.busy.fetch_add(1, Ordering::Relaxed);
            let client = Client { shared: self.shared.clone(), rng: self.rng.fork(), number };
            self.clients.spawn(client.run());
        }
        if self.settings.schedules {
            self.shared.busy.fetch_add(1, Ordering::Relaxed);
            let (rng, number) = (Rng::new(self.settings.seed ^ 0x5c4e_d0c5), self.settings.clients + 1);
            self.clients.spawn(Client { shared: self.shared.clone(), rng, number }.keep_schedules());
        }
        if self.settings.events {
            self.tell_events();
        }
        Ok(())
    }

    /// Lets subscriptions come and go, plug-ins tell of events, and schedules be backfilled.
    fn tell_events(&mut self) {
        let mut chance = Rng::new(self.settings.seed ^ 0xe7e2_7500);
        let mut client = |number| {
            self.shared.busy.fetch_add(1, Ordering::Relaxed);
            Client { shared: self.shared.clone(), rng: chance.fork(), number: self.settings.clients + number }
        };
        self.clients.spawn(client(2).keep_subscriptions());
        self.clients.spawn(client(3).keep_subscriptions());
        self.clients.spawn(client(4).tell());
        self.clients.spawn(client(5).tell());
        self.clients.spawn(client(6).keep_backfills());
    }

    fn wait(&mut self, what: &str, done: impl Fn(&Self) -> bool) -> Result<(), Failure> {
        while !done(self) {
            self.tick()?;
            if self.now > SETUP_MS {
                return Err(Failure::Harness(anyhow::anyhow!("{what} was not made in {SETUP_MS} ms")));
            }
        }
        Ok(())
    }

    fn add_node(&mut self, logic_version: u32) -> anyhow::Result<NodeId> {
        let id = NodeId(self.nodes.len() as u64 + 1);
        let rng = self.rng.fork();
        let config = (self.config.clone(), self.archive.as_ref().map(|archive| archive.config.clone()));
        let mut node = Node::new(id, &self.dir, rng, self.net.clone(), config, self.history.clone());
        node.machine.lock().logic_version = logic_version;
        if let Some(begin) = self.time_of_day {
            node.machine.set_right(begin.cast_signed() - EPOCH_MS.cast_signed());
        }
        node.begin(&self.dir.join("empty"), self.now)?;
        self.nodes.push(node);
        self.shared.nodes.lock().unwrap_or_else(PoisonError::into_inner).push(id);
        Ok(id)
    }

    /// Another node joins, through the leader.
    fn join(&mut self, learner: bool) -> anyhow::Result<()> {
        let id = self.add_node(LOGIC_VERSION)?;
        if let Some(leader) = self.nodes.iter().find(|node| node.seen.leads.is_some())
            && let Some(handles) = leader.handles()
        {
            nemesis::ask(leader, format!("add {id}"), async move {
                handles.raft.add_member(id, &workload::address(id), learner).await.err()
            });
        }
        Ok(())
    }

    /// Nodes whose removal, or whose joining, was left half done are taken away, as an operator would.
    fn retire(&mut self) {
        let leader = self.nodes.iter().find(|node| node.seen.leads.is_some());
        let Some(status) = leader.and_then(Node::handles).map(|handles| handles.raft.status()) else { return };
        let applied_all = status.committed == status.applied;
        for node in self.nodes.iter_mut().filter(|node| !node.gone && applied_all) {
            if !status.members.iter().any(|member| member.id == node.id) {
                node.leave();
            }
        }
        let left: Vec<NodeId> = self.nodes.iter().filter(|node| !node.gone).map(|node| node.id).collect();
        *self.shared.nodes.lock().unwrap_or_else(PoisonError::into_inner) = left;
    }

    /// Lets everything go on for one tick.
    fn tick(&mut self) -> Result<(), Failure> {
        for packet in self.net.arrive(self.now) {
            self.deliver(packet);
        }
        self.now += TICK_MS;
        self.history.advance(self.now);
        for node in &mut self.nodes {
            node.step(self.now)?;
        }
        let until = self.clients_since + std::time::Duration::from_millis(self.now);
        self.clients.block_on(async { tokio::time::sleep_until(until).await });
        for at in 0..self.nodes.len() {
            self.look(at)?;
        }
        if let Some(panic) = panics::take() {
            return Err(Broken { invariant: "no-panic", how: panic }.into());
        }
        for (at, fact) in self.history.take() {
            self.judges.see(at, &fact)?;
        }
        Ok(())
    }

    fn deliver(&self, packet: Packet) {
        if packet.to == CLIENTS {
            return self.shared.endpoint.take(packet);
        }
        let Some(node) = self.nodes.iter().find(|node| node.id == packet.to) else { return };
        let (from, to, call) = (packet.to, packet.from, packet.call);
        let asks = matches!(packet.body, Body::Ask(_));
        if !node.take(packet) && asks {
            self.net.send(Packet { from, to, call, body: Body::Reply(Reply::Refused) });
        }
    }

    /// Tells what has changed on a node.
    fn look(&mut self, at: usize) -> Result<(), Failure> {
        let node = &mut self.nodes[at];
        let Some(handles) = node.handles() else { return Ok(()) };
        let leadership = handles.raft.watch().borrow().clone();
        let leads = leadership.is_self.then_some(leadership.term);
        if leads != node.seen.leads {
            node.seen.leads = leads;
            if let Some(term) = leads {
                self.history.tell(Fact::Leads { node: node.id, term });
            }
        }
        let progress = *handles.store.progress().borrow();
        if (progress.applied, progress.chain_head) == (node.seen.applied, node.seen.head) {
            return Ok(());
        }
        (node.seen.applied, node.seen.revision, node.seen.head) =
            (progress.applied, progress.revision.0, progress.chain_head);
        let (id, life) = (node.id, node.life);
        self.record(&handles.store, progress.revision.0)?;
        let (index, revision, head) = (progress.applied, progress.revision.0, progress.chain_head);
        self.history.tell(Fact::Applied { node: id, life, index, revision, head });
        Ok(())
    }

    /// Tells of events that no node has shown before.
    fn record(&mut self, store: &Store, upto: u64) -> Result<(), Failure> {
        while self.recorded < upto {
            let events = store
                .events(Revision(self.recorded + 1), 1000, 1 << 20)
                .map_err(|error| Broken { invariant: "chain-heads", how: error.to_string() })?;
            for stored in events {
                let envelope = &stored.envelope;
                let event = stored.decode().map_err(anyhow::Error::from)?;
                let time = gofer_store::codec::time_from_wire(envelope.time.as_ref(), "time");
                let time = time.unwrap_or(Timestamp(0));
                if let (Some(told), Some(line)) = (&mut self.told, day::told(time.0, &event)) {
                    told.write_all(line.as_bytes()).map_err(anyhow::Error::from)?;
                }
                self.recorded = stored.revision.0;
                self.history.tell(Fact::Recorded {
                    revision: self.recorded,
                    hash: envelope.hash[..].try_into().unwrap_or_default(),
                    cause: envelope.cause_revision,
                    time,
                    request: gofer_domain::RequestId(envelope.request_id[..].try_into().unwrap_or_default()),
                    event: Box::new(event),
                });
            }
        }
        Ok(())
    }

    fn end(&self) -> End {
        let states = self.nodes.iter().filter(|node| !node.gone).map(|node| match node.handles() {
            Some(handles) => {
                let progress = *handles.store.progress().borrow();
                let state = handles.store.read(Clone::clone);
                (node.id, (progress.revision.0, progress.chain_head, state))
            }
            None => (node.id, Default::default()),
        });
        let archive = self.archive.as_ref().map(|archive| archive.config.url.path().to_owned());
        End { nodes: states.collect(), busy: self.shared.busy.load(Ordering::Relaxed), archive }
    }
}

fn consensus(settings: &Settings, rng: &mut Rng) -> Config {
    let mut config = Config::default();
    if settings.has(Fault::Snapshot) {
        config.snapshot_entries = rng.range(15, 120);
        config.keep_entries = rng.range(0, 30);
    }
    config.change_timeout = std::time::Duration::from_secs(rng.range(3, 30));
    config.batches_in_flight = usize::try_from(rng.range(1, 4)).unwrap_or(1);
    config.append_entries = rng.range(1, 64);
    config.log_wal_bytes = process::WAL_BYTES;
    // Small enough that followers that lag are fed from the disk.
    config.log_cache_bytes = if rng.chance(500) { 2_000 } else { config.log_cache_bytes };
    config
}
