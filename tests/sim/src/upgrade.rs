//! A rolling upgrade: nodes of the logic version before this one are started again with this one, one after the other.

use gofer_domain::{LOGIC_VERSION, logic};
use gofer_rng::Rng;

use crate::node::Node;

/// The logic version that the nodes begin with.
pub(crate) const OLD: u32 = logic::ARCHIVE - 1;
/// Longest time between two upgrades, and that one takes, in milliseconds.
const NEXT_MS: u64 = 8_000;
const TAKES_MS: u64 = 2_000;

pub(crate) struct Upgrade {
    rng: Rng,
    next_at: u64,
}

impl Upgrade {
    pub(crate) fn new(rng: Rng) -> Self {
        Self { rng, next_at: 0 }
    }

    /// Upgrades one of the old nodes, now and then.
    pub(crate) fn step(&mut self, now: u64, nodes: &mut [Node]) -> anyhow::Result<()> {
        if now < self.next_at {
            return Ok(());
        }
        // Not at once: an old cluster has to work, too.
        if std::mem::replace(&mut self.next_at, now + self.rng.range(200, NEXT_MS)) == 0 {
            return Ok(());
        }
        let old: Vec<usize> = (0..nodes.len()).filter(|at| is_old(&nodes[*at])).collect();
        match self.rng.pick(&old) {
            Some(at) => self.upgrade(now, &mut nodes[*at]),
            None => Ok(()),
        }
    }

    /// Upgrades all that are left.
    pub(crate) fn finish(&mut self, now: u64, nodes: &mut [Node]) -> anyhow::Result<()> {
        nodes.iter_mut().filter(|node| is_old(node)).try_for_each(|node| self.upgrade(now, node))
    }

    fn upgrade(&mut self, now: u64, node: &mut Node) -> anyhow::Result<()> {
        node.machine.lock().logic_version = LOGIC_VERSION;
        let takes = self.rng.range(4, TAKES_MS);
        // One that is down is a new one when it comes back.
        if node.is_up() { node.crash(false, Some(now + takes)) } else { Ok(()) }
    }
}

fn is_old(node: &Node) -> bool {
    !node.gone && node.machine.lock().logic_version < LOGIC_VERSION
}
