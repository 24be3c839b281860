//! Bugs that are there on purpose, to see whether the simulation finds them.
//!
//! Nothing of this is compiled without the feature `planted`, which only the package `gofer-sim` can switch on, and
//! with which the program `gofer` does not compile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{OnceLock, PoisonError, RwLock};

use gofer_domain::{Command, Schedule, State};

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A log entry counts before it is on the disk.
    AckBeforeFlush,
    /// A vote counts before it is on the disk.
    VoteNotDurable,
    /// A request that was answered is decided again.
    DedupSkipped,
    /// A read index is given out without asking a majority.
    StaleRead,
    /// A silent node is taken for lost long before its lease has ended.
    LostTooEarly,
    /// A node believes that its lease lasts much longer than was granted.
    LeaseTooLong,
    /// Followers forget to fold the end of a task into their state.
    FoldSkipped,
    /// An installed snapshot does not bring its recorded answers.
    SnapshotWithoutAnswers,
    /// An event gets the time that its leader stamped, though an earlier one has a later time.
    OlderTime,
    /// Slots of schedules are settled by any node, from wherever it took them to be settled.
    SlotsAnywhere,
    /// A leader settles all slots up to now, and looks at the newest only.
    SlotsLeftOut,
    /// Subscriptions forget the keys of all but their newest few events.
    KeysForgotten,
    /// A cursor of a trigger moves from wherever it is.
    CursorsAnywhere,
    /// A new leader follows the log from where it ends, not from where it was followed to.
    EventsOverlooked,
    /// The first slot of a backfill is left out.
    BackfillsLeftOut,
}

impl Bug {
    /// All there are.
    pub const ALL: [Self; 15] = [
        Self::AckBeforeFlush,
        Self::VoteNotDurable,
        Self::DedupSkipped,
        Self::StaleRead,
        Self::LostTooEarly,
        Self::LeaseTooLong,
        Self::FoldSkipped,
        Self::SnapshotWithoutAnswers,
        Self::OlderTime,
        Self::SlotsAnywhere,
        Self::SlotsLeftOut,
        Self::KeysForgotten,
        Self::CursorsAnywhere,
        Self::EventsOverlooked,
        Self::BackfillsLeftOut,
    ];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AckBeforeFlush => "ack-before-flush",
            Self::VoteNotDurable => "vote-not-durable",
            Self::DedupSkipped => "dedup-skipped",
            Self::StaleRead => "stale-read",
            Self::LostTooEarly => "lost-too-early",
            Self::LeaseTooLong => "lease-too-long",
            Self::FoldSkipped => "fold-skipped",
            Self::SnapshotWithoutAnswers => "snapshot-without-answers",
            Self::OlderTime => "older-time",
            Self::SlotsAnywhere => "slots-anywhere",
            Self::SlotsLeftOut => "slots-left-out",
            Self::KeysForgotten => "keys-forgotten",
            Self::CursorsAnywhere => "cursors-anywhere",
            Self::EventsOverlooked => "events-overlooked",
            Self::BackfillsLeftOut => "backfills-left-out",
        }
    }
}

/// How many keys are remembered where most are forgotten.
const KEYS_REMEMBERED: u64 = 3;

static PLANTED: OnceLock<Bug> = OnceLock::new();
static FOLLOWS: AtomicBool = AtomicBool::new(false);

/// Plants one bug in this process, for good.
pub fn plant(bug: Bug) {
    PLANTED.get_or_init(|| bug);
}

/// Whether this bug is planted.
#[must_use]
pub fn is(bug: Bug) -> bool {
    PLANTED.get() == Some(&bug)
}

/// Says whether what is applied next is applied on a follower.
pub fn follow(follows: bool) {
    FOLLOWS.store(follows, Ordering::Relaxed);
}

/// Whether this bug is planted, and what is applied is applied on a follower.
#[must_use]
pub fn on_follower(bug: Bug) -> bool {
    is(bug) && FOLLOWS.load(Ordering::Relaxed)
}

/// Lets a settlement of slots, or an intake of events, go on from wherever it likes, or leaves out a slot, if that bug is
/// planted.
pub(crate) fn spoil(state: &RwLock<State>, command: &mut Command) {
    let mut state = state.write().unwrap_or_else(PoisonError::into_inner);
    if let Command::SettleSlots { schedule, settlement } = command
        && is(Bug::SlotsAnywhere)
        && let Some(known) = state.schedules.get(schedule)
    {
        let known = Schedule { settled: settlement.from, ..known.clone() };
        state.schedules.insert(schedule.clone(), known);
    } else if let Command::TakeEvents { subscription, intake } = command
        && is(Bug::CursorsAnywhere)
        && let (Some(known), Some(cursor)) = (state.subscriptions.get(subscription), &mut intake.cursor)
    {
        cursor.from.clone_from(&known.cursor);
    } else if let Command::AdvanceBackfill { cursor: None, fire, .. } = command
        && is(Bug::BackfillsLeftOut)
        && fire.len() > 1
    {
        fire.remove(0);
    }
}

/// Number of the event whose key is forgotten when the one of this number is taken, if that bug is planted.
pub(crate) fn forgotten(number: u64) -> Option<u64> {
    number.checked_sub(KEYS_REMEMBERED).filter(|number| is(Bug::KeysForgotten) && *number > 0)
}
