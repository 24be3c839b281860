//! The framed log of an attempt, as it is sealed: zstd over records of stream (u8: 1 stdout, 2 stderr, 3 notice), Unix
//! time in milliseconds (u64 LE), length (u32 LE), bytes.

use std::io::{self, Read};

use bytes::Bytes;
use gofer_domain::Timestamp;

use super::{LogRecord, LogSource};

/// Bytes before the payload.
const HEADER: usize = 13;
/// Largest payload; a larger one means that the log is damaged.
const RECORD_BYTES_MAX: usize = 1024 * 1024;

impl LogSource {
    pub(crate) fn to_wire(self) -> u32 {
        match self {
            Self::Stdout => 1,
            Self::Stderr => 2,
            Self::Notice => 3,
        }
    }

    pub(crate) fn from_wire(number: u32) -> Option<Self> {
        match number {
            1 => Some(Self::Stdout),
            2 => Some(Self::Stderr),
            3 => Some(Self::Notice),
            _ => None,
        }
    }
}

/// Reads the records of a framed log in order.
#[derive(Debug)]
pub(crate) struct Frames<R> {
    reader: R,
    offset: u64,
}

impl<R: Read> Frames<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self { reader, offset: 0 }
    }

    /// The next record; none at the end. A torn last record counts as the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<LogRecord>> {
        let mut header = [0; HEADER];
        if !self.fill(&mut header)? {
            return Ok(None);
        }
        let [stream, a, b, c, d, e, f, g, h, i, j, k, l] = header;
        let len = u32::from_le_bytes([i, j, k, l]) as usize;
        let damaged = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
        let source = LogSource::from_wire(stream.into())
            .ok_or_else(|| damaged(format!("no record begins at offset {}: stream {stream}", self.offset)))?;
        if len > RECORD_BYTES_MAX {
            return Err(damaged(format!("no record begins at offset {}: length {len}", self.offset)));
        }
        let mut data = vec![0; len];
        if !self.fill(&mut data)? {
            return Ok(None);
        }
        self.offset += (HEADER + len) as u64;
        let time = Timestamp(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
        Ok(Some(LogRecord { source, time, data: Bytes::from(data), next: self.offset }))
    }

    /// False when the log ends before.
    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        match self.reader.read_exact(buffer) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
pub(crate) fn encode(source: LogSource, time: Timestamp, data: &[u8]) -> Vec<u8> {
    let mut record = vec![u8::try_from(source.to_wire()).unwrap()];
    record.extend_from_slice(&time.0.to_le_bytes());
    record.extend_from_slice(&u32::try_from(data.len()).unwrap().to_le_bytes());
    record.extend_from_slice(data);
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_back_with_their_offsets() {
        let mut log = encode(LogSource::Stdout, Timestamp(5), b"one");
        log.extend(encode(LogSource::Notice, Timestamp(6), b""));
        log.extend(encode(LogSource::Stderr, Timestamp(7), b"torn").iter().take(15));
        let mut frames = Frames::new(&log[..]);
        let first = frames.next().unwrap().unwrap();
        assert_eq!(
            (first.source, first.time, &first.data[..], first.next),
            (LogSource::Stdout, Timestamp(5), &b"one"[..], 16)
        );
        let second = frames.next().unwrap().unwrap();
        assert_eq!((second.source, second.next), (LogSource::Notice, 29));
        assert_eq!(frames.next().unwrap(), None);
    }

    #[test]
    fn damage_is_told_with_its_place() {
        let mut log = encode(LogSource::Stdout, Timestamp(5), b"one");
        log.extend([9; 20]);
        let mut frames = Frames::new(&log[..]);
        frames.next().unwrap();
        assert!(frames.next().unwrap_err().to_string().contains("offset 16"));
    }

    #[test]
    fn damaged_logs_are_refused() {
        let mut log = encode(LogSource::Stdout, Timestamp(5), b"one");
        log.extend(encode(LogSource::Notice, Timestamp(6), b""));
        gofer_fuzz::fuzz("sealed-log", &[log], |bytes| {
            let mut frames = Frames::new(bytes);
            while let Ok(Some(record)) = frames.next() {
                assert!(record.next <= bytes.len() as u64);
            }
        });
    }
}
