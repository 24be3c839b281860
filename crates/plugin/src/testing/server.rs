//! The streams of the stand-in.

use std::collections::BTreeMap;

use gofer_wire::plugin::v1 as wire;
use gofer_wire::plugin::v1::attach_request::Message as Incoming;
use gofer_wire::plugin::v1::attach_response::Message as Outgoing;
use gofer_wire::plugin::v1::plugin_service_server::{PluginService, PluginServiceServer};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming, async_trait};

use super::calls::Open;
use super::state::{Shared, reference};
use super::{TOKEN, TRIGGER};

type Answers = mpsc::Sender<Result<wire::AttachResponse, Status>>;

pub(super) struct Service(Shared);

impl Service {
    pub(super) fn new(shared: Shared) -> Self {
        Self(shared)
    }

    pub(super) fn into_server(self) -> PluginServiceServer<Self> {
        PluginServiceServer::new(self)
    }
}

#[async_trait]
impl PluginService for Service {
    type AttachStream = ReceiverStream<Result<wire::AttachResponse, Status>>;

    async fn attach(
        &self,
        request: Request<Streaming<wire::AttachRequest>>,
    ) -> Result<Response<Self::AttachStream>, Status> {
        let token = request.metadata().get("authorization").and_then(|value| value.to_str().ok());
        if token != Some(format!("Bearer {TOKEN}").as_str()) {
            return Err(Status::unauthenticated("the token is another"));
        }
        let (out, answers) = mpsc::channel(64);
        let shared = self.0.clone();
        tokio::spawn(async move {
            let mut cuts = shared.cuts();
            cuts.mark_unchanged();
            let served = tokio::select! {
                served = serve(shared, request.into_inner(), &out) => served,
                _ = cuts.changed() => Err(Status::unavailable("the stream was cut by the test")),
            };
            if let Err(status) = served {
                let _ = out.send(Err(status)).await;
            }
        });
        Ok(Response::new(ReceiverStream::new(answers)))
    }
}

async fn serve(shared: Shared, mut inbound: Streaming<wire::AttachRequest>, out: &Answers) -> Result<(), Status> {
    let hello = match inbound.message().await?.and_then(|first| first.message) {
        Some(Incoming::Hello(hello)) if hello.trigger == TRIGGER => hello,
        _ => return Err(Status::invalid_argument("the first message must be Hello, of the trigger under test")),
    };
    let welcome = wire::Welcome { node: 1, addresses: Vec::new() };
    send(out, Outgoing::Welcome(welcome)).await?;
    shared.has_problem(String::new());
    let mut told = BTreeMap::new();
    let mut changes = shared.changes();
    tell(&shared, &mut told, out).await?;
    send(out, Outgoing::Synced(wire::Synced {})).await?;
    // Those that wait hear that the stream has ended when these are dropped.
    let mut open = Open::default();
    let (asked, mut calls) = mpsc::channel(1);
    if hello.takes_http {
        shared.answers(asked.clone());
    }
    loop {
        tokio::select! {
            Some(call) = calls.recv() => send(out, Outgoing::HttpRequest(open.add(call))).await?,
            message = inbound.message() => match message?.map(|message| message.message) {
                Some(Some(Incoming::Events(events))) => {
                    let taken = shared.take(&events);
                    if shared.loses_answer() {
                        return Err(Status::unavailable("the answer was lost by the test"));
                    }
                    send(out, Outgoing::Taken(taken)).await?;
                }
                Some(Some(Incoming::HttpResponse(response))) => open.answered(response),
                Some(Some(Incoming::Health(health))) => shared.has_problem(health.problem),
                Some(Some(Incoming::Hello(_))) => return Err(Status::invalid_argument("Hello came twice")),
                Some(None) => {}
                None => return Ok(()),
            },
            _ = changes.changed() => tell(&shared, &mut told, out).await?,
        }
    }
}

/// Tells of what is new, by generation.
async fn tell(shared: &Shared, told: &mut BTreeMap<String, u64>, out: &Answers) -> Result<(), Status> {
    let now = shared.subscriptions();
    let gone: Vec<String> = told.keys().filter(|name| !now.contains_key(*name)).cloned().collect();
    for name in gone {
        told.remove(&name);
        send(out, Outgoing::SubscriptionGone(reference(&name))).await?;
    }
    for (name, subscription) in now {
        if told.insert(name, subscription.generation) != Some(subscription.generation) {
            send(out, Outgoing::Subscription(subscription)).await?;
        }
    }
    Ok(())
}

async fn send(out: &Answers, message: Outgoing) -> Result<(), Status> {
    let message = wire::AttachResponse { message: Some(message) };
    out.send(Ok(message)).await.map_err(|_| Status::cancelled("the plug-in has gone"))
}
