//! The bytes of objects: chunks named by the SHA-256 of what is stored, and manifests that name the chunks in order.
//!
//! They are kept apart from sealed outputs: those are named by the log for ever, these only as long as the state names
//! their object, and are swept afterwards.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;

use gofer_domain::limits::OBJECT_BYTES_MAX;
use gofer_wire::model::v1 as model;
use prost::Message;

use crate::blobs::Digest;
use crate::codec;
use crate::error::Error;

/// Bytes of a chunk, but for the last of an object.
pub const CHUNK_BYTES: u32 = 4 << 20;
/// Most chunks of an object: those of the largest one.
pub const CHUNKS_MAX: usize = (OBJECT_BYTES_MAX / CHUNK_BYTES as u64) as usize;
/// Most bytes that a chunk may take as it is stored; zstd adds a little to what it can't compress.
pub const STORED_BYTES_MAX: usize = CHUNK_BYTES as usize + (CHUNK_BYTES as usize >> 8) + 64;

/// Most bytes of a manifest: as many chunks as there may be, each with its digest, size and encoding.
pub const MANIFEST_BYTES_MAX: usize = 48 * CHUNKS_MAX;

const _: () = assert!(STORED_BYTES_MAX < MANIFEST_BYTES_MAX);

/// How a chunk is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    Raw,
    /// One zstd frame.
    Zstd,
}

/// Consecutive bytes of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// SHA-256 of what is stored.
    pub digest: Digest,
    /// Bytes of the object in it; 1 to [`CHUNK_BYTES`].
    pub bytes: u32,
    pub stored: Stored,
}

impl Chunk {
    /// A chunk.
    ///
    /// # Errors
    /// Why not, when it has no bytes or too many.
    pub fn new(digest: Digest, bytes: u32, stored: Stored) -> Result<Self, String> {
        if (1..=CHUNK_BYTES).contains(&bytes) {
            return Ok(Self { digest, bytes, stored });
        }
        Err(format!("a chunk has 1 to {CHUNK_BYTES} bytes, not {bytes}"))
    }

    /// The object's bytes of what is stored, which must be this chunk.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn decode<'a>(&self, stored: &'a [u8]) -> Result<Cow<'a, [u8]>, String> {
        let found = Digest::of(stored);
        if found != self.digest {
            return Err(format!("its bytes have the digest {found}"));
        }
        let bytes = match self.stored {
            Stored::Raw => Cow::Borrowed(stored),
            Stored::Zstd => {
                let mut bytes = Vec::with_capacity(self.bytes as usize);
                let decoder = zstd::Decoder::with_buffer(stored).map_err(|error| error.to_string())?;
                // One more than it may have, to see that it has more.
                let mut decoder = decoder.take(u64::from(self.bytes) + 1);
                decoder.read_to_end(&mut bytes).map_err(|error| format!("it can't be decompressed: {error}"))?;
                Cow::Owned(bytes)
            }
        };
        if bytes.len() == self.bytes as usize {
            return Ok(bytes);
        }
        Err(format!("it holds other than {} bytes of the object", self.bytes))
    }
}

/// The chunks of an object, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    pub(crate) chunks: Vec<Chunk>,
}

impl Manifest {
    /// A manifest of these chunks.
    ///
    /// # Errors
    /// Why not, when there are too many.
    pub fn new(chunks: Vec<Chunk>) -> Result<Self, String> {
        if chunks.len() <= CHUNKS_MAX {
            return Ok(Self { chunks });
        }
        Err(format!("an object has at most {CHUNKS_MAX} chunks, not {}", chunks.len()))
    }

