//! Backfills: each slot gets one run, no more of them at a time than may be, and in the order that was asked for.

use super::script::{check, number};
use super::script_schedules::key;
use super::world::World;
use crate::limits::{BACKFILL_PARALLELISM_MAX, BACKFILL_SLOTS_MAX, BACKFILLS_PER_PIPELINE_MAX, BACKFILLS_REMEMBERED};
use crate::{
    Backfill, BackfillCounts, BackfillEnd, BackfillOrder, BackfillSpec, BackfillStatus, Command, Event, Reason,
    Revision, SkippedSlots, Timestamp,
};

/// - `backfill p/s 1000-4000 slots=3 at-once=2 newest`; for the present generation unless `generation=7` says otherwise;
/// - `fill p/s 1 fire=1000,2000 last`; on from the present cursor unless `cursor=1000` or `cursor=none` says otherwise;
/// - `end-backfill p/s 1`.
pub(super) fn parse(world: &World, words: &[&str]) -> Command {
    let option = |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    let schedule = key(words[1]);
    let known = world.state.schedules.get(&schedule);
    let present = known.map_or(Revision(0), |known| known.generation);
    let generation = option("generation").map_or(present, |generation| Revision(number(generation)));
    match words[0] {
        "backfill" => {
            let (from, to) = words[2].split_once('-').unwrap();
            let order = if words.contains(&"newest") { BackfillOrder::NewestFirst } else { BackfillOrder::OldestFirst };
            let least = |name: &str, default| option(name).map_or(default, |text| u32::try_from(number(text)).unwrap());
            let (from, to) = (Timestamp(number(from)), Timestamp(number(to)));
            let spec = BackfillSpec { from, to, parallelism: least("at-once", 1), order, slots: least("slots", 1) };
            Command::StartBackfill { schedule, generation, spec }
        }
        "fill" => {
            let backfill = number(words[2]);
            let fire =
                option("fire").map_or(Vec::new(), |slots| slots.split(',').map(|at| Timestamp(number(at))).collect());
            let present = known.and_then(|known| known.backfills.get(&backfill)?.cursor);
            let cursor = match option("cursor") {
                None => present,
                Some("none") => None,
                Some(at) => Some(Timestamp(number(at))),
            };
            let is_last = words.contains(&"last");
            Command::AdvanceBackfill { schedule, backfill, generation, cursor, fire, is_last }
        }
        "end-backfill" => Command::CancelBackfill { schedule, backfill: number(words[2]) },
        other => panic!("no such command: {other}"),
    }
}

/// An event about backfills in few words.
pub(super) fn show(event: &Event) -> String {
    if let Event::BackfillStarted { schedule, backfill, spec, .. } = event {
        format!("{schedule} backfill {backfill} of {}", spec.slots)
    } else if let Event::BackfillAdvanced { schedule, backfill, fired, refused, is_last, .. } = event {
        let fired: String = fired.iter().map(|fired| format!(" {}:{}", fired.slot.0, fired.run)).collect();
        let refused: String =
            refused.iter().map(|SkippedSlots { first, .. }| format!(" refused {}", first.0)).collect();
        format!("{schedule} backfill {backfill} on{fired}{refused}{}", if *is_last { " to the end" } else { "" })
    } else if let Event::BackfillRunEnded { schedule, backfill, run, end } = event {
        let end = match end {
            BackfillEnd::Succeeded => "good",
            BackfillEnd::Failed => "bad",
            BackfillEnd::Cancelled => "cancelled",
        };
        format!("{schedule} backfill {backfill} had {run} {end}")
    } else if let Event::BackfillCancelled { schedule, backfill, .. } = event {
        format!("{schedule} backfill {backfill} cancelled")
    } else {
        panic!("not about backfills: {event:?}")
    }
}

fn state_of(world: &World, number: u64) -> Backfill {
    world.state.schedules.get(&key("p/s")).unwrap().backfills[&number].clone()
}

const THERE: &str = "
    node 1
    pipeline p parallelism=9 | t
    schedule p/s disabled
    wait 9000
";

