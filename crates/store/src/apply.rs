//! The state machine: committed entries in, events and answers out, one database batch for all of them.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use gofer_domain::apply::Record;
use gofer_domain::decide::decide;
use gofer_domain::event::Standing;
use gofer_domain::{Answer, CommandEnvelope, Event, PipelineKey, Rejection, Revision, State, Timestamp};
use gofer_wire::log::v1 as log;
use gofer_wire::log::v1::event::Kind;
use gofer_wire::model::v1 as model;
use prost::Message;
use rocksdb::{ColumnFamily, WriteBatch};

use crate::applied::Applied;
use crate::codec;
use crate::db::{self, DEDUP, Db, EVENTS, VIEWS};
use crate::dedup::Dedup;
use crate::error::Error;
use crate::event_log::{self, Place};
use crate::history::Views;
use crate::keys::{self, kind};
use crate::taken;

/// A committed entry of the Raft log.
#[derive(Clone, Debug)]
pub struct Entry {
    /// One more than that of the entry before it in the same batch, and greater than any that was applied.
    pub index: u64,
    /// Consensus' own name of the entry; kept and handed back, never read.
    pub log_id: Vec<u8>,
    pub kind: EntryKind,
}

/// What an entry holds.
#[derive(Clone, Debug)]
pub enum EntryKind {
    Blank,
    Commands(Vec<CommandEnvelope>),
    /// Consensus' own record of the members; kept and handed back, never read.
    Membership(Vec<u8>),
}

/// The recorded answer to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// `revision` is that of the command's last event; of the log's last when it had none.
    Accepted {
        revision: Revision,
        answer: Answer,
    },
    Rejected(Rejection),
}

/// Refuses entries that were applied already, and a batch that leaves one out. To be asked before any of them changes
/// anything. Between two batches consensus may skip indexes.
pub(crate) fn check_order(applied: u64, entries: &[Entry]) -> Result<(), Error> {
    let mut last = applied;
    for (place, Entry { index, .. }) in entries.iter().enumerate() {
        if *index <= last || (place > 0 && *index - last != 1) {
            return Err(Error::OutOfOrder { index: *index, applied: last });
        }
        last = *index;
    }
    Ok(())
}

/// Where the records go.
struct Families<'a> {
    events: &'a ColumnFamily,
    views: &'a ColumnFamily,
    dedup: &'a ColumnFamily,
}

/// A batch in the making.
///
/// There is one writer, so the state can't change between two of its looks at it; it is locked for the moment in which
/// events are folded in, and never while something is read, hashed or encoded.
pub(crate) struct Applying<'a> {
    db: &'a Db,
    families: Families<'a>,
    views: Views<'a>,
    state: &'a RwLock<State>,
    dedup: &'a mut Dedup,
    applied: Applied,
    batch: WriteBatch,
    changed: BTreeSet<Record>,
}

impl<'a> Applying<'a> {
    pub(crate) fn new(
        db: &'a Db,
        state: &'a RwLock<State>,
        dedup: &'a mut Dedup,
        applied: Applied,
    ) -> Result<Self, Error> {
        let families = Families { events: db.family(EVENTS)?, views: db.family(VIEWS)?, dedup: db.family(DEDUP)? };
        let views = Views::new(db);
        Ok(Self { db, families, views, state, dedup, applied, batch: WriteBatch::default(), changed: BTreeSet::new() })
    }

    /// Applies one entry.
    pub(crate) fn entry(&mut self, entry: Entry) -> Result<Vec<Outcome>, Error> {
        let outcomes = match entry.kind {
            EntryKind::Blank => Vec::new(),
            EntryKind::Membership(membership) => {
                self.applied.membership = membership;
                Vec::new()
            }
            EntryKind::Commands(commands) => {
                commands.into_iter().map(|command| self.command(command)).collect::<Result<_, _>>()?
            }
        };
        self.dedup.close(self.families.dedup, &mut self.batch);
        self.applied.index = entry.index;
        self.applied.log_id = entry.log_id;
        Ok(outcomes)
    }

