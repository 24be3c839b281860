//! Schedules: what becomes of their slots, and of what leaders propose at the same time.

use std::sync::Arc;
use std::time::Duration;

use super::script::{check, number, options, pipeline};
use super::world::World;
use crate::limits::{
    BLACKOUTS_MAX, CATCH_UP_MAX, JITTER_MAX, SCHEDULE_BYTES_MAX, SCHEDULES_MAX, SCHEDULES_PER_PIPELINE_MAX,
    SETTLED_FIRES_MAX, SETTLED_SKIPS_MAX,
};
use crate::schedule::{Blackout, CatchUp, Rule, Timing};
use crate::{
    Command, Event, FiredSlot, Reason, Revision, Schedule, ScheduleKey, ScheduleName, ScheduleSpec, Settlement,
    SkipReason, SkippedSlots, Timestamp,
};

/// `p/s`
pub(super) fn key(text: &str) -> ScheduleKey {
    let (name, schedule) = text.split_once('/').unwrap();
    ScheduleKey { pipeline: pipeline(name), name: ScheduleName::new(schedule).unwrap() }
}

/// Due every second, unless words like `every=5` (in seconds), `zone=Europe/Berlin`, `grace=9` or those of a run say
/// otherwise.
pub(super) fn spec(words: &[&str]) -> ScheduleSpec {
    let option = |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    let seconds = |name: &str, default| Duration::from_secs(option(name).map_or(default, number));
    let zone = option("zone").unwrap_or("UTC").into();
    ScheduleSpec {
        description: String::new(),
        timing: Timing { rule: Rule::Every(seconds("every", 1)), zone, blackouts: Vec::new() },
        jitter: Duration::ZERO,
        catch_up: CatchUp::Latest,
        grace: seconds("grace", 60),
        options: options(words),
    }
}

/// - `schedule p/s every=5 set=A:1`, or `schedule p/s disabled`;
/// - `reschedule p/s generation=7 every=6`, `unschedule p/s`, `pause p/s`, `resume p/s`.
pub(super) fn parse(words: &[&str]) -> Command {
    let option = |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    let schedule = key(words[1]);
    match words[0] {
        "schedule" => {
            Command::CreateSchedule { schedule, spec: Arc::new(spec(words)), enabled: !words.contains(&"disabled") }
        }
        "reschedule" => {
            let generation = option("generation").map(|generation| Revision(number(generation)));
            Command::UpdateSchedule { schedule, spec: Arc::new(spec(words)), generation }
        }
        "unschedule" => Command::DeleteSchedule { schedule },
        "pause" | "resume" => Command::SetScheduleEnabled { schedule, enabled: words[0] == "resume" },
        other => panic!("no such command: {other}"),
    }
}

/// `settle p/s 1000-4000 fire=2000,3000 missed=1001-1999 blackout=4000-4000`; of the present generation unless
/// `generation=7` says otherwise.
pub(super) fn settle(world: &World, words: &[&str]) -> Command {
    let option = |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    let schedule = key(words[1]);
    let present = world.state.schedules.get(&schedule).map_or(Revision(0), |schedule| schedule.generation);
    let (from, to) = range(words[2]);
    let fire =
        option("fire").map_or(Vec::new(), |slots| slots.split(',').map(|slot| Timestamp(number(slot))).collect());
    let ranges = words[3..].iter().filter_map(|word| {
        let (name, range) = word.split_once('=')?;
        let reason = match name {
            "missed" => SkipReason::Missed,
            "blackout" => SkipReason::Blackout,
            "paused" => SkipReason::Paused,
            _ => return None,
        };
        let (first, last) = self::range(range);
        Some(SkippedSlots { first, last, reason })
    });
    let generation = option("generation").map_or(present, |generation| Revision(number(generation)));
    let settlement = Settlement { generation, from, to, fire, skipped: ranges.collect() };
    Command::SettleSlots { schedule, settlement: Box::new(settlement) }
}

fn range(text: &str) -> (Timestamp, Timestamp) {
    let (first, last) = text.split_once('-').unwrap();
    (Timestamp(number(first)), Timestamp(number(last)))
}

