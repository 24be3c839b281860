//! Taking in a snapshot: file by file into a staging directory, each checked, all on disk before it is installed.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use gofer_wire::peer::v1 as wire;
use gofer_wire::peer::v1::install_snapshot_request::Part;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;
use tonic::{Code, Status, Streaming};

use super::Peer;
use super::raft_calls::refused;
use crate::convert;
use crate::errors::{Fault, reason};
use crate::limits::CHUNK_BYTES_MAX;

/// Most files of a snapshot.
const FILES_MAX: u64 = 100_000;
const NAME_BYTES_MAX: usize = 255;

impl Peer {
    pub(super) async fn receive_snapshot(
        &self,
        mut parts: Streaming<wire::InstallSnapshotRequest>,
    ) -> Result<wire::InstallSnapshotResponse, Status> {
        let first = parts.message().await?.and_then(|message| message.part);
        let Some(Part::Header(header)) = first else {
            return Err(Fault::invalid("header", "the first message must have the header").into());
        };
        self.admit_raft(&header.cluster_id, header.target).await?;
        let Ok(_slot) = self.incoming_snapshot.clone().try_acquire_owned() else {
            let message = "another snapshot is being received";
            return Err(Fault::new(Code::Aborted, reason::CHANGE_IN_PROGRESS, message).help("try again later").into());
        };
        let dir = self.parts.raft.snapshot_staging().map_err(|error| refused(&error))?;
        let mut staging = Staging::new(dir.clone(), &header)?;
        let received = receive(&mut staging, &mut parts).await;
        if let Err(status) = received {
            discard(&dir).await;
            return Err(status);
        }
        let answer = self.parts.raft.handle_snapshot(dir, header.vote, header.meta).await;
        answer.map(|message| wire::InstallSnapshotResponse { message }).map_err(|error| refused(&error))
    }
}

async fn discard(dir: &Path) {
    if let Err(error) = tokio::fs::remove_dir_all(dir).await
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(dir = %dir.display(), %error, "a broken snapshot transfer could not be removed");
    }
}

async fn receive(staging: &mut Staging, parts: &mut Streaming<wire::InstallSnapshotRequest>) -> Result<(), Status> {
    while let Some(message) = parts.message().await? {
        match message.part {
            Some(Part::File(file)) => staging.begin(file).await?,
            Some(Part::Chunk(chunk)) => staging.write(&chunk).await?,
            Some(Part::Header(_)) | None => {
                return Err(Fault::invalid("part", "after the header only files and chunks may come").into());
            }
        }
    }
    staging.finish().await
}

/// A snapshot that is being received.
struct Staging {
    dir: PathBuf,
    names: HashSet<String>,
    files_left: u64,
    bytes_left: u64,
    current: Option<Incoming>,
}

struct Incoming {
    file: tokio::fs::File,
    name: String,
    left: u64,
    hasher: Sha256,
    digest: Bytes,
}

impl Staging {
    fn new(dir: PathBuf, header: &wire::SnapshotHeader) -> Result<Self, Fault> {
        if header.files > FILES_MAX {
            let message = format!("the snapshot has {} files, the limit is {FILES_MAX}", header.files);
            return Err(Fault::invalid("files", message));
        }
        let names = HashSet::new();
        Ok(Self { dir, names, files_left: header.files, bytes_left: header.size_bytes, current: None })
    }

    async fn begin(&mut self, file: wire::SnapshotFile) -> Result<(), Status> {
        self.complete().await?;
        check_name(&file.name)?;
        convert::digest(&file.digest)?;
        let is_new = self.names.insert(file.name.clone());
        let (Some(files_left), Some(bytes_left), true) =
            (self.files_left.checked_sub(1), self.bytes_left.checked_sub(file.size_bytes), is_new)
        else {
            let message = format!("file {:?} comes twice, or exceeds what the header announced", file.name);
            return Err(Fault::invalid("file", message).into());
        };
        (self.files_left, self.bytes_left) = (files_left, bytes_left);
        let path = self.dir.join(&file.name);
        let created = tokio::fs::OpenOptions::new().write(true).create_new(true).open(&path).await;
        let opened = created.map_err(|error| disk(&path, &error))?;
        let wire::SnapshotFile { name, size_bytes, digest } = file;
        self.current = Some(Incoming { file: opened, name, left: size_bytes, hasher: Sha256::new(), digest });
        Ok(())
    }

