//! Properties of lists of random commands. `PROPTEST_CASES` raises how many lists are tried.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::rules::{check_event, check_state};
use super::script::node_spec;
use super::script_figures::check_figures;
use super::universe::{
    EVENTS, SUBSCRIPTIONS, Step, command, config, event, next_attempt, report_finished, result, steps, time_out,
    waiting,
};
use super::universe_backfills::check_backfills;
use super::universe_schedules::check_slots;
use super::universe_shared::shared_command;
use super::universe_subscriptions::check_intakes;
use super::world::World;
use crate::call;
use crate::config::DriverKind;
use crate::decide::decide;
use crate::event::Answer;
use crate::{Actor, Command, CommandEnvelope, EventFate, NamespaceId, NodeId, RequestId, Revision, State, Timestamp};

/// Gives a command, and checks every event and the state it leads to.
fn give(world: &mut World, command: Command) -> bool {
    let envelope =
        CommandEnvelope { request_id: RequestId([0; 16]), actor: Actor("leader:1".into()), time: world.time, command };
    let Ok(decision) = decide(&world.state, &world.history, &envelope) else { return false };
    assert_eq!(decide(&world.state, &world.history, &envelope).as_ref(), Ok(&decision), "decided twice, differently");
    for event in &decision.events {
        let before = world.state.clone();
        world.fold(event);
        check_event(&before, &world.state, event);
    }
    check_state(&world.state);
    let is_moved = matches!(envelope.command, Command::SettleSlots { .. })
        || matches!(envelope.command, Command::FollowEvents { from, to, .. } if from < to);
    if is_moved {
        // A second leader, which has computed the same, or the first one again.
        assert!(decide(&world.state, &world.history, &envelope).is_err(), "settled twice: {envelope:?}");
    }
    if matches!(envelope.command, Command::FollowEvents { from, to, .. } if from == to) {
        let again = decide(&world.state, &world.history, &envelope).unwrap();
        assert_eq!(again.events, [], "taken twice: {envelope:?}");
    }
    if let (Command::TakeEvents { intake, .. }, Answer::Events(fates)) = (&envelope.command, &decision.answer) {
        assert_eq!(fates.len(), intake.events.len());
        give_again(world, &envelope, fates);
    }
    true
}

/// Who sends the same events again is told what has become of them, and nothing happens.
fn give_again(world: &World, envelope: &CommandEnvelope, fates: &[EventFate]) {
    let mut envelope = envelope.clone();
    if let Command::TakeEvents { intake, .. } = &mut envelope.command {
        intake.cursor = None;
    }
    let again = decide(&world.state, &world.history, &envelope).unwrap();
    let told: Vec<EventFate> = fates.iter().map(|fate| EventFate { is_duplicate: true, ..*fate }).collect();
    assert_eq!((again.events, again.answer), (Vec::new(), Answer::Events(told)));
}

/// A cluster with a node and some pipelines, so that not all random commands are spent on building one.
fn started(configs: &[crate::PipelineConfig]) -> World {
    let mut world = World::new();
    for node in 0..2 {
        give(
            &mut world,
            Command::RegisterNode { node: NodeId(node), spec: Box::new(node_spec(&format!("node-{node}"))) },
        );
    }
    give(&mut world, shared_command(0, 0));
    let namespace = NamespaceId::new("default").unwrap();
    for config in configs {
        give(
            &mut world,
            Command::RegisterPipeline { namespace: namespace.clone(), config: std::sync::Arc::new(config.clone()) },
        );
    }
    world
}

fn walk(world: &mut World, steps: &[Step]) {
    for step in steps {
        world.time = Timestamp(world.time.0 + u64::from(step.b % 32));
        if step.b == 7 {
            world.evict();
        }
        let command = command(world, step);
        give(world, command);
    }
}

/// Folds a log into a state, revision by revision.
fn replay(world: &World, mut state: State, from: usize) -> State {
    for (index, (time, event)) in world.log.iter().enumerate().skip(from) {
        state.apply(&world.history, Revision(u64::try_from(index).unwrap() + 1), *time, event);
    }
    state
}

