//! A small universe of random commands and events: few names, so that they meet.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::script::{content, node_spec, outcome, pipeline_config, place, segment, task_config};
use super::universe_releases::{release_command, release_event};
use super::universe_schedules::{schedule_command, schedule_event};
use super::universe_secrets::{secret_command, secret_event};
use super::universe_shared::{pins, shared_command, use_shared};
use super::universe_subscriptions::{subscription_command, subscription_event};
use super::world::World;
use crate::config::{DriverKind, Overlap, PipelineConfig, Requirement, TaskConfig};
use crate::event::Standing;
use crate::run::{AttemptOutcome, RetryFrom, RunOptions, StopReason};
use crate::state::Deadline;
use crate::values::{Approval, Call, Condition, Items, TaskKind, Test, Value};
use crate::{
    AttemptKey, ClusterId, Command, Ends, Event, NamespaceId, NodeId, ObjectKey, ObjectLimits, ObjectLoss, ObjectScope,
    PipelineId, PipelineKey, Revision, RunKey, RunStatus, TaskId, TaskKey, TaskStatus, Timestamp, Version,
};

/// One random move; what it means depends on the world it is made in, so that most moves are possible ones.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) kind: u8,
    pub(crate) a: u8,
    pub(crate) b: u8,
    pub(crate) config: PipelineConfig,
}

pub(crate) fn steps(count: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = (0..64_u8, any::<u8>(), any::<u8>(), config());
    vec(step.prop_map(|(kind, a, b, config)| Step { kind, a, b, config }), 1..count)
}

/// Pipelines of up to six tasks; a parent always has the lesser name, so there is no cycle.
pub(crate) fn config() -> impl Strategy<Value = PipelineConfig> {
    let parent = prop_oneof![
        4 => Just(None),
        3 => Just(Some(Requirement::Success)),
        1 => Just(Some(Requirement::Failure)),
        1 => Just(Some(Requirement::Any)),
    ];
    let flags = (any::<bool>(), prop::bool::weighted(0.2));
    let task = (vec(parent, 5), 1..4_u32, flags, prop::option::of(1..50_u64), 0..32_u8);
    let overlap = prop_oneof![
        Just(Overlap::Allow),
        Just(Overlap::Forbid),
        (1..4_u32).prop_map(Overlap::Queue),
        Just(Overlap::Replace)
    ];
    let head = (0..3_u8, 0..4_u32, overlap, prop::option::of(1..200_u64));
    (head, vec(task, 1..6)).prop_map(|((name, parallelism, overlap, timeout), tasks)| {
        let mut config = pipeline_config(&format!("p{name}"));
        config.parallelism = parallelism;
        config.overlap = overlap;
        config.timeout = timeout.map(Duration::from_millis);
        for (number, (parents, attempts, (retry_lost, allow_failure), timeout, kind)) in tasks.into_iter().enumerate() {
            let mut task = task_config();
            task.retry.attempts = attempts;
            task.retry.retry_lost = retry_lost;
            task.timeout = timeout.map(Duration::from_millis);
            task.allow_failure = allow_failure;
            let parents = parents.into_iter().take(number).enumerate();
            task.depends_on = parents.filter_map(|(parent, how)| Some((task_id(parent), how?))).collect();
            vary(&mut task, kind, name);
            config.tasks.insert(task_id(number), task);
        }
        config
    })
}

/// Makes some tasks other than containers, or gives them what they take from their run. A pipeline runs only those of
/// greater names, so none waits for itself.
fn vary(task: &mut TaskConfig, kind: u8, name: u8) {
    let output = |task: &TaskConfig| {
        let parent = task.depends_on.keys().next()?.clone();
        Some(Value::Output { task: parent, name: "OUT".into() })
    };
    match kind {
        0..=2 => {
            task.retry.attempts = 1;
            task.command.clear();
            task.kind = TaskKind::Approval(Approval::default());
        }
        3..=7 if name < 2 => {
            task.retry.attempts = 1;
            task.command.clear();
            task.timeout = None;
            let items = match (kind, output(task)) {
                (3, _) => None,
                (4 | 5, Some(value)) => Some(Items::Lines(value)),
                _ => Some(Items::These(vec!["a".into(), "b".into(), "c".into()])),
            };
            let pipeline = PipelineId::new(&format!("p{}", name + 1)).unwrap();
            let call = Call { pipeline, variables: BTreeMap::new(), items, parallelism: u32::from(kind % 3) };
            task.kind = TaskKind::Pipeline(Box::new(call));
        }
        12..=14 => use_shared(task, kind, output(task)),
        8 | 9 => task.inputs.extend(output(task).map(|value| ("IN".to_owned(), value))),
        10 | 11 => {
            let test = if kind == 10 { Test::Is(vec![String::new()]) } else { Test::IsNot(vec!["x\n".into()]) };
            task.conditions.extend(output(task).map(|value| Condition { value, test }));
        }
        _ => {}
    }
}

