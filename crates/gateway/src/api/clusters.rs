//! The cluster's members and nodes.

use std::time::Duration;

use gofer_consensus::Role;
use gofer_domain::{Command, NodeId, NodeStatus, Revision};
use gofer_store::codec;
use gofer_wire::api::v1 as wire;
use gofer_wire::api::v1::cluster_service_server::ClusterService;
use gofer_wire::peer::v1 as peer;
use gofer_wire::peer::v1::administer_request::Action;
use tokio::time::Instant;
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Response, Status, async_trait};

use super::Api;
use crate::errors::{Fault, reason};
use crate::{convert, diagnosis, limits};

/// A new member has to catch up; callers that name no deadline wait so long for that.
const ADD: Duration = Duration::from_secs(90);

#[async_trait]
impl ClusterService for Api {
    async fn get_status(
        &self,
        _: Request<wire::GetStatusRequest>,
    ) -> Result<Response<wire::GetStatusResponse>, Status> {
        let status = self.parts.raft.status();
        let progress = self.store().progress();
        let (revision, chain_head) = {
            let progress = progress.borrow();
            (progress.revision, progress.chain_head)
        };
        let leader = status.leader.as_ref().map(|(id, _)| *id);
        let name = |id: NodeId| self.store().read(|state| state.nodes.get(&id).map(|node| node.spec.name.clone()));
        let member = |member: gofer_consensus::Member| wire::Member {
            id: member.id.0,
            address: member.address,
            role: role(member.role, leader == Some(member.id)).into(),
            matched_index: member.matched,
            name: name(member.id).unwrap_or_default(),
        };
        let cluster = self.store().identity().cluster_id;
        Ok(Response::new(wire::GetStatusResponse {
            header: self.header(revision),
            cluster_id: cluster.map(|cluster| cluster.to_string()).unwrap_or_default(),
            leader: leader.unwrap_or_default().0,
            term: status.term,
            committed_index: status.committed,
            applied_index: status.applied,
            members: status.members.into_iter().map(member).collect(),
            chain_head: chain_head.to_vec(),
            build: self.parts.build.clone(),
        }))
    }

    async fn add_member(
        &self,
        request: Request<wire::AddMemberRequest>,
    ) -> Result<Response<wire::AddMemberResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        if message.address.is_empty() {
            return Err(Fault::invalid("address", "no address is given").help("use host:port of the new node").into());
        }
        let node = self.parts.cluster.check_newcomer(&message.address).await?;
        let add = peer::AddMember { node: node.0, address: message.address, learner: message.learner };
        let deadline =
            if metadata.contains_key("grpc-timeout") { limits::deadline(&metadata) } else { Instant::now() + ADD };
        self.parts.cluster.administer(Action::AddMember(add), deadline).await?;
        Ok(Response::new(wire::AddMemberResponse { node: node.0 }))
    }

    async fn remove_member(
        &self,
        request: Request<wire::RemoveMemberRequest>,
    ) -> Result<Response<wire::RemoveMemberResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let node = convert::node(message.node)?;
        let deadline = limits::deadline(&metadata);
        self.barrier(deadline).await?;
        let is_registered = self.check_idle(node)?;
        let was_draining = self.store().read(|state| state.nodes.get(&node).is_none_or(|node| node.draining));
        let taken_out = self.take_out(&metadata, node, is_registered, deadline).await;
        if taken_out.is_err() && !was_draining {
            // It stays, so it may work again.
            drop(self.commit(&metadata, &[], Command::UndrainNode { node }).await);
        }
        taken_out?;
        if is_registered {
            self.commit(&metadata, &[], Command::RemoveNode { node }).await?;
        }
        Ok(Response::new(wire::RemoveMemberResponse {}))
    }

    async fn transfer_leader(
        &self,
        request: Request<wire::TransferLeaderRequest>,
    ) -> Result<Response<wire::TransferLeaderResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let transfer = peer::TransferLeader { node: message.node };
        let deadline = limits::deadline(&metadata);
        let leader = self.parts.cluster.administer(Action::TransferLeader(transfer), deadline).await?;
        Ok(Response::new(wire::TransferLeaderResponse { leader: leader.0 }))
    }

    async fn list_nodes(
        &self,
        request: Request<wire::ListNodesRequest>,
    ) -> Result<Response<wire::ListNodesResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        self.freshen(&metadata, message.consistency).await?;
        let (revision, nodes) = self.nodes();
        Ok(Response::new(wire::ListNodesResponse { header: self.header(revision), nodes }))
    }

    async fn diagnose(&self, _: Request<wire::DiagnoseRequest>) -> Result<Response<wire::DiagnoseResponse>, Status> {
        let (members, common_revision) = diagnosis::of_all(&self.parts).await;
        let (revision, nodes) = self.nodes();
        let header = self.header(revision);
        Ok(Response::new(wire::DiagnoseResponse { header, members, common_revision, nodes }))
    }

    async fn drain_node(
        &self,
        request: Request<wire::DrainNodeRequest>,
    ) -> Result<Response<wire::DrainNodeResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let node = convert::node(message.node)?;
        let command = if message.undo { Command::UndrainNode { node } } else { Command::DrainNode { node } };
        let (revision, _) = self.commit(&metadata, &message.request_id, command).await?;
        Ok(Response::new(wire::DrainNodeResponse { header: self.header(revision) }))
    }
}

