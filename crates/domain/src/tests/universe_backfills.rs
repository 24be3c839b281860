//! Random commands and events about backfills, and what must hold of them over a whole log.

use std::collections::{BTreeMap, BTreeSet};

use super::world::World;
use crate::{
    Backfill, BackfillEnd, BackfillOrder, BackfillSpec, Command, Event, RunKey, ScheduleKey, ScheduleName, Timestamp,
};

/// Mostly advances that may be; some are of another generation, go on from elsewhere, or start too many runs.
pub(super) fn backfill_command(world: &World, schedule: ScheduleKey, a: u8, b: u8) -> Command {
    let Some(known) = world.state.schedules.get(&schedule) else {
        return Command::CancelBackfill { schedule, backfill: 1 };
    };
    let generation = crate::Revision(known.generation.0 - u64::from(a % 16 == 1));
    let some = known.backfills.iter().nth(usize::from(b) % known.backfills.len().max(1));
    match (a % 16, some) {
        (2..=4, _) | (_, None) => {
            let (from, to) = (world.time.0.saturating_sub(u64::from(b)), world.time.0);
            let order = if b.is_multiple_of(2) { BackfillOrder::OldestFirst } else { BackfillOrder::NewestFirst };
            let (from, to) = (Timestamp(from), Timestamp(to + u64::from(a % 32 == 3)));
            let spec = BackfillSpec { from, to, parallelism: u32::from(b % 4), order, slots: 1 + u32::from(a) };
            Command::StartBackfill { schedule, generation, spec }
        }
        (5, Some((number, _))) => Command::CancelBackfill { schedule, backfill: *number },
        (_, Some((number, backfill))) => {
            let backfill: &Backfill = backfill;
            let count = backfill.room() + usize::from(a % 16 == 6);
            let cursor = backfill.cursor.filter(|_| a % 16 != 7);
            let next = |place: u64| match (backfill.spec.order, cursor) {
                (BackfillOrder::OldestFirst, None) => Timestamp(backfill.spec.from.0 + place),
                (BackfillOrder::OldestFirst, Some(cursor)) => Timestamp(cursor.0 + 1 + place),
                (BackfillOrder::NewestFirst, None) => Timestamp(backfill.spec.to.0.saturating_sub(1 + place)),
                (BackfillOrder::NewestFirst, Some(cursor)) => Timestamp(cursor.0.saturating_sub(1 + place)),
            };
            let slots = (0..).map(next).take(count);
            let fire: Vec<Timestamp> = slots.filter(|slot| backfill.spec.admits(cursor, *slot)).collect();
            let is_last = fire.len() < count || b.is_multiple_of(8);
            Command::AdvanceBackfill { schedule, backfill: *number, generation, cursor, fire, is_last }
        }
    }
}

/// Any event about a backfill, true or not.
pub(super) fn backfill_event(schedule: ScheduleKey, a: u8, b: u8) -> Event {
    let backfill = u64::from(a % 4);
    match b % 4 {
        0 => {
            let (from, to) = (Timestamp(u64::from(a)), Timestamp(u64::from(b)));
            let order = BackfillOrder::OldestFirst;
            let spec = BackfillSpec { from, to, parallelism: u32::from(a % 3), order, slots: u32::from(b) };
            Event::BackfillStarted { schedule, backfill, spec, started_by: "ada".into() }
        }
        1 => Event::BackfillAdvanced {
            schedule,
            backfill,
            cursor: Some(Timestamp(u64::from(b))),
            fired: vec![crate::FiredSlot { slot: Timestamp(u64::from(b)), run: u64::from(a) }],
            refused: Vec::new(),
            is_last: a.is_multiple_of(2),
        },
        2 => Event::BackfillRunEnded { schedule, backfill, run: u64::from(a), end: BackfillEnd::Failed },
        _ => Event::BackfillCancelled { schedule, backfill, message: "no".into() },
    }
}

/// What a log says of a backfill.
struct Story {
    spec: BackfillSpec,
    cursor: Option<Timestamp>,
    live: BTreeSet<u64>,
    is_open: bool,
}

/// Follows all backfills through a log of decisions: each slot is decided once and in order, each that was fired has one run,
/// no more of them go on than may, and each end of one is told with it.
pub(super) fn check_backfills(log: &[(Timestamp, Event)]) {
    let mut stories: BTreeMap<(&ScheduleKey, u64), Story> = BTreeMap::new();
    let mut announced: BTreeMap<RunKey, (&ScheduleName, Timestamp, u64)> = BTreeMap::new();
    for (_, event) in log {
        if let Event::BackfillStarted { schedule, backfill, spec, .. } = event {
            let story = Story { spec: *spec, cursor: None, live: BTreeSet::new(), is_open: true };
            assert!(stories.insert((schedule, *backfill), story).is_none(), "{event:?}");
        } else if let Event::ScheduleDeleted { schedule } = event {
            stories.retain(|(of, _), _| *of != schedule);
        } else if let Event::BackfillCancelled { schedule, backfill, .. } = event {
            let story = stories.get_mut(&(schedule, *backfill)).unwrap();
            assert!(story.is_open || !story.live.is_empty(), "{event:?}");
            story.is_open = false;
        } else if let Event::BackfillAdvanced { schedule, backfill, cursor, fired, refused, is_last } = event {
            let story = stories.get_mut(&(schedule, *backfill)).unwrap();
            assert!(story.is_open, "{event:?}");
            let refused = refused.iter().map(|refused| (refused.first, None));
            let mut parts: Vec<(Timestamp, Option<u64>)> =
                fired.iter().map(|fired| (fired.slot, Some(fired.run))).chain(refused).collect();
            parts.sort();
            if story.spec.order == BackfillOrder::NewestFirst {
                parts.reverse();
            }
            for (slot, run) in parts {
                assert!(story.spec.admits(story.cursor, slot), "{event:?}");
                story.cursor = Some(slot);
                let Some(run) = run else { continue };
                assert!(story.live.insert(run));
                let run = RunKey { pipeline: schedule.pipeline.clone(), run };
                assert_eq!(announced.insert(run, (&schedule.name, slot, *backfill)), None);
            }
            assert_eq!(*cursor, story.cursor, "{event:?}");
            assert!(story.live.len() <= usize::try_from(story.spec.parallelism).unwrap(), "{event:?}");
            story.is_open = !is_last;
        } else if let Event::RunCreated { run, schedule, .. } = event {
            let slot = schedule.as_ref().and_then(|due| Some((&due.schedule, due.slot, due.backfill?)));
            assert_eq!(announced.remove(run), slot, "{event:?}");
        } else if let Event::BackfillRunEnded { schedule, backfill, run, .. } = event {
            assert!(stories.get_mut(&(schedule, *backfill)).unwrap().live.remove(run), "{event:?}");
        }
    }
    assert!(announced.is_empty(), "slots without runs: {announced:?}");
    let finished: BTreeSet<&RunKey> = log
        .iter()
        .filter_map(|(_, event)| if let Event::RunFinished { run, .. } = event { Some(run) } else { None })
        .collect();
    for ((schedule, number), story) in stories {
        let run = |run: &u64| RunKey { pipeline: schedule.pipeline.clone(), run: *run };
        let untold = story.live.iter().find(|number| finished.contains(&run(number)));
        assert_eq!(untold, None, "an end that backfill {number} of {schedule} was not told of");
    }
}
