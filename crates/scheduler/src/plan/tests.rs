use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use gofer_domain::config::{DriverKind, DriverSet, Overlap, PullPolicy, Resources, RetryPolicy, TaskConfig};
use gofer_domain::decide::decide;
use gofer_domain::event::Answer;
use gofer_domain::policy::check_placement;
use gofer_domain::{
    Actor, AttemptKey, AttemptOutcome, ClusterId, Command, CommandEnvelope, NamespaceId, NoHistory, NodeId, NodeSpec,
    PipelineConfig, PipelineId, PipelineKey, Rejection, RequestId, Revision, RunKey, State, TaskId, TaskKey, Timestamp,
};
use proptest::prelude::*;

use super::{Plan, PlanInput, plan};

/// A state that grows by commands.
struct World {
    state: State,
    now: Timestamp,
}

impl World {
    fn new() -> Self {
        let mut world = Self { state: State::default(), now: Timestamp(1_000_000) };
        world.must(Command::CreateCluster { cluster: ClusterId([7; 16]) });
        world
    }

    fn command(&mut self, command: Command) -> Result<Answer, Rejection> {
        let actor = Actor("test".into());
        let envelope = CommandEnvelope { request_id: RequestId::default(), actor, time: self.now, command };
        let decision = decide(&self.state, &NoHistory, &envelope)?;
        for event in &decision.events {
            let revision = Revision(self.state.revision.0 + 1);
            self.state.apply(&NoHistory, revision, self.now, event);
        }
        self.state.evict_finished();
        Ok(decision.answer)
    }

    fn must(&mut self, command: Command) -> Answer {
        let shown = format!("{command:?}");
        self.command(command).unwrap_or_else(|rejection| panic!("{shown}: {rejection}"))
    }

    fn node(&mut self, id: u64, slots: u32, change: impl FnOnce(&mut NodeSpec)) {
        let mut spec = NodeSpec {
            name: format!("n{id}"),
            address: format!("host:{id}"),
            labels: BTreeMap::new(),
            slots,
            capacity: Resources::default(),
            drivers: DriverSet::from([DriverKind::Process]),
            logic_version: 1,
            build: "test".into(),
        };
        change(&mut spec);
        self.must(Command::RegisterNode { node: NodeId(id), spec: Box::new(spec) });
    }

    /// Starts a run of a new pipeline.
    fn run(&mut self, namespace: &str, pipeline: &str, tasks: Vec<TaskConfig>, timeout: Option<Duration>) -> RunKey {
        let namespace = NamespaceId::new(namespace).unwrap();
        let _ = self.command(Command::CreateNamespace { namespace: namespace.clone(), description: String::new() });
        let config = PipelineConfig {
            id: PipelineId::new(pipeline).unwrap(),
            description: String::new(),
            parallelism: 0,
            overlap: Overlap::Allow,
            timeout,
            variables: BTreeMap::new(),
            parameters: BTreeMap::new(),
            tasks: (1..).zip(tasks).map(|(n, task)| (TaskId::new(&format!("t{n:03}")).unwrap(), task)).collect(),
        };
        let key = PipelineKey { namespace: namespace.clone(), pipeline: config.id.clone() };
        self.must(Command::RegisterPipeline { namespace, config: std::sync::Arc::new(config) });
        let answer = self.must(Command::StartRun { pipeline: key, version: None, options: Box::default() });
        let Answer::Run(run) = answer else { panic!("{answer:?}") };
        run
    }

    fn plan(&self) -> Plan {
        plan(&self.state, self.now, &PlanInput::default())
    }

    /// Plans and carries the plan out; returns `task@node/driver` of each assignment.
    fn carry_out(&mut self) -> Vec<String> {
        let plan = self.plan();
        self.carry_out_plan(plan)
    }