    async fn write(&mut self, chunk: &[u8]) -> Result<(), Status> {
        let Some(current) = &mut self.current else {
            return Err(Fault::invalid("chunk", "a chunk comes before its file is named").into());
        };
        let left = current.left.checked_sub(chunk.len() as u64).filter(|_| chunk.len() <= CHUNK_BYTES_MAX);
        current.left = left.ok_or_else(|| {
            let message = format!("file {:?} is longer than announced, or its pieces are too large", current.name);
            Fault::invalid("chunk", message)
        })?;
        current.hasher.update(chunk);
        let path = self.dir.join(&current.name);
        current.file.write_all(chunk).await.map_err(|error| disk(&path, &error))
    }

    /// Checks the file received last and makes it durable.
    async fn complete(&mut self) -> Result<(), Status> {
        let Some(mut current) = self.current.take() else { return Ok(()) };
        let digest: [u8; 32] = current.hasher.finalize().into();
        if current.left > 0 || digest[..] != current.digest[..] {
            let message = format!("file {:?} arrived incomplete or altered", current.name);
            return Err(Fault::new(Code::DataLoss, reason::DAMAGED, message).help("send the snapshot again").into());
        }
        let path = self.dir.join(&current.name);
        current.file.flush().await.map_err(|error| disk(&path, &error))?;
        current.file.sync_all().await.map_err(|error| disk(&path, &error))
    }

    async fn finish(&mut self) -> Result<(), Status> {
        self.complete().await?;
        if self.files_left > 0 || self.bytes_left > 0 {
            let message = format!("the transfer ended {} files and {} bytes early", self.files_left, self.bytes_left);
            return Err(Fault::new(Code::DataLoss, reason::DAMAGED, message).help("send the snapshot again").into());
        }
        let synced = match tokio::fs::File::open(&self.dir).await {
            Ok(dir) => dir.sync_all().await,
            Err(error) => Err(error),
        };
        synced.map_err(|error| disk(&self.dir, &error))
    }
}

/// A plain name: nothing that could lead out of the directory.
fn check_name(name: &str) -> Result<(), Fault> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.starts_with('.') || !name.chars().all(plain) {
        let shown: String = name.chars().take(80).collect();
        return Err(Fault::invalid("name", format!("{shown:?} is not a plain file name")));
    }
    Ok(())
}

fn disk(path: &Path, error: &std::io::Error) -> Status {
    let message = format!("the snapshot can't be written to {}: {error}", path.display());
    tracing::error!(%message, "a snapshot was not taken in");
    Fault::new(Code::Unavailable, reason::STORAGE, message).help("make room on that node's disk").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_taken() {
        for good in ["CURRENT", "MANIFEST-000005", "000012.sst", "OPTIONS-000007"] {
            check_name(good).unwrap();
        }
        for bad in ["", ".", "..", "../x", "a/b", "/etc/passwd", ".hidden", "a\0b", "é", &"x".repeat(256)] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }

    #[tokio::test]
    async fn a_file_that_is_altered_or_cut_short_is_refused() {
        let digest = Bytes::copy_from_slice(&Sha256::digest(b"hello"));
        for (sent, is_good) in [(&b"hello"[..], true), (b"hell0", false), (b"hell", false)] {
            let dir = tempfile::tempdir().unwrap();
            let header = wire::SnapshotHeader { files: 1, size_bytes: 5, ..Default::default() };
            let mut staging = Staging::new(dir.path().to_owned(), &header).unwrap();
            let file = wire::SnapshotFile { name: "a".into(), size_bytes: 5, digest: digest.clone() };
            staging.begin(file).await.unwrap();
            staging.write(sent).await.unwrap();
            assert_eq!(staging.finish().await.is_ok(), is_good, "{sent:?}");
        }
    }

    #[tokio::test]
    async fn a_missing_file_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let header = wire::SnapshotHeader { files: 1, ..Default::default() };
        let mut staging = Staging::new(dir.path().to_owned(), &header).unwrap();
        assert!(staging.finish().await.unwrap_err().message().contains("1 files"));
    }
}
