//! What other nodes ask of this one.

mod blob_calls;
mod key_calls;
mod leader_calls;
mod raft_calls;
mod snapshot;

use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream::BoxStream;
use gofer_domain::TriggerName;
use gofer_wire::peer::v1 as wire;
use gofer_wire::peer::v1::peer_service_server::PeerService;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Response, Status, Streaming, async_trait};

use crate::errors::{self, Fault, reason};
use crate::logs::LogsError;
use crate::peers::CLUSTER_HEADER;
use crate::server::Parts;
use crate::{convert, diagnosis, plugins};

/// Blobs that are taken in at the same time, as each may need room on the disk in vain.
const BLOBS_AT_ONCE: usize = 4;

/// The peer service.
#[derive(Clone)]
pub(crate) struct Peer {
    parts: Parts,
    shutdown: CancellationToken,
    incoming_blobs: Arc<Semaphore>,
    /// A node gets one snapshot at a time.
    incoming_snapshot: Arc<Semaphore>,
}

impl Peer {
    pub(crate) fn new(parts: Parts, shutdown: CancellationToken) -> Self {
        let incoming_blobs = Arc::new(Semaphore::new(BLOBS_AT_ONCE));
        Self { parts, shutdown, incoming_blobs, incoming_snapshot: Arc::new(Semaphore::new(1)) }
    }

    /// Refuses calls from another cluster.
    fn admit(&self, metadata: &MetadataMap) -> Result<(), Fault> {
        let Some(value) = metadata.get_bin(CLUSTER_HEADER) else { return Ok(()) };
        let theirs = value.to_bytes().map_err(|_| Fault::invalid(CLUSTER_HEADER, "the cluster id is malformed"))?;
        self.admit_cluster(&theirs)
    }

    /// Refuses calls that don't say which cluster they come from, too.
    fn admit_member(&self, metadata: &MetadataMap) -> Result<(), Fault> {
        if metadata.get_bin(CLUSTER_HEADER).is_none() {
            return Err(Fault::invalid(CLUSTER_HEADER, "the call does not name the caller's cluster"));
        }
        self.admit(metadata)
    }

    fn admit_cluster(&self, theirs: &[u8]) -> Result<(), Fault> {
        let Some(own) = self.parts.store.identity().cluster_id else { return Ok(()) };
        match convert::cluster_id(theirs) {
            Some(theirs) if theirs == own => Ok(()),
            Some(theirs) => Err(other_cluster(&own.to_string(), &theirs.to_string())),
            None => Err(Fault::invalid("cluster_id", "a cluster id has 16 bytes")),
        }
    }
}

fn other_cluster(own: &str, theirs: &str) -> Fault {
    let message = format!("this node belongs to cluster {own}, the call comes from cluster {theirs}");
    Fault::new(Code::FailedPrecondition, reason::OTHER_CLUSTER, message)
        .help("check the addresses of the members; a node that changes its cluster needs an empty data directory")
}

#[async_trait]
impl PeerService for Peer {
    type GetBlobStream = BoxStream<'static, Result<wire::GetBlobResponse, Status>>;
    type StreamAttemptLogStream = BoxStream<'static, Result<wire::StreamAttemptLogResponse, Status>>;

    async fn raft(&self, request: Request<wire::RaftRequest>) -> Result<Response<wire::RaftResponse>, Status> {
        self.handle_raft(request.into_inner()).await.map(Response::new)
    }

    async fn install_snapshot(
        &self,
        request: Request<Streaming<wire::InstallSnapshotRequest>>,
    ) -> Result<Response<wire::InstallSnapshotResponse>, Status> {
        let (metadata, _, parts) = request.into_parts();
        self.admit(&metadata)?;
        tokio::select! {
            answer = self.receive_snapshot(parts) => answer.map(Response::new),
            () = self.shutdown.cancelled() => Err(errors::shutting_down("try again later").into()),
        }
    }

    async fn propose(&self, request: Request<wire::ProposeRequest>) -> Result<Response<wire::ProposeResponse>, Status> {
        self.admit(request.metadata())?;
        self.handle_propose(request.into_inner()).await.map(Response::new)
    }

    async fn read_index(
        &self,
        request: Request<wire::ReadIndexRequest>,
    ) -> Result<Response<wire::ReadIndexResponse>, Status> {
        self.admit(request.metadata())?;
        let index = self.parts.raft.read_index().await.map_err(|error| errors::propose_status(&error))?;
        Ok(Response::new(wire::ReadIndexResponse { index }))
    }

    async fn renew_lease(
        &self,
        request: Request<wire::RenewLeaseRequest>,
    ) -> Result<Response<wire::RenewLeaseResponse>, Status> {
        self.admit(request.metadata())?;
        self.handle_renew_lease(&request.into_inner()).await.map(Response::new)
    }

    async fn join(&self, request: Request<wire::JoinRequest>) -> Result<Response<wire::JoinResponse>, Status> {
        self.admit(request.metadata())?;
        self.handle_join(request).await.map(Response::new)
    }

