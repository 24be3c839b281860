//! Events that triggers tell of: what becomes of each, once.

use std::sync::Arc;

use super::script::check;
use super::script_subscriptions::{key, parse, state_of, with_world};
use super::world::World;
use crate::decide::Decision;
use crate::event::Answer;
use crate::limits::{
    CURSOR_BYTES_MAX, EVENT_KEY_BYTES_MAX, EVENT_KEYS_REMEMBERED, EVENT_MESSAGE_BYTES_MAX, LIVE_RUNS_MAX,
    TAKEN_BYTES_MAX, TAKEN_EVENTS_MAX, VARIABLES_MAX,
};
use crate::{
    Command, CursorMove, Event, EventFate, EventKey, EventOutcome, EventVerdict, FateKind, Firing, IncomingEvent,
    Intake, Reason, Rejection, RunOptions, TakenEvent, Timestamp,
};

fn take(world: &mut World, words: &[&str]) -> Result<Vec<EventFate>, Rejection> {
    let words = [&["take", "p/s"], words].concat();
    fates(world.give(with_world(world, &words))?)
}

fn fates(decision: Decision) -> Result<Vec<EventFate>, Rejection> {
    let Answer::Events(fates) = decision.answer else { panic!("{decision:?}") };
    Ok(fates)
}

fn fate(kind: FateKind, is_duplicate: bool) -> EventFate {
    EventFate { kind, is_duplicate }
}

#[test]
fn events_start_runs_that_know_them() {
    let world = check(
        "
        pipeline p | t
        subscribe p/s webhook set=A:1 label=l:1 priority=3
        take p/x fire=a -> ! NOT_FOUND
        take p/s fire=a fire=b:B:2 skip=c bad=d -> p/s took a:1 b:2 c:filtered d:malformed, p/1 created v1 for s#a A:1, p/1 started, p/1/t queued, p/2 created v1 for s#b A:1 B:2, p/2 started, p/2/t queued
        wait 10
        take p/s fire=e:A:9 -> p/s took e:3, p/3 created v1 for s#e A:9, p/3 started, p/3/t queued
        ",
    );
    let known = state_of(&world, "p/s");
    assert_eq!((known.taken, known.fired, known.skipped()), (5, 3, 2));
    let last = known.last_fired.unwrap();
    assert_eq!((last.key.as_str(), last.run, last.at), ("e", 3, Timestamp(1_010)));
    let last = known.last_skipped.unwrap();
    assert_eq!((last.key.as_str(), last.at), ("d", Timestamp(1_000)));
    assert_eq!(last.outcome, EventOutcome::Malformed { message: "no such field".into() });
    let run = &world.state.runs.values().next().unwrap().run;
    let event = run.subscription.as_ref().unwrap();
    assert_eq!((event.subscription.as_str(), event.event.as_str(), run.depth), ("s", "a", 0));
    assert_eq!((run.options.priority, run.options.labels["l"].as_str()), (3, "1"));
}

#[test]
fn an_event_is_taken_once_and_its_first_outcome_is_told_again() {
    let mut world = check("pipeline p | t\n subscribe p/s webhook\n pipeline q | t\n subscribe q/s webhook");
    assert_eq!(
        take(&mut world, &["fire=a", "skip=b", "fire=a"]).unwrap(),
        [
            fate(FateKind::Fired { run: 1 }, false),
            fate(FateKind::Filtered, false),
            fate(FateKind::Fired { run: 1 }, true),
        ]
    );
    let before = (world.log.len(), world.state.clone());
    let again = take(&mut world, &["skip=a", "fire=b"]).unwrap();
    assert_eq!(again, [fate(FateKind::Fired { run: 1 }, true), fate(FateKind::Filtered, true)]);
    assert_eq!((world.log.len(), &world.state), (before.0, &before.1), "nothing happened");
    assert_eq!(
        take(&mut world, &["fire=b", "bad=c", "fire=c"]).unwrap(),
        [fate(FateKind::Filtered, true), fate(FateKind::Malformed, false), fate(FateKind::Malformed, true),]
    );
    let Some((_, Event::EventsTaken { first: 3, taken, .. })) = world.log.last() else { panic!("{:?}", world.log) };
    assert_eq!(taken.iter().map(|event| event.duplicate_of).collect::<Vec<_>>(), [Some(2), None, Some(3)]);
    assert_eq!(state_of(&world, "p/s").taken, 3);
    // Another subscription has keys of its own.
    let other = with_world(&world, &["take", "q/s", "fire=a"]);
    assert_eq!(world.give(other).unwrap().events.len(), 4);
    assert_eq!(take(&mut world, &[]).unwrap(), []);
}

