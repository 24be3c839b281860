//! openraft's view of the other nodes: messages are encoded, handed to the [`Transport`], and timed.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gofer_domain::NodeId;
use openraft::errors::{ErrorSource, NetworkError, RPCError, ReplicationClosed, StreamingError, Timeout, Unreachable};
use openraft::impls::BoxedErrorSource;
use openraft::network::{RPCOption, RaftNetworkFactory, RaftNetworkV2};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, TransferLeaderRequest, TransferLeaderResponse,
    VoteRequest, VoteResponse,
};
use openraft::{BasicNode, OptionalSend, RPCTypes};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::applier::SnapshotData;
use crate::codec;
use crate::config::Config;
use crate::host::{Host, Work};
use crate::transport::{MessageKind, Transport, TransportError};
use crate::types::{TypeConfig, Vote};

type RpcError = RPCError<TypeConfig>;
type Streaming = StreamingError<TypeConfig>;

/// Makes a client per peer.
#[derive(Clone)]
pub(crate) struct Network {
    id: NodeId,
    transport: Arc<dyn Transport>,
    config: Arc<Config>,
    host: Host,
}

impl Network {
    pub(crate) fn new(id: NodeId, transport: Arc<dyn Transport>, config: Arc<Config>, host: Host) -> Self {
        Self { id, transport, config, host }
    }
}

impl RaftNetworkFactory<TypeConfig> for Network {
    type Network = Peer;

    async fn new_client(&mut self, target: u64, node: &BasicNode) -> Peer {
        Peer { network: self.clone(), target: NodeId(target), address: node.addr.clone() }
    }
}

/// Another node.
pub(crate) struct Peer {
    network: Network,
    target: NodeId,
    address: String,
}

impl Peer {
    async fn ask<Q: Serialize, A: DeserializeOwned>(
        &self,
        kind: MessageKind,
        action: RPCTypes,
        question: &Q,
        timeout: Duration,
    ) -> Result<A, RpcError> {
        let message = codec::encode(question).map_err(|error| RPCError::Network(NetworkError::new(&error)))?;
        let sending = self.network.transport.send(self.target, &self.address, kind, message.into(), timeout);
        match tokio::time::timeout(timeout, sending).await {
            Ok(Ok(answer)) => codec::decode(&answer).map_err(|error| RPCError::Unreachable(Unreachable::new(&error))),
            Ok(Err(error)) => Err(failed(&error)),
            Err(_) => Err(RPCError::Timeout(self.timeout(action, timeout))),
        }
    }

    fn timeout(&self, action: RPCTypes, timeout: Duration) -> Timeout<TypeConfig> {
        Timeout { action, id: self.network.id.0, target: self.target.0, timeout }
    }

    async fn send_snapshot(&self, vote: Vote, snapshot: Snapshot) -> Result<SnapshotResponse<TypeConfig>, Streaming> {
        let local = |error: std::io::Error| {
            Streaming::StorageError(openraft::StorageError::read_snapshot(None, BoxedErrorSource::from_error(&error)))
        };
        let SnapshotData::Kept(kept) = snapshot.snapshot else {
            return Err(local(std::io::Error::other("the snapshot is not one of this node's")));
        };
        let meta = codec::encode(&snapshot.meta).map_err(|error| local(error.into()))?;
        let vote = codec::encode(&vote).map_err(|error| local(error.into()))?;
        let reading = kept.clone();
        let files = self.network.host.blocking(Work::Snapshot, move || reading.files()).await.and_then(|files| files);
        let files = files.map_err(local)?;
        let transport = &self.network.transport;
        let sending = transport.send_snapshot(self.target, &self.address, files, vote.into(), meta.into());
        let answer = sending.await.map_err(|error| Streaming::from(failed(&error)))?;
        drop(kept);
        codec::decode(&answer).map_err(|error| Streaming::Unreachable(Unreachable::new(&error)))
    }
}

type Snapshot = openraft::type_config::alias::SnapshotOf<TypeConfig, SnapshotData>;

/// A refusal is treated like silence: it won't change its mind at once.
fn failed(error: &TransportError) -> RpcError {
    match error {
        TransportError::Unreachable(_) | TransportError::Remote(_) => RPCError::Unreachable(Unreachable::new(error)),
        TransportError::Failed(_) => RPCError::Network(NetworkError::new(error)),
    }
}

impl RaftNetworkV2<TypeConfig> for Peer {
    type SnapshotData = SnapshotData;

    /// openraft gives one heartbeat's time, which a follower with a slow disk needs for its fsync alone; giving up on
    /// it would only send the same entries again.
    async fn append_entries(
        &mut self,
        rpc: AppendEntriesRequest<TypeConfig>,
        _option: RPCOption,
    ) -> Result<AppendEntriesResponse<TypeConfig>, RpcError> {
        let config = &self.network.config;
        let timeout = if rpc.entries.is_empty() { config.election_min / 2 } else { config.message_timeout };
        self.ask(MessageKind::AppendEntries, RPCTypes::AppendEntries, &rpc, timeout).await
    }

    async fn vote(
        &mut self,
        rpc: VoteRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<VoteResponse<TypeConfig>, RpcError> {
        self.ask(MessageKind::Vote, RPCTypes::Vote, &rpc, option.hard_ttl()).await
    }

    async fn pre_vote(
        &mut self,
        rpc: VoteRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<VoteResponse<TypeConfig>, RpcError> {
        self.ask(MessageKind::PreVote, RPCTypes::Vote, &rpc, option.hard_ttl()).await
    }

    async fn full_snapshot(
        &mut self,
        vote: Vote,
        snapshot: Snapshot,
        cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        option: RPCOption,
    ) -> Result<SnapshotResponse<TypeConfig>, Streaming> {
        let timeout = option.hard_ttl();
        tokio::select! {
            answer = self.send_snapshot(vote, snapshot) => answer,
            closed = cancel => Err(Streaming::Closed(closed)),
            () = tokio::time::sleep(timeout) => {
                Err(Streaming::Timeout(self.timeout(RPCTypes::InstallSnapshot, timeout)))
            }
        }
    }

    async fn transfer_leader(
        &mut self,
        request: TransferLeaderRequest<TypeConfig>,
        _option: RPCOption,
    ) -> Result<TransferLeaderResponse<TypeConfig>, RpcError> {
        let timeout = self.network.config.message_timeout;
        self.ask(MessageKind::TransferLeader, RPCTypes::TransferLeader, &request, timeout).await
    }
}

/// The receiving side.
pub(crate) async fn handle(
    raft: &crate::types::Core,
    kind: MessageKind,
    message: &Bytes,
) -> Result<Bytes, crate::error::Error> {
    use crate::error::Error;
    fn read<T: DeserializeOwned>(message: &Bytes) -> Result<T, Error> {
        codec::decode(message).map_err(|error| Error::BadMessage(error.to_string()))
    }
    fn answer<T: Serialize, E: std::fmt::Display>(result: Result<T, E>) -> Result<Bytes, Error> {
        let value = result.map_err(|error| Error::Fatal(error.to_string()))?;
        codec::encode(&value).map(Bytes::from).map_err(|error| Error::BadMessage(error.to_string()))
    }
    match kind {
        MessageKind::AppendEntries => answer(raft.append_entries(read(message)?).await),
        MessageKind::Vote => answer(raft.vote(read(message)?).await),
        MessageKind::PreVote => answer(raft.pre_vote(read(message)?).await),
        MessageKind::TransferLeader => answer(raft.handle_transfer_leader(read(message)?).await),
    }
}
