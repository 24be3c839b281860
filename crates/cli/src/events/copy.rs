//! The log read over the API as the bytes that a node sent, for who checks their hashes.
//!
//! Nothing is decoded on the way: a client that knows fewer fields than the node would lose them, and the hash covers
//! them all.

use gofer_wire::api::v1 as api;
use prost::bytes::Bytes;
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;

use crate::args::ClientArgs;
use crate::client::{ANSWER_BYTES_MAX, Call, Client, Next, clusters, request};
use crate::error::Error;
use crate::losses::Losses;

const WATCH: &str = "/gofer.api.v1.EventService/Watch";

/// Why nothing more came from the cluster.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.to_text())]
pub struct ClientError(Error);

impl ClientError {
    /// The exit code of a program that ends for this reason.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        self.0.exit_code()
    }

    /// The error for programs.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        self.0.to_json()
    }
}

/// Why copying ended early.
#[derive(Debug, thiserror::Error)]
pub enum CopyError<E> {
    /// The cluster can't be asked, or refused.
    #[error("{0}")]
    Client(ClientError),
    /// Whoever took the events would not take more.
    #[error("{0}")]
    Sink(E),
}

impl<E> From<Error> for CopyError<E> {
    fn from(error: Error) -> Self {
        Self::Client(ClientError(error))
    }
}

/// `WatchResponse`, with the events as they came. On the wire a message is bytes.
#[derive(Clone, PartialEq, prost::Message)]
struct RawWatchResponse {
    #[prost(uint64, tag = "1")]
    revision: u64,
    #[prost(bytes = "bytes", repeated, tag = "2")]
    events: Vec<Bytes>,
}

/// What a copy takes from the cluster.
pub trait EventSink {
    /// Why it takes no more.
    type Error;

    /// Told once, before the first event: 32 hexadecimal digits. Answers the first revision that it wants.
    ///
    /// # Errors
    /// When it does not want events of that cluster.
    fn begin(&mut self, cluster_id: &str) -> Result<u64, Self::Error>;

    /// The next event, as encoded by the node. Answers whether more are wanted.
    ///
    /// # Errors
    /// When it can't take it.
    fn take(&mut self, event: &[u8]) -> Result<bool, Self::Error>;
}

/// Where the log of a cluster ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEnd {
    /// 32 hexadecimal digits; empty while the node belongs to no cluster.
    pub cluster_id: String,
    /// The newest revision that is acknowledged; with local reads, the newest that the asked node has.
    pub revision: u64,
}

/// Asks a cluster where its log ends.
///
/// # Errors
/// When no node can be asked, or one refuses.
pub async fn log_end(args: &ClientArgs) -> Result<LogEnd, ClientError> {
    end(&mut Client::new(args)).await.map_err(ClientError)
}

async fn end(client: &mut Client) -> Result<LogEnd, Error> {
    let ask = async |channel, patience| clusters(channel).get_status(request(api::GetStatusRequest {}, patience)).await;
    let status = client.call(Call::Read, ask).await?;
    Ok(LogEnd { cluster_id: status.cluster_id, revision: super::revision(client).await? })
}

/// Pause before a node that was behind is asked again.
const AGAIN: std::time::Duration = std::time::Duration::from_millis(100);

/// Reads the log up to the present end, without gap or repeat whatever node is lost on the way. All that was
/// acknowledged before is read, also from a node that is behind, unless the arguments ask for local reads.
///
/// # Errors
/// When no node can be asked, one refuses, or the sink takes no more.
pub async fn copy_events<S: EventSink>(args: &ClientArgs, sink: &mut S) -> Result<(), CopyError<S::Error>> {
    let mut client = Client::new(args);
    // Asked for first: without an answer nothing is begun.
    let LogEnd { cluster_id, revision: least } = end(&mut client).await?;
    let mut next = sink.begin(&cluster_id).map_err(CopyError::Sink)?;
    let mut losses = Losses::new();
    loop {
        let message = api::WatchRequest { from_revision: next, stop_at_end: true, ..Default::default() };
        let ask = async |channel, _| watch(channel, message.clone()).await;
        let mut stream = client.call(Call::Read, ask).await?;
        loop {
            match Client::next(&mut stream).await? {
                Next::Item(RawWatchResponse { events, .. }) => {
                    for event in events {
                        // No filter was given, so each is the next one; the sink checks that.
                        next += 1;
                        if !sink.take(&event).map_err(CopyError::Sink)? {
                            return Ok(());
                        }
                    }
                }
                Next::End if next > least => return Ok(()),
                Next::End => {
                    tokio::time::sleep(AGAIN).await;
                    break;
                }
                Next::Lost(why) => {
                    losses.next_node(&mut client, &why).await?;
                    break;
                }
            }
        }
    }
}

async fn watch(channel: Channel, message: api::WatchRequest) -> Result<Response<Streaming<RawWatchResponse>>, Status> {
    let mut grpc = Grpc::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX);
    grpc.ready().await.map_err(|error| Status::from_error(error.into()))?;
    let codec: ProstCodec<api::WatchRequest, RawWatchResponse> = ProstCodec::default();
    grpc.server_streaming(Request::new(message), http::uri::PathAndQuery::from_static(WATCH), codec).await
}
