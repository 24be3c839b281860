//! Joining, membership, leadership and leases: what is asked of the leader besides commands and reads.

use std::time::Duration;

use gofer_consensus::{MembershipError, Raft, Role};
use gofer_domain::{ClusterId, NodeId};
use gofer_wire::peer::v1 as wire;
use gofer_wire::peer::v1::administer_request::Action;
use tokio::time::Instant;
use tonic::{Code, Status};

use super::Cluster;
use super::route::{Backoff, Route};
use crate::errors::{self, Fault, reason};
use crate::lease::{GrantLease, RenewError};
use crate::peers::Lane;

/// How long one try of a change may take: a new member has to catch up.
const CHANGE: Duration = Duration::from_secs(90);
/// How long asking for a lease may take.
const RENEW: Duration = Duration::from_secs(2);
/// How long asking a node who it is may take.
const IDENTIFY: Duration = Duration::from_secs(3);
/// How long a seed may take to say of which cluster it is.
const SEED: Duration = Duration::from_secs(1);
/// Pause between two rounds of asking the seeds.
const JOIN_PAUSE: Duration = Duration::from_millis(500);

/// This node did not become a member.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// The cluster refused; asking again won't help.
    #[error("the cluster at {address} refused to take this node: {why}")]
    Refused { address: String, why: String },
    /// No member answered in time.
    #[error("no member of the cluster took this node within {waited:?}; the last answer was: {why}")]
    Unreachable { waited: Duration, why: String },
    /// This node belongs to a cluster already, and to another one.
    #[error(
        "this node's data belongs to cluster {own}, and the node at {address}, which it is told to join, to cluster {other}; \
         name a member of its own cluster, or give it a new, empty data directory"
    )]
    OtherCluster { address: String, own: ClusterId, other: ClusterId },
    /// There is nobody to ask.
    #[error("no address of a member was given; name at least one")]
    NoSeeds,
    /// The cluster's id could not be kept.
    #[error("the cluster's id can't be stored")]
    Store(#[from] gofer_store::Error),
}

impl Cluster {
    /// Makes this node a member of the cluster that the nodes at `seeds` belong to, and keeps the cluster's id. The
    /// own server must already be up at `address`. Asks the seeds in turn until one succeeds or the time is over;
    /// repeating it is harmless.
    ///
    /// # Errors
    /// See [`JoinError`].
    pub async fn join(
        &self,
        seeds: &[String],
        address: &str,
        learner: bool,
        within: Duration,
    ) -> Result<ClusterId, JoinError> {
        let deadline = Instant::now() + within;
        let request = wire::JoinRequest { node: self.0.raft.status().id.0, address: address.to_owned(), learner };
        let mut why = None;
        while why.is_none() || Instant::now() < deadline {
            for seed in seeds {
                let time = deadline.saturating_duration_since(Instant::now()).clamp(RENEW, CHANGE);
                let answer =
                    self.0.peers.call(Lane::Calls, seed, request.clone(), time, async |mut client, request| {
                        client.join(request).await
                    });
                match answer.await {
                    Ok(answer) => {
                        let Some(cluster) = crate::convert::cluster_id(&answer.cluster_id) else {
                            why = Some(format!("the node at {seed} named no cluster"));
                            continue;
                        };
                        self.0.store.set_cluster(cluster)?;
                        return Ok(cluster);
                    }
                    Err(status) if is_final(&status) => {
                        return Err(JoinError::Refused { address: seed.clone(), why: status.message().to_owned() });
                    }
                    Err(status) => why = Some(format!("{seed}: {}", status.message())),
                }
            }
            if seeds.is_empty() {
                return Err(JoinError::NoSeeds);
            }
            tokio::time::sleep(JOIN_PAUSE).await;
        }
        Err(JoinError::Unreachable { waited: within, why: why.unwrap_or_default() })
    }

