//! Triggers, subscriptions and what these have taken in the views: written, changed, forgotten, taken away, loaded and
//! replayed.

use std::collections::BTreeMap;

use gofer_domain::event::Answer;
use gofer_domain::limits::EVENT_KEYS_REMEMBERED;
use gofer_domain::*;

use super::world::{World, pipeline, request, run};
use super::*;
use crate::history;
use crate::{EntryKind, Outcome, PlacedEvent, Replayer, ViewKind, Views, view_name};

pub(super) fn key(name: &str, subscription: &str) -> SubscriptionKey {
    SubscriptionKey { pipeline: pipeline(name), name: SubscriptionName::new(subscription).unwrap() }
}

fn trigger(name: &str) -> TriggerName {
    TriggerName::new(name).unwrap()
}

fn create(subscription: &SubscriptionKey, to: &str, filter: &str) -> Command {
    let spec = SubscriptionSpec {
        description: String::new(),
        trigger: trigger(to),
        settings: BTreeMap::new(),
        filter: filter.into(),
        variables: BTreeMap::new(),
        options: RunOptions { variables: [("TAG".to_owned(), to.to_owned())].into(), ..RunOptions::default() },
    };
    Command::CreateSubscription { subscription: subscription.clone(), spec: Arc::new(spec), enabled: true }
}

fn incoming(key: &str) -> IncomingEvent {
    let verdict = match key.as_bytes()[0] {
        b'f' => EventVerdict::Fire(Box::default()),
        b's' => EventVerdict::Filtered,
        _ => EventVerdict::Malformed("what is it?".into()),
    };
    IncomingEvent { key: EventKey::new(key).unwrap(), occurred_at: Timestamp(5), verdict }
}

fn install(name: &str) -> Command {
    let spec = TriggerSpec { description: String::new(), token_digest: Some([7; 32]), launch: None };
    Command::InstallTrigger { trigger: trigger(name), spec: Arc::new(spec) }
}

impl World {
    fn subscription(&self, of: &SubscriptionKey) -> Subscription {
        self.store.read(|state| state.subscriptions.get(of).cloned()).unwrap()
    }

    /// Takes events of these keys; one that begins with `f` fires.
    fn intake(&self, of: &SubscriptionKey, keys: &[&str]) -> Command {
        let known = self.subscription(of);
        let to = format!("{:?} {}", keys, known.taken);
        let cursor = CursorMove { from: known.cursor.clone(), to: Arc::from(to.as_bytes()) };
        let events = keys.iter().map(|key| incoming(key)).collect();
        let intake = Intake { generation: known.generation, cursor: Some(cursor), events };
        Command::TakeEvents { subscription: of.clone(), intake: Box::new(intake) }
    }

    fn take(&mut self, of: &SubscriptionKey, keys: &[&str]) -> Vec<EventFate> {
        let command = self.intake(of, keys);
        fates(self.next(command))
    }

    /// Goes on through the log to its end, where a subscription asks for the newest event; or stays where it is, as if more
    /// were to follow about that event.
    fn follow(&mut self, of: &SubscriptionKey, stays: bool) -> Outcome {
        let known = self.subscription(of);
        let (from, to) = self.store.read(|state| (state.followed.unwrap(), state.revision));
        let event = FollowedEvent {
            subscription: of.clone(),
            generation: known.generation,
            revision: to,
            is_long: false,
            occurred_at: Timestamp(5),
            cause: Some(run("p0", 1)),
            verdict: EventVerdict::Fire(Box::default()),
        };
        self.next(Command::FollowEvents { from, to: if stays { from } else { to }, events: vec![event] })
    }

    /// Goes on through the log to its end, where nobody asks for anything: what came before may be dropped.
    pub(super) fn catch_up(&mut self) {
        let (from, to) = self.store.read(|state| (state.followed, state.revision));
        if let Some(from) = from {
            self.next(Command::FollowEvents { from, to, events: Vec::new() });
        }
    }