    async fn identify(&self, _: Request<wire::IdentifyRequest>) -> Result<Response<wire::IdentifyResponse>, Status> {
        let identity = self.parts.store.identity();
        let leadership = self.parts.raft.watch().borrow().clone();
        Ok(Response::new(wire::IdentifyResponse {
            node: identity.node_id.0,
            cluster_id: identity.cluster_id.map(|cluster| cluster.0.to_vec().into()).unwrap_or_default(),
            leader: leadership.leader.unwrap_or_default().0,
            leader_address: leadership.address,
            time_ms: diagnosis::unix_ms(),
        }))
    }

    async fn diagnose(
        &self,
        request: Request<wire::DiagnoseRequest>,
    ) -> Result<Response<wire::DiagnoseResponse>, Status> {
        self.admit(request.metadata())?;
        let found = diagnosis::of_self(&self.parts, request.into_inner()).await?;
        Ok(Response::new(wire::DiagnoseResponse { diagnosis: Some(found) }))
    }

    async fn offer_cluster_key(
        &self,
        request: Request<wire::OfferClusterKeyRequest>,
    ) -> Result<Response<wire::OfferClusterKeyResponse>, Status> {
        self.admit(request.metadata())?;
        self.handle_offer(request.into_inner()).await.map(Response::new)
    }

    async fn fetch_cluster_key(
        &self,
        request: Request<wire::FetchClusterKeyRequest>,
    ) -> Result<Response<wire::FetchClusterKeyResponse>, Status> {
        self.admit_member(request.metadata())?;
        self.handle_fetch(&request.into_inner()).map(Response::new)
    }

    async fn list_cluster_keys(
        &self,
        request: Request<wire::ListClusterKeysRequest>,
    ) -> Result<Response<wire::ListClusterKeysResponse>, Status> {
        self.admit(request.metadata())?;
        Ok(Response::new(self.handle_list_keys()))
    }

    async fn list_plugin_instances(
        &self,
        request: Request<wire::ListPluginInstancesRequest>,
    ) -> Result<Response<wire::ListPluginInstancesResponse>, Status> {
        self.admit(request.metadata())?;
        let node = self.parts.store.identity().node_id.0;
        let instances = self.parts.attached.instances(&request.get_ref().trigger, node);
        Ok(Response::new(wire::ListPluginInstancesResponse { instances }))
    }

    async fn call_plugin(
        &self,
        request: Request<wire::CallPluginRequest>,
    ) -> Result<Response<wire::CallPluginResponse>, Status> {
        self.admit(request.metadata())?;
        let wire::CallPluginRequest { trigger, request } = request.into_inner();
        let trigger = TriggerName::new(&trigger).map_err(|rejection| errors::rejected(&rejection))?;
        let request = request.ok_or_else(|| Fault::invalid("request", "there is no request"))?;
        let response = self.parts.attached.call(&trigger, request, Instant::now() + plugins::ANSWER).await?;
        Ok(Response::new(wire::CallPluginResponse { response: Some(response) }))
    }

    async fn put_blob(
        &self,
        request: Request<Streaming<wire::PutBlobRequest>>,
    ) -> Result<Response<wire::PutBlobResponse>, Status> {
        let (metadata, _, parts) = request.into_parts();
        self.admit(&metadata)?;
        self.receive_blob(parts).await.map(Response::new)
    }

    async fn get_blob(&self, request: Request<wire::GetBlobRequest>) -> Result<Response<Self::GetBlobStream>, Status> {
        self.admit(request.metadata())?;
        self.send_blob(&request.into_inner()).await.map(Response::new)
    }

    async fn stream_attempt_log(
        &self,
        request: Request<wire::StreamAttemptLogRequest>,
    ) -> Result<Response<Self::StreamAttemptLogStream>, Status> {
        self.admit(request.metadata())?;
        let message = request.into_inner();
        let key = convert::attempt(message.attempt.as_ref())?;
        let opened = self.parts.logs.stream(&key, message.from, message.follow).await;
        let records = opened.map_err(|error| log_status(&error))?;
        let shutdown = self.shutdown.clone();
        let answers = records.map(|record| match record {
            Ok(record) => Ok(wire::StreamAttemptLogResponse {
                stream: record.source.to_wire(),
                time_ms: record.time.0,
                data: record.data,
                next: record.next,
            }),
            Err(error) => Err(log_status(&error)),
        });
        // The end of the stream means the end of the output, so a shutdown must look different.
        let cut = futures::stream::once(async move {
            shutdown.cancelled().await;
            Err(errors::shutting_down("ask again later").into())
        });
        let ended = answers.map(Some).chain(futures::stream::once(async { None }));
        let both = futures::stream::select(ended, cut.map(Some));
        Ok(Response::new(Box::pin(
            both.take_while(|item| std::future::ready(item.is_some())).filter_map(std::future::ready),
        )))
    }

    async fn administer(
        &self,
        request: Request<wire::AdministerRequest>,
    ) -> Result<Response<wire::AdministerResponse>, Status> {
        self.admit(request.metadata())?;
        let action = request.into_inner().action.ok_or_else(|| Fault::invalid("action", "no action is named"))?;
        let leader = self.parts.cluster.administer_here(&action).await?;
        Ok(Response::new(wire::AdministerResponse { leader: leader.0 }))
    }
}

fn log_status(error: &LogsError) -> Status {
    match error {
        LogsError::NotHere(_) => Fault::not_found("attempt", error.to_string()).into(),
        LogsError::Failed(_) => Fault::new(Code::Unavailable, reason::STORAGE, error.to_string()).into(),
    }
}
