//! One stream of a plug-in, from Hello to its end.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use gofer_domain::{Reason, Rejection, SubscriptionKey, Timestamp};
use gofer_store::codec;
use gofer_wire::plugin::v1 as wire;
use gofer_wire::plugin::v1::attach_request::Message as Incoming;
use gofer_wire::plugin::v1::attach_response::Message as Outgoing;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status, Streaming};

use super::admission::{self, Admitted, Proof};
use super::attached::{Opened, Stream};
use super::calls::Calls;
use super::feed::{Feed, News};
use super::taking;
use crate::errors::{self, Fault, reason};
use crate::server::Parts;

/// How long a plug-in may take to say Hello.
const HELLO: Duration = Duration::from_secs(10);
/// How long a message to a plug-in may wait for it to read.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the log may take to say what became of events.
const TAKING: Duration = Duration::from_secs(10);
/// How often it is looked whether subscriptions are gone, and the trigger is still that of the token.
const CHECK: Duration = Duration::from_secs(1);
/// Longest text of what keeps a plug-in from its work, in bytes.
const PROBLEM_BYTES_MAX: usize = 1024;
/// Messages of events that wait for their answer, and those that are proposed at once.
const WAITING_MAX: usize = 64;

type Answers = mpsc::Sender<Result<wire::AttachResponse, Status>>;

/// A stream.
pub(super) struct Session {
    parts: Parts,
    shutdown: CancellationToken,
    inbound: Streaming<wire::AttachRequest>,
    out: Answers,
    /// What is being taken. Of one subscription it is one message at a time, so that they are taken in order.
    taking: JoinSet<(SubscriptionKey, wire::Taken)>,
    /// Subscriptions of which something is being taken, with what came after that.
    lanes: BTreeMap<SubscriptionKey, VecDeque<wire::Events>>,
    waiting: usize,
}

/// What happened next.
enum Next {
    Message(Option<wire::AttachRequest>),
    Taken(SubscriptionKey, wire::Taken),
    Asked(wire::HttpRequest),
    Progress,
    Check,
    Shutdown,
}

impl Session {
    pub(super) fn new(
        parts: Parts,
        shutdown: CancellationToken,
        inbound: Streaming<wire::AttachRequest>,
        out: Answers,
    ) -> Self {
        let (taking, lanes) = (JoinSet::new(), BTreeMap::new());
        Self { parts, shutdown, inbound, out, taking, lanes, waiting: 0 }
    }

    /// Serves the stream until it ends.
    pub(super) async fn run(mut self, proof: Proof) {
        if let Err(status) = self.serve(proof).await {
            let _ = timeout(PATIENCE, self.out.send(Err(status))).await;
        }
    }

    async fn serve(&mut self, proof: Proof) -> Result<(), Status> {
        let hello = self.hello().await?;
        let deadline = Instant::now() + TAKING;
        let admitted = admission::admit(&self.parts, proof, &hello, deadline).await?;
        let (asked, calls) = Calls::new();
        let opened = self.parts.attached.open(Stream {
            trigger: admitted.trigger.clone(),
            version: hello.version.clone(),
            since: Timestamp(self.parts.raft.host().unix_ms()),
            attempt: admitted.attempt().cloned(),
            problem: None,
            http: hello.takes_http.then_some(asked),
        });
        self.welcome(&admitted).await?;
        tracing::info!(trigger = %admitted.trigger, version = %hello.version, "a plug-in has connected");
        let served = self.serve_on(&admitted, &opened, calls).await;
        tracing::info!(trigger = %admitted.trigger, "the stream of a plug-in has ended");
        served
    }

