//! Schedules: at which times a pipeline is to run, and up to when that was done.
//!
//! A *slot* is an instant at which a schedule is due. Which instants are slots is nothing that this crate can tell: cron
//! expressions and time zones are text to it. The leader computes slots, and the state says up to which instant they are
//! settled: started or skipped, once and for all. A command that settles more names the instant that it goes on from, so
//! of two leaders that compute the same slots only one is heard.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use crate::backfill::{Backfill, BackfillStatus};
use crate::ids::{PipelineKey, Revision, ScheduleName};
use crate::limits::BACKFILLS_REMEMBERED;
use crate::rejection::Reason;
use crate::run::RunOptions;
use crate::time::Timestamp;

/// A schedule of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScheduleKey {
    pub pipeline: PipelineKey,
    pub name: ScheduleName,
}

impl fmt::Display for ScheduleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.pipeline, self.name)
    }
}

/// What a schedule says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleSpec {
    /// Free text for people.
    pub description: String,
    pub timing: Timing,
    /// Runs start up to so long after their slots, each by an amount of its own.
    pub jitter: Duration,
    pub catch_up: CatchUp,
    /// How late a slot may be started before it counts as missed.
    pub grace: Duration,
    /// What its runs are started with.
    pub options: RunOptions,
}

/// Which instants are slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timing {
    pub rule: Rule,
    /// Name of the time zone, in the IANA database.
    pub zone: String,
    /// Slots in any of these are skipped.
    pub blackouts: Vec<Blackout>,
}

/// When a schedule is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// As a cron expression says.
    Cron(String),
    /// Every so often, counted from 1970-01-01T00:00:00Z.
    Every(Duration),
}

/// A window that opens whenever a cron expression is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blackout {
    pub opens: String,
    pub length: Duration,
}

/// What is done about slots that were missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatchUp {
    /// They are skipped.
    None,
    /// The latest of them is started, the others are skipped.
    Latest,
    /// The latest so many are started, the others are skipped.
    All(u16),
}

/// A schedule as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    pub spec: Arc<ScheduleSpec>,
    /// Revision of the event that the spec is from. So a schedule that was deleted and made anew has another one, too.
    pub generation: Revision,
    pub enabled: bool,
    /// Revision of the event that made, changed, enabled or disabled it last. Settlements leave it as it is.
    pub changed: Revision,
    /// The cursor: it is decided what becomes of all slots up to and with this instant.
    pub settled: Timestamp,
    /// The newest slot that a run was started for.
    pub last_fired: Option<FiredSlot>,
    /// The newest slots that were skipped.
    pub last_skipped: Option<SkippedSlots>,
    /// Number of the newest backfill; 0 before the first.
    pub last_backfill: u64,
    /// Those that go on, and the newest that have ended, by number.
    pub backfills: BTreeMap<u64, Backfill>,
    pub created_at: Timestamp,
    /// When somebody changed, enabled or disabled it.
    pub updated_at: Timestamp,
}

/// The slot that a run was started for, as the run knows it. The schedule is one of the run's pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleSlot {
    pub schedule: ScheduleName,
    pub slot: Timestamp,
    /// Number of the schedule's backfill that it was started by. None: by the schedule, in time or to catch up.
    pub backfill: Option<u64>,
}

/// A slot that a run was started for, as the schedule knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FiredSlot {
    pub slot: Timestamp,
    /// Number of the run of the schedule's pipeline.
    pub run: u64,
}

/// All slots from an instant to another, both included, that no run is started for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedSlots {
    pub first: Timestamp,
    pub last: Timestamp,
    pub reason: SkipReason,
}

/// Why slots are skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// Nobody was there at the time, and the schedule does not catch up with them.
    Missed,
    /// They lie in a blackout window.
    Blackout,
    /// The schedule was disabled. Whether the range has slots at all was not looked at.
    Paused,
    /// The schedule got another timing before they were settled. Whether the range has slots at all was not looked at.
    Changed,
    /// No run could be started for this one.
    Refused { reason: Reason, message: String },
}

/// What is to become of the slots in an interval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// Generation of the schedule that the slots were computed for.
    pub generation: Revision,
    /// The cursor that they were computed from; itself not included.
    pub from: Timestamp,
    /// The cursor that follows.
    pub to: Timestamp,
    /// Slots to start runs for, in order.
    pub fire: Vec<Timestamp>,
    /// Slots that were missed or blacked out, in order. No two ranges meet, and nothing in them is started.
    pub skipped: Vec<SkippedSlots>,
}

/// All schedules. A pipeline without any has no entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedules {
    pipelines: BTreeMap<PipelineKey, BTreeMap<ScheduleName, Schedule>>,
    /// In the order in which they were changed, by the revision of that: whoever knows all that were changed up to one finds
    /// the others here.
    changes: BTreeMap<Revision, ScheduleKey>,
    /// Backfills with room for further runs.
    open: BTreeSet<(ScheduleKey, u64)>,
}

impl Schedules {
    /// Number of schedules.
    #[must_use]
    pub fn count(&self) -> usize {
        self.changes.len()
    }

    /// Those that were made, changed, enabled or disabled after a revision, by the revision of that.
    pub fn changed_after(&self, revision: Revision) -> impl Iterator<Item = (Revision, &ScheduleKey, &Schedule)> {
        let later = self.changes.range((Bound::Excluded(revision), Bound::Unbounded));
        later.filter_map(|(changed, key)| Some((*changed, key, self.get(key)?)))
    }