pub(crate) fn task_id(number: usize) -> TaskId {
    TaskId::new(&format!("t{number}")).unwrap()
}

pub(crate) fn namespace(number: u8) -> NamespaceId {
    NamespaceId::new(["default", "other"][usize::from(number % 2)]).unwrap()
}

pub(crate) fn pipeline(number: u8) -> PipelineKey {
    let pipeline = PipelineId::new(&format!("p{}", (number / 2) % 3)).unwrap();
    PipelineKey { namespace: namespace(u8::from(number % 8 == 1)), pipeline }
}

pub(crate) fn run(number: u8, of: u8) -> RunKey {
    RunKey { pipeline: pipeline(of), run: u64::from(number % 8) }
}

fn node(number: u8) -> NodeId {
    NodeId(u64::from(number % 3))
}

pub(crate) fn result(number: u8) -> AttemptOutcome {
    outcome(["ok", "ok", "ok", "failed", "failed", "cancelled", "lost", "unknown"][usize::from(number % 8)])
}

/// The kind of the steps that are about triggers and subscriptions.
pub(crate) const SUBSCRIPTIONS: u8 = 19;

/// The command of a step. Some are aimed at what there is, some go astray.
pub(crate) fn command(world: &World, step: &Step) -> Command {
    let (a, b) = (step.a, step.b);
    match step.kind {
        0 if b % 16 == 6 => release_command(world, step),
        0 if b % 4 == 0 => secret_command(world, a, b),
        0 => cluster_command(world, a, b),
        1 => Command::CreateNamespace { namespace: namespace(a), description: String::new() },
        2 => Command::DeleteNamespace { namespace: namespace(a) },
        4..=8 => Command::RegisterPipeline {
            namespace: namespace(u8::from(a % 8 == 1)),
            config: std::sync::Arc::new(step.config.clone()),
        },
        9 if a.is_multiple_of(3) => shared_command(a, b),
        9 => Command::EnablePipeline { pipeline: pipeline(a) },
        10 if b % 2 == 0 => Command::DisablePipeline { pipeline: pipeline(a) },
        11 if b % 2 == 0 => Command::DeletePipeline { pipeline: pipeline(a), force: b % 4 == 0 },
        3 | 10 | 11 => release_command(world, step),
        49 => schedule_command(world, a, b),
        SUBSCRIPTIONS | 48 => subscription_command(world, a, b),
        20 => put_object(world, a, b),
        36 if b % 8 == 1 || b % 8 == 3 => delete_object(world, a, b),
        12..=18 => {
            let version = (b % 4 == 0).then(|| Version(u64::from(b / 4 % 4)));
            let priority = i32::from(b % 3) - 1;
            let options = Box::new(RunOptions { priority, ..RunOptions::default() });
            Command::StartRun { pipeline: pipeline(a), version, options }
        }
        21 | 22 => Command::CancelRun { run: live_run(world, a).unwrap_or(run(a, b)), message: String::new() },
        23 => {
            let from = match b % 3 {
                0 => RetryFrom::Start,
                1 => RetryFrom::Failed,
                _ => RetryFrom::Tasks([task_id(usize::from(a % 6))].into()),
            };
            Command::RetryRun { run: run(a, b), from }
        }
        24 if b % 2 == 0 => Command::DrainNode { node: node(a) },
        24 => Command::AnnotateRun {
            run: run(a, b),
            note: (b % 4 == 1).then(|| format!("note {a}")),
            labels: [("l".to_owned(), a.to_string())].into(),
            without: ["m".to_owned()].into(),
        },
        25 | 26 => Command::UndrainNode { node: node(a) },
        27 | 28 => Command::DeclareNodeLost { node: node(a), incarnation: incarnation(world, a, b) },
        29 if b % 2 == 0 => Command::RemoveNode { node: node(a) },
        29 if b % 4 == 1 => Command::TimeOutTask { task: waiting(world, a).unwrap_or(stray(a, b).task) },
        29 => Command::AdvanceTask { task: stray(a, b).task },
        30..=34 => {
            let mut spec = node_spec(&format!("node-{}", if b == 0 { 0 } else { a % 3 }));
            spec.slots = u32::from(b % 5);
            Command::RegisterNode { node: node(a), spec: Box::new(spec) }
        }
        35 if b % 4 == 0 => {
            let task = waiting(world, a).unwrap_or(stray(a, b).task);
            Command::DecideApproval { task, approve: b % 8 == 0, message: String::new() }
        }
        36 if b % 2 == 0 => {
            let call = world.state.index.calls.iter().nth(usize::from(a) % world.state.index.calls.len().max(1));
            Command::AdvanceTask { task: call.cloned().unwrap_or(stray(a, b).task) }
        }
        35 | 36 => timed_out(world, a).unwrap_or(Command::TimeOutRun { run: run(a, b) }),
        37 => Command::TimeOutAttempt { attempt: stray(a, b) },
        38 => Command::AssignAttempt { attempt: stray(a, b), node: node(b), driver: DriverKind::Process },
        39 => report_finished(stray(a, b), node(b), result(a)),
        40..=47 => assign(world, a, node(b)),
        kind => report(world, kind, a, b),
    }
}