    async fn serve_on(&mut self, admitted: &Admitted, opened: &Opened, mut calls: Calls) -> Result<(), Status> {
        let mut feed = Feed::new(admitted.trigger.clone());
        let mut progress = self.parts.store.progress();
        let mut check = interval(CHECK);
        check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_check = true;
        loop {
            progress.mark_unchanged();
            if self.tell(&mut feed, admitted, is_check).await? {
                tokio::task::yield_now().await;
                continue;
            }
            is_check = false;
            // Requests leave room for what the plug-in itself waits for, and come after the subscriptions that they are for.
            let may_ask = self.out.capacity() > self.out.max_capacity() / 2 && calls.has_room();
            let next = tokio::select! {
                message = self.inbound.message(), if self.waiting < WAITING_MAX => Next::Message(message?),
                Some(taken) = self.taking.join_next() => {
                    let (key, taken) = taken.map_err(|error| errors::interrupted(&error))?;
                    Next::Taken(key, taken)
                }
                request = calls.next(), if may_ask => Next::Asked(request),
                changed = progress.changed() => changed.map(|()| Next::Progress).unwrap_or(Next::Shutdown),
                _ = check.tick() => Next::Check,
                () = self.shutdown.cancelled() => Next::Shutdown,
            };
            match next {
                Next::Message(None) => return Ok(()),
                Next::Message(Some(message)) => match message.message {
                    Some(Incoming::HttpResponse(response)) => calls.answered(response),
                    message => self.heed(&feed, admitted, opened, message).await?,
                },
                Next::Taken(key, taken) => self.taken(&feed, admitted, key, taken).await?,
                Next::Asked(request) => self.send(Outgoing::HttpRequest(request)).await?,
                Next::Progress => {}
                Next::Check => is_check = true,
                Next::Shutdown => return Err(errors::shutting_down("connect to another node").into()),
            }
        }
    }

    async fn hello(&mut self) -> Result<wire::Hello, Status> {
        let first = timeout(HELLO, self.inbound.message()).await;
        let first = first.map_err(|_| protocol(format!("no Hello came within {HELLO:?}")))??;
        match first.and_then(|first| first.message) {
            Some(Incoming::Hello(hello)) => Ok(hello),
            _ => Err(protocol("the first message must be Hello").into()),
        }
    }

    async fn welcome(&self, admitted: &Admitted) -> Result<(), Status> {
        let node = self.parts.store.identity().node_id.0;
        let addresses = match admitted.attempt() {
            // No other node knows its token.
            Some(_) => Vec::new(),
            None => self.parts.raft.status().members.into_iter().map(|member| member.address).collect(),
        };
        self.send(Outgoing::Welcome(wire::Welcome { node, addresses })).await
    }

    /// Tells of subscriptions that have come, changed or gone; says whether there are more to tell of at once.
    async fn tell(&self, feed: &mut Feed, admitted: &Admitted, is_check: bool) -> Result<bool, Status> {
        let (news, is_cut) = self.parts.store.read(|state| {
            if is_check {
                admitted.check(state, self.parts.store.identity().node_id)?;
            }
            Ok::<_, Fault>(feed.look(state, is_check))
        })?;
        for news in news {
            self.send(match news {
                News::Subscription(key, subscription) => {
                    let report = self
                        .parts
                        .store
                        .read(|state| state.triggers.get(&admitted.trigger).and_then(|trigger| trigger.report.clone()));
                    let report = report.unwrap_or_default();
                    let settings = gofer_triggers::settings_of(&report, &subscription.spec);
                    Outgoing::Subscription(wire::Subscription {
                        r#ref: Some(codec::subscription_key_to_wire(&key)),
                        generation: subscription.generation.0,
                        settings: codec::variables_to_wire(&settings),
                        cursor: subscription.cursor.as_deref().map(<[u8]>::to_vec),
                    })
                }
                News::Gone(key) => Outgoing::SubscriptionGone(codec::subscription_key_to_wire(&key)),
                News::Synced => Outgoing::Synced(wire::Synced {}),
            })
            .await?;
        }
        Ok(is_cut)
    }

