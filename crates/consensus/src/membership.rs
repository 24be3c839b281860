//! Changes of the membership and of the leadership, on the leader.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use gofer_domain::NodeId;
use openraft::async_runtime::watch::WatchReceiver;
use openraft::errors::{ChangeMembershipError, ClientWriteError, RaftError};
use openraft::{BasicNode, ChangeMembers};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::error::MembershipError;
use crate::proposer::leader_of;
use crate::types::{Core, Metrics, TypeConfig, ordinal};

/// So many entries behind counts as caught up: less than what is on its way while a cluster is busy.
const LAG_MAX: u64 = 64;
/// Pause between attempts while another change is under way.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

type ChangeError = RaftError<TypeConfig, ClientWriteError<TypeConfig>>;
type Changes = ChangeMembers<u64, BasicNode>;

/// Changes members of the cluster that this node leads, each change within `timeout`.
pub(crate) struct Changer<'a> {
    pub(crate) raft: &'a Core,
    /// Held while a change is proposed and committed: two at a time make each other fail half-way.
    pub(crate) turn: &'a Mutex<()>,
    pub(crate) timeout: Duration,
}

impl Changer<'_> {
    fn metrics(&self) -> Metrics {
        self.raft.metrics().borrow_watched().clone()
    }

    /// The metrics, if this node leads.
    fn leading(&self) -> Result<Metrics, MembershipError> {
        let metrics = self.metrics();
        if let Err(error) = &metrics.running_state {
            return Err(MembershipError::Fatal(error.to_string()));
        }
        if metrics.state.is_leader() { Ok(metrics) } else { Err(not_leader(&metrics)) }
    }

    /// Waits until `done` says so, as long as this node leads.
    async fn wait(
        &self,
        what: impl fmt::Display,
        deadline: Instant,
        mut done: impl FnMut(&Metrics) -> bool,
    ) -> Result<(), MembershipError> {
        let mut receiver = self.raft.metrics();
        loop {
            let leading = {
                let metrics = receiver.borrow_and_update();
                if done(&metrics) {
                    return Ok(());
                }
                metrics.state.is_leader()
            };
            if !leading {
                return Err(not_leader(&self.metrics()));
            }
            match tokio::time::timeout_at(deadline, receiver.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Err(MembershipError::Fatal("it was shut down".into())),
                Err(_) => return Err(MembershipError::Timeout(format!("{what} within {:?}", self.timeout))),
            }
        }
    }

    /// Proposes a change, again while another one is under way.
    async fn change(&self, changes: Changes, retain: bool, deadline: Instant) -> Result<(), MembershipError> {
        let Ok(_turn) = tokio::time::timeout_at(deadline, self.turn.lock()).await else {
            return Err(MembershipError::InProgress);
        };
        loop {
            let asked = self.raft.change_membership(changes.clone(), retain);
            let error = match tokio::time::timeout_at(deadline, asked).await {
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(error)) => refused(error),
                Err(_) => {
                    return Err(MembershipError::Timeout(format!(
                        "the change was not committed within {:?}",
                        self.timeout
                    )));
                }
            };
            if error != MembershipError::InProgress || Instant::now() + RETRY_PAUSE >= deadline {
                return Err(error);
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }

    /// Adds a node as a learner, waits until it has caught up, then makes it a voter unless it is to stay a learner.
    pub(crate) async fn add(&self, node: NodeId, address: &str, learner: bool) -> Result<(), MembershipError> {
        let deadline = Instant::now() + self.timeout;
        let metrics = self.leading()?;
        let members = metrics.membership_config.membership();
        match members.get_node(&node.0) {
            Some(known) if known.addr != address => {
                return Err(MembershipError::Invalid(format!(
                    "node {node} is a member at {}, not at {address}; remove it and let it join again with a new id",
                    known.addr
                )));
            }
            Some(_) => {
                let votes = members.voter_ids().any(|id| id == node.0);
                if votes && members.get_joint_config().len() == 1 && !learner {
                    return Ok(());
                }
                if votes && learner {
                    return Err(MembershipError::Invalid(format!(
                        "node {node} is a voter already; remove it and let it join again with a new id as a learner"
                    )));
                }
            }
            None => {
                if address.is_empty() {
                    return Err(MembershipError::Invalid(format!("node {node} has no address; give host:port")));
                }
                let nodes = [(node.0, BasicNode::new(address))].into();
                self.change(ChangeMembers::AddNodes(nodes), true, deadline).await?;
            }
        }
        self.wait(format!("node {node} did not catch up"), deadline, |metrics| caught_up(metrics, node)).await?;
        if learner {
            return Ok(());
        }
        self.change(ChangeMembers::AddVoterIds([node.0].into()), true, deadline).await
    }

    /// Gives the only member another address.
    pub(crate) async fn move_alone(&self, address: &str) -> Result<(), MembershipError> {
        let deadline = Instant::now() + self.timeout;
        let metrics = self.leading()?;
        let members: Vec<u64> = metrics.membership_config.membership().nodes().map(|(id, _)| *id).collect();
        if members != [metrics.id] {
            let why = "only a node that is the only member can change its address".to_owned();
            return Err(MembershipError::Invalid(why));
        }
        let node = [(metrics.id, BasicNode::new(address))].into();
        self.change(ChangeMembers::SetNodes(node), true, deadline).await
    }

    /// Takes a node out. A leader that is taken out hands over afterwards.
    pub(crate) async fn remove(&self, node: NodeId) -> Result<(), MembershipError> {
        let deadline = Instant::now() + self.timeout;
        let metrics = self.leading()?;
        let members = metrics.membership_config.membership();
        if members.get_node(&node.0).is_none() {
            return Err(unknown(node, &metrics));
        }
        let voters: BTreeSet<u64> = members.voter_ids().collect();
        if voters.contains(&node.0) {
            if voters.len() == 1 {
                return Err(MembershipError::LastVoter { node });
            }
            // Without `retain` the removed voter does not stay behind as a learner.
            return self.change(ChangeMembers::RemoveVoters([node.0].into()), false, deadline).await;
        }
        self.change(ChangeMembers::RemoveNodes([node.0].into()), false, deadline).await
    }

    /// Hands the leadership to a voter, by default the one with the most of the log, and waits until it leads.
    pub(crate) async fn transfer(&self, to: Option<NodeId>) -> Result<NodeId, MembershipError> {
        let deadline = Instant::now() + self.timeout;
        let metrics = self.leading()?;
        let target = choose(&metrics, to)?;
        if target.0 == metrics.id {
            return Ok(target);
        }
        let fatal = |error: openraft::errors::Fatal<TypeConfig>| MembershipError::Fatal(error.to_string());
        let mut receiver = self.raft.metrics();
        self.raft.trigger().transfer_leader(target.0).await.map_err(fatal)?;
        loop {
            let leader = {
                let now = receiver.borrow_and_update();
                let settled = now.current_term > metrics.current_term;
                now.current_leader.filter(|_| settled).map(NodeId)
            };
            match leader {
                Some(leader) if leader == target || to.is_none() => return Ok(leader),
                Some(leader) => {
                    let why = format!("node {leader} was elected instead");
                    return Err(MembershipError::NotEligible { node: target, why });
                }
                None => {}
            }
            match tokio::time::timeout_at(deadline, receiver.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Err(MembershipError::Fatal("it was shut down".into())),
                Err(_) => {
                    let why = format!("node {target} did not take the leadership within {:?}", self.timeout);
                    return Err(MembershipError::Timeout(why));
                }
            }
        }
    }
}

