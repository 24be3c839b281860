//! Which schedules are due, and what is to become of their slots.
//!
//! The state has what schedules say and how far each is settled; when the next slot of each is due, only this knows. It is
//! computed when a schedule is made or changed, and after each settlement, so one that is idle costs nothing but memory.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gofer_calendar::{Next, Pass, Policy, UnixMs, pass};
use gofer_domain::limits::SETTLED_FIRES_MAX;
use gofer_domain::{
    Command, Revision, Schedule, ScheduleKey, ScheduleSpec, Settlement, SkipReason, SkippedSlots, State, Timestamp,
};
use tracing::warn;

/// Most schedules that are learned at once: their slots are computed in between of other work.
const NEWS_MAX: usize = 200;

/// The schedules of a term of leadership.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    /// All changes up to this one are known.
    known: Revision,
    /// Schedules whose settlement was proposed: whatever came of it, the state tells.
    open: BTreeSet<ScheduleKey>,
    kept: BTreeMap<ScheduleKey, Kept>,
    due: BTreeSet<(UnixMs, ScheduleKey)>,
}

/// A schedule that will be due.
#[derive(Debug)]
struct Kept {
    spec: Arc<ScheduleSpec>,
    generation: Revision,
    settled: UnixMs,
    due: UnixMs,
}

/// What the state has to tell of schedules.
#[derive(Debug)]
pub(crate) struct News {
    /// Schedules as they stand; None for those that are gone.
    schedules: Vec<(ScheduleKey, Option<Schedule>)>,
    /// All changes up to this one are told.
    known: Revision,
    /// Whether there are more.
    pub(crate) are_cut: bool,
}

impl Slots {
    /// What is not known yet. Cheap, as it is asked for under the lock of the state.
    pub(crate) fn news(&self, state: &State) -> News {
        let open = self.open.iter().map(|key| (key.clone(), state.schedules.get(key).cloned()));
        let mut news = News { schedules: open.collect(), known: self.known, are_cut: false };
        for (revision, key, schedule) in state.schedules.changed_after(self.known) {
            if news.schedules.len() >= NEWS_MAX {
                news.are_cut = true;
                break;
            }
            news.schedules.push((key.clone(), Some(schedule.clone())));
            news.known = revision;
        }
        news
    }

    /// Takes in what the state has told.
    pub(crate) fn learn(&mut self, news: News) {
        self.known = news.known;
        for (key, schedule) in news.schedules {
            self.open.remove(&key);
            self.forget(&key);
            if let Some(schedule) = schedule.filter(|schedule| schedule.enabled) {
                self.keep(key, &schedule);
            }
        }
    }

    fn forget(&mut self, key: &ScheduleKey) {
        if let Some(kept) = self.kept.remove(key) {
            self.due.remove(&(kept.due, key.clone()));
        }
    }

    fn keep(&mut self, key: ScheduleKey, schedule: &Schedule) {
        let calendar = match gofer_calendar::Schedule::of(&schedule.spec.timing) {
            Ok(calendar) => calendar,
            Err((field, fault)) => {
                // It was read when it was made, by another release then.
                return warn!(schedule = %key, %field, %fault, "the schedule starts nothing, since it can't be read");
            }
        };
        let settled = schedule.settled.0;
        let due = match calendar.first_after(settled) {
            Next::Slot(slot) => Policy::of(&key, &schedule.spec).start(slot),
            Next::NoneUntil(time) => time,
            Next::Never => return,
        };
        self.due.insert((due, key.clone()));
        let spec = Arc::clone(&schedule.spec);
        self.kept.insert(key, Kept { spec, generation: schedule.generation, settled, due });
    }

    /// When the next one is due.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.due.first().map(|(due, _)| Timestamp(*due))
    }

    /// Settles what is due, by so many commands at most that start not many more runs than that. Each is about to be
    /// proposed.
    pub(crate) fn settle(&mut self, now: Timestamp, most: usize) -> Vec<Command> {
        let mut commands = Vec::new();
        let mut runs = 0;
        while commands.len() < most
            && runs < most
            && let Some((due, _)) = self.due.first()
            && *due <= now.0
            && let Some((_, key)) = self.due.pop_first()
        {
            // It is due again once its settlement is known.
            let Some(kept) = self.kept.remove(&key) else { continue };
            if let Some(settlement) = settlement(&key, &kept, now.0) {
                runs += settlement.fire.len();
                commands.push(Command::SettleSlots { schedule: key.clone(), settlement: Box::new(settlement) });
            }
            self.open.insert(key);
        }
        commands
    }
}

/// What becomes of the slots of a schedule up to now; None if there are none.
fn settlement(key: &ScheduleKey, kept: &Kept, now: UnixMs) -> Option<Settlement> {
    let calendar = gofer_calendar::Schedule::of(&kept.spec.timing).ok()?;
    let policy = Policy::of(key, &kept.spec);
    let from = kept.settled;
    #[cfg(feature = "planted")]
    let from = match gofer_store::planted::is(gofer_store::planted::Bug::SlotsLeftOut) {
        true => from.max(now.saturating_sub(1000)),
        false => from,
    };
    let Pass { fire, skipped, settled, .. } = pass(&calendar, &policy, from, now).cut(SETTLED_FIRES_MAX);
    if fire.is_empty() && skipped.is_empty() {
        return None;
    }
    let range = |range: gofer_calendar::Skipped| SkippedSlots {
        first: Timestamp(range.first),
        last: Timestamp(range.last),
        reason: match range.reason {
            gofer_calendar::SkipReason::Missed => SkipReason::Missed,
            gofer_calendar::SkipReason::Blackout => SkipReason::Blackout,
        },
    };
    Some(Settlement {
        generation: kept.generation,
        from: Timestamp(kept.settled),
        to: Timestamp(settled),
        fire: fire.into_iter().map(Timestamp).collect(),
        skipped: skipped.into_iter().map(range).collect(),
    })
}
