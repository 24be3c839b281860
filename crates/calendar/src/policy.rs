//! How a schedule's slots are kept.

use std::time::Duration;

use gofer_domain::schedule::CatchUp;
use gofer_domain::{ScheduleKey, ScheduleSpec};

use crate::{Jitter, UnixMs};

/// What is done about slots, besides when they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub catch_up: CatchUp,
    /// How late something may be started before its slot counts as missed.
    pub grace_ms: u64,
    pub jitter: Jitter,
}

impl Policy {
    /// What a schedule says.
    #[must_use]
    pub fn of(key: &ScheduleKey, spec: &ScheduleSpec) -> Self {
        let jitter = Jitter { name: key.to_string(), most_ms: millis(spec.jitter) };
        Self { catch_up: spec.catch_up, grace_ms: millis(spec.grace), jitter }
    }

    /// When a slot's run is started, if none before it waits longer.
    #[must_use]
    pub fn start(&self, slot: UnixMs) -> UnixMs {
        slot.saturating_add(self.jitter.at(slot))
    }

    /// The last instant at which a slot is not missed. It is not counted from the slot's own start: one before it, whose
    /// share of the jitter is greater, may have kept it waiting.
    #[must_use]
    pub fn missed_after(&self, slot: UnixMs) -> UnixMs {
        slot.saturating_add(self.jitter.most_ms).saturating_add(self.grace_ms)
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