    fn command(&mut self, mut command: CommandEnvelope) -> Result<Outcome, Error> {
        if let Some(recorded) = self.recorded(&command)? {
            return Ok(recorded);
        }
        // A leader whose clock is behind may stamp before it has applied what its predecessor stamped.
        let newest = self.applied.time;
        #[cfg(feature = "planted")]
        let newest = match crate::planted::is(crate::planted::Bug::OlderTime) {
            true => command.time,
            false => newest,
        };
        command.time = command.time.max(newest);
        #[cfg(feature = "planted")]
        crate::planted::spoil(self.state, &mut command.command);
        let decision = decide(&look(self.state), &self.views, &command);
        // An error of a lookup makes the decision void, whatever it is.
        self.views.check()?;
        let outcome = match decision {
            Ok(decision) => {
                self.events(&command, &decision.events)?;
                Outcome::Accepted { revision: self.applied.revision, answer: decision.answer }
            }
            Err(rejection) => Outcome::Rejected(rejection),
        };
        self.dedup.record(command.request_id, &outcome)?;
        Ok(outcome)
    }

    fn recorded(&self, command: &CommandEnvelope) -> Result<Option<Outcome>, Error> {
        #[cfg(feature = "planted")]
        if crate::planted::is(crate::planted::Bug::DedupSkipped) {
            return Ok(None);
        }
        self.dedup.get(self.db, command.request_id)
    }

    fn events(&mut self, command: &CommandEnvelope, events: &[Event]) -> Result<(), Error> {
        let cause = Revision(self.applied.revision.0 + 1);
        for event in events {
            let revision = Revision(self.applied.revision.0 + 1);
            let place = Place { revision, cause, previous: self.applied.chain_head };
            let message = codec::event_to_wire(event);
            let (bytes, hash) = event_log::seal(&place, command, &message);
            self.batch.put_cf(self.families.events, revision.0.to_be_bytes(), bytes);
            self.views.append(revision, hash);
            self.db.mark(&mut self.batch, format_of(event))?;
            self.trim(event)?;
            keep(&mut self.batch, self.families.views, event, message);
            let created = taken::created(&look(self.state), event);
            taken::keep(&mut self.batch, self.families.views, &self.views, created, command.time, event);
            self.changed.extend(event.records());
            self.applied.revision = revision;
            self.applied.time = command.time;
            self.applied.chain_head = hash;
        }
        self.fold(cause, command, events);
        self.views.check()
    }

    /// Drops what an event says that nodes have dropped.
    fn trim(&mut self, event: &Event) -> Result<(), Error> {
        let Event::EventsArchived { trimmed, trimmed_hash, .. } = event else { return Ok(()) };
        let (from, to) = (self.applied.trimmed.0 + 1, trimmed.0 + 1);
        if from < to {
            self.batch.delete_range_cf(self.families.events, from.to_be_bytes(), to.to_be_bytes());
            (self.applied.trimmed, self.applied.trimmed_hash) = (*trimmed, *trimmed_hash);
        }
        Ok(())
    }

    fn fold(&self, first: Revision, command: &CommandEnvelope, events: &[Event]) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        for (revision, event) in (first.0..).map(Revision).zip(events) {
            #[cfg(feature = "planted")]
            if matches!(event, Event::TaskFinished { .. })
                && crate::planted::on_follower(crate::planted::Bug::FoldSkipped)
            {
                continue;
            }
            fold(&mut state, &self.views, revision, command.time, event);
        }
    }

    /// The batch with all changed records, and what it brings the store to.
    pub(crate) fn finish(mut self) -> Result<(WriteBatch, Applied), Error> {
        let state = look(self.state);
        put_changed(&mut self.batch, self.families.views, &state, &self.changed);
        self.views.check()?;
        self.applied.cluster = state.cluster;
        self.applied.dedup_first = self.dedup.first();
        self.applied.put(self.db, &mut self.batch)?;
        drop(state);
        Ok((self.batch, self.applied))
    }
}

