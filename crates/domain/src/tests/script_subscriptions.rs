//! The words of scripts for triggers and subscriptions; and how subscriptions come, change and go.

use std::sync::Arc;

use super::script::{check, number, options, pairs, pipeline, run};
use super::world::World;
use crate::limits::{SUBSCRIPTIONS_MAX, SUBSCRIPTIONS_PER_PIPELINE_MAX};
use crate::{
    Command, CursorMove, Event, EventKey, EventOutcome, EventVerdict, Firing, FollowedEvent, IncomingEvent, Intake,
    Launch, Reason, Revision, Setting, SettingKind, Subscription, SubscriptionKey, SubscriptionName, SubscriptionSpec,
    TakenEvent, Timestamp, TriggerName, TriggerReport, TriggerSpec,
};

/// `p/s`
pub(super) fn key(text: &str) -> SubscriptionKey {
    let (name, subscription) = text.split_once('/').unwrap();
    SubscriptionKey { pipeline: pipeline(name), name: SubscriptionName::new(subscription).unwrap() }
}

pub(super) fn trigger(name: &str) -> TriggerName {
    TriggerName::new(name).unwrap()
}

/// A trigger that runs by itself, or is launched if a word like `image=x` says so.
pub(super) fn trigger_spec(words: &[&str]) -> TriggerSpec {
    let option = |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    let launch = option("image").map(|image| Launch { image: Some(image.into()), ..Launch::default() });
    TriggerSpec {
        description: option("note").unwrap_or_default().into(),
        token_digest: (!words.contains(&"tokenless")).then_some([7; 32]),
        launch,
    }
}

/// To the trigger of the second word, with the options of a run and words like `give=url:x` and `expr=A:event.a`.
pub(super) fn spec(words: &[&str]) -> SubscriptionSpec {
    let option = |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    SubscriptionSpec {
        description: String::new(),
        trigger: trigger(words[2]),
        settings: pairs(words, "give"),
        filter: option("filter").unwrap_or_default().into(),
        variables: pairs(words, "expr"),
        options: options(words),
    }
}

/// - `install x`, `change x generation=7 note=y`, `uninstall x`, `trigger-off x`, `trigger-on x`;
/// - `subscribe p/s x`, or `subscribe p/s x disabled`; `resubscribe p/s x generation=7`, `unsubscribe p/s`, `mute p/s`,
///   `unmute p/s`.
pub(super) fn parse(words: &[&str]) -> Command {
    let option = |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    let generation = option("generation").map(|generation| Revision(number(generation)));
    let name = words[1];
    match words[0] {
        "install" => Command::InstallTrigger { trigger: trigger(name), spec: Arc::new(trigger_spec(words)) },
        "change" => Command::UpdateTrigger { trigger: trigger(name), spec: Arc::new(trigger_spec(words)), generation },
        "uninstall" => Command::UninstallTrigger { trigger: trigger(name) },
        "trigger-off" => Command::SetTriggerEnabled { trigger: trigger(name), enabled: false },
        "trigger-on" => Command::SetTriggerEnabled { trigger: trigger(name), enabled: true },
        "subscribe" => Command::CreateSubscription {
            subscription: key(name),
            spec: Arc::new(spec(words)),
            enabled: !words.contains(&"disabled"),
        },
        "resubscribe" => {
            Command::UpdateSubscription { subscription: key(name), spec: Arc::new(spec(words)), generation }
        }
        "unsubscribe" => Command::DeleteSubscription { subscription: key(name) },
        "mute" => Command::SetSubscriptionEnabled { subscription: key(name), enabled: false },
        "unmute" => Command::SetSubscriptionEnabled { subscription: key(name), enabled: true },
        other => panic!("no such command: {other}"),
    }
}

