//! What this node knows of the cluster.

use std::collections::BTreeSet;
use std::time::Duration;

use gofer_domain::NodeId;
use openraft::Instant as _;

use crate::types::{Metrics, ordinal};

/// A look at consensus, as of now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    pub id: NodeId,
    pub term: u64,
    /// The leader and its address, as far as this node knows. None when that leader has been silent for long, or, if
    /// this node is it, when no majority has answered for as long.
    pub leader: Option<(NodeId, String)>,
    /// Index of the newest entry known to be committed; 0 for none.
    pub committed: u64,
    /// Index of the newest entry applied here; 0 for none.
    pub applied: u64,
    /// Index of the newest entry in the log here; 0 for none.
    pub last_log: u64,
    /// Index of the newest entry that is gone from the log here; 0 for none.
    pub purged: u64,
    /// Index the newest snapshot reaches to; 0 for none.
    pub snapshot: u64,
    /// By id.
    pub members: Vec<Member>,
    /// Time since a majority last acknowledged this leader, counted from when it was asked. `None` on any other
    /// node and before the first acknowledgement.
    pub quorum_ack: Option<Duration>,
    /// Why consensus stopped for good; the process must exit.
    pub fatal: Option<String>,
}

/// A node of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub id: NodeId,
    pub address: String,
    pub role: Role,
    /// Index up to which its log is known to match the leader's; known on the leader only.
    pub matched: Option<u64>,
}

/// What a member counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It votes and acknowledges.
    Voter,
    /// It only receives.
    Learner,
}

/// Who leads. Changes are published by [`Raft::watch`](crate::Raft::watch).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leadership {
    /// There is at most one leader in a term.
    pub term: u64,
    pub leader: Option<NodeId>,
    /// Address of the leader; empty when none is known.
    pub address: String,
    pub is_self: bool,
}

/// So many of the longest silences after which others ask to be elected end the belief in a leader.
const SILENCES: u32 = 5;

/// Reads openraft's metrics. `silence` is the time since a leader was heard, `patience` how long one may be silent before
/// others ask to be elected.
pub(crate) fn of(
    metrics: &Metrics,
    applied: u64,
    silence: Option<Duration>,
    patience: Duration,
    fatal: Option<String>,
) -> Status {
    let members = metrics.membership_config.membership();
    let leader = metrics
        .current_leader
        .map(|id| (NodeId(id), members.get_node(&id).map(|node| node.addr.clone()).unwrap_or_default()));
    let leads = metrics.state.is_leader();
    let voters: BTreeSet<u64> = members.voter_ids().collect();
    let quorum_ack = if leads { quorum_ack(metrics, &voters) } else { None };
    let is_recent = |time: Duration| time <= patience * SILENCES;
    let is_heard = if leads { quorum_ack.is_none_or(is_recent) } else { silence.is_some_and(is_recent) };
    let matched = |id: u64| match &metrics.replication {
        Some(_) if id == metrics.id => metrics.last_log_index.map(|index| index.saturating_add(1)),
        Some(replication) => replication.get(&id).map(|matched| ordinal(matched.as_ref())),
        None => None,
    };
    Status {
        id: NodeId(metrics.id),
        term: metrics.current_term,
        leader: leader.filter(|_| is_heard),
        committed: ordinal(metrics.local_committed.as_ref()),
        applied,
        last_log: metrics.last_log_index.map_or(0, |index| index.saturating_add(1)),
        purged: ordinal(metrics.purged.as_ref()),
        snapshot: ordinal(metrics.snapshot.as_ref()),
        members: members
            .nodes()
            .map(|(id, node)| Member {
                id: NodeId(*id),
                address: node.addr.clone(),
                role: if voters.contains(id) { Role::Voter } else { Role::Learner },
                matched: matched(*id),
            })
            .collect(),
        quorum_ack,
        fatal,
    }
}

/// openraft notes when a message was sent that a majority answered; metrics that lag make it only look older.
fn quorum_ack(metrics: &Metrics, voters: &BTreeSet<u64>) -> Option<Duration> {
    if voters.len() == 1 && voters.contains(&metrics.id) {
        return Some(Duration::ZERO);
    }
    metrics.last_quorum_acked.map(|acked| acked.into_inner().elapsed())
}
