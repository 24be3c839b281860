//! Random commands and events about triggers and subscriptions, and what must hold of them over a whole log.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::script_subscriptions::{report, spec, trigger, trigger_spec};
use super::universe::pipeline;
use super::world::World;
use crate::intake::numbered;
use crate::{
    Command, CursorMove, Event, EventKey, EventOutcome, EventVerdict, FollowedEvent, IncomingEvent, Intake, Reason,
    Revision, RunKey, SubscriptionKey, SubscriptionName, SubscriptionSpec, TakenEvent, Timestamp, TriggerName,
};

/// Mostly intakes; some are of another generation, or go on from elsewhere.
pub(super) fn subscription_command(world: &World, a: u8, b: u8) -> Command {
    let all: Vec<SubscriptionKey> = keys(world);
    let some = all.get(usize::from(a) % all.len().max(1)).cloned().unwrap_or_else(|| key(a));
    match b % 16 {
        0 | 1 => {
            Command::CreateSubscription { subscription: key(a), spec: random_spec(b), enabled: !a.is_multiple_of(5) }
        }
        2 => {
            let known = world.state.subscriptions.get(&some);
            let generation = known.map_or(Revision(0), |known| known.generation);
            let trigger = known.map_or(trigger("x"), |known| known.spec.trigger.clone());
            let generation = (!a.is_multiple_of(3)).then(|| Revision(generation.0 + u64::from(a % 3 == 1)));
            let spec = SubscriptionSpec { trigger, filter: b.to_string(), ..(*random_spec(a)).clone() };
            Command::UpdateSubscription { subscription: some, spec: Arc::new(spec), generation }
        }
        3 if a.is_multiple_of(4) => Command::DeleteSubscription { subscription: some },
        3 | 4 => Command::SetSubscriptionEnabled { subscription: some, enabled: !a.is_multiple_of(3) },
        5 => trigger_command(world, a, b),
        6..=9 => follow(world, a, b),
        _ => Command::TakeEvents { intake: Box::new(intake(world, &some, a, b)), subscription: some },
    }
}

fn trigger_command(world: &World, a: u8, b: u8) -> Command {
    let trigger = plug_in(a);
    let spec = Arc::new(trigger_spec(&[&format!("note={}", b / 64)]));
    let generation = world.state.triggers.get(&trigger).map_or(Revision(0), |known| known.generation);
    match a / 2 % 8 {
        0 => Command::UninstallTrigger { trigger },
        1 | 2 => Command::SetTriggerEnabled { trigger, enabled: b >= 128 },
        3 => Command::UpdateTrigger { trigger, spec, generation: (b >= 64).then_some(generation) },
        4 => {
            let report = Arc::new(report(if b < 64 { &["needs=url:text"] } else { &["takes=url:text"] }));
            Command::ReportTrigger { trigger, generation, report }
        }
        _ => Command::InstallTrigger { trigger, spec },
    }
}

fn intake(world: &World, subscription: &SubscriptionKey, a: u8, b: u8) -> Intake {
    let known = world.state.subscriptions.get(subscription);
    let generation = known.map_or(Revision(0), |known| known.generation);
    let cursor = (!a.is_multiple_of(4)).then(|| {
        let present = known.and_then(|known| known.cursor.clone());
        let from = if a % 16 == 1 { Some(Arc::from(&b"elsewhere"[..])) } else { present };
        CursorMove { from, to: Arc::from(&[b / 16][..]) }
    });
    let events = (0..a % 4).map(|place| {
        let number = b.wrapping_mul(place + 1) / 8;
        let key = EventKey::new(&format!("k{}", number % 16)).unwrap();
        IncomingEvent { key, occurred_at: Timestamp(u64::from(a)), verdict: verdict(number) }
    });
    Intake {
        generation: Revision(generation.0 - generation.0.min(u64::from(a % 16 == 2))),
        cursor,
        events: events.collect(),
    }
}

fn verdict(number: u8) -> EventVerdict {
    match number % 4 {
        0 => EventVerdict::Filtered,
        1 => EventVerdict::Malformed("no".into()),
        _ => EventVerdict::Fire(Box::default()),
    }
}

