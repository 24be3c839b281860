//! Blobs between nodes: copied to a majority before the log names them, fetched by nodes that lack them.

mod intake;
mod room;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use gofer_consensus::{Raft, Role};
use gofer_domain::NodeId;
use gofer_store::{Digest, Store};
use gofer_wire::peer::v1 as wire;
use gofer_wire::peer::v1::put_blob_request::Part;
use tokio::io::AsyncReadExt as _;
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status};

use crate::errors::{Fault, reason};
use crate::limits::CHUNK_BYTES;
use crate::peers::{Lane, Peers};
use crate::server::Parts;

pub(crate) use intake::Intake;
pub(crate) use room::Room;

/// Blobs that are copied at the same time.
const AT_ONCE: usize = 4;
/// How long one copy may take.
const COPY: Duration = Duration::from_secs(120);
/// How long a majority is tried for.
const PATIENCE: Duration = Duration::from_secs(150);
/// Pause before a node that failed is tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// Why a blob has too few copies. Worth another try, unless the blob is missing here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplicateError {
    /// This node does not have the blob.
    #[error("there is no blob {0} on this node")]
    Missing(Digest),
    /// A majority could not be reached in time.
    #[error("blob {digest} is on {copies} of {voters} voters, {needed} are needed: {why}")]
    TooFew { digest: Digest, copies: usize, voters: usize, needed: usize, why: String },
}

/// Copies blobs to a majority of the voters. Cloning is cheap.
#[derive(Clone)]
pub struct BlobReplicator(Arc<Inner>);

struct Inner {
    store: Store,
    raft: Raft,
    peers: Peers,
    slots: Semaphore,
}

impl fmt::Debug for BlobReplicator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobReplicator").finish_non_exhaustive()
    }
}

impl BlobReplicator {
    /// A replicator for the blobs of `store`.
    #[must_use]
    pub fn new(store: Store, raft: Raft, peers: Peers) -> Self {
        Self(Arc::new(Inner { store, raft, peers, slots: Semaphore::new(AT_ONCE) }))
    }

    /// Returns once a majority of the voters has a blob durably; this node, which must have it, counts if it votes.
    /// Tries for two and a half minutes; dropping the future ends that.
    ///
    /// # Errors
    /// [`ReplicateError`].
    pub async fn replicate(&self, digest: [u8; 32]) -> Result<(), ReplicateError> {
        self.replicate_in(Room::Outputs, Digest(digest)).await
    }

    /// The same for a blob of a room.
    pub(crate) async fn replicate_in(&self, room: Room, digest: Digest) -> Result<(), ReplicateError> {
        if !room.of(&self.0.store).has(digest) {
            return Err(ReplicateError::Missing(digest));
        }
        // The semaphore is never closed.
        let _slot = self.0.slots.acquire().await;
        let progress = Arc::new(std::sync::Mutex::new((HashSet::new(), String::from("no voter is known"))));
        let copying = self.until_majority(room, digest, &progress);
        if tokio::time::timeout(PATIENCE, copying).await.is_ok() {
            return Ok(());
        }
        let voters = self.voters();
        let (held, why) = {
            let progress = progress.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            progress.clone()
        };
        let copies = voters.iter().filter(|(id, _)| held.contains(id)).count();
        let needed = voters.len() / 2 + 1;
        Err(ReplicateError::TooFew { digest, copies, voters: voters.len(), needed, why })
    }

    fn voters(&self) -> Vec<(NodeId, String)> {
        let members = self.0.raft.status().members.into_iter();
        members.filter(|member| member.role == Role::Voter).map(|member| (member.id, member.address)).collect()
    }

