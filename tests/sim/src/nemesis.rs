//! What makes things go wrong, at times and places that follow from the seed.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use gofer_consensus::MessageKind;
use gofer_domain::NodeId;
use gofer_rng::Rng;

use crate::fault::{Fault, Settings};
use crate::net::{CLIENTS, Net, Promise, Weather};
use crate::node::Node;
use crate::workload;

/// Longest and shortest pause between two things that go wrong.
const PAUSE_MS: (u64, u64) = (150, 3000);
/// Most nodes that ever were.
const NODES_MAX: usize = 9;

/// Chooses what goes wrong.
pub(crate) struct Nemesis {
    settings: Settings,
    rng: Rng,
    next: u64,
    weather_until: u64,
    cut_until: u64,
    disks_until: u64,
    /// How likely a node is killed right after it promised something, in thousandths.
    kill_promises: u64,
    /// Members that were taken out.
    removed: Arc<Mutex<Vec<NodeId>>>,
}

/// What the nemesis wants that only the world can do.
pub(crate) enum Wish {
    /// Another node.
    Join { learner: bool },
}

impl Nemesis {
    pub(crate) fn new(settings: Settings, mut rng: Rng) -> Self {
        let kill_promises = if rng.chance(500) { rng.range(1, 25) } else { 0 };
        Self {
            settings,
            rng,
            next: 0,
            weather_until: 0,
            cut_until: 0,
            disks_until: 0,
            kill_promises,
            removed: Arc::default(),
        }
    }

    /// Ends what has lasted long enough, and begins what is due.
    pub(crate) fn act(&mut self, now: u64, nodes: &mut [Node], net: &Net) -> anyhow::Result<Option<Wish>> {
        self.expire(now, nodes, net);
        self.break_promises(now, nodes, net)?;
        if now < self.next {
            return Ok(None);
        }
        self.next = now + self.rng.range(PAUSE_MS.0, PAUSE_MS.1);
        let faults: Vec<Fault> = self.settings.faults.iter().copied().collect();
        let Some(fault) = self.rng.pick(&faults).copied() else { return Ok(None) };
        match fault {
            Fault::Drop | Fault::Delay | Fault::Duplicate => self.storm(now, net),
            Fault::Partition => self.cut(now, nodes, net),
            Fault::Pause => self.pause(now, nodes),
            Fault::Crash => self.kill(now, nodes, false)?,
            Fault::Power => self.kill(now, nodes, true)?,
            Fault::Disk => self.slow_disks(now, nodes),
            Fault::Clock => self.set_clock(nodes),
            Fault::Members => return Ok(self.change_members(nodes)),
            Fault::Transfer => self.transfer(nodes),
            Fault::Snapshot => {}
        }
        Ok(None)
    }

    /// Everything works again.
    pub(crate) fn heal(&mut self, now: u64, nodes: &mut [Node], net: &Net) {
        (self.weather_until, self.cut_until, self.disks_until) = (0, 0, 0);
        self.expire(now, nodes, net);
        net.set_weather(Weather::default());
        net.set_cut(BTreeSet::new());
        for node in nodes.iter_mut().filter(|node| !node.gone) {
            node.paused_until = node.paused_until.min(now);
            node.machine.calm();
            if !node.is_up() {
                node.back_at = Some(now);
            }
        }
    }

    fn expire(&mut self, now: u64, nodes: &mut [Node], net: &Net) {
        let over = |until: &mut u64| *until > 0 && *until <= now && std::mem::take(until) > 0;
        if over(&mut self.weather_until) {
            net.set_weather(Weather::default());
        }
        if over(&mut self.cut_until) {
            net.set_cut(BTreeSet::new());
        }
        if over(&mut self.disks_until) {
            nodes.iter().for_each(|node| node.machine.calm());
        }
        let removed = std::mem::take(&mut *self.removed.lock().unwrap_or_else(PoisonError::into_inner));
        for node in nodes.iter_mut().filter(|node| removed.contains(&node.id)) {
            node.leave();
        }
    }

