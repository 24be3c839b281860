//! The file that says which store it is, and whose.

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Name of the marker, at the root of a store.
pub const MARKER: &str = "gofer-objects.json";
/// Version of what is stored.
const FORMAT: u32 = 1;

/// Which store it is, and which cluster writes to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marker {
    /// Drawn once; objects name it.
    pub store: [u8; 16],
    pub cluster: [u8; 16],
}

#[derive(Deserialize, Serialize)]
struct Stored {
    format: u32,
    store: String,
    cluster: String,
}

impl Marker {
    pub(crate) fn encode(&self) -> String {
        let stored = Stored { format: FORMAT, store: hex(&self.store), cluster: hex(&self.cluster) };
        // A number and two texts.
        serde_json::to_string_pretty(&stored).unwrap_or_default() + "\n"
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let damaged = |why: String| Error::Damaged(format!("the marker {MARKER} can't be read: {why}"));
        let stored: Stored = serde_json::from_slice(bytes).map_err(|error| damaged(error.to_string()))?;
        if stored.format != FORMAT {
            return Err(damaged(format!("it has format {}, this version knows {FORMAT}", stored.format)));
        }
        let id = |text: &str| unhex(text).ok_or_else(|| damaged(format!("{text:?} is no id")));
        Ok(Self { store: id(&stored.store)?, cluster: id(&stored.cluster)? })
    }
}

/// Bytes as text.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Text as bytes, if it is exactly these, in lower case.
pub(crate) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_come_back_and_nothing_else_does() {
        let marker = Marker { store: [0x1f; 16], cluster: [0xa0; 16] };
        let text = marker.encode();
        assert_eq!(Marker::decode(text.as_bytes()).unwrap(), marker);
        for (bad, why) in [
            (text.replace(": 1", ": 2"), "format 2"),
            (text.replace("1f", "1F"), "is no id"),
            (text.replace("a0a0", "a0"), "is no id"),
            (String::new(), "EOF"),
            ("[]".into(), "can't be read"),
        ] {
            let fault = Marker::decode(bad.as_bytes()).unwrap_err().to_string();
            assert!(fault.contains(why), "{bad:?}: {fault}");
        }
    }

    #[test]
    fn hexadecimal_text_is_exact() {
        assert_eq!(unhex::<2>(&hex(&[0, 255])), Some([0, 255]));
        for bad in ["00f", "00f", "00fff", "00FF", "+0ff", "0xff", "ää"] {
            assert_eq!(unhex::<2>(bad), None, "{bad}");
        }
    }
}
