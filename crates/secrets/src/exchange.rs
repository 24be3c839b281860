//! A cluster key on its way from node to node, encrypted for whoever asked: X25519 with keys that are drawn for the call,
//! HKDF-SHA256, ChaCha20-Poly1305.
//!
//! This keeps it from whoever listens. It does not prove who asks: that is for the connection to do.

use std::fmt;

use gofer_domain::ClusterKey;
use ring::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use ring::rand::SystemRandom;
use zeroize::Zeroizing;

use crate::cipher::{KEY_BYTES, KeyBytes};
use crate::error::Error;

const PURPOSE: &[u8] = b"gofer cluster key exchange 1";

/// A key that is encrypted for one asker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedKey {
    pub public_key: Vec<u8>,
    pub sealed_key: Vec<u8>,
}

/// The asker's side of one exchange.
pub struct Asking {
    private: EphemeralPrivateKey,
    public: Vec<u8>,
}

impl fmt::Debug for Asking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asking").finish_non_exhaustive()
    }
}

impl Asking {
    /// Draws a pair of keys.
    ///
    /// # Errors
    /// [`Error::Random`].
    pub fn new() -> Result<Self, Error> {
        let private = EphemeralPrivateKey::generate(&X25519, &SystemRandom::new()).map_err(|_| Error::Random)?;
        let public = private.compute_public_key().map_err(|_| Error::Random)?.as_ref().to_vec();
        Ok(Self { private, public })
    }

    /// What the other side has to be told.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        &self.public
    }

    /// The key that was asked for. None when what came is not it.
    #[must_use]
    pub fn receive(self, wanted: ClusterKey, sealed: &SealedKey) -> Option<KeyBytes> {
        let transfer = transfer_key(self.private, &sealed.public_key, [&self.public, &sealed.public_key])?;
        let key = KeyBytes::from_slice(&transfer.decrypt(&bound(wanted), &sealed.sealed_key)?)?;
        (key.named(wanted.number) == wanted).then_some(key)
    }
}

/// Encrypts a cluster key for the owner of a public key. None when that is no public key.
#[must_use]
pub fn hand_over(named: ClusterKey, key: &KeyBytes, to: &[u8]) -> Option<SealedKey> {
    let private = EphemeralPrivateKey::generate(&X25519, &SystemRandom::new()).ok()?;
    let public_key = private.compute_public_key().ok()?.as_ref().to_vec();
    let transfer = transfer_key(private, to, [to, &public_key])?;
    let sealed_key = transfer.encrypt(&bound(named), key.bytes()).ok()?;
    Some(SealedKey { public_key, sealed_key })
}

/// The key that both sides come to, from what each has of the other.
fn transfer_key(own: EphemeralPrivateKey, other: &[u8], [asker, giver]: [&[u8]; 2]) -> Option<KeyBytes> {
    struct Length;
    impl KeyType for Length {
        fn len(&self) -> usize {
            KEY_BYTES
        }
    }
    let derive = |shared: &[u8]| {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        let base = Salt::new(HKDF_SHA256, PURPOSE).extract(shared);
        let info = [asker, giver];
        base.expand(&info, Length).ok()?.fill(&mut key[..]).ok()?;
        KeyBytes::from_slice(&key[..])
    };
    agree_ephemeral(own, &UnparsedPublicKey::new(&X25519, other), derive).ok().flatten()
}

fn bound(key: ClusterKey) -> Vec<u8> {
    let mut bytes = PURPOSE.to_vec();
    bytes.extend(key.number.to_be_bytes());
    bytes.extend(key.fingerprint);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_asker_gets_the_key_and_only_the_one_it_asked_for() {
        let key = KeyBytes::draw().unwrap();
        let named = key.named(7);
        let asking = Asking::new().unwrap();
        let sealed = hand_over(named, &key, asking.public_key()).unwrap();
        assert_eq!(asking.receive(named, &sealed).unwrap().bytes(), key.bytes());

        let asking = Asking::new().unwrap();
        assert!(asking.receive(named, &sealed).is_none(), "it was sealed for another call");
        let asking = Asking::new().unwrap();
        let other = KeyBytes::draw().unwrap();
        let sealed = hand_over(named, &other, asking.public_key()).unwrap();
        assert!(asking.receive(named, &sealed).is_none(), "another key under its name");
        assert!(hand_over(named, &key, b"short").is_none());
        assert!(hand_over(named, &key, &[0; 32]).is_none(), "a point that gives the secret away");
    }
}
