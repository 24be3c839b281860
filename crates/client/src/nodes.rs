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
use gofer_wire::api::v1::release_service_client::ReleaseServiceClient;
use gofer_wire::api::v1::run_service_client::RunServiceClient;
use gofer_wire::api::v1::schedule_service_client::ScheduleServiceClient;
use gofer_wire::api::v1::secret_service_client::SecretServiceClient;
use gofer_wire::api::v1::subscription_service_client::SubscriptionServiceClient;
use gofer_wire::api::v1::trigger_service_client::TriggerServiceClient;
use tokio::time::Instant;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_types::StatusExt;
use uuid::Uuid;

use crate::error::Error;

/// Largest answer that is read, in bytes.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Longest wait for a connection.
const CONNECT_MAX: Duration = Duration::from_secs(3);
/// Least time for one node to answer before the next one is asked.
const ANSWER_MIN: Duration = Duration::from_secs(5);
/// Bounds of the pause after all nodes have failed.
const BACKOFF_FIRST: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(2);
/// Most addresses of one client.
pub(crate) const ADDRESSES_MAX: usize = 64;
/// A node that answers no ping for this long is given up, which is how a watch notices one that hangs.
const KEEPALIVE: Duration = Duration::from_secs(5);

/// What a call does, which decides what a lost answer means.
#[derive(Clone, Copy, Debug)]
pub enum Call {
    /// Changes nothing.
    Read,
    /// A change that every node makes once for an id.
    Mutate(Uuid),
    /// A change of the cluster itself: repeatable, and possibly long.
    Administer,
}

/// The nodes of a cluster, one of which is asked first.
#[derive(Clone, Debug)]
pub struct Nodes {
    addresses: Vec<String>,
    channels: BTreeMap<usize, Channel>,
    at: usize,
    timeout: Duration,
    refused: Duration,
}

/// What came next on a stream.
#[derive(Debug)]
pub enum Next<T> {
    /// An item.
    Item(T),
    /// The server ended it.
    End,
    /// The node or the way to it failed.
    Lost(String),
}

impl Nodes {
    /// Nodes at these addresses, of which there must be one. Calls go on for so long, over all of them.
    #[must_use]
    pub fn new(addresses: Vec<String>, timeout: Duration) -> Self {
        Self { addresses, channels: BTreeMap::new(), at: 0, timeout, refused: Duration::MAX }
    }

    /// How long to go on when no node takes connections at all, which more likely is a wrong address than a failover.
    #[must_use]
    pub fn refused_for(self, refused: Duration) -> Self {
        Self { refused, ..self }
    }

    /// Longest time of a call.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    pub(crate) fn within(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Address of the node that is asked next.
    #[must_use]
    pub fn address(&self) -> &str {
        self.addresses.get(self.at).map_or("", String::as_str)
    }

    /// Asks until a node answers or refuses. `ask` gets a connection and the time its node has to answer.
    ///
    /// # Errors
    /// `Rejected` when a node refuses, `Unreachable` when none answered, `Unknown` when a change got lost on the way.
    pub async fn call<T, F: Future<Output = Result<Response<T>, Status>>>(
        &mut self,
        call: Call,
        ask: impl Fn(Channel, Duration) -> F,
    ) -> Result<T, Error> {
        let start = Instant::now();
        let mut sent = false;
        let mut tried = BTreeMap::new();
        for turn in 1.. {
            let left = self.timeout.saturating_sub(start.elapsed());
            if left.is_zero() || (!sent && turn > self.addresses.len() && start.elapsed() > self.refused) {
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
                let pause = backoff(turn / self.addresses.len().max(1));
                tokio::time::sleep(pause.min(self.timeout.saturating_sub(start.elapsed()))).await;
            }
        }
        let tried = tried.into_iter().collect();
        Err(match call {
            Call::Mutate(id) if sent => Error::Unknown { tried, request_id: Some(id) },
            Call::Administer if sent => Error::Unknown { tried, request_id: None },
            Call::Read | Call::Mutate(_) | Call::Administer => Error::Unreachable { tried },
        })
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.addresses.len()
    }

    /// Drops the connection to the present node and goes on to the next one.
    pub fn give_up(&mut self) {
        self.channels.remove(&self.at);
        self.at = (self.at + 1) % self.addresses.len().max(1);
    }

