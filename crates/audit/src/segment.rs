//! The file of a segment: envelopes, each after its length as a varint, in one zstd frame.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use zstd::stream::read::Decoder;
use zstd::stream::write::Encoder;

use crate::envelope::EVENT_BYTES_MAX;
use crate::error::Error;
use crate::hash::Hash;

/// Smaller files for a little more time; higher levels give little.
const LEVEL: i32 = 6;
/// Most memory that a frame may ask for, as a power of two in bytes. It is more than any of ours does.
const WINDOW_LOG_MAX: u32 = 24;

/// Digest and length of a file.
pub(crate) fn digest(mut file: File) -> io::Result<(Hash, u64)> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    let mut length = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((Hash(hasher.finalize().into()), length));
        }
        length += read as u64;
        hasher.update(&buffer[..read]);
    }
}

/// Reads the events of a segment one after the other.
pub(crate) struct Reader<'a, R: Read> {
    decoder: BufReader<Decoder<'a, BufReader<R>>>,
    event: Vec<u8>,
}

impl<R: Read> Reader<'_, R> {
    pub(crate) fn new(file: R) -> io::Result<Self> {
        let mut decoder = Decoder::new(file)?;
        decoder.window_log_max(WINDOW_LOG_MAX)?;
        Ok(Self { decoder: BufReader::with_capacity(1 << 17, decoder), event: Vec::new() })
    }

    /// The next event, valid until the one after it is read.
    pub(crate) fn next(&mut self) -> io::Result<Option<&[u8]>> {
        let Some(length) = self.length()? else { return Ok(None) };
        let length = usize::try_from(length).ok().filter(|length| *length <= EVENT_BYTES_MAX);
        let length = length.ok_or_else(|| invalid("an event is longer than any may be"))?;
        self.event.resize(length, 0);
        self.decoder.read_exact(&mut self.event)?;
        Ok(Some(&self.event))
    }

    /// The length of the next event; none at the end.
    fn length(&mut self) -> io::Result<Option<u64>> {
        let mut value = 0_u64;
        for shift in (0..35).step_by(7) {
            let mut byte = [0];
            if self.decoder.read(&mut byte)? == 0 {
                return if shift == 0 { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
            value |= u64::from(byte[0] & 0x7f) << shift;
            if byte[0] & 0x80 == 0 {
                return Ok(Some(value));
            }
        }
        Err(invalid("the length of an event is malformed"))
    }
}

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// Writes a segment beside where it will be.
pub(crate) struct Writer {
    path: PathBuf,
    encoder: Encoder<'static, Hashing>,
    /// Bytes of the events so far.
    pub(crate) bytes: u64,
}

impl Writer {
    /// Begins a segment in a temporary file.
    pub(crate) fn create(path: &Path) -> Result<Self, Error> {
        let create = || -> io::Result<_> {
            let hashing = Hashing { file: BufWriter::new(File::create(path)?), hasher: Sha256::new(), length: 0 };
            let mut encoder = Encoder::new(hashing, LEVEL)?;
            encoder.include_checksum(true)?;
            Ok(encoder)
        };
        let encoder = create().map_err(|error| Error::io(path, error))?;
        Ok(Self { path: path.to_owned(), encoder, bytes: 0 })
    }

    /// Adds an event.
    pub(crate) fn push(&mut self, event: &[u8]) -> Result<(), Error> {
        let mut head = [0; 10];
        let mut rest = &mut head[..];
        prost::encoding::encode_varint(event.len() as u64, &mut rest);
        let unused = rest.len();
        let length = &head[..head.len() - unused];
        let written = self.encoder.write_all(length).and_then(|()| self.encoder.write_all(event));
        written.map_err(|error| Error::io(&self.path, error))?;
        self.bytes += event.len() as u64;
        Ok(())
    }

    /// Ends the segment and makes it durable; digest and length of the file.
    pub(crate) fn finish(self) -> Result<(Hash, u64), Error> {
        let Self { path, encoder, .. } = self;
        let finish = || -> io::Result<_> {
            let Hashing { file, hasher, length } = encoder.finish()?;
            file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
            Ok((Hash(hasher.finalize().into()), length))
        };
        finish().map_err(|error| Error::io(&path, error))
    }
}

/// A file whose digest is known when it is written.
struct Hashing {
    file: BufWriter<File>,
    hasher: Sha256,
    length: u64,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
