use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gofer_domain::config::Overlap;
use gofer_domain::decide::decide;
use gofer_domain::schedule::{Blackout, CatchUp, Rule, Timing};
use gofer_domain::{
    Actor, ClusterId, Command, CommandEnvelope, Event, NamespaceId, NoHistory, PipelineConfig, PipelineId, PipelineKey,
    Rejection, RequestId, Revision, RunOptions, ScheduleKey, ScheduleName, ScheduleSpec, SkippedSlots, State,
    TaskConfig, TaskId, Timestamp,
};
use proptest::prelude::*;

use super::Slots;

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const START: u64 = 1_000 * 3600 * SECOND;

/// A state that grows by commands, and what became of slots.
struct World {
    state: State,
    now: u64,
    fired: Vec<(ScheduleKey, u64)>,
    skipped: Vec<SkippedSlots>,
    refused: usize,
}

impl World {
    fn new() -> Self {
        let (state, fired, skipped) = (State::default(), Vec::new(), Vec::new());
        let mut world = Self { state, now: START, fired, skipped, refused: 0 };
        let namespace = NamespaceId::new("default").unwrap();
        world.give(Command::CreateCluster { cluster: ClusterId([7; 16]) }).unwrap();
        let _ = world.give(Command::CreateNamespace { namespace: namespace.clone(), description: String::new() });
        let config = PipelineConfig {
            id: PipelineId::new("p").unwrap(),
            description: String::new(),
            parallelism: 0,
            overlap: Overlap::Allow,
            timeout: None,
            variables: BTreeMap::new(),
            parameters: BTreeMap::new(),
            tasks: BTreeMap::from([(TaskId::new("t").unwrap(), task())]),
        };
        world.give(Command::RegisterPipeline { namespace, config: Arc::new(config) }).unwrap();
        world
    }

    fn give(&mut self, command: Command) -> Result<(), Rejection> {
        let time = Timestamp(self.now);
        let envelope = CommandEnvelope { request_id: RequestId::default(), actor: Actor("test".into()), time, command };
        for event in decide(&self.state, &NoHistory, &envelope)?.events {
            if let Event::SlotsSettled { schedule, fired, skipped, .. } = &event {
                self.fired.extend(fired.iter().map(|fired| (schedule.clone(), fired.slot.0)));
                self.skipped.extend(skipped.iter().cloned());
            }
            let revision = Revision(self.state.revision.0 + 1);
            self.state.apply(&NoHistory, revision, time, &event);
        }
        Ok(())
    }

    fn create(&mut self, name: &str, spec: ScheduleSpec) {
        self.give(Command::CreateSchedule { schedule: key(name), spec: Arc::new(spec), enabled: true }).unwrap();
    }

    /// What a leader does until it would wait.
    fn lead(&mut self, slots: &mut Slots) {
        for _ in 0..100 {
            let news = slots.news(&self.state);
            let are_cut = news.are_cut;
            slots.learn(news);
            let commands = slots.settle(Timestamp(self.now), 256);
            if commands.is_empty() && !are_cut {
                return;
            }
            for command in commands {
                self.refused += usize::from(self.give(command).is_err());
            }
        }
        panic!("a leader never comes to rest");
    }

    fn slots_of(&self, name: &str) -> Vec<u64> {
        let of = self.fired.iter().filter(|(schedule, _)| *schedule == key(name));
        of.map(|(_, slot)| slot - START).collect()
    }
}

fn task() -> TaskConfig {
    TaskConfig { command: vec!["true".into()], ..TaskConfig::default() }
}

fn key(name: &str) -> ScheduleKey {
    let namespace = NamespaceId::new("default").unwrap();
    let pipeline = PipelineKey { namespace, pipeline: PipelineId::new("p").unwrap() };
    ScheduleKey { pipeline, name: ScheduleName::new(name).unwrap() }
}

fn every(seconds: u64, catch_up: CatchUp) -> ScheduleSpec {
    let rule = Rule::Every(Duration::from_secs(seconds));
    ScheduleSpec {
        description: String::new(),
        timing: Timing { rule, zone: "UTC".into(), blackouts: Vec::new() },
        jitter: Duration::ZERO,
        catch_up,
        grace: Duration::from_secs(1),
        options: RunOptions::default(),
    }
}

fn minutes(numbers: impl IntoIterator<Item = u64>) -> Vec<u64> {
    numbers.into_iter().map(|number| number * MINUTE).collect()
}

#[test]
fn slots_are_started_once_each_by_leaders_that_follow_each_other() {
    let mut world = World::new();
    world.create("a", every(60, CatchUp::None));
    let (mut one, mut other) = (Slots::default(), Slots::default());
    for _ in 0..600 {
        world.lead(&mut one);
        // A leader that was deposed does not know it yet.
        world.lead(&mut other);
        world.now += SECOND;
        if world.now.is_multiple_of(100 * SECOND) {
            one = Slots::default();
        }
    }
    assert_eq!(world.slots_of("a"), minutes(1..10));
    assert_eq!((world.skipped.len(), world.refused > 0), (0, true), "the second one is told that it was late");
}

