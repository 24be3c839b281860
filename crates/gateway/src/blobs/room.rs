//! The two kinds of blobs of a node: sealed outputs, which are kept for ever, and what objects are made of.

use gofer_store::{Blobs, Digest, Error, IncomingBlob, Store};

/// Where a blob is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    Outputs,
    Objects,
}

impl Room {
    pub(crate) fn from_wire(of_object: bool) -> Self {
        if of_object { Self::Objects } else { Self::Outputs }
    }

    /// The files.
    pub(crate) fn of(self, store: &Store) -> &Blobs {
        match self {
            Self::Outputs => store.blobs(),
            Self::Objects => store.objects().blobs(),
        }
    }

    /// Whether it is here. Blocks on the disk.
    pub(crate) fn has(self, store: &Store, digest: Digest) -> Result<bool, Error> {
        match self {
            Self::Outputs => Ok(store.blobs().has(digest)),
            // Who asks is about to count on it.
            Self::Objects => store.objects().renew(digest),
        }
    }

    pub(crate) fn keep(self, store: &Store, blob: IncomingBlob, digest: Digest) -> Result<(), Error> {
        match self {
            Self::Outputs => store.blobs().keep(blob, digest),
            Self::Objects => store.objects().keep(blob, digest),
        }
    }
}
