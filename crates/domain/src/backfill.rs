//! Backfills: slots of a schedule in a range of the past, for each of which a run is started, whatever became of it before.
//!
//! A backfill lies beside its schedule and goes through the slots in one order, as many runs at a time as it allows. Which
//! instants are slots the leader computes; the state knows up to which one it was decided, and which runs go on. So each slot
//! is decided once, whoever leads.

use std::collections::BTreeSet;

use crate::schedule::SkippedSlots;
use crate::time::Timestamp;

/// What a backfill is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackfillSpec {
    /// The first instant that may be a slot of it.
    pub from: Timestamp,
    /// The first instant after it.
    pub to: Timestamp,
    /// Most of its runs at a time, those that wait in line included.
    pub parallelism: u32,
    pub order: BackfillOrder,
    /// How many slots there are.
    pub slots: u32,
}

/// In which order slots get their runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackfillOrder {
    OldestFirst,
    NewestFirst,
}

impl BackfillSpec {
    /// Whether a slot is one that may come after another, or first.
    #[must_use]
    pub fn admits(&self, after: Option<Timestamp>, slot: Timestamp) -> bool {
        let is_next = after.is_none_or(|after| match self.order {
            BackfillOrder::OldestFirst => after < slot,
            BackfillOrder::NewestFirst => slot < after,
        });
        is_next && self.from <= slot && slot < self.to
    }
}

/// A backfill as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backfill {
    pub spec: BackfillSpec,
    /// The newest slot that was decided, in its order. None: none was.
    pub cursor: Option<Timestamp>,
    /// Whether all slots are decided.
    pub is_decided: bool,
    /// Its runs that go on.
    pub live: BTreeSet<u64>,
    pub counts: BackfillCounts,
    /// The newest slot that no run could be started for.
    pub last_refused: Option<SkippedSlots>,
    pub status: BackfillStatus,
    pub started_by: String,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// What its slots came to, without those whose runs go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackfillCounts {
    pub succeeded: u32,
    pub failed: u32,
    pub cancelled: u32,
    /// No run could be started.
    pub refused: u32,
}

/// Whether a backfill goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackfillStatus {
    Running,
    /// All slots are decided, and all runs have ended.
    Done,
    /// No slot is decided any more. Runs that were started go on, and count.
    Cancelled {
        message: String,
    },
}

/// How a run of a backfill ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackfillEnd {
    Succeeded,
    Failed,
    Cancelled,
}

impl Backfill {
    /// One that begins.
    #[must_use]
    pub fn new(spec: BackfillSpec, started_by: String, started_at: Timestamp) -> Self {
        Self {
            spec,
            cursor: None,
            is_decided: false,
            live: BTreeSet::new(),
            counts: BackfillCounts::default(),
            last_refused: None,
            status: BackfillStatus::Running,
            started_by,
            started_at,
            ended_at: None,
        }
    }

    /// How many runs may be started now.
    #[must_use]
    pub fn room(&self) -> usize {
        let most = usize::try_from(self.spec.parallelism).unwrap_or(usize::MAX);
        let is_open = self.status == BackfillStatus::Running && !self.is_decided;
        if is_open { most.saturating_sub(self.live.len()) } else { 0 }
    }

    /// Ends it if nothing is left to do.
    pub(crate) fn conclude(&mut self, time: Timestamp) {
        if self.status == BackfillStatus::Running && self.is_decided && self.live.is_empty() {
            self.status = BackfillStatus::Done;
            self.ended_at = Some(time);
        }
    }

    pub(crate) fn count(&mut self, end: BackfillEnd) {
        let count = match end {
            BackfillEnd::Succeeded => &mut self.counts.succeeded,
            BackfillEnd::Failed => &mut self.counts.failed,
            BackfillEnd::Cancelled => &mut self.counts.cancelled,
        };
        *count = count.saturating_add(1);
    }
}