    fn carry_out_plan(&mut self, plan: Plan) -> Vec<String> {
        let mut shown = Vec::new();
        for command in plan.commands {
            shown.push(match &command {
                Command::AssignAttempt { attempt, node, driver } => {
                    format!("{}@{node}/{}", attempt.task, driver.name())
                }
                Command::TimeOutRun { run } => format!("time out {run}"),
                Command::TimeOutAttempt { attempt } => format!("time out {attempt}"),
                other => panic!("{other:?}"),
            });
            self.must(command);
        }
        shown
    }

    fn finish(&mut self, task: &TaskKey, node: u64, outcome: AttemptOutcome) {
        let attempt = AttemptKey { task: task.clone(), attempt: 1 };
        self.must(Command::ReportFinished {
            attempt,
            node: NodeId(node),
            outcome,
            log: None,
            outputs: BTreeMap::new(),
        });
    }
}

fn task() -> TaskConfig {
    TaskConfig {
        description: String::new(),
        image: None,
        pull: PullPolicy::IfNotPresent,
        entrypoint: Vec::new(),
        command: vec!["true".into()],
        environment: BTreeMap::new(),
        working_directory: None,
        depends_on: BTreeMap::new(),
        retry: RetryPolicy::default(),
        timeout: None,
        resources: Resources::default(),
        driver: None,
        constraints: BTreeMap::new(),
        allow_failure: false,
        ..TaskConfig::default()
    }
}

fn tasks(count: usize) -> Vec<TaskConfig> {
    vec![task(); count]
}

#[test]
fn attempts_spread_over_free_slots() {
    let mut world = World::new();
    world.node(1, 2, |_| {});
    world.node(2, 4, |_| {});
    world.run("a", "p", tasks(8), None);
    let placed = world.carry_out();
    let nodes: Vec<_> = placed.iter().map(|placed| &placed[11..12]).collect();
    assert_eq!(nodes, ["1", "2", "2", "1", "2", "2"], "{placed:?}");
    assert_eq!(world.plan(), Plan::default(), "all slots are taken");
}

#[test]
fn a_task_that_fits_nowhere_holds_up_no_other() {
    let mut world = World::new();
    world.node(1, 4, |spec| spec.capacity = Resources { cpu_millis: 1000, memory_bytes: 0 });
    let big = TaskConfig { resources: Resources { cpu_millis: 4000, memory_bytes: 0 }, ..task() };
    let labelled = TaskConfig { constraints: BTreeMap::from([("gpu".into(), "yes".into())]), ..task() };
    let half = TaskConfig { resources: Resources { cpu_millis: 600, memory_bytes: 0 }, ..task() };
    world.run("a", "p", vec![big, labelled, half.clone(), half, task()], None);
    assert_eq!(world.carry_out(), ["a/p/1/t003@1/process", "a/p/1/t005@1/process"]);
}

#[test]
fn namespaces_take_turns_and_those_with_less_come_first() {
    let mut world = World::new();
    world.node(1, 4, |_| {});
    world.run("a", "p", tasks(10), None);
    let first = PlanInput { commands_max: 2, ..PlanInput::default() };
    world.carry_out_plan(plan(&world.state, world.now, &first));
    world.run("b", "p", tasks(10), None);
    assert_eq!(world.carry_out(), ["b/p/1/t001@1/process", "b/p/1/t002@1/process"], "a has two already");
    let freed = world.run_key("a");
    world.finish(&TaskKey { run: freed, task: TaskId::new("t001").unwrap() }, 1, AttemptOutcome::Succeeded);
    assert_eq!(world.carry_out(), ["a/p/1/t003@1/process"], "the older backlog does not take all");
}

impl World {
    fn run_key(&self, namespace: &str) -> RunKey {
        self.state.runs.keys().find(|run| run.pipeline.namespace.as_str() == namespace).unwrap().clone()
    }
}

