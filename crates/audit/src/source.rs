//! Where events come from: a data directory, an export, or what a caller hands in. All hand out stored bytes, unchecked.

mod data_directory;
mod export;
mod joined;

use std::ops::{ControlFlow, RangeInclusive};
use std::path::Path;

use gofer_domain::ClusterId;

use crate::error::Error;
use crate::hash::Hash;
use crate::manifest;

pub use data_directory::DataDirectory;
pub use export::Export;
pub(crate) use export::segment_name;
pub use joined::Joined;

/// What is shown an event: the place that it is stored at, as a revision, and its bytes.
pub type Visit<'a> = dyn FnMut(u64, &[u8]) -> ControlFlow<()> + 'a;

/// What a source says of itself. It is a claim until it was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    pub cluster: Option<ClusterId>,
    /// Revision of its first event.
    pub first: u64,
    /// Revision of the event that it ends with; less than `first` when there is none.
    pub last: u64,
    /// Hash of the event before the first, where it is known.
    pub previous: Option<Hash>,
    /// Hash of the event at `last`.
    pub head: Hash,
}

/// A log that is not written to.
pub trait EventSource: Sync {
    /// What it says of itself.
    fn extent(&self) -> Extent;

    /// What it is, for people: `the data directory /x`, `the export /y`.
    fn name(&self) -> String;

    /// What says how far the log goes, for people.
    fn authority(&self) -> &'static str;

    /// What whoever reads it should know, if anything.
    fn remark(&self) -> Option<&'static str> {
        None
    }

    /// All of it in parts that can be read independently, in order. The last one may go on beyond the extent, when
    /// more is stored than there should be.
    ///
    /// # Errors
    /// When that can't be told.
    fn parts(&self) -> Result<Vec<RangeInclusive<u64>>, Error>;

    /// Shows the events of a range, until told to stop. Memory does not grow with the range.
    ///
    /// # Errors
    /// [`Error::Fault`] when what is stored is not what the source says it is; else when it can't be read.
    fn scan(&self, from: u64, to: u64, visit: &mut Visit<'_>) -> Result<(), Error>;

    /// The event stored at a place.
    ///
    /// # Errors
    /// As [`EventSource::scan`].
    fn event(&self, revision: u64) -> Result<Option<Vec<u8>>, Error> {
        let mut found = None;
        self.scan(revision, revision, &mut |at, bytes| {
            found = (at == revision).then(|| bytes.to_vec());
            ControlFlow::Break(())
        })?;
        Ok(found)
    }
}

impl<T: EventSource + ?Sized> EventSource for &T {
    fn extent(&self) -> Extent {
        (**self).extent()
    }

    fn name(&self) -> String {
        (**self).name()
    }

    fn authority(&self) -> &'static str {
        (**self).authority()
    }

    fn remark(&self) -> Option<&'static str> {
        (**self).remark()
    }

    fn parts(&self) -> Result<Vec<RangeInclusive<u64>>, Error> {
        (**self).parts()
    }

    fn scan(&self, from: u64, to: u64, visit: &mut Visit<'_>) -> Result<(), Error> {
        (**self).scan(from, to, visit)
    }

    fn event(&self, revision: u64) -> Result<Option<Vec<u8>>, Error> {
        (**self).event(revision)
    }
}

/// Opens what is in a directory, for reading only.
///
/// # Errors
/// [`Error::NoSource`] when it is neither a data directory nor an export; else when it can't be opened.
pub fn open(path: &Path) -> Result<Box<dyn EventSource>, Error> {
    if path.join(manifest::FILE).exists() {
        return Ok(Box::new(Export::open(path)?));
    }
    if is_data_directory(path) {
        return Ok(Box::new(DataDirectory::open(path)?));
    }
    Err(Error::NoSource(path.to_owned()))
}

fn is_data_directory(path: &Path) -> bool {
    path.join("identity.json").exists()
}
