//! A trigger as a program.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use tokio_util::sync::CancellationToken;

use crate::description::Description;
use crate::engine::Engine;
use crate::error::{Error, WatchError};
use crate::http::answer;
use crate::subscription::Subscription;
use crate::told::Subscriptions;

/// Where the nodes are, separated by commas.
const ADDRESS: &str = "GOFER_ADDRESS";
/// Name that the trigger is installed under.
const NAME: &str = "GOFER_TRIGGER";
const TOKEN: &str = "GOFER_PLUGIN_TOKEN";
const TOKEN_FILE: &str = "GOFER_PLUGIN_TOKEN_FILE";
/// What the cluster gives to a plug-in that it keeps running.
const TASK_TOKEN: &str = "GOFER_TOKEN";

/// What looks at the world.
#[async_trait]
pub trait Trigger: Send + Sync + 'static {
    /// What it says of itself. Subscriptions are held against the settings that it names.
    fn describe(&self) -> Description;

    /// Looks for events of one subscription, and tells of them, until it is dropped. That happens whenever the subscription
    /// changes or goes.
    ///
    /// # Errors
    /// Whatever it can't cope with. It begins anew then, after a pause that grows, from the cursor as it is by then. When it
    /// returns without an error, it is done with the subscription until that changes. One that only answers requests leaves
    /// it out.
    async fn watch(&self, _subscription: Subscription) -> Result<(), WatchError> {
        Ok(())
    }

    /// Answers a request that somebody has sent to `/v1/plugins/TRIGGER` on any node, if [`Description::takes_http`] says that
    /// it does. Nobody has checked who has sent it: that is done here. The path is what follows the trigger's name. Answer
    /// after the events are taken: who hears of a failure, or nothing within 30 seconds, sends the request again, and events
    /// count once by their keys. It is dropped when the stream ends, as the answer could go nowhere.
    ///
    /// The answer has at most 64 headers, of 16 KiB in all, and a body of at most 1 MiB, as the request.
    async fn http(&self, _request: Request<Bytes>, _subscriptions: Subscriptions) -> Response<Bytes> {
        answer(StatusCode::NOT_FOUND, "nothing is served here")
    }

    /// Whether it can do its work at all; asked every few seconds. `gofer trigger get` shows what it says, and a plug-in that
    /// the cluster keeps running is started anew when it has not been well for a minute.
    ///
    /// # Errors
    /// Why it can't, for people; at most 1 KiB.
    fn health(&self) -> Result<(), String> {
        Ok(())
    }
}

/// A trigger, and the cluster that it tells.
#[derive(Clone, Debug)]
pub struct Plugin<T> {
    pub(crate) trigger: Arc<T>,
    pub(crate) name: String,
    pub(crate) token: String,
    pub(crate) addresses: Vec<String>,
}

impl<T: Trigger> Plugin<T> {
    /// A trigger that is installed under a name, and some of the nodes, as `host:port`.
    ///
    /// # Errors
    /// `Configuration` when something is empty.
    pub fn new<A: Into<String>>(
        trigger: T,
        name: &str,
        token: &str,
        addresses: impl IntoIterator<Item = A>,
    ) -> Result<Self, Error> {
        let addresses: Vec<String> =
            addresses.into_iter().map(Into::into).filter(|address| !address.is_empty()).collect();
        let missing = |what: &str| Err(Error::Configuration(format!("{what} is missing")));
        if name.is_empty() {
            return missing("the name of the trigger");
        }
        if token.is_empty() {
            return missing("the token");
        }
        if addresses.is_empty() {
            return missing("the address of a node");
        }
        Ok(Self { trigger: Arc::new(trigger), name: name.to_owned(), token: token.to_owned(), addresses })
    }

    /// What the environment says: `GOFER_ADDRESS` (127.0.0.1:7600 without it), `GOFER_TRIGGER`, and `GOFER_PLUGIN_TOKEN` or
    /// `GOFER_PLUGIN_TOKEN_FILE`. A plug-in that the cluster keeps running is given all it needs.
    ///
    /// # Errors
    /// `Configuration`, which says what is missing.
    pub fn from_env(trigger: T) -> Result<Self, Error> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let needed = |name: &str| variable(name).ok_or_else(|| Error::Configuration(format!("set {name}")));
        let addresses = variable(ADDRESS).unwrap_or_else(|| "127.0.0.1:7600".to_owned());
        let token = match variable(TOKEN_FILE) {
            Some(file) => std::fs::read_to_string(&file).map_err(|error| {
                Error::Configuration(format!("can't read {file}, which {TOKEN_FILE} names: {error}"))
            })?,
            None => variable(TOKEN)
                .or_else(|| variable(TASK_TOKEN))
                .ok_or_else(|| Error::Configuration(format!("set {TOKEN_FILE} or {TOKEN}")))?,
        };
        Self::new(trigger, &needed(NAME)?, token.trim(), addresses.split(',').map(str::trim))
    }

    /// Runs until the cluster does not take the plug-in any more.
    ///
    /// # Errors
    /// `Refused`. What may pass is waited for.
    pub async fn run(self) -> Result<(), Error> {
        self.run_until(CancellationToken::new()).await
    }

    /// Runs until the stop.
    ///
    /// # Errors
    /// As [`Plugin::run`].
    pub async fn run_until(self, stop: CancellationToken) -> Result<(), Error> {
        let mut engine = Engine::new(self);
        tokio::select! {
            ended = engine.run() => ended,
            () = stop.cancelled() => Ok(()),
        }
    }
}
