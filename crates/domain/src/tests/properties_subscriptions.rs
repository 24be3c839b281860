//! Two senders, each with a picture of the subscription that may be old, tell of what happened from a place on, now and then
//! the same thing twice, while somebody changes, pauses and deletes the subscription, and its pipeline refuses runs. In the
//! end each event has one outcome, and none was left out between two places.

use std::sync::Arc;

use proptest::prelude::*;

use super::script::check;
use super::script_subscriptions::{key, parse};
use super::universe_subscriptions::check_intakes;
use super::world::World;
use crate::event::Answer;
use crate::{
    Command, CursorMove, Event, EventKey, EventVerdict, FateKind, IncomingEvent, Intake, Subscription, Timestamp,
};

#[derive(Clone, Debug)]
enum Move {
    Look(usize),
    /// It tells of the next so many events after its place, and of one from before.
    Tell(usize, u8),
    /// It tells of an event without moving any place.
    Repeat(usize, u8),
    Describe(u8),
    Pause,
    Resume,
    Recreate,
    Disable,
    Enable,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        4 => (0..2_usize).prop_map(Move::Look),
        8 => (0..2_usize, 0..6_u8).prop_map(|(sender, count)| Move::Tell(sender, count)),
        4 => (0..2_usize, 0..20_u8).prop_map(|(sender, number)| Move::Repeat(sender, number)),
        1 => any::<u8>().prop_map(Move::Describe),
        1 => Just(Move::Pause),
        2 => Just(Move::Resume),
        1 => Just(Move::Recreate),
        1 => Just(Move::Disable),
        2 => Just(Move::Enable),
    ];
    prop::collection::vec(one, 1..80)
}

/// Event number n of the world outside.
fn incoming(number: u64) -> IncomingEvent {
    let verdict = match number % 5 {
        0 => EventVerdict::Filtered,
        1 => EventVerdict::Malformed("no".into()),
        _ => EventVerdict::Fire(Box::default()),
    };
    IncomingEvent { key: EventKey::new(&format!("event {number}")).unwrap(), occurred_at: Timestamp(number), verdict }
}

fn place(cursor: Option<&Arc<[u8]>>) -> u64 {
    cursor.map_or(0, |cursor| u64::from_be_bytes(cursor[..].try_into().unwrap()))
}

fn tell(seen: &Subscription, count: u8) -> Intake {
    let from = place(seen.cursor.as_ref());
    let to = from + u64::from(count);
    let events = (from.max(1)..=to).map(incoming).collect();
    let cursor = CursorMove { from: seen.cursor.clone(), to: Arc::from(to.to_be_bytes()) };
    Intake { generation: seen.generation, cursor: Some(cursor), events }
}

/// Gives an intake: it must pass exactly if it is for the subscription as it is, and answer for each event.
fn give(world: &mut World, intake: Intake) {
    let now = world.state.subscriptions.get(&key("p/s")).unwrap().clone();
    let is_current = now.enabled
        && intake.generation == now.generation
        && intake.cursor.as_ref().is_none_or(|cursor| cursor.from == now.cursor);
    let asked = intake.events.clone();
    let given = world.give(Command::TakeEvents { subscription: key("p/s"), intake: Box::new(intake) });
    assert_eq!(given.is_ok(), is_current, "{given:?}");
    let Ok(decision) = given else { return };
    let Answer::Events(fates) = decision.answer else { panic!("{decision:?}") };
    assert_eq!(fates.len(), asked.len());
    for (event, fate) in asked.iter().zip(fates) {
        let is_told = match event.verdict {
            EventVerdict::Filtered => fate.kind == FateKind::Filtered,
            EventVerdict::Malformed(_) => fate.kind == FateKind::Malformed,
            EventVerdict::Fire(_) => matches!(fate.kind, FateKind::Fired { .. } | FateKind::Refused(_)),
        };
        assert!(is_told, "{event:?} {fate:?}");
    }
}

proptest! {
    #[test]
    fn every_event_has_one_outcome_whoever_tells_of_it(moves in moves(), forbids in any::<bool>()) {
        let overlap = if forbids { "overlap=forbid" } else { "overlap=queue:3" };
        let mut world = check(&format!("pipeline p {overlap} | t\n subscribe p/s git"));
        let mut senders = [None, None];
        for step in moves {
            let now = world.state.subscriptions.get(&key("p/s")).unwrap().clone();
            match step {
                Move::Look(sender) => senders[sender] = Some(now),
                Move::Tell(sender, count) => {
                    let Some(seen) = &senders[sender] else { continue };
                    give(&mut world, tell(seen, count));
                }
                Move::Repeat(sender, number) => {
                    let Some(seen) = &senders[sender] else { continue };
                    let events = vec![incoming(u64::from(number))];
                    give(&mut world, Intake { generation: seen.generation, cursor: None, events });
                }
                Move::Describe(number) => {
                    let words = ["resubscribe", "p/s", "git", &format!("filter={number}")];
                    world.give(parse(&words)).unwrap();
                }
                Move::Pause => drop(world.give(parse(&["mute", "p/s"])).unwrap()),
                Move::Resume => drop(world.give(parse(&["unmute", "p/s"])).unwrap()),
                Move::Recreate => {
                    world.give(parse(&["unsubscribe", "p/s"])).unwrap();
                    world.give(parse(&["subscribe", "p/s", "git"])).unwrap();
                }
                Move::Disable => drop(world.give(Command::DisablePipeline { pipeline: key("p/s").pipeline }).unwrap()),
                Move::Enable => drop(world.give(Command::EnablePipeline { pipeline: key("p/s").pipeline }).unwrap()),
            }
        }
        check_intakes(&world.log);
        // Between the places of the log, every event was taken.
        let known = world.state.subscriptions.get(&key("p/s")).unwrap();
        let kept = world.history.taken.get(&(key("p/s"), known.created)).cloned().unwrap_or_default();
        let keys: Vec<&str> = kept.events.values().map(|(key, _)| key.as_str()).collect();
        for number in 1..=place(known.cursor.as_ref()) {
            prop_assert!(keys.contains(&&*format!("event {number}")), "{} is left out of {:?}", number, keys);
        }
        prop_assert_eq!(u64::try_from(keys.len()).unwrap(), known.taken);
        let runs = world.log.iter().filter(|(_, event)| matches!(event, Event::RunCreated { .. })).count();
        prop_assert!(u64::try_from(runs).unwrap() >= known.fired);
    }
}