/// An event about schedules in few words.
pub(super) fn show(event: &Event) -> String {
    let skips = |skipped: &[SkippedSlots]| skipped.iter().map(show_skipped).collect::<String>();
    if let Event::ScheduleCreated { schedule, enabled, .. } = event {
        format!("{schedule} created{}", if *enabled { "" } else { " disabled" })
    } else if let Event::ScheduleUpdated { schedule, skipped, .. } = event {
        format!("{schedule} updated{}", skips(skipped.as_slice()))
    } else if let Event::ScheduleDeleted { schedule } = event {
        format!("{schedule} deleted")
    } else if let Event::ScheduleEnabled { schedule, skipped } = event {
        format!("{schedule} enabled{}", skips(skipped.as_slice()))
    } else if let Event::ScheduleDisabled { schedule } = event {
        format!("{schedule} disabled")
    } else if let Event::SlotsSettled { schedule, to, fired, skipped, .. } = event {
        let fired: String = fired.iter().map(|fired| format!(" {}:{}", fired.slot.0, fired.run)).collect();
        format!("{schedule} settled {}{fired}{}", to.0, skips(skipped))
    } else {
        panic!("not about schedules: {event:?}")
    }
}

fn show_skipped(skipped: &SkippedSlots) -> String {
    let SkippedSlots { first, last, reason } = skipped;
    let reason = match reason {
        SkipReason::Missed => "missed".into(),
        SkipReason::Blackout => "blackout".into(),
        SkipReason::Paused => "paused".into(),
        SkipReason::Changed => "changed".into(),
        SkipReason::Refused { reason, message } => {
            assert!(!message.is_empty());
            reason.name().to_lowercase()
        }
    };
    format!(" {reason} {}-{}", first.0, last.0)
}

fn state_of(world: &World, schedule: &str) -> Schedule {
    world.state.schedules.get(&key(schedule)).unwrap().clone()
}

#[test]
fn slots_start_runs_that_know_them() {
    let world = check(
        "
        pipeline p | t
        schedule q/s                     -> ! NOT_FOUND
        schedule p/s set=A:1 priority=3  -> p/s created
        schedule p/s                     -> ! ALREADY_EXISTS
        wait 5000
        settle p/s 1000-2500 fire=2000   -> p/s settled 2500 2000:1, p/1 created v1 for s@2000 A:1, p/1 started, p/1/t queued
        settle p/s 2500-6000 fire=3000 missed=4000-5000 blackout=6000-6000 -> p/s settled 6000 3000:2 missed 4000-5000 blackout 6000-6000, p/2 created v1 for s@3000 A:1, p/2 started, p/2/t queued
        ",
    );
    let schedule = state_of(&world, "p/s");
    assert_eq!(schedule.settled, Timestamp(6_000));
    assert_eq!(schedule.last_fired, Some(FiredSlot { slot: Timestamp(3_000), run: 2 }));
    assert_eq!(schedule.last_skipped.unwrap().reason, SkipReason::Blackout);
    let run = &world.state.runs.values().next().unwrap().run;
    let slot = run.schedule.as_ref().unwrap();
    assert_eq!((slot.schedule.as_str(), slot.slot, run.options.priority), ("s", Timestamp(2_000), 3));
}

#[test]
fn a_settlement_goes_on_from_the_cursor_or_is_refused() {
    check(
        "
        pipeline p | t
        schedule p/s
        wait 9000
        settle p/x 1000-2000              -> ! NOT_FOUND
        settle p/s 1000-3000 fire=2000    -> p/s settled 3000 2000:1, p/1 created v1 for s@2000, p/1 started, p/1/t queued
        settle p/s 1000-3000 fire=2000    -> ! FAILED_PRECONDITION
        settle p/s 1000-4000 fire=2000,4000 -> ! FAILED_PRECONDITION
        settle p/s 2000-4000 fire=4000    -> ! FAILED_PRECONDITION
        settle p/s 3500-4000 fire=4000    -> ! FAILED_PRECONDITION
        settle p/s 3000-4000 generation=1 -> ! FAILED_PRECONDITION
        settle p/s 3000-10001 fire=4000   -> ! FAILED_PRECONDITION
        settle p/s 3000-4000              -> p/s settled 4000
        ",
    );
}

