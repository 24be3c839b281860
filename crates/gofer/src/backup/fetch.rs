//! Blobs of a running cluster.

use gofer_cli::{BlobSink, ClientArgs, CopyError, copy_blobs};
use gofer_recovery::{BlobSource, Blobs, Digest, IncomingBlob};
use tokio::runtime::Runtime;

use crate::audit::Failure;

/// Fetches blobs from whichever node answers.
pub(super) struct Fetch<'a> {
    client: &'a ClientArgs,
    runtime: Runtime,
}

impl<'a> Fetch<'a> {
    pub(super) fn new(client: &'a ClientArgs) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::Output)?;
        Ok(Self { client, runtime })
    }
}

impl BlobSource for Fetch<'_> {
    fn fetch(
        &mut self,
        wanted: &[Digest],
        into: &Blobs,
    ) -> Result<Vec<Digest>, Box<dyn std::error::Error + Send + Sync>> {
        let digests: Vec<[u8; 32]> = wanted.iter().map(|digest| digest.0).collect();
        let mut keep = Keep { into, open: None, missing: Vec::new() };
        match self.runtime.block_on(copy_blobs(self.client, &digests, &mut keep)) {
            Ok(()) => Ok(keep.missing),
            Err(CopyError::Client(error)) => Err(error.into()),
            Err(CopyError::Sink(error)) => Err(error.into()),
        }
    }
}

/// Keeps what comes.
struct Keep<'a> {
    into: &'a Blobs,
    open: Option<(Digest, IncomingBlob)>,
    missing: Vec<Digest>,
}

impl BlobSink for Keep<'_> {
    type Error = gofer_recovery::StoreError;

    fn begin(&mut self, digest: [u8; 32]) -> Result<(), Self::Error> {
        self.open = Some((Digest(digest), self.into.incoming()?));
        Ok(())
    }

    fn chunk(&mut self, bytes: &[u8]) -> Result<(), Self::Error> {
        match &mut self.open {
            Some((_, incoming)) => incoming.push(bytes),
            None => Ok(()),
        }
    }

    fn end(&mut self) -> Result<(), Self::Error> {
        match self.open.take() {
            Some((digest, incoming)) => self.into.keep(incoming, digest),
            None => Ok(()),
        }
    }

    fn missing(&mut self, digest: [u8; 32], _: &str) -> Result<(), Self::Error> {
        self.missing.push(Digest(digest));
        Ok(())
    }
}
