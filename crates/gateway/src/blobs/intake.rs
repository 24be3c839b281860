//! A blob that comes in pieces from another node: on the disk as it comes, so that memory does not grow with it.

use bytes::Bytes;
use gofer_store::{BLOB_BYTES_MAX, Digest, Error, IncomingBlob, Store};
use tonic::{Code, Status};

use super::Room;
use crate::errors::{self, Fault, reason};
use crate::limits::CHUNK_BYTES_MAX;

/// Writes the pieces of a blob to a temporary file, within bounds. What is not kept is removed.
#[derive(Debug)]
pub(crate) struct Intake {
    store: Store,
    room: Room,
    digest: Digest,
    blob: IncomingBlob,
}

impl Intake {
    /// Begins to take in the blob that is announced.
    pub(crate) async fn begin(store: &Store, room: Room, digest: Digest) -> Result<Self, Status> {
        let store = store.clone();
        blocking(move || {
            let blob = room.of(&store).incoming().map_err(|error| errors::storage(&error))?;
            Ok(Self { store, room, digest, blob })
        })
        .await
    }

    /// Takes the next piece.
    pub(crate) async fn add(mut self, chunk: Bytes) -> Result<Self, Status> {
        if chunk.len() > CHUNK_BYTES_MAX {
            return Err(too_large().into());
        }
        blocking(move || match self.blob.push(&chunk) {
            Ok(()) => Ok(self),
            Err(Error::BlobTooLarge { .. }) => Err(too_large()),
            Err(error) => Err(errors::storage(&error)),
        })
        .await
    }

    /// Keeps the blob durably if it is the one that was announced.
    pub(crate) async fn keep(self) -> Result<(), Status> {
        let Self { store, room, digest, blob } = self;
        blocking(move || match room.keep(&store, blob, digest) {
            Err(Error::Corrupt { detail, .. }) => {
                let message = format!("the bytes received are not blob {digest}: {detail}");
                Err(Fault::new(Code::DataLoss, reason::DAMAGED, message).help("send them again"))
            }
            kept => kept.map_err(|error| errors::storage(&error)),
        })
        .await
    }
}

fn too_large() -> Fault {
    let message = format!("a blob has at most {BLOB_BYTES_MAX} bytes in pieces of at most {CHUNK_BYTES_MAX}");
    Fault::new(Code::OutOfRange, reason::TOO_LARGE, message)
}

async fn blocking<R: Send + 'static>(work: impl FnOnce() -> Result<R, Fault> + Send + 'static) -> Result<R, Status> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|error| errors::interrupted(&error))?;
    Ok(done?)
}
