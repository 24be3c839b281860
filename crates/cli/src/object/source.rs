//! What is put: chunks of a file or of standard input, each compressed where that pays. What is known to be kept is
//! forgotten, but for its digest.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use gofer_wire::api::v1::PutObjectChunk;
use gofer_wire::model::v1::ObjectEncoding as Encoding;
use sha2::{Digest as _, Sha256};

use crate::error::Error;

/// Bytes of a chunk, but for the last.
pub(super) const CHUNK_BYTES: usize = 4 << 20;
/// Compression pays when it saves an eighth.
const LEVEL: i32 = 1;

/// The bytes of an object, in chunks.
#[derive(Debug)]
pub(super) struct Source {
    name: String,
    reader: Reader,
    /// Without their data.
    known: Vec<PutObjectChunk>,
    /// Data of the newest chunks, from this one on.
    recent_from: u64,
    recent: VecDeque<Vec<u8>>,
    hasher: Sha256,
    pub(super) read: u64,
    /// Bytes in all, where that is known before.
    pub(super) size: Option<u64>,
    is_at_end: bool,
}

#[derive(Debug)]
enum Reader {
    /// It can be read again.
    File(File),
    Stream(Box<dyn Stream>),
}

trait Stream: Read + Send + std::fmt::Debug {}
impl<T: Read + Send + std::fmt::Debug> Stream for T {}

impl Source {
    /// Opens a file; `-` is standard input.
    pub(super) fn open(name: &str) -> Result<Self, Error> {
        let (reader, size) = match name {
            "-" => (Reader::Stream(Box::new(io::stdin())), None),
            path => {
                let failed = |error: io::Error| {
                    Error::usage(format!("can't read {path}: {error}"), "check that the file exists and is readable")
                };
                let file = File::open(path).map_err(failed)?;
                let metadata = file.metadata().map_err(failed)?;
                match metadata.is_file() {
                    true => (Reader::File(file), Some(metadata.len())),
                    false => (Reader::Stream(Box::new(file)), None),
                }
            }
        };
        Ok(Self::new(name, reader, size))
    }

    fn new(name: &str, reader: Reader, size: Option<u64>) -> Self {
        Self {
            name: name.to_owned(),
            reader,
            known: Vec::new(),
            recent_from: 0,
            recent: VecDeque::new(),
            hasher: Sha256::new(),
            read: 0,
            size,
            is_at_end: false,
        }
    }

    /// Chunks so far.
    pub(super) fn count(&self) -> u64 {
        self.known.len() as u64
    }

    /// A chunk without its data, read if it is the next; none after the last.
    pub(super) fn offer(&mut self, index: u64) -> Result<Option<PutObjectChunk>, Error> {
        if index == self.count() && !self.read_next()? {
            return Ok(None);
        }
        Ok(self.known.get(usize::try_from(index).unwrap_or(usize::MAX)).cloned())
    }

    /// A chunk with its data; none after the last.
    pub(super) fn chunk(&mut self, index: u64) -> Result<Option<PutObjectChunk>, Error> {
        let Some(mut chunk) = self.offer(index)? else { return Ok(None) };
        chunk.data =
            match index.checked_sub(self.recent_from).and_then(|place| self.recent.get(usize::try_from(place).ok()?)) {
                Some(data) => data.clone(),
                None => self.read_again(index, &chunk)?,
            };
        Ok(Some(chunk))
    }

    /// Whether a chunk's data can still be had.
    pub(super) fn has(&self, index: u64) -> bool {
        matches!(self.reader, Reader::File(_)) || index >= self.recent_from
    }

    /// The first chunks, so many, are kept elsewhere.
    pub(super) fn kept(&mut self, count: u64) {
        while self.recent_from < count && self.recent.pop_front().is_some() {
            self.recent_from += 1;
        }
    }

    /// SHA-256 of all that was read.
    pub(super) fn digest(&self) -> Vec<u8> {
        self.hasher.clone().finalize().to_vec()
    }

    fn read_next(&mut self) -> Result<bool, Error> {
        if self.is_at_end {
            return Ok(false);
        }
        let offset = self.read;
        let bytes = match &mut self.reader {
            Reader::File(file) => file.seek(SeekFrom::Start(offset)).and_then(|_| fill(file)),
            Reader::Stream(stream) => fill(stream),
        };
        let bytes = bytes.map_err(|error| self.unreadable(&error))?;
        self.is_at_end = bytes.len() < CHUNK_BYTES;
        if bytes.is_empty() {
            return Ok(false);
        }
        self.hasher.update(&bytes);
        self.read += bytes.len() as u64;
        let (chunk, data) = pack(self.count(), bytes);
        self.known.push(chunk);
        self.recent.push_back(data);
        Ok(true)
    }

