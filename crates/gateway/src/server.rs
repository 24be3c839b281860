//! One port for everything: the public API, the peer API, health and reflection.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use gofer_consensus::Raft;
use gofer_store::Store;
use gofer_wire::api::v1::backup_service_server::BackupServiceServer;
use gofer_wire::api::v1::cluster_service_server::ClusterServiceServer;
use gofer_wire::api::v1::event_service_server::EventServiceServer;
use gofer_wire::api::v1::namespace_service_server::NamespaceServiceServer;
use gofer_wire::api::v1::object_service_server::ObjectServiceServer;
use gofer_wire::api::v1::pipeline_service_server::PipelineServiceServer;
use gofer_wire::api::v1::release_service_server::ReleaseServiceServer;
use gofer_wire::api::v1::run_service_server::RunServiceServer;
use gofer_wire::api::v1::schedule_service_server::ScheduleServiceServer;
use gofer_wire::api::v1::secret_service_server::SecretServiceServer;
use gofer_wire::api::v1::subscription_service_server::SubscriptionServiceServer;
use gofer_wire::api::v1::trigger_service_server::TriggerServiceServer;
use gofer_wire::peer::v1::peer_service_server::PeerServiceServer;
use gofer_wire::plugin::v1::plugin_service_server::PluginServiceServer;
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinHandle;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::UnixListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tower::util::MapResponseLayer;

use crate::api::Api;
use crate::archive::ArchiveHealth;
use crate::cluster::Cluster;
use crate::coalesce::Coalesced;
use crate::lease::GrantLease;
use crate::limits;
use crate::logs::AttemptLogs;
use crate::objects::{ObjectSettings, Outside, TaskTokens};
use crate::peer::Peer;
use crate::peers::Peers;
use crate::plugins::{self, Attached, Plugins};
use crate::secrets::{KeepKeys, ReadSecrets};
use crate::{errors, health, web};

/// How long a shutdown waits for calls to end.
const DRAIN: Duration = Duration::from_secs(5);

/// What the server works with.
#[derive(Clone)]
pub struct Parts {
    pub store: Store,
    pub raft: Raft,
    pub cluster: Cluster,
    pub peers: Peers,
    /// Output that this node holds itself.
    pub logs: Arc<dyn AttemptLogs>,
    /// The leader's side of leases.
    pub leases: Arc<dyn GrantLease>,
    pub archive: Arc<dyn ArchiveHealth>,
    pub objects: ObjectSettings,
    /// Where objects are kept instead of on the nodes.
    pub outside: Option<Outside>,
    /// What tasks prove themselves with.
    pub tokens: TaskTokens,
    /// Plug-ins that are connected to this node.
    pub attached: Attached,
    pub keys: Arc<dyn KeepKeys>,
    /// What webhooks are signed with.
    pub secrets: Arc<dyn ReadSecrets>,
    /// Version of the binary, for people.
    pub build: String,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("build", &self.build).finish_non_exhaustive()
    }
}