    /// A schedule.
    #[must_use]
    pub fn get(&self, key: &ScheduleKey) -> Option<&Schedule> {
        self.pipelines.get(&key.pipeline)?.get(&key.name)
    }

    /// The schedules of a pipeline, by name.
    pub fn of(&self, pipeline: &PipelineKey) -> impl ExactSizeIterator<Item = (&ScheduleName, &Schedule)> {
        const NONE: &BTreeMap<ScheduleName, Schedule> = &BTreeMap::new();
        self.pipelines.get(pipeline).unwrap_or(NONE).iter()
    }

    /// All schedules, by pipeline and name.
    pub fn iter(&self) -> impl Iterator<Item = (&PipelineKey, &ScheduleName, &Schedule)> {
        let all = self.pipelines.iter();
        all.flat_map(|(pipeline, schedules)| schedules.iter().map(move |(name, schedule)| (pipeline, name, schedule)))
    }

    /// Those that follow a pipeline's schedule of a name in the order of [`iter`](Self::iter), or, without a name, the
    /// pipeline's first and all that follow. Neither need be there.
    pub fn following<'a>(
        &'a self,
        pipeline: &PipelineKey,
        name: Option<&ScheduleName>,
    ) -> impl Iterator<Item = (&'a PipelineKey, &'a ScheduleName, &'a Schedule)> {
        let after = name.map_or(Bound::Unbounded, Bound::Excluded);
        let own = self.pipelines.get_key_value(pipeline).into_iter();
        let own = own.map(move |(pipeline, schedules)| {
            (pipeline, schedules.range::<ScheduleName, _>((after, Bound::Unbounded)))
        });
        let later = self.pipelines.range::<PipelineKey, _>((Bound::Excluded(pipeline), Bound::Unbounded));
        let later = later.map(|(pipeline, schedules)| (pipeline, schedules.range::<ScheduleName, _>(..)));
        let all = own.chain(later);
        all.flat_map(|(pipeline, schedules)| schedules.map(move |(name, schedule)| (pipeline, name, schedule)))
    }

    /// Adds a schedule, or replaces it.
    pub fn insert(&mut self, key: ScheduleKey, schedule: Schedule) {
        self.remove(&key);
        self.changes.insert(schedule.changed, key.clone());
        let open = schedule.backfills.iter().filter(|(_, backfill)| backfill.room() > 0);
        self.open.extend(open.map(|(number, _)| (key.clone(), *number)));
        self.pipelines.entry(key.pipeline).or_default().insert(key.name, schedule);
    }

    /// Backfills with room for further runs, by schedule and number.
    pub fn open_backfills(&self) -> impl Iterator<Item = (&ScheduleKey, u64, &Schedule, &Backfill)> {
        self.open.iter().filter_map(|(key, number)| {
            let schedule = self.get(key)?;
            Some((key, *number, schedule, schedule.backfills.get(number)?))
        })
    }

    /// Adds a backfill, and forgets the oldest of those that have ended long ago.
    pub(crate) fn start_backfill(&mut self, key: &ScheduleKey, number: u64, backfill: Backfill) {
        let Some(schedule) = self.get_mut(key) else { return };
        schedule.last_backfill = schedule.last_backfill.max(number);
        schedule.backfills.insert(number, backfill);
        let has_ended = |backfill: &Backfill| backfill.status != BackfillStatus::Running && backfill.live.is_empty();
        let ended = schedule.backfills.iter().filter(|(_, backfill)| has_ended(backfill)).map(|(number, _)| *number);
        let ended: Vec<u64> = ended.collect();
        for old in &ended[..ended.len().saturating_sub(BACKFILLS_REMEMBERED)] {
            schedule.backfills.remove(old);
        }
        self.change_backfill(key, number, |_| {});
    }

    /// Changes a backfill, if it is there.
    pub(crate) fn change_backfill(&mut self, key: &ScheduleKey, number: u64, change: impl FnOnce(&mut Backfill)) {
        let Some(backfill) = self.get_mut(key).and_then(|schedule| schedule.backfills.get_mut(&number)) else { return };
        change(backfill);
        let has_room = backfill.room() > 0;
        let entry = (key.clone(), number);
        if has_room {
            self.open.insert(entry);
        } else {
            self.open.remove(&entry);
        }
    }

    pub(crate) fn get_mut(&mut self, key: &ScheduleKey) -> Option<&mut Schedule> {
        self.pipelines.get_mut(&key.pipeline)?.get_mut(&key.name)
    }

    /// As [`get_mut`](Self::get_mut), of one that is changed by the event of `revision`.
    pub(crate) fn change(&mut self, key: &ScheduleKey, revision: Revision) -> Option<&mut Schedule> {
        let schedule = self.pipelines.get_mut(&key.pipeline)?.get_mut(&key.name)?;
        self.changes.remove(&schedule.changed);
        self.changes.insert(revision, key.clone());
        schedule.changed = revision;
        Some(schedule)
    }

    pub(crate) fn remove(&mut self, key: &ScheduleKey) {
        let Some(schedules) = self.pipelines.get_mut(&key.pipeline) else { return };
        if let Some(removed) = schedules.remove(&key.name) {
            self.changes.remove(&removed.changed);
            for number in removed.backfills.keys() {
                self.open.remove(&(key.clone(), *number));
            }
        }
        if schedules.is_empty() {
            self.pipelines.remove(&key.pipeline);
        }
    }
}