/// What is rare: clusters that begin or go on as others, and the archive.
fn cluster_command(world: &World, a: u8, b: u8) -> Command {
    match b {
        _ if b % 16 == 1 => Command::RecoverCluster {
            cluster: ClusterId([a; 16]),
            survivor: node(a),
            dropped: [node(a / 3 + 1), node(a / 3 + 2)].into(),
            grace: Duration::from_millis(u64::from(b)),
        },
        _ if b % 16 == 2 => {
            let revision = if a == 0 { Revision(0) } else { world.state.revision };
            Command::RestoreCluster { cluster: ClusterId([a; 16]), revision, head: [b; 32] }
        }
        _ if b % 4 == 3 => {
            let first = world.state.archive.as_ref().map_or(0, |archive| archive.last.0) + u64::from(a % 8 != 7);
            let last = first + u64::from(a % 16);
            Command::ArchiveEvents { segment: Box::new(segment(first, last)), keep: 10 + u64::from(b / 16) }
        }
        _ => Command::CreateCluster { cluster: ClusterId([a % 2; 16]) },
    }
}

/// A task that waits, for whatever.
pub(crate) fn waiting(world: &World, number: u8) -> Option<TaskKey> {
    let tasks = world.state.runs.iter().flat_map(|(key, live)| {
        let waits = live.run.tasks.iter().filter(|(_, task)| task.status == TaskStatus::Waiting);
        waits.map(|(id, _)| TaskKey { run: key.clone(), task: id.clone() })
    });
    let tasks: Vec<_> = tasks.collect();
    tasks.get(usize::from(number) % tasks.len().max(1)).cloned()
}

/// Few keys and narrow limits, so that objects meet.
fn put_object(world: &World, a: u8, b: u8) -> Command {
    let limits = ObjectLimits {
        pipeline_objects: 2,
        pipeline_bytes: 300,
        run_objects: 2,
        run_bytes: 300,
        runs: u32::from(b % 3),
    };
    let attempt = b.is_multiple_of(8).then(|| stray(a, b));
    let run = live_run(world, a).unwrap_or(run(a, b));
    let scope = if b.is_multiple_of(2) { ObjectScope::Run(run) } else { ObjectScope::Pipeline(pipeline(a)) };
    let mut content = Box::new(content(u64::from(a)));
    content.place = b.is_multiple_of(5).then(|| place(u64::from(a % 2)));
    Command::PutObject { scope, key: object_key(b), content, limits, attempt }
}

fn delete_object(world: &World, a: u8, b: u8) -> Command {
    let count = world.state.objects.count().max(1);
    let (scope, key) = match world.state.objects.iter().nth(usize::from(a) % count) {
        Some((scope, key, _)) => (scope.clone(), key.clone()),
        None => (ObjectScope::Run(run(a, b)), object_key(b)),
    };
    Command::DeleteObject { scope, key, attempt: b.is_multiple_of(8).then(|| stray(a, b)) }
}

