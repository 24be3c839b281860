//! A store with a little cluster in it whose runs go most of the ways that there are.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gofer_domain::config::{DriverKind, Overlap, PullPolicy, Requirement, Resources, RetryPolicy};
use gofer_domain::run::{FailureReason, LogRef};
use gofer_domain::*;
use gofer_store::{Entry, EntryKind, Options, Outcome, Store};
use tempfile::TempDir;

pub(super) const CLUSTER: ClusterId = ClusterId([7; 16]);

pub(super) struct World {
    dir: TempDir,
    store: Option<Store>,
    commands: u64,
}

pub(super) fn pipeline(name: &str) -> PipelineKey {
    PipelineKey { namespace: NamespaceId::new("default").unwrap(), pipeline: PipelineId::new(name).unwrap() }
}

pub(super) fn run(name: &str, run: u64) -> RunKey {
    RunKey { pipeline: pipeline(name), run }
}

pub(super) fn attempt(run: &RunKey, task: &str, attempt: u32) -> AttemptKey {
    AttemptKey { task: TaskKey { run: run.clone(), task: TaskId::new(task).unwrap() }, attempt }
}

fn task(parents: &[(&str, Requirement)]) -> TaskConfig {
    let depends_on = parents.iter().map(|(id, need)| (TaskId::new(id).unwrap(), *need)).collect();
    TaskConfig {
        description: String::new(),
        image: None,
        pull: PullPolicy::IfNotPresent,
        entrypoint: Vec::new(),
        command: vec!["true".into()],
        environment: BTreeMap::from([("A".into(), "b".into())]),
        working_directory: None,
        depends_on,
        retry: RetryPolicy { attempts: 2, backoff: Duration::from_secs(3), ..RetryPolicy::default() },
        timeout: None,
        resources: Resources::default(),
        driver: None,
        constraints: BTreeMap::new(),
        allow_failure: false,
        ..TaskConfig::default()
    }
}

