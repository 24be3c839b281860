//! Bytes of openraft's own types, on disk and between nodes: one byte of version, then postcard.
//!
//! postcard writes fields by position. A change of openraft that moves a field therefore needs a new version here and
//! a reader for the old one; the golden tests notice.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// First byte of everything encoded here.
pub(crate) const VERSION: u8 = 1;

/// Bytes that can't be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CodecError {
    #[error("it is empty")]
    Empty,
    #[error("it has version {0}, this gofer knows version {VERSION}; upgrade this node")]
    Version(u8),
    #[error("its bytes make no sense ({0})")]
    Malformed(postcard::Error),
    #[error("{0} bytes are left over at its end")]
    Trailing(usize),
    #[error("it can't be encoded ({0})")]
    Encode(postcard::Error),
}

impl From<CodecError> for std::io::Error {
    fn from(error: CodecError) -> Self {
        Self::new(std::io::ErrorKind::InvalidData, error)
    }
}

/// Encodes a value.
pub(crate) fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, CodecError> {
    postcard::to_extend(value, vec![VERSION]).map_err(CodecError::Encode)
}

/// Decodes a value; every byte has to be used.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    match bytes.split_first() {
        None => Err(CodecError::Empty),
        Some((&VERSION, rest)) => {
            let (value, left) = postcard::take_from_bytes(rest).map_err(CodecError::Malformed)?;
            if left.is_empty() { Ok(value) } else { Err(CodecError::Trailing(left.len())) }
        }
        Some((&version, _)) => Err(CodecError::Version(version)),
    }
}

#[cfg(test)]
mod tests;
