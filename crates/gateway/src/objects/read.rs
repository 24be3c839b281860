//! Objects on their way out: every byte is checked before it is sent, and what this node lacks or holds damaged comes from
//! another one, unless it is outside the nodes.

use std::ops::Range;

use gofer_domain::{ObjectContent, ObjectPlace};
use gofer_store::objects::{Chunk, MANIFEST_BYTES_MAX, Manifest, STORED_BYTES_MAX};
use gofer_store::{Digest, Error, Store};
use gofer_wire::api::v1 as wire;
use gofer_wire::api::v1::get_object_response::Part;
use tokio::sync::mpsc;
use tonic::{Code, Status};

use super::outside;
use crate::blobs::{Room, fetch_again};
use crate::errors::{self, Fault, reason};
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
    let place = wanted.content.place;
    if let Some(place) = place {
        parts.outside.as_ref().ok_or_else(|| outside::none(place))?.check_holds(place).await?;
    }
    let manifest = load_manifest(parts, place, Digest(wanted.content.manifest)).await?;
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
            let bytes = load_chunk(parts, place, *chunk).await?;
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

/// The object's bytes of a chunk: from outside, or from this node or another, and then they are here, too.
pub(crate) async fn load_chunk(parts: &Parts, place: Option<ObjectPlace>, chunk: Chunk) -> Result<Vec<u8>, Status> {
    if let Some(place) = place {
        let decode = move |stored: &[u8]| chunk.decode(stored).map(std::borrow::Cow::into_owned);
        return load_outside(parts, place, (chunk.digest, STORED_BYTES_MAX), decode).await;
    }
    let read = move |store: &Store| {
        let stored = store.objects().read(chunk.digest, STORED_BYTES_MAX)?;
        let damaged = |detail| Error::Corrupt { what: chunk.to_string(), detail };
        chunk.decode(&stored).map(std::borrow::Cow::into_owned).map_err(damaged)
    };
    load(parts, chunk.digest, read).await
}

/// A manifest: from outside, or from this node or another.
pub(crate) async fn load_manifest(
    parts: &Parts,
    place: Option<ObjectPlace>,
    digest: Digest,
) -> Result<Manifest, Status> {
    if let Some(place) = place {
        let decode = move |stored: &[u8]| Manifest::decode(digest, stored).map_err(|error| error.to_string());
        return load_outside(parts, place, (digest, MANIFEST_BYTES_MAX), decode).await;
    }
    load(parts, digest, move |store| store.objects().manifest(digest)).await
}

/// What is outside and is what its name says, once it is decoded.
async fn load_outside<T: Send + 'static>(
    parts: &Parts,
    place: ObjectPlace,
    (digest, most): (Digest, usize),
    decode: impl Fn(&[u8]) -> Result<T, String> + Send + 'static,
) -> Result<T, Status> {
    let outside = parts.outside.as_ref().ok_or_else(|| outside::none(place))?;
    let stored = outside.get(place, digest, most).await?;
    let decoded = tokio::task::spawn_blocking(move || decode(&stored)).await;
    decoded.map_err(|error| errors::interrupted(&error))?.map_err(|why| {
        let message = format!("the store of objects {}: file {digest} is damaged: {why}", outside.location());
        Fault::new(Code::DataLoss, reason::DAMAGED, message)
            .help("restore the file, or delete the object and put it again")
            .into()
    })
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