fn choose(metrics: &Metrics, to: Option<NodeId>) -> Result<NodeId, MembershipError> {
    let members = metrics.membership_config.membership();
    let voters: BTreeSet<u64> = members.voter_ids().collect();
    if let Some(to) = to {
        if members.get_node(&to.0).is_none() {
            return Err(unknown(to, metrics));
        }
        if !voters.contains(&to.0) {
            let why = "it is a learner; make it a voter first".to_owned();
            return Err(MembershipError::NotEligible { node: to, why });
        }
        return Ok(to);
    }
    let matched =
        |id: u64| metrics.replication.as_ref().and_then(|replication| replication.get(&id).copied().flatten());
    voters
        .into_iter()
        .filter(|id| *id != metrics.id)
        .max_by_key(|id| (matched(*id), std::cmp::Reverse(*id)))
        .map(NodeId)
        .ok_or_else(|| MembershipError::NotEligible {
            node: NodeId(metrics.id),
            why: "it is the only voter, nobody can take over; add a voter first".into(),
        })
}

fn caught_up(metrics: &Metrics, node: NodeId) -> bool {
    if metrics.id == node.0 {
        return true;
    }
    let matched = metrics.replication.as_ref().and_then(|replication| replication.get(&node.0).copied().flatten());
    let last = metrics.last_log_index.map_or(0, |index| index.saturating_add(1));
    matched.is_some_and(|matched| ordinal(Some(&matched)) + LAG_MAX >= last)
}

fn unknown(node: NodeId, metrics: &Metrics) -> MembershipError {
    let ids: Vec<String> =
        metrics.membership_config.membership().nodes().map(|(id, node)| format!("{id} at {}", node.addr)).collect();
    MembershipError::UnknownNode { node, members: format!("its members are {}", ids.join(", ")) }
}

fn not_leader(metrics: &Metrics) -> MembershipError {
    let leader = metrics.current_leader.filter(|leader| *leader != metrics.id).and_then(|leader| {
        let node = metrics.membership_config.membership().get_node(&leader)?;
        Some((NodeId(leader), node.addr.clone()))
    });
    MembershipError::NotLeader { leader }
}

fn refused(error: ChangeError) -> MembershipError {
    match error {
        RaftError::Fatal(error) => MembershipError::Fatal(error.to_string()),
        RaftError::APIError(ClientWriteError::ForwardToLeader(forward)) => {
            MembershipError::NotLeader { leader: leader_of(forward) }
        }
        RaftError::APIError(ClientWriteError::ChangeMembershipError(
            ChangeMembershipError::InProgress(_) | ChangeMembershipError::UncommittedLeaderLog(_),
        )) => MembershipError::InProgress,
        // The membership changed between the two steps of a change.
        RaftError::APIError(ClientWriteError::PreconditionFailed(_)) => MembershipError::InProgress,
        RaftError::APIError(error @ ClientWriteError::LogEntryDiscarded(_)) => {
            MembershipError::Timeout(error.to_string())
        }
        RaftError::APIError(error) => MembershipError::Invalid(error.to_string()),
    }
}
