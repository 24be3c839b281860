//! Signed notes, as C2SP's `signed-note` has them: a text, an empty line, and lines that sign the text with ed25519.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signature;

use crate::error::Error;
use crate::key::PublicKey;

/// Longest note, in bytes.
pub const NOTE_BYTES_MAX: usize = 64 * 1024;
/// Most signatures of a note.
const SIGNATURES_MAX: usize = 100;
const MARK: &str = "\u{2014} ";

/// A text with its signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What is signed. It ends with a line break.
    pub text: String,
    pub(crate) signatures: Vec<NoteSignature>,
}

/// A line of a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoteSignature {
    /// Name of the key.
    pub(crate) name: String,
    /// Start of the key's hash, to tell keys of one name apart.
    pub(crate) key_hash: [u8; 4],
    /// For ed25519: 64 bytes. Other kinds of keys may have others.
    pub(crate) signature: Vec<u8>,
}

impl Note {
    /// Takes a note apart; signatures are not checked yet.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |why: &str| Error::Untrusted(format!("it is no signed note: {why}"));
        if text.len() > NOTE_BYTES_MAX {
            return Err(wrong(&format!("it has more than {NOTE_BYTES_MAX} bytes, the limit")));
        }
        if text.chars().any(|c| c.is_ascii_control() && c != '\n') {
            return Err(wrong("it has control characters"));
        }
        let split = text.rfind("\n\n").ok_or_else(|| wrong("it has no empty line before its signatures"))?;
        let (text, lines) = text.split_at(split + 1);
        let lines = lines.strip_prefix('\n').and_then(|lines| lines.strip_suffix('\n'));
        let lines = lines.ok_or_else(|| wrong("it does not end with a signature"))?;
        let mut signatures = Vec::new();
        for line in lines.split('\n') {
            if signatures.len() == SIGNATURES_MAX {
                return Err(wrong(&format!("it has more than {SIGNATURES_MAX} signatures, the limit")));
            }
            signatures.push(NoteSignature::parse(line).ok_or_else(|| wrong("a signature is malformed"))?);
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// Names of those of the keys that have signed it.
    ///
    /// # Errors
    /// [`Error::Untrusted`] when none has, or when a signature that claims to be of one of them is wrong.
    pub fn verify(&self, keys: &[PublicKey]) -> Result<Vec<String>, Error> {
        let mut signed: Vec<String> = Vec::new();
        for key in keys {
            let claims = |one: &&NoteSignature| one.name == key.name && one.key_hash == key.key_hash();
            let Some(claim) = self.signatures.iter().find(claims) else { continue };
            let signature = Signature::from_slice(&claim.signature);
            let is_right = signature.is_ok_and(|signature| key.verifies(self.text.as_bytes(), &signature));
            if !is_right {
                return Err(Error::Untrusted(format!("the signature of {} is wrong", key.name)));
            }
            if !signed.contains(&key.name) {
                signed.push(key.name.clone());
            }
        }
        if signed.is_empty() {
            let names: Vec<&str> = self.signatures.iter().map(|one| one.name.as_str()).collect();
            let names = names.join(", ");
            return Err(Error::Untrusted(format!("no trusted key has signed it; it is signed by {names}")));
        }
        Ok(signed)
    }
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.text)?;
        for NoteSignature { name, key_hash, signature } in &self.signatures {
            let bytes = [key_hash.as_slice(), signature].concat();
            writeln!(f, "{MARK}{name} {}", STANDARD.encode(bytes))?;
        }
        Ok(())
    }
}

impl NoteSignature {
    fn parse(line: &str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix(MARK)?.split_once(' ')?;
        let bytes = STANDARD.decode(encoded).ok()?;
        let (key_hash, signature) = bytes.split_first_chunk::<4>()?;
        let is_name = !name.is_empty() && !name.contains('+') && !name.contains(char::is_whitespace);
        (is_name && !signature.is_empty()).then(|| Self {
            name: name.to_owned(),
            key_hash: *key_hash,
            signature: signature.to_vec(),
        })
    }
}
