//! Tries a trigger without a cluster.
//!
//! [`Cluster`] is a stand-in: one server in this process, which takes events by the rules of the protocol and keeps them in
//! memory. It starts no runs and evaluates no expressions. It can be as unkind as a network.
//!
//! ```no_run
//! # use gofer_plugin::{Description, Subscription, Trigger, WatchError, async_trait, testing::Cluster};
//! # struct Files;
//! # #[async_trait] impl Trigger for Files {
//! #     fn describe(&self) -> Description { Description::new("1") }
//! #     async fn watch(&self, _: Subscription) -> Result<(), WatchError> { Ok(()) }
//! # }
//! # async fn f() -> Result<(), Box<dyn std::error::Error>> {
//! let cluster = Cluster::start().await?;
//! cluster.subscribe("inbox", &[("directory", "/tmp/inbox")]);
//! tokio::spawn(cluster.plugin(Files)?.run());
//! std::fs::write("/tmp/inbox/a", "")?;
//! assert_eq!(cluster.next("inbox").await.key, "a");
//! # Ok(())
//! # }
//! ```

mod calls;
mod server;
mod state;

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::error::Error;
use crate::plugin::{Plugin, Trigger};
use server::Service;
use state::Shared;

pub use state::Taken;

/// How long [`Cluster::next`] waits.
const PATIENCE: Duration = Duration::from_secs(20);
const TRIGGER: &str = "under-test";
const TOKEN: &str = "token-of-the-test-kit";

/// A stand-in for a cluster. It ends when it is dropped.
#[derive(Debug)]
pub struct Cluster {
    shared: Shared,
    address: String,
    _stop: DropGuard,
}

impl Cluster {
    /// Starts it on a free port of this machine.
    ///
    /// # Errors
    /// When there is none.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let shared = Shared::default();
        let stop = CancellationToken::new();
        let service = Service::new(shared.clone()).into_server();
        let serving = tonic::transport::Server::builder()
            .add_service(service)
            .serve_with_incoming_shutdown(TcpListenerStream::new(listener), stop.clone().cancelled_owned());
        tokio::spawn(serving);
        Ok(Self { shared, address, _stop: stop.drop_guard() })
    }

    /// A trigger that is connected to it once it runs.
    ///
    /// # Errors
    /// None that is known of.
    pub fn plugin<T: Trigger>(&self, trigger: T) -> Result<Plugin<T>, Error> {
        Plugin::new(trigger, TRIGGER, TOKEN, [self.address.clone()])
    }

    /// Makes a subscription, or changes its settings.
    pub fn subscribe(&self, name: &str, settings: &[(&str, &str)]) {
        self.shared.subscribe(name, settings);
    }

    /// Takes a subscription away.
    pub fn unsubscribe(&self, name: &str) {
        self.shared.unsubscribe(name);
    }

    /// All events that a subscription has taken, in order; each once.
    #[must_use]
    pub fn taken(&self, name: &str) -> Vec<Taken> {
        self.shared.taken(name)
    }

    /// Up to where the events of a subscription are taken.
    #[must_use]
    pub fn cursor(&self, name: &str) -> Option<Vec<u8>> {
        self.shared.cursor(name)
    }

    /// Why the plug-in can't do its work, as it has said last on its stream; empty if it can.
    #[must_use]
    pub fn problem(&self) -> String {
        self.shared.problem()
    }

    /// Sends a request, as somebody does who sends it to a node, once a plug-in is connected that answers such. Its path is what
    /// follows `/v1/plugins/TRIGGER`. The answer is 503 when the stream ends meanwhile, and 502 when it is not valid.
    ///
    /// # Panics
    /// When there is no plug-in, or no answer, within 20 seconds.
    pub async fn http(&self, request: Request<Bytes>) -> Response<Bytes> {
        let answering = async { calls::call(&self.shared.plugin().await, request).await };
        let answered = timeout(PATIENCE, answering).await;
        answered.unwrap_or_else(|_| panic!("no plug-in has answered within {PATIENCE:?}"))
    }

    /// Waits for the first event of a subscription that this was not asked for before.
    ///
    /// # Panics
    /// When none comes within 20 seconds.
    pub async fn next(&self, name: &str) -> Taken {
        let next = timeout(PATIENCE, self.shared.next(name)).await;
        next.unwrap_or_else(|_| panic!("no event came for {name:?} within {PATIENCE:?}"))
    }

    /// Cuts all streams, as a node does that dies.
    pub fn cut(&self) {
        self.shared.cut();
    }

    /// Takes the events of so many messages without an answer, and cuts their streams.
    pub fn lose_answers(&self, count: usize) {
        self.shared.lose_answers(count);
    }
}
