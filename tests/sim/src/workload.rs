//! What the clients ask for: pipelines of every shape, whose tasks say themselves how long they take and how they end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gofer_domain::command::Promotion;
use gofer_domain::config::{DriverKind, DriverSet, Overlap, PullPolicy, Requirement, Resources, RetryPolicy};
use gofer_domain::release::{Canary, Cause, Exposure, Step, Strategy};
use gofer_domain::{
    AttemptKey, Command, NamespaceId, NodeId, NodeSpec, PipelineConfig, PipelineId, PipelineKey, RunKey, TaskConfig,
    TaskId, TaskKey,
};
use gofer_drivers::LaunchSpec;
use gofer_rng::Rng;

/// A task: its name, how long it takes, how it ends, how often it fails before that, and after what it runs.
type Task = (&'static str, u64, i32, u32, &'static [(&'static str, Requirement)]);

const CHAIN: &[Task] = &[
    ("a", 700, 0, 0, &[]),
    ("b", 1500, 0, 0, &[("a", Requirement::Success)]),
    ("c", 300, 0, 0, &[("b", Requirement::Success)]),
];
const DIAMOND: &[Task] = &[
    ("a", 400, 0, 0, &[]),
    ("b", 3000, 0, 0, &[("a", Requirement::Success)]),
    ("c", 900, 0, 1, &[("a", Requirement::Success)]),
    ("d", 200, 0, 0, &[("b", Requirement::Success), ("c", Requirement::Success)]),
];
const FLAKY: &[Task] = &[
    ("a", 500, 0, 2, &[]),
    ("b", 600, 3, 0, &[("a", Requirement::Success)]),
    ("cleanup", 300, 0, 0, &[("b", Requirement::Failure)]),
    ("never", 300, 0, 0, &[("b", Requirement::Success)]),
    ("note", 100, 0, 0, &[("never", Requirement::Any)]),
];
const LONG: &[Task] = &[("a", 12_000, 0, 0, &[]), ("b", 7_000, 0, 0, &[]), ("c", 20_000, 0, 0, &[])];
const QUEUE: &[Task] = &[("a", 2500, 0, 0, &[])];
const REPLACE: &[Task] = &[("a", 5000, 0, 0, &[])];

const PIPELINES: [(&str, Overlap, &[Task]); 6] = [
    ("chain", Overlap::Allow, CHAIN),
    ("diamond", Overlap::Allow, DIAMOND),
    ("flaky", Overlap::Allow, FLAKY),
    ("long", Overlap::Allow, LONG),
    ("queue", Overlap::Queue(3), QUEUE),
    ("replace", Overlap::Replace, REPLACE),
];

/// What the names here are made of; none of them is refused.
pub(crate) fn id<T>(made: Result<T, gofer_domain::Rejection>) -> T {
    made.unwrap_or_else(|rejection| unreachable!("{rejection}"))
}

fn namespace() -> NamespaceId {
    id(NamespaceId::new("sim"))
}

/// How many pipelines there are.
pub(crate) fn count() -> u64 {
    PIPELINES.len() as u64
}

/// The namespace, and the configuration of one of the pipelines.
pub(crate) fn pipeline(number: u64) -> (NamespaceId, Arc<PipelineConfig>) {
    let at = usize::try_from(number).unwrap_or(0) % PIPELINES.len();
    let (name, overlap, tasks) = PIPELINES[at];
    let config = PipelineConfig {
        id: id(PipelineId::new(name)),
        description: String::new(),
        parallelism: 0,
        overlap,
        timeout: None,
        variables: BTreeMap::new(),
        tasks: tasks.iter().map(|task| (id(TaskId::new(task.0)), config(task))).collect(),
        parameters: BTreeMap::new(),
    };
    (namespace(), Arc::new(config))
}

/// Something about the versions of one of the pipelines. They differ by their descriptions only.
pub(crate) fn release(rng: &mut Rng) -> Command {
    let (namespace, config) = self::pipeline(rng.next() % count());
    let pipeline = PipelineKey { namespace: namespace.clone(), pipeline: config.id.clone() };
    let (version, message) = (None, String::new());
    match rng.range(0, 9) {
        0..4 => {
            let description = format!("version {}", rng.range(0, 1_000));
            let config = Arc::new(PipelineConfig { description, ..(*config).clone() });
            Command::RegisterVersion { namespace, config, hold: rng.chance(850) }
        }
        4..7 => Command::StartRelease { pipeline, version, strategy: strategy(rng) },
        7 if rng.chance(500) => Command::SwitchRelease { pipeline, version },
        8 if rng.chance(500) => Command::PromoteRelease { pipeline, promotion: Promotion::NextStep },
        _ => Command::RollBackPipeline { pipeline, version, message },
    }
}

fn strategy(rng: &mut Rng) -> Strategy {
    let share = u32::try_from(rng.range(500, 9_500)).unwrap_or(5_000);
    match rng.range(0, 9) {
        0 => Strategy::Replace(Cause::Asked),
        1 => Strategy::BlueGreen,
        2 => Strategy::AbTest { share },
        _ => Strategy::Canary(Box::new(Canary {
            steps: vec![
                Step { exposure: Exposure::Runs(2), min_runs: 1 },
                Step { exposure: Exposure::Share(share), min_runs: 2 },
            ],
            max_failures: Some(3_000),
            max_slowdown: rng.chance(300).then_some(20_000),
            verdict: None,
        })),
    }
}

/// The key of one of the pipelines.
pub(crate) fn key(number: u64) -> PipelineKey {
    let (namespace, config) = pipeline(number);
    PipelineKey { namespace, pipeline: config.id.clone() }
}

fn config((_, lasts, code, fails, after): &Task) -> TaskConfig {
    TaskConfig {
        description: String::new(),
        image: Some("sim".into()),
        pull: PullPolicy::IfNotPresent,
        entrypoint: Vec::new(),
        command: vec![lasts.to_string(), code.to_string(), fails.to_string()],
        environment: BTreeMap::new(),
        working_directory: None,
        depends_on: after.iter().map(|(task, requirement)| (id(TaskId::new(task)), *requirement)).collect(),
        retry: RetryPolicy { attempts: fails + 1, backoff: Duration::from_millis(300), ..RetryPolicy::default() },
        timeout: None,
        resources: Resources::default(),
        driver: None,
        constraints: BTreeMap::new(),
        allow_failure: false,
        ..TaskConfig::default()
    }
}

/// What a node says of itself.
pub(crate) fn node_spec(node: NodeId, logic_version: u32) -> NodeSpec {
    NodeSpec {
        name: format!("node-{node}"),
        address: address(node),
        labels: BTreeMap::new(),
        slots: 6,
        capacity: Resources::default(),
        drivers: DriverSet::from([DriverKind::Docker]),
        logic_version,
        build: "sim".into(),
    }
}

/// Where a node is reached.
pub(crate) fn address(node: NodeId) -> String {
    format!("node-{node}:1")
}

/// The node at an address.
pub(crate) fn at(address: &str) -> Option<NodeId> {
    address.strip_prefix("node-")?.strip_suffix(":1")?.parse().ok().map(NodeId)
}

/// Of a launch: the attempt, how long it takes, and how it ends.
pub(crate) fn read(spec: &LaunchSpec) -> Option<(AttemptKey, u64, i32)> {
    let label = |name: &str| spec.labels.get(name).map(String::as_str);
    let pipeline = PipelineKey {
        namespace: NamespaceId::new(label("gofer.namespace")?).ok()?,
        pipeline: PipelineId::new(label("gofer.pipeline")?).ok()?,
    };
    let run = RunKey { pipeline, run: label("gofer.run")?.parse().ok()? };
    let task = TaskKey { run, task: TaskId::new(label("gofer.task")?).ok()? };
    let attempt: u32 = label("gofer.attempt")?.parse().ok()?;
    let word = |at: usize| spec.command.get(at);
    let (lasts, code, fails) = (word(0)?.parse().ok()?, word(1)?.parse().ok()?, word(2)?.parse::<u32>().ok()?);
    Some((AttemptKey { task, attempt }, lasts, if attempt <= fails { 1 } else { code }))
}

/// What a container stands for that was stopped before it was made.
pub(crate) fn no_attempt() -> AttemptKey {
    let task = TaskKey { run: RunKey { pipeline: key(0), run: 0 }, task: id(TaskId::new("none")) };
    AttemptKey { task, attempt: 0 }
}
