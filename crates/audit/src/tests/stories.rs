//! What is told of runs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gofer_domain::config::Overlap;
use gofer_domain::release::Strategy;
use gofer_domain::schedule::{CatchUp, Rule, Timing};
use gofer_domain::{
    AttemptOutcome, Command, EventKey, EventVerdict, FollowedEvent, IncomingEvent, Intake, RunOptions, ScheduleKey,
    ScheduleName, ScheduleSpec, Settlement, SubscriptionKey, SubscriptionName, SubscriptionSpec, Timestamp,
    TriggerName, Version,
};
use gofer_store::Outcome;

use super::world::{World, attempt, failed, run};
use crate::{DataDirectory, Explanation, Meter, explain};

fn told(world: &World, name: &str, number: u64) -> Explanation {
    let source = DataDirectory::open(world.path()).unwrap();
    explain(&source, &run(name, number), &Meter::default()).unwrap().unwrap()
}

fn texts(told: &Explanation) -> Vec<&str> {
    told.sentences.iter().map(|sentence| sentence.text.as_str()).collect()
}

#[test]
fn retries_losses_and_skips_have_their_reasons() {
    let mut world = World::new();
    let run = world.start("build");
    world.place(&attempt(&run, "a", 1), 2);
    world.lose(2);
    world.execute(&attempt(&run, "a", 2), 1, failed());
    world.execute(&attempt(&run, "a", 3), 1, AttemptOutcome::Succeeded);
    world.execute(&attempt(&run, "b", 1), 1, AttemptOutcome::Succeeded);
    let told = told(&world, "build", 1);
    assert!(told.is_finished && told.version.0 == 1);
    assert!(told.sentences.windows(2).all(|pair| pair[0].revision < pair[1].revision), "{:#?}", told.sentences);
    assert_eq!(
        texts(&told),
        [
            "user:ada started the run, with version 1 of its pipeline, setting TAG",
            "the run began at once",
            "task a waits for a node: it depends on no other",
            "attempt 1 of task a was placed on node n2, for its process driver",
            "node n2 was declared lost: its lease had run out",
            "attempt 1 of task a was lost: node n2 was lost: its lease ran out",
            "task a may be tried again at once: its retry policy replaces lost attempts, of which this was 1 of at most 5",
            "attempt 2 of task a was placed on node n1, for its process driver",
            "node n1 prepares attempt 2 of task a",
            "attempt 2 of task a runs on node n1",
            "attempt 2 of task a failed: exit code 3",
            "task a may be tried again after 3s: its retry policy allows 2 attempts, and it had 1",
            "attempt 3 of task a was placed on node n1, for its process driver",
            "node n1 prepares attempt 3 of task a",
            "attempt 3 of task a runs on node n1",
            "attempt 3 of task a succeeded",
            "task a succeeded",
            "task b waits for a node: a succeeded, and its success is needed",
            "task c was skipped: parent a succeeded; this task runs only when it fails",
            "attempt 1 of task b was placed on node n1, for its process driver",
            "node n1 prepares attempt 1 of task b",
            "attempt 1 of task b runs on node n1",
            "attempt 1 of task b succeeded",
            "task b succeeded",
            "the run succeeded",
        ]
    );
}

#[test]
fn who_cancelled_and_who_made_room_is_told() {
    let mut world = World::new();
    let first = world.start("build");
    world.start("build");
    world.give(Command::CancelRun { run: first, message: "enough".into() });
    let one = told(&world, "build", 1);
    let text = texts(&one).join("\n");
    assert!(text.contains("the run is to stop: user:ada cancelled it: enough"), "{text}");
    assert!(text.ends_with("the run was cancelled: enough"), "{text}");
    let two = told(&world, "build", 2);
    assert!(!two.is_finished);
    assert!(texts(&two).contains(&"the run began, as run 1 made room for it"), "{:#?}", texts(&two));
}

#[test]
fn which_slot_of_which_schedule_is_told() {
    let mut world = World::new();
    let schedule = ScheduleKey { pipeline: run("build", 1).pipeline, name: ScheduleName::new("nightly").unwrap() };
    let spec = ScheduleSpec {
        description: String::new(),
        timing: Timing { rule: Rule::Cron("* * * * *".into()), zone: "UTC".into(), blackouts: Vec::new() },
        jitter: Duration::ZERO,
        catch_up: CatchUp::Latest,
        grace: Duration::from_secs(60),
        options: RunOptions::default(),
    };
    world.give(Command::CreateSchedule { schedule: schedule.clone(), spec: Arc::new(spec), enabled: true });
    let known = world.store().read(|state| state.schedules.get(&schedule).cloned()).unwrap();
    let (from, to) = (known.settled, Timestamp(known.settled.0 + 2));
    let fire = vec![Timestamp(from.0 + 1), to];
    let settlement = Settlement { generation: known.generation, from, to, fire, skipped: Vec::new() };
    let outcome = world.give(Command::SettleSlots { schedule, settlement: Box::new(settlement) });
    assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}");
    let first = told(&world, "build", 1);
    let texts = texts(&first);
    let (start, rest) = texts[0].split_at("schedule nightly started the run for its slot at ".len());
    assert_eq!(start, "schedule nightly started the run for its slot at ");
    assert!(rest.starts_with("2025-07-20T") && rest.ends_with("01Z, with version 1 of its pipeline"), "{rest}");
    assert_eq!(texts[1], "the run began at once");
    let second = told(&world, "build", 2);
    assert_eq!(second.sentences.len(), 1, "it waits for the first: {:?}", second.sentences);
}

