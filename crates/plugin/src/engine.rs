//! Streams to the cluster, one after the other, and what goes over them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use gofer_wire::plugin::v1 as wire;
use gofer_wire::plugin::v1::attach_request::Message as Outgoing;
use gofer_wire::plugin::v1::attach_response::Message as Incoming;
use gofer_wire::plugin::v1::plugin_service_client::PluginServiceClient;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep, sleep_until};
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status, Streaming};
use tracing::{debug, info, warn};

use crate::error::Error;
use crate::http::Answering;
use crate::plugin::{Plugin, Trigger};
use crate::watches::Watches;

const CONNECT: Duration = Duration::from_secs(2);
const KEEPALIVE: Duration = Duration::from_secs(5);
/// Pause before another node is tried: at first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// How often the trigger is asked whether it is well.
const HEALTH: Duration = Duration::from_secs(5);
/// Longest text of what keeps it from its work, in bytes.
const PROBLEM_BYTES_MAX: usize = 1024;
/// Messages that wait to be sent.
const WAITING: usize = 64;

/// Keeps a trigger connected.
pub(crate) struct Engine<T> {
    plugin: Plugin<T>,
    watches: Watches<T>,
    answering: Answering<T>,
    /// What is to be sent on the stream. The stream is read meanwhile: a node that has much to tell reads nothing before it
    /// is heard.
    queue: VecDeque<Outgoing>,
    /// Of the next address to try.
    place: usize,
}

impl<T: Trigger> Engine<T> {
    pub(crate) fn new(plugin: Plugin<T>) -> Self {
        let is_asked = plugin.trigger.describe().hello(&plugin.name).takes_http;
        let watches = Watches::new(Arc::clone(&plugin.trigger), is_asked);
        let answering = Answering::new(Arc::clone(&plugin.trigger));
        let place = fastrand::usize(..plugin.addresses.len().max(1));
        Self { plugin, watches, answering, queue: VecDeque::new(), place }
    }

