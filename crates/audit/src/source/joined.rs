//! An archive and what goes on from it, as one log from revision 1.

use std::ops::{ControlFlow, RangeInclusive};

use super::{EventSource, Export, Extent, Visit};
use crate::envelope::Envelope;
use crate::error::Error;
use crate::fault::{Fault, FaultKind};
use crate::hash::Hash;

/// Events of an archive, then those of another source that does not have them any more.
pub struct Joined<'a> {
    archive: Export,
    rest: Box<dyn EventSource + 'a>,
    /// Last revision that is taken from the archive.
    seam: u64,
}

impl std::fmt::Debug for Joined<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Joined").field("archive", &self.archive).field("seam", &self.seam).finish_non_exhaustive()
    }
}

impl<'a> Joined<'a> {
    /// Joins them, once it is known that they are of one log: that there is no gap between them, and that both have the
    /// same event at the last revision that both have.
    ///
    /// # Errors
    /// [`Error::Refused`] when events are missing between them; [`Error::Fault`] when they are of different logs.
    pub fn new(archive: Export, rest: Box<dyn EventSource + 'a>) -> Result<Self, Error> {
        let (old, new) = (archive.extent(), rest.extent());
        if old.first != 1 || old.last + 1 < new.first {
            let why = format!(
                "{} has revisions {} to {}, and {} begins with {}; what is between them is missing: is it the archive of \
                 this cluster?",
                archive.name(),
                old.first,
                old.last,
                rest.name(),
                new.first
            );
            return Err(Error::Refused(why));
        }
        let both = old.last.min(new.last);
        let joined = Self { archive, rest, seam: new.first - 1 };
        joined.check_same(both, new)?;
        Ok(joined)
    }

    fn check_same(&self, at: u64, rest: Extent) -> Result<(), Error> {
        if at == 0 {
            return Ok(());
        }
        let expected = if at < rest.first { rest.previous } else { Some(hash_at(&*self.rest, at)?) };
        let found = hash_at(&self.archive, at)?;
        let Some(expected) = expected.filter(|expected| *expected != found) else { return Ok(()) };
        let detail =
            format!("{} has the event {found} there, and {} has {expected}", self.archive.name(), self.rest.name());
        Err(Fault::new(at, FaultKind::Forged, detail).into())
    }
}

fn hash_at(source: &dyn EventSource, revision: u64) -> Result<Hash, Error> {
    let missing = || Fault::new(revision, FaultKind::Removed, format!("it is not in {}", source.name()));
    let bytes = source.event(revision)?.ok_or_else(missing)?;
    let parsed = Envelope::parse(&bytes).map(|envelope| envelope.hash);
    parsed.map_err(|malformed| Fault::new(revision, FaultKind::Unreadable, malformed.to_string()).into())
}

impl EventSource for Joined<'_> {
    fn extent(&self) -> Extent {
        Extent { first: 1, previous: Some(Hash::GENESIS), ..self.rest.extent() }
    }

    fn name(&self) -> String {
        format!("{} with {}", self.archive.name(), self.rest.name())
    }

    fn authority(&self) -> &'static str {
        self.rest.authority()
    }

    fn remark(&self) -> Option<&'static str> {
        self.rest.remark()
    }

    fn parts(&self) -> Result<Vec<RangeInclusive<u64>>, Error> {
        let mut parts = self.archive.parts()?;
        parts.retain(|part| *part.start() <= self.seam);
        if let Some(last) = parts.last_mut() {
            *last = *last.start()..=self.seam.min(*last.end());
        }
        parts.extend(self.rest.parts()?);
        Ok(parts)
    }

    fn scan(&self, from: u64, to: u64, visit: &mut Visit<'_>) -> Result<(), Error> {
        let mut flow = ControlFlow::Continue(());
        if from <= self.seam {
            self.archive.scan(from, to.min(self.seam), &mut |at, bytes| {
                flow = visit(at, bytes);
                flow
            })?;
        }
        match flow {
            ControlFlow::Continue(()) if to > self.seam => self.rest.scan(from.max(self.seam + 1), to, visit),
            _ => Ok(()),
        }
    }

    fn event(&self, revision: u64) -> Result<Option<Vec<u8>>, Error> {
        if revision <= self.seam { self.archive.event(revision) } else { self.rest.event(revision) }
    }
}
