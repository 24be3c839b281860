//! What a pipeline author writes: an immutable version of a pipeline.
//!
//! These are plain data; [`validate`](crate::validate) says which of them are acceptable.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::ids::{PipelineId, TaskId};
use crate::values::{Condition, Parameter, SharedTask, TaskKind, Value};

/// One version of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineConfig {
    pub id: PipelineId,
    /// Free text for people.
    pub description: String,
    /// Most runs at the same time. 0: no limit under [`Overlap::Allow`], 1 under every other policy.
    pub parallelism: u32,
    pub overlap: Overlap,
    /// Longest life of a run, counted from its start.
    pub timeout: Option<Duration>,
    /// Environment of every task; a run's variables and the task's own override it.
    pub variables: BTreeMap<String, String>,
    /// What a run must or may be given, by name. A pipeline that declares any takes no other variables.
    pub parameters: BTreeMap<String, Parameter>,
    pub tasks: BTreeMap<TaskId, TaskConfig>,
}

/// What happens to a new run while as many run as may run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overlap {
    /// It waits in line, behind at most [`QUEUE_MAX`](crate::limits::QUEUE_MAX) others.
    #[default]
    Allow,
    /// It is refused.
    Forbid,
    /// It waits in line if fewer than this many wait already; else it is refused.
    Queue(u32),
    /// The oldest live run is cancelled, and the new one starts when that one has ended. Of several that wait, only
    /// the newest stays.
    Replace,
}

/// One node of the DAG: a container, unless its kind says otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskConfig {
    pub description: String,
    pub kind: TaskKind,
    /// Image reference. The process driver ignores it; the Docker driver needs it.
    pub image: Option<String>,
    pub pull: PullPolicy,
    /// Replaces the image's entrypoint when not empty.
    pub entrypoint: Vec<String>,
    /// Arguments of the entrypoint; with the process driver, entrypoint and command together are the program.
    pub command: Vec<String>,
    pub environment: BTreeMap<String, String>,
    /// Absolute path the program starts in.
    pub working_directory: Option<String>,
    /// Parents, and how each must have ended for this task to run. Otherwise it is skipped.
    pub depends_on: BTreeMap<TaskId, Requirement>,
    /// All must hold once the parents have ended; otherwise this task is skipped.
    pub conditions: Vec<Condition>,
    /// Environment from values that are known only in the run; wins over all other environment.
    pub inputs: BTreeMap<String, Value>,
    pub retry: RetryPolicy,
    /// Longest life of one attempt, counted from its placement; longest wait of a task that starts no attempt.
    pub timeout: Option<Duration>,
    pub resources: Resources,
    /// The driver to use; none: the best one the chosen node has.
    pub driver: Option<DriverKind>,
    /// Labels a node must carry.
    pub constraints: BTreeMap<String, String>,
    /// Whether the run may succeed although this task failed.
    pub allow_failure: bool,
    /// Variables of the environment, and the names of the secrets that they get their values from.
    pub secret_env: BTreeMap<String, String>,
    /// Files in the directory that `GOFER_SECRETS_DIR` names, and the names of the secrets that they hold.
    pub secret_files: BTreeMap<String, String>,
}

impl TaskConfig {
    /// The shared task that it uses.
    #[must_use]
    pub fn shared(&self) -> Option<&SharedTask> {
        match &self.kind {
            TaskKind::Shared(shared) => Some(shared),
            TaskKind::Container | TaskKind::Approval(_) | TaskKind::Pipeline(_) => None,
        }
    }

    /// Whether it asks for any secret.
    #[must_use]
    pub fn has_secrets(&self) -> bool {
        !self.secret_env.is_empty() || !self.secret_files.is_empty()
    }
}

/// How a parent must have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Requirement {
    /// It succeeded.
    Success,
    /// It failed (after its retries), was lost, or its outcome is unknown.
    Failure,
    /// It ran and ended, however. A skipped or cancelled parent does not count.
    Any,
}

/// When an image is fetched from its registry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PullPolicy {
    #[default]
    IfNotPresent,
    Always,
    Never,
}

/// How often and how soon a failed attempt is followed by another.
///
/// Delay before attempt n+1 is `backoff * multiplier^(n-1)`, at most `backoff_max`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all, the first included; at least 1.
    pub attempts: u32,
    pub backoff: Duration,
    pub backoff_max: Duration,
    /// Growth of the delay in percent: 200 doubles it each time, 100 keeps it.
    pub multiplier_percent: u32,
    /// Whether an attempt that was lost with its node is followed by another. Lost attempts do not use up `attempts`.
    pub retry_lost: bool,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 1,
            backoff: Duration::from_secs(1),
            backoff_max: Duration::from_secs(60),
            multiplier_percent: 200,
            retry_lost: true,
        }
    }
}

/// What an attempt may use; 0 means no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// Thousandths of a core.
    pub cpu_millis: u64,
    pub memory_bytes: u64,
}

/// What launches an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DriverKind {
    /// A process of the node's own.
    Process,
    /// A container of the node's Docker (or Podman) daemon.
    Docker,
}

impl DriverKind {
    /// Name on the wire and in configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Docker => "docker",
        }
    }

    /// The driver of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Process, Self::Docker].into_iter().find(|kind| kind.name() == name)
    }
}

/// A set of drivers, in a fixed order.
pub type DriverSet = BTreeSet<DriverKind>;