#[test]
fn a_settlement_is_in_order_and_inside_its_interval() {
    check(
        "
        pipeline p | t
        schedule p/s
        wait 9000
        settle p/s 1000-1000                               -> ! INVALID_ARGUMENT
        settle p/s 1000-9000 fire=1000                     -> ! INVALID_ARGUMENT
        settle p/s 1000-9000 fire=9001                     -> ! INVALID_ARGUMENT
        settle p/s 1000-9000 fire=3000,2000                -> ! INVALID_ARGUMENT
        settle p/s 1000-9000 fire=2000,2000                -> ! INVALID_ARGUMENT
        settle p/s 1000-9000 missed=1000-2000              -> ! INVALID_ARGUMENT
        settle p/s 1000-9000 missed=2000-9001              -> ! INVALID_ARGUMENT
        settle p/s 1000-9000 missed=3000-2000              -> ! INVALID_ARGUMENT
        settle p/s 1000-9000 missed=2000-3000 blackout=3000-4000 -> ! INVALID_ARGUMENT
        settle p/s 1000-9000 blackout=4000-5000 missed=2000-3000 -> ! INVALID_ARGUMENT
        settle p/s 1000-9000 paused=2000-3000              -> ! INVALID_ARGUMENT
        settle p/s 1000-9000 missed=2000-3000 fire=3000    -> ! INVALID_ARGUMENT
        settle p/s 1000-9000 missed=2000-3000 fire=1999,3001 -> p/s settled 9000 1999:1 3001:2 missed 2000-3000, p/1 created v1 for s@1999, p/1 started, p/1/t queued, p/2 created v1 for s@3001, p/2 started, p/2/t queued
        ",
    );
}

#[test]
fn each_run_of_a_settlement_is_decided_against_those_before_it() {
    check(
        "
        pipeline f overlap=forbid | t
        pipeline q overlap=queue:1 | t
        pipeline r overlap=replace | t
        pipeline n parallelism=2 | t
        schedule f/s
        schedule q/s
        schedule r/s
        schedule n/s
        start r
        start r -> r/2 created v1, r/1 stop replaced by 2, r/1/t CANCELLED, r/1 CANCELLED, r/2 started, r/2/t queued
        start n
        wait 9000
        settle f/s 1000-3000 fire=2000,3000      -> f/s settled 3000 2000:1 overlap_forbidden 3000-3000, f/1 created v1 for s@2000, f/1 started, f/1/t queued
        settle q/s 1000-4000 fire=2000,3000,4000 -> q/s settled 4000 2000:1 3000:2 overlap_forbidden 4000-4000, q/1 created v1 for s@2000, q/1 started, q/1/t queued, q/2 created v1 for s@3000
        settle r/s 1000-3000 fire=2000,3000      -> r/s settled 3000 2000:3 3000:4, r/3 created v1 for s@2000, r/2 stop replaced by 3, r/2/t CANCELLED, r/2 CANCELLED, r/3 started, r/3/t queued, r/4 created v1 for s@3000, r/3 stop replaced by 4, r/3/t CANCELLED, r/3 CANCELLED, r/4 started, r/4/t queued
        settle n/s 1000-3000 fire=2000,3000      -> n/s settled 3000 2000:2 3000:3, n/2 created v1 for s@2000, n/2 started, n/2/t queued, n/3 created v1 for s@3000
        ",
    );
}

#[test]
fn what_is_replaced_by_slots_may_be_on_a_node() {
    check(
        "
        node 1
        pipeline r overlap=replace | t
        schedule r/s
        start r
        assign r/1/t/1 1
        wait 9000
        settle r/s 1000-3000 fire=2000,3000 -> r/s settled 3000 2000:2 3000:3, r/2 created v1 for s@2000, r/1 stop replaced by 2, r/1/t/1 stop replaced by 2, r/3 created v1 for s@3000, r/2/t CANCELLED, r/2 CANCELLED
        finished r/1/t/1 1 cancelled        -> r/1/t/1 cancelled, r/1/t CANCELLED, r/1 CANCELLED, r/3 started, r/3/t queued
        ",
    );
}

#[test]
fn a_release_chooses_the_versions_of_slots_one_by_one() {
    check(
        "
        pipeline p | t
        hold p | t | u
        release p canary=1runs,50% failures=0%
        schedule p/s
        wait 9000
        settle p/s 1000-3000 fire=2000,3000 -> p/s settled 3000 2000:1 3000:2, p/1 created v2 by release 1 for s@2000, p/1 started, p/1/t queued, p/1/u queued, p/2 created v1 by release 1 for s@3000, p/2 started, p/2/t queued
        ",
    );
}

