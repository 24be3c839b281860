//! Plug-ins: programs that tell of events over a stream of their own, on whichever node they reach.
//!
//! The node tells them of the subscriptions to their trigger, holds their events against what these say, and has them taken
//! by the log. It keeps nothing for them: a stream that ends loses no event, since the plug-in sends again what was not
//! answered, and the log knows what it has taken.

mod admission;
mod attached;
mod calls;
mod feed;
pub(crate) mod instances;
mod session;
mod taking;
mod watch;

pub use attached::Attached;
pub(crate) use watch::watch;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use gofer_wire::plugin::v1 as wire;
use gofer_wire::plugin::v1::plugin_service_server::PluginService;
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Response, Status, Streaming, async_trait};

use crate::errors::{Fault, reason};
use crate::server::Parts;
use session::Session;

/// Most streams of one node.
const STREAMS_MAX: usize = 2_000;
/// Messages that wait to be sent on a stream.
const WAITING: usize = 256;
/// How long a plug-in may take to answer a request over HTTP.
pub(crate) const ANSWER: Duration = Duration::from_secs(30);
/// Longest body of such a request, and of its answer, in bytes.
pub(crate) const HTTP_BODY_BYTES_MAX: usize = 1024 * 1024;
/// Most headers of such a request, in bytes.
pub(crate) const HTTP_HEADERS_BYTES_MAX: usize = 32 * 1024;

/// The service that plug-ins talk to.
#[derive(Clone)]
pub(crate) struct Plugins {
    parts: Parts,
    shutdown: CancellationToken,
    streams: Arc<Semaphore>,
    /// Whether it serves what the cluster keeps running on this node, and nobody else.
    for_tasks: bool,
}

impl fmt::Debug for Plugins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugins").finish_non_exhaustive()
    }
}

impl Plugins {
    pub(crate) fn new(parts: Parts, shutdown: CancellationToken) -> Self {
        Self { parts, shutdown, streams: Arc::new(Semaphore::new(STREAMS_MAX)), for_tasks: false }
    }

    /// The same for tasks, which show the token of their attempt.
    pub(crate) fn for_tasks(self) -> Self {
        Self { for_tasks: true, ..self }
    }
}

#[async_trait]
impl PluginService for Plugins {
    type AttachStream = ReceiverStream<Result<wire::AttachResponse, Status>>;

    async fn attach(
        &self,
        request: Request<Streaming<wire::AttachRequest>>,
    ) -> Result<Response<Self::AttachStream>, Status> {
        let permit = Arc::clone(&self.streams).try_acquire_owned().map_err(|_| {
            let message = format!("this node serves {STREAMS_MAX} streams of plug-ins, which is the limit");
            Fault::new(Code::ResourceExhausted, reason::OVERLOADED, message).help("connect to another node")
        })?;
        let (metadata, _, inbound) = request.into_parts();
        let token = admission::token(&metadata)?;
        let proof = match self.for_tasks {
            true => admission::launched(token, &self.parts.tokens)?,
            false => admission::by_itself(token),
        };
        let (out, answers) = mpsc::channel(WAITING);
        let session = Session::new(self.parts.clone(), self.shutdown.clone(), inbound, out);
        tokio::spawn(async move {
            session.run(proof).await;
            drop(permit);
        });
        Ok(Response::new(ReceiverStream::new(answers)))
    }
}
