//! What has changed between two looks at a repository.

use std::collections::BTreeMap;
use std::fmt;

use crate::Patterns;

/// What a reference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Branch,
    Tag,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Branch => "branch",
            Self::Tag => "tag",
        })
    }
}

impl Kind {
    /// What the reference is, and its name without what says so. Of others, nothing.
    #[must_use]
    pub fn of(reference: &str) -> Option<(Self, &str)> {
        let branch = reference.strip_prefix("refs/heads/").map(|name| (Self::Branch, name));
        branch.or_else(|| reference.strip_prefix("refs/tags/").map(|name| (Self::Tag, name)))
    }
}

/// A branch or a tag that was made, moved or deleted. Whether a move leaves something out that was there before can't be
/// known without the commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// `refs/heads/main`.
    pub reference: String,
    /// What it is.
    pub kind: Kind,
    /// Where it was, or nothing if it is new. From a [`Cursor`](crate::Cursor), the first 20 digits.
    pub old: Option<String>,
    /// Where it is, or nothing if it is deleted.
    pub new: Option<String>,
}

/// What has changed of the branches and tags that match, in the order of their names.
#[must_use]
pub fn changes(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
    patterns: &Patterns,
) -> Vec<Change> {
    let mut changes: BTreeMap<&String, Change> = BTreeMap::new();
    for (reference, kind, new) in matching(after, patterns) {
        let old = before.get(reference);
        if old != Some(new) {
            let change = Change { reference: reference.clone(), kind, old: old.cloned(), new: Some(new.clone()) };
            changes.insert(reference, change);
        }
    }
    for (reference, kind, old) in matching(before, patterns) {
        if !after.contains_key(reference) {
            let change = Change { reference: reference.clone(), kind, old: Some(old.clone()), new: None };
            changes.insert(reference, change);
        }
    }
    changes.into_values().collect()
}

/// The references that match, with what they are and where.
pub(crate) fn matching<'r>(
    references: &'r BTreeMap<String, String>,
    patterns: &'r Patterns,
) -> impl Iterator<Item = (&'r String, Kind, &'r String)> {
    references.iter().filter_map(|(reference, object)| {
        let (kind, name) = Kind::of(reference)?;
        patterns.matches(kind, name).then_some((reference, kind, object))
    })
}
