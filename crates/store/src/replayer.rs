//! Events folded into views of their own: what a node does with the events that it decides, for somebody who only has
//! the events. The records come out byte for byte as a node stores them.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use gofer_domain::{Event, Revision, Run, RunKey, State, Timestamp};
use rocksdb::WriteBatch;

use crate::apply::{fold, format_of, keep, put_changed};
use crate::codec;
use crate::db::{Db, VIEWS};
use crate::error::Error;
use crate::history::Views as Lookups;
use crate::reader;
use crate::store::Options;
use crate::taken;
use crate::view_scan::Views;

/// An event with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedEvent {
    pub revision: Revision,
    pub time: Timestamp,
    pub event: Event,
}

/// The state that events add up to. Memory is bounded like a node's: what has ended is in the views.
pub struct Replayer {
    db: Arc<Db>,
    state: State,
}

impl std::fmt::Debug for Replayer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replayer").field("revision", &self.state.revision).finish_non_exhaustive()
    }
}

impl Replayer {
    /// An empty state, whose views are kept in a directory that must not exist. It is of no use after a power loss, and
    /// is not removed.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn create(dir: &Path, options: &Options) -> Result<Self, Error> {
        Ok(Self { db: Arc::new(Db::create(dir, options)?), state: State::default() })
    }

    /// Folds events in, which must follow what was folded in before, and writes what they changed at once. The result
    /// does not depend on how many come together, though the work does.
    ///
    /// # Errors
    /// When the views can't be read or written; the replay is then of no use any more.
    pub fn apply(&mut self, events: &[PlacedEvent]) -> Result<(), Error> {
        let family = self.db.family(VIEWS)?;
        let lookups = Lookups::new(&self.db);
        let (mut batch, mut changed) = (WriteBatch::default(), BTreeSet::new());
        for PlacedEvent { revision, time, event } in events {
            let keeps = matches!(
                event,
                Event::PipelineRegistered { .. }
                    | Event::RunCreated { .. }
                    | Event::EventsArchived { .. }
                    | Event::ClusterRestored { .. }
                    | Event::SecretSet { .. }
                    | Event::SecretDeleted { .. }
            );
            if keeps {
                keep(&mut batch, family, event, codec::event_to_wire(event));
            }
            taken::keep(&mut batch, family, &lookups, taken::created(&self.state, event), *time, event);
            self.db.mark(&mut batch, format_of(event))?;
            changed.extend(event.records());
            fold(&mut self.state, &lookups, *revision, *time, event);
        }
        lookups.check()?;
        put_changed(&mut batch, family, &self.state, &changed);
        self.db.write_unlogged(batch)?;
        drop(self.state.evict_finished());
        Ok(())
    }

    pub(crate) fn db(&self) -> &Db {
        &self.db
    }

    /// The hot state.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// A run with its tasks, live or ended.
    ///
    /// # Errors
    /// When its records can't be read.
    pub fn run(&self, key: &RunKey) -> Result<Option<Run>, Error> {
        match self.state.runs.get(key) {
            Some(live) => Ok(Some(live.run.clone())),
            None => reader::run(&self.db, key),
        }
    }

    /// All records.
    #[must_use]
    pub fn views(&self) -> Views {
        Views(Arc::clone(&self.db))
    }
}
