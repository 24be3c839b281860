//! Runs, their tasks, and the attempts of those.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{DriverKind, PipelineConfig};
use crate::ids::{NodeId, Revision, RunKey, TaskId, TaskKey, Version};
use crate::schedule::ScheduleSlot;
use crate::shared::Pins;
use crate::subscription::SubscriptionEvent;
use crate::time::Timestamp;

/// One execution of one pipeline version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub key: RunKey,
    pub version: Version,
    pub status: RunStatus,
    pub options: RunOptions,
    /// Who or what started it.
    pub started_by: String,
    /// The run this one retries.
    pub retry_of: Option<u64>,
    /// The pipeline task that started this run and waits for it.
    pub parent: Option<TaskKey>,
    /// The release that chose its version, and counts it.
    pub release: Option<u64>,
    /// The slot that it was started for.
    pub schedule: Option<ScheduleSlot>,
    /// The event that it was started for.
    pub subscription: Option<SubscriptionEvent>,
    /// The versions that its tasks have of the shared tasks that they use.
    pub shared: Pins,
    /// How many runs came before it in a chain of which each was started by an event of the one before. A run that a task
    /// starts is where its parent is, and so is a retry.
    pub depth: u32,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    /// Set once a cancellation or a time-out was ordered: no attempt is placed any more.
    pub stopping: Option<StopReason>,
    pub tasks: BTreeMap<TaskId, TaskRun>,
    /// Revision of the newest event about this run.
    pub revision: Revision,
}

/// What a run is given when it starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunOptions {
    /// They override the pipeline's. Those that are parameters have a value, be it the default.
    pub variables: BTreeMap<String, String>,
    /// For people and their tools; Gofer only keeps them.
    pub labels: BTreeMap<String, String>,
    /// Free text about this run.
    pub note: String,
    /// Of the runs and tasks that wait, the greater goes first.
    pub priority: i32,
}

/// Which tasks of a finished run are run again in the new one. The descendants of those are, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RetryFrom {
    /// All.
    Start,
    /// Those that did not succeed, unless they were skipped.
    Failed,
    /// These, and those that did not succeed.
    Tasks(BTreeSet<TaskId>),
}

impl Run {
    /// A run that waits, with tasks about which nothing was decided yet. Times and who started it are left open.
    #[must_use]
    pub fn new(key: RunKey, version: Version, options: RunOptions, config: &PipelineConfig) -> Self {
        Self {
            key,
            version,
            status: RunStatus::Queued,
            options,
            started_by: String::new(),
            retry_of: None,
            release: None,
            parent: None,
            schedule: None,
            subscription: None,
            shared: Pins::new(),
            depth: 0,
            created_at: Timestamp(0),
            started_at: None,
            finished_at: None,
            stopping: None,
            tasks: config.tasks.keys().map(|id| (id.clone(), TaskRun::pending())).collect(),
            revision: Revision(0),
        }
    }
}

/// How a run stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunStatus {
    /// It waits for other runs of its pipeline.
    Queued,
    Running,
    Succeeded,
    /// A task that must not fail did, or the run took too long.
    Failed {
        message: String,
    },
    Cancelled {
        message: String,
    },
}

impl RunStatus {
    /// Whether nothing more will happen.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Queued | Self::Running => false,
            Self::Succeeded | Self::Failed { .. } | Self::Cancelled { .. } => true,
        }
    }
}

/// One task in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRun {
    pub status: TaskStatus,
    /// In order; attempt n is at index n-1.
    pub attempts: Vec<Attempt>,
    /// While queued: the earliest time of the next attempt.
    pub not_before: Timestamp,
    /// Revision of the event that queued it last; 0 before the first.
    pub queued_revision: Revision,
    pub finished_at: Option<Timestamp>,
    /// What it has put out, once it succeeded.
    pub outputs: BTreeMap<String, String>,
    /// The run whose result this task was given; it was not run in this one.
    pub kept_from: Option<u64>,
    /// Runs that a pipeline task started, in order of its elements.
    pub children: Vec<u64>,
}

