//! An object on its way in. Memory is bounded: so many chunks are on their way to other nodes at a time, and no more are
//! read from the caller meanwhile.
//!
//! The node that takes an object has hashed all of it before it says so in the log: what was sent to another node before
//! is read from this one's disk, or from outside.

use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesOrdered;
use gofer_consensus::Proposal;
use gofer_domain::{
    Actor, AttemptKey, Command, ObjectContent, ObjectKey, ObjectLimits, ObjectPlace, ObjectScope, RequestId,
};
use gofer_store::objects::{CHUNKS_MAX, Chunk, Manifest, STORED_BYTES_MAX};
use gofer_store::{Digest, Store, codec};
use gofer_wire::api::v1 as wire;
use gofer_wire::api::v1::put_object_request::Part;
use gofer_wire::api::v1::put_object_response::Part as Answer;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tonic::{Code, Status, Streaming};

use super::outside::{self, Folder};
use super::read::load_chunk;
use crate::blobs::{BlobReplicator, Room};
use crate::convert;
use crate::errors::{self, Fault, reason};
use crate::server::Parts;

/// Chunks on their way to other nodes, of one object.
const AHEAD: usize = 3;
/// How long the log is tried for once all chunks are where they have to be.
const COMMIT: Duration = Duration::from_secs(30);

pub(crate) type Sender = mpsc::Sender<Result<wire::PutObjectResponse, Status>>;

/// What is put.
pub(crate) struct Target {
    pub(crate) scope: ObjectScope,
    pub(crate) key: ObjectKey,
    pub(crate) request_id: RequestId,
    pub(crate) actor: Actor,
    pub(crate) attempt: Option<AttemptKey>,
}

/// Where an object's bytes go.
#[derive(Clone)]
enum Home {
    /// To a majority of the nodes.
    Nodes(BlobReplicator),
    Outside(Folder),
}

struct Put<'a> {
    parts: &'a Parts,
    home: Home,
    bytes_max: u64,
    sender: &'a Sender,
    hasher: Sha256,
    chunks: Vec<Chunk>,
    bytes: u64,
    kept: u64,
    /// The chunk that the caller has to go back to; what comes before it was sent too early.
    wanted: Option<u64>,
    on_their_way: FuturesOrdered<JoinHandle<Result<(), Status>>>,
}

/// Takes an object in; the last answer says that it is put.
pub(crate) async fn put(
    parts: &Parts,
    copies: BlobReplicator,
    target: Target,
    mut stream: Streaming<wire::PutObjectRequest>,
    sender: &Sender,
) -> Result<(), Status> {
    let settings = parts.objects;
    let bytes_max = match target.scope {
        ObjectScope::Pipeline(_) => settings.limits.pipeline_bytes,
        ObjectScope::Run(_) => settings.limits.run_bytes,
    };
    // Sweeps leave alone for twice as long what is put from now on.
    let deadline = Instant::now() + settings.grace / 2;
    let home = match &parts.outside {
        None => {
            outside::check_none(&parts.store)?;
            Home::Nodes(copies)
        }
        Some(outside) => Home::Outside(Folder::open(outside, &parts.store, target.request_id, settings.grace).await?),
    };
    let mut put = Put {
        parts,
        home,
        bytes_max,
        sender,
        hasher: Sha256::new(),
        chunks: Vec::new(),
        bytes: 0,
        kept: 0,
        wanted: None,
        on_their_way: FuturesOrdered::new(),
    };
    let taken = tokio::time::timeout_at(deadline, async {
        let end = put.take(&mut stream).await?;
        put.complete(&end).await
    });
    let content = taken.await.map_err(|_| {
        let message = format!("the object was not whole after {:?}, the limit", settings.grace / 2);
        Status::from(Fault::new(Code::Aborted, reason::TIMEOUT, message).help("put it in parts"))
    })??;
    put.commit(content, target, settings.limits).await
}