/// The format of a database that holds what an event leads to.
pub(crate) fn format_of(event: &Event) -> u64 {
    match event {
        Event::EventsArchived { .. } => db::ARCHIVED,
        // A release begins with one of these.
        Event::PipelineRegistered { standing: Standing::Held | Standing::Released { .. }, .. }
        | Event::ReleaseStarted { .. }
        | Event::LiveVersionChanged { .. }
        | Event::PipelinePinned { .. } => db::RELEASED,
        Event::ScheduleCreated { .. } | Event::TriggerInstalled { .. } | Event::SubscriptionCreated { .. } => {
            db::SCHEDULED
        }
        _ => db::FORMAT,
    }
}

/// Folds an event in, and makes a version that it registers known to the lookups of those after it.
pub(crate) fn fold(state: &mut State, views: &Views<'_>, revision: Revision, time: Timestamp, event: &Event) {
    state.apply(views, revision, time, event);
    if let Event::PipelineRegistered { pipeline, version, .. } = event
        && let Some(registered) = state.pipelines.get(pipeline)
    {
        views.register(pipeline, *version, &registered.config);
    }
}

/// Writes what an event brings and no later one changes: a version, the variables of a run, whose head changes often,
/// a segment of the archive, and a sealed secret. Those of another cluster's archive go.
pub(crate) fn keep(batch: &mut WriteBatch, views: &ColumnFamily, event: &Event, message: log::Event) {
    match (event, message.kind) {
        (Event::PipelineRegistered { pipeline, version, .. }, Some(Kind::PipelineRegistered(registered))) => {
            let config = registered.config.unwrap_or_default();
            batch.put_cf(views, keys::version(pipeline, *version), config.encode_to_vec());
        }
        (Event::RunCreated { run, .. }, Some(Kind::RunCreated(created))) if !created.variables.is_empty() => {
            let record = model::Run { variables: created.variables, ..model::Run::default() };
            batch.put_cf(views, keys::run(kind::VARIABLES, run), record.encode_to_vec());
        }
        (Event::EventsArchived { segment, .. }, Some(Kind::EventsArchived(archived))) => {
            let record = archived.segment.unwrap_or_default();
            batch.put_cf(views, keys::segment(segment.first), record.encode_to_vec());
        }
        (Event::SecretSet { secret }, Some(Kind::SecretSet(set))) => {
            let record = set.secret.unwrap_or_default();
            batch.put_cf(views, keys::secret(kind::SEALED, &secret.key), record.encode_to_vec());
        }
        (Event::SecretDeleted { key, .. }, _) => batch.delete_cf(views, keys::secret(kind::SEALED, key)),
        (Event::ClusterRestored { .. }, _) => batch.delete_range_cf(views, [kind::SEGMENT], [kind::SEGMENT + 1]),
        _ => {}
    }
}

/// Writes the changed records as the state has them.
pub(crate) fn put_changed(batch: &mut WriteBatch, views: &ColumnFamily, state: &State, changed: &BTreeSet<Record>) {
    for record in changed {
        if let Record::Objects(scope) = record {
            // Those that were put since follow: their records come later in the order.
            let (from, to) = keys::range(&keys::objects(scope));
            batch.delete_range_cf(views, from, to);
        }
        if let Record::Run(run) = record
            && let Some(live) = state.runs.get(run)
        {
            let key = keys::run(kind::LIVE, run);
            match live.run.status.is_final() {
                true => batch.delete_cf(views, key),
                false => batch.put_cf(views, key, []),
            }
        }
        if let Record::Releases(key) = record {
            put_releases(batch, views, state, key);
        }
        match encode(state, record) {
            Stored::Put(key, value) => batch.put_cf(views, key, value),
            Stored::Gone(key) => batch.delete_cf(views, key),
            Stored::Elsewhere => {}
        }
    }
}