    fn storm(&mut self, now: u64, net: &Net) {
        let rng = &mut self.rng;
        let mut weather = Weather::default();
        if self.settings.has(Fault::Drop) && rng.chance(700) {
            weather.drop = rng.range(10, 400);
        }
        if self.settings.has(Fault::Duplicate) && rng.chance(700) {
            weather.duplicate = rng.range(10, 400);
        }
        if self.settings.has(Fault::Delay) && rng.chance(700) {
            (weather.late, weather.late_ms) = (rng.range(20, 600), rng.range(20, 3000));
        }
        self.weather_until = now + rng.range(500, 6000);
        net.set_weather(weather);
    }

    /// Cuts links for a while.
    fn cut(&mut self, now: u64, nodes: &[Node], net: &Net) {
        let mut ids: Vec<NodeId> = nodes.iter().filter(|node| !node.gone).map(|node| node.id).collect();
        self.rng.shuffle(&mut ids);
        let leader = nodes.iter().find(|node| node.seen.leads.is_some()).map(|node| node.id);
        let mut links = BTreeSet::new();
        let both = |links: &mut BTreeSet<_>, a: NodeId, b: NodeId| links.extend([(a, b), (b, a)]);
        let half = ids.len() / 2;
        match self.rng.range(0, 5) {
            0 => ids[..half].iter().for_each(|a| ids[half..].iter().for_each(|b| both(&mut links, *a, *b))),
            // One way only.
            1 => ids[..half].iter().for_each(|a| links.extend(ids[half..].iter().map(|b| (*a, *b)))),
            // A ring: each reaches its two neighbours.
            2 => {
                for (i, a) in ids.iter().enumerate() {
                    for (j, b) in ids.iter().enumerate() {
                        let apart = i.abs_diff(j);
                        if apart > 1 && apart + 1 < ids.len() {
                            links.insert((*a, *b));
                        }
                    }
                }
            }
            // A bridge: the halves meet in one node only.
            3 => ids[..half].iter().for_each(|a| ids.iter().skip(half + 1).for_each(|b| both(&mut links, *a, *b))),
            // The leader alone, though clients reach it.
            4 => {
                let alone = leader.unwrap_or(ids[0]);
                ids.iter().filter(|id| **id != alone).for_each(|id| both(&mut links, *id, alone));
            }
            _ => {
                let alone = ids[0];
                ids.iter().chain([&CLIENTS]).filter(|id| **id != alone).for_each(|id| both(&mut links, *id, alone));
            }
        }
        self.cut_until = now + self.rng.range(300, 12_000);
        net.set_cut(links);
    }

    /// Nobody hears of a node any more, though it hears all: whoever forgets a promise to it is soon asked for another.
    fn mute(&mut self, now: u64, nodes: &[Node], net: &Net, node: NodeId) {
        self.cut_until = now + self.rng.range(1000, 6000);
        net.set_cut(nodes.iter().map(|other| (node, other.id)).filter(|(a, b)| a != b).collect());
    }

    fn pause(&mut self, now: u64, nodes: &mut [Node]) {
        let lasts = match self.rng.chance(300) {
            true => self.rng.range(6_000, 15_000),
            false => self.rng.range(50, 3000),
        };
        if let Some(at) = self.victim(nodes) {
            nodes[at].paused_until = now + lasts;
        }
    }

    /// One node, some, or all at the same instant.
    fn kill(&mut self, now: u64, nodes: &mut [Node], power: bool) -> anyhow::Result<()> {
        let many = self.rng.chance(350);
        let first = self.victim(nodes);
        for (at, node) in nodes.iter_mut().enumerate() {
            if (Some(at) == first || (many && self.rng.chance(800))) && node.is_up() {
                let down = self.down();
                node.crash(power, Some(now + down))?;
            }
        }
        Ok(())
    }

    /// Most come back at once, as under a supervisor; some take longer than a lease.
    fn down(&mut self) -> u64 {
        match self.rng.range(0, 9) {
            0..5 => self.rng.range(4, 200),
            5..8 => self.rng.range(200, 3000),
            _ => self.rng.range(5000, 12_000),
        }
    }