    fn read_again(&mut self, index: u64, known: &PutObjectChunk) -> Result<Vec<u8>, Error> {
        let Reader::File(file) = &mut self.reader else {
            return Err(Error::Malformed(format!(
                "chunk {index} of {} is wanted, and is not here any more",
                self.name
            )));
        };
        let bytes = file.seek(SeekFrom::Start(index * CHUNK_BYTES as u64)).and_then(|_| fill(file));
        let bytes = bytes.map_err(|error| self.unreadable(&error))?;
        let (chunk, data) = pack(index, bytes);
        if chunk == *known {
            return Ok(data);
        }
        Err(Error::usage(format!("{} has changed while it was read", self.name), "put it again when it is at rest"))
    }

    fn unreadable(&self, error: &io::Error) -> Error {
        Error::usage(format!("can't read {}: {error}", self.name), "the object was not changed; put it again")
    }
}

/// Reads a whole chunk, or what there is before the end.
fn fill(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(CHUNK_BYTES);
    reader.take(CHUNK_BYTES as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn pack(index: u64, bytes: Vec<u8>) -> (PutObjectChunk, Vec<u8>) {
    let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let smaller =
        zstd::bulk::compress(&bytes, LEVEL).ok().filter(|packed| packed.len() < bytes.len() - bytes.len() / 8);
    let (data, encoding) = match smaller {
        Some(packed) => (packed, Encoding::Zstd),
        None => (bytes, Encoding::Raw),
    };
    let digest = Sha256::digest(&data).to_vec();
    (PutObjectChunk { index, digest, bytes: size, encoding: encoding.into(), data: Vec::new() }, data)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// Two and a half chunks, of which the second compresses.
    fn bytes() -> Vec<u8> {
        let mut seed = 1_u32;
        let mut bytes: Vec<u8> = std::iter::repeat_with(|| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        })
        .take(CHUNK_BYTES * 5 / 2)
        .collect();
        bytes[CHUNK_BYTES..2 * CHUNK_BYTES].fill(7);
        bytes
    }

    #[test]
    fn a_file_is_read_again_a_stream_only_as_far_as_it_is_not_kept() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&bytes()).unwrap();
        let mut again = Source::open(file.path().to_str().unwrap()).unwrap();
        let mut once = Source::new("-", Reader::Stream(Box::new(io::Cursor::new(bytes()))), None);
        for source in [&mut again, &mut once] {
            let chunks: Vec<_> = (0..3).map(|index| source.chunk(index).unwrap().unwrap()).collect();
            assert_eq!(source.chunk(3).unwrap(), None);
            assert_eq!(chunks.iter().map(|chunk| chunk.bytes).sum::<u32>() as usize, CHUNK_BYTES * 5 / 2);
            assert_eq!(chunks[0].encoding(), Encoding::Raw);
            assert_eq!(chunks[1].encoding(), Encoding::Zstd);
            assert!(chunks[1].data.len() < 10_000);
            assert_eq!(source.digest(), Sha256::digest(bytes()).to_vec());
            source.kept(1);
            assert_eq!(source.chunk(1).unwrap().unwrap(), chunks[1]);
            assert_eq!(source.offer(0).unwrap().unwrap().digest, chunks[0].digest);
        }
        assert!(again.has(0) && !once.has(0) && once.has(1));
        assert_eq!(again.chunk(0).unwrap().unwrap().data.len(), CHUNK_BYTES);
        assert!(once.chunk(0).is_err());
        file.as_file_mut().seek(SeekFrom::Start(5)).unwrap();
        file.write_all(b"changed").unwrap();
        assert!(again.chunk(0).unwrap_err().to_string().contains("changed"));
    }

    #[test]
    fn nothing_is_no_chunk_and_a_full_chunk_is_one() {
        for (size, count) in [(0, 0), (1, 1), (CHUNK_BYTES, 1), (CHUNK_BYTES + 1, 2)] {
            let mut source = Source::new("-", Reader::Stream(Box::new(io::Cursor::new(vec![0; size]))), None);
            let mut found = 0;
            while source.offer(found).unwrap().is_some() {
                found += 1;
            }
            assert_eq!((found, source.read), (count, size as u64));
        }
    }
}