#[test]
fn a_slot_that_can_start_nothing_is_skipped_and_those_after_it_are_not_kept() {
    let world = check(
        "
        pipeline p parameter=A | t
        schedule p/s                   -> ! INVALID_ARGUMENT
        schedule p/s set=A:1           -> p/s created
        disable p
        wait 5000
        settle p/s 1000-2000 fire=2000 -> p/s settled 2000 failed_precondition 2000-2000
        enable p
        pipeline p parameter=B | t
        settle p/s 2000-3000 fire=3000 -> p/s settled 3000 invalid_argument 3000-3000
        reschedule p/s set=B:1         -> p/s updated
        settle p/s 3000-6000 fire=4000,6000 missed=5000-5000 -> p/s settled 6000 4000:1 6000:2 missed 5000-5000, p/1 created v2 for s@4000 B:1, p/1 started, p/1/t queued, p/2 created v2 for s@6000 B:1, p/2 started, p/2/t queued
        ",
    );
    assert_eq!(state_of(&world, "p/s").last_skipped.unwrap().reason, SkipReason::Missed);
}

#[test]
fn refused_slots_stand_among_the_skipped_ones_in_order() {
    check(
        "
        pipeline p | t
        schedule p/s
        disable p
        wait 5000
        settle p/s 1000-6000 fire=2000,4000 missed=3000-3000 blackout=5000-6000 -> p/s settled 6000 failed_precondition 2000-2000 missed 3000-3000 failed_precondition 4000-4000 blackout 5000-6000
        ",
    );
}

#[test]
fn a_pause_is_skipped_as_one() {
    check(
        "
        pipeline p | t
        schedule p/s
        pause p/s                      -> p/s disabled
        pause p/s                      ->
        wait 5000
        settle p/s 1000-2000 fire=2000 -> ! FAILED_PRECONDITION
        resume p/s                     -> p/s enabled paused 1001-6000
        resume p/s                     ->
        settle p/s 1000-6000 fire=2000 -> ! FAILED_PRECONDITION
        pause p/s
        resume p/s                     -> p/s enabled
        wait 1000
        settle p/s 6000-7000 fire=7000 -> p/s settled 7000 7000:1, p/1 created v1 for s@7000, p/1 started, p/1/t queued
        schedule p/t disabled          -> p/t created disabled
        wait 1000
        resume p/t                     -> p/t enabled paused 7001-8000
        ",
    );
}

#[test]
fn a_change_keeps_the_cursor_unless_it_is_one_of_the_timing() {
    let world = check(
        "
        pipeline p | t
        schedule p/s                          -> p/s created
        wait 5000
        reschedule p/x                        -> ! NOT_FOUND
        reschedule p/s                        ->
        reschedule p/s generation=1 grace=9   -> ! FAILED_PRECONDITION
        reschedule p/s grace=9                -> p/s updated
        settle p/s 1000-2000 generation=4 fire=2000 -> ! FAILED_PRECONDITION
        settle p/s 1000-2000 generation=5 fire=2000
        reschedule p/s grace=9 every=7        -> p/s updated changed 2001-6000
        settle p/s 2000-3000 fire=3000        -> ! FAILED_PRECONDITION
        pause p/s
        wait 1000
        reschedule p/s every=8                -> p/s updated
        resume p/s                            -> p/s enabled paused 6001-7000
        ",
    );
    assert_eq!(state_of(&world, "p/s").settled, Timestamp(7_000));
}

#[test]
fn a_schedule_that_comes_back_is_another_one() {
    let mut world = check("pipeline p | t\n schedule p/s");
    let stale = settle(&world, &["settle", "p/s", "1000-2000", "fire=2000"]);
    for words in [["unschedule", "p/s"], ["schedule", "p/s"]] {
        world.give(parse(&words)).unwrap();
    }
    world.time = Timestamp(5_000);
    let refused = world.give(stale).unwrap_err();
    assert_eq!((refused.reason, refused.field.as_str()), (Reason::FailedPrecondition, "generation"));
    assert_eq!(world.give(parse(&["unschedule", "p/x"])).unwrap_err().reason, Reason::NotFound);
}