impl Put<'_> {
    /// Takes chunks until the end.
    async fn take(&mut self, stream: &mut Streaming<wire::PutObjectRequest>) -> Result<wire::PutObjectEnd, Status> {
        loop {
            tokio::select! {
                biased;
                Some(copied) = self.on_their_way.next() => self.copied(copied).await?,
                message = stream.message(), if self.on_their_way.len() < AHEAD => match message?.and_then(|m| m.part) {
                    Some(Part::Chunk(chunk)) => self.chunk(chunk).await?,
                    Some(Part::End(end)) if self.wanted.is_none() => break Ok(end),
                    Some(Part::End(_)) => {}
                    Some(Part::Start(_)) => return Err(Fault::invalid("start", "an object has one start").into()),
                    None => return Err(broken_off()),
                },
            }
        }
    }

    async fn copied(&mut self, copied: Result<Result<(), Status>, tokio::task::JoinError>) -> Result<(), Status> {
        copied.map_err(|error| errors::interrupted(&error))??;
        self.kept += 1;
        self.answer(Answer::Kept(self.kept)).await
    }

    async fn answer(&self, part: Answer) -> Result<(), Status> {
        let sent = self.sender.send(Ok(wire::PutObjectResponse { part: Some(part) })).await;
        sent.map_err(|_| Status::cancelled("the caller is gone"))
    }

    async fn chunk(&mut self, sent: wire::PutObjectChunk) -> Result<(), Status> {
        let next = self.chunks.len() as u64;
        match self.wanted {
            Some(_) if sent.index != next || sent.data.is_empty() => return Ok(()),
            _ => self.wanted = None,
        }
        if sent.index != next {
            let message = format!("chunk {} came, and {next} is next", sent.index);
            return Err(Fault::invalid("chunk.index", message).help("send the chunks in order").into());
        }
        self.check_room(&sent)?;
        let digest = match (sent.digest.is_empty(), sent.data.is_empty()) {
            (true, true) => return Err(Fault::invalid("chunk.digest", "a chunk has data, or a digest").into()),
            (true, false) => None,
            (false, _) => Some(Digest(convert::digest(&sent.digest)?)),
        };
        let invalid = |why: String| Status::from(Fault::invalid("chunk", why));
        let stored = codec::encoding_from_wire(sent.encoding).map_err(|error| invalid(error.to_string()))?;
        let chunk = |digest| Chunk::new(digest, sent.bytes, stored).map_err(invalid);
        if let (true, Some(digest)) = (sent.data.is_empty(), digest) {
            return self.offered(chunk(digest)?).await;
        }
        let mut hasher = self.hasher.clone();
        let data = sent.data;
        let checked = tokio::task::spawn_blocking(move || {
            let found = Digest::of(&data);
            if digest.is_some_and(|digest| digest != found) {
                return Err(invalid(format!("the data have the digest {found}, and another was announced")));
            }
            let chunk = Chunk::new(found, sent.bytes, stored).map_err(invalid)?;
            hasher.update(chunk.decode(&data).map_err(invalid)?);
            Ok((chunk, hasher, data))
        });
        let (chunk, hasher, data) = checked.await.map_err(|error| errors::interrupted(&error))??;
        self.hasher = hasher;
        let (home, store) = (self.home.clone(), self.parts.store.clone());
        self.add(chunk, async move { home.keep(&store, chunk.digest, data).await });
        Ok(())
    }

    /// Takes a chunk that was sent before, to this or to another node.
    async fn offered(&mut self, chunk: Chunk) -> Result<(), Status> {
        let Some(bytes) = self.known(chunk).await else {
            let index = self.chunks.len() as u64;
            self.wanted = Some(index);
            return self.answer(Answer::Wanted(index)).await;
        };
        let mut hasher = self.hasher.clone();
        let hashed = tokio::task::spawn_blocking(move || {
            hasher.update(&bytes);
            hasher
        });
        self.hasher = hashed.await.map_err(|error| errors::interrupted(&error))?;
        let (home, store) = (self.home.clone(), self.parts.store.clone());
        self.add(chunk, async move { home.renew(&store, chunk.digest).await });
        Ok(())
    }

    /// The bytes of a chunk that was sent before, unless they have to be sent again.
    async fn known(&self, chunk: Chunk) -> Option<Vec<u8>> {
        let place = match &self.home {
            Home::Nodes(_) => None,
            Home::Outside(folder) if folder.holds(chunk.digest) => Some(folder.place()),
            Home::Outside(_) => return None,
        };
        load_chunk(self.parts, place, chunk).await.ok()
    }

    fn add(&mut self, chunk: Chunk, copying: impl Future<Output = Result<(), Status>> + Send + 'static) {
        self.bytes += u64::from(chunk.bytes);
        self.chunks.push(chunk);
        self.on_their_way.push_back(tokio::spawn(copying));
    }

    fn check_room(&self, sent: &wire::PutObjectChunk) -> Result<(), Status> {
        let too_large = |message: String| {
            Status::from(Fault::new(Code::OutOfRange, reason::TOO_LARGE, message).help("put less, or raise the limit"))
        };
        if self.bytes + u64::from(sent.bytes) > self.bytes_max {
            return Err(too_large(format!(
                "the object has more than {} bytes, the limit of its scope",
                self.bytes_max
            )));
        }
        if self.chunks.len() >= CHUNKS_MAX {
            return Err(too_large(format!("the object has more than {CHUNKS_MAX} chunks; larger ones are needed")));
        }
        if sent.data.len() > STORED_BYTES_MAX {
            return Err(too_large(format!("a chunk has more than {STORED_BYTES_MAX} bytes of data")));
        }
        Ok(())
    }

    /// Waits until all of it is where it has to be, and keeps what lists it.
    async fn complete(&mut self, end: &wire::PutObjectEnd) -> Result<ObjectContent, Status> {
        while let Some(copied) = self.on_their_way.next().await {
            self.copied(copied).await?;
        }
        let digest: [u8; 32] = std::mem::take(&mut self.hasher).finalize().into();
        if end.chunks != self.chunks.len() as u64 {
            let message = format!("{} chunks came, the end says {}", self.chunks.len(), end.chunks);
            return Err(Fault::invalid("end.chunks", message).into());
        }
        if !end.digest.is_empty() && convert::digest(&end.digest)? != digest {
            let message = format!("what came has the digest {}, and another was announced", Digest(digest));
            return Err(Fault::invalid("end.digest", message).help("put it again").into());
        }
        let invalid = |why: String| Status::from(Fault::invalid("chunk", why));
        let manifest = Manifest::new(std::mem::take(&mut self.chunks)).map_err(invalid)?;
        let bytes = manifest.bytes();
        let stored = manifest.encode();
        let manifest = Digest::of(&stored);
        self.home.keep(&self.parts.store, manifest, stored).await?;
        Ok(ObjectContent { bytes, digest, manifest: manifest.0, place: self.home.place() })
    }

    /// Has the log say that it is there.
    async fn commit(self, content: ObjectContent, target: Target, limits: ObjectLimits) -> Result<(), Status> {
        let Target { scope, key, request_id, actor, attempt } = target;
        let command = Command::PutObject { scope, key, content: Box::new(content.clone()), limits, attempt };
        let proposal = Proposal { request_id, actor, command };
        let (revision, _) = crate::api::propose(self.parts, proposal, Instant::now() + COMMIT).await?;
        let header = convert::header(revision, self.parts.store.identity().node_id);
        let content = Some(codec::object_content_to_wire(&content));
        self.answer(Answer::Done(wire::PutObjectDone { header, content })).await
    }
}

