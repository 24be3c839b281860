//! Events of the cluster's own log, which the leader follows; and the chains that come of it.

use std::sync::Arc;

use super::script::{check, run};
use super::script_subscriptions::{key, parse, spec, state_of, with_world};
use super::world::World;
use crate::limits::{CHAIN_DEPTH_MAX, TAKEN_EVENTS_MAX};
use crate::{Command, Event, EventOutcome, Reason, Rejection, Revision};

fn follow(world: &mut World, words: &[&str]) -> Result<Vec<Event>, Rejection> {
    let words = [&["follow"], words].concat();
    world.give(with_world(world, &words)).map(|decision| decision.events)
}

#[test]
fn the_log_is_followed_from_the_first_subscription_that_asks_for_it() {
    let world = check(
        "
        pipeline p | t
        follow 3>3                    -> ! FAILED_PRECONDITION
        subscribe p/w webhook
        follow 4>4                    -> ! FAILED_PRECONDITION
        subscribe p/s event           -> p/s created
        subscribe p/t pipeline        -> p/t created
        follow 4>6                    -> ! FAILED_PRECONDITION
        follow 5>7                    -> ! FAILED_PRECONDITION
        follow 5>4                    -> ! FAILED_PRECONDITION
        follow 5>5                    ->
        follow 5>6 p/s@6              -> followed 6, p/s took 6:1, p/1 created v1 for s#6, p/1 started, p/1/t queued
        follow 5>6 p/s@6              -> ! FAILED_PRECONDITION
        follow 6>11 p/s@8 p/t@9 p/t@10!skip p/s@11 -> followed 11, p/s took 8:2, p/2 created v1 for s#8, p/2 started, p/2/t queued, p/t took 9:3 10:filtered, p/3 created v1 for t#9, p/3 started, p/3/t queued, p/s took 11:4, p/4 created v1 for s#11, p/4 started, p/4/t queued
        ",
    );
    assert_eq!(world.state.followed, Some(Revision(11)));
    assert_eq!((state_of(&world, "p/s").taken, state_of(&world, "p/t").taken), (3, 2));
}

#[test]
fn who_else_asks_for_the_log_goes_on_where_it_is_followed() {
    let mut world = check("pipeline p | t\n subscribe p/s event\n subscribe p/t object\n unsubscribe p/s");
    assert_eq!(world.state.followed, Some(Revision(4)), "another one asks");
    world.give(parse(&["unsubscribe", "p/t"])).unwrap();
    assert_eq!(world.state.followed, None, "nobody asks any more");
    world.give(parse(&["subscribe", "p/s", "event", "disabled"])).unwrap();
    assert_eq!(world.state.followed, Some(Revision(8)));
}

#[test]
fn what_is_about_a_subscription_that_is_gone_is_left_out_and_about_a_changed_one_looked_at_anew() {
    check(
        "
        pipeline p | t
        subscribe p/s event
        subscribe p/w webhook
        subscribe p/d event disabled
        subscribe p/n event
        note p/9                        -> ! NOT_FOUND
        follow 4>8                      -> ! FAILED_PRECONDITION
        follow 4>7 p/s@5 p/w@5 p/d@7 p/n@7 p/gone@7 -> followed 7, p/s took 5:1, p/1 created v1 for s#5, p/1 started, p/1/t queued
        mute p/s
        unmute p/s
        follow 7>13 p/s@12 p/s@13        -> followed 13
        cancel p/1
        follow 13>15 p/s@15 generation=3 -> ! FAILED_PRECONDITION
        follow 13>15 p/s@15              -> followed 15, p/s took 15:2, p/2 created v1 for s#15, p/2 started, p/2/t queued
        ",
    );
}

/// As an event does that more subscriptions ask for than one command takes.
#[test]
fn an_event_may_take_several_commands() {
    check(
        "
        pipeline p | t
        subscribe p/s event
        subscribe p/t event
        disable p
        enable p
        follow 4>5 p/s@6!skip            -> followed 5, p/s took 6:filtered
        follow 5>5 p/t@6!skip p/s@7!skip -> p/t took 6:filtered, p/s took 7:filtered
        follow 5>5 p/t@6!skip            ->
        follow 5>7 p/s@6!skip p/t@6!skip p/s@7!skip p/t@7!skip -> followed 7, p/t took 7:filtered
        ",
    );
}

#[test]
fn followed_events_are_in_order_and_after_the_place() {
    let mut world = check("pipeline p | t\n subscribe p/s event\n disable p\n enable p\n disable p");
    for words in [&["4>7", "p/s@4"][..], &["4>6", "p/s@8"], &["4>7", "p/s@6", "p/s@5"], &["4>4", "p/s@4"]] {
        let refused = follow(&mut world, words).unwrap_err();
        assert_eq!((refused.reason, refused.field.as_str()), (Reason::InvalidArgument, "events"), "{words:?}");
    }
    let most: Vec<&str> = vec!["p/s@5"; TAKEN_EVENTS_MAX + 1];
    let refused = follow(&mut world, &[&["4>7"], &most[..]].concat()).unwrap_err();
    assert_eq!((refused.reason, refused.field.as_str()), (Reason::InvalidArgument, "events"));
    // An event that is told twice is one.
    let events = follow(&mut world, &["4>7", "p/s@5", "p/s@5"]).unwrap();
    let Event::EventsTaken { taken, .. } = &events[1] else { panic!("{events:?}") };
    assert_eq!((taken.len(), taken[1].duplicate_of), (2, Some(1)));
}