#[test]
fn a_pipeline_goes_without_schedules_only() {
    check(
        "
        pipeline p | t
        schedule p/s
        delete p                 -> ! FAILED_PRECONDITION
        delete-namespace default -> ! FAILED_PRECONDITION
        unschedule p/s           -> p/s deleted
        delete p                 -> p deleted
        delete-namespace default -> namespace default deleted
        ",
    );
}

#[test]
fn nothing_is_scheduled_before_all_nodes_know_how() {
    check(
        "
        node 1
        node 2 logic=3
        pipeline p | t -> p version 1
        schedule p/s   -> ! FAILED_PRECONDITION
        remove 2
        schedule p/s   -> p/s created
        node 3 logic=3
        wait 5000
        pause p/s      -> ! FAILED_PRECONDITION
        settle p/s 1000-2000 fire=2000 -> ! FAILED_PRECONDITION
        ",
    );
}

#[test]
fn a_retry_of_a_scheduled_run_is_not_of_its_slot() {
    check(
        "
        pipeline p | t
        schedule p/s
        wait 5000
        settle p/s 1000-2000 fire=2000
        cancel p/1
        retry p/1 -> p/2 created v1 again 1, p/2 started, p/2/t queued
        ",
    );
}

#[test]
fn settlements_have_limits() {
    let mut world = check("pipeline p | t\n schedule p/s\n wait 1000000");
    let generation = state_of(&world, "p/s").generation;
    let at = |number: usize| Timestamp(1_001 + u64::try_from(number).unwrap());
    let mut give = |fires: usize, skips: usize| {
        let range = |number| {
            let number = at(fires + number);
            SkippedSlots { first: number, last: number, reason: SkipReason::Missed }
        };
        let settlement = Settlement {
            generation,
            from: Timestamp(1_000),
            to: Timestamp(900_000),
            fire: (0..fires).map(at).collect(),
            skipped: (0..skips).map(range).collect(),
        };
        world.give(Command::SettleSlots { schedule: key("p/s"), settlement: Box::new(settlement) })
    };
    let refused = give(SETTLED_FIRES_MAX + 1, 0).unwrap_err();
    assert_eq!((refused.reason, refused.field.as_str()), (Reason::InvalidArgument, "fire"));
    let refused = give(0, SETTLED_SKIPS_MAX + 1).unwrap_err();
    assert_eq!((refused.reason, refused.field.as_str()), (Reason::InvalidArgument, "skipped"));
    let decision = give(SETTLED_FIRES_MAX, SETTLED_SKIPS_MAX).unwrap();
    let runs = decision.events.iter().filter(|event| matches!(event, Event::RunCreated { .. })).count();
    assert_eq!(runs, SETTLED_FIRES_MAX);
}

type Change<'a> = &'a dyn Fn(&mut ScheduleSpec);