    /// Its chunks.
    #[must_use]
    pub fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }

    /// Bytes of the object.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.chunks.iter().map(|chunk| u64::from(chunk.bytes)).sum()
    }

    /// As it is stored.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        codec::manifest_to_wire(self).encode_to_vec()
    }

    /// What is stored as a manifest.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when it is none, or its name is another.
    pub fn decode(name: Digest, stored: &[u8]) -> Result<Self, Error> {
        let damaged = |why: String| Error::corrupt(format!("the manifest {name} of an object"), why);
        let found = Digest::of(stored);
        if found != name {
            return Err(damaged(format!("its bytes have the digest {found}")));
        }
        let message = model::ObjectManifest::decode(stored).map_err(|error| damaged(error.to_string()))?;
        codec::manifest_from_wire(&message).map_err(|error| damaged(error.to_string()))
    }
}

impl fmt::Display for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "chunk {}", self.digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(plain: &[u8], stored: Stored) -> (Chunk, Vec<u8>) {
        let bytes = match stored {
            Stored::Raw => plain.to_vec(),
            Stored::Zstd => zstd::encode_all(plain, 1).unwrap(),
        };
        (Chunk::new(Digest::of(&bytes), u32::try_from(plain.len()).unwrap(), stored).unwrap(), bytes)
    }

    #[test]
    fn a_chunk_decodes_to_exactly_its_bytes() {
        for stored in [Stored::Raw, Stored::Zstd] {
            let (chunk, bytes) = chunk(&[7; 5000], stored);
            assert_eq!(chunk.decode(&bytes).unwrap(), vec![7; 5000]);
            assert!(chunk.decode(&bytes[1..]).unwrap_err().contains("digest"));
            for other in [4999, 5001] {
                let lies = Chunk { bytes: other, ..chunk };
                assert!(lies.decode(&bytes).unwrap_err().contains("other than"), "{other}");
            }
        }
        let (raw, bytes) = chunk(b"no frame", Stored::Raw);
        assert!(Chunk { stored: Stored::Zstd, ..raw }.decode(&bytes).unwrap_err().contains("decompressed"));
        for bytes in [0, CHUNK_BYTES + 1] {
            assert!(Chunk::new(Digest([0; 32]), bytes, Stored::Raw).unwrap_err().contains("1 to 4194304"));
        }
    }

    #[test]
    fn what_expands_beyond_its_size_is_not_expanded() {
        let (bomb, bytes) = chunk(&vec![0; CHUNK_BYTES as usize], Stored::Zstd);
        assert!(bytes.len() < 1000);
        assert!(Chunk { bytes: 10, ..bomb }.decode(&bytes).is_err());
    }

    #[test]
    fn a_manifest_comes_back_and_no_other_does() {
        let chunks = vec![chunk(b"one", Stored::Raw).0, chunk(b"two!", Stored::Zstd).0];
        let manifest = Manifest::new(chunks).unwrap();
        let stored = manifest.encode();
        let name = Digest::of(&stored);
        assert_eq!(Manifest::decode(name, &stored).unwrap(), manifest);
        assert_eq!(manifest.bytes(), 7);
        assert!(matches!(Manifest::decode(name, &stored[1..]), Err(Error::Corrupt { .. })));
        assert!(matches!(Manifest::decode(Digest::of(b"\x08"), b"\x08"), Err(Error::Corrupt { .. })));
        assert_eq!(Manifest::decode(Digest::of(b""), b"").unwrap(), Manifest::default(), "an empty object");
        let too_many = vec![manifest.chunks[0]; CHUNKS_MAX + 1];
        assert!(Manifest::new(too_many).unwrap_err().contains("262144"));
    }

    #[test]
    fn damaged_manifests_are_refused_and_never_believed() {
        let manifest = Manifest::new(vec![chunk(b"one", Stored::Raw).0, chunk(b"two!", Stored::Zstd).0]).unwrap();
        gofer_fuzz::fuzz("object-manifest", &[manifest.encode()], |bytes| {
            if let Ok(manifest) = Manifest::decode(Digest::of(bytes), bytes) {
                assert!(manifest.chunks().iter().all(|chunk| (1..=CHUNK_BYTES).contains(&chunk.bytes)));
            }
        });
    }
}
