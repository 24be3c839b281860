//! Claim: a backfill starts one run for each slot of its range, or says why none, in its order and never more at a time than it
//! may; and it comes to its end unless somebody ends it. Source: its cursor moves in the decision that starts the runs, and its
//! live runs are counted there. Check: slots are told by arithmetic, and runs followed through the recorded events.

use std::collections::{BTreeMap, BTreeSet};

use gofer_domain::schedule::{Rule, Timing};
use gofer_domain::{
    BackfillEnd, BackfillOrder, BackfillSpec, BackfillStatus, Event, RunKey, RunStatus, ScheduleKey, ScheduleSlot,
    Timestamp,
};

use super::{End, Invariant};
use crate::history::Fact;

/// A schedule, by the revision that made it.
type Made = (ScheduleKey, u64);

#[derive(Default)]
pub(super) struct Backfills {
    schedules: BTreeMap<ScheduleKey, (u64, Timing)>,
    all: BTreeMap<(Made, u64), Going>,
    /// Runs that must be created.
    told: BTreeMap<RunKey, (ScheduleSlot, Made)>,
    /// Those that are live.
    live: BTreeMap<RunKey, (ScheduleSlot, Made)>,
    /// Ends that the command of this revision must tell of.
    ended: BTreeMap<(ScheduleKey, u64, u64), BackfillEnd>,
    command: u64,
}

struct Going {
    spec: BackfillSpec,
    /// Those that come, the next one first.
    left: Vec<u64>,
    live: BTreeSet<u64>,
    is_cancelled: bool,
}

impl Backfills {
    fn recorded(&mut self, revision: u64, cause: u64, event: &Event) -> Result<(), String> {
        if cause != self.command {
            self.command = cause;
            self.complete()?;
        }
        match event {
            Event::ScheduleCreated { schedule, spec, .. } => {
                self.schedules.insert(schedule.clone(), (revision, spec.timing.clone()));
            }
            Event::ScheduleUpdated { schedule, spec, .. } => {
                let made = self.made(schedule)?;
                let is_changed = *self.timing(schedule)? != spec.timing;
                if is_changed && self.all.range(of(&made)).any(|(_, going)| going.goes_on()) {
                    return Err(format!("{schedule} has another timing, and a backfill that goes on"));
                }
                self.schedules.insert(schedule.clone(), (made.1, spec.timing.clone()));
            }
            Event::ScheduleDeleted { schedule } => drop(self.schedules.remove(schedule)),
            Event::BackfillStarted { schedule, backfill, spec, .. } => {
                let made = self.made(schedule)?;
                let left = slots(spec, self.timing(schedule)?);
                let going = Going { spec: *spec, left, live: BTreeSet::new(), is_cancelled: false };
                self.all.insert((made, *backfill), going);
            }
            Event::BackfillCancelled { schedule, backfill, .. } => {
                self.going(schedule, *backfill)?.is_cancelled = true;
            }
            Event::BackfillAdvanced { .. } => self.advanced(event)?,
            Event::BackfillRunEnded { schedule, backfill, run, end } => {
                let expected = self.ended.remove(&(schedule.clone(), *backfill, *run));
                if expected.as_ref() != Some(end) {
                    return Err(format!("run {run} of backfill {backfill} of {schedule} has ended: {expected:?}"));
                }
            }
            Event::RunCreated { run, schedule, .. } => self.created(run, schedule.as_ref())?,
            Event::RunFinished { run, status, .. } => self.finished(run, status),
            _ => {}
        }
        Ok(())
    }

    /// A command has told of all ends that it brought about.
    fn complete(&self) -> Result<(), String> {
        match self.ended.first_key_value() {
            Some(((schedule, backfill, run), end)) => {
                Err(format!("run {run} of backfill {backfill} of {schedule} has ended ({end:?}), and it is not told"))
            }
            None => Ok(()),
        }
    }

    fn made(&self, key: &ScheduleKey) -> Result<Made, String> {
        let (made, _) = self.schedules.get(key).ok_or_else(|| format!("there is no schedule {key}"))?;
        Ok((key.clone(), *made))
    }

    fn timing(&self, key: &ScheduleKey) -> Result<&Timing, String> {
        self.schedules.get(key).map(|(_, timing)| timing).ok_or_else(|| format!("there is no schedule {key}"))
    }

    fn going(&mut self, key: &ScheduleKey, backfill: u64) -> Result<&mut Going, String> {
        let id = (self.made(key)?, backfill);
        self.all.get_mut(&id).ok_or_else(|| format!("{key} has no backfill {backfill}"))
    }

