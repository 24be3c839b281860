//! As little of a look at a repository as is needed to see what has changed at the next one.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::changes::matching;
use crate::{Change, Fault, Patterns};

/// Longest cursor, in bytes.
pub const CURSOR_BYTES_MAX: usize = 4096;
/// Most branches and tags that one has room for.
pub const CURSOR_REFERENCES_MAX: usize = (CURSOR_BYTES_MAX - HEAD_BYTES) / ENTRY_BYTES;

const VERSION: u8 = 1;
const PATTERNS_BYTES: usize = 8;
const HEAD_BYTES: usize = 1 + PATTERNS_BYTES;
const NAME_BYTES: usize = 8;
const OBJECT_BYTES: usize = 10;
const ENTRY_BYTES: usize = NAME_BYTES + OBJECT_BYTES;

type Name = [u8; NAME_BYTES];
type Object = [u8; OBJECT_BYTES];

/// Of each branch and tag that matches, the beginnings of the digest of its name and of the id of its commit.
///
/// So it says which are new and which have moved, but not which are deleted: their names aren't known any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    patterns: [u8; PATTERNS_BYTES],
    entries: BTreeMap<Name, Object>,
}

impl Cursor {
    /// The cursor of a look at a repository.
    ///
    /// # Errors
    /// [`Fault::TooMuch`] when more than [`CURSOR_REFERENCES_MAX`] branches and tags match.
    pub fn of(references: &BTreeMap<String, String>, patterns: &Patterns) -> Result<Self, Fault> {
        let entries = matching(references, patterns).map(|(name, _, object)| (name_of(name), bytes_of(object)));
        let entries: BTreeMap<Name, Object> = entries.collect();
        if entries.len() > CURSOR_REFERENCES_MAX {
            return Err(Fault::TooMuch(format!(
                "{} branches and tags match, and {CURSOR_REFERENCES_MAX} is the limit; narrow the patterns, such as main or \
                 release/*",
                entries.len()
            )));
        }
        Ok(Self { patterns: patterns.digest(), entries })
    }

    /// As bytes, [`CURSOR_BYTES_MAX`] at most.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend(self.patterns);
        for (name, object) in &self.entries {
            bytes.extend(name);
            bytes.extend(object);
        }
        bytes
    }

    /// From its bytes.
    ///
    /// # Errors
    /// [`Fault::Invalid`] when they are no cursor's.
    pub fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        let invalid =
            || Fault::Invalid("the cursor can't be read: it isn't of this trigger, or of a newer version".to_owned());
        let (head, rest) = bytes.split_at_checked(HEAD_BYTES).ok_or_else(invalid)?;
        let (Some((&VERSION, patterns)), 0) = (head.split_first(), rest.len() % ENTRY_BYTES) else {
            return Err(invalid());
        };
        let patterns = patterns.try_into().map_err(|_| invalid())?;
        let mut entries = BTreeMap::new();
        for entry in rest.chunks_exact(ENTRY_BYTES) {
            let (name, object) = entry.split_at(NAME_BYTES);
            let (Ok(name), Ok(object)) = (Name::try_from(name), Object::try_from(object)) else {
                return Err(invalid());
            };
            // What was encoded is in order, so that equal cursors are equal bytes.
            if entries.last_key_value().is_some_and(|(last, _)| *last >= name) || entries.len() == CURSOR_REFERENCES_MAX
            {
                return Err(invalid());
            }
            entries.insert(name, object);
        }
        Ok(Self { patterns, entries })
    }

    /// Whether it was made with these patterns. Made with others, it would take for new what only wasn't looked at.
    #[must_use]
    pub fn is_for(&self, patterns: &Patterns) -> bool {
        self.patterns == patterns.digest()
    }

    /// What is new or has moved since, in the order of names.
    #[must_use]
    pub fn changes(&self, after: &BTreeMap<String, String>, patterns: &Patterns) -> Vec<Change> {
        let changed = matching(after, patterns).filter_map(|(name, kind, object)| {
            let old = self.entries.get(&name_of(name));
            if old == Some(&bytes_of(object)) {
                return None;
            }
            let old = old.map(|bytes| digits_of(bytes));
            Some(Change { reference: name.clone(), kind, old, new: Some(object.clone()) })
        });
        changed.collect()
    }
}

fn name_of(reference: &str) -> Name {
    let digest: [u8; 32] = Sha256::digest(reference).into();
    let mut name = [0; NAME_BYTES];
    name.copy_from_slice(&digest[..NAME_BYTES]);
    name
}

/// The first bytes of an id in hex.
pub(crate) fn bytes_of<const N: usize>(id: &str) -> [u8; N] {
    let mut object = [0; N];
    for (byte, digits) in object.iter_mut().zip(id.as_bytes().chunks(2)) {
        let digits = std::str::from_utf8(digits).unwrap_or_default();
        *byte = u8::from_str_radix(digits, 16).unwrap_or_default();
    }
    object
}

/// What [`bytes_of`] was given, as far as it was taken.
pub(crate) fn digits_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