/// Of the present generation unless `generation=7` says otherwise:
/// - `report x needs=url:text takes=every:duration:5s`;
/// - `take p/s cursor=a>b fire=k1 fire=k2:A:1 skip=k3 bad=k4`, where a cursor from `_` is from nowhere;
/// - `follow 5>9 p/s@7 p/s@8!skip p/s@9<p/1`.
pub(super) fn with_world(world: &World, words: &[&str]) -> Command {
    let option = |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    let given = option("generation").map(|generation| Revision(number(generation)));
    match words[0] {
        "report" => {
            let trigger = trigger(words[1]);
            let known = world.state.triggers.get(&trigger).map_or(Revision(0), |trigger| trigger.generation);
            let (generation, report) = (given.unwrap_or(known), Arc::new(report(words)));
            Command::ReportTrigger { trigger, generation, report }
        }
        "take" => {
            let subscription = key(words[1]);
            let known = world.state.subscriptions.get(&subscription);
            let generation = given.or(known.map(|known| known.generation)).unwrap_or_default();
            let cursor = option("cursor").map(|text| {
                let (from, to) = text.split_once('>').unwrap();
                let place = |text: &str| Arc::from(text.as_bytes());
                CursorMove { from: (from != "_").then(|| place(from)), to: place(to) }
            });
            let events = words[2..].iter().filter_map(|word| incoming(word)).collect();
            Command::TakeEvents { subscription, intake: Box::new(Intake { generation, cursor, events }) }
        }
        "follow" => {
            let (from, to) = words[1].split_once('>').unwrap();
            let events = words[2..].iter().filter(|word| word.contains('@'));
            let events = events.map(|word| followed(world, given, word)).collect();
            Command::FollowEvents { from: Revision(number(from)), to: Revision(number(to)), events }
        }
        other => panic!("no such command: {other}"),
    }
}

fn incoming(word: &str) -> Option<IncomingEvent> {
    let (how, text) = word.split_once('=')?;
    let (key, rest) = text.split_once(':').unwrap_or((text, ""));
    let verdict = match how {
        "fire" => {
            let variables = rest.split_once(':').map(|(name, value)| (name.to_owned(), value.to_owned()));
            EventVerdict::Fire(Box::new(Firing { variables: variables.into_iter().collect(), ..Firing::default() }))
        }
        "skip" => EventVerdict::Filtered,
        "bad" => EventVerdict::Malformed("no such field".into()),
        _ => return None,
    };
    Some(IncomingEvent { key: EventKey::new(key).unwrap(), occurred_at: Timestamp(5), verdict })
}

fn followed(world: &World, generation: Option<Revision>, word: &str) -> FollowedEvent {
    let (word, cause) = word.split_once('<').map_or((word, None), |(word, cause)| (word, Some(run(cause))));
    let (word, is_long) = word.strip_suffix("!long").map_or((word, false), |word| (word, true));
    let (word, is_skipped) = word.strip_suffix("!skip").map_or((word, false), |word| (word, true));
    let (subscription, revision) = word.split_once('@').unwrap();
    let subscription = key(subscription);
    let known = world.state.subscriptions.get(&subscription);
    let generation = generation.or(known.map(|known| known.generation)).unwrap_or_default();
    let verdict = if is_skipped { EventVerdict::Filtered } else { EventVerdict::Fire(Box::default()) };
    let revision = Revision(number(revision));
    FollowedEvent { subscription, generation, revision, is_long, occurred_at: Timestamp(5), cause, verdict }
}

pub(super) fn report(words: &[&str]) -> TriggerReport {
    let of = |name: &str, required: bool| {
        pairs(words, name).into_iter().map(move |(name, kind)| {
            let (kind, default) = kind.split_once(':').map_or((&*kind, None), |(kind, of)| (kind, Some(of.to_owned())));
            let kind = match kind {
                "text" => SettingKind::Text,
                "number" => SettingKind::Number,
                "boolean" => SettingKind::Boolean,
                "duration" => SettingKind::Duration,
                other => panic!("no such kind: {other}"),
            };
            (name, Setting { kind, required, default, description: String::new() })
        })
    };
    TriggerReport { version: "1.0".into(), settings: of("needs", true).chain(of("takes", false)).collect() }
}