#[test]
fn a_backfill_goes_through_its_slots_and_is_done() {
    let world = check(&format!(
        "{THERE}
        backfill p/s 1000-4000 slots=3 at-once=2 -> p/s backfill 1 of 3
        fill p/s 1 fire=1000,2000 -> p/s backfill 1 on 1000:1 2000:2, p/1 created v1 for s@1000 in 1, p/1 started, p/1/t queued, p/2 created v1 for s@2000 in 1, p/2 started, p/2/t queued
        fill p/s 1 fire=3000      -> ! FAILED_PRECONDITION
        assign p/1/t/1 1
        finished p/1/t/1 1 ok     -> p/1/t/1 ok, p/1/t succeeded, p/1 SUCCEEDED, p/s backfill 1 had 1 good
        fill p/s 1 fire=3000 cursor=1000 -> ! FAILED_PRECONDITION
        fill p/s 1 fire=3000 last -> p/s backfill 1 on 3000:3 to the end, p/3 created v1 for s@3000 in 1, p/3 started, p/3/t queued
        fill p/s 1 last           -> ! FAILED_PRECONDITION
        assign p/2/t/1 1
        finished p/2/t/1 1 failed -> p/2/t/1 failed, p/2/t FAILED, p/2 FAILED, p/s backfill 1 had 2 bad
        cancel p/3                -> p/3 stop cancelled, p/3/t CANCELLED, p/3 CANCELLED, p/s backfill 1 had 3 cancelled
        fill p/s 1 fire=3500      -> ! FAILED_PRECONDITION
        end-backfill p/s 1        -> ! FAILED_PRECONDITION
        "
    ));
    let backfill = state_of(&world, 1);
    assert_eq!(backfill.counts, BackfillCounts { succeeded: 1, failed: 1, cancelled: 1, refused: 0 });
    assert_eq!((backfill.status, backfill.ended_at), (BackfillStatus::Done, Some(world.state.time)));
    assert_eq!(world.state.schedules.open_backfills().count(), 0);
}

#[test]
fn slots_come_in_order_within_the_range() {
    check(&format!(
        "{THERE}
        backfill p/s 1000-4000 slots=3 at-once=9 newest
        fill p/s 1 fire=4000       -> ! FAILED_PRECONDITION
        fill p/s 1 fire=2000,3000  -> ! FAILED_PRECONDITION
        fill p/s 1 fire=3000,999   -> ! FAILED_PRECONDITION
        fill p/s 1                 -> ! FAILED_PRECONDITION
        fill p/s 1 fire=3000 generation=1 -> ! FAILED_PRECONDITION
        fill p/s 2 fire=3000       -> ! NOT_FOUND
        fill p/s 1 fire=3000,2000  -> p/s backfill 1 on 3000:1 2000:2, p/1 created v1 for s@3000 in 1, p/1 started, p/1/t queued, p/2 created v1 for s@2000 in 1, p/2 started, p/2/t queued
        fill p/s 1 fire=2000       -> ! FAILED_PRECONDITION
        "
    ));
}

#[test]
fn a_slot_that_can_not_start_is_counted_and_the_others_go_on() {
    let world = check(
        "
        pipeline p overlap=forbid parallelism=1 | t
        schedule p/s
        wait 9000
        backfill p/s 1000-4000 slots=3 at-once=3
        fill p/s 1 fire=1000,2000,3000 last -> p/s backfill 1 on 1000:1 refused 2000 refused 3000 to the end, p/1 created v1 for s@1000 in 1, p/1 started, p/1/t queued
        cancel p/1
        ",
    );
    let backfill = state_of(&world, 1);
    assert_eq!((backfill.counts.refused, backfill.counts.cancelled), (2, 1));
    let refused = backfill.last_refused.unwrap();
    assert!(matches!(refused.reason, crate::SkipReason::Refused { reason: Reason::OverlapForbidden, .. }));
    assert_eq!(backfill.status, BackfillStatus::Done);
}