/// The server can't go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Accepting or serving connections failed.
    #[error("the gRPC server failed")]
    Transport(#[from] tonic::transport::Error),
    /// The embedded descriptors can't be read; the binary is broken.
    #[error("the service descriptors are not usable")]
    Descriptors(#[from] tonic_reflection::server::Error),
}

/// Serves until the shutdown, then gives calls a few seconds to end. Watches end with an error that says so.
///
/// # Errors
/// See [`Error`].
pub async fn serve(listener: TcpListener, parts: Parts, shutdown: CancellationToken) -> Result<(), Error> {
    // Whatever ends this future also ends its streams.
    let shutdown = shutdown.child_token();
    let _guard = shutdown.clone().drop_guard();
    let (reporter, health) = tonic_health::server::health_reporter();
    let reporting = health::report(parts.raft.clone(), reporter, shutdown.clone());
    let api = Api::new(parts.clone(), shutdown.clone());
    let plugins = Plugins::new(parts.clone(), shutdown.clone());
    let asked = parts.clone();
    let watching = plugins::watch(parts.clone(), shutdown.clone());
    let peer = Peer::new(parts, shutdown.clone());
    let api_limit = limits::MESSAGE_BYTES_MAX;
    let peer_limit = limits::PEER_MESSAGE_BYTES_MAX;
    macro_rules! limited {
        ($server:ident, $service:expr, $limit:expr) => {
            $server::new($service).max_decoding_message_size($limit).max_encoding_message_size($limit)
        };
    }
    let mut routes = Routes::builder();
    routes
        .add_service(health)
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?)
        .add_service(limited!(BackupServiceServer, api.clone(), api_limit))
        .add_service(limited!(ClusterServiceServer, api.clone(), api_limit))
        .add_service(limited!(EventServiceServer, api.clone(), api_limit))
        .add_service(limited!(NamespaceServiceServer, api.clone(), api_limit))
        .add_service(limited!(ObjectServiceServer, api.clone(), limits::OBJECT_MESSAGE_BYTES_MAX))
        .add_service(limited!(PipelineServiceServer, api.clone(), api_limit))
        .add_service(limited!(ReleaseServiceServer, api.clone(), api_limit))
        .add_service(limited!(RunServiceServer, api.clone(), api_limit))
        .add_service(limited!(ScheduleServiceServer, api.clone(), api_limit))
        .add_service(limited!(SecretServiceServer, api.clone(), api_limit))
        .add_service(limited!(SubscriptionServiceServer, api.clone(), api_limit))
        .add_service(limited!(TriggerServiceServer, api, api_limit))
        .add_service(limited!(PluginServiceServer, plugins, api_limit))
        .add_service(limited!(PeerServiceServer, peer, peer_limit));
    // What comes over plain HTTP is HTTP/1.1 mostly, everything else HTTP/2.
    let routes = Routes::from(routes.routes().into_axum_router().merge(web::routes(asked)));
    let router = Server::builder()
        .accept_http1(true)
        .initial_stream_window_size(4 * 1024 * 1024)
        .initial_connection_window_size(16 * 1024 * 1024)
        .max_concurrent_streams(limits::CALLS_PER_CONNECTION)
        .http2_max_header_list_size(limits::HEADERS_BYTES_MAX)
        .http2_keepalive_interval(Some(Duration::from_secs(10)))
        .http2_keepalive_timeout(Some(Duration::from_secs(10)))
        .layer(MapResponseLayer::new(errors::dress))
        .add_routes(routes);
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true)).with_keepalive(Some(Duration::from_secs(30)));
    let incoming = incoming.map(|stream| stream.map(Coalesced::new));
    let serving = router.serve_with_incoming_shutdown(incoming, shutdown.clone().cancelled_owned());
    let overdue = async {
        shutdown.cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    let beside = [tokio::spawn(reporting), tokio::spawn(watching)];
    let served = tokio::select! {
        served = serving => served,
        () = overdue => {
            tracing::info!("calls still open {DRAIN:?} after the shutdown began are cut off");
            Ok(())
        }
    };
    shutdown.cancel();
    join(beside).await;
    Ok(served?)
}

async fn join(beside: [JoinHandle<()>; 2]) {
    for task in beside {
        if let Err(error) = task.await {
            tracing::warn!(%error, "the report of health, or the watch over plug-ins, was lost");
        }
    }
}

/// Serves tasks: their objects, the plug-ins among them, and nothing without a token.
///
/// # Errors
/// See [`Error`].
pub async fn serve_tasks(listener: UnixListener, parts: Parts, shutdown: CancellationToken) -> Result<(), Error> {
    let shutdown = shutdown.child_token();
    let _guard = shutdown.clone().drop_guard();
    let limit = limits::OBJECT_MESSAGE_BYTES_MAX;
    let objects = ObjectServiceServer::new(Api::new(parts.clone(), shutdown.clone()).for_tasks());
    let objects = objects.max_decoding_message_size(limit).max_encoding_message_size(limit);
    let plugins = PluginServiceServer::new(Plugins::new(parts, shutdown.clone()).for_tasks());
    let limit = limits::MESSAGE_BYTES_MAX;
    let plugins = plugins.max_decoding_message_size(limit).max_encoding_message_size(limit);
    let router = Server::builder()
        .initial_stream_window_size(4 * 1024 * 1024)
        .initial_connection_window_size(16 * 1024 * 1024)
        .max_concurrent_streams(limits::CALLS_PER_CONNECTION)
        .http2_max_header_list_size(limits::HEADERS_BYTES_MAX)
        .layer(MapResponseLayer::new(errors::dress))
        .add_service(objects)
        .add_service(plugins);
    let incoming = UnixListenerStream::new(listener);
    let serving = router.serve_with_incoming_shutdown(incoming, shutdown.clone().cancelled_owned());
    tokio::select! {
        served = serving => Ok(served?),
        () = async {
            shutdown.cancelled().await;
            tokio::time::sleep(DRAIN).await;
        } => Ok(()),
    }
}

fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure().register_encoded_file_descriptor_set(gofer_wire::DESCRIPTORS)
}
