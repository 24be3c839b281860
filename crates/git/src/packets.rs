//! The packets that Git's protocol consists of: four hexadecimal digits that say how long it is, and that many bytes.

use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::Fault;

/// Bytes of the length.
const LENGTH_BYTES: usize = 4;
/// Longest packet, its length included.
const PACKET_BYTES_MAX: usize = 65520;
/// What ends a message.
pub(crate) const FLUSH: &[u8] = b"0000";
/// What separates the parts of a message.
pub(crate) const DELIMITER: &[u8] = b"0001";

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Packet {
    /// Without the line's end.
    Line(Vec<u8>),
    Flush,
    /// Between parts of a message, or after a response.
    Separator,
}

/// Reads packets, and not more bytes than the limit.
#[derive(Debug)]
pub(crate) struct Packets<R> {
    from: R,
    left: usize,
    limit: usize,
}

impl<R: AsyncRead + Unpin> Packets<R> {
    pub(crate) fn new(from: R, bytes_max: usize) -> Self {
        Self { from, left: bytes_max, limit: bytes_max }
    }

    /// The next packet.
    pub(crate) async fn next(&mut self) -> Result<Packet, Fault> {
        let mut length = [0; LENGTH_BYTES];
        self.fill(&mut length).await?;
        let digits = length.iter().all(u8::is_ascii_hexdigit).then(|| std::str::from_utf8(&length).ok()).flatten();
        let length = match digits.and_then(|digits| usize::from_str_radix(digits, 16).ok()) {
            Some(0) => return Ok(Packet::Flush),
            Some(1 | 2) => return Ok(Packet::Separator),
            Some(length) if (LENGTH_BYTES..=PACKET_BYTES_MAX).contains(&length) => length - LENGTH_BYTES,
            _ => return Err(Fault::protocol("its answer isn't in Git's protocol")),
        };
        let mut line = vec![0; length];
        self.fill(&mut line).await?;
        if let Some(error) = line.strip_prefix(b"ERR ") {
            return Err(refused(&text(error)));
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        Ok(Packet::Line(line))
    }

    async fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Fault> {
        let Some(left) = self.left.checked_sub(bytes.len()) else {
            return Err(Fault::TooMuch(format!("its answer has more than {} bytes, which is the limit", self.limit)));
        };
        self.left = left;
        match self.from.read_exact(bytes).await {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                Err(Fault::protocol("its answer ends in the middle"))
            }
            Err(error) => Err(Fault::Unreachable(format!("its answer can't be read: {error}"))),
        }
    }
}

/// A packet with a line.
pub(crate) fn line(text: &str) -> Vec<u8> {
    format!("{:04x}{text}\n", LENGTH_BYTES + text.len() + 1).into_bytes()
}

/// A fault that the other side tells of in words.
pub(crate) fn refused(said: &str) -> Fault {
    let lower = said.to_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| lower.contains(part));
    let message = format!("it says: {said}");
    if has(&[
        "permission denied",
        "access denied",
        "authentication",
        "host key verification",
        "unauthorized",
        "not authorized",
    ]) {
        Fault::Unauthorized(message)
    } else if has(&[
        "not a git repository",
        "does not appear to be a git repository",
        "not found",
        "no such",
        "does not exist",
    ]) {
        Fault::NotFound(message)
    } else {
        Fault::Unreachable(message)
    }
}

/// What the other side says, as one short line without control characters.
pub(crate) fn text(bytes: &[u8]) -> String {
    const CHARS_MAX: usize = 300;
    let text = String::from_utf8_lossy(bytes);
    let words: Vec<&str> =
        text.split(|char: char| char.is_control() || char.is_whitespace()).filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(CHARS_MAX).collect()
}