impl World {
    /// A cluster of two nodes with a pipeline `build`: task `a`, then `b` if it succeeds, or `c` if it fails.
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), Options::default()).unwrap();
        store.set_cluster(CLUSTER).unwrap();
        let mut world = Self { dir, store: Some(store), commands: 0 };
        world.give(Command::CreateCluster { cluster: CLUSTER });
        world.register_node(1);
        world.register_node(2);
        world.register("build", Overlap::Queue(9));
        world
    }

    /// With many runs behind it.
    pub(super) fn busy(runs: u64) -> Self {
        let mut world = Self::new();
        for number in 0..runs {
            world.play(number);
        }
        world
    }

    pub(super) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Its directory, once nobody has it open any more.
    pub(super) fn closed(mut self) -> TempDir {
        self.store = None;
        self.dir
    }

    pub(super) fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    pub(super) fn revision(&self) -> u64 {
        self.store().progress().borrow().revision.0
    }

    pub(super) fn give(&mut self, command: Command) -> Outcome {
        self.commands += 1;
        let mut request_id = [0; 16];
        request_id[..8].copy_from_slice(&self.commands.to_be_bytes());
        let envelope = CommandEnvelope {
            request_id: RequestId(request_id),
            actor: Actor("user:ada".into()),
            time: Timestamp(1_753_000_000_000 + self.commands * 4_000),
            command,
        };
        let index = self.store().applied().index + 1;
        let entry = Entry { index, log_id: vec![1], kind: EntryKind::Commands(vec![envelope]) };
        self.store().apply(vec![entry]).unwrap().remove(0).remove(0)
    }

    pub(super) fn register_node(&mut self, node: u64) {
        let spec = NodeSpec {
            name: format!("n{node}"),
            address: "127.0.0.1:7000".into(),
            labels: BTreeMap::new(),
            slots: 100,
            capacity: Resources::default(),
            drivers: [DriverKind::Process].into(),
            logic_version: LOGIC_VERSION,
            build: "test".into(),
        };
        self.give(Command::RegisterNode { node: NodeId(node), spec: Box::new(spec) });
    }

    pub(super) fn register(&mut self, name: &str, overlap: Overlap) {
        let tasks = [
            ("a", task(&[])),
            ("b", task(&[("a", Requirement::Success)])),
            ("c", task(&[("a", Requirement::Failure)])),
        ];
        let config = PipelineConfig {
            id: PipelineId::new(name).unwrap(),
            description: format!("after {} commands", self.commands),
            parallelism: 1,
            overlap,
            timeout: None,
            variables: BTreeMap::new(),
            tasks: tasks.into_iter().map(|(id, task)| (TaskId::new(id).unwrap(), task)).collect(),
            parameters: BTreeMap::new(),
        };
        let namespace = NamespaceId::new("default").unwrap();
        self.give(Command::RegisterPipeline { namespace, config: Arc::new(config) });
    }

    pub(super) fn start(&mut self, name: &str) -> RunKey {
        let variables = BTreeMap::from([("TAG".into(), format!("v{}", self.commands))]);
        let outcome = self.give(Command::StartRun {
            pipeline: pipeline(name),
            version: None,
            options: Box::new(gofer_domain::RunOptions { variables, ..Default::default() }),
        });
        match outcome {
            Outcome::Accepted { answer: Answer::Run(run), .. } => run,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn place(&mut self, attempt: &AttemptKey, node: u64) {
        let (attempt, node, driver) = (attempt.clone(), NodeId(node), DriverKind::Process);
        let outcome = self.give(Command::AssignAttempt { attempt, node, driver });
        assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}");
    }

    /// Places an attempt and lets it run to an end.
    pub(super) fn execute(&mut self, attempt: &AttemptKey, node: u64, outcome: AttemptOutcome) {
        self.place(attempt, node);
        let node = NodeId(node);
        self.give(Command::ReportLaunching { attempt: attempt.clone(), node });
        self.give(Command::ReportStarted { attempt: attempt.clone(), node });
        let log = Some(LogRef { digest: [7; 32], bytes: 5, truncated: false });
        let outcome = self.give(Command::ReportFinished {
            attempt: attempt.clone(),
            node,
            outcome,
            log,
            outputs: BTreeMap::new(),
        });
        assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}");
    }

    pub(super) fn lose(&mut self, node: u64) {
        let incarnation = self.store().read(|state| state.nodes[&NodeId(node)].incarnation);
        self.give(Command::DeclareNodeLost { node: NodeId(node), incarnation });
        self.register_node(node);
    }

    /// A run that goes one of several ways.
    pub(super) fn play(&mut self, number: u64) {
        let run = self.start("build");
        match number % 5 {
            0 => {
                self.execute(&attempt(&run, "a", 1), 1, failed());
                self.execute(&attempt(&run, "a", 2), 2, failed());
                self.execute(&attempt(&run, "c", 1), 1, AttemptOutcome::Succeeded);
            }
            1 => {
                self.place(&attempt(&run, "a", 1), 2);
                self.lose(2);
                self.execute(&attempt(&run, "a", 2), 1, AttemptOutcome::Succeeded);
                self.execute(&attempt(&run, "b", 1), 1, AttemptOutcome::Succeeded);
            }
            2 => {
                let waiting = self.start("build");
                self.give(Command::CancelRun { run: waiting, message: "no more".into() });
                self.give(Command::CancelRun { run: run.clone(), message: String::new() });
            }
            3 => {
                self.give(Command::CreateNamespace {
                    namespace: NamespaceId::new(&format!("n{number}")).unwrap(),
                    description: "d".into(),
                });
                self.execute(&attempt(&run, "a", 1), 1, AttemptOutcome::Unknown { message: "gone".into() });
                self.give(Command::CancelRun { run, message: "enough".into() });
            }
            _ => {
                self.register("build", Overlap::Queue(9));
                self.execute(&attempt(&run, "a", 1), 1, AttemptOutcome::Succeeded);
                self.execute(&attempt(&run, "b", 1), 2, AttemptOutcome::Succeeded);
            }
        }
    }
}

pub(super) fn failed() -> AttemptOutcome {
    AttemptOutcome::Failed { reason: FailureReason::ExitCode, exit_code: Some(3), message: String::new() }
}
