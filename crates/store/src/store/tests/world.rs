//! A store with a little cluster in it, and steps that lead it through most of what can happen.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gofer_domain::config::{DriverKind, Overlap, PullPolicy, Requirement, Resources, RetryPolicy};
use gofer_domain::release::{Canary, Exposure, Step, Strategy};
use gofer_domain::run::{FailureReason, LogRef};
use gofer_domain::schedule::{CatchUp, Rule, Timing};
use gofer_domain::*;
use tempfile::TempDir;

use crate::{Entry, EntryKind, Options, Outcome, Store};

pub(super) const NODES: u64 = 2;

pub(super) struct World {
    dir: TempDir,
    pub(super) store: Store,
    /// Everything that was applied.
    pub(super) entries: Vec<Entry>,
    options: Options,
    time: u64,
}

pub(super) fn empty() -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Options::default()).unwrap();
    (dir, store)
}

/// Closes and opens again.
pub(super) fn reopen(store: Store, dir: &TempDir) -> Store {
    drop(store);
    Store::open(dir.path(), Options::default()).unwrap()
}

/// A command of this request id.
pub(super) fn request(id: u64, command: Command) -> CommandEnvelope {
    let mut request_id = [0; 16];
    request_id[..8].copy_from_slice(&id.to_be_bytes());
    CommandEnvelope {
        request_id: RequestId(request_id),
        actor: Actor("user:ada".into()),
        time: Timestamp(1_753_000_000_000 + id),
        command,
    }
}

pub(super) fn pipeline(name: &str) -> PipelineKey {
    PipelineKey { namespace: NamespaceId::new("default").unwrap(), pipeline: PipelineId::new(name).unwrap() }
}

pub(super) fn run(name: &str, run: u64) -> RunKey {
    RunKey { pipeline: pipeline(name), run }
}

fn task_id(name: &str) -> TaskId {
    TaskId::new(name).unwrap()
}

fn task(parents: &[(&str, Requirement)]) -> TaskConfig {
    TaskConfig {
        description: String::new(),
        image: None,
        pull: PullPolicy::IfNotPresent,
        entrypoint: Vec::new(),
        command: vec!["true".into()],
        environment: BTreeMap::from([("A".into(), "b".into())]),
        working_directory: None,
        depends_on: parents.iter().map(|(id, need)| (task_id(id), *need)).collect(),
        retry: RetryPolicy { attempts: 2, backoff: Duration::ZERO, ..RetryPolicy::default() },
        timeout: Some(Duration::from_secs(9)),
        resources: Resources { cpu_millis: 10, memory_bytes: 4 << 20 },
        driver: None,
        constraints: BTreeMap::new(),
        allow_failure: false,
        ..TaskConfig::default()
    }
}

pub(super) fn config(name: &str, overlap: Overlap, description: &str) -> PipelineConfig {
    PipelineConfig {
        id: PipelineId::new(name).unwrap(),
        description: description.into(),
        parallelism: 2,
        overlap,
        timeout: Some(Duration::from_secs(99)),
        variables: BTreeMap::new(),
        tasks: [
            (task_id("a"), task(&[])),
            (task_id("b"), task(&[("a", Requirement::Success)])),
            (task_id("c"), task(&[("a", Requirement::Failure)])),
        ]
        .into(),
        parameters: BTreeMap::new(),
    }
}

impl World {
    /// A cluster with two nodes and three pipelines.
    pub(super) fn new() -> Self {
        Self::with(Options::default())
    }

