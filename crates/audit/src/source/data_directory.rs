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

    /// The store itself.
    #[must_use]
    pub fn store(&self) -> &ReadOnlyStore {
        &self.store
    }
}

impl EventSource for DataDirectory {
    fn extent(&self) -> Extent {
        let progress = self.store.progress();
        Extent {
            cluster: self.store.cluster(),
            first: 1,
            last: progress.revision.0,
            previous: Some(Hash::GENESIS),
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
        let last = self.store.newest()?.0.max(self.extent().last);
        let starts = (1..=last).step_by(usize::try_from(PART).unwrap_or(usize::MAX));
        Ok(starts.map(|start| start..=last.min(start.saturating_add(PART - 1))).collect())
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