#[test]
fn a_cancelled_backfill_counts_the_runs_that_go_on() {
    let world = check(&format!(
        "{THERE}
        backfill p/s 1000-4000 slots=3
        fill p/s 1 fire=1000
        end-backfill p/s 1 -> p/s backfill 1 cancelled
        end-backfill p/s 1 -> ! FAILED_PRECONDITION
        fill p/s 1 fire=2000 -> ! FAILED_PRECONDITION
        cancel p/1         -> p/1 stop cancelled, p/1/t CANCELLED, p/1 CANCELLED, p/s backfill 1 had 1 cancelled
        "
    ));
    let backfill = state_of(&world, 1);
    assert_eq!(backfill.status, BackfillStatus::Cancelled { message: "cancelled by user:ada".into() });
    assert_eq!(backfill.counts.cancelled, 1);
}

#[test]
fn another_timing_ends_backfills_and_other_changes_do_not() {
    check(&format!(
        "{THERE}
        backfill p/s 1000-4000 slots=3
        reschedule p/s grace=9 -> p/s updated
        fill p/s 1 fire=1000
        reschedule p/s every=7 -> p/s backfill 1 cancelled, p/s updated
        reschedule p/s every=8 -> p/s updated
        "
    ));
}

/// The schedule goes, its run stays; what comes under its name has other backfills.
#[test]
fn a_run_of_a_schedule_that_is_gone_counts_for_none() {
    let world = check(&format!(
        "{THERE}
        backfill p/s 1000-4000 slots=3
        fill p/s 1 fire=1000
        unschedule p/s
        schedule p/s
        wait 9000
        backfill p/s 1000-4000 slots=3
        cancel p/1 -> p/1 stop cancelled, p/1/t CANCELLED, p/1 CANCELLED
        "
    ));
    assert_eq!(state_of(&world, 1).counts, BackfillCounts::default());
    assert_eq!(world.state.schedules.open_backfills().count(), 1);
}

#[test]
fn a_retry_is_no_run_of_the_backfill() {
    let world = check(&format!(
        "{THERE}
        backfill p/s 1000-2000 slots=1
        fill p/s 1 fire=1000 last
        assign p/1/t/1 1
        finished p/1/t/1 1 failed
        retry p/1 -> p/2 created v1 again 1, p/2 started, p/2/t queued
        "
    ));
    assert_eq!(state_of(&world, 1).status, BackfillStatus::Done);
}

#[test]
fn what_can_not_be_a_backfill_is_refused_with_the_number() {
    let mut world = check(THERE);
    for (words, field, says) in [
        ("4000-4000", "to_time", "holds nothing"),
        ("1000-9999999", "to_time", "the range ends at"),
        ("1000-4000 slots=0", "from_time", "no slot"),
        ("1000-4000 slots=10001", "from_time", "10001 slots"),
        ("1000-4000 at-once=0", "parallelism", "0 runs"),
        ("1000-4000 at-once=101", "parallelism", "101 runs"),
        ("1000-4000 generation=1", "generation", "generation"),
    ] {
        let line = format!("backfill p/s {words}");
        let words: Vec<&str> = line.split(' ').collect();
        let refused = world.give(parse(&world, &words)).unwrap_err();
        assert!(refused.field == field && refused.message.contains(says), "{line}: {refused:?}");
    }
    assert_eq!((BACKFILL_SLOTS_MAX, BACKFILL_PARALLELISM_MAX), (10_000, 100));
}

#[test]
fn so_many_go_on_at_a_time_and_so_many_are_remembered() {
    let mut world = check(THERE);
    let start = |world: &mut World| world.give(parse(world, &["backfill", "p/s", "1000-2000"]));
    for _ in 0..BACKFILLS_PER_PIPELINE_MAX {
        start(&mut world).unwrap();
    }
    assert_eq!(start(&mut world).unwrap_err().reason, Reason::ResourceExhausted);
    for number in 1..=60_u64 {
        world.give(parse(&world, &["end-backfill", "p/s", &number.to_string()])).unwrap();
        start(&mut world).unwrap();
    }
    let known = world.state.schedules.get(&key("p/s")).unwrap();
    assert_eq!(known.last_backfill, 70);
    assert_eq!(known.backfills.len(), BACKFILLS_PER_PIPELINE_MAX + BACKFILLS_REMEMBERED);
    assert_eq!(world.state.schedules.open_backfills().count(), BACKFILLS_PER_PIPELINE_MAX);
}