#[test]
fn schedules_have_limits() {
    let mut world = check("pipeline p | t");
    let mut give = |change: Change<'_>| {
        let mut spec = spec(&[]);
        change(&mut spec);
        let created = world.give(Command::CreateSchedule { schedule: key("p/s"), spec: Arc::new(spec), enabled: true });
        if created.is_ok() {
            world.give(parse(&["unschedule", "p/s"])).unwrap();
        }
        created.map(drop).map_err(|rejection| (rejection.reason, rejection.field))
    };
    let second = Duration::from_secs(1);
    let blackout = || Blackout { opens: "0 1 * * *".into(), length: second };
    let fields: [(Change<'_>, &str); 16] = [
        (&|spec| spec.timing.rule = Rule::Every(second - Duration::from_millis(1)), "every"),
        (&|spec| spec.timing.rule = Rule::Every(second * 3600 * 24 * 367), "every"),
        (&|spec| spec.timing.rule = Rule::Every(second + Duration::from_micros(1)), "every"),
        (&|spec| spec.timing.rule = Rule::Cron(String::new()), "cron"),
        (&|spec| spec.timing.rule = Rule::Cron("*".repeat(257)), "cron"),
        (&|spec| spec.timing.rule = Rule::Cron("* * *\n* *".into()), "cron"),
        (&|spec| spec.timing.zone = String::new(), "zone"),
        (&|spec| spec.timing.zone = "Z".repeat(65), "zone"),
        (&|spec| spec.timing.blackouts = vec![blackout(); BLACKOUTS_MAX + 1], "blackouts"),
        (&|spec| spec.timing.blackouts = vec![Blackout { length: Duration::ZERO, ..blackout() }], "blackouts.0.length"),
        (&|spec| spec.timing.blackouts = vec![Blackout { opens: String::new(), ..blackout() }], "blackouts.0.opens"),
        (&|spec| spec.jitter = JITTER_MAX + second, "jitter"),
        (&|spec| spec.grace = Duration::ZERO, "grace"),
        (&|spec| spec.catch_up = CatchUp::All(CATCH_UP_MAX + 1), "catch_up"),
        (&|spec| spec.catch_up = CatchUp::All(0), "catch_up"),
        (&|spec| spec.options.priority = 101, "priority"),
    ];
    for (change, field) in fields {
        assert_eq!(give(change), Err((Reason::InvalidArgument, field.to_owned())));
    }
    let fill = |bytes: usize| {
        move |spec: &mut ScheduleSpec| {
            let half = bytes / 2;
            let values = [("A", half - 1), ("B", bytes - half - 1 - "UTC".len())];
            spec.options.variables = values.map(|(name, bytes)| (name.to_owned(), "x".repeat(bytes))).into();
        }
    };
    assert_eq!(give(&fill(SCHEDULE_BYTES_MAX)), Ok(()));
    let too_long = |spec: &mut ScheduleSpec| {
        fill(SCHEDULE_BYTES_MAX)(spec);
        spec.description = "x".into();
    };
    assert_eq!(give(&too_long), Err((Reason::InvalidArgument, String::new())));
}

#[test]
fn there_are_only_so_many_schedules() {
    let mut world = check("pipeline p | t\n pipeline q | t");
    let spec = Arc::new(spec(&[]));
    let create = |schedule: &str| {
        let spec = Arc::clone(&spec);
        Command::CreateSchedule { schedule: key(schedule), spec, enabled: true }
    };
    for number in 0..SCHEDULES_PER_PIPELINE_MAX {
        world.give(create(&format!("p/s{number}"))).unwrap();
    }
    assert_eq!(world.give(create("p/one-more")).unwrap_err().reason, Reason::ResourceExhausted);
    // Those of other pipelines, as if they had been created.
    let known = state_of(&world, "p/s0");
    for number in SCHEDULES_PER_PIPELINE_MAX..SCHEDULES_MAX {
        let changed = Revision(1_000_000 + number as u64);
        let schedule = Schedule { changed, ..known.clone() };
        world.state.schedules.insert(key(&format!("r{}/s{}", number / 100, number % 100)), schedule);
    }
    assert_eq!(world.state.schedules.count(), SCHEDULES_MAX);
    let refused = world.give(create("q/s")).unwrap_err();
    assert_eq!(refused.reason, Reason::ResourceExhausted);
    assert!(refused.message.contains("200000"), "{refused}");
    world.give(parse(&["unschedule", "p/s7"])).unwrap();
    world.give(create("q/s")).unwrap();
}

#[test]
fn live_runs_have_a_limit_that_slots_share() {
    use crate::limits::LIVE_RUNS_MAX;
    let mut world = check("pipeline p parallelism=1 | t\n pipeline q | t\n schedule p/s\n start q\n wait 9000");
    let run = world.state.runs.values().next().unwrap().clone();
    for number in 2..LIVE_RUNS_MAX {
        let mut live = run.clone();
        live.run.key.run = u64::try_from(number).unwrap();
        world.state.runs.insert(live.run.key.clone(), live);
    }
    assert_eq!(world.state.runs.len(), LIVE_RUNS_MAX - 1);
    let command = settle(&world, &["settle", "p/s", "1000-4000", "fire=2000,3000,4000"]);
    let decision = world.give(command).unwrap();
    let Some(Event::SlotsSettled { fired, skipped, .. }) = decision.events.first() else { panic!("{decision:?}") };
    assert_eq!((fired.len(), skipped.len()), (1, 2), "there was room for one");
    let exhausted = |skipped: &SkippedSlots| matches!(&skipped.reason, SkipReason::Refused { reason: Reason::ResourceExhausted, message } if message.contains("100000"));
    assert!(skipped.iter().all(exhausted), "{skipped:?}");
}
