//! A container's output, piece by piece, on its way into the launch's log.

use std::collections::VecDeque;
use std::io;

use bollard::container::LogOutput;

use super::launch::Meta;
use crate::driver::Error;
use crate::launch_dir::LaunchDir;
use crate::logfile::{Reader, Stream, Writer, unix_ms};
use crate::redact::{Mask, Patterns, Redactor};
use crate::secrets::SecretDir;

/// Streams are stamped apart from each other, so the order in which the daemon keeps them may differ from that of their
/// times by so much.
const DISORDER_MS: u64 = 1_000;
/// Most bytes of the last piece of stderr that are kept.
const LAST_BYTES_MAX: usize = 4_096;

/// Where the copy stands.
pub(super) struct Copy {
    pub(super) writer: Writer,
    pub(super) since_ms: u64,
    /// Bytes of stdout and stderr to skip.
    skip: [usize; 2],
    /// The last piece of stderr, to learn why nothing ran.
    pub(super) last_stderr: Vec<u8>,
    secrets: Search,
}

/// What is done about secrets in the output.
enum Search {
    /// The program got none.
    Needless,
    /// Of stdout and stderr.
    Redact(Box<[Redacted; 2]>),
    /// It got some, and after a restart of the machine nobody knows them any more.
    Withhold { is_told: bool },
}

/// One stream, searched for secrets. Positions stay as the daemon has them, so that the copy can go on by them.
struct Redacted {
    redactor: Redactor,
    /// Times and lengths of the pieces that bytes held back came in.
    held: VecDeque<(u64, usize)>,
}

impl Copy {
    pub(super) fn open(dir: &LaunchDir) -> Result<Self, Error> {
        let meta = Meta::read(dir)?;
        let secrets = Search::new(dir, meta.has_secrets)?;
        let writer = Writer::open(&dir.log(), meta.log_bytes_max)?;
        let mut last_stderr = Vec::new();
        let mut last_ms = 0;
        let mut reader = Reader::open(&dir.log(), 0)?;
        while let Some(record) = reader.next()? {
            if record.stream == Stream::Stderr {
                last_stderr = record.bytes.to_vec();
            }
            if record.stream != Stream::Notice {
                last_ms = last_ms.max(record.unix_ms);
            }
        }
        let since_ms = last_ms.saturating_sub(DISORDER_MS) / 1_000 * 1_000;
        let mut skip = [0, 0];
        let mut reader = Reader::open(&dir.log(), 0)?;
        while let Some(record) = reader.next()? {
            let index = match record.stream {
                Stream::Stdout => 0,
                Stream::Stderr => 1,
                Stream::Notice => continue,
            };
            if record.unix_ms >= since_ms {
                skip[index] += record.bytes.len();
            }
        }
        Ok(Self { writer, since_ms, skip, last_stderr, secrets })
    }

    pub(super) fn put(&mut self, piece: LogOutput) -> io::Result<()> {
        let (stream, index, message) = match piece {
            LogOutput::StdErr { message } => (Stream::Stderr, 1, message),
            LogOutput::StdOut { message } | LogOutput::StdIn { message } | LogOutput::Console { message } => {
                (Stream::Stdout, 0, message)
            }
        };
        let (ms, bytes) = split_time(&message);
        let ms = ms.unwrap_or_else(unix_ms);
        if ms < self.since_ms {
            return Ok(());
        }
        let skipped = self.skip[index].min(bytes.len());
        self.skip[index] -= skipped;
        let bytes = &bytes[skipped..];
        if bytes.is_empty() {
            return Ok(());
        }
        match &mut self.secrets {
            Search::Needless => self.write(stream, ms, bytes),
            Search::Redact(streams) => {
                let mut out = Vec::with_capacity(bytes.len());
                let redacted = &mut streams[index];
                redacted.held.push_back((ms, bytes.len()));
                redacted.redactor.push(bytes, &mut out);
                let records = redacted.dated(&out);
                records.into_iter().try_for_each(|(ms, bytes)| self.write(stream, ms, bytes))
            }
            Search::Withhold { is_told: true } => Ok(()),
            Search::Withhold { is_told } => {
                *is_told = true;
                self.writer.notice(ms, "output is left out: the machine went down, and with it what must not be shown")
            }
        }
    }

    /// Writes what was held back as it might have become a secret.
    pub(super) fn release(&mut self) -> io::Result<()> {
        for (index, stream) in [(0, Stream::Stdout), (1, Stream::Stderr)] {
            let Search::Redact(streams) = &mut self.secrets else { return Ok(()) };
            let mut out = Vec::new();
            streams[index].redactor.finish(&mut out);
            let records = streams[index].dated(&out);
            records.into_iter().try_for_each(|(ms, bytes)| self.write(stream, ms, bytes))?;
        }
        Ok(())
    }

    fn write(&mut self, stream: Stream, ms: u64, bytes: &[u8]) -> io::Result<()> {
        if stream == Stream::Stderr {
            self.last_stderr = bytes[..bytes.len().min(LAST_BYTES_MAX)].to_vec();
        }
        self.writer.append(stream, ms, bytes)
    }
}

impl Search {
    fn new(dir: &LaunchDir, has_secrets: bool) -> Result<Self, Error> {
        if !has_secrets {
            return Ok(Self::Needless);
        }
        let values = SecretDir::of(dir.path()).values();
        let values = values.map_err(Error::io("can't read the secrets of", dir.path()))?;
        Ok(values.map_or(Self::Withhold { is_told: false }, |values| {
            let patterns = values.patterns();
            Self::Redact(Box::new([Redacted::new(&patterns), Redacted::new(&patterns)]))
        }))
    }
}

impl Redacted {
    fn new(patterns: &std::sync::Arc<Patterns>) -> Self {
        let redactor = Redactor::new(std::sync::Arc::clone(patterns), Mask::SameLength);
        Self { redactor, held: VecDeque::new() }
    }

    /// Gives bytes that were decided the times of the pieces that they came in.
    fn dated<'a>(&mut self, mut decided: &'a [u8]) -> Vec<(u64, &'a [u8])> {
        let mut records = Vec::new();
        while let Some((ms, length)) = self.held.pop_front() {
            let (now, later) = decided.split_at(length.min(decided.len()));
            decided = later;
            if !now.is_empty() {
                records.push((ms, now));
            }
            if now.len() < length {
                self.held.push_front((ms, length - now.len()));
                break;
            }
        }
        records
    }
}

/// The time that the daemon puts before each piece, in milliseconds, and the piece.
fn split_time(message: &[u8]) -> (Option<u64>, &[u8]) {
    let end = message.iter().take(40).position(|byte| *byte == b' ');
    let time = end.and_then(|end| std::str::from_utf8(&message[..end]).ok()?.parse::<jiff::Timestamp>().ok());
    match (end, time) {
        (Some(end), Some(time)) => (u64::try_from(time.as_millisecond()).ok(), &message[end + 1..]),
        _ => (None, message),
    }
}