impl Home {
    /// Keeps bytes where they are to be, durably, as of now.
    async fn keep(&self, store: &Store, digest: Digest, bytes: Vec<u8>) -> Result<(), Status> {
        match self {
            Self::Nodes(copies) => {
                let store = store.clone();
                let put = tokio::task::spawn_blocking(move || store.objects().put(&bytes)).await;
                put.map_err(|error| errors::interrupted(&error))?.map_err(|error| errors::storage(&error))?;
                replicate(copies, digest).await
            }
            Self::Outside(folder) => folder.put(digest, bytes.into()).await,
        }
    }

    /// Makes what is here count as put now. Outside it is new enough, or the put would not have begun.
    async fn renew(&self, store: &Store, digest: Digest) -> Result<(), Status> {
        let Self::Nodes(copies) = self else { return Ok(()) };
        let store = store.clone();
        let renewed = tokio::task::spawn_blocking(move || store.objects().renew(digest)).await;
        renewed.map_err(|error| errors::interrupted(&error))?.map_err(|error| errors::storage(&error))?;
        replicate(copies, digest).await
    }

    fn place(&self) -> Option<ObjectPlace> {
        match self {
            Self::Nodes(_) => None,
            Self::Outside(folder) => Some(folder.place()),
        }
    }
}

async fn replicate(copies: &BlobReplicator, digest: Digest) -> Result<(), Status> {
    copies.replicate_in(Room::Objects, digest).await.map_err(|error| {
        Fault::new(Code::Unavailable, reason::UNREACHABLE, error.to_string()).help("go on with another node").into()
    })
}

fn broken_off() -> Status {
    Fault::invalid("end", "the object broke off before its end").help("put it again").into()
}
