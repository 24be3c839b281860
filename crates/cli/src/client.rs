//! A connection to any of several nodes. Calls go on with the next node when one fails, until the time is up.
//!
//! What may be repeated is decided here: reads always, changes only with the same request id.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::time::Duration;

use gofer_wire::api::v1::cluster_service_client::ClusterServiceClient;
use gofer_wire::api::v1::event_service_client::EventServiceClient;
use gofer_wire::api::v1::namespace_service_client::NamespaceServiceClient;
use gofer_wire::api::v1::object_service_client::ObjectServiceClient;
use gofer_wire::api::v1::pipeline_service_client::PipelineServiceClient;
use gofer_wire::api::v1::run_service_client::RunServiceClient;
use tokio::time::Instant;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_types::StatusExt;
use uuid::Uuid;

use crate::args::ClientArgs;
use crate::error::Error;

/// Largest answer that is read, in bytes.
pub(crate) const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Longest wait for a connection.
const CONNECT_MAX: Duration = Duration::from_secs(3);
/// How long to go on when no node takes connections at all: more likely a wrong address than a failover.
const REFUSED_MAX: Duration = Duration::from_secs(2);
/// Least time for one node to answer before the next one is asked.
const ANSWER_MIN: Duration = Duration::from_secs(5);
const BACKOFF_FIRST: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(1);
/// A node that answers no ping for this long is given up, which is how a watch notices one that hangs.
const KEEPALIVE: Duration = Duration::from_secs(5);

/// What a call does, which decides what a lost answer means.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Call {
    Read,
    /// A change that every node makes once for an id.
    Mutate(Uuid),
    /// A change of the cluster itself: repeatable, and possibly long.
    Administer,
}

/// A cluster as a client sees it.
#[derive(Debug)]
pub(crate) struct Client {
    addresses: Vec<String>,
    /// A task's, for the services that take one.
    token: Option<String>,
    channels: BTreeMap<usize, Channel>,
    at: usize,
    pub(crate) timeout: Duration,
    /// Consistency of reads, as on the wire.
    pub(crate) consistency: i32,
}

/// What came next on a stream.
#[derive(Debug)]
pub(crate) enum Next<T> {
    Item(T),
    /// The server ended it.
    End,
    /// The node or the way to it failed.
    Lost(String),
}

impl Client {
    pub(crate) fn new(args: &ClientArgs) -> Self {
        Self {
            addresses: args.address.clone(),
            token: args.token.clone(),
            channels: BTreeMap::new(),
            at: 0,
            timeout: args.timeout,
            consistency: args.consistency.into(),
        }
    }

    /// Address of the node that is asked next.
    pub(crate) fn address(&self) -> &str {
        self.addresses.get(self.at).map_or("", String::as_str)
    }

    /// Asks until a node answers or refuses. `ask` gets a connection and the time its node has to answer.
    ///
    /// # Errors
    /// `Rejected` when a node refuses, `Unreachable` when none answered, `Unknown` when a change got lost on the way.
    pub(crate) async fn call<T>(
        &mut self,
        call: Call,
        ask: impl AsyncFn(Channel, Duration) -> Result<Response<T>, Status>,
    ) -> Result<T, Error> {
        let start = Instant::now();
        let mut sent = false;
        let mut tried = BTreeMap::new();
        let mut backoff = BACKOFF_FIRST;
        for turn in 1.. {
            let left = self.timeout.saturating_sub(start.elapsed());
            if left.is_zero() || (!sent && turn > self.addresses.len() && start.elapsed() > REFUSED_MAX) {
                break;
            }
            match self.channel(left.min(CONNECT_MAX)).await {
                Err(why) => drop(tried.insert(self.address().to_owned(), why)),
                Ok(channel) => {
                    let patience = self.patience(call, left);
                    let answer = tokio::time::timeout(patience, ask(channel, patience)).await;
                    sent = true;
                    let why = match answer {
                        Ok(Ok(response)) => return Ok(response.into_inner()),
                        Ok(Err(status)) if !is_transient(&status) => return Err(status.into()),
                        Ok(Err(status)) => reason(&status),
                        Err(_) => format!("no answer within {patience:.1?}"),
                    };
                    tried.insert(self.address().to_owned(), why);
                }
            }
            self.give_up();
            if turn % self.addresses.len().max(1) == 0 {
                tokio::time::sleep(backoff.min(self.timeout.saturating_sub(start.elapsed()))).await;
                backoff = (backoff * 2).min(BACKOFF_MAX);
            }
        }
        let tried = tried.into_iter().collect();
        Err(match call {
            Call::Mutate(id) if sent => Error::Unknown { tried, request_id: Some(id) },
            Call::Administer if sent => Error::Unknown { tried, request_id: None },
            Call::Read | Call::Mutate(_) | Call::Administer => Error::Unreachable { tried },
        })
    }

