//! Events about schedules. A cursor never goes back.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::backfill::{Backfill, BackfillStatus};
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
            last_backfill: 0,
            backfills: BTreeMap::new(),
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

/// Applies an event about a backfill.
pub(super) fn apply_backfill(state: &mut State, event: &Event) {
    let time = state.time;
    let schedules = &mut state.schedules;
    if let Event::BackfillStarted { schedule, backfill, spec, started_by } = event {
        schedules.start_backfill(schedule, *backfill, Backfill::new(*spec, started_by.clone(), time));
    } else if let Event::BackfillAdvanced { schedule, backfill, cursor, fired, refused, is_last } = event {
        schedules.change_backfill(schedule, *backfill, |backfill| {
            backfill.cursor = *cursor;
            backfill.live.extend(fired.iter().map(|fired| fired.run));
            let count = u32::try_from(refused.len()).unwrap_or(u32::MAX);
            backfill.counts.refused = backfill.counts.refused.saturating_add(count);
            backfill.last_refused = refused.last().cloned().or(backfill.last_refused.take());
            backfill.is_decided |= *is_last;
            backfill.conclude(time);
        });
    } else if let Event::BackfillRunEnded { schedule, backfill, run, end } = event {
        schedules.change_backfill(schedule, *backfill, |backfill| {
            if backfill.live.remove(run) {
                backfill.count(*end);
            }
            backfill.conclude(time);
        });
    } else if let Event::BackfillCancelled { schedule, backfill, message } = event {
        schedules.change_backfill(schedule, *backfill, |backfill| {
            if backfill.status == BackfillStatus::Running {
                backfill.status = BackfillStatus::Cancelled { message: message.clone() };
                backfill.ended_at = Some(time);
            }
        });
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