    /// Something about the subscriptions of a pipeline.
    pub(super) fn subscribe(&mut self, name: &str, number: u64) {
        let (hook, log) = (key(name, "hook"), key(name, "log"));
        let knows =
            |world: &Self, of: &SubscriptionKey| world.store.read(|state| state.subscriptions.get(of).is_some());
        if !knows(self, &hook) {
            let is_installed = self.store.read(|state| state.triggers.contains_key(&trigger("kafka")));
            if !is_installed {
                self.next(install("kafka"));
            }
            self.next(create(&hook, "kafka", ""));
            return;
        }
        if !knows(self, &log) {
            self.next(create(&log, "pipeline", ""));
            return;
        }
        let enabled = self.subscription(&log).enabled;
        match number % 13 {
            0 => drop(self.next(Command::DeleteSubscription { subscription: hook })),
            1 => drop(self.next(Command::DeleteSubscription { subscription: log })),
            2 => drop(self.next(Command::SetSubscriptionEnabled { subscription: log, enabled: !enabled })),
            3 => {
                let Command::CreateSubscription { subscription, spec, .. } =
                    create(&hook, "kafka", &number.to_string())
                else {
                    return;
                };
                self.next(Command::UpdateSubscription { subscription, spec, generation: None });
            }
            4..=6 => drop(self.follow(&log, number % 13 == 4)),
            _ => {
                let keys = [format!("f{}", number % 7), format!("s{number}"), format!("m{}", number % 5)];
                self.take(&hook, &keys.each_ref().map(String::as_str));
            }
        }
    }
}

fn fates(outcome: Outcome) -> Vec<EventFate> {
    match outcome {
        Outcome::Accepted { answer: Answer::Events(fates), .. } => fates,
        other => panic!("{other:?}"),
    }
}

/// The records of what subscriptions have taken, by name.
fn records(views: &Views) -> Vec<String> {
    let mut scan = views.scan().unwrap();
    let mut found = Vec::new();
    while let Some((key, _)) = scan.next().unwrap() {
        found.extend(view_name(key).filter(|(kind, _)| matches!(kind, ViewKind::Taken | ViewKind::TakenKey)));
    }
    found.into_iter().map(|(_, name)| name).collect()
}

fn placed(store: &Store) -> Vec<PlacedEvent> {
    let events = store.events(Revision(1), usize::MAX, usize::MAX).unwrap();
    let placed = events.into_iter().map(|event| {
        let time = crate::codec::time_from_wire(event.envelope.time.as_ref(), "time").unwrap();
        PlacedEvent { revision: event.revision, time, event: event.decode().unwrap() }
    });
    placed.collect()
}

fn same_views(mine: &Views, theirs: &Views) {
    let (mut mine, mut theirs) = (mine.scan().unwrap(), theirs.scan().unwrap());
    while let Some((key, value)) = mine.next().unwrap() {
        assert_eq!(theirs.next().unwrap(), Some((key, value)), "{}", String::from_utf8_lossy(key));
    }
    assert_eq!(theirs.next().unwrap(), None);
}

#[test]
fn subscriptions_and_what_they_took_are_loaded_and_replayed() {
    let mut world = World::new();
    let (hook, log, gone) = (key("p0", "hook"), key("p0", "log"), key("p0", "gone"));
    world.next(install("kafka"));
    let report = TriggerReport { version: "1".into(), settings: BTreeMap::new() };
    let generation = world.store.read(|state| state.triggers[&trigger("kafka")].generation);
    world.next(Command::ReportTrigger { trigger: trigger("kafka"), generation, report: Arc::new(report) });
    for (subscription, to) in [(&hook, "kafka"), (&log, "event"), (&gone, "webhook")] {
        world.next(create(subscription, to, ""));
    }
    world.take(&gone, &["f1"]);
    world.next(Command::DeleteSubscription { subscription: gone });
    assert_eq!(world.take(&hook, &["f1", "s2", "m3"]).len(), 3);
    assert!(matches!(world.follow(&log, false), Outcome::Accepted { .. }));

    let state =
        |store: &Store| store.read(|state| (state.triggers.clone(), state.subscriptions.clone(), state.followed));
    let before = state(&world.store);
    let taken = world.store.taken_events(&hook, None, 10).unwrap();
    let events = placed(&world.store);
    let mut world = world.reopened();
    assert_eq!(state(&world.store), before, "loaded");
    assert_eq!(world.store.taken_events(&hook, None, 10).unwrap(), taken);
    let started = world.store.run(&run("p0", 2)).unwrap().unwrap();
    assert_eq!(started.subscription.unwrap().event.as_str(), "f1");
    assert_eq!(world.store.run(&run("p0", 3)).unwrap().unwrap().subscription.unwrap().subscription, log.name);

    let dir = tempfile::tempdir().unwrap();
    let mut replayer = Replayer::create(&dir.path().join("views"), &Options::default()).unwrap();
    replayer.apply(&events).unwrap();
    let replayed = replayer.state();
    assert_eq!((&replayed.triggers, &replayed.subscriptions, replayed.followed), (&before.0, &before.1, before.2));
    same_views(&replayer.views(), &Views(world.store.db()));

    // It goes on where it stood, and knows what it took.
    let fates = world.take(&hook, &["f1", "m3", "f4"]);
    let told: Vec<_> = fates.iter().map(|fate| (fate.kind, fate.is_duplicate)).collect();
    assert_eq!(
        told,
        [(FateKind::Fired { run: 2 }, true), (FateKind::Malformed, true), (FateKind::Fired { run: 4 }, false)]
    );
}

