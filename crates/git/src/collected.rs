//! The branches and tags that were told of so far.

use std::collections::BTreeMap;

use crate::Fault;

/// Longest name of a reference, in bytes.
const NAME_BYTES_MAX: usize = 1024;
/// Of what references are listed.
pub(crate) const PREFIXES: [&str; 2] = ["refs/heads/", "refs/tags/"];

/// References by name, with what they point to.
#[derive(Debug)]
pub(crate) struct Collected {
    references: BTreeMap<String, String>,
    most: usize,
}

impl Collected {
    pub(crate) fn new(most: usize) -> Self {
        Self { references: BTreeMap::new(), most }
    }

    pub(crate) fn into_references(self) -> BTreeMap<String, String> {
        self.references
    }

    /// Takes a reference, if it is a branch or a tag. What has a name that is no text isn't seen.
    pub(crate) fn add(&mut self, name: &[u8], object: &[u8]) -> Result<(), Fault> {
        let object = object_id(object)?;
        let Ok(name) = std::str::from_utf8(name) else { return Ok(()) };
        if !PREFIXES.iter().any(|prefix| name.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty())) {
            return Ok(());
        }
        if name.len() > NAME_BYTES_MAX {
            let bytes = name.len();
            return Err(Fault::TooMuch(format!(
                "a reference's name has {bytes} bytes, and {NAME_BYTES_MAX} is the limit"
            )));
        }
        if name.chars().any(char::is_control) {
            return Err(Fault::protocol("a reference has control characters in its name"));
        }
        if self.references.insert(name.to_owned(), object).is_none() && self.references.len() > self.most {
            return Err(Fault::TooMuch(format!(
                "it has more than {} branches and tags, which is the limit",
                self.most
            )));
        }
        Ok(())
    }

    /// Takes what an annotated tag points to, instead of the tag's own object.
    pub(crate) fn peel(&mut self, name: &[u8], object: &[u8]) -> Result<(), Fault> {
        let object = object_id(object)?;
        if let Some(known) = std::str::from_utf8(name).ok().and_then(|name| self.references.get_mut(name)) {
            *known = object;
        }
        Ok(())
    }
}

pub(crate) fn object_id(digits: &[u8]) -> Result<String, Fault> {
    // SHA-1 or SHA-256.
    let is_id = matches!(digits.len(), 40 | 64) && digits.iter().all(u8::is_ascii_hexdigit);
    match std::str::from_utf8(digits) {
        Ok(digits) if is_id => Ok(digits.to_ascii_lowercase()),
        _ => Err(Fault::protocol("it lists a reference without an object's id")),
    }
}
