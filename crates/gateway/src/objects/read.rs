//! Objects on their way out: every byte is checked before it is sent, and what this node lacks or holds damaged comes from
//! another one.

use std::ops::Range;

use gofer_domain::ObjectContent;
use gofer_store::objects::{Chunk, Manifest, STORED_BYTES_MAX};
use gofer_store::{Digest, Error, Store};
use gofer_wire::api::v1 as wire;
use gofer_wire::api::v1::get_object_response::Part;
use tokio::sync::mpsc;
use tonic::Status;

use crate::blobs::{Room, fetch_again};
use crate::errors;
use crate::limits::CHUNK_BYTES;
use crate::server::Parts;

pub(crate) type Sender = mpsc::Sender<Result<wire::GetObjectResponse, Status>>;

/// Which bytes of an object.
pub(crate) struct Wanted {
    pub(crate) content: ObjectContent,
    pub(crate) range: Range<u64>,
}

/// Sends the bytes; ends early once the caller is gone.
pub(crate) async fn send(parts: &Parts, wanted: &Wanted, sender: &Sender) -> Result<(), Status> {
    let manifest = load_manifest(parts, Digest(wanted.content.manifest)).await?;
    if manifest.bytes() != wanted.content.bytes {
        let what = format!("the manifest {} of an object", Digest(wanted.content.manifest));
        let detail = format!("it has {} bytes, the object {}", manifest.bytes(), wanted.content.bytes);
        return Err(errors::storage(&Error::Corrupt { what, detail }).into());
    }
    let mut start = 0;
    for chunk in manifest.chunks() {
        let end = start + u64::from(chunk.bytes);
        let (from, to) = (wanted.range.start.max(start), wanted.range.end.min(end));
        if from < to {
            let bytes = load_chunk(parts, *chunk).await?;
            let within = |offset: u64| usize::try_from(offset - start).unwrap_or(usize::MAX);
            for piece in bytes.get(within(from)..within(to)).unwrap_or_default().chunks(CHUNK_BYTES) {
                let part = Some(Part::Data(piece.to_vec()));
                if sender.send(Ok(wire::GetObjectResponse { part })).await.is_err() {
                    return Ok(());
                }
            }
        }
        start = end;
    }
    Ok(())
}

/// The object's bytes of a chunk, from this node or another; then they are here, too.
pub(crate) async fn load_chunk(parts: &Parts, chunk: Chunk) -> Result<Vec<u8>, Status> {
    let read = move |store: &Store| {
        let stored = store.objects().read(chunk.digest, STORED_BYTES_MAX)?;
        let damaged = |detail| Error::Corrupt { what: chunk.to_string(), detail };
        chunk.decode(&stored).map(std::borrow::Cow::into_owned).map_err(damaged)
    };
    load(parts, chunk.digest, read).await
}

/// A manifest, from this node or another.
pub(crate) async fn load_manifest(parts: &Parts, digest: Digest) -> Result<Manifest, Status> {
    load(parts, digest, move |store| store.objects().manifest(digest)).await
}

async fn load<T: Send + 'static>(
    parts: &Parts,
    digest: Digest,
    read: impl Fn(&Store) -> Result<T, Error> + Clone + Send + 'static,
) -> Result<T, Status> {
    let once = async || {
        let (store, read) = (parts.store.clone(), read.clone());
        let read = tokio::task::spawn_blocking(move || read(&store)).await;
        read.map_err(|error| Status::from(errors::interrupted(&error)))
    };
    match once().await? {
        Ok(value) => return Ok(value),
        Err(Error::NoBlob(_)) => {}
        Err(error) => tracing::warn!(%error, "a part of an object is fetched from another node"),
    }
    fetch_again(parts, Room::Objects, digest, None).await?;
    once().await?.map_err(|error| errors::storage(&error).into())
}