/// Writes the release in progress, and those that ended with this batch.
fn put_releases(batch: &mut WriteBatch, views: &ColumnFamily, state: &State, key: &PipelineKey) {
    let Some(pipeline) = state.pipelines.get(key) else { return };
    let active = pipeline.releases.active.iter().map(|active| &active.release);
    for release in pipeline.releases.ended.iter().chain(active) {
        batch.put_cf(views, keys::release(key, release.id), codec::release_to_wire(release).encode_to_vec());
    }
}

fn look(state: &RwLock<State>) -> RwLockReadGuard<'_, State> {
    state.read().unwrap_or_else(PoisonError::into_inner)
}

/// What to do about a changed record.
enum Stored {
    Put(Vec<u8>, Vec<u8>),
    Gone(Vec<u8>),
    /// It is part of another record, was written with its event, or is none as the event named nothing that exists.
    Elsewhere,
}

impl Stored {
    fn of(key: Vec<u8>, message: Option<impl Message>) -> Self {
        match message {
            Some(message) => Self::Put(key, message.encode_to_vec()),
            None => Self::Gone(key),
        }
    }
}

fn encode(state: &State, record: &Record) -> Stored {
    match record {
        Record::Cluster | Record::PipelineVersion(..) | Record::Releases(_) | Record::Objects(_) => Stored::Elsewhere,
        Record::Object(scope, key) => {
            let object = state.objects.get(scope, key);
            Stored::of(keys::object(scope, key), object.map(|object| codec::object_to_wire(scope, key, object)))
        }
        Record::Namespace(id) => {
            Stored::of(keys::namespace(id), state.namespaces.get(id).map(codec::namespace_to_wire))
        }
        Record::Pipeline(key) => {
            let head = state.pipelines.get(key).map(codec::pipeline_head_to_wire);
            Stored::of(keys::pipeline(kind::PIPELINE, key), head)
        }
        Record::Run(key) => match state.runs.get(key) {
            Some(live) => Stored::of(keys::run(kind::RUN, key), Some(codec::run_head_to_wire(&live.run))),
            None => Stored::Elsewhere,
        },
        Record::Task(key) => match state.runs.get(&key.run).and_then(|live| live.run.tasks.get(&key.task)) {
            Some(task) => Stored::of(keys::task(key), Some(codec::task_to_wire(&key.task, task))),
            None => Stored::Elsewhere,
        },
        Record::Archive => Stored::of(keys::archive(), state.archive.as_ref().map(codec::archive_to_wire)),
        Record::Secret(key) => {
            let secret = state.secrets.live.get(key).map(|secret| codec::secret_to_wire(key, secret));
            Stored::of(keys::secret(kind::SECRET, key), secret)
        }
        Record::ClusterKey => {
            Stored::of(keys::cluster_key(), state.secrets.current.as_ref().map(codec::current_key_to_wire))
        }
        Record::Schedule(key) => {
            let schedule = state.schedules.get(key).map(|schedule| codec::schedule_to_wire(key, schedule));
            Stored::of(keys::schedule(key), schedule)
        }
        Record::Trigger(name) => {
            let trigger = state.triggers.get(name).map(|trigger| codec::trigger_to_wire(name, trigger));
            Stored::of(keys::trigger(name), trigger)
        }
        Record::Subscription(key) => {
            let subscription = state.subscriptions.get(key);
            let message = subscription.map(|subscription| codec::subscription_to_wire(key, subscription));
            Stored::of(keys::subscription(kind::SUBSCRIPTION, key), message)
        }
        Record::Followed => {
            let followed = state.followed.map(|followed| model::Followed { revision: followed.0 });
            Stored::of(keys::followed(), followed)
        }
        Record::Node(id) => Stored::of(keys::node(*id), state.nodes.get(id).map(codec::node_to_wire)),
    }
}
