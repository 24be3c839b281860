//! Keys that sign checkpoints, in the text forms that signed notes have for them.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use gofer_store::durable;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::note::{Note, NoteSignature};

/// Name of the file in the data directory.
const FILE: &str = "node.key";
/// Longest file of a key, in bytes.
const FILE_BYTES_MAX: u64 = 4096;
const SECRET_MARK: &str = "PRIVATE+KEY+";
/// Number of ed25519 among the kinds of keys.
const ED25519: u8 = 1;

/// A key that signatures are checked with. As text: `name+hash+base64`, where the hash has 8 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    pub name: String,
    key: VerifyingKey,
}

impl PublicKey {
    /// The first bytes of the hash of name and key.
    pub(crate) fn key_hash(&self) -> [u8; 4] {
        key_hash(&self.name, &self.key)
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        self.key.verify_strict(message, signature).is_ok()
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hash = u32::from_be_bytes(self.key_hash());
        let bytes = [&[ED25519], self.key.as_bytes().as_slice()].concat();
        write!(f, "{}+{hash:08x}+{}", self.name, STANDARD.encode(bytes))
    }
}

impl FromStr for PublicKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = split(text.trim()).ok_or("it is no public key; see `gofer audit key`")?;
        let key = VerifyingKey::from_bytes(&parts.key).map_err(|_| "its bytes are no ed25519 key")?;
        if key_hash(parts.name, &key) != parts.hash {
            return Err("its hash does not match; it was not copied whole".to_owned());
        }
        Ok(Self { name: parts.name.to_owned(), key })
    }
}

/// The key that a node signs with.
pub struct NodeKey {
    name: String,
    key: SigningKey,
}

impl std::fmt::Debug for NodeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeKey").field("name", &self.name).finish_non_exhaustive()
    }
}

impl NodeKey {
    /// The key in a node's data directory, which is drawn if there is none yet. `name` is what a new one is called.
    ///
    /// # Errors
    /// When it can't be read or written, or is damaged.
    pub fn open(dir: &Path, name: &str) -> Result<Self, Error> {
        let path = dir.join(FILE);
        let mut text = String::new();
        match File::open(&path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut text)) {
            Ok(_) => {
                Self::parse(&text).ok_or_else(|| Error::Untrusted(format!("{} holds no key of a node", path.display())))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let key = Self { name: name.to_owned(), key: SigningKey::from_bytes(&draw()?) };
                durable::write_private(&path, key.secret_text().as_bytes())?;
                Ok(key)
            }
            Err(error) => Err(Error::io(path, error)),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let parts = split(text.trim_end().strip_prefix(SECRET_MARK)?)?;
        let key = SigningKey::from_bytes(&parts.key);
        (key_hash(parts.name, &key.verifying_key()) == parts.hash).then(|| Self { name: parts.name.to_owned(), key })
    }

    fn secret_text(&self) -> String {
        let hash = u32::from_be_bytes(key_hash(&self.name, &self.key.verifying_key()));
        let bytes = [&[ED25519], self.key.as_bytes().as_slice()].concat();
        format!("{SECRET_MARK}{}+{hash:08x}+{}\n", self.name, STANDARD.encode(bytes))
    }

    /// What others check its signatures with.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey { name: self.name.clone(), key: self.key.verifying_key() }
    }

    /// A note of this text, which must end with a line break.
    pub(crate) fn sign(&self, text: String) -> Note {
        let signature = self.key.sign(text.as_bytes()).to_bytes().to_vec();
        let key_hash = key_hash(&self.name, &self.key.verifying_key());
        Note { text, signatures: vec![NoteSignature { name: self.name.clone(), key_hash, signature }] }
    }
}

/// The parts of a key's text.
struct Parts<'a> {
    name: &'a str,
    hash: [u8; 4],
    key: [u8; 32],
}

fn split(text: &str) -> Option<Parts<'_>> {
    let (name, rest) = text.split_once('+')?;
    // The encoding may have a plus, too.
    let (hash, encoded) = rest.split_once('+')?;
    let hash = crate::hash::from_hex(hash)?;
    let bytes = STANDARD.decode(encoded).ok()?;
    let (kind, key) = bytes.split_first()?;
    let is_name = !name.is_empty() && !name.contains(char::is_whitespace);
    (is_name && *kind == ED25519).then_some(Parts { name, hash, key: key.try_into().ok()? })
}

fn key_hash(name: &str, key: &VerifyingKey) -> [u8; 4] {
    let mut hasher = Sha256::new();
    hasher.update(name.as_bytes());
    hasher.update([b'\n', ED25519]);
    hasher.update(key.as_bytes());
    let hash: [u8; 32] = hasher.finalize().into();
    [hash[0], hash[1], hash[2], hash[3]]
}

fn draw() -> Result<[u8; 32], Error> {
    let path = "/dev/urandom";
    let mut seed = [0; 32];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut seed));
    read.map_err(|error| Error::io(path, error)).map(|()| seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_drawn_once_and_only_its_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let drawn = NodeKey::open(dir.path(), "gofer/x/1").unwrap();
        assert_eq!(std::fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode() & 0o777, 0o600);
        let again = NodeKey::open(dir.path(), "another").unwrap();
        assert_eq!(again.public(), drawn.public());
        assert_eq!(drawn.public().to_string().parse(), Ok(drawn.public()));
        let other = NodeKey::open(tempfile::tempdir().unwrap().path(), "gofer/x/1").unwrap();
        assert_ne!(other.public(), drawn.public());
        std::fs::write(dir.path().join(FILE), "PRIVATE+KEY+x").unwrap();
        assert!(matches!(NodeKey::open(dir.path(), "x"), Err(Error::Untrusted(_))));
    }

    #[test]
    fn keys_of_others_are_read() {
        // From the examples of the specification.
        let text = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
        let key: PublicKey = text.parse().unwrap();
        assert_eq!(key.to_string(), text);
        for wrong in ["", "x", "x+00000000+AAAA", &text.replace("530d", "530e"), &text[..text.len() - 4]] {
            assert!(wrong.parse::<PublicKey>().is_err(), "{wrong}");
        }
        let note = "This is an example message.\n\n\u{2014} example.com/foo \
                    Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
        let note = Note::parse(note).unwrap();
        assert_eq!(note.verify(&[key]).unwrap(), ["example.com/foo"]);
    }
}
