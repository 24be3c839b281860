//! What can go wrong, by what the caller does next.

use gofer_domain::NodeId;

/// Starting or running consensus failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Settings contradict each other; correct them.
    #[error("the consensus settings are not usable: {}", join(.0))]
    Config(Vec<ConfigFault>),
    /// The log on disk can't be trusted. The node must come back under a new id, with an empty data directory.
    #[error("the raft log at {at} is damaged: {what}")]
    Corrupt { what: String, at: String },
    /// A newer gofer wrote the log; use that one or a newer one.
    #[error("the raft log has format {found}, this version knows formats up to {known}; use a newer gofer")]
    NewerFormat { found: u32, known: u32 },
    /// The disk failed or is full.
    #[error("the raft log can't be used ({what})")]
    Io {
        what: String,
        #[source]
        source: std::io::Error,
    },
    /// The store refused.
    #[error("the state store failed")]
    Store(#[from] gofer_store::Error),
    /// A message from another node makes no sense; the peer runs another version, or the bytes were altered.
    #[error("a raft message can't be read: {0}")]
    BadMessage(String),
    /// This node already belongs to a cluster, or holds a log.
    #[error("the cluster can't be created: {0}")]
    NotPristine(String),
    /// The first command was refused or nothing answered in time.
    #[error("the cluster was not created: {0}")]
    Bootstrap(String),
    /// Consensus stopped for good; the process must exit and be started again.
    #[error("consensus has stopped: {0}")]
    Fatal(String),
}

/// A setting that can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {why}")]
pub struct ConfigFault {
    pub setting: &'static str,
    /// What is wrong and what would do.
    pub why: String,
}

/// A proposal or a linearizable read was not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProposeError {
    /// Nothing happened; ask the leader, or wait for one.
    #[error("this node is not the leader{}", leader_text(.leader))]
    NotLeader { leader: Option<(NodeId, String)> },
    /// Nothing happened; ask again later, with patience.
    #[error("too many proposals wait; try again later")]
    Overloaded,
    /// Nothing happened and never will: the call breaks a limit.
    #[error("the proposal is too large: {0}")]
    TooLarge(String),
    /// Nothing happened: the members are not such that this may be decided, as one of them does not know the command yet,
    /// or it is by none of them. The same may pass later.
    #[error("{0}")]
    Precondition(String),
    /// It may or may not have been committed. Asking again with the same request ids is safe.
    #[error("it is not known whether the proposal was committed ({0}); retry with the same request ids")]
    Unknown(String),
    /// What was waited for did not come in time. Nothing was changed by waiting.
    #[error("timed out: {0}")]
    Timeout(String),
    /// This node has stopped for good.
    #[error("consensus has stopped on this node: {0}")]
    Fatal(String),
}

/// A change of the membership or the leadership did not happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MembershipError {
    /// Ask the leader, or wait for one.
    #[error("this node is not the leader{}", leader_text(.leader))]
    NotLeader { leader: Option<(NodeId, String)> },
    /// Another change is on its way; wait for it, then ask again.
    #[error("another change of the membership is under way; wait for it and try again")]
    InProgress,
    /// There is no such member.
    #[error("node {node} is not a member of this cluster ({members}); see the list of members for the right id")]
    UnknownNode { node: NodeId, members: String },
    /// A cluster without voters could never decide anything again.
    #[error("node {node} is the last voter; add another voter before it is removed, or delete the cluster")]
    LastVoter { node: NodeId },
    /// Only a voter can lead.
    #[error("node {node} can't lead: {why}")]
    NotEligible { node: NodeId, why: String },
    /// A member's address can't be changed while it is in the cluster.
    #[error("{0}")]
    Invalid(String),
    /// It may still happen; look at the status, then ask again.
    #[error("timed out: {0}; look at the members and try again")]
    Timeout(String),
    /// This node has stopped for good.
    #[error("consensus has stopped on this node: {0}")]
    Fatal(String),
}

fn leader_text(leader: &Option<(NodeId, String)>) -> String {
    match leader {
        Some((id, address)) => format!("; the leader is node {id} at {address}"),
        None => "; no leader is known, try again in a moment".into(),
    }
}

fn join(faults: &[ConfigFault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
