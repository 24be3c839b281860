//! As little of a look at pull requests as is needed to see what has changed at the next one.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::Repository;
use super::listing::Change;
use crate::{CURSOR_BYTES_MAX, Fault, Patterns};

const VERSION: u8 = 1;
const OF_BYTES: usize = 8;
const HEAD_BYTES: usize = 5;
/// What a byte of a number has of it; the first bit says that more follows.
const BITS: u32 = 7;

/// The beginning of the id of a pull request's newest commit.
pub(super) type Head = [u8; HEAD_BYTES];

/// Of each open pull request that matches, its number and the first ten digits of its newest commit.
///
/// Numbers are in order and take the room of the distance to the one before, a byte or two. So there is room for 583 if
/// distances are all below 16384, and for 681 if they are below 128.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    of: [u8; OF_BYTES],
    heads: BTreeMap<u64, Head>,
}

impl Cursor {
    /// With nothing in it.
    pub(super) fn new(repository: &Repository, base: &Patterns) -> Self {
        Self { of: of(repository, base), heads: BTreeMap::new() }
    }

    /// With these in it.
    ///
    /// # Errors
    /// [`Fault::TooMuch`] when they have no room.
    pub(super) fn with(&self, heads: BTreeMap<u64, Head>) -> Result<Self, Fault> {
        let with = Self { of: self.of, heads };
        if with.encode().len() > CURSOR_BYTES_MAX {
            return Err(Fault::TooMuch(format!(
                "{} open pull requests match, and there is room for about 600; narrow the setting base, such as main or \
                 release/*",
                with.heads.len()
            )));
        }
        Ok(with)
    }

    /// As bytes, [`CURSOR_BYTES_MAX`] at most.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend(self.of);
        let mut last = 0;
        for (number, head) in &self.heads {
            let mut distance = number - last;
            while distance >= 1 << BITS {
                bytes.push((distance & 0x7f) as u8 | 0x80);
                distance >>= BITS;
            }
            bytes.push(distance as u8);
            bytes.extend(head);
            last = *number;
        }
        bytes
    }

    /// From its bytes.
    ///
    /// # Errors
    /// [`Fault::Invalid`] when they are no cursor's.
    pub fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        let invalid = || Fault::Invalid("the cursor isn't of this trigger, or of a newer version".to_owned());
        let (&[VERSION], rest) = bytes.split_first_chunk::<1>().ok_or_else(invalid)? else { return Err(invalid()) };
        let (&of, mut rest) = rest.split_first_chunk::<OF_BYTES>().ok_or_else(invalid)?;
        if bytes.len() > CURSOR_BYTES_MAX {
            return Err(invalid());
        }
        let (mut heads, mut last) = (BTreeMap::new(), 0u64);
        while !rest.is_empty() {
            let (distance, after) = distance(rest).ok_or_else(invalid)?;
            let (head, after) = after.split_first_chunk::<HEAD_BYTES>().ok_or_else(invalid)?;
            last = last.checked_add(distance).ok_or_else(invalid)?;
            heads.insert(last, *head);
            rest = after;
        }
        Ok(Self { of, heads })
    }

    /// Whether it was made for this repository and with these patterns. Of others, it would take for new what only wasn't
    /// looked at.
    #[must_use]
    pub fn is_for(&self, repository: &Repository, base: &Patterns) -> bool {
        self.of == of(repository, base)
    }

    /// The cursor as it was before these changes, which it has in it.
    #[must_use]
    pub fn without(&self, changes: &[Change]) -> Self {
        let mut heads = self.heads.clone();
        for change in changes {
            match change.old {
                Some(old) => heads.insert(change.number, old),
                None => heads.remove(&change.number),
            };
        }
        Self { of: self.of, heads }
    }

    /// Where a pull request was.
    pub(super) fn head(&self, number: u64) -> Option<Head> {
        self.heads.get(&number).copied()
    }

    pub(super) fn heads(&self) -> &BTreeMap<u64, Head> {
        &self.heads
    }
}

/// A number of at least one, in as few bytes as it needs, and what follows it.
fn distance(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (mut number, mut shift) = (0u64, 0);
    let (mut rest, mut byte);
    (byte, rest) = bytes.split_first()?;
    loop {
        let part = u64::from(byte & 0x7f);
        number |= part.checked_shl(shift).filter(|shifted| shifted >> shift == part)?;
        if byte & 0x80 == 0 {
            // Equal cursors are equal bytes.
            return (*byte != 0).then_some((number, rest));
        }
        shift += BITS;
        (byte, rest) = rest.split_first()?;
    }
}

fn of(repository: &Repository, base: &Patterns) -> [u8; OF_BYTES] {
    let digest: [u8; 32] =
        Sha256::new().chain_update(repository.digest()).chain_update(base.digest()).finalize().into();
    let mut of = [0; OF_BYTES];
    of.copy_from_slice(&digest[..OF_BYTES]);
    of
}
