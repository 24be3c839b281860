//! Two leaders, each with a clock and a picture of the state that may be old, propose what they find due, while somebody
//! changes, pauses and deletes the schedule. In the end every slot was started or skipped, and none twice.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::script::config;
use super::script_schedules::{key, parse, spec};
use super::universe_schedules::check_slots;
use super::world::World;
use crate::schedule::Rule;
use crate::{Command, Event, Schedule, Settlement, SkipReason, SkippedSlots, Timestamp};

/// What a leader knows.
#[derive(Clone, Default)]
struct Leader {
    seen: Option<Schedule>,
    /// How far its clock is behind the cluster's time.
    behind: u64,
}

#[derive(Clone, Debug)]
enum Move {
    Wait(u16),
    Look(usize),
    /// It proposes what is due by its clock, and keeps at most so many slots for runs.
    Propose(usize, usize),
    Retime(u8),
    Describe(u8),
    Pause,
    Resume,
    Recreate,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        6 => (1..4_000_u16).prop_map(Move::Wait),
        4 => (0..2_usize).prop_map(Move::Look),
        8 => (0..2_usize, 0..5_usize).prop_map(|(leader, most)| Move::Propose(leader, most)),
        1 => (1..5_u8).prop_map(Move::Retime),
        1 => any::<u8>().prop_map(Move::Describe),
        1 => Just(Move::Pause),
        2 => Just(Move::Resume),
        1 => Just(Move::Recreate),
    ];
    prop::collection::vec(one, 1..80)
}

fn interval(schedule: &crate::ScheduleSpec) -> u64 {
    let Rule::Every(interval) = schedule.timing.rule else { panic!("no interval") };
    u64::try_from(interval.as_millis()).unwrap()
}

/// The slots after an instant, up to another.
fn slots(interval: u64, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
    (from.0 / interval + 1..=to.0 / interval).map(|number| Timestamp(number * interval)).collect()
}

/// What a leader proposes: the latest slots are started, each other one is skipped.
fn proposal(leader: &Leader, now: u64, most: usize) -> Option<Settlement> {
    let seen = leader.seen.as_ref()?;
    let to = Timestamp(now.saturating_sub(leader.behind));
    let mut skipped = slots(interval(&seen.spec), seen.settled, to);
    let fire = skipped.split_off(skipped.len().saturating_sub(most));
    let skipped = match (skipped.first(), skipped.last()) {
        (Some(first), Some(last)) => {
            vec![SkippedSlots { first: *first, last: *last, reason: SkipReason::Missed }]
        }
        _ => Vec::new(),
    };
    Some(Settlement { generation: seen.generation, from: seen.settled, to, fire, skipped })
}

/// Every slot of the timing that was in force is in one place of the log.
fn check_all(world: &World, specs: &[(crate::Revision, u64)]) {
    for (_, event) in &world.log {
        let Event::SlotsSettled { generation, from, to, fired, skipped, .. } = event else { continue };
        let (_, interval) = specs.iter().find(|(known, _)| known == generation).unwrap();
        let mut found: Vec<Timestamp> = fired.iter().map(|fired| fired.slot).collect();
        found.extend(skipped.iter().flat_map(|range| slots(*interval, Timestamp(range.first.0 - 1), range.last)));
        found.sort();
        assert_eq!(found, slots(*interval, *from, *to), "{event:?}");
    }
    check_slots(&world.log);
}

proptest! {
    #[test]
    fn every_slot_is_settled_once_whoever_leads(
        moves in moves(),
        behind in (0..300_u64, 0..300_u64),
        forbids in any::<bool>(),
    ) {
        let mut world = World::new();
        let overlap = if forbids { "overlap=forbid" } else { "overlap=queue:3" };
        let config = Arc::new(config(&["p", overlap, "|", "t"]));
        let namespace = key("p/s").pipeline.namespace;
        world.give(Command::RegisterPipeline { namespace, config }).unwrap();
        world.give(parse(&["schedule", "p/s"])).unwrap();
        let mut leaders = [behind.0, behind.1].map(|behind| Leader { seen: None, behind });
        let mut specs = Vec::new();
        let mut accepted = 0;
        for step in moves {
            let now = world.state.schedules.get(&key("p/s")).unwrap().clone();
            specs.push((now.generation, interval(&now.spec)));
            match step {
                Move::Wait(ms) => world.time = Timestamp(world.time.0 + u64::from(ms)),
                Move::Look(leader) => leaders[leader].seen = Some(now),
                Move::Propose(leader, most) => {
                    let Some(settlement) = proposal(&leaders[leader], world.time.0, most) else { continue };
                    let is_current = now.enabled
                        && (settlement.generation, settlement.from) == (now.generation, now.settled)
                        && settlement.from < settlement.to;
                    let command = Command::SettleSlots { schedule: key("p/s"), settlement: Box::new(settlement) };
                    let given = world.give(command);
                    prop_assert_eq!(given.is_ok(), is_current, "{:?}", given);
                    accepted += usize::from(is_current);
                }
                Move::Retime(seconds) => {
                    let mut spec = spec(&[]);
                    spec.timing.rule = Rule::Every(Duration::from_secs(u64::from(seconds)));
                    world.give(Command::UpdateSchedule { schedule: key("p/s"), spec: Arc::new(spec), generation: None }).unwrap();
                }
                Move::Describe(number) => {
                    let mut spec = (*now.spec).clone();
                    spec.description = format!("{number}");
                    world.give(Command::UpdateSchedule { schedule: key("p/s"), spec: Arc::new(spec), generation: None }).unwrap();
                }
                Move::Pause => drop(world.give(parse(&["pause", "p/s"])).unwrap()),
                Move::Resume => drop(world.give(parse(&["resume", "p/s"])).unwrap()),
                Move::Recreate => {
                    world.give(parse(&["unschedule", "p/s"])).unwrap();
                    world.give(parse(&["schedule", "p/s"])).unwrap();
                }
            }
        }
        check_all(&world, &specs);
        let settled = world.log.iter().filter(|(_, event)| matches!(event, Event::SlotsSettled { .. })).count();
        prop_assert_eq!(settled, accepted);
    }
}
