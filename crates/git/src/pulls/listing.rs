//! What has changed between two looks at pull requests.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use super::Cursor;
use super::cursor::Head;
use super::read::{self, Pull};
use crate::cursor::{bytes_of, digits_of};
use crate::{Fault, Kind, Patterns};

/// What has become of a pull request, in GitHub's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// It is merged, or closed without that.
    Closed,
    /// It is new, or open again.
    Opened,
    /// Its newest commit is another.
    Synchronize,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "closed",
            Self::Opened => "opened",
            Self::Synchronize => "synchronize",
        })
    }
}

/// A pull request that was opened, pushed to or closed.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub number: u64,
    pub action: Action,
    /// Id of its newest commit.
    pub head: String,
    /// As the API gives it.
    pub pull: Value,
    pub(super) old: Option<Head>,
}

impl Change {
    /// A change of a pull request, which was at a commit before if it was known.
    #[must_use]
    pub fn new(number: u64, action: Action, head: &str, pull: Value, before: Option<&str>) -> Self {
        Self { number, action, head: head.to_owned(), pull, old: before.map(bytes_of) }
    }

    /// The first digits of what was its newest commit, if that is another now.
    #[must_use]
    pub fn before(&self) -> Option<String> {
        self.old.filter(|_| self.action == Action::Synchronize).map(|old| digits_of(&old))
    }
}

/// A pull request that was listed no more, as it is by itself. None: there is none.
pub(super) type Single = Option<(Pull, Value)>;

/// What was listed so far.
#[derive(Debug)]
pub(super) struct Listing<'l> {
    before: &'l Cursor,
    base: &'l Patterns,
    /// Nothing counts yet: what is there was there before.
    is_first: bool,
    /// Most changes that are told.
    most: usize,
    open: BTreeMap<u64, Head>,
    changed: BTreeMap<u64, (String, Value)>,
    is_cut: bool,
}

impl<'l> Listing<'l> {
    pub(super) fn new(before: &'l Cursor, base: &'l Patterns, is_first: bool, most: usize) -> Self {
        Self { before, base, is_first, most, open: BTreeMap::new(), changed: BTreeMap::new(), is_cut: false }
    }

    /// Takes a page: how many it lists, and those that match.
    pub(super) fn add(&mut self, body: &[u8]) -> Result<(usize, Vec<(u64, Head)>), Fault> {
        let pulls = read::page(body)?;
        let (mut heads, mut places, mut wanted) = (Vec::new(), BTreeSet::new(), Vec::new());
        for (place, pull) in pulls.iter().enumerate() {
            if !pull.is_open || !self.base.matches(Kind::Branch, &pull.base) {
                continue;
            }
            let head = bytes_of(&pull.head);
            heads.push((pull.number, head));
            if self.note(pull.number, &pull.head) {
                places.insert(place);
                wanted.push(pull);
            }
        }
        if !places.is_empty() {
            for (pull, value) in wanted.into_iter().zip(read::at(body, &places)?) {
                // It may be on the page once more, elsewhere or as it was.
                if let Some((head, slot)) = self.changed.get_mut(&pull.number)
                    && *head == pull.head
                {
                    *slot = value;
                }
            }
        }
        Ok((pulls.len(), heads))
    }

    /// Takes a page that is as it was when the cursor was made.
    pub(super) fn add_known(&mut self, heads: &[(u64, Head)]) {
        // Of one that was on two pages and is elsewhere in the cursor, nothing is known by this.
        for (number, head) in heads.iter().filter(|(number, head)| self.before.head(*number) == Some(*head)) {
            self.changed.remove(number);
            self.open.insert(*number, *head);
        }
    }

    /// Notes where one is; whether that is a change to tell. Of one that is listed twice the later place counts.
    fn note(&mut self, number: u64, id: &str) -> bool {
        let (head, old) = (bytes_of(id), self.before.head(number));
        self.changed.remove(&number);
        if self.is_first || old == Some(head) {
            self.open.insert(number, head);
            return false;
        }
        if self.changed.len() >= self.most {
            // It is left for the next look, as if it had not changed yet.
            self.is_cut = true;
            match old {
                Some(old) => self.open.insert(number, old),
                None => self.open.remove(&number),
            };
            return false;
        }
        self.open.insert(number, head);
        self.changed.insert(number, (id.to_owned(), Value::Null));
        true
    }

    /// Those that were open before and aren't listed.
    pub(super) fn gone(&self) -> Vec<u64> {
        self.before.heads().keys().filter(|number| !self.open.contains_key(number)).copied().collect()
    }

    /// What has changed, the cursor that has it in it, and whether that is all.
    ///
    /// `singles` has what was found of those that are gone, as far as they were asked for. One that is still open was only
    /// left out, as a list changes between two of its pages; one whose base is another now is of no interest any more. Those
    /// that are closed come first, so that there never are more in a cursor than before or after all changes.
    pub(super) fn changes(mut self, singles: Vec<(u64, Single)>) -> Result<(Vec<Change>, Cursor, bool), Fault> {
        let mut closed = Vec::new();
        let mut unasked: BTreeSet<u64> = self.gone().into_iter().collect();
        for (number, single) in singles {
            unasked.remove(&number);
            let Some((pull, value)) = single else { continue };
            let old = self.before.head(number);
            if !pull.is_open {
                closed.push(Change { number, action: Action::Closed, head: pull.head, pull: value, old });
            } else if self.base.matches(Kind::Branch, &pull.base) && self.note(number, &pull.head) {
                self.changed.insert(number, (pull.head, value));
            }
        }
        for number in &unasked {
            self.open.extend(self.before.head(*number).map(|head| (*number, head)));
        }
        let is_all = unasked.is_empty() && !self.is_cut;
        match self.before.with(self.open) {
            Ok(cursor) => {
                let listed = self.changed.into_iter().map(|(number, (head, pull))| {
                    let old = self.before.head(number);
                    let action = if old.is_some() { Action::Synchronize } else { Action::Opened };
                    Change { number, action, head, pull, old }
                });
                closed.extend(listed);
                Ok((closed, cursor, is_all))
            }
            // Room for those that are new comes with those that are gone and weren't asked for yet.
            Err(_) if !unasked.is_empty() && !closed.is_empty() => {
                let mut heads = self.before.heads().clone();
                heads.retain(|number, _| closed.iter().all(|change| change.number != *number));
                Ok((closed, self.before.with(heads)?, false))
            }
            Err(fault) => Err(fault),
        }
    }
}
