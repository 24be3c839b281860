//! The cluster that the arguments name. What may be repeated, and on which node, is decided in `gofer-client`.

use std::time::Duration;

use tonic::transport::Channel;
use tonic::{Request, Response, Status, Streaming};

use crate::args::ClientArgs;
use crate::error::Error;

pub(crate) use gofer_client::{
    ANSWER_BYTES_MAX, Call, Next, clusters, events, namespaces, objects, pipelines, releases, runs, schedules, secrets,
    subscriptions, triggers,
};

/// How long to go on when no node takes connections at all: more likely a wrong address than a failover.
const REFUSED_MAX: Duration = Duration::from_secs(2);

/// Variables of the environment that say who is asking, the first that is set.
const USERS: [&str; 3] = ["GOFER_USER", "USER", "LOGNAME"];
/// The header for it.
const USER_HEADER: &str = "gofer-user";

/// A message with the time its answer may take, and with who is asking, for the record.
pub(crate) fn request<T>(message: T, patience: Duration) -> Request<T> {
    let mut request = gofer_client::request(message, patience);
    let user = USERS.iter().find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty()));
    if let Some(user) = user.and_then(|user| user.parse().ok()) {
        request.metadata_mut().insert(USER_HEADER, user);
    }
    request
}

/// A cluster as the command line sees it.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) nodes: gofer_client::Nodes,
    /// A task's, for the services that take one.
    token: Option<String>,
    /// Consistency of reads, as on the wire.
    pub(crate) consistency: i32,
}

impl Client {
    pub(crate) fn new(args: &ClientArgs) -> Self {
        let nodes = gofer_client::Nodes::new(args.address.clone(), args.timeout).refused_for(REFUSED_MAX);
        Self { nodes, token: args.token.clone(), consistency: args.consistency.into() }
    }

    /// What a message is sent with: the token, if there is one.
    pub(crate) fn authorized<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(token) = &self.token
            && let Ok(value) = format!("Bearer {token}").parse()
        {
            request.metadata_mut().insert("authorization", value);
        }
        request
    }

    /// Address of the node that is asked next.
    pub(crate) fn address(&self) -> &str {
        self.nodes.address()
    }

    /// Asks until a node answers or refuses. `ask` gets a connection and the time its node has to answer.
    ///
    /// # Errors
    /// `Rejected` when a node refuses, `Unreachable` when none answered, `Unknown` when a change got lost on the way.
    pub(crate) async fn call<T, F: Future<Output = Result<Response<T>, Status>>>(
        &mut self,
        call: Call,
        ask: impl Fn(Channel, Duration) -> F,
    ) -> Result<T, Error> {
        Ok(self.nodes.call(call, ask).await?)
    }

    /// The next message of a stream, or what ended it.
    ///
    /// # Errors
    /// `Rejected` when the node refuses to go on.
    pub(crate) async fn next<T>(stream: &mut Streaming<T>) -> Result<Next<T>, Error> {
        Ok(gofer_client::Nodes::next(stream).await?)
    }
}
