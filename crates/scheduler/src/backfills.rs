//! Which slots of backfills come next.
//!
//! The state says which backfills have room for runs; nothing is remembered here. What is proposed is refused if somebody came
//! before, and then looked at anew.

use std::sync::Arc;

use gofer_calendar::{Slots, UnixMs, last_slots_in, slots_in};
use gofer_domain::{BackfillOrder, BackfillSpec, Command, Revision, ScheduleKey, ScheduleSpec, State, Timestamp};
use tracing::debug;

/// Most backfills that go on at once.
const OPEN_MAX: usize = 100;

/// A backfill with room for runs.
#[derive(Debug)]
pub(crate) struct Open {
    key: ScheduleKey,
    number: u64,
    generation: Revision,
    schedule: Arc<ScheduleSpec>,
    spec: BackfillSpec,
    cursor: Option<Timestamp>,
    room: usize,
}

/// Those that have room. Cheap, as it is asked for under the lock of the state.
pub(crate) fn open(state: &State) -> Vec<Open> {
    // Those that wait for their runs must not keep others from theirs.
    let all = state.schedules.open_backfills().filter(|(_, _, _, backfill)| backfill.room() > 0).take(OPEN_MAX);
    let open = all.map(|(key, number, schedule, backfill)| Open {
        key: key.clone(),
        number,
        generation: schedule.generation,
        schedule: Arc::clone(&schedule.spec),
        spec: backfill.spec,
        cursor: backfill.cursor,
        room: backfill.room(),
    });
    open.collect()
}

/// Fills the room of as many of them as start about so many runs.
pub(crate) fn advance(open: Vec<Open>, most: usize) -> Vec<Command> {
    let mut commands = Vec::new();
    let mut runs = 0;
    for open in open {
        if runs >= most {
            break;
        }
        let Some((fire, is_last)) = next(&open) else { continue };
        runs += fire.len();
        commands.push(Command::AdvanceBackfill {
            schedule: open.key,
            backfill: open.number,
            generation: open.generation,
            cursor: open.cursor,
            fire,
            is_last,
        });
    }
    commands
}

/// The slots that there is room for, and whether they are the last. None if they can't be computed.
fn next(open: &Open) -> Option<(Vec<Timestamp>, bool)> {
    let calendar = match gofer_calendar::Schedule::of(&open.schedule.timing) {
        Ok(calendar) => calendar,
        Err((field, fault)) => {
            // It was read when the backfill was started, by another release then.
            debug!(schedule = %open.key, backfill = open.number, %field, %fault, "a backfill stands still");
            return None;
        }
    };
    let (from, to): (UnixMs, UnixMs) = (open.spec.from.0, open.spec.to.0);
    let slots = match (open.spec.order, open.cursor) {
        (BackfillOrder::OldestFirst, cursor) => {
            slots_in(&calendar, cursor.map_or(from, |cursor| cursor.0.saturating_add(1)), to, open.room)
        }
        (BackfillOrder::NewestFirst, cursor) => {
            last_slots_in(&calendar, from, cursor.map_or(to, |cursor| cursor.0), open.room)
        }
    };
    let (slots, is_last) = match slots {
        Slots::All(slots) => (slots, true),
        Slots::More(slots) => (slots, false),
        Slots::TooFar => {
            debug!(schedule = %open.key, backfill = open.number, "a backfill stands still: its windows are too many");
            return None;
        }
    };
    Some((slots.into_iter().map(Timestamp).collect(), is_last))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use gofer_domain::schedule::{CatchUp, Rule, Timing};
    use gofer_domain::{NamespaceId, PipelineId, PipelineKey, RunOptions, ScheduleName};
    use proptest::prelude::*;

    use super::*;

    const MINUTE: u64 = 60_000;

    fn of(order: BackfillOrder, cursor: Option<Timestamp>, room: usize, (from, to): (u64, u64)) -> Open {
        let pipeline =
            PipelineKey { namespace: NamespaceId::new("n").unwrap(), pipeline: PipelineId::new("p").unwrap() };
        let schedule = ScheduleSpec {
            description: String::new(),
            timing: Timing { rule: Rule::Cron("*/7 * * * *".into()), zone: "UTC".into(), blackouts: Vec::new() },
            // Slots come at their own times: nothing is put off.
            jitter: Duration::from_secs(3600),
            catch_up: CatchUp::None,
            grace: Duration::from_secs(60),
            options: RunOptions::default(),
        };
        Open {
            key: ScheduleKey { pipeline, name: ScheduleName::new("s").unwrap() },
            number: 1,
            generation: Revision(3),
            schedule: Arc::new(schedule),
            spec: BackfillSpec { from: Timestamp(from), to: Timestamp(to), parallelism: 9, order, slots: 1 },
            cursor,
            room,
        }
    }

    proptest! {
        #[test]
        fn piece_by_piece_all_slots_come_once_in_order(
            (from, length) in (0_u64..2000, 0_u64..2000),
            rooms in prop::collection::vec(1_usize..5, 1..8),
            is_newest_first in any::<bool>(),
        ) {
            let (from, to) = (from * MINUTE, (from + length) * MINUTE);
            let order = if is_newest_first { BackfillOrder::NewestFirst } else { BackfillOrder::OldestFirst };
            let mut expected: Vec<u64> =
                (from / MINUTE..to / MINUTE).filter(|minute| minute % 60 % 7 == 0).map(|minute| minute * MINUTE).collect();
            if is_newest_first {
                expected.reverse();
            }
            let (mut found, mut cursor) = (Vec::new(), None);
            for room in rooms.into_iter().cycle() {
                let (fire, is_last) = next(&of(order, cursor, room, (from, to))).unwrap();
                prop_assert!(fire.len() <= room && (is_last || fire.len() == room));
                cursor = fire.last().copied().or(cursor);
                found.extend(fire.iter().map(|slot| slot.0));
                if is_last {
                    break;
                }
            }
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn so_many_runs_are_started_at_once() {
        let open = || (0..5).map(|_| of(BackfillOrder::OldestFirst, None, 4, (0, 1000 * MINUTE))).collect();
        assert_eq!(advance(open(), 7).len(), 2);
        assert_eq!(advance(open(), 100).len(), 5);
    }
}