/// Goes on for some events, with one of them for each subscription; now and then with one from beyond the place.
fn follow(world: &World, a: u8, b: u8) -> Command {
    let known = world.state.followed.unwrap_or_default();
    let from = Revision(known.0 - known.0.min(u64::from(a % 16 == 1)));
    let to = Revision((from.0 + u64::from(b % 8)).min(world.state.revision.0) + u64::from(a % 16 == 2));
    let runs: Vec<&RunKey> = world.state.runs.keys().collect();
    let cause = runs.get(usize::from(b) % runs.len().max(1)).map(|run| (*run).clone());
    let last = if a % 16 >= 12 { world.state.revision } else { to };
    let asked = keys(world).into_iter().filter(|_| last > from).zip((from.0 + 1..=last.0).rev().cycle());
    let mut events: Vec<FollowedEvent> = asked
        .map(|(subscription, revision)| {
            let generation = world.state.subscriptions.get(&subscription).unwrap().generation;
            let generation = Revision(generation.0 - u64::from(a % 16 == 3));
            FollowedEvent {
                subscription,
                generation,
                revision: Revision(revision),
                is_long: (a ^ b) % 5 == 4,
                occurred_at: Timestamp(u64::from(a)),
                cause: cause.clone(),
                verdict: verdict(a / 4),
            }
        })
        .collect();
    events.sort_by_key(|event| event.revision);
    Command::FollowEvents { from, to, events }
}

/// Any event about a trigger or a subscription, true or not.
pub(super) fn subscription_event(a: u8, b: u8) -> Event {
    let (subscription, trigger) = (key(a), plug_in(a));
    let outcome = match a % 4 {
        0 => EventOutcome::Fired { run: u64::from(b) },
        1 => EventOutcome::Filtered,
        2 => EventOutcome::Malformed { message: "no".into() },
        _ => EventOutcome::Refused { reason: Reason::OverlapForbidden, message: "no".into() },
    };
    match b % 16 {
        0 => Event::TriggerUpdated { trigger, spec: Arc::new(trigger_spec(&["note=x"])) },
        1 => Event::TriggerUninstalled { trigger },
        2 => Event::TriggerEnabled { trigger },
        3 => Event::TriggerDisabled { trigger },
        4 => Event::TriggerReported { trigger, report: Arc::new(report(&[])) },
        5..=7 => Event::SubscriptionCreated { subscription, spec: random_spec(b), enabled: a.is_multiple_of(3) },
        8 => Event::SubscriptionUpdated { subscription, spec: random_spec(a) },
        9 => Event::SubscriptionDeleted { subscription },
        10 => Event::SubscriptionEnabled { subscription },
        11 => Event::SubscriptionDisabled { subscription },
        12 => Event::EventsFollowed { from: Revision(u64::from(a)), to: Revision(u64::from(b)) },
        _ => Event::EventsTaken {
            subscription,
            generation: Revision(u64::from(b)),
            cursor: a.is_multiple_of(2).then(|| CursorMove { from: None, to: Arc::from(&[a][..]) }),
            first: if a == 7 { u64::MAX } else { u64::from(b) },
            taken: vec![
                TakenEvent {
                    key: EventKey::new(&format!("k{b}")).unwrap(),
                    occurred_at: Timestamp(u64::from(b)),
                    outcome,
                    duplicate_of: a.is_multiple_of(8).then_some(u64::from(a)),
                };
                2
            ],
            from_log: a.is_multiple_of(3),
        },
    }
}

/// To each trigger in turn, of which three follow the log.
fn random_spec(number: u8) -> Arc<SubscriptionSpec> {
    let name = ["x", "webhook", "pipeline", "event", "git", "object", "y", "manual"][usize::from(number / 16 % 8)];
    let mut spec = spec(&["subscribe", "p/s", name]);
    if number.is_multiple_of(2) {
        spec.settings.insert("url".into(), "u".into());
    }
    Arc::new(spec)
}

fn plug_in(number: u8) -> TriggerName {
    trigger(["x", "y"][usize::from(number % 2)])
}

fn key(number: u8) -> SubscriptionKey {
    let name = ["s0", "s1", "s2"][usize::from(number / 8 % 3)];
    SubscriptionKey { pipeline: pipeline(number), name: SubscriptionName::new(name).unwrap() }
}