/// An event about triggers and subscriptions in few words.
pub(super) fn show(event: &Event) -> String {
    if let Event::TriggerInstalled { trigger, .. } = event {
        format!("{trigger} installed")
    } else if let Event::TriggerUpdated { trigger, .. } = event {
        format!("{trigger} updated")
    } else if let Event::TriggerUninstalled { trigger } = event {
        format!("{trigger} uninstalled")
    } else if let Event::TriggerEnabled { trigger } = event {
        format!("{trigger} enabled")
    } else if let Event::TriggerDisabled { trigger } = event {
        format!("{trigger} disabled")
    } else if let Event::TriggerReported { trigger, .. } = event {
        format!("{trigger} reported")
    } else if let Event::SubscriptionCreated { subscription, enabled, .. } = event {
        format!("{subscription} created{}", if *enabled { "" } else { " disabled" })
    } else if let Event::SubscriptionUpdated { subscription, .. } = event {
        format!("{subscription} updated")
    } else if let Event::SubscriptionDeleted { subscription } = event {
        format!("{subscription} deleted")
    } else if let Event::SubscriptionEnabled { subscription } = event {
        format!("{subscription} enabled")
    } else if let Event::SubscriptionDisabled { subscription } = event {
        format!("{subscription} disabled")
    } else if let Event::EventsTaken { subscription, cursor, taken, .. } = event {
        let cursor = cursor.as_ref().map_or(String::new(), |cursor| format!(" to {}", cursor.to.escape_ascii()));
        let taken: String = taken.iter().map(show_taken).collect();
        format!("{subscription} took{taken}{cursor}")
    } else if let Event::EventsFollowed { to, .. } = event {
        format!("followed {to}")
    } else {
        panic!("not about subscriptions: {event:?}")
    }
}

fn show_taken(taken: &TakenEvent) -> String {
    let outcome = match &taken.outcome {
        EventOutcome::Fired { run } => run.to_string(),
        EventOutcome::Filtered => "filtered".into(),
        EventOutcome::Malformed { message } => {
            assert!(!message.is_empty());
            "malformed".into()
        }
        EventOutcome::Refused { reason, message } => {
            assert!(!message.is_empty());
            reason.name().to_lowercase()
        }
    };
    let again = taken.duplicate_of.map_or(String::new(), |number| format!(" again {number}"));
    format!(" {}:{outcome}{again}", taken.key)
}

pub(super) fn state_of(world: &World, subscription: &str) -> Subscription {
    world.state.subscriptions.get(&key(subscription)).unwrap().clone()
}

#[test]
fn a_subscription_comes_changes_and_goes() {
    let world = check(
        "
        subscribe p/s webhook               -> ! NOT_FOUND
        pipeline p | t
        subscribe p/s webhook set=A:1       -> p/s created
        subscribe p/s webhook               -> ! ALREADY_EXISTS
        resubscribe p/x webhook             -> ! NOT_FOUND
        resubscribe p/s webhook set=A:1     ->
        resubscribe p/s webhook generation=1 set=A:2 -> ! FAILED_PRECONDITION
        resubscribe p/s webhook generation=4 set=A:2 -> p/s updated
        mute p/s                            -> p/s disabled
        mute p/s                            ->
        unmute p/s                          -> p/s enabled
        unmute p/s                          ->
        mute p/x                            -> ! NOT_FOUND
        unsubscribe p/x                     -> ! NOT_FOUND
        subscribe p/t github disabled       -> p/t created disabled
        ",
    );
    let known = state_of(&world, "p/s");
    assert_eq!(
        (known.created, known.generation, known.since, known.changed),
        (Revision(4), Revision(5), Revision(7), Revision(7))
    );
    assert_eq!((known.cursor, known.taken, known.fired), (None, 0, 0));
    let changed = |after: u64| world.state.subscriptions.changed_after(Revision(after)).count();
    assert_eq!((changed(0), changed(4), changed(7), changed(8)), (2, 2, 1, 0));
    let of = |name: &str| world.state.subscriptions.of_trigger(&trigger(name)).count();
    assert_eq!((of("webhook"), of("github"), of("git")), (1, 1, 0));
}

