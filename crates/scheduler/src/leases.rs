//! Granting leases while this node leads.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gofer_consensus::Raft;
use gofer_domain::{NodeId, NodeStatus, State};
use gofer_store::Store;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::lease_table::{LeaseConfig, LeaseTable, Standing};
use crate::plan::PlanInput;

/// The leader's side of the leases. Cloning is cheap; all clones share one table.
#[derive(Clone)]
pub struct Leases(Arc<Inner>);

struct Inner {
    store: Store,
    raft: Raft,
    config: LeaseConfig,
    /// None while this node does not lead, or does not know yet what its predecessors decided.
    table: Mutex<Option<LeaseTable>>,
    /// A node that had no live lease got one.
    granted: Notify,
}

/// How a node's lease stands, as the leader sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseReport {
    pub node: NodeId,
    pub standing: Standing,
    /// How much is left of one that is held.
    pub left: Duration,
    /// How long leases last.
    pub config: LeaseConfig,
}

impl fmt::Debug for Leases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leases").field("config", &self.0.config).finish_non_exhaustive()
    }
}

impl Leases {
    pub(crate) fn new(store: Store, raft: Raft, config: LeaseConfig) -> Self {
        let inner = Inner { store, raft, config, table: Mutex::new(None), granted: Notify::new() };
        Self(Arc::new(inner))
    }

    /// Renews a node's lease: it ends so long after the node sent its request. `None`: no lease is granted. This node
    /// does not lead, has lost touch with the majority, or knows no ready node of that incarnation.
    pub async fn renew(&self, node: NodeId, incarnation: u64) -> Option<Duration> {
        let status = self.0.raft.status();
        // None unless this node leads in that term.
        let quorum_ack = status.quorum_ack?;
        let is_ready = self.0.store.read(|state| {
            let known = state.nodes.get(&node);
            known.is_some_and(|known| known.status == NodeStatus::Ready && known.incarnation == incarnation)
        });
        if !is_ready {
            return None;
        }
        let now = Instant::now();
        let config = &self.0.config;
        let mut table = self.table();
        let table = table.as_mut().filter(|table| table.term() == status.term)?;
        let before = table.standing(now, node, config);
        let lease = table.grant(now, quorum_ack, node, incarnation, config)?;
        if before != Standing::Live {
            self.0.granted.notify_one();
        }
        Some(lease)
    }

    /// How the leases of the ready nodes stand, by node; none while this node does not lead.
    #[must_use]
    pub fn report(&self) -> Vec<LeaseReport> {
        let ready: Vec<NodeId> = self.0.store.read(|state| {
            let ready = state.nodes.values().filter(|node| node.status == NodeStatus::Ready);
            ready.map(|node| node.id).collect()
        });
        let (now, config) = (Instant::now(), self.0.config);
        let table = self.table();
        let Some(table) = table.as_ref() else { return Vec::new() };
        let report = ready.into_iter().map(|node| {
            let standing = table.standing(now, node, &config);
            LeaseReport { node, standing, left: table.left(now, node), config }
        });
        report.collect()
    }

    /// Begins to grant leases in a term.
    pub(crate) fn begin(&self, term: u64) {
        *self.table() = Some(LeaseTable::new(term, Instant::now()));
    }

    /// Grants no more leases.
    pub(crate) fn end(&self) {
        *self.table() = None;
    }

    /// The ready nodes whose loss is to be declared.
    pub(crate) fn run_out(&self, state: &State) -> Vec<(NodeId, u64)> {
        let ready: BTreeMap<_, _> = state
            .nodes
            .values()
            .filter(|node| node.status == NodeStatus::Ready)
            .map(|node| (node.id, node.incarnation))
            .collect();
        self.table().as_mut().map(|table| table.run_out(Instant::now(), &ready, &self.0.config)).unwrap_or_default()
    }

    /// When to look again.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.table().as_ref().and_then(|table| table.next(Instant::now(), &self.0.config))
    }

    /// Returns when a node got a lease that had none.
    pub(crate) async fn granted(&self) {
        self.0.granted.notified().await;
    }

    /// What a plan has to know of leases.
    pub(crate) fn plan_input(&self, state: &State, commands_max: usize) -> PlanInput {
        let mut input = PlanInput { commands_max, ..PlanInput::default() };
        let now = Instant::now();
        let table = self.table();
        let Some(table) = table.as_ref() else { return input };
        for node in state.nodes.keys() {
            match table.standing(now, *node, &self.0.config) {
                Standing::Live => input.preferred.insert(*node),
                Standing::Unknown => false,
                Standing::RunOut => input.refused.insert(*node),
            };
        }
        input
    }

    fn table(&self) -> MutexGuard<'_, Option<LeaseTable>> {
        // Each change of the table is whole before anything can panic.
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