#[test]
fn the_next_slot_is_known_without_a_look_at_the_state() {
    let mut world = World::new();
    let mut slots = Slots::default();
    assert_eq!(slots.next(), None);
    world.create("a", every(60, CatchUp::None));
    world.create("b", every(7, CatchUp::None));
    world.lead(&mut slots);
    let due = |slots: &Slots| slots.next().map(|next| next.0 - world.now);
    assert_eq!(due(&slots), Some(7 * SECOND - START % (7 * SECOND)));
    world.give(Command::SetScheduleEnabled { schedule: key("b"), enabled: false }).unwrap();
    world.lead(&mut slots);
    assert_eq!(slots.next(), Some(Timestamp(START + MINUTE)));
    world.give(Command::DeleteSchedule { schedule: key("a") }).unwrap();
    world.now += MINUTE;
    world.lead(&mut slots);
    assert_eq!((slots.next(), world.fired.len(), world.refused), (None, 0, 1), "it is forgotten when it is due");
}

#[test]
fn changes_count_from_when_they_are_made() {
    let mut world = World::new();
    let mut slots = Slots::default();
    world.create("a", every(60, CatchUp::None));
    world.lead(&mut slots);
    world.now += 90 * SECOND;
    world.lead(&mut slots);
    let spec = Arc::new(every(3600, CatchUp::None));
    world.give(Command::UpdateSchedule { schedule: key("a"), spec, generation: None }).unwrap();
    for _ in 0..6000 {
        world.now += SECOND;
        world.lead(&mut slots);
    }
    assert_eq!(world.slots_of("a"), minutes([60]), "that of the first minute is long gone");
}

#[test]
fn an_outage_is_caught_up_with_over_several_settlements() {
    let mut world = World::new();
    world.create("all", every(1, CatchUp::All(250)));
    world.create("latest", every(1, CatchUp::Latest));
    let mut blacked_out = every(60, CatchUp::All(1000));
    blacked_out.timing.blackouts = vec![Blackout { opens: "30 * * * *".into(), length: Duration::from_secs(600) }];
    world.create("blacked-out", blacked_out);
    world.now += 3600 * SECOND;
    world.lead(&mut Slots::default());
    assert_eq!(world.slots_of("all"), (3349..=3600).map(|n| n * SECOND).collect::<Vec<_>>());
    let latest = [3598, 3599, 3600].map(|n| n * SECOND);
    assert_eq!(world.slots_of("latest"), latest, "one that was missed, and two that were not");
    assert_eq!(world.slots_of("blacked-out"), minutes((1..30).chain(40..=60)));
}

#[test]
fn many_schedules_are_learned_piece_by_piece() {
    let mut world = World::new();
    for number in 0..100 {
        world.create(&format!("s{number}"), every(60, CatchUp::None));
    }
    let mut slots = Slots::default();
    let known = slots.news(&world.state);
    assert_eq!((known.schedules.len(), known.are_cut), (100, false));
    world.lead(&mut slots);
    world.now += MINUTE;
    assert_eq!(slots.settle(Timestamp(world.now), 30).len(), 30);
    world.lead(&mut slots);
    assert_eq!(world.fired.len(), 100, "those that were not proposed are due again");
}

proptest! {
    /// Whatever happens between them, every slot in the time of an enabled schedule is started or told to be skipped.
    #[test]
    fn no_slot_is_left_out_and_none_comes_twice(
        steps in prop::collection::vec((1_u64..200, 0_u8..6), 1..60), most in 0_u16..5, jitter in 0_u64..90,
    ) {
        let mut world = World::new();
        let spec = ScheduleSpec { jitter: Duration::from_secs(jitter), ..every(30, CatchUp::All(most.max(1))) };
        world.create("a", ScheduleSpec { catch_up: if most == 0 { CatchUp::None } else { spec.catch_up }, ..spec });
        let mut leaders = [Slots::default(), Slots::default()];
        for (seconds, what) in steps {
            world.now += seconds * SECOND;
            match what {
                0 => leaders[0] = Slots::default(),
                1 => {}
                other => world.lead(&mut leaders[usize::from(other % 2)]),
            }
        }
        world.now += 200 * SECOND;
        world.lead(&mut leaders[0]);
        let settled = world.state.schedules.get(&key("a")).unwrap().settled.0;
        let fired: Vec<u64> = world.fired.iter().map(|(_, slot)| *slot).collect();
        prop_assert!(fired.is_sorted_by(|one, next| one < next), "{fired:?}");
        for slot in (START + 30 * SECOND..=settled).step_by(30_000) {
            let is_skipped = world.skipped.iter().any(|range| (range.first.0..=range.last.0).contains(&slot));
            prop_assert!(fired.contains(&slot) != is_skipped, "{slot}");
        }
        prop_assert!(world.now - settled <= 2 * 90 * SECOND, "only the jitter keeps slots open");
    }
}
