//! The framed log of one launch: what the program wrote, by stream, with times.
//!
//! A record is: stream (u8: 1 stdout, 2 stderr, 3 notice of ours), Unix time in milliseconds (u64 LE), length (u32 LE),
//! bytes. One process writes, any number read, also while it is written and after the writer was killed: a torn last
//! record is not there yet. Chunks are as the program wrote them, not lines.

mod follow;

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use crate::driver::Error;

pub use follow::follow;

/// Bytes before the payload.
const HEADER: usize = 13;
/// Largest payload. A larger length in a file means that it is damaged.
pub const RECORD_BYTES_MAX: usize = 64 * 1024;

/// Where a record comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Stdout = 1,
    Stderr = 2,
    /// Gofer says something about the output.
    Notice = 3,
}

/// A piece of output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub stream: Stream,
    pub unix_ms: u64,
    pub bytes: Bytes,
}

/// Milliseconds of Unix time.
#[must_use]
pub fn unix_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Appends records, up to a limit of payload.
#[derive(Debug)]
pub struct Writer {
    file: File,
    buffer: Vec<u8>,
    bytes: u64,
    bytes_max: u64,
    capped: bool,
}

impl Writer {
    /// Opens or creates a log. A torn tail is cut off; what is there counts towards the limit.
    ///
    /// # Errors
    /// When the file can't be opened or is damaged before its tail.
    pub fn open(path: &Path, bytes_max: u64) -> Result<Self, Error> {
        let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path);
        let file = file.map_err(Error::io("can't open the log", path))?;
        let mut reader = Reader::open(path, 0)?;
        let (mut bytes, mut capped) = (0, false);
        while let Some(record) = reader.next()? {
            match record.stream {
                Stream::Stdout | Stream::Stderr => bytes += record.bytes.len() as u64,
                Stream::Notice => capped |= bytes >= bytes_max,
            }
        }
        file.set_len(reader.offset()).map_err(Error::io("can't cut the log", path))?;
        Ok(Self { file, buffer: Vec::new(), bytes, bytes_max, capped })
    }

    /// Appends output; past the limit it is dropped, and a notice says so once.
    ///
    /// # Errors
    /// When the file can't be written. A part of the output may be there.
    pub fn append(&mut self, stream: Stream, unix_ms: u64, bytes: &[u8]) -> io::Result<()> {
        let room = usize::try_from(self.bytes_max - self.bytes.min(self.bytes_max)).unwrap_or(usize::MAX);
        let kept = &bytes[..bytes.len().min(room)];
        for chunk in kept.chunks(RECORD_BYTES_MAX) {
            self.put(stream, unix_ms, chunk)?;
            self.bytes += chunk.len() as u64;
        }
        if kept.len() < bytes.len() && !self.capped {
            self.capped = true;
            self.notice(unix_ms, &format!("output past {} bytes was dropped", self.bytes_max))?;
        }
        Ok(())
    }

    /// Appends a notice. It does not count towards the limit.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn notice(&mut self, unix_ms: u64, text: &str) -> io::Result<()> {
        self.put(Stream::Notice, unix_ms, &text.as_bytes()[..text.len().min(RECORD_BYTES_MAX)])
    }

    /// Whether output was dropped.
    #[must_use]
    pub fn is_capped(&self) -> bool {
        self.capped
    }

    /// Makes the log safe from a crash of the machine.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn put(&mut self, stream: Stream, unix_ms: u64, bytes: &[u8]) -> io::Result<()> {
        let len = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        self.buffer.clear();
        self.buffer.push(stream as u8);
        self.buffer.extend_from_slice(&unix_ms.to_le_bytes());
        self.buffer.extend_from_slice(&len.to_le_bytes());
        self.buffer.extend_from_slice(bytes);
        // A failed write may leave a part of the record; whatever came after it would be unreadable.
        let start = self.file.metadata()?.len();
        self.file.write_all(&self.buffer).inspect_err(|_| {
            let _ = self.file.set_len(start);
        })
    }
}

/// Reads records in order.
#[derive(Debug)]
pub struct Reader {
    file: File,
    path: PathBuf,
    offset: u64,
}

impl Reader {
    /// Opens a log at an offset: 0, or one that [`offset`](Self::offset) gave.
    ///
    /// # Errors
    /// When the file can't be opened.
    pub fn open(path: &Path, offset: u64) -> Result<Self, Error> {
        let file = File::open(path).map_err(Error::io("can't open the log", path))?;
        Ok(Self { file, path: path.to_owned(), offset })
    }

    /// Where the next record begins.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The next record; none when it is not (wholly) there yet.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when there is no record at the offset; [`Error::Io`] when the file can't be read.
    #[expect(clippy::should_implement_trait, reason = "None is not the end: more may come")]
    pub fn next(&mut self) -> Result<Option<Record>, Error> {
        let mut header = [0; HEADER];
        if !self.fill(&mut header, self.offset)? {
            return Ok(None);
        }
        let [stream, a, b, c, d, e, f, g, h, i, j, k, l] = header;
        let stream = match stream {
            1 => Stream::Stdout,
            2 => Stream::Stderr,
            3 => Stream::Notice,
            other => return Err(self.corrupt(&format!("stream {other}"))),
        };
        let len = u32::from_le_bytes([i, j, k, l]) as usize;
        if len > RECORD_BYTES_MAX {
            return Err(self.corrupt(&format!("length {len}")));
        }
        let mut bytes = vec![0; len];
        if !self.fill(&mut bytes, self.offset + HEADER as u64)? {
            return Ok(None);
        }
        self.offset += (HEADER + len) as u64;
        let unix_ms = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        Ok(Some(Record { stream, unix_ms, bytes: bytes.into() }))
    }

    /// False when the file ends before.
    fn fill(&self, buffer: &mut [u8], offset: u64) -> Result<bool, Error> {
        match self.file.read_exact_at(buffer, offset) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(Error::io("can't read the log", &self.path)(error)),
        }
    }

    fn corrupt(&self, what: &str) -> Error {
        let message = format!("no record begins at offset {}: {what}", self.offset);
        Error::Corrupt { path: self.path.clone(), message }
    }
}

#[cfg(test)]
mod tests;