    async fn until_majority(&self, room: Room, digest: Digest, progress: &std::sync::Mutex<(HashSet<NodeId>, String)>) {
        let own = self.0.store.identity().node_id;
        let mut held = HashSet::from([own]);
        loop {
            let voters = self.voters();
            let needed = voters.len() / 2 + 1;
            let missing = voters.iter().filter(|(id, _)| !held.contains(id));
            let mut copies: FuturesUnordered<_> =
                missing.map(async |(id, address)| (*id, self.copy(room, digest, address).await)).collect();
            loop {
                if !voters.is_empty() && voters.iter().filter(|(id, _)| held.contains(id)).count() >= needed {
                    return;
                }
                let Some((id, copied)) = copies.next().await else { break };
                let mut progress = progress.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                match copied {
                    Ok(()) => {
                        held.insert(id);
                    }
                    Err(status) => progress.1 = format!("node {id}: {}", status.message()),
                }
                progress.0.clone_from(&held);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn copy(&self, room: Room, digest: Digest, address: &str) -> Result<(), Status> {
        let (sender, receiver) = mpsc::channel(4);
        let feeding = feed(&self.0.store, room, digest, sender);
        let call =
            self.0.peers.call(Lane::Bulk, address, ReceiverStream::new(receiver), COPY, async |mut client, request| {
                client.put_blob(request).await
            });
        let (fed, answer) = tokio::join!(feeding, call);
        answer?;
        fed.map_err(|error| Status::internal(format!("the blob can't be read here: {error}")))
    }
}

/// Sends a blob in pieces; ends early when the other side wants no more of them.
async fn feed(
    store: &Store,
    room: Room,
    digest: Digest,
    sender: mpsc::Sender<wire::PutBlobRequest>,
) -> std::io::Result<()> {
    let of_object = room == Room::Objects;
    let put = async |part| sender.send(wire::PutBlobRequest { part: Some(part), of_object }).await.is_ok();
    let mut file = tokio::fs::File::open(room.of(store).path(digest)).await?;
    let mut wanted = put(Part::Digest(Bytes::copy_from_slice(&digest.0))).await;
    while wanted {
        let Some(chunk) = next_chunk(&mut file).await? else { break };
        wanted = put(Part::Chunk(chunk)).await;
    }
    Ok(())
}

/// The next piece of a file; none at its end.
pub(crate) async fn next_chunk(file: &mut tokio::fs::File) -> std::io::Result<Option<Bytes>> {
    let mut chunk = BytesMut::with_capacity(CHUNK_BYTES);
    while chunk.len() < CHUNK_BYTES && file.read_buf(&mut chunk).await? > 0 {}
    Ok((!chunk.is_empty()).then(|| chunk.freeze()))
}

/// Makes sure that a blob is on this node: takes it from a node that has it, first from `holder`.
pub(crate) async fn fetch(parts: &Parts, digest: [u8; 32], holder: Option<NodeId>) -> Result<(), Status> {
    let digest = Digest(digest);
    if parts.store.blobs().has(digest) {
        return Ok(());
    }
    fetch_again(parts, Room::Outputs, digest, holder).await
}

/// Like [`fetch`], from any room, also when there is a copy here, which is replaced if it is damaged.
pub(crate) async fn fetch_again(
    parts: &Parts,
    room: Room,
    digest: Digest,
    holder: Option<NodeId>,
) -> Result<(), Status> {
    let own = parts.store.identity().node_id;
    let mut members: Vec<_> = parts.raft.status().members.into_iter().filter(|member| member.id != own).collect();
    members.sort_by_key(|member| (Some(member.id) != holder, member.role != Role::Voter));
    let mut why = String::from("this node knows no other member");
    for member in members {
        match fetch_from(parts, room, digest, &member.address).await {
            Ok(()) => return Ok(()),
            Err(status) => why = format!("node {} at {}: {}", member.id, member.address, status.message()),
        }
    }
    let message = format!("blob {digest} can't be had from any node; the last answer was: {why}");
    Err(Fault::new(Code::Unavailable, reason::UNREACHABLE, message).help("retry when more nodes run").into())
}

async fn fetch_from(parts: &Parts, room: Room, digest: Digest, address: &str) -> Result<(), Status> {
    let of_object = room == Room::Objects;
    let request = wire::GetBlobRequest { digest: Bytes::copy_from_slice(&digest.0), of_object };
    let fetching = async {
        let mut client = parts.peers.client(Lane::Bulk, address)?;
        let answer = client.get_blob(parts.peers.request(request, None)).await;
        let mut stream = answer.inspect_err(|status| parts.peers.failed(Lane::Bulk, address, status))?.into_inner();
        let mut intake = Intake::begin(&parts.store, room, digest).await?;
        while let Some(message) = stream.message().await? {
            intake = intake.add(message.chunk).await?;
        }
        intake.keep().await
    };
    match tokio::time::timeout(COPY, fetching).await {
        Ok(fetched) => fetched,
        Err(_) => {
            Err(Fault::new(Code::DeadlineExceeded, reason::TIMEOUT, format!("it took longer than {COPY:?}")).into())
        }
    }
}
