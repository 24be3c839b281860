//! Raft's messages and snapshots over gRPC.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use gofer_consensus::{MessageKind, SnapshotFile, SnapshotFiles, Transport, TransportError};
use gofer_domain::NodeId;
use gofer_wire::peer::v1 as wire;
use gofer_wire::peer::v1::install_snapshot_request::Part;
use tokio::io::AsyncReadExt as _;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status};

use super::{Lane, Peers};
use crate::errors;
use crate::limits::CHUNK_BYTES;

pub(crate) fn kind_to_wire(kind: MessageKind) -> wire::RaftMessageKind {
    match kind {
        MessageKind::AppendEntries => wire::RaftMessageKind::AppendEntries,
        MessageKind::Vote => wire::RaftMessageKind::Vote,
        MessageKind::PreVote => wire::RaftMessageKind::PreVote,
        MessageKind::TransferLeader => wire::RaftMessageKind::TransferLeader,
    }
}

pub(crate) fn kind_from_wire(kind: wire::RaftMessageKind) -> Option<MessageKind> {
    match kind {
        wire::RaftMessageKind::Unspecified => None,
        wire::RaftMessageKind::AppendEntries => Some(MessageKind::AppendEntries),
        wire::RaftMessageKind::Vote => Some(MessageKind::Vote),
        wire::RaftMessageKind::PreVote => Some(MessageKind::PreVote),
        wire::RaftMessageKind::TransferLeader => Some(MessageKind::TransferLeader),
    }
}

fn failed(status: &Status) -> TransportError {
    let why = status.message().to_owned();
    if errors::reason_of(status).is_some() && status.code() != Code::DeadlineExceeded {
        TransportError::Remote(why)
    } else if errors::is_unsent(status) {
        TransportError::Unreachable(why)
    } else {
        TransportError::Failed(why)
    }
}

impl Peers {
    fn cluster_bytes(&self) -> Bytes {
        let store = &self.0.store;
        let cluster = store.identity().cluster_id.or_else(|| store.read(|state| state.cluster));
        cluster.map(|cluster| Bytes::copy_from_slice(&cluster.0)).unwrap_or_default()
    }
}

#[async_trait]
impl Transport for Peers {
    async fn send(
        &self,
        target: NodeId,
        address: &str,
        kind: MessageKind,
        message: Bytes,
        timeout: Duration,
    ) -> Result<Bytes, TransportError> {
        let kind = kind_to_wire(kind).into();
        let request = wire::RaftRequest { cluster_id: self.cluster_bytes(), target: target.0, kind, message };
        let answer =
            self.call(Lane::Raft, address, request, timeout, async |mut client, request| client.raft(request).await);
        answer.await.map(|answer| answer.message).map_err(|status| failed(&status))
    }

    async fn send_snapshot(
        &self,
        target: NodeId,
        address: &str,
        snapshot: SnapshotFiles,
        vote: Bytes,
        meta: Bytes,
    ) -> Result<Bytes, TransportError> {
        let header = wire::SnapshotHeader {
            cluster_id: self.cluster_bytes(),
            target: target.0,
            vote,
            meta,
            files: snapshot.files.len() as u64,
            size_bytes: snapshot.files.iter().map(|file| file.size).sum(),
        };
        let mut client = self.client(Lane::Bulk, address).map_err(|status| failed(&status))?;
        let (sender, receiver) = mpsc::channel(4);
        // Both ends live in this future: when it is dropped, the transfer ends.
        let feeding = feed(header, snapshot, sender);
        let request = self.request(ReceiverStream::new(receiver), None);
        let (fed, answer) = tokio::join!(feeding, client.install_snapshot(request));
        match answer {
            Ok(answer) => Ok(answer.into_inner().message),
            Err(status) => {
                self.failed(Lane::Bulk, address, &status);
                fed.map_err(|error| TransportError::Failed(format!("the snapshot can't be read: {error}")))?;
                Err(failed(&status))
            }
        }
    }
}

type Sender = mpsc::Sender<wire::InstallSnapshotRequest>;

/// Sends the parts in order; ends early when nobody takes them any more.
async fn feed(header: wire::SnapshotHeader, snapshot: SnapshotFiles, sender: Sender) -> io::Result<()> {
    if put(&sender, Part::Header(header)).await {
        for file in snapshot.files {
            if !feed_file(snapshot.dir.join(&file.name), &file, &sender).await? {
                break;
            }
        }
    }
    Ok(())
}

async fn feed_file(path: PathBuf, file: &SnapshotFile, sender: &Sender) -> io::Result<bool> {
    let digest = Bytes::copy_from_slice(&file.sha256);
    let head = wire::SnapshotFile { name: file.name.clone(), size_bytes: file.size, digest };
    if !put(sender, Part::File(head)).await {
        return Ok(false);
    }
    let mut reader = tokio::fs::File::open(path).await?;
    loop {
        let mut chunk = BytesMut::with_capacity(CHUNK_BYTES);
        while chunk.len() < CHUNK_BYTES && reader.read_buf(&mut chunk).await? > 0 {}
        if chunk.is_empty() {
            return Ok(true);
        }
        if !put(sender, Part::Chunk(chunk.freeze())).await {
            return Ok(false);
        }
    }
}

async fn put(sender: &Sender, part: Part) -> bool {
    sender.send(wire::InstallSnapshotRequest { part: Some(part) }).await.is_ok()
}