fn keys(world: &World) -> Vec<SubscriptionKey> {
    let all = world.state.subscriptions.iter();
    all.map(|(pipeline, name, _)| SubscriptionKey { pipeline: pipeline.clone(), name: name.clone() }).collect()
}

/// What a log says of a subscription, from its creation on.
#[derive(Default)]
struct Story {
    cursor: Option<Arc<[u8]>>,
    enabled: bool,
    generation: Revision,
    outcomes: BTreeMap<EventKey, (u64, EventOutcome)>,
}

/// Follows all subscriptions through a log of decisions: a key is taken once, every duplicate is told with its first
/// outcome, each event that fired has one run and each run of an event was fired, and no place goes back or is left out.
pub(super) fn check_intakes(log: &[(Timestamp, Event)]) {
    let mut stories: BTreeMap<&SubscriptionKey, Story> = BTreeMap::new();
    let mut announced: BTreeMap<RunKey, (&SubscriptionName, &EventKey)> = BTreeMap::new();
    let mut followed = Revision(0);
    for (index, (_, event)) in log.iter().enumerate() {
        let revision = Revision(u64::try_from(index).unwrap() + 1);
        if let Event::SubscriptionCreated { subscription, enabled, .. } = event {
            let story = Story { enabled: *enabled, generation: revision, ..Story::default() };
            assert!(stories.insert(subscription, story).is_none(), "{subscription} is created twice");
        } else if let Event::SubscriptionDeleted { subscription } = event {
            stories.remove(subscription).unwrap();
        } else if let Event::SubscriptionUpdated { subscription, .. } = event {
            stories.get_mut(subscription).unwrap().generation = revision;
        } else if let Event::SubscriptionEnabled { subscription } = event {
            assert!(!std::mem::replace(&mut stories.get_mut(subscription).unwrap().enabled, true));
        } else if let Event::SubscriptionDisabled { subscription } = event {
            assert!(std::mem::replace(&mut stories.get_mut(subscription).unwrap().enabled, false));
        } else if let Event::EventsFollowed { from, to } = event {
            assert!(followed <= *from && from < to && *to < revision, "{event:?} after {followed}");
            followed = *to;
        } else if let Event::EventsTaken { subscription, taken, .. } = event {
            let story = stories.get_mut(subscription).unwrap();
            check_intake(story, event);
            for TakenEvent { key, outcome, duplicate_of, .. } in taken {
                if let (EventOutcome::Fired { run }, None) = (outcome, duplicate_of) {
                    let run = RunKey { pipeline: subscription.pipeline.clone(), run: *run };
                    assert_eq!(announced.insert(run, (&subscription.name, key)), None);
                }
            }
        } else if let Event::RunCreated { run, subscription, .. } = event {
            let of = subscription.as_ref().map(|of| (&of.subscription, &of.event));
            assert_eq!(announced.remove(run), of, "{run} is of an event that did not fire, or the other way round");
        }
    }
    assert!(announced.is_empty(), "events without runs: {announced:?}");
}

fn check_intake(story: &mut Story, event: &Event) {
    let Event::EventsTaken { generation, cursor, first, taken, .. } = event else { return };
    assert!(story.enabled && *generation == story.generation, "{event:?}");
    if let Some(CursorMove { from, to }) = cursor {
        assert_eq!(&story.cursor, from, "{event:?}");
        story.cursor = Some(Arc::clone(to));
    }
    let known = u64::try_from(story.outcomes.len()).unwrap();
    assert_eq!(*first, known + 1, "{event:?}");
    let numbers: BTreeMap<u64, &EventKey> =
        numbered(*first, taken).map(|(number, taken)| (number, &taken.key)).collect();
    assert!(cursor.is_some() || !numbers.is_empty(), "it says nothing: {event:?}");
    let mut new = numbers.into_iter();
    let mut keys = BTreeSet::new();
    for TakenEvent { key, outcome, duplicate_of, .. } in taken {
        match duplicate_of {
            Some(number) => assert_eq!(story.outcomes.get(key), Some(&(*number, outcome.clone())), "{event:?}"),
            None => {
                let (number, of) = new.next().unwrap();
                assert!(of == key && keys.insert(key), "{event:?}");
                assert_eq!(
                    story.outcomes.insert(key.clone(), (number, outcome.clone())),
                    None,
                    "taken twice: {event:?}"
                );
            }
        }
    }
}
