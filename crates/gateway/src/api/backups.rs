//! Blobs for backups. What this node lacks is fetched from others, one at a time, and stays here.

use futures::StreamExt as _;
use futures::stream::BoxStream;
use gofer_store::Digest;
use gofer_wire::api::v1 as wire;
use gofer_wire::api::v1::backup_service_server::BackupService;
use gofer_wire::api::v1::get_blobs_response::Part;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Response, Status, async_trait};

use super::Api;
use crate::blobs::{Room, fetch_again, next_chunk};
use crate::convert;
use crate::errors::{self, Fault, reason};

/// Most blobs of one call.
const BLOBS_MAX: usize = 1_000;
/// Pieces that wait for a slow caller.
const AHEAD: usize = 4;

type Sender = mpsc::Sender<Result<wire::GetBlobsResponse, Status>>;

#[async_trait]
impl BackupService for Api {
    type GetBlobsStream = BoxStream<'static, Result<wire::GetBlobsResponse, Status>>;

    async fn get_blobs(
        &self,
        request: Request<wire::GetBlobsRequest>,
    ) -> Result<Response<Self::GetBlobsStream>, Status> {
        let digests = request.into_inner().digests;
        if digests.len() > BLOBS_MAX {
            let message = format!("{} blobs are asked for, the limit is {BLOBS_MAX}", digests.len());
            return Err(Fault::invalid("digests", message).help("ask for the others in another call").into());
        }
        let digests: Vec<Digest> =
            digests.iter().map(|digest| convert::digest(digest).map(Digest)).collect::<Result<_, _>>()?;
        let (sender, receiver) = mpsc::channel(AHEAD);
        let api = self.clone();
        tokio::spawn(async move {
            let shutdown = api.shutdown.clone();
            tokio::select! {
                // Ends early when the caller is gone.
                _ = api.send_blobs(digests, &sender) => {}
                () = shutdown.cancelled() => {
                    drop(sender.try_send(Err(errors::shutting_down("ask another node for the rest").into())));
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(receiver).boxed()))
    }
}

impl Api {
    async fn send_blobs(&self, digests: Vec<Digest>, sender: &Sender) -> Option<()> {
        for digest in digests {
            match self.find_blob(digest).await {
                Ok(file) => send_blob(digest, file, sender).await?,
                Err(status) => {
                    let missing = wire::MissingBlob { digest: bytes_of(digest), reason: status.message().to_owned() };
                    put(sender, Part::Missing(missing)).await?;
                }
            }
        }
        Some(())
    }

    /// A blob's file, after all of it was checked. A damaged copy is replaced by another node's. Callers name outputs and
    /// what objects are made of alike, by their digests.
    async fn find_blob(&self, digest: Digest) -> Result<tokio::fs::File, Status> {
        for room in [Room::Outputs, Room::Objects] {
            let store = self.store().clone();
            let checked = tokio::task::spawn_blocking(move || room.of(&store).open_checked(digest)).await;
            if let Ok(file) = checked.map_err(|error| errors::interrupted(&error))? {
                return Ok(tokio::fs::File::from_std(file));
            }
        }
        let mut room = Room::Objects;
        if fetch_again(&self.parts, room, digest, None).await.is_err() {
            room = Room::Outputs;
            fetch_again(&self.parts, room, digest, None).await?;
        }
        let file = self.load(move |store| room.of(store).open_checked(digest)).await?;
        Ok(tokio::fs::File::from_std(file))
    }
}

/// None once the caller is gone.
async fn send_blob(digest: Digest, mut file: tokio::fs::File, sender: &Sender) -> Option<()> {
    put(sender, Part::Blob(bytes_of(digest))).await?;
    loop {
        match next_chunk(&mut file).await {
            Ok(Some(chunk)) => put(sender, Part::Chunk(chunk.to_vec())).await?,
            Ok(None) => return Some(()),
            Err(error) => {
                let message = format!("blob {digest} can't be read: {error}");
                let fault = Fault::new(Code::Unavailable, reason::STORAGE, message).help("ask another node");
                sender.send(Err(fault.into())).await.ok()?;
                return None;
            }
        }
    }
}

async fn put(sender: &Sender, part: Part) -> Option<()> {
    sender.send(Ok(wire::GetBlobsResponse { part: Some(part) })).await.ok()
}

fn bytes_of(digest: Digest) -> Vec<u8> {
    digest.0.to_vec()
}
