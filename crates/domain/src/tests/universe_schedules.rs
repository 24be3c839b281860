//! Random commands and events about schedules, and what must hold of their slots over a whole log.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::script_schedules::spec;
use super::universe::pipeline;
use super::universe_backfills::{backfill_command, backfill_event};
use super::world::World;
use crate::schedule::Rule;
use crate::{
    Command, Event, FiredSlot, Reason, Revision, RunKey, ScheduleKey, ScheduleName, ScheduleSpec, Settlement,
    SkipReason, SkippedSlots, Timestamp,
};

/// Mostly settlements; some are of another generation, go on from elsewhere, or overlap.
pub(super) fn schedule_command(world: &World, a: u8, b: u8) -> Command {
    let all: Vec<ScheduleKey> = keys(world);
    let some = all.get(usize::from(a) % all.len().max(1)).cloned();
    match b % 16 {
        0..=2 => Command::CreateSchedule { schedule: key(a), spec: random_spec(b), enabled: !b.is_multiple_of(5) },
        3 => {
            let schedule = some.unwrap_or_else(|| key(a));
            let known = world.state.schedules.get(&schedule).map_or(Revision(0), |schedule| schedule.generation);
            let generation = (!a.is_multiple_of(3)).then(|| Revision(known.0 + u64::from(a % 3 == 1)));
            Command::UpdateSchedule { schedule, spec: random_spec(a), generation }
        }
        4 if a.is_multiple_of(4) => Command::DeleteSchedule { schedule: some.unwrap_or_else(|| key(a)) },
        4 | 5 => Command::SetScheduleEnabled { schedule: some.unwrap_or_else(|| key(a)), enabled: a.is_multiple_of(2) },
        6..=9 => backfill_command(world, some.unwrap_or_else(|| key(a)), a, b),
        _ => settle(world, some.unwrap_or_else(|| key(a)), a, b),
    }
}

fn settle(world: &World, schedule: ScheduleKey, a: u8, b: u8) -> Command {
    let known = world.state.schedules.get(&schedule);
    let (cursor, generation) = known.map_or((0, 0), |known| (known.settled.0, known.generation.0));
    let from = Timestamp(cursor - cursor.min(u64::from(a % 16 == 1)));
    let generation = Revision(generation - generation.min(u64::from(a % 16 == 2)));
    let to = Timestamp(world.time.0 + u64::from(a % 16 == 3));
    let (mut fire, mut skipped) = (Vec::new(), Vec::new());
    for (place, slot) in (from.0 + 1..=to.0).take(12).enumerate() {
        let slot = Timestamp(slot);
        let reason = if place % 2 == 0 { SkipReason::Missed } else { SkipReason::Blackout };
        match (b >> (place % 8)) % 4 {
            0 => fire.push(slot),
            1 => skipped.push(SkippedSlots { first: slot, last: slot, reason }),
            _ => {}
        }
    }
    if a % 16 == 4 {
        fire.reverse();
    }
    Command::SettleSlots { schedule, settlement: Box::new(Settlement { generation, from, to, fire, skipped }) }
}

/// Any event about a schedule, true or not.
pub(super) fn schedule_event(a: u8, b: u8) -> Event {
    let schedule = key(a);
    let range = SkippedSlots { first: Timestamp(u64::from(a)), last: Timestamp(u64::from(b)), reason: reason(a) };
    let skipped = a.is_multiple_of(2).then(|| range.clone());
    match b % 9 {
        8 => backfill_event(schedule, a, b / 9),
        0 | 1 => Event::ScheduleCreated { schedule, spec: random_spec(b), enabled: a.is_multiple_of(3) },
        2 => Event::ScheduleUpdated { schedule, spec: random_spec(a), skipped },
        3 => Event::ScheduleDeleted { schedule },
        4 => Event::ScheduleEnabled { schedule, skipped },
        5 => Event::ScheduleDisabled { schedule },
        _ => Event::SlotsSettled {
            schedule,
            generation: Revision(u64::from(b)),
            from: Timestamp(u64::from(a)),
            to: Timestamp(u64::from(b)),
            fired: vec![FiredSlot { slot: Timestamp(u64::from(b)), run: u64::from(a) }],
            skipped: vec![range],
        },
    }
}

fn reason(number: u8) -> SkipReason {
    match number % 5 {
        0 => SkipReason::Missed,
        1 => SkipReason::Blackout,
        2 => SkipReason::Paused,
        3 => SkipReason::Changed,
        _ => SkipReason::Refused { reason: Reason::OverlapForbidden, message: "no".into() },
    }
}

