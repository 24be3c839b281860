//! Objects: taken in chunk by chunk, given out from any node, and kept complete.

mod keeper;
mod outside;
mod put;
mod read;
mod token;

use std::time::Duration;

use gofer_consensus::Raft;
use gofer_domain::{Node, ObjectLimits, logic};
use gofer_store::Store;
use tonic::{Code, Status};

use crate::errors::{Fault, reason};

pub use keeper::ObjectKeeper;
pub use outside::Outside;
pub use token::TaskTokens;

pub(crate) use outside::diagnose;
pub(crate) use put::{Target, put};
pub(crate) use read::{Wanted, send};

/// How this node deals with objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectSettings {
    /// What scopes may hold, for objects that are put through this node.
    pub limits: ObjectLimits,
    /// How long bytes that no object names stay after they were put last. A put takes half as long at most.
    pub grace: Duration,
    /// How often this node looks for what it lacks, and for what nobody needs.
    pub sweep_every: Duration,
}

impl Default for ObjectSettings {
    fn default() -> Self {
        Self {
            limits: ObjectLimits::default(),
            grace: Duration::from_secs(24 * 3600),
            sweep_every: Duration::from_secs(600),
        }
    }
}

/// Refuses while a member may not know objects: their commands would stop it. A member that never registered may be of
/// an old version, and the state machine does not know of it.
pub(crate) fn check_known(store: &Store, raft: &Raft) -> Result<(), Status> {
    let members = raft.status().members;
    let unknown = store.read(|state| {
        let knows = |node: &Node| node.spec.logic_version >= logic::OBJECTS;
        let old = state.nodes.values().find(|node| !knows(node)).map(|node| node.id);
        old.or_else(|| members.iter().map(|member| member.id).find(|id| !state.nodes.get(id).is_some_and(knows)))
    });
    let Some(node) = unknown else { return Ok(()) };
    let message = format!("node {node} has not registered with a version that knows objects");
    Err(Fault::new(Code::FailedPrecondition, reason::FAILED_PRECONDITION, message)
        .help("start that node, upgrade it, or take it out of the cluster")
        .into())
}
