//! Nodes as the log knows them: what they offer, and whether work may go to them.

use std::collections::BTreeMap;

use crate::config::{DriverSet, Resources};
use crate::ids::NodeId;
use crate::time::Timestamp;

/// Newest behaviour of the state machine that this code knows: 2 since the log can be archived, 3 since there are objects.
pub const LOGIC_VERSION: u32 = 3;
/// The first logic version with an archive.
pub const ARCHIVE_LOGIC: u32 = 2;
/// The first logic version with objects.
pub const OBJECT_LOGIC: u32 = 3;

/// What a node says of itself when it registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeSpec {
    /// Name for people, unique in the cluster.
    pub name: String,
    /// `host:port` other nodes reach it at.
    pub address: String,
    pub labels: BTreeMap<String, String>,
    /// Most attempts at the same time.
    pub slots: u32,
    /// What its attempts may use together; 0 means not limited.
    pub capacity: Resources,
    pub drivers: DriverSet,
    /// Newest logic version it can run.
    pub logic_version: u32,
    /// Version of its binary, for people.
    pub build: String,
}

/// A node that registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub id: NodeId,
    pub spec: NodeSpec,
    pub status: NodeStatus,
    /// Whether new attempts are kept away from it.
    pub draining: bool,
    /// How often it registered. A lease and a declaration of loss hold for one incarnation.
    pub incarnation: u64,
    pub since: Timestamp,
}

impl Node {
    /// Whether new attempts may be placed on it.
    #[must_use]
    pub fn takes_attempts(&self) -> bool {
        self.status == NodeStatus::Ready && !self.draining
    }
}

/// Whether a node is thought to be alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeStatus {
    Ready,
    /// Its lease ran out; it must register again before it gets work.
    Lost,
}
