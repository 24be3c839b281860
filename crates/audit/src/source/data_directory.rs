//! A node's data directory as a source. A node may run on it: what it adds after the opening is not seen.

use std::ops::{ControlFlow, RangeInclusive};
use std::path::Path;

use gofer_domain::Revision;
use gofer_store::{Options, ReadOnlyStore};

use super::{EventSource, Extent, Visit};
use crate::error::Error;
use crate::hash::Hash;

/// Events in a part.
const PART: u64 = 50_000;

/// An open data directory.
#[derive(Debug)]
pub struct DataDirectory {
    store: ReadOnlyStore,
}

impl DataDirectory {
    /// Opens it as it is now.
    ///
    /// # Errors
    /// As [`ReadOnlyStore::open`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self { store: ReadOnlyStore::open(path, Options::default())? })
    }

    /// The first revision from one on under which something is stored.
    fn first_from(&self, revision: u64) -> Result<Option<u64>, Error> {
        let mut first = None;
        self.store.scan_events(Revision(revision), &mut |revision, _| {
            first = Some(revision.0);
            ControlFlow::Break(())
        })?;
        Ok(first)
    }

    /// The store itself.
    #[must_use]
    pub fn store(&self) -> &ReadOnlyStore {
        &self.store
    }
}

impl EventSource for DataDirectory {
    fn extent(&self) -> Extent {
        let progress = self.store.progress();
        let (_, previous) = self.store.trimmed();
        Extent {
            cluster: self.store.cluster(),
            first: progress.first.0,
            last: progress.revision.0,
            previous: Some(Hash(previous)),
            head: Hash(progress.chain_head),
        }
    }

    fn name(&self) -> String {
        format!("the data directory {}", self.store.dir().display())
    }

    fn authority(&self) -> &'static str {
        "the node's record of what it applied"
    }

    fn parts(&self) -> Result<Vec<RangeInclusive<u64>>, Error> {
        let mut parts = Vec::new();
        let mut start = self.store.progress().first.0;
        // A gap lies in one part with what comes behind it, so that no key, however great, makes many parts.
        while let Some(key) = self.first_from(start)? {
            let end = key.max(start.saturating_add(PART - 1));
            parts.push(start..=end);
            let Some(next) = end.checked_add(1) else { break };
            start = next;
        }
        Ok(parts)
    }

    fn scan(&self, from: u64, to: u64, visit: &mut Visit<'_>) -> Result<(), Error> {
        self.store.scan_events(Revision(from), &mut |revision, bytes| {
            if revision.0 > to { ControlFlow::Break(()) } else { visit(revision.0, bytes) }
        })?;
        Ok(())
    }

    fn event(&self, revision: u64) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.store.event(Revision(revision))?)
    }
}