    /// Runs until the cluster does not take the plug-in any more.
    pub(crate) async fn run(&mut self) -> Result<(), Error> {
        let mut pause = PAUSES.0;
        loop {
            let count = self.plugin.addresses.len().max(1);
            let address = self.plugin.addresses.get(self.place % count).cloned().unwrap_or_default();
            self.place = self.place.wrapping_add(1);
            let mut was_welcome = false;
            match self.stream(&address, &mut was_welcome).await {
                Ok(()) => debug!(address, "the stream has ended"),
                Err(status) if is_final(&status) => return Err(Error::Refused(status.message().to_owned())),
                Err(status) => warn!(address, error = status.message(), "the stream has ended; another node is tried"),
            }
            if was_welcome {
                pause = PAUSES.0;
            }
            sleep(pause.mul_f64(0.5 + fastrand::f64())).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    async fn stream(&mut self, address: &str, was_welcome: &mut bool) -> Result<(), Status> {
        let (out, messages) = mpsc::channel(WAITING);
        let hello = Outgoing::Hello(self.plugin.trigger.describe().hello(&self.plugin.name));
        let _ = out.send(wire::AttachRequest { message: Some(hello) }).await;
        let mut request = Request::new(ReceiverStream::new(messages));
        let token = MetadataValue::try_from(format!("Bearer {}", self.plugin.token));
        let token = token.map_err(|_| Status::unauthenticated("the token has characters that no token has"))?;
        request.metadata_mut().insert("authorization", token);
        let mut client = PluginServiceClient::new(connect(address).await?);
        let mut answers = client.attach(request).await?.into_inner();
        self.watches.begin_stream();
        self.queue.clear();
        let served = self.serve(&out, &mut answers, was_welcome).await;
        self.watches.end_stream();
        self.answering.end_stream();
        served
    }

    async fn serve(
        &mut self,
        out: &mpsc::Sender<wire::AttachRequest>,
        answers: &mut Streaming<wire::AttachResponse>,
        was_welcome: &mut bool,
    ) -> Result<(), Status> {
        // Nothing is said of one that is well: that is how a stream begins.
        let mut told = String::new();
        let mut check = interval(HEALTH);
        check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let due = self.watches.due();
            let far = tokio::time::Instant::now() + Duration::from_secs(3600);
            let has_room = self.queue.len() < WAITING;
            tokio::select! {
                answer = answers.message() => match answer? {
                    Some(answer) => self.heed(answer, was_welcome),
                    None => return Ok(()),
                },
                permit = out.reserve(), if !self.queue.is_empty() => {
                    let Ok(permit) = permit else { return Ok(()) };
                    permit.send(wire::AttachRequest { message: self.queue.pop_front() });
                }
                Some(submission) = self.watches.submissions.recv(), if has_room => {
                    let events = self.watches.submit(submission);
                    self.tell(events);
                }
                Some(telling) = self.answering.tellings.recv(), if has_room => {
                    let events = self.answering.tell(telling);
                    self.tell([events]);
                }
                Some(ended) = self.watches.tasks.join_next() => self.watches.ended(ended),
                Some(ended) = self.answering.tasks.join_next_with_id() => {
                    self.queue.extend(self.answering.ended(ended).map(Outgoing::HttpResponse));
                }
                () = sleep_until(due.unwrap_or(far)) => {
                    let events = self.watches.overdue();
                    self.tell(events);
                }
                _ = check.tick() => {
                    let problem = self.problem();
                    if problem != told {
                        told.clone_from(&problem);
                        self.queue.push_back(Outgoing::Health(wire::Health { problem }));
                    }
                }
            }
        }
    }

    fn tell(&mut self, events: impl IntoIterator<Item = wire::Events>) {
        self.queue.extend(events.into_iter().map(Outgoing::Events));
    }

    /// What keeps the trigger from its work; empty if nothing does.
    fn problem(&self) -> String {
        let Err(mut problem) = self.plugin.trigger.health() else { return String::new() };
        if problem.is_empty() {
            problem.push_str("it does not say why");
        }
        problem.truncate(problem.floor_char_boundary(PROBLEM_BYTES_MAX));
        problem
    }

    fn heed(&mut self, answer: wire::AttachResponse, was_welcome: &mut bool) {
        match answer.message {
            Some(Incoming::Welcome(welcome)) => {
                info!(node = welcome.node, trigger = %self.plugin.name, "connected");
                *was_welcome = true;
                for address in welcome.addresses {
                    if !self.plugin.addresses.contains(&address) {
                        self.plugin.addresses.push(address);
                    }
                }
            }
            Some(Incoming::Subscription(subscription)) => {
                let events = self.watches.told(subscription);
                self.tell(events);
            }
            Some(Incoming::SubscriptionGone(gone)) => self.watches.gone(&gone.into()),
            Some(Incoming::Synced(_)) => self.watches.synced(),
            Some(Incoming::Taken(taken)) => {
                if let Some(taken) = self.answering.taken(taken) {
                    let events = self.watches.taken(taken);
                    self.tell(events);
                }
            }
            Some(Incoming::HttpRequest(request)) => {
                let answer = self.answering.asked(request, Arc::clone(&self.watches.view));
                self.queue.extend(answer.map(Outgoing::HttpResponse));
            }
            // Of a newer protocol.
            None => {}
        }
    }
}

/// Whether another try would end the same way.
fn is_final(status: &Status) -> bool {
    matches!(status.code(), Code::Unauthenticated | Code::NotFound | Code::InvalidArgument | Code::Unimplemented)
}

async fn connect(address: &str) -> Result<Channel, Status> {
    let uri = if address.starts_with("unix:") { address.to_owned() } else { format!("http://{address}") };
    let endpoint = Endpoint::from_shared(uri).map_err(|error| {
        Status::invalid_argument(format!("{address:?} is not an address ({error}); use host:port, or unix:///PATH"))
    })?;
    let endpoint = endpoint
        .connect_timeout(CONNECT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE)
        .keep_alive_while_idle(true);
    endpoint.connect().await.map_err(|error| Status::unavailable(format!("can't reach {address}: {error}")))
}