    /// Kills who just promised something: a promise must outlive that.
    fn break_promises(&mut self, now: u64, nodes: &mut [Node], net: &Net) -> anyhow::Result<()> {
        let promises = net.promises();
        if !self.settings.has(Fault::Crash) {
            return Ok(());
        }
        for Promise { by, to, kind } in promises {
            let likely = match kind {
                MessageKind::Vote => self.kill_promises * 8,
                MessageKind::AppendEntries => self.kill_promises / 10,
                MessageKind::PreVote | MessageKind::TransferLeader => 0,
            };
            if self.rng.chance(likely)
                && let Some(node) = nodes.iter_mut().find(|known| known.id == by && known.is_up())
            {
                let down = self.rng.range(4, 60);
                node.crash(false, Some(now + down))?;
                if kind == MessageKind::Vote && self.settings.has(Fault::Partition) && self.rng.chance(600) {
                    self.mute(now, nodes, net, to);
                }
            }
        }
        Ok(())
    }

    fn slow_disks(&mut self, now: u64, nodes: &[Node]) {
        for node in nodes {
            if self.rng.chance(600) {
                let mut machine = node.machine.lock();
                machine.flush_ms = self.rng.range(10, 600);
                machine.work_ms = if self.rng.chance(500) { self.rng.range(1, 200) } else { 0 };
            }
        }
        self.disks_until = now + self.rng.range(1000, 9000);
    }

    fn set_clock(&mut self, nodes: &[Node]) {
        if let Some(node) = self.rng.pick(nodes) {
            let jump = i64::try_from(self.rng.range(0, 240_000)).unwrap_or(0) - 120_000;
            node.machine.lock().skew = if self.rng.chance(700) { jump / 20 } else { jump };
        }
    }

    fn victim(&mut self, nodes: &[Node]) -> Option<usize> {
        let up: Vec<usize> = (0..nodes.len()).filter(|at| nodes[*at].is_up()).collect();
        let leader = up.iter().copied().find(|at| nodes[*at].seen.leads.is_some());
        leader.filter(|_| self.rng.chance(350)).or_else(|| self.rng.pick(&up).copied())
    }

    fn change_members(&mut self, nodes: &[Node]) -> Option<Wish> {
        let leader = nodes.iter().find(|node| node.seen.leads.is_some())?;
        let handles = leader.handles()?;
        let members = handles.raft.status().members;
        let voters = members.iter().filter(|member| member.role == gofer_consensus::Role::Voter).count();
        match self.rng.range(0, 2) {
            0 if nodes.len() < NODES_MAX => return Some(Wish::Join { learner: self.rng.chance(500) }),
            1 => {
                let learner = members.iter().find(|member| member.role == gofer_consensus::Role::Learner)?.id;
                ask(leader, format!("promote {learner}"), async move {
                    handles.raft.add_member(learner, &workload::address(learner), false).await.err()
                });
            }
            _ => {
                let member = self.rng.pick(&members)?;
                let (id, removed) = (member.id, self.removed.clone());
                if voters <= 3 && member.role == gofer_consensus::Role::Voter {
                    return None;
                }
                ask(leader, format!("remove {id}"), async move {
                    let result = handles.raft.remove_member(id).await;
                    if result.is_ok() {
                        removed.lock().unwrap_or_else(PoisonError::into_inner).push(id);
                    }
                    result.err()
                });
            }
        }
        None
    }

    fn transfer(&mut self, nodes: &[Node]) {
        let Some(leader) = nodes.iter().find(|node| node.seen.leads.is_some()) else { return };
        if leader.handles().is_some() {
            hand_over(leader, self.rng.pick(nodes).map(|node| node.id).filter(|_| self.rng.chance(700)));
        }
    }
}

/// The leader hands its leadership over, to this node or to any.
pub(crate) fn hand_over(leader: &Node, to: Option<NodeId>) {
    let Some(handles) = leader.handles() else { return };
    ask(leader, "hand over the leadership".to_owned(), async move { handles.raft.transfer_leader(to).await.err() });
}

/// Has a node do something, and notes how that went.
pub(crate) fn ask(
    node: &Node,
    what: String,
    work: impl Future<Output = Option<gofer_consensus::MembershipError>> + Send + 'static,
) {
    let Some(process) = &node.process else { return };
    let history = node.history();
    history.note(&format!("node {} is asked to {what}", node.id));
    process.spawn(async move {
        match work.await {
            None => history.note(&format!("done: {what}")),
            Some(error) => history.note(&format!("not done: {what}: {error}")),
        }
    });
}
