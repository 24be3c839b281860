//! What all parts of one executor share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gofer_domain::config::DriverKind;
use gofer_domain::{AttemptKey, NodeId};
use gofer_drivers::{Driver, LaunchId};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::lease::Lease;
use crate::parts::Parts;

pub(crate) struct Context {
    pub(crate) node: NodeId,
    pub(crate) config: Config,
    pub(crate) parts: Parts,
    pub(crate) drivers: BTreeMap<DriverKind, Arc<dyn Driver>>,
    pub(crate) lease: Lease,
    /// Memory for logs that are being sealed, in units of its own.
    pub(crate) seal_memory: Semaphore,
    /// Everything lets go; what runs goes on.
    pub(crate) shutdown: CancellationToken,
}

impl Context {
    /// Whether this node's state has the attempt placed here and not ended.
    pub(crate) fn is_placed(&self, key: &AttemptKey) -> bool {
        let placed = |state: &gofer_domain::State| state.index.placed.get(&self.node).is_some_and(|p| p.contains(key));
        self.parts.store.read(placed)
    }
}

/// The id that an attempt is launched under.
pub(crate) fn launch_id(cluster: &str, key: &AttemptKey) -> LaunchId {
    let run = &key.task.run;
    let pipeline = &run.pipeline;
    let (namespace, name) = (pipeline.namespace.as_str(), pipeline.pipeline.as_str());
    LaunchId::derive(cluster, namespace, name, run.run, key.task.task.as_str(), key.attempt)
}

/// Pauses between tries that grow up to a limit.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
    most: Duration,
}

impl Backoff {
    pub(crate) fn new(first: Duration, most: Duration) -> Self {
        Self { next: first, most }
    }

    pub(crate) async fn pause(&mut self) {
        let pause = self.next;
        self.next = self.most.min(pause * 2);
        tokio::time::sleep(pause).await;
    }
}