    /// Drops the connection to the present node and goes on to the next one.
    pub(crate) fn give_up(&mut self) {
        self.channels.remove(&self.at);
        self.at = (self.at + 1) % self.addresses.len().max(1);
    }

    /// The next message of a stream, or what ended it.
    ///
    /// # Errors
    /// `Rejected` when the node refuses to go on.
    pub(crate) async fn next<T>(stream: &mut Streaming<T>) -> Result<Next<T>, Error> {
        match stream.message().await {
            Ok(Some(item)) => Ok(Next::Item(item)),
            Ok(None) => Ok(Next::End),
            Err(status) if is_transient(&status) => Ok(Next::Lost(reason(&status))),
            Err(status) => Err(status.into()),
        }
    }

    /// What a message is sent with: the token, if there is one.
    pub(crate) fn authorized<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(token) = &self.token
            && let Ok(value) = format!("Bearer {token}").parse()
        {
            request.metadata_mut().insert("authorization", value);
        }
        request
    }

    fn patience(&self, call: Call, left: Duration) -> Duration {
        match call {
            Call::Read | Call::Mutate(_) if self.addresses.len() > 1 => left.min((self.timeout / 3).max(ANSWER_MIN)),
            Call::Read | Call::Mutate(_) | Call::Administer => left,
        }
    }

    async fn channel(&mut self, limit: Duration) -> Result<Channel, String> {
        if let Some(channel) = self.channels.get(&self.at) {
            return Ok(channel.clone());
        }
        let address = match self.address() {
            socket if socket.starts_with("unix:") => socket.to_owned(),
            host => format!("http://{host}"),
        };
        let endpoint = Endpoint::from_shared(address)
            .map_err(|error| innermost(&error))?
            .connect_timeout(limit)
            .tcp_nodelay(true)
            .keep_alive_while_idle(true)
            .http2_keep_alive_interval(KEEPALIVE)
            .keep_alive_timeout(KEEPALIVE);
        let connected = tokio::time::timeout(limit, endpoint.connect()).await;
        let channel =
            connected.map_err(|_| format!("no connection within {limit:.1?}"))?.map_err(|error| innermost(&error))?;
        self.channels.insert(self.at, channel.clone());
        Ok(channel)
    }
}

/// A message with the time its answer may take.
pub(crate) fn request<T>(message: T, patience: Duration) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(patience);
    request
}

pub(crate) fn clusters(channel: Channel) -> ClusterServiceClient<Channel> {
    ClusterServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX)
}

pub(crate) fn namespaces(channel: Channel) -> NamespaceServiceClient<Channel> {
    NamespaceServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX)
}

pub(crate) fn pipelines(channel: Channel) -> PipelineServiceClient<Channel> {
    PipelineServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX)
}

pub(crate) fn runs(channel: Channel) -> RunServiceClient<Channel> {
    RunServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX)
}

pub(crate) fn objects(channel: Channel) -> ObjectServiceClient<Channel> {
    ObjectServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX)
}

pub(crate) fn events(channel: Channel) -> EventServiceClient<Channel> {
    EventServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX)
}

/// Whether another try may fare better. What tonic makes of a broken connection has various codes, but a source.
fn is_transient(status: &Status) -> bool {
    match status.code() {
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown => true,
        Code::ResourceExhausted => status.get_details_retry_info().is_some(),
        _ => status.source().is_some(),
    }
}

fn reason(status: &Status) -> String {
    match status.source() {
        Some(source) => innermost(source),
        None if status.message().is_empty() => status.code().description().to_owned(),
        None => status.message().to_owned(),
    }
}

/// The cause at the bottom: the others only say that there is one.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut at = error;
    while let Some(source) = at.source() {
        at = source;
    }
    at.to_string()
}