#[test]
fn a_cursor_moves_from_where_it_is_or_the_intake_is_refused() {
    let mut world = check(
        "
        pipeline p | t
        subscribe p/s git
        take p/s cursor=a>b fire=1     -> ! FAILED_PRECONDITION
        take p/s cursor=_>a skip=1     -> p/s took 1:filtered to a
        take p/s cursor=_>a skip=2     -> ! FAILED_PRECONDITION
        take p/s cursor=b>c skip=2     -> ! FAILED_PRECONDITION
        take p/s cursor=a>b skip=1     -> p/s took 1:filtered again 1 to b
        take p/s cursor=b>c            -> p/s took to c
        take p/s cursor=c>c skip=1     ->
        take p/s skip=2                -> p/s took 2:filtered
        resubscribe p/s git give=url:u -> p/s updated
        take p/s cursor=c>d            -> p/s took to d
        mute p/s
        take p/s cursor=d>e            -> ! FAILED_PRECONDITION
        unmute p/s
        take p/s cursor=d>e generation=3 -> ! FAILED_PRECONDITION
        take p/s cursor=d>e            -> p/s took to e
        ",
    );
    assert_eq!(state_of(&world, "p/s").cursor.as_deref(), Some(&b"e"[..]));
    let mut field = |words: &[&str]| take(&mut world, words).unwrap_err().field;
    assert_eq!(field(&["cursor=d>f"]), "cursor");
    assert_eq!(field(&["cursor=e>f", "generation=1"]), "generation");
    world.give(parse(&["mute", "p/s"])).unwrap();
    assert_eq!(take(&mut world, &["cursor=e>f"]).unwrap_err().field, "subscription");
}

#[test]
fn each_run_of_an_intake_is_decided_against_those_before_it() {
    check(
        "
        pipeline f overlap=forbid | t
        subscribe f/s webhook
        take f/s fire=a fire=b fire=a -> f/s took a:1 b:overlap_forbidden a:1 again 1, f/1 created v1 for s#a, f/1 started, f/1/t queued
        pipeline r overlap=replace | t
        subscribe r/s webhook
        take r/s fire=a fire=b -> r/s took a:1 b:2, r/1 created v1 for s#a, r/1 started, r/1/t queued, r/2 created v1 for s#b, r/1 stop replaced by 2, r/1/t CANCELLED, r/1 CANCELLED, r/2 started, r/2/t queued
        take f/s fire=b fire=c -> f/s took b:overlap_forbidden again 2 c:overlap_forbidden
        ",
    );
}

#[test]
fn an_event_that_can_start_nothing_is_skipped_with_the_reason() {
    let mut world = check(
        "
        pipeline p parameter=A | t
        subscribe p/s webhook expr=A:event.a
        take p/s fire=a:A:1 -> p/s took a:1, p/1 created v1 for s#a A:1, p/1 started, p/1/t queued
        take p/s fire=b     -> p/s took b:invalid_argument
        take p/s fire=c:B:1 -> p/s took c:invalid_argument
        disable p
        take p/s fire=d:A:1 -> p/s took d:failed_precondition
        enable p
        take p/s fire=d:A:1 ->
        take p/s fire=e:A:1 -> p/s took e:2, p/2 created v1 for s#e A:1, p/2 started, p/2/t queued
        ",
    );
    let many = (0..=VARIABLES_MAX).map(|number| (format!("V{number}"), String::new())).collect();
    let firing = Firing { variables: many, ..Firing::default() };
    let [fate] = give(&mut world, vec![event("f", EventVerdict::Fire(Box::new(firing)))]).unwrap()[..] else {
        panic!("one event, one fate")
    };
    assert_eq!(fate.kind, FateKind::Refused(Reason::InvalidArgument));
    let live = world.state.runs.values().next().unwrap().clone();
    for number in world.state.runs.len()..LIVE_RUNS_MAX {
        let mut key = live.run.key.clone();
        key.run = 1_000 + u64::try_from(number).unwrap();
        world.state.runs.insert(key, live.clone());
    }
    let fates = take(&mut world, &["fire=g:A:1"]).unwrap();
    assert_eq!(fates[0].kind, FateKind::Refused(Reason::ResourceExhausted));
}

#[test]
fn what_an_event_says_goes_over_what_its_subscription_says() {
    let mut world = check("pipeline p | t\n subscribe p/s webhook set=A:1 set=B:1 label=l:1 label=m:1 note=n");
    let pairs = |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    let firing = Firing { variables: pairs(&[("B", "2")]), labels: pairs(&[("m", "2")]), note: "o".into() };
    give(&mut world, vec![event("a", EventVerdict::Fire(Box::new(firing)))]).unwrap();
    take(&mut world, &["fire=b"]).unwrap();
    let options: Vec<&RunOptions> = world.state.runs.values().map(|live| &live.run.options).collect();
    assert_eq!(options[0].variables, pairs(&[("A", "1"), ("B", "2")]));
    assert_eq!(options[0].labels, pairs(&[("l", "1"), ("m", "2")]));
    assert_eq!((options[0].note.as_str(), options[1].note.as_str()), ("o", "n"));
}

