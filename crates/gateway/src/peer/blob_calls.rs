//! Blobs in and out.

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use gofer_store::{Digest, Error};
use gofer_wire::peer::v1 as wire;
use gofer_wire::peer::v1::put_blob_request::Part;
use tonic::{Status, Streaming};

use super::Peer;
use crate::api::load;
use crate::blobs::{Intake, Room, next_chunk};
use crate::convert;
use crate::errors::{self, Fault};

impl Peer {
    pub(super) async fn receive_blob(
        &self,
        mut parts: Streaming<wire::PutBlobRequest>,
    ) -> Result<wire::PutBlobResponse, Status> {
        let first = parts.message().await?.unwrap_or_default();
        let room = Room::from_wire(first.of_object);
        let Some(Part::Digest(digest)) = first.part else {
            return Err(Fault::invalid("digest", "the first message must have the digest").into());
        };
        let digest = Digest(convert::digest(&digest)?);
        let known = move |store: &gofer_store::Store| room.has(store, digest);
        if load(&self.parts.store, known).await? {
            return Ok(wire::PutBlobResponse {});
        }
        // Never closed.
        let _slot = self.incoming_blobs.acquire().await;
        let mut intake = Intake::begin(&self.parts.store, room, digest).await?;
        while let Some(message) = parts.message().await? {
            match message.part {
                Some(Part::Chunk(chunk)) => intake = intake.add(chunk).await?,
                _ => return Err(Fault::invalid("chunk", "after the digest only chunks may come").into()),
            }
        }
        intake.keep().await?;
        Ok(wire::PutBlobResponse {})
    }

    pub(super) async fn send_blob(
        &self,
        request: &wire::GetBlobRequest,
    ) -> Result<BoxStream<'static, Result<wire::GetBlobResponse, Status>>, Status> {
        let digest = Digest(convert::digest(&request.digest)?);
        let path = Room::from_wire(request.of_object).of(&self.parts.store).path(digest);
        let file = tokio::fs::File::open(path).await.map_err(|error| {
            if error.kind() == std::io::ErrorKind::NotFound {
                Status::from(Fault::not_found("digest", Error::NoBlob(digest.to_string()).to_string()))
            } else {
                unreadable(digest, &error)
            }
        })?;
        let chunks = futures::stream::try_unfold(file, move |mut file| async move {
            let chunk = next_chunk(&mut file).await.map_err(|error| unreadable(digest, &error))?;
            Ok(chunk.map(|chunk: Bytes| (wire::GetBlobResponse { chunk }, file)))
        });
        Ok(chunks.boxed())
    }
}

fn unreadable(digest: Digest, error: &std::io::Error) -> Status {
    Fault::new(tonic::Code::Unavailable, errors::reason::STORAGE, format!("blob {digest} can't be read: {error}"))
        .into()
}