fn random_spec(number: u8) -> Arc<ScheduleSpec> {
    let mut spec = spec(&[]);
    spec.timing.rule = Rule::Every(Duration::from_secs(u64::from(number % 3)));
    spec.grace = Duration::from_secs(1 + u64::from(number / 3 % 2));
    Arc::new(spec)
}

fn key(number: u8) -> ScheduleKey {
    ScheduleKey {
        pipeline: pipeline(number),
        name: ScheduleName::new(["s0", "s1"][usize::from(number / 8 % 2)]).unwrap(),
    }
}

fn keys(world: &World) -> Vec<ScheduleKey> {
    let all = world.state.schedules.iter();
    all.map(|(pipeline, name, _)| ScheduleKey { pipeline: pipeline.clone(), name: name.clone() }).collect()
}

/// What a log says of a schedule, from its creation on.
struct Story {
    cursor: Timestamp,
    enabled: bool,
    generation: Revision,
}

/// Follows all schedules through a log of decisions: each interval is settled once, in order, by a settlement for the
/// schedule as it was; each slot that was fired has one run, and each run of a slot was fired.
pub(super) fn check_slots(log: &[(Timestamp, Event)]) {
    let mut stories: BTreeMap<&ScheduleKey, Story> = BTreeMap::new();
    let mut announced: BTreeMap<RunKey, (&ScheduleName, Timestamp)> = BTreeMap::new();
    for (index, (time, event)) in log.iter().enumerate() {
        let revision = Revision(u64::try_from(index).unwrap() + 1);
        if let Event::ScheduleCreated { schedule, enabled, .. } = event {
            let story = Story { cursor: *time, enabled: *enabled, generation: revision };
            assert!(stories.insert(schedule, story).is_none(), "{schedule} is created twice");
        } else if let Event::ScheduleDeleted { schedule } = event {
            stories.remove(schedule).unwrap();
        } else if let Event::ScheduleUpdated { schedule, skipped, .. } = event {
            let story = stories.get_mut(schedule).unwrap();
            story.generation = revision;
            skip_all(story, *time, skipped.as_ref(), &SkipReason::Changed);
        } else if let Event::ScheduleEnabled { schedule, skipped } = event {
            let story = stories.get_mut(schedule).unwrap();
            assert!(!std::mem::replace(&mut story.enabled, true), "{schedule} is enabled twice");
            skip_all(story, *time, skipped.as_ref(), &SkipReason::Paused);
            assert_eq!(story.cursor, *time, "{schedule} goes on from now");
        } else if let Event::ScheduleDisabled { schedule } = event {
            assert!(std::mem::replace(&mut stories.get_mut(schedule).unwrap().enabled, false));
        } else if let Event::SlotsSettled { schedule, generation, from, to, fired, skipped } = event {
            let story = stories.get_mut(schedule).unwrap();
            assert!(story.enabled && *generation == story.generation && *from == story.cursor && to <= time);
            let mut parts: Vec<(Timestamp, Timestamp)> = fired.iter().map(|fired| (fired.slot, fired.slot)).collect();
            parts.extend(skipped.iter().map(|range| (range.first, range.last)));
            parts.sort();
            for (first, last) in parts {
                assert!(first > story.cursor && last >= first && last <= *to, "{event:?}");
                story.cursor = last;
            }
            story.cursor = *to;
            for FiredSlot { slot, run } in fired {
                let run = RunKey { pipeline: schedule.pipeline.clone(), run: *run };
                assert_eq!(announced.insert(run, (&schedule.name, *slot)), None);
            }
        } else if let Event::RunCreated { run, schedule, .. } = event {
            let due = schedule.as_ref().filter(|due| due.backfill.is_none());
            let slot = due.map(|due| (&due.schedule, due.slot));
            assert_eq!(announced.remove(run), slot, "{run} is of a slot that was not fired, or the other way round");
        }
    }
    assert!(announced.is_empty(), "slots without runs: {announced:?}");
}

fn skip_all(story: &mut Story, time: Timestamp, skipped: Option<&SkippedSlots>, why: &SkipReason) {
    let Some(SkippedSlots { first, last, reason }) = skipped else { return };
    assert_eq!((first.0, *last, reason), (story.cursor.0 + 1, time, why));
    story.cursor = *last;
}