    /// Checks that no seed belongs to another cluster than this node, which is a member already. Seeds that don't
    /// answer soon are passed over: a member needs none of them.
    ///
    /// # Errors
    /// [`JoinError::OtherCluster`].
    pub async fn check_seeds(&self, seeds: &[String]) -> Result<(), JoinError> {
        let Some(own) = self.0.store.identity().cluster_id else { return Ok(()) };
        let asked = seeds.iter().map(|seed| tokio::time::timeout(SEED, self.identify(seed)));
        for (address, answer) in seeds.iter().zip(futures::future::join_all(asked).await) {
            let identity = answer.ok().and_then(Result::ok);
            let other = identity.and_then(|identity| crate::convert::cluster_id(&identity.cluster_id));
            if let Some(other) = other.filter(|other| *other != own) {
                return Err(JoinError::OtherCluster { address: address.clone(), own, other });
            }
        }
        Ok(())
    }

    /// The node at an address, and the cluster that it belongs to; none when it does not answer, or to no cluster.
    pub async fn found_at(&self, address: &str) -> Option<(NodeId, ClusterId)> {
        let identity = self.identify(address).await.ok()?;
        Some((NodeId(identity.node), crate::convert::cluster_id(&identity.cluster_id)?))
    }

    /// Asks whoever leads for a lease, once.
    pub(crate) async fn renew_lease(
        &self,
        local: &dyn GrantLease,
        node: NodeId,
        incarnation: u64,
    ) -> Result<Option<Duration>, RenewError> {
        let address = match Route::of(&self.0.raft, None) {
            Route::Local => return Ok(local.renew(node, incarnation).await),
            Route::Remote(address) => address,
            Route::Nowhere => return Err(RenewError("no leader is known".into())),
        };
        let request = wire::RenewLeaseRequest { node: node.0, incarnation };
        let answer = self
            .0
            .peers
            .call(Lane::Raft, &address, request, RENEW, async |mut client, request| client.renew_lease(request).await);
        let answer = answer.await.map_err(|status| RenewError(status.message().to_owned()))?;
        Ok((answer.duration_ms > 0).then(|| Duration::from_millis(answer.duration_ms)))
    }

    /// Has the leader change the membership or the leadership; repeats that until the deadline while there is no
    /// leader. Returns the leader after the change.
    pub(crate) async fn administer(&self, action: Action, deadline: Instant) -> Result<NodeId, Status> {
        let mut backoff = Backoff::new(&self.0.raft);
        let mut hint = None;
        let mut doubt = false;
        loop {
            let status = match self.administer_once(&action, hint.take(), deadline).await {
                Ok(leader) => return Ok(leader),
                Err(status) => status,
            };
            match errors::reason_of(&status).as_deref() {
                Some(reason::NOT_LEADER) => hint = errors::leader_named(&status),
                // An earlier try that got no answer took it out.
                Some(reason::NOT_FOUND) if doubt && matches!(action, Action::RemoveMember(_)) => {
                    return Ok(self.0.raft.watch().borrow().leader.unwrap_or_default());
                }
                Some(reason::NODE_STOPPED) => doubt = true,
                None if matches!(status.code(), Code::Unavailable | Code::Cancelled | Code::Unknown) => doubt = true,
                _ => return Err(status),
            }
            if !backoff.pause(hint.is_some(), deadline).await {
                return Err(out_of_time(&status));
            }
        }
    }

    async fn administer_once(
        &self,
        action: &Action,
        hint: Option<(NodeId, String)>,
        deadline: Instant,
    ) -> Result<NodeId, Status> {
        let time = deadline.saturating_duration_since(Instant::now()).min(CHANGE);
        let late = || {
            let message = format!("the change was not made within {time:?}");
            Err(Fault::new(Code::DeadlineExceeded, reason::OUTCOME_UNKNOWN, message)
                .help("look at the members, then try again")
                .into())
        };
        match Route::of(&self.0.raft, hint) {
            Route::Local => match tokio::time::timeout(time, self.administer_here(action)).await {
                Ok(done) => done,
                Err(_) => late(),
            },
            Route::Remote(address) => {
                let request = wire::AdministerRequest { action: Some(action.clone()) };
                let answer = self.0.peers.call(Lane::Calls, &address, request, time, async |mut client, request| {
                    client.administer(request).await
                });
                answer.await.map(|answer| NodeId(answer.leader))
            }
            Route::Nowhere => Err(errors::not_leader(None).into()),
        }
    }