impl TaskRun {
    /// A task about which nothing was decided yet.
    #[must_use]
    pub fn pending() -> Self {
        Self {
            status: TaskStatus::Pending,
            attempts: Vec::new(),
            not_before: Timestamp(0),
            queued_revision: Revision(0),
            finished_at: None,
            outputs: BTreeMap::new(),
            kept_from: None,
            children: Vec::new(),
        }
    }

    /// Takes over the result that the task had in another run.
    pub fn keep(&mut self, from: u64, outputs: BTreeMap<String, String>) {
        self.status = TaskStatus::Succeeded;
        self.kept_from = Some(from);
        self.outputs = outputs;
    }
}

/// How a task stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskStatus {
    /// It waits for its parents.
    Pending,
    /// It waits for a node.
    Queued,
    /// It waits for somebody's approval, or for the runs that it started.
    Waiting,
    /// A node was chosen; nothing was launched yet as far as the log knows.
    Placed,
    /// The node is preparing it (an image is being pulled, say).
    Launching,
    Running,
    Succeeded,
    Failed {
        reason: FailureReason,
        exit_code: Option<i32>,
        message: String,
    },
    Cancelled {
        message: String,
    },
    /// It will not run, and why.
    Skipped {
        message: String,
    },
    /// Its node was lost, and no further attempt is allowed.
    Lost {
        message: String,
    },
    /// Nobody can tell how it ended, and no further attempt is allowed.
    Unknown {
        message: String,
    },
}

impl TaskStatus {
    /// Whether nothing more will happen.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Pending | Self::Queued | Self::Waiting | Self::Placed | Self::Launching | Self::Running => false,
            Self::Succeeded
            | Self::Failed { .. }
            | Self::Cancelled { .. }
            | Self::Skipped { .. }
            | Self::Lost { .. }
            | Self::Unknown { .. } => true,
        }
    }
}

/// One launch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub node: NodeId,
    pub driver: DriverKind,
    pub status: AttemptStatus,
    pub placed_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    /// Set once its end was ordered; the node carries that out.
    pub stopping: Option<StopReason>,
    /// Its captured output, once sealed.
    pub log: Option<LogRef>,
}

/// How an attempt stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptStatus {
    Placed,
    Launching,
    Running,
    Finished(AttemptOutcome),
}

impl AttemptStatus {
    /// Whether nothing more will happen.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Placed | Self::Launching | Self::Running => false,
            Self::Finished(_) => true,
        }
    }
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    Succeeded,
    Failed {
        reason: FailureReason,
        exit_code: Option<i32>,
        message: String,
    },
    /// It was stopped on order, or never launched because of one.
    Cancelled {
        message: String,
    },
    /// Its node's lease ran out.
    Lost {
        message: String,
    },
    /// It ran, and its exit can't be told.
    Unknown {
        message: String,
    },
}

/// Why an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailureReason {
    /// The program ended with a code other than 0.
    ExitCode,
    /// The program was ended by a signal.
    Signal,
    Timeout,
    OutOfMemory,
    /// The image can't be had.
    ImagePull,
    /// The program can't be found or can't be executed.
    CommandNotFound,
    /// The driver refused or failed for another reason.
    Launch,
    /// Somebody who was asked for approval declined.
    Declined,
    /// A value that the task needs is not there, or none that may be given.
    MissingValue,
    /// A run that it started did not succeed, or could not be started.
    ChildRun,
}

/// Why a run or an attempt is being ended from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// Somebody asked for it.
    Cancelled { message: String },
    /// A newer run replaces it.
    Replaced { by: u64 },
    /// The task's or the run's time-out passed.
    Timeout { message: String },
}

/// Where an attempt's sealed output is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRef {
    /// SHA-256 of the blob as stored.
    pub digest: [u8; 32],
    /// Bytes of output before compression.
    pub bytes: u64,
    /// Whether output past the limit was dropped.
    pub truncated: bool,
}
