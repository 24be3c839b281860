//! Connections to other nodes, and Raft's messages over them.

mod transport;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gofer_store::Store;
use gofer_wire::peer::v1::peer_service_client::PeerServiceClient;
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

use crate::errors::{Fault, reason};
use crate::limits::{HEADERS_BYTES_MAX, PEER_MESSAGE_BYTES_MAX};

pub(crate) use transport::kind_from_wire;

/// Header with the sender's cluster, 16 bytes.
pub(crate) const CLUSTER_HEADER: &str = "gofer-cluster-bin";
/// Header of a call that was forwarded once and must not be again.
pub(crate) const FORWARDED_HEADER: &str = "gofer-forwarded";

/// How long making a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Silence after which a connection is probed, and how long the probe may take.
const KEEPALIVE: Duration = Duration::from_secs(2);
const STREAM_WINDOW: u32 = 4 * 1024 * 1024;
const CONNECTION_WINDOW: u32 = 16 * 1024 * 1024;

pub(crate) type Client = PeerServiceClient<Channel>;

/// What a connection is for: heartbeats must not queue behind bulk data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    Raft,
    Calls,
    Bulk,
}

type Channels = HashMap<(Lane, String), Channel>;

/// Cached connections by address. Cloning is cheap; all clones share them.
#[derive(Clone)]
pub struct Peers(Arc<Inner>);

struct Inner {
    store: Store,
    channels: Mutex<Channels>,
}

impl fmt::Debug for Peers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peers").finish_non_exhaustive()
    }
}

impl Peers {
    /// The store tells which cluster this node belongs to.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self(Arc::new(Inner { store, channels: Mutex::new(Channels::new()) }))
    }

    fn channels(&self) -> MutexGuard<'_, Channels> {
        self.0.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A client for an address. It connects when it is used.
    pub(crate) fn client(&self, lane: Lane, address: &str) -> Result<Client, Status> {
        let key = (lane, address.to_owned());
        let mut channels = self.channels();
        let channel = match channels.get(&key) {
            Some(channel) => channel.clone(),
            None => channels.entry(key).or_insert(connect(address)?).clone(),
        };
        drop(channels);
        Ok(PeerServiceClient::new(channel)
            .max_decoding_message_size(PEER_MESSAGE_BYTES_MAX)
            .max_encoding_message_size(PEER_MESSAGE_BYTES_MAX))
    }

    /// Forgets a connection that failed, so that the next call makes a new one, with a fresh look-up of the name.
    pub(crate) fn failed(&self, lane: Lane, address: &str, status: &Status) {
        if std::error::Error::source(status).is_some() {
            self.channels().remove(&(lane, address.to_owned()));
        }
    }

    /// A call with the headers that peers check.
    pub(crate) fn request<T>(&self, message: T, timeout: Option<Duration>) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(cluster) = self.0.store.identity().cluster_id {
            request.metadata_mut().insert_bin(CLUSTER_HEADER, MetadataValue::from_bytes(&cluster.0));
        }
        if let Some(timeout) = timeout {
            request.set_timeout(timeout);
        }
        request
    }

    /// Makes a call, at most for `timeout`. Only answers count: whatever else comes is a failed connection.
    pub(crate) async fn call<Q, A, F>(
        &self,
        lane: Lane,
        address: &str,
        message: Q,
        timeout: Duration,
        call: impl FnOnce(Client, Request<Q>) -> F,
    ) -> Result<A, Status>
    where
        F: Future<Output = Result<tonic::Response<A>, Status>>,
    {
        let client = self.client(lane, address)?;
        let request = self.request(message, Some(timeout));
        let answer = match tokio::time::timeout(timeout, call(client, request)).await {
            Ok(answer) => answer,
            Err(_) => {
                let message = format!("the node at {address} did not answer within {timeout:?}");
                return Err(Fault::new(Code::DeadlineExceeded, reason::OUTCOME_UNKNOWN, message).into());
            }
        };
        answer.map(tonic::Response::into_inner).inspect_err(|status| self.failed(lane, address, status))
    }
}

fn connect(address: &str) -> Result<Channel, Status> {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(|error| {
        Status::from(
            Fault::invalid("address", format!("{address:?} is not an address ({error})")).help("use host:port"),
        )
    })?;
    Ok(endpoint
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .tcp_keepalive(Some(Duration::from_secs(15)))
        .http2_keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE)
        .keep_alive_while_idle(true)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .http2_max_header_list_size(HEADERS_BYTES_MAX)
        .connect_lazy())
}
