//! Claim: of the time in which a schedule is enabled, every slot is either started, by one run, or told to be skipped, and
//! for a reason; and once everything works again, slots are settled in time. Source: settlements go on from where the one
//! before came to. Check: slots are told by arithmetic, and compared with what is recorded.

use std::collections::BTreeMap;

use gofer_domain::schedule::{Rule, Timing};
use gofer_domain::{
    Event, FiredSlot, Revision, RunKey, ScheduleKey, ScheduleSlot, ScheduleSpec, SkipReason, SkippedSlots, Timestamp,
};

use super::{End, Invariant};
use crate::history::Fact;

/// How long after everything was healed the slots are settled in time again, and what is in time, in milliseconds.
const RECOVERY_MS: u64 = 15_000;
const IN_TIME_MS: u64 = 10_000;

struct Known {
    spec: ScheduleSpec,
    generation: Revision,
    enabled: bool,
    settled: u64,
}

#[derive(Default)]
pub(super) struct Slots {
    schedules: BTreeMap<ScheduleKey, Known>,
    /// Runs that a settlement has told of.
    told: BTreeMap<RunKey, (ScheduleKey, Timestamp)>,
    healed_at: Option<u64>,
}

impl Slots {
    fn recorded(&mut self, at: u64, revision: u64, time: u64, event: &Event) -> Result<(), String> {
        match event {
            Event::ScheduleCreated { schedule, spec, enabled } => {
                let (spec, generation, enabled) = ((**spec).clone(), Revision(revision), *enabled);
                self.schedules.insert(schedule.clone(), Known { spec, generation, enabled, settled: time });
            }
            Event::ScheduleUpdated { schedule, spec, skipped } => {
                let known = self.known(schedule)?;
                if known.enabled && known.spec.timing != spec.timing {
                    known.settled = whole(known, skipped.as_ref(), time, &SkipReason::Changed)?;
                }
                (known.spec, known.generation) = ((**spec).clone(), Revision(revision));
            }
            Event::ScheduleDeleted { schedule } => {
                self.schedules.remove(schedule);
            }
            Event::ScheduleEnabled { schedule, skipped } => {
                let known = self.known(schedule)?;
                known.settled = whole(known, skipped.as_ref(), time, &SkipReason::Paused)?;
                known.enabled = true;
            }
            Event::ScheduleDisabled { schedule } => {
                let healed = self.healed_at.is_some_and(|healed| at >= healed + RECOVERY_MS);
                let known = self.known(schedule)?;
                known.enabled = false;
                if healed && time > known.settled + known.latest() {
                    return Err(format!("it is {time}, and {schedule} is settled up to {} only", known.settled));
                }
            }
            Event::SlotsSettled { schedule, generation, from, to, fired, skipped } => {
                let known = self.known(schedule)?;
                if !known.enabled || known.generation != *generation || known.settled != from.0 || to.0 > time {
                    let Known { enabled, generation, settled, .. } = known;
                    return Err(format!("at {time} from {settled} ({generation}, enabled: {enabled}): {event:?}"));
                }
                known.settled = to.0;
                judge(&known.spec, (from.0, to.0), time, fired, skipped)?;
                for FiredSlot { slot, run } in fired {
                    let run = RunKey { pipeline: schedule.pipeline.clone(), run: *run };
                    self.told.insert(run, (schedule.clone(), *slot));
                }
            }
            Event::RunCreated { run, schedule, .. } => {
                let slot = |ScheduleSlot { schedule, slot, backfill: _ }: &ScheduleSlot| {
                    (ScheduleKey { pipeline: run.pipeline.clone(), name: schedule.clone() }, *slot)
                };
                // What backfills start is judged elsewhere.
                let own = schedule.as_ref().filter(|slot| slot.backfill.is_none());
                let (expected, found) = (self.told.remove(run), own.map(slot));
                if expected != found {
                    return Err(format!("run {run} is for {found:?}, expected was {expected:?}"));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn known(&mut self, schedule: &ScheduleKey) -> Result<&mut Known, String> {
        self.schedules.get_mut(schedule).ok_or_else(|| format!("there is no schedule {schedule}"))
    }
}

impl Known {
    /// How far the cursor may be behind while all goes well.
    fn latest(&self) -> u64 {
        let blackouts: u64 = self.spec.timing.blackouts.iter().map(|blackout| millis(blackout.length)).sum();
        interval(&self.spec.timing) + millis(self.spec.jitter) + blackouts + IN_TIME_MS
    }
}

/// All that was open is skipped for one reason; returns up to when.
fn whole(known: &Known, skipped: Option<&SkippedSlots>, time: u64, reason: &SkipReason) -> Result<u64, String> {
    match skipped {
        None if known.settled >= time => Ok(known.settled),
        Some(range) if range.first.0 == known.settled + 1 && range.last.0 == time && range.reason == *reason => {
            Ok(time)
        }
        other => Err(format!("at {time} all from {} is to be skipped, and it is {other:?}", known.settled)),
    }
}

/// Every slot in the interval is in its place.
fn judge(
    spec: &ScheduleSpec,
    (from, to): (u64, u64),
    time: u64,
    fired: &[FiredSlot],
    skipped: &[SkippedSlots],
) -> Result<(), String> {
    let interval = interval(&spec.timing);
    let mut left: Vec<u64> = fired.iter().map(|fired| fired.slot.0).collect();
    for slot in (from / interval + 1..=to / interval).map(|number| number * interval) {
        let runs = left.iter().filter(|fired| **fired == slot).count();
        left.retain(|fired| *fired != slot);
        let reason = skipped.iter().find(|range| (range.first.0..=range.last.0).contains(&slot));
        let reason = reason.map(|range| &range.reason);
        let is_missed = time > slot + millis(spec.grace) + millis(spec.jitter);
        let fits = match (runs, reason) {
            (1, None) => !is_blacked_out(&spec.timing, slot),
            (0, Some(SkipReason::Blackout)) => is_blacked_out(&spec.timing, slot),
            (0, Some(SkipReason::Missed)) => is_missed && !is_blacked_out(&spec.timing, slot),
            (0, Some(SkipReason::Refused { .. })) => !is_blacked_out(&spec.timing, slot),
            _ => false,
        };
        if !fits {
            return Err(format!("slot {slot} has {runs} runs, and is skipped for {reason:?}, at {time} of {spec:?}"));
        }
    }
    match left.first() {
        Some(slot) => Err(format!("{slot} is no slot after {from} up to {to} of {spec:?}")),
        None => Ok(()),
    }
}

/// Slots are at multiples of this.
fn interval(timing: &Timing) -> u64 {
    match &timing.rule {
        Rule::Every(every) => millis(*every),
        Rule::Cron(text) => {
            let seconds = text.strip_prefix("*/").and_then(|rest| rest.split_once(' '));
            seconds.and_then(|(seconds, _)| seconds.parse::<u64>().ok()).unwrap_or(1) * 1000
        }
    }
}

/// Windows open with each minute.
fn is_blacked_out(timing: &Timing, slot: u64) -> bool {
    timing.blackouts.iter().any(|blackout| slot % 60_000 < millis(blackout.length))
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Invariant for Slots {
    fn name(&self) -> &'static str {
        "slots-once"
    }

    fn see(&mut self, at: u64, fact: &Fact) -> Result<(), String> {
        match fact {
            Fact::Healed => self.healed_at = Some(at),
            Fact::Recorded { revision, time, event, .. } => self.recorded(at, *revision, time.0, event)?,
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, _end: &End) -> Result<(), String> {
        match self.told.first_key_value() {
            Some((run, (schedule, slot))) => Err(format!("run {run} for slot {slot} of {schedule} was never created")),
            None => Ok(()),
        }
    }
}