    /// Makes a change on this node, which must lead. A change that began goes on when the call is given up.
    pub(crate) async fn administer_here(&self, action: &Action) -> Result<NodeId, Status> {
        let (raft, action) = (self.0.raft.clone(), action.clone());
        let changing = tokio::spawn(async move { change(&raft, &action).await });
        let changed = changing.await.map_err(|error| errors::interrupted(&error))?;
        changed.map_err(|error| errors::membership(&error).into())
    }

    /// Asks the node at an address who it is.
    pub(crate) async fn identify(&self, address: &str) -> Result<wire::IdentifyResponse, Status> {
        let call =
            self.0.peers.call(Lane::Calls, address, wire::IdentifyRequest {}, IDENTIFY, async |mut client, request| {
                client.identify(request).await
            });
        call.await.map_err(|status| {
            if status.code() == Code::InvalidArgument {
                return status;
            }
            let message = format!("no gofer node answers at {address}: {}", status.message());
            Fault::new(Code::FailedPrecondition, reason::UNREACHABLE, message)
                .with("field", "address")
                .help("start `gofer server` there with an empty data directory, and check the address and the firewall")
                .into()
        })
    }

    /// Checks that a node may become a member: the one that was meant answers at the address, and it belongs to no
    /// other cluster.
    pub(crate) async fn check_newcomer(&self, address: &str) -> Result<NodeId, Status> {
        let identity = self.identify(address).await?;
        let own = self.0.store.identity().cluster_id.map(|cluster| cluster.0.to_vec()).unwrap_or_default();
        if own.is_empty() {
            let message = "this node belongs to no cluster itself";
            return Err(Fault::new(Code::Unavailable, reason::NO_CLUSTER, message)
                .help("ask a member, or make a cluster with --bootstrap first")
                .into());
        }
        if !identity.cluster_id.is_empty() && identity.cluster_id != own {
            let message = format!("the node at {address} belongs to another cluster");
            return Err(Fault::new(Code::FailedPrecondition, reason::OTHER_CLUSTER, message)
                .with("field", "address")
                .help("give that node a new, empty data directory, then add it again")
                .into());
        }
        Ok(NodeId(identity.node))
    }
}

async fn change(raft: &Raft, action: &Action) -> Result<NodeId, MembershipError> {
    match action {
        Action::AddMember(add) => raft.add_member(NodeId(add.node), &add.address, add.learner).await?,
        Action::RemoveMember(remove) if NodeId(remove.node) == raft.status().id && raft.watch().borrow().is_self => {
            // The next leader does it: whoever goes can't see the change through.
            let members = raft.status().members;
            if members.iter().filter(|member| member.role == Role::Voter).count() < 2 {
                return Err(MembershipError::LastVoter { node: NodeId(remove.node) });
            }
            let next = raft.transfer_leader(None).await?;
            let next = members.into_iter().find(|member| member.id == next).map(|member| (member.id, member.address));
            return Err(MembershipError::NotLeader { leader: next });
        }
        Action::RemoveMember(remove) => raft.remove_member(NodeId(remove.node)).await?,
        Action::TransferLeader(transfer) => {
            return raft.transfer_leader((transfer.node != 0).then_some(NodeId(transfer.node))).await;
        }
    }
    Ok(raft.watch().borrow().leader.unwrap_or_default())
}

/// Whether asking for the same again can't succeed.
fn is_final(status: &Status) -> bool {
    let reason = errors::reason_of(status);
    status.code() == Code::InvalidArgument
        || matches!(
            reason.as_deref(),
            Some(reason::OTHER_CLUSTER | reason::WRONG_NODE | reason::FAILED_PRECONDITION | reason::INVALID_ARGUMENT)
        )
}

fn out_of_time(last: &Status) -> Status {
    if errors::reason_of(last).as_deref() != Some(reason::NOT_LEADER) {
        return Status::new(last.code(), last.message());
    }
    Fault::new(Code::Unavailable, reason::NO_LEADER, "no leader could be reached in time")
        .help("retry; if it stays so, check that a majority of the voters runs")
        .into()
}
