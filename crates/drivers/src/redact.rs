//! Takes secrets out of output before it is written anywhere.
//!
//! Looked for are the values themselves, the lines of those that have several, and the usual encodings of both. A
//! value that comes in pieces is found, too: what may be the beginning of one is held back until it is known to be none.
//! Whatever a program does to a value beyond that (compress it, reverse it, print every other character) gets through.

use std::collections::HashMap;
use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

/// Shorter values stay: their bytes would be found everywhere.
pub const REDACTED_BYTES_MIN: usize = 4;
/// Shorter encoded pieces and lines stay for the same reason.
const PIECE_BYTES_MIN: usize = 8;
/// Longer values are looked for as they are, not encoded: each of them makes a dozen patterns.
const ENCODED_BYTES_MAX: usize = 8 * 1024;
/// Where `base64` breaks lines.
const BASE64_LINE: usize = 76;
/// What stands in the place of a secret.
const MASK: &[u8] = b"***";
/// By so many first bytes patterns are looked up.
const HEAD: usize = 4;

/// What is looked for.
#[derive(Default)]
pub struct Patterns {
    all: Vec<Zeroizing<Vec<u8>>>,
    /// Patterns by their first bytes.
    heads: HashMap<[u8; HEAD], Vec<usize>>,
}

impl fmt::Debug for Patterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Patterns").field("count", &self.all.len()).finish()
    }
}

impl Patterns {
    /// The patterns of values.
    pub fn of<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Arc<Self> {
        let mut found = Vec::new();
        for value in values {
            add_value(&mut found, value);
        }
        found.sort_by(|one: &Zeroizing<Vec<u8>>, other| one.as_slice().cmp(other.as_slice()));
        found.dedup();
        let mut patterns = Self { all: found, heads: HashMap::new() };
        for (index, pattern) in patterns.all.iter().enumerate() {
            if let Some(head) = pattern.first_chunk::<HEAD>() {
                patterns.heads.entry(*head).or_default().push(index);
            }
        }
        Arc::new(patterns)
    }

    /// Whether nothing is looked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Where the first pattern in `text` begins.
    pub(crate) fn find(&self, text: &[u8]) -> Option<usize> {
        (0..text.len()).find(|at| self.look(text.get(*at..).unwrap_or_default()).0 > 0)
    }

    /// How many bytes at the beginning of `text` are a pattern, and whether more text may make them more.
    fn look(&self, text: &[u8]) -> (usize, bool) {
        let Some(head) = text.first_chunk::<HEAD>() else {
            return (0, self.all.iter().any(|pattern| pattern.starts_with(text)));
        };
        let (mut longest, mut may_grow) = (0, false);
        for pattern in self.heads.get(head).into_iter().flatten().filter_map(|index| self.all.get(*index)) {
            if text.len() >= pattern.len() {
                if text.starts_with(pattern) {
                    longest = longest.max(pattern.len());
                }
            } else {
                may_grow |= pattern.starts_with(text);
            }
        }
        (longest, may_grow)
    }
}

fn add_value(found: &mut Vec<Zeroizing<Vec<u8>>>, value: &[u8]) {
    // Files end with a line break that a shell takes off.
    let trimmed = value.trim_ascii_end();
    let lines: Vec<&[u8]> = trimmed.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).collect();
    add(found, trimmed, REDACTED_BYTES_MIN);
    if lines.len() > 1 {
        lines.iter().for_each(|line| add(found, line, PIECE_BYTES_MIN));
    }
    if (REDACTED_BYTES_MIN..=ENCODED_BYTES_MAX).contains(&trimmed.len()) {
        add_encoded(found, trimmed);
        if lines.len() > 1 {
            lines.iter().filter(|line| line.len() >= PIECE_BYTES_MIN).for_each(|line| add_encoded(found, line));
        }
    }
}

fn add(found: &mut Vec<Zeroizing<Vec<u8>>>, pattern: &[u8], least: usize) {
    if pattern.len() >= least {
        found.push(Zeroizing::new(pattern.to_vec()));
    }
}

