//! Requests over HTTP that plug-ins answer, on the port of the API of any node.
//!
//! What is sent to `/v1/plugins/TRIGGER`, or a path below it, is handed to one plug-in that is connected for the trigger: to
//! this node, else to another one. Nothing is checked here but sizes, so it is the plug-in that must look who has sent it.
//! A request is handed over at most once. A sender that hears of a failure sends it again, and the events that the plug-in
//! makes of it count once by their keys.

mod request;
mod response;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::routing::any;
use gofer_domain::{Trigger, TriggerName};
use gofer_wire::peer::v1 as peer;
use gofer_wire::plugin::v1 as wire;
use http::{Method, Request, Response};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};
use tonic::Code;

use crate::errors::{self, Fault, reason};
use crate::peers::{Client, Lane};
use crate::plugins::ANSWER;
use crate::plugins::instances::{self, Instances};
use crate::server::Parts;
use crate::web::answer;

/// Where the path of a trigger begins.
pub(crate) const PATH: &str = "/v1/plugins";
/// Requests that are read and answered at the same time, as each needs memory.
const AT_ONCE: usize = 256;
/// How long a request waits for others.
const TURN: Duration = Duration::from_secs(3);
/// How long looking for the trigger may take.
const LOOK: Duration = Duration::from_secs(5);

#[derive(Clone)]
struct Routed {
    parts: Parts,
    turns: Arc<Semaphore>,
}

/// The routes of plug-ins.
pub(super) fn routes(parts: Parts) -> Router {
    let routed = Routed { parts, turns: Arc::new(Semaphore::new(AT_ONCE)) };
    Router::new().route(&format!("{PATH}/{{*rest}}"), any(receive)).with_state(routed)
}

async fn receive(State(routed): State<Routed>, request: Request<Body>) -> Response<Body> {
    let is_head = request.method() == Method::HEAD;
    let mut response = routed.answer(request).await.unwrap_or_else(|fault| answer::fault(&fault));
    if is_head {
        *response.body_mut() = Body::empty();
    }
    response
}

impl Routed {
    async fn answer(&self, request: Request<Body>) -> Result<Response<Body>, Fault> {
        let (trigger, path) = request::place(request.uri().path())?;
        self.admits(&trigger).await?;
        let turn = timeout(TURN, self.turns.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            let why = format!("this node routes {AT_ONCE} requests at a time, and has them");
            return Err(Fault::new(Code::Unavailable, reason::OVERLOADED, why).help("send it again in a moment"));
        };
        let request = request::read(request, path).await?;
        let told = self.hand_over(&trigger, request).await?;
        response::of(&trigger, told)
    }

    /// Whether there is a trigger that requests may be for.
    async fn admits(&self, name: &TriggerName) -> Result<(), Fault> {
        let is_enabled = |known: &Trigger| known.enabled;
        let known = || self.parts.store.read(|state| state.triggers.get(name).map(is_enabled));
        let mut found = known();
        if found != Some(true) {
            // It may have been installed or enabled a moment ago, on another node.
            let reached = self.parts.cluster.read_barrier(Instant::now() + LOOK).await;
            reached.map_err(|error| errors::unanswered(&error, None))?;
            found = known();
        }
        match found {
            Some(true) => Ok(()),
            Some(false) => {
                Err(Fault::new(Code::Unavailable, reason::FAILED_PRECONDITION, format!("trigger {name} is disabled"))
                    .help(format!("enable it with `gofer trigger enable {name}`, and send the request again")))
            }
            None => Err(Fault::not_found("path", format!("trigger {name} is not installed"))
                .help(format!("look at the path, which is {PATH}/TRIGGER; `gofer trigger list` has the triggers"))),
        }
    }

    async fn hand_over(&self, trigger: &TriggerName, request: wire::HttpRequest) -> Result<wire::HttpResponse, Fault> {
        let deadline = Instant::now() + ANSWER;
        if self.parts.attached.takes_http(trigger) {
            return self.parts.attached.call(trigger, request, deadline).await;
        }
        let found = instances::of(&self.parts, trigger).await;
        let address = self.address(trigger, &found)?;
        let message = peer::CallPluginRequest { trigger: trigger.to_string(), request: Some(request) };
        let call = async |mut client: Client, request| client.call_plugin(request).await;
        let patience = deadline.saturating_duration_since(Instant::now());
        let answered = self.parts.peers.call(Lane::Calls, &address, message, patience, call).await;
        let answered = answered.map_err(|status| {
            let code = match status.code() {
                code @ (Code::DeadlineExceeded | Code::NotFound) => code,
                _ => Code::Unavailable,
            };
            let reason = errors::reason_of(&status).unwrap_or_else(|| reason::UNREACHABLE.to_owned());
            Fault::new(code, &reason, status.message()).help("send it again")
        })?;
        answered.response.ok_or_else(|| response::invalid(trigger, "it is empty"))
    }

    /// Of a node that has a plug-in which answers, the one that says that it is well first.
    fn address(&self, trigger: &TriggerName, found: &Instances) -> Result<String, Fault> {
        let answering = || found.instances.iter().filter(|instance| instance.takes_http);
        let well = answering().find(|instance| instance.problem.is_empty());
        let chosen = well.or_else(|| answering().next());
        if let Some(chosen) = chosen {
            let members = self.parts.raft.status().members;
            let member = members.into_iter().find(|member| member.id.0 == chosen.node);
            return member.map(|member| member.address).ok_or_else(|| nobody(trigger));
        }
        if found.instances.is_empty() || !found.silent.is_empty() {
            return Err(nobody(trigger));
        }
        Err(Fault::not_found("path", format!("the plug-in of trigger {trigger} takes no requests"))
            .help("look at the path; only plug-ins that say so in their Hello are sent requests"))
    }
}

fn nobody(trigger: &TriggerName) -> Fault {
    let why = format!("no plug-in that takes requests is connected for trigger {trigger}");
    let help = format!("see `gofer trigger get {trigger}`; send the request again when it is connected");
    Fault::new(Code::Unavailable, reason::UNREACHABLE, why).help(help)
}