impl Api {
    /// The registered nodes, at a revision.
    fn nodes(&self) -> (Revision, Vec<wire::NodeInfo>) {
        self.store().read(|state| {
            let attempts = |id| state.index.placed.get(id).map_or(0, std::collections::BTreeSet::len);
            let nodes = state.nodes.values().map(|node| wire::NodeInfo {
                node: Some(codec::node_to_wire(node)),
                attempts: u32::try_from(attempts(&node.id)).unwrap_or(u32::MAX),
            });
            (state.revision, nodes.collect())
        })
    }

    /// Takes a node out of the Raft group, once nothing is or can be placed on it.
    async fn take_out(
        &self,
        metadata: &MetadataMap,
        node: NodeId,
        is_registered: bool,
        deadline: Instant,
    ) -> Result<(), Status> {
        if is_registered {
            self.commit(metadata, &[], Command::DrainNode { node }).await?;
            self.barrier(deadline).await?;
            self.check_idle(node)?;
        }
        let remove = Action::RemoveMember(peer::RemoveMember { node: node.0 });
        match self.parts.cluster.administer(remove, deadline).await {
            // An earlier removal got half-way.
            Err(status) if status.code() == Code::NotFound && is_registered => Ok(()),
            done => done.map(drop),
        }
    }

    /// Whether a node is registered. One that may still execute must not be removed: its attempts would count as lost
    /// while they run.
    fn check_idle(&self, node: NodeId) -> Result<bool, Fault> {
        let registered = self.store().read(|state| {
            let attempts = state.index.placed.get(&node).map_or(0, std::collections::BTreeSet::len);
            state.nodes.get(&node).map(|node| (node.status, attempts))
        });
        match registered {
            Some((NodeStatus::Ready, attempts @ 1..)) => {
                let plural = if attempts == 1 { "attempt that has" } else { "attempts that have" };
                let message = format!("node {node} holds {attempts} {plural} not ended");
                Err(Fault::new(Code::FailedPrecondition, reason::FAILED_PRECONDITION, message).with("field", "node").help(
                    "if it runs, drain it and wait until they have ended; if it is gone, or was stopped, wait until it is \
                     declared lost, and repeat this: that takes its lease and the margin, 16 s at most as configured by \
                     default; `gofer doctor` shows how its lease stands",
                ))
            }
            registered => Ok(registered.is_some()),
        }
    }
}

fn role(role: Role, leads: bool) -> wire::MemberRole {
    match role {
        Role::Learner => wire::MemberRole::Learner,
        Role::Voter if leads => wire::MemberRole::Leader,
        Role::Voter => wire::MemberRole::Follower,
    }
}
