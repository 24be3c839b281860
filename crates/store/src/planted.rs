//! Bugs that are there on purpose, to see whether the simulation finds them.
//!
//! Nothing of this is compiled without the feature `planted`, which only the package `gofer-sim` can switch on, and
//! with which the program `gofer` does not compile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{OnceLock, PoisonError, RwLock};

use gofer_domain::{Command, State, Timestamp};

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
    /// Slots of schedules are settled from wherever the leader took them to be settled.
    SlotsAnywhere,
    /// A leader settles all slots up to now, and looks at the newest only.
    SlotsLeftOut,
}

impl Bug {
    /// All there are.
    pub const ALL: [Self; 11] = [
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
        }
    }
}

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

/// Lets a settlement of slots start from where the schedule's cursor is, if that bug is planted.
pub(crate) fn settle_anywhere(state: &RwLock<State>, command: &mut Command) {
    if let Command::SettleSlots { schedule, settlement } = command
        && is(Bug::SlotsAnywhere)
        && let Some(known) = state.read().unwrap_or_else(PoisonError::into_inner).schedules.get(schedule)
    {
        settlement.from = known.settled.min(Timestamp(settlement.to.0.saturating_sub(1)));
    }
}