#[test]
fn a_subscription_keeps_its_trigger() {
    let mut world = check("pipeline p | t\n subscribe p/s webhook");
    let refused = world.give(parse(&["resubscribe", "p/s", "github"])).unwrap_err();
    assert_eq!((refused.reason, refused.field.as_str()), (Reason::FailedPrecondition, "trigger"));
}

#[test]
fn a_pipeline_goes_without_subscriptions_only() {
    check(
        "
        pipeline p | t
        subscribe p/s webhook
        delete p                 -> ! FAILED_PRECONDITION
        delete-namespace default -> ! FAILED_PRECONDITION
        unsubscribe p/s          -> p/s deleted
        delete p                 -> p deleted
        ",
    );
}

#[test]
fn nothing_is_subscribed_to_before_all_nodes_know_how() {
    check(
        "
        node 1
        node 2 logic=3
        pipeline p | t           -> p version 1
        install x                -> ! FAILED_PRECONDITION
        subscribe p/s webhook    -> ! FAILED_PRECONDITION
        remove 2
        install x                -> x installed
        subscribe p/s webhook    -> p/s created
        node 3 logic=3
        take p/s fire=a          -> ! FAILED_PRECONDITION
        follow 1>2               -> ! FAILED_PRECONDITION
        ",
    );
}

#[test]
fn what_a_run_needs_has_a_value_or_an_expression() {
    let mut world = check("pipeline p parameter=A parameter=B:x | t\n pipeline q | t");
    let mut field = |words: &[&str]| {
        let refused = world.give(parse(&[&["subscribe", "p/s", "webhook"], words].concat())).unwrap_err();
        assert_eq!(refused.reason, Reason::InvalidArgument);
        refused.field
    };
    assert_eq!(field(&[]), "variables.A");
    assert_eq!(field(&["set=B:1"]), "variables.A");
    assert_eq!(field(&["set=A:1", "set=C:1"]), "variables.C");
    assert_eq!(field(&["set=A:1", "expr=C:event"]), "variables.C");
    assert_eq!(field(&["set=A:1", "expr=A:event"]), "variables.A");
    assert_eq!(field(&["set=A:1", "priority=101"]), "priority");
    for (subscription, words) in [("p/a", ["set=A:1", "expr=B:event"]), ("p/b", ["expr=A:event.a", "set=B:2"])] {
        let words = [&["subscribe", subscription, "webhook"][..], &words].concat();
        assert!(world.give(parse(&words)).is_ok(), "{words:?}");
    }
    assert!(world.give(parse(&["subscribe", "q/a", "webhook", "expr=ANY:event"])).is_ok());
}

#[test]
fn there_are_so_many_subscriptions_at_most() {
    let mut world = check("pipeline p | t\n pipeline q | t\n subscribe p/first webhook");
    let known = state_of(&world, "p/first");
    let fill = |world: &mut World, pipeline: &str, count: usize| {
        for number in 0..count {
            let changed = Revision(1_000_000 + u64::try_from(world.state.subscriptions.count()).unwrap());
            let other = Subscription { changed, ..known.clone() };
            world.state.subscriptions.insert(key(&format!("{pipeline}/s{number}")), other);
        }
    };
    fill(&mut world, "p", SUBSCRIPTIONS_PER_PIPELINE_MAX - 1);
    let refused = world.give(parse(&["subscribe", "p/more", "webhook"])).unwrap_err();
    assert_eq!(refused.reason, Reason::ResourceExhausted);
    assert!(refused.message.contains(&SUBSCRIPTIONS_PER_PIPELINE_MAX.to_string()), "{refused}");
    assert!(world.give(parse(&["subscribe", "q/more", "webhook"])).is_ok());
    let left = SUBSCRIPTIONS_MAX - world.state.subscriptions.count();
    fill(&mut world, "r", left);
    let refused = world.give(parse(&["subscribe", "q/most", "webhook"])).unwrap_err();
    assert!(refused.message.contains(&SUBSCRIPTIONS_MAX.to_string()), "{refused}");
}