#[test]
fn only_the_log_itself_tells_of_its_events() {
    let mut world = check("pipeline p | t\n subscribe p/s pipeline");
    let refused = world.give(with_world(&world, &["take", "p/s", "fire=4"])).unwrap_err();
    assert_eq!((refused.reason, refused.field.as_str()), (Reason::FailedPrecondition, "trigger"));
}

/// The newest run is the cause of the next, again and again.
#[test]
fn a_chain_of_runs_ends() {
    let mut world = check("pipeline p | t\n subscribe p/s pipeline\n start p");
    for depth in 1..=CHAIN_DEPTH_MAX + 1 {
        if depth % 2 == 0 {
            // The one that it follows from has ended long ago.
            world.give(Command::CancelRun { run: run(&format!("p/{depth}")), message: String::new() }).unwrap();
            world.evict();
        }
        let (from, to) = (world.state.followed.unwrap(), world.state.revision);
        let (interval, event) = (format!("{from}>{to}"), format!("p/s@{to}<p/{depth}"));
        let events = follow(&mut world, &[&interval, &event]).unwrap();
        let Event::EventsTaken { taken, .. } = &events[1] else { panic!("{events:?}") };
        if depth <= CHAIN_DEPTH_MAX {
            let Event::RunCreated { depth: found, .. } = &events[2] else { panic!("{events:?}") };
            assert_eq!(*found, depth);
        } else {
            let refused = matches!(taken[0].outcome, EventOutcome::Refused { reason: Reason::FailedPrecondition, .. });
            assert!(refused, "{taken:?}");
        }
    }
}

#[test]
fn a_chain_goes_on_through_runs_of_tasks_and_retries() {
    let mut world = check(
        "
        pipeline q | t
        pipeline p | c calls=q
        subscribe p/s pipeline
        start p
        follow 5>6 p/s@6<p/1
        ",
    );
    let created = |events: &[Event]| {
        events.iter().find_map(|event| {
            let Event::RunCreated { run, depth, .. } = event else { return None };
            Some((run.to_string(), *depth))
        })
    };
    let task = crate::TaskKey { run: run("p/2"), task: crate::TaskId::new("c").unwrap() };
    let decision = world.give(Command::AdvanceTask { task }).unwrap();
    assert_eq!(created(&decision.events), Some(("default/q/1".into(), 1)), "a called run is as deep as its caller");
    world.give(Command::CancelRun { run: run("q/1"), message: String::new() }).unwrap();
    let retry = Command::RetryRun { run: run("q/1"), from: crate::run::RetryFrom::Start };
    let decision = world.give(retry).unwrap();
    assert_eq!(created(&decision.events), Some(("default/q/2".into(), 1)), "and so is its retry");
}

#[test]
fn a_run_of_nobody_begins_a_chain() {
    let mut world = check("pipeline p | t\n subscribe p/s event\n start p");
    let events = follow(&mut world, &["4>5", "p/s@5<p/77"]).unwrap();
    assert!(matches!(&events[2], Event::RunCreated { depth: 0, .. }), "{events:?}");
}

#[test]
fn what_has_still_to_be_looked_at_stays_on_the_nodes() {
    let mut world = check("pipeline p | t\n subscribe p/s event");
    for number in 0..20 {
        let spec = spec(&["subscribe", "p/x", "event", &format!("filter={number}")]);
        let (subscription, spec) = (key("p/s"), Arc::new(spec));
        world.give(Command::UpdateSubscription { subscription, spec, generation: None }).unwrap();
    }
    let archive = |world: &mut World, first: u64, last: u64| {
        let segment = Box::new(super::script::segment(first, last));
        let decision = world.give(Command::ArchiveEvents { segment, keep: 10 }).unwrap();
        let Event::EventsArchived { trimmed, .. } = decision.events[0] else { panic!("{decision:?}") };
        trimmed.0
    };
    assert_eq!(archive(&mut world, 1, 10), 4, "the log was followed up to there");
    follow(&mut world, &["4>9"]).unwrap();
    assert_eq!(archive(&mut world, 11, 12), 9);
    world.give(parse(&["unsubscribe", "p/s"])).unwrap();
    assert_eq!(archive(&mut world, 13, 14), 14, "nobody asks any more");
}

#[test]
fn that_a_run_is_long_is_told_once_whoever_finds_out() {
    let mut world = check(
        "
        pipeline p | t
        start p
        subscribe p/s pipeline
        follow 7>7 p/s@7!long<p/1      -> p/s took long:p/1:2, p/2 created v1 for s#long:p/1 deep 1, p/2 started, p/2/t queued
        follow 7>7 p/s@7!long<p/1      ->
        follow 7>11 p/s@9!long<p/1     -> followed 11
        follow 11>11 p/s@11!long<p/2      -> p/s took long:p/2:3, p/3 created v1 for s#long:p/2 deep 2, p/3 started, p/3/t queued
        follow 11>11 p/s@11!long          -> ! INVALID_ARGUMENT
        mute p/s
        follow 11>11 p/s@11!long<p/3      ->
        ",
    );
    assert_eq!(state_of(&world, "p/s").taken, 2);
    let refused = follow(&mut world, &["11>11", "p/s@99!long<p/1"]).unwrap_err();
    assert_eq!(refused.field, "events", "of the future");
}
