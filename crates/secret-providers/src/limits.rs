//! Limits of this crate.

/// Most bytes of a value, as of the cluster's own secrets.
pub(crate) const VALUE_BYTES_MAX: usize = 64 << 10;
/// Most bytes of an answer: JSON may need six bytes for one of a value.
pub(crate) const ANSWER_BYTES_MAX: usize = 1 << 20;
/// Most bytes of a file with certificates.
pub(crate) const CA_BYTES_MAX: u64 = 1 << 20;
/// Most bytes of a file with a token, or with the keys that decrypt.
pub(crate) const TOKEN_BYTES_MAX: u64 = 16 << 10;
/// Most bytes of an encrypted file: its header has a few lines for each of its recipients.
pub(crate) const ENCRYPTED_BYTES_MAX: u64 = 256 << 10;
/// Longest text that is taken from an answer.
pub(crate) const TEXT_CHARS_MAX: usize = 300;