#[test]
fn a_subscription_that_comes_back_remembers_nothing() {
    let mut world = check("pipeline p | t\n subscribe p/s webhook");
    take(&mut world, &["cursor=_>a", "fire=k"]).unwrap();
    let stale = with_world(&world, &["take", "p/s", "cursor=a>b", "fire=l"]);
    for words in [&["unsubscribe", "p/s"][..], &["subscribe", "p/s", "webhook"]] {
        world.give(parse(words)).unwrap();
    }
    assert_eq!(world.give(stale).unwrap_err().field, "generation");
    assert_eq!((state_of(&world, "p/s").taken, state_of(&world, "p/s").cursor), (0, None));
    assert_eq!(take(&mut world, &["cursor=_>a", "fire=k"]).unwrap(), [fate(FateKind::Fired { run: 2 }, false)]);
}

#[test]
fn a_key_is_remembered_for_so_many_others() {
    let mut world = check("pipeline p | t\n subscribe p/s webhook");
    take(&mut world, &["fire=old", "skip=next"]).unwrap();
    // As if all but two of those that it remembers had come since.
    let outcome = EventOutcome::Filtered;
    let taken = vec![TakenEvent { key: key_of("late"), occurred_at: Timestamp(5), outcome, duplicate_of: None }];
    let generation = state_of(&world, "p/s").generation;
    let first = EVENT_KEYS_REMEMBERED;
    let (subscription, cursor, from_log) = (key("p/s"), None, false);
    world.fold(&Event::EventsTaken { subscription, generation, cursor, first, taken, from_log });
    assert_eq!(state_of(&world, "p/s").taken, EVENT_KEYS_REMEMBERED);
    assert_eq!(take(&mut world, &["fire=old"]).unwrap(), [fate(FateKind::Fired { run: 1 }, true)]);
    // It is forgotten by an event of the same intake, which was looked up before that was so.
    let fates = take(&mut world, &["skip=new", "fire=old"]).unwrap();
    assert_eq!(fates, [fate(FateKind::Filtered, false), fate(FateKind::Fired { run: 1 }, true)]);
    assert_eq!(take(&mut world, &["skip=next"]).unwrap(), [fate(FateKind::Filtered, true)]);
    assert_eq!(take(&mut world, &["fire=old"]).unwrap(), [fate(FateKind::Fired { run: 2 }, false)]);
}

fn key_of(text: &str) -> EventKey {
    EventKey::new(text).unwrap()
}

fn event(key: &str, verdict: EventVerdict) -> IncomingEvent {
    IncomingEvent { key: key_of(key), occurred_at: Timestamp(5), verdict }
}

fn give(world: &mut World, events: Vec<IncomingEvent>) -> Result<Vec<EventFate>, Rejection> {
    let generation = state_of(world, "p/s").generation;
    let intake = Box::new(Intake { generation, cursor: None, events });
    fates(world.give(Command::TakeEvents { subscription: key("p/s"), intake })?)
}

#[test]
fn intakes_have_limits() {
    let mut world = check("pipeline p | t\n subscribe p/s webhook");
    let many = |count: usize| (0..count).map(|number| event(&number.to_string(), EventVerdict::Filtered)).collect();
    let refused = give(&mut world, many(TAKEN_EVENTS_MAX + 1)).unwrap_err();
    assert_eq!((refused.reason, refused.field.as_str()), (Reason::InvalidArgument, "events"));
    assert_eq!(give(&mut world, many(TAKEN_EVENTS_MAX)).unwrap().len(), TAKEN_EVENTS_MAX);
    let large = EventVerdict::Malformed("x".repeat(TAKEN_BYTES_MAX));
    assert_eq!(give(&mut world, vec![event("a", large)]).unwrap_err().field, "events");
    let firing = Firing { note: "x".repeat(TAKEN_BYTES_MAX), ..Firing::default() };
    let large = EventVerdict::Fire(Box::new(firing));
    assert_eq!(give(&mut world, vec![event("a", large)]).unwrap_err().field, "events");
    let wordy = EventVerdict::Malformed("ä".repeat(EVENT_MESSAGE_BYTES_MAX));
    give(&mut world, vec![event("wordy", wordy)]).unwrap();
    let EventOutcome::Malformed { message } = state_of(&world, "p/s").last_skipped.unwrap().outcome else { panic!() };
    assert_eq!(message.len(), EVENT_MESSAGE_BYTES_MAX);

    let generation = state_of(&world, "p/s").generation;
    let mut cursor = |bytes: usize| {
        let cursor = Some(CursorMove { from: None, to: Arc::from(vec![0; bytes]) });
        let intake = Box::new(Intake { generation, cursor, events: Vec::new() });
        world.give(Command::TakeEvents { subscription: key("p/s"), intake })
    };
    let refused = cursor(CURSOR_BYTES_MAX + 1).unwrap_err();
    assert_eq!((refused.reason, refused.field.as_str()), (Reason::InvalidArgument, "cursor"));
    assert!(cursor(CURSOR_BYTES_MAX).is_ok());

    for bad in ["", "a\nb", "a\0", &"x".repeat(EVENT_KEY_BYTES_MAX + 1)] {
        assert_eq!(EventKey::new(bad).unwrap_err().field, "key");
    }
    assert!(EventKey::new(&"x".repeat(EVENT_KEY_BYTES_MAX)).is_ok());
}