#[test]
fn what_a_subscription_took_is_listed_newest_first() {
    let mut world = World::new();
    let (hook, other) = (key("p0", "hook"), key("p0", "hook2"));
    for subscription in [&hook, &other] {
        world.next(create(subscription, "webhook", ""));
    }
    world.take(&other, &["s1", "s2", "s3"]);
    world.take(&hook, &["f1", "s2", "m3"]);
    let list = |before, limit| {
        let found = world.store.taken_events(&hook, before, limit).unwrap();
        found.into_iter().map(|(number, taken, _)| (number, taken.key.to_string())).collect::<Vec<_>>()
    };
    let of = |number: u64, key: &str| (number, key.to_owned());
    assert_eq!(list(None, 2), [of(3, "m3"), of(2, "s2")]);
    assert_eq!(list(Some(2), 5), [of(1, "f1")]);
    assert_eq!(list(Some(1), 5), []);
    assert_eq!(list(Some(0), 5), []);
    assert!(world.store.taken_events(&key("p0", "none"), None, 5).unwrap().is_empty());
    let find = |subscription, event| world.store.taken_event(subscription, &EventKey::new(event).unwrap()).unwrap();
    assert!(matches!(find(&hook, "m3").unwrap().outcome, EventOutcome::Malformed { .. }));
    assert!(find(&hook, "s1").is_none() && find(&key("p0", "none"), "f1").is_none());
}

#[test]
fn an_event_is_known_to_those_after_it_before_it_is_written() {
    let mut world = World::new();
    let hook = key("p0", "hook");
    world.next(create(&hook, "webhook", ""));
    let events = vec![incoming("f1"), incoming("s1")];
    let generation = world.subscription(&hook).generation;
    let intake = Box::new(Intake { generation, cursor: None, events });
    let take = Command::TakeEvents { subscription: hook.clone(), intake };
    // In one batch: it is taken, told again, deleted, made anew, and taken by another of its name.
    let (delete, again) = (Command::DeleteSubscription { subscription: hook.clone() }, create(&hook, "webhook", "new"));
    let commands = [take.clone(), take.clone(), delete, again];
    let index = world.store.applied().index;
    let entry = |(place, command): (u64, Command)| {
        let index = index + 1 + place;
        let kind = EntryKind::Commands(vec![request(1_000_000_000 + index, command)]);
        Entry { index, log_id: index.to_be_bytes().to_vec(), kind }
    };
    let mut outcomes = world.store.apply((0..).zip(commands).map(entry).collect()).unwrap();
    let (second, first) = (fates(outcomes.remove(1).remove(0)), fates(outcomes.remove(0).remove(0)));
    assert_eq!(first[0], EventFate { kind: FateKind::Fired { run: 1 }, is_duplicate: false });
    assert_eq!(second[0], EventFate { is_duplicate: true, ..first[0] });
    assert_eq!(records(&Views(world.store.db())), [""; 0], "what the first one took is gone with it");
    assert_eq!(world.take(&hook, &["f1"])[0].kind, FateKind::Fired { run: 2 });
}