fn add_encoded(found: &mut Vec<Zeroizing<Vec<u8>>>, value: &[u8]) {
    for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
        // Three bytes make four characters, so there are three ways to lie in a longer text.
        for before in 0..3 {
            let shifted = Zeroizing::new([&[0; 2][..before], value].concat());
            let text = Zeroizing::new(engine.encode(&shifted[..]));
            // Characters at the edges depend on what stands before and after; the last is known if nothing does.
            let (first, whole) = ((before * 8).div_ceil(6), shifted.len() * 8 / 6);
            for end in [whole, text.len()] {
                let inner = text.as_bytes().get(first..end).unwrap_or_default();
                add(found, inner, PIECE_BYTES_MIN.min(value.len()));
                if before == 0 && inner.len() > BASE64_LINE {
                    inner.chunks(BASE64_LINE).for_each(|line| add(found, line, PIECE_BYTES_MIN));
                }
            }
        }
    }
    let mut spelled = [(); 4].map(|()| Zeroizing::new(String::with_capacity(value.len() * 3)));
    let [percent_upper, percent_lower, hex_upper, hex_lower] = &mut spelled;
    for byte in value {
        let is_plain = byte.is_ascii_alphanumeric() || b"-_.~".contains(byte);
        for (text, code) in
            [(percent_upper as &mut String, format!("%{byte:02X}")), (percent_lower, format!("%{byte:02x}"))]
        {
            if is_plain { text.push(char::from(*byte)) } else { text.push_str(&code) }
        }
        // Writing to a string can't fail.
        let _ = write!(hex_upper as &mut String, "{byte:02X}");
        let _ = write!(hex_lower as &mut String, "{byte:02x}");
    }
    spelled.iter().for_each(|text| add(found, text.as_bytes(), REDACTED_BYTES_MIN));
    if let Ok(text) = std::str::from_utf8(value) {
        let json = Zeroizing::new(serde_json::to_string(text).unwrap_or_default());
        let inner = json.as_bytes().get(1..json.len().saturating_sub(1)).unwrap_or_default();
        add(found, inner, REDACTED_BYTES_MIN);
    }
}

/// How a secret is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mask {
    /// By three stars, which tell nothing of its length.
    Short,
    /// By as many stars as it has bytes, where positions must not shift.
    SameLength,
}

/// Takes secrets out of one stream.
#[derive(Debug)]
pub struct Redactor {
    patterns: Arc<Patterns>,
    mask: Mask,
    /// What is not decided yet; shorter than the longest pattern after each push.
    held: Zeroizing<Vec<u8>>,
    /// So many of the held bytes belong to a secret that began before.
    masked: usize,
    is_in_secret: bool,
}

impl Redactor {
    #[must_use]
    pub fn new(patterns: Arc<Patterns>, mask: Mask) -> Self {
        Self { patterns, mask, held: Zeroizing::default(), masked: 0, is_in_secret: false }
    }

    /// Takes output in; what is decided is appended to `out`. Answers how many bytes of what was taken in these are.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> usize {
        self.held.extend_from_slice(bytes);
        self.decide(false, out)
    }

    /// Lets go of what was held back, as no more comes.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> usize {
        self.decide(true, out)
    }

    fn decide(&mut self, at_end: bool, out: &mut Vec<u8>) -> usize {
        let mut done = 0;
        while let Some(byte) = self.held.get(done) {
            let (longest, may_grow) = self.patterns.look(self.held.get(done..).unwrap_or_default());
            if may_grow && !at_end {
                break;
            }
            // Secrets may overlap: all bytes of each are masked.
            self.masked = self.masked.max(longest);
            if self.masked == 0 {
                self.is_in_secret = false;
                out.push(*byte);
            } else {
                match self.mask {
                    Mask::SameLength => out.push(b'*'),
                    Mask::Short if !self.is_in_secret => out.extend_from_slice(MASK),
                    Mask::Short => {}
                }
                self.is_in_secret = true;
                self.masked -= 1;
            }
            done += 1;
        }
        self.held.drain(..done);
        done
    }
}

#[cfg(test)]
mod tests;
