//! Webhooks: requests over HTTP that start runs, on the port of the API.
//!
//! `POST /v1/hooks/NAMESPACE/PIPELINE/SUBSCRIPTION` is for subscriptions to the triggers `webhook` and `github`. A request
//! counts if it is signed with one of the subscription's secrets. It is answered once the log has what became of it, so a
//! sender that hears nothing sends it again, and is told what became of it the first time.

mod answer;
mod request;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::routing::post;
use gofer_domain::{Actor, Subscription, SubscriptionKey};
use gofer_triggers::Hook;
use http::{Request, Response};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};
use tonic::Code;
use zeroize::Zeroizing;

use crate::errors::{self, Fault, reason};
use crate::server::Parts;
use crate::{convert, intake};
use answer::Told;

/// Where the path of a subscription begins.
pub(crate) const PATH: &str = "/v1/hooks";
/// Requests that are read and decided at the same time, as each needs memory.
const AT_ONCE: usize = 32;
/// How long a request waits for others.
const TURN: Duration = Duration::from_secs(3);
/// How long it may take in all: senders wait ten seconds.
const PATIENCE: Duration = Duration::from_secs(9);

#[derive(Clone)]
struct Hooks {
    parts: Parts,
    turns: Arc<Semaphore>,
}

/// The routes of webhooks.
pub(crate) fn routes(parts: Parts) -> Router {
    let hooks = Hooks { parts, turns: Arc::new(Semaphore::new(AT_ONCE)) };
    Router::new().route(&format!("{PATH}/{{namespace}}/{{pipeline}}/{{name}}"), post(receive)).with_state(hooks)
}

type Names = Path<(String, String, String)>;

async fn receive(State(hooks): State<Hooks>, Path(names): Names, request: Request<Body>) -> Response<Body> {
    let taken = timeout(PATIENCE, hooks.take(names, request)).await;
    let late = || {
        let why = "what became of the request is not known in time";
        Err(Fault::new(Code::Unavailable, reason::OUTCOME_UNKNOWN, why).help("send it again; it counts once"))
    };
    answer::response(taken.unwrap_or_else(|_| late()))
}

impl Hooks {
    async fn take(
        &self,
        (namespace, pipeline, name): (String, String, String),
        request: Request<Body>,
    ) -> Result<Told, Fault> {
        let deadline = Instant::now() + PATIENCE - Duration::from_millis(500);
        let key = convert::subscription(&namespace, &pipeline, &name)?;
        let (subscription, hook) = self.find(&key, deadline).await?;
        let secrets = self.secrets(&key, &hook).await?;
        let turn = timeout(TURN, self.turns.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            let why = format!("this node takes {AT_ONCE} requests at a time, and has them");
            return Err(Fault::new(Code::Unavailable, reason::OVERLOADED, why).help("send it again in a moment"));
        };
        let unix_ms = self.parts.raft.host().unix_ms();
        let Some(event) = request::read(request, &hook, &secrets, unix_ms).await? else { return Ok(Told::Ignored) };
        let actor = Actor("webhook".to_owned());
        intake::take(&self.parts, &key, subscription, actor, &event, deadline).await.map(Told::Taken)
    }

    /// The subscription of a path, if it is one that requests are for.
    async fn find(&self, key: &SubscriptionKey, deadline: Instant) -> Result<(Subscription, Hook), Fault> {
        let known = || self.parts.store.read(|state| state.subscriptions.get(key).cloned());
        let mut found = known();
        if found.is_none() {
            // It may have been made a moment ago, on another node.
            let reached = self.parts.cluster.read_barrier(deadline).await;
            reached.map_err(|error| errors::unanswered(&error, None))?;
            found = known();
        }
        let hook = found.as_ref().map(|found| Hook::of(&found.spec)).transpose();
        match (found, hook.map_err(|rejection| errors::rejected(&rejection))?.flatten()) {
            (Some(subscription), Some(hook)) => Ok((subscription, hook)),
            _ => Err(Fault::not_found("path", format!("no webhook is served for {key}"))
                .help("look at the subscription's path; its trigger must be webhook, or github without a repository")),
        }
    }

    async fn secrets(&self, key: &SubscriptionKey, hook: &Hook) -> Result<Vec<Zeroizing<Vec<u8>>>, Fault> {
        let mut secrets = Vec::new();
        for name in &hook.secrets {
            let found = self.parts.secrets.read(&key.pipeline, name).await;
            secrets.push(found.map_err(|error| {
                tracing::warn!(subscription = %key, secret = %name, %error, "a webhook can't be checked");
                let why = format!("the request can't be checked, since the secret {name} can't be read");
                Fault::new(Code::Unavailable, reason::NO_KEY, why).help("set the secret, then send the request again")
            })?);
        }
        Ok(secrets)
    }
}
