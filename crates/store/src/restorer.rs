//! A new data directory made of events alone: views by folding, recorded answers by what the events say of them.
//!
//! The directory is marked as unfinished from the beginning, and `identity.json` is the last file that is made in it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use gofer_domain::archive::GENESIS;
use gofer_domain::{Answer, Event, NodeId, RequestId, Revision, TakenEvent, Timestamp};
use rocksdb::WriteBatch;

use crate::applied::Applied;
use crate::apply::Outcome;
use crate::db::{DEDUP, EVENTS};
use crate::dedup::Dedup;
use crate::error::Error;
use crate::identity::{self, Identity};
use crate::replayer::{PlacedEvent, Replayer};
use crate::store::{Options, Store};
use crate::{checkpoint, durable, unfinished};

/// What a directory is marked with while it is restored.
const MARK: &str = "gofer backup restore";

/// An event with its stored bytes, which were checked.
#[derive(Clone, Debug, PartialEq)]
pub struct SealedEvent {
    pub placed: PlacedEvent,
    /// Revision of the first event of the same command.
    pub cause: Revision,
    pub request_id: RequestId,
    pub hash: [u8; 32],
    pub bytes: Vec<u8>,
}

/// A data directory in the making.
pub struct Restorer {
    dir: PathBuf,
    options: Options,
    node: NodeId,
    replayer: Replayer,
    dedup: Dedup,
    /// The command that the newest event is of.
    command: Option<Answered>,
    head: [u8; 32],
    lock: File,
}

/// The answer to a command, as far as its events were seen.
struct Answered {
    cause: Revision,
    request_id: RequestId,
    last: Revision,
    answer: Answer,
}

impl std::fmt::Debug for Restorer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Restorer").field("dir", &self.dir).finish_non_exhaustive()
    }
}

impl Restorer {
    /// Begins in a directory that is missing or empty, or that an earlier, interrupted restore has left.
    ///
    /// # Errors
    /// [`Error::NotEmpty`] when it holds anything else; [`Error::Locked`] when another process restores to it.
    pub fn begin(dir: &Path, options: Options) -> Result<Self, Error> {
        durable::make_dir(dir)?;
        let is_ours = unfinished::read(dir)?.is_some_and(|what| what == MARK);
        if !is_ours && !leftovers(dir)?.is_empty() {
            return Err(Error::NotEmpty(dir.to_owned()));
        }
        let lock = identity::lock(dir)?;
        unfinished::mark(dir, MARK)?;
        leftovers(dir)?.iter().try_for_each(|path| durable::remove(path))?;
        let replayer = Replayer::create(&checkpoint::first(dir), &options)?;
        let dedup = Dedup::load(replayer.db(), 0, options.dedup_capacity)?;
        let (dir, node) = (dir.to_owned(), identity::draw_node_id());
        Ok(Self { dir, options, node, replayer, dedup, command: None, head: GENESIS, lock })
    }

    /// The id of the node whose directory this will be.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// Takes events, which must follow those before them.
    ///
    /// # Errors
    /// When the database can't be written.
    pub fn push(&mut self, events: &[SealedEvent]) -> Result<(), Error> {
        let placed: Vec<PlacedEvent> = events.iter().map(|event| event.placed.clone()).collect();
        self.replayer.apply(&placed)?;
        let mut batch = WriteBatch::default();
        for event in events {
            let family = self.replayer.db().family(EVENTS)?;
            batch.put_cf(family, event.placed.revision.0.to_be_bytes(), &event.bytes);
            self.head = event.hash;
            self.answer(event)?;
        }
        self.dedup.close(self.replayer.db().family(DEDUP)?, &mut batch);
        self.replayer.db().write_unlogged(batch)?;
        self.dedup.written();
        Ok(())
    }

    /// Notes what a command answered. Commands without events, and refused ones, leave nothing to note.
    fn answer(&mut self, event: &SealedEvent) -> Result<(), Error> {
        let revision = event.placed.revision;
        if event.cause == revision {
            self.record()?;
            let (cause, request_id) = (event.cause, event.request_id);
            self.command = Some(Answered { cause, request_id, last: revision, answer: Answer::Done });
        }
        let Some(command) = self.command.as_mut().filter(|command| command.cause == event.cause) else {
            return Ok(());
        };
        command.last = revision;
        match &event.placed.event {
            // Else it is one of the runs that slots or events have started.
            Event::RunCreated { run, .. } if event.cause == revision => command.answer = Answer::Run(run.clone()),
            // Else the log was followed, which answers nothing of the kind.
            Event::EventsTaken { taken, from_log: false, .. } => {
                command.answer = Answer::Events(taken.iter().map(TakenEvent::fate).collect());
            }
            Event::PipelineRegistered { version, .. } => command.answer = Answer::PipelineVersion(*version),
            Event::BackfillStarted { backfill, .. } => command.answer = Answer::Backfill(*backfill),
            Event::NodeRegistered { incarnation, .. } => command.answer = Answer::NodeIncarnation(*incarnation),
            // As the first event it is what was asked for, else it follows from the end of a run.
            Event::ReleaseStarted { release, .. }
            | Event::ReleaseAdvanced { release, .. }
            | Event::ReleaseSwitched { release, .. }
            | Event::ReleasePromoted { release, .. }
            | Event::ReleaseRolledBack { release, .. }
            | Event::LiveVersionChanged { release, .. }
                if event.cause == revision =>
            {
                command.answer = Answer::Release(*release);
            }
            _ => {}
        }
        Ok(())
    }

    fn record(&mut self) -> Result<(), Error> {
        let Some(Answered { request_id, last, answer, .. }) = self.command.take() else { return Ok(()) };
        self.dedup.record(request_id, &Outcome::Accepted { revision: last, answer })
    }

    /// Revision, time and hash of the newest event.
    #[must_use]
    pub fn newest(&self) -> (Revision, Timestamp, [u8; 32]) {
        let state = self.replayer.state();
        (state.revision, state.time, self.head)
    }

    /// All records, as they will be in the store.
    #[must_use]
    pub fn views(&self) -> crate::Views {
        self.replayer.views()
    }

    /// Makes all of it durable and opens it as the store of a node that belongs to no cluster yet. Its directory stays
    /// marked until [`unfinished::clear`].
    ///
    /// # Errors
    /// When it can't be written.
    pub fn finish(mut self) -> Result<Store, Error> {
        self.record()?;
        let state = self.replayer.state();
        let applied = Applied {
            revision: state.revision,
            time: state.time,
            cluster: state.cluster,
            chain_head: self.head,
            dedup_first: self.dedup.first(),
            ..Applied::default()
        };
        let db = self.replayer.db();
        let mut batch = WriteBatch::default();
        self.dedup.close(db.family(DEDUP)?, &mut batch);
        applied.put(db, &mut batch)?;
        db.write(batch)?;
        db.flush()?;
        let Self { dir, options, node, replayer, lock, .. } = self;
        drop(replayer);
        checkpoint::point_to_first(&dir)?;
        identity::write(&dir, Identity { node_id: node, cluster_id: None })?;
        // The store takes it for itself.
        drop(lock);
        Store::open_unfinished(&dir, options)
    }
}

/// What is in a directory besides what any may have.
fn leftovers(dir: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(|error| Error::io(dir, error))? {
        let entry = entry.map_err(|error| Error::io(dir, error))?;
        let name = entry.file_name();
        let known = ["lost+found", identity::LOCK, unfinished::FILE, unfinished::TEMPORARY];
        if !known.iter().any(|known| name == *known) {
            found.push(entry.path());
        }
    }
    Ok(found)
}