fn object_key(number: u8) -> ObjectKey {
    ObjectKey::new(&format!("k{}", number / 4 % 4)).unwrap()
}

fn stray(a: u8, b: u8) -> AttemptKey {
    let task = TaskKey { run: run(a, b), task: task_id(usize::from(b % 6)) };
    AttemptKey { task, attempt: u32::from(a % 4) }
}

fn live_run(world: &World, number: u8) -> Option<RunKey> {
    let count = world.state.runs.len().max(1);
    world.state.runs.keys().nth(usize::from(number) % count).cloned()
}

fn incarnation(world: &World, a: u8, b: u8) -> u64 {
    let known = world.state.nodes.get(&node(a)).map_or(0, |node| node.incarnation);
    if b.is_multiple_of(8) { known + 1 } else { known }
}

fn timed_out(world: &World, number: u8) -> Option<Command> {
    let count = world.state.index.deadlines.len().max(1);
    let (_, deadline) = world.state.index.deadlines.iter().nth(usize::from(number) % count)?;
    Some(time_out(deadline))
}

pub(crate) fn time_out(deadline: &Deadline) -> Command {
    match deadline.clone() {
        Deadline::Run(run) => Command::TimeOutRun { run },
        Deadline::Attempt(attempt) => Command::TimeOutAttempt { attempt },
        Deadline::Task(task) => Command::TimeOutTask { task },
    }
}

/// Figures that may be wrong, as nobody has counted.
fn some_ends(number: u8) -> Option<Ends> {
    let ends = Ends { count: 3, failed: u64::from(number % 8), streak: 2, broken: u64::from(number) };
    (!number.is_multiple_of(4)).then_some(ends)
}

fn assign(world: &World, number: u8, node: NodeId) -> Command {
    let count = world.state.index.queued.len().max(1);
    let attempt = match world.state.index.queued.iter().nth(usize::from(number) % count) {
        Some((_, _, task)) => next_attempt(world, task),
        None => stray(number, number),
    };
    Command::AssignAttempt { attempt, node, driver: DriverKind::Process }
}

pub(crate) fn next_attempt(world: &World, task: &TaskKey) -> AttemptKey {
    let attempts = world.state.runs[&task.run].run.tasks[&task.task].attempts.len();
    AttemptKey { task: task.clone(), attempt: u32::try_from(attempts).unwrap() + 1 }
}

fn report(world: &World, kind: u8, a: u8, b: u8) -> Command {
    let placed = world.state.index.placed.iter();
    let placed: Vec<_> = placed.flat_map(|(node, keys)| keys.iter().map(|key| (*node, key.clone()))).collect();
    let (node, attempt) =
        placed.get(usize::from(a) % placed.len().max(1)).cloned().unwrap_or_else(|| (node(a), stray(a, b)));
    match kind {
        50..=52 => Command::ReportLaunching { attempt, node },
        53..=55 => Command::ReportStarted { attempt, node },
        _ => report_finished(attempt, node, result(b)),
    }
}

/// The report of an attempt's end. What it has put out depends on its key alone.
pub(crate) fn report_finished(attempt: AttemptKey, node: NodeId, outcome: AttemptOutcome) -> Command {
    let lines = "x\n".repeat(usize::try_from(attempt.task.run.run % 4).unwrap());
    let outputs = if attempt.attempt % 2 == 1 { [("OUT".to_owned(), lines)].into() } else { BTreeMap::new() };
    Command::ReportFinished { attempt, node, outcome, log: None, outputs }
}

fn scope(a: u8, b: u8) -> ObjectScope {
    if a.is_multiple_of(2) { ObjectScope::Run(run(a, b)) } else { ObjectScope::Pipeline(pipeline(a)) }
}

fn object_event(a: u8, b: u8) -> Event {
    let (scope, key) = (scope(a, b), object_key(a));
    match b % 8 {
        4 => Event::ObjectPut { scope, key, content: Box::new(content(u64::from(b))) },
        5 => Event::ObjectDeleted { scope, key, cause: ObjectLoss::ALL[usize::from(b / 8 % 4)] },
        _ => Event::ObjectsDropped { scope, cause: ObjectLoss::Expired },
    }
}

fn archived_event(a: u8, b: u8) -> Event {
    Event::EventsArchived {
        segment: Box::new(segment(u64::from(a), u64::from(b))),
        trimmed: Revision(u64::from(a)),
        trimmed_hash: [b; 32],
    }
}

