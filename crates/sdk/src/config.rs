//! A pipeline as plain data, as the builders fill it in and a file says it.
//!
//! Programs have no need of this module; readers of pipeline files that want to check them do.

mod values;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::fault::{Fault, Source};

pub use values::{
    ConditionConfig, ItemsConfig, KindConfig, ParameterConfig, ParameterKind, RunConfig, TestConfig, UsesConfig,
    ValueConfig,
};

/// One version of a pipeline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PipelineConfig {
    pub id: String,
    pub description: String,
    /// Most runs at the same time; 0: no limit under [`Overlap::Allow`], 1 under every other policy.
    pub parallelism: u32,
    pub overlap: Overlap,
    /// Longest life of a run.
    pub timeout: Option<Duration>,
    /// Environment of every task.
    pub env: BTreeMap<String, String>,
    /// What a run must or may be given. A pipeline that declares any takes no other variables.
    pub parameters: BTreeMap<String, ParameterConfig>,
    /// Where the pipeline was declared.
    pub source: Option<Source>,
    pub tasks: BTreeMap<String, TaskConfig>,
}

/// One task. What is empty, none or 0 is left to the default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskConfig {
    pub description: String,
    pub image: String,
    pub pull: Pull,
    pub entrypoint: Vec<String>,
    pub command: Vec<String>,
    pub working_directory: String,
    /// Parents, and how each must have ended.
    pub depends_on: BTreeMap<String, Requirement>,
    /// All must hold once the parents have ended; otherwise the task is skipped.
    pub when: Vec<ConditionConfig>,
    pub kind: KindConfig,
    pub retry: RetryConfig,
    /// Longest life of an attempt.
    pub timeout: Option<Duration>,
    /// Thousandths of a core.
    pub cpu_millis: u64,
    pub memory_bytes: u64,
    pub driver: Option<Driver>,
    pub allow_failure: bool,
    /// Labels that a node must carry.
    pub constraints: BTreeMap<String, String>,
    pub env: BTreeMap<String, String>,
    /// Environment from values that are known only in the run; wins over all other environment.
    pub inputs: BTreeMap<String, ValueConfig>,
    /// Variables of the environment, with the names of the secrets that they get their values from.
    pub secret_env: BTreeMap<String, String>,
    /// Files in the directory of secrets, with the names of the secrets that they hold.
    pub secret_files: BTreeMap<String, String>,
    /// Where the task was declared.
    pub source: Option<Source>,
}

/// How often and how soon a failed attempt is followed by another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryConfig {
    pub attempts: u32,
    pub backoff: Duration,
    pub backoff_max: Duration,
    /// 200 doubles the delay each time.
    pub multiplier_percent: u32,
    pub retry_lost: bool,
}

impl Default for RetryConfig {
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

/// What happens to a new run while as many run as may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overlap {
    /// It waits in line until there is room.
    #[default]
    Allow,
    /// It is refused.
    Forbid,
    /// The oldest live run is cancelled for it.
    Replace,
    /// It waits if fewer than this many wait already, 1 to 10 000; else it is refused.
    Queue(u32),
}

/// When an image is fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pull {
    #[default]
    IfNotPresent,
    Always,
    Never,
}

impl Pull {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::IfNotPresent => "if-not-present",
            Self::Always => "always",
            Self::Never => "never",
        }
    }
}

/// What launches a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    Process,
    Docker,
}

impl Driver {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Docker => "docker",
        }
    }
}

/// How a parent must have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// It succeeded.
    Success,
    /// It failed after all its attempts, was lost, or its outcome is unknown.
    Failure,
    /// It ran and ended, however.
    Any,
}

impl Requirement {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Any => "any",
        }
    }
}

impl PipelineConfig {
    /// Checks what a cluster would check, in its order and its words.
    ///
    /// # Errors
    /// Every fault, each with the place of its task if that is known; never an empty list.
    pub fn validate(&self) -> Result<(), Vec<Fault>> {
        let faults = crate::validate::faults(self);
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// The one way to write this pipeline as JSON: two pipelines that mean the same are the same bytes.
    ///
    /// The places of the tasks are no part of it.
    #[must_use]
    pub fn to_json(&self) -> String {
        crate::canonical::write(self, false)
    }

    /// The same, with the places of the tasks: what a program prints.
    #[must_use]
    pub fn to_json_with_sources(&self) -> String {
        crate::canonical::write(self, true)
    }
}
