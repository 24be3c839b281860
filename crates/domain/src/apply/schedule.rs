//! Events about schedules. A cursor never goes back.

use std::sync::Arc;

use crate::event::Event;
use crate::schedule::{FiredSlot, Schedule, SkippedSlots};
use crate::state::State;
use crate::time::Timestamp;

pub(super) fn apply(state: &mut State, event: &Event) {
    let (time, revision) = (state.time, state.revision);
    let schedules = &mut state.schedules;
    if let Event::ScheduleCreated { schedule, spec, enabled } = event {
        if !state.pipelines.contains_key(&schedule.pipeline) {
            return;
        }
        let created = Schedule {
            spec: Arc::clone(spec),
            generation: revision,
            enabled: *enabled,
            changed: revision,
            settled: time,
            last_fired: None,
            last_skipped: None,
            created_at: time,
            updated_at: time,
        };
        schedules.insert(schedule.clone(), created);
    } else if let Event::ScheduleDeleted { schedule } = event {
        schedules.remove(schedule);
    } else if let Event::ScheduleUpdated { schedule, spec, skipped } = event {
        if let Some(schedule) = schedules.change(schedule, revision) {
            schedule.spec = Arc::clone(spec);
            schedule.generation = revision;
            schedule.updated_at = time;
            skip(schedule, skipped.as_ref());
        }
    } else if let Event::ScheduleEnabled { schedule, skipped } = event {
        if let Some(schedule) = schedules.change(schedule, revision) {
            schedule.enabled = true;
            schedule.updated_at = time;
            skip(schedule, skipped.as_ref());
        }
    } else if let Event::ScheduleDisabled { schedule } = event {
        if let Some(schedule) = schedules.change(schedule, revision) {
            schedule.enabled = false;
            schedule.updated_at = time;
        }
    } else if let Event::SlotsSettled { schedule, to, fired, skipped, .. } = event
        && let Some(schedule) = schedules.get_mut(schedule)
    {
        settle(schedule, *to, fired, skipped);
    }
}

fn skip(schedule: &mut Schedule, skipped: Option<&SkippedSlots>) {
    if let Some(skipped) = skipped {
        settle(schedule, skipped.last, &[], std::slice::from_ref(skipped));
    }
}

fn settle(schedule: &mut Schedule, to: Timestamp, fired: &[FiredSlot], skipped: &[SkippedSlots]) {
    schedule.settled = schedule.settled.max(to);
    if let Some(fired) = fired.last() {
        schedule.last_fired = Some(*fired);
    }
    if let Some(skipped) = skipped.last() {
        schedule.last_skipped = Some(skipped.clone());
    }
}