fn some_standing(a: u8, b: u8) -> Standing {
    match a % 4 {
        0 => Standing::Held,
        1 => Standing::Released { release: u64::from(b % 8), registered_by: String::new() },
        _ => Standing::Live,
    }
}

/// Kinds of random events. All but the first four and one are about what may not be there.
pub(crate) const EVENTS: u8 = 40;

/// Any event at all, true or not.
pub(crate) fn event(step: &Step) -> Event {
    let (a, b) = (step.a, step.b);
    let task = TaskKey { run: run(a, b), task: task_id(usize::from(b % 6)) };
    let reason = StopReason::Replaced { by: u64::from(b) };
    match step.kind % EVENTS {
        0 | 2 if matches!(b % 8, 4..=6) => object_event(a, b),
        0 if b % 4 == 1 => {
            let (cluster, from) = (ClusterId([a; 16]), ClusterId([b; 16]));
            Event::ClusterRestored { cluster, from, revision: Revision(u64::from(b)), head: [a; 32] }
        }
        0 if b % 4 == 2 => Event::ClusterRecovered {
            cluster: ClusterId([a; 16]),
            from: ClusterId([b; 16]),
            survivor: node(a),
            dropped: [node(b)].into(),
            revision: Revision(u64::from(b)),
        },
        0 if b % 4 == 3 => archived_event(a, b),
        0 if b % 16 == 0 => secret_event(a, b / 16),
        0 => Event::ClusterCreated { cluster: ClusterId([a; 16]) },
        1 => Event::NamespaceCreated { namespace: namespace(a), description: String::new() },
        2 => Event::NamespaceDeleted { namespace: namespace(a) },
        3 => Event::PipelineRegistered {
            pipeline: pipeline(a),
            version: Version(u64::from(b % 4)),
            config: std::sync::Arc::new(step.config.clone()),
            standing: some_standing(a, b),
        },
        4 => Event::PipelineEnabled { pipeline: pipeline(a) },
        5 => Event::PipelineDisabled { pipeline: pipeline(a) },
        6 => Event::PipelineDeleted { pipeline: pipeline(a) },
        7 | 24 => Event::RunCreated {
            run: run(a, b),
            version: Version(u64::from(b % 4)),
            options: Box::default(),
            started_by: String::new(),
            retry_of: None,
            parent: (a % 4 == 0).then(|| task.clone()),
            release: (a % 3 == 0).then(|| u64::from(b % 8)),
            schedule: None,
            subscription: None,
            shared: pins(a),
            depth: u32::from(a % 4),
        },
        8 => Event::RunStarted { run: run(a, b) },
        9 => Event::RunStopRequested { run: run(a, b), reason },
        10 => Event::TaskQueued { task, not_before: Timestamp(u64::from(b)), attempts: u32::from(b % 4) },
        11 => Event::TaskFinished { task, status: TaskStatus::Succeeded },
        12 => Event::RunFinished { run: run(a, b), status: RunStatus::Succeeded, started_at: None, ends: some_ends(b) },
        13 | 14 => Event::AttemptPlaced { attempt: stray(a, b), node: node(b), driver: DriverKind::Process },
        15 => Event::AttemptLaunching { attempt: stray(a, b) },
        16 => Event::AttemptStarted { attempt: stray(a, b) },
        17 => Event::AttemptStopRequested { attempt: stray(a, b), reason },
        18 => Event::AttemptFinished { attempt: stray(a, b), outcome: result(a), log: None, outputs: BTreeMap::new() },
        19 => Event::NodeRegistered { node: node(a), incarnation: u64::from(b % 4), spec: Box::new(node_spec("node")) },
        20 => Event::NodeDrained { node: node(a) },
        21 => Event::NodeUndrained { node: node(a) },
        25 => Event::TaskWaiting { task },
        26 => Event::TaskKept { task, from: u64::from(b), outputs: BTreeMap::new() },
        27 => Event::RunAnnotated { run: run(a, b), note: String::from("n"), labels: BTreeMap::new() },
        22 => Event::NodeLost { node: node(a), incarnation: u64::from(b % 4) },
        23 => Event::NodeRemoved { node: node(a) },
        38 => schedule_event(a, b),
        39 => subscription_event(a, b),
        kind => release_event(kind - 3, a, b),
    }
}
