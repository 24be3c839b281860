//! The one cipher: ChaCha20-Poly1305 with random nonces, and keys that are wiped when they are dropped.

use std::fmt;

use gofer_domain::ClusterKey;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{Context, SHA256};
use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::{Zeroize as _, Zeroizing};

use crate::error::Error;

pub(crate) const KEY_BYTES: usize = 32;

/// A key.
#[derive(Clone)]
pub struct KeyBytes(Zeroizing<[u8; KEY_BYTES]>);

impl fmt::Debug for KeyBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyBytes(..)")
    }
}

impl KeyBytes {
    /// Draws a key.
    ///
    /// # Errors
    /// [`Error::Random`].
    pub fn draw() -> Result<Self, Error> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        SystemRandom::new().fill(&mut bytes[..]).map_err(|_| Error::Random)?;
        Ok(Self(bytes))
    }

    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut own = Zeroizing::new([0; KEY_BYTES]);
        if bytes.len() != KEY_BYTES {
            return None;
        }
        own.copy_from_slice(bytes);
        Some(Self(own))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0[..]
    }

    /// What may be told of it, as the cluster key of a number.
    #[must_use]
    pub fn named(&self, number: u64) -> ClusterKey {
        let mut hash = Context::new(&SHA256);
        hash.update(b"gofer cluster key\0");
        hash.update(&self.0[..]);
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(hash.finish().as_ref());
        ClusterKey { number, fingerprint }
    }

    fn cipher(&self) -> Result<LessSafeKey, Error> {
        Ok(LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &self.0[..]).map_err(|_| Error::Random)?))
    }

    /// Encrypts: nonce, ciphertext, tag. `bound` has to be given again to decrypt.
    pub(crate) fn encrypt(&self, bound: &[u8], clear: &[u8]) -> Result<Vec<u8>, Error> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(|_| Error::Random)?;
        let mut sealed = Vec::with_capacity(NONCE_LEN + clear.len() + CHACHA20_POLY1305.tag_len());
        sealed.extend(nonce);
        // Encrypted where it lies, so that no copy of the clear text is left behind.
        sealed.extend(clear);
        let body = sealed.get_mut(NONCE_LEN..).unwrap_or_default();
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self.cipher()?.seal_in_place_separate_tag(nonce, Aad::from(bound), body);
        let Ok(tag) = tag else {
            sealed.zeroize();
            return Err(Error::Random);
        };
        sealed.extend(tag.as_ref());
        Ok(sealed)
    }

    /// Decrypts; none when it was altered, or was encrypted under another key or bound to something else.
    pub(crate) fn decrypt(&self, bound: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut body = Zeroizing::new(body.to_vec());
        let length = self.cipher().ok()?.open_in_place(nonce, Aad::from(bound), &mut body).ok()?.len();
        body.truncate(length);
        Some(body)
    }
}
