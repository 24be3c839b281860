//! The public API, one file per service.

mod backups;
mod clusters;
mod events;
mod namespaces;
mod objects;
mod page;
mod pipelines;
mod releases;
mod run_watch;
mod runs;
mod schedules;
mod scope;
mod secrets;
mod subscriptions;
mod triggers;

use std::sync::Arc;

use gofer_consensus::{Proposal, ProposeError};
use gofer_domain::{Actor, Answer, Command, NodeId, Revision};
use gofer_store::{Outcome, Store};
use gofer_wire::api::v1 as wire;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::metadata::MetadataMap;

use crate::blobs::BlobReplicator;
use crate::convert;
use crate::errors::{self, Fault};
use crate::limits::{self, BATCH_BYTES};
use crate::server::Parts;

/// Header with the caller's name, for the record. It is not proven.
const USER_HEADER: &str = "gofer-user";
const USER_BYTES_MAX: usize = 64;

/// All services of the public API.
#[derive(Clone)]
pub(crate) struct Api {
    parts: Parts,
    node: NodeId,
    shutdown: CancellationToken,
    /// Whether only tasks come in, each with its token.
    for_tasks: bool,
    copies: BlobReplicator,
    /// Objects that are taken in at the same time, as each needs memory.
    puts: Arc<Semaphore>,
}

const PUTS_AT_ONCE: usize = 8;

impl Api {
    pub(crate) fn new(parts: Parts, shutdown: CancellationToken) -> Self {
        let node = parts.store.identity().node_id;
        let copies = BlobReplicator::new(parts.store.clone(), parts.raft.clone(), parts.peers.clone());
        Self { parts, node, shutdown, for_tasks: false, copies, puts: Arc::new(Semaphore::new(PUTS_AT_ONCE)) }
    }

    /// The same for tasks: no call without a token.
    pub(crate) fn for_tasks(self) -> Self {
        Self { for_tasks: true, ..self }
    }

    fn store(&self) -> &Store {
        &self.parts.store
    }

    fn header(&self, revision: Revision) -> Option<wire::ResponseHeader> {
        convert::header(revision, self.node)
    }

    /// Revision of what this node has applied.
    fn revision(&self) -> Revision {
        self.store().read(|state| state.revision)
    }

    /// Makes the following reads of the store as fresh as asked.
    async fn freshen(&self, metadata: &MetadataMap, consistency: i32) -> Result<(), Status> {
        if convert::is_local(consistency)? {
            return Ok(());
        }
        self.barrier(limits::deadline(metadata)).await
    }

    async fn barrier(&self, deadline: Instant) -> Result<(), Status> {
        let reached = self.parts.cluster.read_barrier(deadline).await;
        reached.map_err(|error| errors::unanswered(&error, None).into())
    }

    /// Commits a command; `request_id` is the caller's, or empty.
    async fn commit(
        &self,
        metadata: &MetadataMap,
        request_id: &[u8],
        command: Command,
    ) -> Result<(Revision, Answer), Status> {
        self.commit_as(metadata, request_id, actor(metadata)?, command).await
    }

    async fn commit_as(
        &self,
        metadata: &MetadataMap,
        request_id: &[u8],
        actor: Actor,
        command: Command,
    ) -> Result<(Revision, Answer), Status> {
        let proposal = Proposal { request_id: convert::request_id(request_id)?, actor, command };
        propose(&self.parts, proposal, limits::deadline(metadata)).await
    }

    /// Reads from the store's disk, off the async threads.
    async fn load<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Store) -> Result<T, gofer_store::Error> + Send + 'static,
    ) -> Result<T, Status> {
        load(self.store(), read).await
    }
}

/// Commits a command.
pub(crate) async fn propose(
    parts: &Parts,
    proposal: Proposal,
    deadline: Instant,
) -> Result<(Revision, Answer), Status> {
    let request_id = proposal.request_id;
    let outcomes = parts.cluster.propose_until(vec![proposal], deadline).await;
    let unanswered = |error: &ProposeError| Status::from(errors::unanswered(error, Some(request_id)));
    match outcomes.map_err(|error| unanswered(&error))?.into_iter().next() {
        Some(Outcome::Accepted { revision, answer }) => Ok((revision, answer)),
        Some(Outcome::Rejected(rejection)) => Err(errors::rejected(&rejection).into()),
        None => Err(unanswered(&ProposeError::Unknown("the answer is empty".into()))),
    }
}

/// Reads from the store's disk, off the async threads.
pub(crate) async fn load<T: Send + 'static>(
    store: &Store,
    read: impl FnOnce(&Store) -> Result<T, gofer_store::Error> + Send + 'static,
) -> Result<T, Status> {
    let store = store.clone();
    let result = tokio::task::spawn_blocking(move || read(&store)).await;
    result.map_err(|error| errors::interrupted(&error))?.map_err(|error| errors::storage(&error).into())
}

fn actor(metadata: &MetadataMap) -> Result<Actor, Fault> {
    let Some(value) = metadata.get(USER_HEADER) else { return Ok(Actor("client".into())) };
    let name = value.to_str().ok().filter(|name| !name.is_empty() && name.len() <= USER_BYTES_MAX);
    name.map(|name| Actor(format!("user:{name}"))).ok_or_else(|| {
        Fault::invalid(USER_HEADER, format!("the header {USER_HEADER} is not a name"))
            .help(format!("use 1 to {USER_BYTES_MAX} printable ASCII characters, or leave it out"))
    })
}

/// Cuts a page to what fits into a message; at least one item stays. Says whether something was left out.
fn cut<T: prost::Message>(items: &mut Vec<T>) -> bool {
    let mut bytes = 0;
    let mut keep = 0;
    for item in items.iter() {
        bytes += item.encoded_len();
        if keep > 0 && bytes > BATCH_BYTES {
            break;
        }
        keep += 1;
    }
    let is_cut = keep < items.len();
    items.truncate(keep);
    is_cut
}