/// What the leader and the nodes do until nothing is left to do: assign, report, lose, time out, cancel, as `choices`
/// says.
fn lead_to_the_end(world: &mut World, choices: &[u8]) {
    for pipeline in world.state.pipelines.keys().cloned().collect::<Vec<_>>() {
        give(world, Command::EnablePipeline { pipeline });
    }
    let mut choices = choices.iter().copied().cycle();
    let mut choose = move || choices.next().unwrap();
    for _ in 0..20_000 {
        if world.state.runs.values().all(|live| live.run.status.is_final()) {
            return;
        }
        world.time = Timestamp(world.time.0 + u64::from(choose()));
        let mut spec = node_spec("strong");
        spec.slots = 8;
        if !world.state.nodes.get(&NodeId(9)).is_some_and(crate::Node::takes_attempts) {
            give(world, Command::RegisterNode { node: NodeId(9), spec: Box::new(spec) });
        }
        let due: Vec<_> = world.state.index.deadlines.iter().filter(|(at, _)| *at <= world.time).cloned().collect();
        for (_, deadline) in due {
            give(world, time_out(&deadline));
        }
        if let Some((_, _, task)) = world.state.index.queued.first().cloned() {
            let attempt = next_attempt(world, &task);
            give(world, Command::AssignAttempt { attempt, node: NodeId(9), driver: DriverKind::Process });
        }
        let placed: Vec<_> = world
            .state
            .index
            .placed
            .iter()
            .flat_map(|(node, keys)| keys.iter().map(|key| (*node, key.clone())))
            .collect();
        for (node, attempt) in placed {
            match choose() % 8 {
                0 | 1 => {}
                2 => drop(give(world, Command::ReportStarted { attempt, node })),
                _ => drop(give(world, report_finished(attempt, node, result(choose())))),
            }
        }
        if let Some(task) = waiting(world, choose()) {
            give(world, Command::DecideApproval { task, approve: choose() % 4 != 0, message: String::new() });
        }
        let due: Vec<_> =
            world.state.index.calls.iter().filter(|key| call::is_due(&world.state, key)).cloned().collect();
        for task in due {
            give(world, Command::AdvanceTask { task });
        }
        if choose() % 32 == 0
            && let Some(known) = world.state.nodes.get(&NodeId(9))
        {
            let incarnation = known.incarnation;
            give(world, Command::DeclareNodeLost { node: NodeId(9), incarnation });
        }
        let live = world.state.runs.values().find(|live| !live.run.status.is_final());
        if choose() % 64 == 0
            && let Some(run) = live.map(|live| live.run.key.clone())
        {
            give(world, Command::CancelRun { run, message: String::new() });
        }
    }
    panic!("runs that never end: {:?}", world.state.runs);
}

/// Walks, cut in two, and compares what is kept, folded anew and folded on.
fn keep_the_rules(configs: &[crate::PipelineConfig], steps: &[Step], cut: usize) {
    let mut world = started(configs);
    let (early, late) = steps.split_at(cut);
    walk(&mut world, early);
    let (snapshot, at) = (world.state.clone(), world.log.len());
    let mut kept = world.history.runs.clone();
    walk(&mut world, late);

    let mut stored = snapshot;
    stored.index = Default::default();
    stored.reindex();
    let mut resumed = replay(&world, stored, at);
    let mut replayed = replay(&world, State::default(), 0);

    check_slots(&world.log);
    check_intakes(&world.log);
    check_figures(&world.log);
    check_backfills(&world.log);
    world.evict();
    kept.extend(resumed.evict_finished().into_iter().map(|run| (run.key.clone(), run)));
    let all: BTreeMap<_, _> = replayed.evict_finished().into_iter().map(|run| (run.key.clone(), run)).collect();
    assert_eq!(&resumed, &world.state);
    assert_eq!(&replayed, &world.state);
    assert_eq!(&kept, &world.history.runs);
    assert_eq!(&all, &world.history.runs);
}

proptest! {
    #[test]
    fn commands_keep_the_rules_and_replay_to_the_same(
        configs in prop::collection::vec(config(), 0..4),
        steps in steps(120),
        cut in any::<prop::sample::Index>(),
    ) {
        keep_the_rules(&configs, &steps, cut.index(steps.len()));
    }

    #[test]
    fn subscriptions_keep_the_rules_and_replay_to_the_same(
        configs in prop::collection::vec(config(), 1..4),
        steps in steps(120),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut steps = steps;
        steps.iter_mut().filter(|step| !step.kind.is_multiple_of(5)).for_each(|step| step.kind = SUBSCRIPTIONS);
        keep_the_rules(&configs, &steps, cut.index(steps.len()));
    }

    #[test]
    fn every_run_ends_when_every_attempt_is_seen_to(
        configs in prop::collection::vec(config(), 1..4),
        steps in steps(60),
        choices in prop::collection::vec(any::<u8>(), 64..256),
    ) {
        let mut world = started(&configs);
        walk(&mut world, &steps);
        lead_to_the_end(&mut world, &choices);
        prop_assert!(world.state.index.queued.is_empty());
        prop_assert!(world.state.index.placed.is_empty());
        prop_assert!(world.state.index.calls.is_empty());
        prop_assert!(world.state.index.deadlines.is_empty());
        world.evict();
        prop_assert!(world.state.runs.is_empty());
    }

    #[test]
    fn any_event_can_be_folded_into_any_state(
        configs in prop::collection::vec(config(), 1..4),
        before in steps(40),
        events in steps(80),
    ) {
        let mut world = started(&configs);
        walk(&mut world, &before);
        for step in &events {
            world.fold(&event(step));
            let mut again = world.state.clone();
            again.reindex();
            prop_assert_eq!(&again.index, &world.state.index);
            let command = command(&world, step);
            let envelope = CommandEnvelope {
                request_id: RequestId([0; 16]),
                actor: Actor(String::new()),
                time: world.time,
                command,
            };
            // A state that no command leads to is still decided upon without a panic.
            let _ = decide(&world.state, &world.history, &envelope);
        }
    }

    #[test]
    fn an_event_that_names_what_is_not_there_changes_nothing(events in steps(40)) {
        let mut world = World::new();
        let before = world.state.clone();
        for step in events.iter().filter(|step| !matches!(step.kind % EVENTS, 0..=3 | 19)) {
            world.fold(&event(step));
        }
        world.state.revision = before.revision;
        prop_assert_eq!(world.state, before);
    }
}