    fn advanced(&mut self, event: &Event) -> Result<(), String> {
        let Event::BackfillAdvanced { schedule, backfill, fired, refused, is_last, .. } = event else { return Ok(()) };
        let made = self.made(schedule)?;
        let going = self.going(schedule, *backfill)?;
        let mut decided: Vec<u64> = fired.iter().map(|fired| fired.slot.0).collect();
        decided.extend(refused.iter().map(|range| range.first.0));
        going.order(&mut decided);
        let left = going.left.split_off(decided.len().min(going.left.len()));
        let next = std::mem::replace(&mut going.left, left);
        if going.is_cancelled || next != decided || *is_last != going.left.is_empty() {
            return Err(format!("after {next:?} there are {:?}, and it is {event:?}", going.left));
        }
        going.live.extend(fired.iter().map(|fired| fired.run));
        if going.live.len() as u64 > u64::from(going.spec.parallelism) {
            return Err(format!("{} runs of a backfill go on with {event:?}", going.live.len()));
        }
        for fired in fired {
            let run = RunKey { pipeline: schedule.pipeline.clone(), run: fired.run };
            let slot = ScheduleSlot { schedule: schedule.name.clone(), slot: fired.slot, backfill: Some(*backfill) };
            self.told.insert(run, (slot, made.clone()));
        }
        Ok(())
    }

    fn created(&mut self, run: &RunKey, slot: Option<&ScheduleSlot>) -> Result<(), String> {
        let expected = self.told.remove(run);
        let found = slot.filter(|slot| slot.backfill.is_some());
        if expected.as_ref().map(|(slot, _)| slot) != found {
            return Err(format!("run {run} is for {found:?}, expected was {expected:?}"));
        }
        self.live.extend(expected.map(|expected| (run.clone(), expected)));
        Ok(())
    }

    fn finished(&mut self, run: &RunKey, status: &RunStatus) {
        let Some((slot, made)) = self.live.remove(run) else { return };
        let Some(backfill) = slot.backfill else { return };
        if let Some(going) = self.all.get_mut(&(made.clone(), backfill)) {
            going.live.remove(&run.run);
        }
        let end = match status {
            RunStatus::Succeeded => BackfillEnd::Succeeded,
            RunStatus::Failed { .. } => BackfillEnd::Failed,
            _ => BackfillEnd::Cancelled,
        };
        // Of a schedule that is gone nothing is told.
        if self.made(&made.0).as_ref() == Ok(&made) {
            self.ended.insert((made.0, backfill, run.run), end);
        }
    }
}

/// The backfills of a schedule.
fn of(made: &Made) -> std::ops::RangeInclusive<(Made, u64)> {
    (made.clone(), 0)..=(made.clone(), u64::MAX)
}

impl Going {
    fn goes_on(&self) -> bool {
        !self.is_cancelled && (!self.left.is_empty() || !self.live.is_empty())
    }

    fn order(&self, slots: &mut [u64]) {
        slots.sort_unstable();
        if self.spec.order == BackfillOrder::NewestFirst {
            slots.reverse();
        }
    }
}

/// All slots of a backfill, in its order. Blackout windows open with each minute.
fn slots(spec: &BackfillSpec, timing: &Timing) -> Vec<u64> {
    let interval = match &timing.rule {
        Rule::Every(every) => u64::try_from(every.as_millis()).unwrap_or(1000),
        Rule::Cron(text) => {
            let seconds = text.strip_prefix("*/").and_then(|rest| rest.split_once(' '));
            seconds.and_then(|(seconds, _)| seconds.parse::<u64>().ok()).unwrap_or(1) * 1000
        }
    };
    let is_open = |slot: &u64| {
        let lasts = |length: std::time::Duration| u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        timing.blackouts.iter().all(|blackout| slot % 60_000 >= lasts(blackout.length))
    };
    let (Timestamp(from), Timestamp(to)) = (spec.from, spec.to);
    let mut slots: Vec<u64> =
        (from.div_ceil(interval)..to.div_ceil(interval)).map(|number| number * interval).filter(is_open).collect();
    if spec.order == BackfillOrder::NewestFirst {
        slots.reverse();
    }
    slots
}

impl Invariant for Backfills {
    fn name(&self) -> &'static str {
        "backfills-once"
    }

    fn see(&mut self, _at: u64, fact: &Fact) -> Result<(), String> {
        match fact {
            Fact::Recorded { revision, cause, event, .. } => self.recorded(*revision, *cause, event),
            _ => Ok(()),
        }
    }

    fn end(&mut self, end: &End) -> Result<(), String> {
        self.complete()?;
        if let Some((run, (slot, _))) = self.told.first_key_value() {
            return Err(format!("run {run} for {slot:?} was never created"));
        }
        for ((made, backfill), going) in &self.all {
            let (key, _) = made;
            if self.made(key).as_ref() != Ok(made) {
                continue;
            }
            if going.goes_on() {
                return Err(format!("backfill {backfill} of {key} does not end: {:?} are left", going.left));
            }
            for (node, (.., state)) in &end.nodes {
                let found = state.schedules.get(key).and_then(|known| known.backfills.get(backfill));
                // The oldest of those that have ended are forgotten.
                if found.is_some_and(|found| (found.status == BackfillStatus::Done) == going.is_cancelled) {
                    return Err(format!("backfill {backfill} of {key} is {found:?} on node {node}"));
                }
            }
        }
        Ok(())
    }
}