#[test]
fn docker_is_for_images_wherever_there_is_one() {
    let mut world = World::new();
    world.node(1, 4, |_| {});
    let image = TaskConfig { image: Some("alpine".into()), ..task() };
    world.run("a", "p", vec![image.clone(), task()], None);
    assert_eq!(world.carry_out(), ["a/p/1/t001@1/process", "a/p/1/t002@1/process"], "no node has docker");
    world.node(2, 1, |spec| spec.drivers = DriverSet::from([DriverKind::Process, DriverKind::Docker]));
    world.run("a", "q", vec![image.clone(), image.clone(), task()], None);
    assert_eq!(world.carry_out(), ["a/q/1/t001@2/docker", "a/q/1/t003@1/process"]);
    let process = TaskConfig { driver: Some(DriverKind::Process), ..image };
    world.run("a", "r", vec![process], None);
    assert_eq!(world.carry_out(), ["a/r/1/t001@1/process"]);
}

#[test]
fn leases_matter() {
    let mut world = World::new();
    for node in 1..=3 {
        world.node(node, 2, |_| {});
    }
    world.run("a", "p", tasks(9), None);
    let input = PlanInput {
        preferred: BTreeSet::from([NodeId(3)]),
        refused: BTreeSet::from([NodeId(1)]),
        ..PlanInput::default()
    };
    let placed = world.carry_out_plan(plan(&world.state, world.now, &input));
    let nodes: Vec<_> = placed.iter().map(|placed| &placed[11..12]).collect();
    assert_eq!(nodes, ["3", "3", "2", "2"]);
}

#[test]
fn draining_and_lost_nodes_get_nothing() {
    let mut world = World::new();
    for node in 1..=3 {
        world.node(node, 2, |_| {});
    }
    world.must(Command::DrainNode { node: NodeId(1) });
    world.must(Command::DeclareNodeLost { node: NodeId(2), incarnation: 1 });
    world.run("a", "p", tasks(9), None);
    assert_eq!(world.carry_out(), ["a/p/1/t001@3/process", "a/p/1/t002@3/process"]);
}

#[test]
fn retries_wait_and_time_outs_pass() {
    let mut world = World::new();
    world.node(1, 4, |_| {});
    let retry = RetryPolicy { attempts: 2, ..RetryPolicy::default() };
    let slow = TaskConfig { timeout: Some(Duration::from_secs(5)), ..task() };
    let run = world.run("a", "p", vec![TaskConfig { retry, ..task() }, slow], Some(Duration::from_secs(9)));
    world.carry_out();
    let failed = TaskKey { run, task: TaskId::new("t001").unwrap() };
    world.finish(&failed, 1, AttemptOutcome::Unknown { message: String::new() });
    let start = world.now;
    assert_eq!(world.plan(), Plan { commands: vec![], next: Some(start.after(Duration::from_secs(1))) });
    world.now = start.after(Duration::from_secs(1));
    assert_eq!(world.carry_out(), ["a/p/1/t001@1/process"]);
    assert_eq!(world.plan().next, Some(start.after(Duration::from_secs(5))));
    world.now = start.after(Duration::from_secs(5));
    assert_eq!(world.carry_out(), ["time out a/p/1/t002/1"]);
    assert_eq!(world.plan().next, Some(start.after(Duration::from_secs(9))));
    world.now = start.after(Duration::from_secs(9));
    assert_eq!(world.carry_out(), ["time out a/p/1"]);
    assert_eq!(world.plan(), Plan::default());
}

#[test]
fn a_plan_has_a_limit_and_the_next_goes_on() {
    let mut world = World::new();
    world.node(1, 1_000, |_| {});
    world.run("a", "p", tasks(300), None);
    assert_eq!(world.carry_out().len(), 256);
    assert_eq!(world.carry_out().len(), 44);
}

/// What a test is made of, in small numbers so that things collide.
#[derive(Clone, Debug)]
struct Universe {
    nodes: Vec<(u32, u64, u64, bool, bool, u8)>,
    /// Namespace and tasks.
    runs: Vec<(u8, Vec<RandomTask>)>,
    commands_max: usize,
}

/// CPU, memory, label, image, driver.
type RandomTask = (u64, u64, bool, u8, u8);