#[test]
fn which_event_of_which_subscription_is_told() {
    let mut world = World::new();
    let pipeline = run("build", 1).pipeline;
    let [hook, chain] = ["hook", "chain"]
        .map(|name| SubscriptionKey { pipeline: pipeline.clone(), name: SubscriptionName::new(name).unwrap() });
    for (subscription, trigger) in [(&hook, "webhook"), (&chain, "pipeline")] {
        let spec = SubscriptionSpec {
            description: String::new(),
            trigger: TriggerName::new(trigger).unwrap(),
            settings: BTreeMap::new(),
            filter: String::new(),
            variables: BTreeMap::new(),
            options: RunOptions::default(),
        };
        let (subscription, spec) = (subscription.clone(), Arc::new(spec));
        world.give(Command::CreateSubscription { subscription, spec, enabled: true });
    }
    let generation = |world: &World, key: &SubscriptionKey| {
        world.store().read(|state| state.subscriptions.get(key).unwrap().generation)
    };
    let incoming = |key: &str| IncomingEvent {
        key: EventKey::new(key).unwrap(),
        occurred_at: Timestamp(1),
        verdict: EventVerdict::Fire(Box::default()),
    };
    let events = vec![incoming("d-1"), incoming("d-2")];
    let intake = Box::new(Intake { generation: generation(&world, &hook), cursor: None, events });
    world.give(Command::TakeEvents { subscription: hook, intake });
    let first = told(&world, "build", 1);
    let start = "subscription hook started the run for event \"d-1\", with version 1 of its pipeline";
    assert_eq!(texts(&first)[..2], [start, "the run began at once"]);
    let second = told(&world, "build", 2);
    assert_eq!(second.sentences.len(), 1, "it waits for the first: {:?}", second.sentences);

    let (from, to) = world.store().read(|state| (state.followed.unwrap(), state.revision));
    let event = FollowedEvent {
        generation: generation(&world, &chain),
        subscription: chain,
        revision: to,
        is_long: false,
        occurred_at: Timestamp(1),
        cause: Some(run("build", 2)),
        verdict: EventVerdict::Fire(Box::default()),
    };
    world.give(Command::FollowEvents { from, to, events: vec![event] });
    let third = told(&world, "build", 3);
    let start = format!("subscription chain started the run for event \"{to}\", number 2 in a chain of runs");
    assert!(texts(&third)[0].starts_with(&start), "{:?}", third.sentences);
}

#[test]
fn failures_for_good_say_what_was_used_up() {
    let mut world = World::new();
    let run = world.start("build");
    world.execute(&attempt(&run, "a", 1), 1, failed());
    world.execute(&attempt(&run, "a", 2), 1, failed());
    let told = told(&world, "build", 1);
    let text = texts(&told).join("\n");
    assert!(
        text.contains("task a failed: exit code 3; it had 2 of the 2 attempts that its retry policy allows"),
        "{text}"
    );
    assert!(text.contains("task b was skipped: parent a failed"), "{text}");
    assert!(text.contains("task c waits for a node: a failed, and its failure is needed"), "{text}");
}

#[test]
fn who_chose_the_version_and_why_it_changed_is_told() {
    let mut world = World::new();
    world.register("build", Overlap::Queue(9));
    let pipeline = || run("build", 1).pipeline;
    world.give(Command::StartRelease {
        pipeline: pipeline(),
        version: Some(Version(1)),
        strategy: Strategy::BlueGreen,
    });
    world.give(Command::SwitchRelease { pipeline: pipeline(), version: None });
    let first = world.start("build");
    world.start("build");
    world.give(Command::RollBackPipeline { pipeline: pipeline(), version: None, message: String::new() });
    world.give(Command::CancelRun { run: first, message: String::new() });
    let told = told(&world, "build", 2);
    assert_eq!(told.version, Version(2));
    assert_eq!(
        texts(&told)[..2],
        [
            "user:ada started the run, with version 1 of its pipeline, which release 1 chose, setting TAG",
            "the release of its version was rolled back, so the run goes back to version 2",
        ]
    );
}

#[test]
fn of_what_never_was_nothing_is_told() {
    let world = World::busy(2);
    let source = DataDirectory::open(world.path()).unwrap();
    for (name, number) in [("build", 99), ("other", 1)] {
        assert_eq!(explain(&source, &run(name, number), &Meter::default()).unwrap(), None);
    }
}