/// Events about a subscription that has taken nearly as much as it remembers, ending with some more.
fn nearly_full() -> Vec<PlacedEvent> {
    let mut world = World::new();
    let hook = key("p0", "hook");
    world.next(create(&hook, "webhook", ""));
    let mut events = placed(&world.store);
    let mut next = events.last().unwrap().revision.0;
    let generation = world.subscription(&hook).generation;
    let mut push = |first: u64, keys: &[&str]| {
        next += 1;
        let taken = |key: &&str| TakenEvent {
            key: EventKey::new(key).unwrap(),
            occurred_at: Timestamp(5),
            outcome: EventOutcome::Filtered,
            duplicate_of: None,
        };
        let taken = keys.iter().map(taken).collect();
        let (subscription, cursor, from_log) = (hook.clone(), None, false);
        let event = Event::EventsTaken { subscription, generation, cursor, first, taken, from_log };
        events.push(PlacedEvent { revision: Revision(next), time: Timestamp(2_000_000_000_000), event });
    };
    push(1, &["a", "b", "c"]);
    push(EVENT_KEYS_REMEMBERED, &["d", "e"]);
    push(EVENT_KEYS_REMEMBERED + 2, &["a", "f"]);
    events
}

#[test]
fn the_oldest_is_forgotten_for_the_newest_however_events_come_together() {
    let events = nearly_full();
    let dir = tempfile::tempdir().unwrap();
    let replay = |name: &str, together: usize| {
        let mut replayer = Replayer::create(&dir.path().join(name), &Options::default()).unwrap();
        events.chunks(together).for_each(|events| replayer.apply(events).unwrap());
        replayer
    };
    let (at_once, one_by_one) = (replay("all", events.len()), replay("each", 1));
    same_views(&at_once.views(), &one_by_one.views());
    let hook = key("p0", "hook");
    let created = at_once.state().subscriptions.get(&hook).unwrap().created;
    let most = EVENT_KEYS_REMEMBERED;
    let numbers = [most, most + 1, most + 2, most + 3].map(|number| format!("default/p0/hook/{created}/{number}"));
    let keys = ["a", "d", "e", "f"].map(|key| format!("default/p0/hook/{created}/{key}"));
    assert_eq!(records(&at_once.views()), [numbers, keys].concat(), "a to c are forgotten, and a was taken anew");
    let views = history::Views::new(at_once.db());
    let number = |key: &str| views.taken(&hook, created, &EventKey::new(key).unwrap()).map(|(number, _)| number);
    assert_eq!(["a", "b", "c", "d"].map(number), [Some(most + 2), None, None, Some(most)]);
    views.check().unwrap();
}

#[test]
fn what_a_lookup_misses_is_an_error() {
    let mut world = World::new();
    let hook = key("p0", "hook");
    world.next(create(&hook, "webhook", ""));
    world.take(&hook, &["s1"]);
    let created = world.subscription(&hook).created;
    let db = world.store.db();
    db.inner.delete_cf(db.family(crate::db::VIEWS).unwrap(), crate::keys::taken(&hook, created, 1)).unwrap();
    let views = history::Views::new(&db);
    assert_eq!(views.taken(&hook, created, &EventKey::new("s1").unwrap()), None);
    let error = views.check().unwrap_err().to_string();
    assert!(error.contains("default/p0/hook") && error.contains("missing"), "{error}");
    assert_eq!(views.depth(&run("p0", 99)), None);
    views.check().unwrap();
}

#[test]
fn a_database_with_a_subscription_is_of_a_format_of_its_own() {
    for command in [create(&key("p0", "hook"), "webhook", ""), install("kafka")] {
        let mut world = World::new();
        let format = |store: &Store| {
            let db = store.db();
            db.inner.get_cf(db.family(crate::db::META).unwrap(), b"format").unwrap().unwrap()
        };
        assert!(format(&world.store) < 4_u64.to_be_bytes().to_vec());
        world.next(command);
        assert_eq!(format(&world.store), 4_u64.to_be_bytes().to_vec());
    }
}