fn universe() -> impl Strategy<Value = Universe> {
    let node = (1..4_u32, 0..4_u64, 0..4_u64, any::<bool>(), any::<bool>(), 0..6_u8);
    let task = (0..3_u64, 0..3_u64, any::<bool>(), 0..3_u8, 0..3_u8);
    let run = (0..3_u8, prop::collection::vec(task, 1..6));
    (prop::collection::vec(node, 0..5), prop::collection::vec(run, 0..5), 1..20_usize)
        .prop_map(|(nodes, runs, commands_max)| Universe { nodes, runs, commands_max })
}

fn build(universe: &Universe) -> World {
    let mut world = World::new();
    for (id, (slots, cpu, memory, label, docker, fate)) in (1..).zip(&universe.nodes) {
        world.node(id, *slots, |spec| {
            spec.capacity = Resources { cpu_millis: cpu * 500, memory_bytes: memory << 23 };
            if *label {
                spec.labels.insert("gpu".into(), "yes".into());
            }
            if *docker {
                spec.drivers.insert(DriverKind::Docker);
            }
        });
        match fate {
            0 => drop(world.must(Command::DrainNode { node: NodeId(id) })),
            1 => drop(world.must(Command::DeclareNodeLost { node: NodeId(id), incarnation: 1 })),
            _ => {}
        }
    }
    for (number, (namespace, configs)) in universe.runs.iter().enumerate() {
        let configs = configs.iter().map(|(cpu, memory, label, image, driver)| TaskConfig {
            resources: Resources { cpu_millis: cpu * 400, memory_bytes: memory << 22 },
            constraints: label.then(|| ("gpu".into(), "yes".into())).into_iter().collect(),
            image: (*image > 0).then(|| "alpine".into()),
            command: if *image > 1 { Vec::new() } else { vec!["true".into()] },
            driver: match (driver, image) {
                (1, 1..) => Some(DriverKind::Docker),
                (2, ..2) => Some(DriverKind::Process),
                _ => None,
            },
            ..task()
        });
        world.run(&format!("n{namespace}"), &format!("p{number}"), configs.collect(), None);
    }
    world
}

/// Whether the domain would take the task anywhere, under a driver this crate may choose.
fn would_fit(state: &State, task: &TaskConfig) -> bool {
    let has = |node: &gofer_domain::Node, driver| node.spec.drivers.contains(&driver);
    let labelled = |node: &gofer_domain::Node| task.constraints.iter().all(|(k, v)| node.spec.labels.get(k) == Some(v));
    let docker = state.nodes.values().any(|node| has(node, DriverKind::Docker) && labelled(node));
    state.nodes.values().any(|node| {
        [DriverKind::Docker, DriverKind::Process].into_iter().any(|driver| {
            let is_process_for_image = driver == DriverKind::Process && task.image.is_some() && task.driver.is_none();
            !(is_process_for_image && docker) && check_placement(state, node, task, driver).is_ok()
        })
    })
}

proptest! {
    /// The domain accepts every command, which rules out over-commitment and unfit nodes; and nothing that fits waits.
    #[test]
    fn plans_are_accepted_complete_and_deterministic(universe in universe()) {
        let mut world = build(&universe);
        let input = PlanInput { commands_max: universe.commands_max, ..PlanInput::default() };
        loop {
            let planned = plan(&world.state, world.now, &input);
            prop_assert_eq!(&planned, &plan(&world.state.clone(), world.now, &input));
            prop_assert!(planned.commands.len() <= universe.commands_max);
            if planned.commands.is_empty() {
                break;
            }
            let tasks: BTreeSet<_> = planned.commands.iter().map(|command| format!("{command:?}")).collect();
            prop_assert_eq!(tasks.len(), planned.commands.len());
            for command in planned.commands {
                if let Err(rejection) = world.command(command.clone()) {
                    return Err(TestCaseError::fail(format!("{command:?}: {rejection}")));
                }
            }
        }
        for (_, _, key) in &world.state.index.queued {
            let config = Arc::clone(&world.state.runs[&key.run].config);
            prop_assert!(!would_fit(&world.state, &config.tasks[&key.task]), "{} waits though it fits", key);
        }
    }
}