    /// The next message of a stream, or what ended it.
    ///
    /// # Errors
    /// `Rejected` when the node refuses to go on.
    pub async fn next<T>(stream: &mut Streaming<T>) -> Result<Next<T>, Error> {
        match stream.message().await {
            Ok(Some(item)) => Ok(Next::Item(item)),
            Ok(None) => Ok(Next::End),
            Err(status) if is_transient(&status) => Ok(Next::Lost(reason(&status))),
            Err(status) => Err(status.into()),
        }
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
            socket if socket.starts_with(SOCKET) => socket.to_owned(),
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

/// The pause after all nodes have failed so many times: exponential, with full jitter, so that many clients that lost
/// the same node don't come back at the same moment.
pub(crate) fn backoff(times: usize) -> Duration {
    let doublings = u32::try_from(times.saturating_sub(1)).unwrap_or(u32::MAX).min(10);
    (BACKOFF_FIRST * 2_u32.pow(doublings)).min(BACKOFF_MAX).mul_f64(fastrand::f64())
}

/// What the address of a socket begins with.
const SOCKET: &str = "unix:";

/// An address as it is used: without a scheme, but for a socket's.
///
/// # Errors
/// When it is neither `HOST:PORT` nor `unix:///PATH`; says so.
pub fn sound_address(text: &str) -> Result<String, String> {
    if let Some(path) = text.trim().strip_prefix("unix:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        return match path.starts_with('/') {
            true => Ok(format!("{SOCKET}//{path}")),
            false => Err("use unix:///PATH for a socket".into()),
        };
    }
    let text = text.trim().strip_prefix("http://").unwrap_or(text.trim()).trim_end_matches('/');
    match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() && !host.contains('/') => {
            Ok(text.to_owned())
        }
        _ => Err("use HOST:PORT, for example 127.0.0.1:7600".into()),
    }
}

/// A message with the time its answer may take.
pub fn request<T>(message: T, patience: Duration) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(patience);
    request
}

/// The cluster service over a channel.
#[must_use]
pub fn clusters(channel: Channel) -> ClusterServiceClient<Channel> {
    ClusterServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX)
}

/// The namespace service over a channel.
#[must_use]
pub fn namespaces(channel: Channel) -> NamespaceServiceClient<Channel> {
    NamespaceServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX)
}

/// The pipeline service over a channel.
#[must_use]
pub fn pipelines(channel: Channel) -> PipelineServiceClient<Channel> {
    PipelineServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX)
}

/// The service that decides which version of a pipeline its runs get.
#[must_use]
pub fn releases(channel: Channel) -> ReleaseServiceClient<Channel> {
    ReleaseServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX)
}

/// The run service over a channel.
#[must_use]
pub fn runs(channel: Channel) -> RunServiceClient<Channel> {
    RunServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX)
}

/// The object service over a channel.
#[must_use]
pub fn objects(channel: Channel) -> ObjectServiceClient<Channel> {
    ObjectServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX)
}

/// The schedule service over a channel.
#[must_use]
pub fn schedules(channel: Channel) -> ScheduleServiceClient<Channel> {
    ScheduleServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX)
}

/// The secret service over a channel.
#[must_use]
pub fn secrets(channel: Channel) -> SecretServiceClient<Channel> {
    SecretServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX)
}

/// The subscription service over a channel.
#[must_use]
pub fn subscriptions(channel: Channel) -> SubscriptionServiceClient<Channel> {
    SubscriptionServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX)
}

/// The trigger service over a channel.
#[must_use]
pub fn triggers(channel: Channel) -> TriggerServiceClient<Channel> {
    TriggerServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX)
}

/// The event service over a channel.
#[must_use]
pub fn events(channel: Channel) -> EventServiceClient<Channel> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_to_its_limit_with_full_jitter() {
        for (times, most) in [(1, BACKOFF_FIRST), (3, 4 * BACKOFF_FIRST), (99, BACKOFF_MAX)] {
            let pauses: Vec<Duration> = (0..1000).map(|_| backoff(times)).collect();
            assert!(pauses.iter().all(|pause| *pause <= most));
            assert!(pauses.iter().min().unwrap() < &(most / 4) && pauses.iter().max().unwrap() > &(most * 3 / 4));
        }
    }

    #[test]
    fn addresses_are_hosts_with_ports() {
        assert_eq!(sound_address(" http://n1:7600/ ").as_deref(), Ok("n1:7600"));
        assert_eq!(sound_address("[::1]:7600").as_deref(), Ok("[::1]:7600"));
        assert_eq!(sound_address("unix:/run/api.sock").as_deref(), Ok("unix:///run/api.sock"));
        assert_eq!(sound_address("unix:///run/api.sock").as_deref(), Ok("unix:///run/api.sock"));
        assert!(sound_address("unix:api.sock").is_err());
        for bad in ["", "x", "x:y", ":7600", "x:70000", "https://x:1"] {
            assert!(sound_address(bad).is_err(), "{bad}");
        }
    }
}