    async fn heed(
        &mut self,
        feed: &Feed,
        admitted: &Admitted,
        opened: &Opened,
        message: Option<Incoming>,
    ) -> Result<(), Status> {
        match message {
            Some(Incoming::Events(events)) => self.queue(feed, admitted, events).await,
            Some(Incoming::Health(wire::Health { problem })) if problem.len() > PROBLEM_BYTES_MAX => {
                let why = format!("the problem has {} bytes, the limit is {PROBLEM_BYTES_MAX}", problem.len());
                Err(Fault::invalid("health.problem", why).help("say less").into())
            }
            Some(Incoming::Health(wire::Health { problem })) => {
                opened.has_problem((!problem.is_empty()).then_some(problem));
                Ok(())
            }
            Some(Incoming::Hello(_)) => Err(protocol("Hello is the first message only").into()),
            Some(Incoming::HttpResponse(_)) | None => Ok(()),
        }
    }

    /// Has events taken, after those of the same subscription that came before them.
    async fn queue(&mut self, feed: &Feed, admitted: &Admitted, events: wire::Events) -> Result<(), Status> {
        let key = match codec::subscription_key_from_wire(events.subscription.as_ref()) {
            Ok(key) => key,
            Err(error) => {
                let rejection = Rejection::new(Reason::InvalidArgument, error.to_string());
                return self.refuse(events.id, wire::RefusalKind::Invalid, &rejection).await;
            }
        };
        self.waiting += 1;
        match self.lanes.get_mut(&key) {
            Some(lane) => {
                lane.push_back(events);
                Ok(())
            }
            None => self.start(feed, admitted, key, events).await,
        }
    }

    async fn start(
        &mut self,
        feed: &Feed,
        admitted: &Admitted,
        key: SubscriptionKey,
        events: wire::Events,
    ) -> Result<(), Status> {
        let told = feed.told(&key).filter(|told| told.generation.0 == events.generation).cloned();
        let Some(told) = told else {
            self.waiting -= 1;
            let message = format!("subscription {key} is not, or not any more, what these events are for");
            let rejection = Rejection::new(Reason::FailedPrecondition, message)
                .help("look for events of the subscriptions that the stream has told of last");
            return self.refuse(events.id, wire::RefusalKind::Subscription, &rejection).await;
        };
        self.lanes.entry(key.clone()).or_default();
        let (parts, actor) = (self.parts.clone(), admission::actor(&admitted.trigger));
        let deadline = Instant::now() + TAKING;
        self.taking.spawn(async move {
            let taken = taking::take(parts, actor, &key, told, events, deadline).await;
            (key, taken)
        });
        Ok(())
    }

    /// Answers, and goes on with what came next for the same subscription.
    async fn taken(
        &mut self,
        feed: &Feed,
        admitted: &Admitted,
        key: SubscriptionKey,
        taken: wire::Taken,
    ) -> Result<(), Status> {
        self.waiting -= 1;
        self.send(Outgoing::Taken(taken)).await?;
        let mut lane = self.lanes.remove(&key).unwrap_or_default();
        while let Some(events) = lane.pop_front() {
            self.start(feed, admitted, key.clone(), events).await?;
            if let Some(started) = self.lanes.get_mut(&key) {
                *started = lane;
                break;
            }
        }
        Ok(())
    }

    async fn refuse(&self, id: u64, kind: wire::RefusalKind, rejection: &Rejection) -> Result<(), Status> {
        self.send(Outgoing::Taken(taking::refused(id, taking::refusal(kind, rejection)))).await
    }

    async fn send(&self, message: Outgoing) -> Result<(), Status> {
        let message = wire::AttachResponse { message: Some(message) };
        match timeout(PATIENCE, self.out.send(Ok(message))).await {
            Ok(Ok(())) => Ok(()),
            // It is gone.
            Ok(Err(_)) => Err(Status::cancelled("the plug-in has gone")),
            Err(_) => {
                let why = format!("the plug-in has read nothing for {PATIENCE:?}");
                Err(Fault::new(Code::DeadlineExceeded, reason::TIMEOUT, why)
                    .help("read the stream all the time")
                    .into())
            }
        }
    }
}

fn protocol(message: impl Into<String>) -> Fault {
    Fault::invalid("message", message).help("see proto/gofer/plugin/v1/plugin.proto")
}
