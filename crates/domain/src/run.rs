//! Runs, their tasks, and the attempts of those.

use std::collections::BTreeMap;

use crate::config::DriverKind;
use crate::ids::{NodeId, Revision, RunKey, TaskId, Version};
use crate::time::Timestamp;

/// One execution of one pipeline version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub key: RunKey,
    pub version: Version,
    pub status: RunStatus,
    /// Values given at the start; they override the pipeline's.
    pub variables: BTreeMap<String, String>,
    /// Who or what started it.
    pub started_by: String,
    /// The run this one retries.
    pub retry_of: Option<u64>,
    /// The release that chose its version, and counts it.
    pub release: Option<u64>,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    /// Set once a cancellation or a time-out was ordered: no attempt is placed any more.
    pub stopping: Option<StopReason>,
    pub tasks: BTreeMap<TaskId, TaskRun>,
    /// Revision of the newest event about this run.
    pub revision: Revision,
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
        }
    }
}

/// How a task stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskStatus {
    /// It waits for its parents.
    Pending,
    /// It waits for a node.
    Queued,
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
            Self::Pending | Self::Queued | Self::Placed | Self::Launching | Self::Running => false,
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