    pub(super) fn with(options: Options) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), options).unwrap();
        let mut world = Self { dir, store, entries: Vec::new(), options, time: 1_000_000 };
        world.next(Command::CreateCluster { cluster: ClusterId([1; 16]) });
        for node in 1..=NODES {
            world.register_node(node);
        }
        for (name, overlap) in [("p0", Overlap::Allow), ("p1", Overlap::Queue(4)), ("p2", Overlap::Replace)] {
            world.register(name, overlap, "first");
        }
        world
    }

    pub(super) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(super) fn into_parts(self) -> (TempDir, Store) {
        (self.dir, self.store)
    }

    pub(super) fn reopened(self) -> Self {
        let Self { dir, store, entries, options, time } = self;
        drop(store);
        let store = Store::open(dir.path(), options).unwrap();
        Self { dir, store, entries, options, time }
    }

    pub(super) fn revision(&self) -> Revision {
        self.store.progress().borrow().revision
    }

    /// Gives a command under a request id.
    pub(super) fn give(&mut self, id: u64, command: Command) -> Outcome {
        let index = self.store.applied().index + 1;
        let entry = Entry {
            index,
            log_id: index.to_be_bytes().to_vec(),
            kind: EntryKind::Commands(vec![request(id, command)]),
        };
        self.entries.push(entry.clone());
        self.store.apply(vec![entry]).unwrap().remove(0).remove(0)
    }

    /// Gives a command under a request id of its own.
    pub(super) fn next(&mut self, command: Command) -> Outcome {
        self.time += 1;
        self.give(self.time, command)
    }

    fn register_node(&mut self, node: u64) {
        let spec = NodeSpec {
            name: format!("node-{node}"),
            address: "127.0.0.1:7000".into(),
            labels: BTreeMap::from([("zone".into(), "a".into())]),
            slots: 4,
            capacity: Resources::default(),
            drivers: [DriverKind::Process].into(),
            logic_version: LOGIC_VERSION,
            build: "test".into(),
        };
        self.next(Command::RegisterNode { node: NodeId(node), spec: Box::new(spec) });
    }

    pub(super) fn register(&mut self, name: &str, overlap: Overlap, description: &str) {
        let namespace = NamespaceId::new("default").unwrap();
        let config = std::sync::Arc::new(config(name, overlap, description));
        self.next(Command::RegisterPipeline { namespace, config });
    }

    pub(super) fn start(&mut self, name: &str, version: Option<Version>) -> Outcome {
        let variables = BTreeMap::from([("TAG".into(), format!("v{}", self.time))]);
        let priority = i32::try_from(self.time % 3).unwrap() - 1;
        self.next(Command::StartRun {
            pipeline: pipeline(name),
            version,
            options: Box::new(RunOptions { variables, priority, ..RunOptions::default() }),
        })
    }

    /// One of many moves, chosen by the number alone.
    pub(super) fn step(&mut self, number: u64) {
        let name = ["p0", "p1", "p2"][usize::try_from(number / 11 % 3).unwrap()];
        let known = self.store.read(|state| state.pipelines[&pipeline(name)].last_run);
        match number % 40 {
            0 | 11 | 22 | 33 => drop(self.start(name, None)),
            7 => drop(self.start(name, Some(Version(1)))),
            13 => self.register("p0", Overlap::Allow, &format!("step {number}")),
            17 => {
                self.next(Command::RetryRun {
                    run: run(name, known.saturating_sub(3).max(1)),
                    from: gofer_domain::RetryFrom::Start,
                });
            }
            23 => {
                self.next(Command::CancelRun { run: run(name, known), message: "enough".into() });
            }
            29 => self.lose(1 + number % NODES),
            31 => {
                let namespace = NamespaceId::new(&format!("n{}", number % 3)).unwrap();
                self.next(Command::CreateNamespace { namespace, description: "d".into() });
            }
            37 => {
                let namespace = NamespaceId::new(&format!("n{}", number % 2)).unwrap();
                self.next(Command::DeleteNamespace { namespace });
            }
            3 | 19 | 27 | 35 => self.release(name, number),
            5 | 15 | 25 => self.schedule(name, number),
            9 | 18 | 34 => self.subscribe(name, number),
            _ => self.work(number),
        }
    }

    /// Something about the versions of a pipeline.
    fn release(&mut self, name: &str, number: u64) {
        let (pipeline, message) = (pipeline(name), String::from("so"));
        let is_even = (number / 40).is_multiple_of(2);
        self.next(match number % 40 {
            3 => {
                let steps = vec![Step { exposure: Exposure::Share(5_000), min_runs: 2 }];
                let canary = Canary { steps, max_failures: Some(2_000), max_slowdown: None, verdict: None };
                let strategy = if is_even { Strategy::Canary(Box::new(canary)) } else { Strategy::BlueGreen };
                Command::StartRelease { pipeline, version: None, strategy }
            }
            19 => {
                let config = std::sync::Arc::new(config(name, Overlap::Allow, &format!("step {number}")));
                Command::RegisterVersion { namespace: pipeline.namespace, config, hold: is_even }
            }
            27 if is_even => Command::SwitchRelease { pipeline, version: None },
            27 => Command::RollBackPipeline { pipeline, version: None, message },
            _ if is_even => Command::PinPipeline { pipeline, version: None, message },
            _ => Command::UnpinPipeline { pipeline },
        });
    }

    /// Something about the schedules of a pipeline.
    fn schedule(&mut self, name: &str, number: u64) {
        let schedule = schedule(name, "s");
        let known = self.store.read(|state| state.schedules.get(&schedule).cloned());
        let Some(known) = known else {
            self.next(Command::CreateSchedule { schedule, spec: spec(number), enabled: true });
            return;
        };
        match number % 9 {
            0 => drop(self.next(Command::UpdateSchedule { schedule, spec: spec(number), generation: None })),
            1 => drop(self.next(Command::SetScheduleEnabled { schedule, enabled: !known.enabled })),
            2 => drop(self.next(Command::DeleteSchedule { schedule })),
            3 | 4 => self.backfill(name, "s"),
            _ => drop(self.settle(name, "s")),
        }
    }

    /// Starts a run for the second instant of those that are not settled, and skips the first.
    pub(super) fn settle(&mut self, name: &str, which: &str) -> Outcome {
        let schedule = schedule(name, which);
        let known = self.store.read(|state| state.schedules.get(&schedule).cloned()).unwrap();
        let at = |millis| Timestamp(known.settled.0 + millis);
        let skipped = vec![SkippedSlots { first: at(1), last: at(1), reason: SkipReason::Missed }];
        let settlement =
            Settlement { generation: known.generation, from: at(0), to: at(2), fire: vec![at(2)], skipped };
        // Later than what is to be settled.
        self.time += 2;
        self.next(Command::SettleSlots { schedule, settlement: Box::new(settlement) })
    }

    /// Begins a backfill of three instants, or starts the next two runs of the one that goes on.
    fn backfill(&mut self, name: &str, which: &str) {
        let schedule = schedule(name, which);
        let known = self.store.read(|state| state.schedules.get(&schedule).cloned()).unwrap();
        let generation = known.generation;
        let open = known.backfills.iter().find(|(_, backfill)| backfill.room() > 0);
        self.next(match open {
            None => {
                let (from, to) = (Timestamp(self.time - 3), Timestamp(self.time));
                let spec = BackfillSpec { from, to, parallelism: 2, order: BackfillOrder::NewestFirst, slots: 3 };
                Command::StartBackfill { schedule, generation, spec }
            }
            Some((number, backfill)) => {
                let cursor = backfill.cursor;
                let from = cursor.unwrap_or(backfill.spec.to);
                let fire = (1..).map(|back| Timestamp(from.0 - back)).take_while(|slot| *slot >= backfill.spec.from);
                let fire: Vec<Timestamp> = fire.take(backfill.room()).collect();
                let is_last = fire.len() < backfill.room() || fire.last() == Some(&backfill.spec.from);
                Command::AdvanceBackfill { schedule, backfill: *number, generation, cursor, fire, is_last }
            }
        });
    }

    fn lose(&mut self, node: u64) {
        let incarnation = self.store.read(|state| state.nodes[&NodeId(node)].incarnation);
        self.next(Command::DeclareNodeLost { node: NodeId(node), incarnation });
        self.register_node(node);
    }

    /// Places what is queued, or moves what is placed.
    pub(super) fn work(&mut self, number: u64) {
        let placed = self.store.read(|state| {
            let all = state.index.placed.iter().flat_map(|(node, keys)| keys.iter().map(|key| (*node, key.clone())));
            let all: Vec<_> = all.collect();
            let chosen = usize::try_from(number).unwrap() % all.len().max(1);
            all.get(chosen).cloned()
        });
        let (node, attempt) = match placed {
            Some(placed) if !number.is_multiple_of(3) => placed,
            _ => return self.place(number),
        };
        self.next(match number % 4 {
            0 => Command::ReportLaunching { attempt, node },
            1 => Command::ReportStarted { attempt, node },
            _ => {
                let log = LogRef { digest: [7; 32], bytes: number, truncated: false };
                Command::ReportFinished {
                    attempt,
                    node,
                    outcome: outcome(number),
                    log: Some(log),
                    outputs: BTreeMap::new(),
                }
            }
        });
    }

    fn place(&mut self, number: u64) {
        let queued = self.store.read(|state| {
            let (_, _, task) = state.index.queued.first()?;
            let attempts = state.runs[&task.run].run.tasks[&task.task].attempts.len();
            Some(AttemptKey { task: task.clone(), attempt: u32::try_from(attempts).unwrap() + 1 })
        });
        if let Some(attempt) = queued {
            let node = NodeId(1 + number % NODES);
            self.next(Command::AssignAttempt { attempt, node, driver: DriverKind::Process });
        }
    }

    /// Runs that have ended.
    pub(super) fn ended(&self) -> usize {
        let all = ["p0", "p1", "p2"].map(|name| self.store.runs(&pipeline(name), None, usize::MAX).unwrap());
        all.iter().flatten().filter(|run| run.status.is_final()).count()
    }
}

pub(super) fn schedule(name: &str, schedule: &str) -> ScheduleKey {
    ScheduleKey { pipeline: pipeline(name), name: ScheduleName::new(schedule).unwrap() }
}

pub(super) fn spec(number: u64) -> Arc<ScheduleSpec> {
    let timing =
        Timing { rule: Rule::Every(Duration::from_secs(1 + number)), zone: "UTC".into(), blackouts: Vec::new() };
    Arc::new(ScheduleSpec {
        description: format!("of step {number}"),
        timing,
        jitter: Duration::ZERO,
        catch_up: CatchUp::Latest,
        grace: Duration::from_secs(60),
        options: RunOptions {
            variables: BTreeMap::from([("TAG".into(), format!("step {number}"))]),
            ..RunOptions::default()
        },
    })
}

fn outcome(number: u64) -> AttemptOutcome {
    match number % 5 {
        0 => AttemptOutcome::Failed { reason: FailureReason::ExitCode, exit_code: Some(3), message: "3".into() },
        1 => AttemptOutcome::Unknown { message: "nobody knows".into() },
        _ => AttemptOutcome::Succeeded,
    }
}
