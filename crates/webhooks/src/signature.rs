//! Signatures and tokens, compared in constant time.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::Refusal;

/// Bytes of an HMAC-SHA256.
pub(crate) const BYTES: usize = 32;
/// Most signatures of one request: a sender has as many as it has secrets.
pub(crate) const SIGNATURES_MAX: usize = 16;

/// Whether one of the keys has made one of the signatures of these parts, put one after another.
pub(crate) fn fits(keys: &[&[u8]], signatures: &[[u8; BYTES]], parts: &[&[u8]]) -> Result<(), Refusal> {
    for key in keys.iter().filter(|key| !key.is_empty()) {
        // An HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { continue };
        parts.iter().for_each(|part| mac.update(part));
        let right: [u8; BYTES] = mac.finalize().into_bytes().into();
        if signatures.iter().any(|signature| bool::from(signature.ct_eq(&right))) {
            return Ok(());
        }
    }
    Err(Refusal::WrongSignature)
}

/// Whether the token is one of the secrets. How long these are doesn't show in the time that it takes.
pub(crate) fn is_token(secrets: &[&[u8]], token: &str) -> Result<(), Refusal> {
    let digest = |bytes: &[u8]| -> [u8; BYTES] { Sha256::digest(bytes).into() };
    let given = digest(token.as_bytes());
    let mut found = false;
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        found |= bool::from(digest(secret).ct_eq(&given));
    }
    if found { Ok(()) } else { Err(Refusal::WrongSignature) }
}

/// A signature in hex.
pub(crate) fn from_hex(text: &str) -> Option<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    if text.len() != 2 * BYTES {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        let digit = |at: usize| pair.get(at).and_then(|char| char::from(*char).to_digit(16));
        *byte = u8::try_from(digit(0)? * 16 + digit(1)?).ok()?;
    }
    Some(bytes)
}

/// The SHA-256 of these parts, put one after another, in hex.
pub(crate) fn digest(parts: &[&[u8]]) -> String {
    let mut digest = Sha256::new();
    parts.iter().for_each(|part| digest.update(part));
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
