//! What nodes ask of their leader.

use std::time::Duration;

use gofer_consensus::Encoded;
use gofer_domain::NodeId;
use gofer_store::codec;
use gofer_wire::peer::v1 as wire;
use gofer_wire::peer::v1::administer_request::Action;
use tonic::{Code, Request, Status};

use super::Peer;
use crate::convert;
use crate::errors::{self, Fault, reason};
use crate::limits;
use crate::peers::{FORWARDED_HEADER, Lane};

impl Peer {
    /// Never forwards: the asking node finds the leader.
    pub(super) async fn handle_propose(&self, request: wire::ProposeRequest) -> Result<wire::ProposeResponse, Status> {
        let commands: Result<Vec<Encoded>, _> = request.commands.into_iter().map(Encoded::check).collect();
        let commands = commands.map_err(|error| {
            Fault::invalid(&error.field, format!("a command can't be read: {error}"))
                .help("upgrade this node: the sender may be newer")
        })?;
        let outcomes = self.parts.raft.propose_encoded(commands).await;
        let outcomes = outcomes.map_err(|error| errors::propose_status(&error))?;
        Ok(wire::ProposeResponse { outcomes: outcomes.iter().map(codec::outcome_to_wire).collect() })
    }

    pub(super) async fn handle_renew_lease(
        &self,
        request: &wire::RenewLeaseRequest,
    ) -> Result<wire::RenewLeaseResponse, Status> {
        let leadership = self.parts.raft.watch().borrow().clone();
        if !leadership.is_self {
            let leader = leadership.leader.map(|leader| (leader, leadership.address));
            return Err(errors::not_leader(leader.as_ref()).into());
        }
        let lease = self.parts.leases.renew(NodeId(request.node), request.incarnation).await;
        let duration_ms = lease.map_or(0, |lease| u64::try_from(lease.as_millis()).unwrap_or(u64::MAX));
        Ok(wire::RenewLeaseResponse { duration_ms })
    }

    pub(super) async fn handle_join(&self, request: Request<wire::JoinRequest>) -> Result<wire::JoinResponse, Status> {
        let was_forwarded = request.metadata().contains_key(FORWARDED_HEADER);
        let deadline = limits::deadline(request.metadata());
        let join = request.into_inner();
        let leadership = self.parts.raft.watch().borrow().clone();
        if leadership.is_self {
            return self.join_here(join).await;
        }
        let leader = leadership.leader.map(|leader| (leader, leadership.address.clone()));
        if was_forwarded || leader.is_none() {
            return Err(errors::not_leader(leader.as_ref()).into());
        }
        let left = deadline.saturating_duration_since(tokio::time::Instant::now()).max(Duration::from_secs(1));
        let peers = &self.parts.peers;
        peers
            .call(Lane::Calls, &leadership.address, join, left, async |mut client, mut request: Request<_>| {
                request.metadata_mut().insert(FORWARDED_HEADER, tonic::metadata::MetadataValue::from_static("1"));
                client.join(request).await
            })
            .await
    }

    async fn join_here(&self, join: wire::JoinRequest) -> Result<wire::JoinResponse, Status> {
        let wire::JoinRequest { node, address, learner } = join;
        let node = convert::node(node)?;
        let found = self.parts.cluster.check_newcomer(&address).await?;
        if found != node {
            let message = format!("at {address} the leader finds node {found}, not node {node} that wants to join");
            return Err(Fault::new(Code::FailedPrecondition, reason::WRONG_NODE, message)
                .with("field", "address")
                .help("advertise an address at which the other nodes reach this one")
                .into());
        }
        let add = wire::AddMember { node: node.0, address, learner };
        self.parts.cluster.administer_here(&Action::AddMember(add)).await?;
        let cluster = self.parts.store.identity().cluster_id.unwrap_or_default();
        Ok(wire::JoinResponse { cluster_id: cluster.0.to_vec().into() })
    }
}
