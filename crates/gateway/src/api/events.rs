//! The event log as a stream. Pull-based: a slow consumer is served slowly, and nothing piles up for it.

use std::time::Duration;

use futures::Stream;
use futures::stream::BoxStream;
use gofer_domain::{Event, NamespaceId, PipelineKey, Revision, RunKey};
use gofer_store::{Progress, StoredEvent};
use gofer_wire::api::v1 as wire;
use gofer_wire::api::v1::event_service_server::EventService;
use tokio::sync::watch;
use tokio::time::Instant;
use tonic::{Code, Request, Response, Status, async_trait};

use super::Api;
use crate::convert;
use crate::errors::{self, Fault, reason};
use crate::limits::{self, BATCH_BYTES};

/// Most events of one message.
const BATCH: usize = 1_000;
/// Longest silence.
const SIGN_EVERY: Duration = Duration::from_secs(5);
/// Pause before the log is read again when it does not hold yet what was announced.
const AGAIN: Duration = Duration::from_millis(20);

#[async_trait]
impl EventService for Api {
    type WatchStream = BoxStream<'static, Result<wire::WatchResponse, Status>>;

    async fn watch(&self, request: Request<wire::WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let (metadata, _, message) = request.into_parts();
        let filter = Filter::new(&message)?;
        let mut newest = self.revision().0;
        if message.from_revision > newest + 1 {
            // The caller may have seen more elsewhere than this node has yet.
            self.barrier(limits::deadline(&metadata)).await?;
            newest = self.revision().0;
        }
        if message.from_revision > newest + 1 {
            return Err(too_new(message.from_revision, newest).into());
        }
        let next = if message.from_revision == 0 { newest + 1 } else { message.from_revision };
        let first = self.store().progress().borrow().first;
        if next < first.0 {
            return Err(errors::archived(first, self.parts.archive.url().as_deref()).into());
        }
        let end = message.stop_at_end.then_some(newest);
        Ok(Response::new(Box::pin(Watch::start(self.clone(), filter, next, end))))
    }
}

fn too_new(from: u64, newest: u64) -> Fault {
    let message = format!("revision {from} does not exist yet, the newest is {newest}");
    Fault::new(Code::OutOfRange, reason::REVISION_TOO_NEW, message)
        .with("field", "from_revision")
        .with("newest", newest.to_string())
        .help(format!("watch from at most {}, or from 0 for what comes from now on", newest + 1))
}

struct Watch {
    api: Api,
    filter: Filter,
    progress: watch::Receiver<Progress>,
    /// Next revision to read.
    next: u64,
    /// Last revision wanted.
    end: Option<u64>,
    /// Revision that the newest message stated.
    told: Option<u64>,
    told_at: Instant,
}

impl Watch {
    fn start(
        api: Api,
        filter: Filter,
        next: u64,
        end: Option<u64>,
    ) -> impl Stream<Item = Result<wire::WatchResponse, Status>> {
        let progress = api.store().progress();
        let watch = Self { api, filter, progress, next, end, told: None, told_at: Instant::now() };
        futures::stream::try_unfold(watch, Self::advance)
    }

    async fn advance(mut self) -> Result<Option<(wire::WatchResponse, Self)>, Status> {
        loop {
            let revision = self.next - 1;
            if self.api.shutdown.is_cancelled() {
                let resume = format!("watch on another node from revision {}", self.next);
                return Err(errors::shutting_down(&resume).into());
            }
            if self.end.is_some_and(|end| self.next > end) {
                return Ok((self.told != Some(revision)).then(|| self.tell(revision, Vec::new())));
            }
            let newest = self.progress.borrow_and_update().revision.0;
            if self.next <= newest {
                let events = self.read().await?;
                let seen = self.next - 1;
                if !events.is_empty() {
                    return Ok(Some(self.tell(seen, events)));
                }
            } else {
                self.wait().await;
            }
            if self.told_at.elapsed() >= SIGN_EVERY {
                let seen = self.next - 1;
                return Ok(Some(self.tell(seen, Vec::new())));
            }
        }
    }

    fn tell(mut self, revision: u64, events: Vec<StoredEvent>) -> (wire::WatchResponse, Self) {
        self.told = Some(revision);
        self.told_at = Instant::now();
        let events = events.into_iter().map(|event| event.envelope).collect();
        (wire::WatchResponse { revision, events }, self)
    }

    async fn wait(&mut self) {
        let sign = self.told_at + SIGN_EVERY;
        let is_closed = tokio::select! {
            changed = self.progress.changed() => changed.is_err(),
            () = tokio::time::sleep_until(sign) => false,
            () = self.api.shutdown.cancelled() => false,
        };
        if is_closed {
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Reads on, and returns what matches.
    async fn read(&mut self) -> Result<Vec<StoredEvent>, Status> {
        let from = Revision(self.next);
        let filter = self.filter.clone();
        let end = self.end;
        let read = move |store: &gofer_store::Store| {
            let mut events = store.events(from, BATCH, BATCH_BYTES)?;
            events.retain(|event| end.is_none_or(|end| event.revision.0 <= end));
            let bounds = events.first().map(|first| first.revision.0).zip(events.last().map(|last| last.revision.0));
            let whole = events.len() as u64;
            let mut matching = Vec::with_capacity(events.len());
            for event in events {
                if filter.is_open() || filter.matches(&event.decode()?) {
                    matching.push(event);
                }
            }
            Ok((bounds, whole, matching))
        };
        let (bounds, whole, matching) = self.api.load(read).await?;
        let Some((first, last)) = bounds else {
            tokio::time::sleep(AGAIN).await;
            return Ok(Vec::new());
        };
        if first != self.next || last - first + 1 != whole {
            let message = format!("the event log of this node has a gap between revisions {} and {last}", self.next);
            tracing::error!(%message, "a watch was ended");
            return Err(Fault::new(Code::DataLoss, reason::DAMAGED, message).help("watch on another node").into());
        }
        self.next = last + 1;
        Ok(matching)
    }
}

/// Which events are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Filter {
    All,
    Namespace(NamespaceId),
    Pipeline(PipelineKey),
    Run(RunKey),
}

impl Filter {
    fn new(request: &wire::WatchRequest) -> Result<Self, Fault> {
        let wire::WatchRequest { namespace, pipeline, run, .. } = request;
        if namespace.is_empty() && (!pipeline.is_empty() || *run != 0) {
            return Err(Fault::invalid("namespace", "a pipeline or a run is named without its namespace"));
        }
        if pipeline.is_empty() && *run != 0 {
            return Err(Fault::invalid("pipeline", "a run is named without its pipeline"));
        }
        if namespace.is_empty() {
            return Ok(Self::All);
        }
        if pipeline.is_empty() {
            return Ok(Self::Namespace(convert::namespace(namespace)?));
        }
        let reference = gofer_wire::model::v1::PipelineRef { namespace: namespace.clone(), pipeline: pipeline.clone() };
        let pipeline = convert::pipeline(Some(&reference))?;
        Ok(if *run == 0 { Self::Pipeline(pipeline) } else { Self::Run(RunKey { pipeline, run: *run }) })
    }

    fn is_open(&self) -> bool {
        *self == Self::All
    }

    fn matches(&self, event: &Event) -> bool {
        let subject = event.subject();
        match self {
            Self::All => true,
            Self::Namespace(wanted) => subject.namespace() == Some(wanted),
            Self::Pipeline(wanted) => subject.pipeline() == Some(wanted),
            Self::Run(wanted) => subject.run() == Some(wanted),
        }
    }
}
