//! Logic versions: what the state machine can do, so that a cluster is upgraded node by node.
//!
//! A command that a node does not know would stop that node, or worse, be understood as less than it says. So what a
//! version adds is refused until every node has registered with that version.

use crate::command::Command;
use crate::config::{PipelineConfig, TaskConfig};
use crate::rejection::{Reason, Rejection};
use crate::run::{RetryFrom, RunOptions};
use crate::state::State;
use crate::values::TaskKind;

/// Newest behaviour of the state machine that this code knows: 2 since the log can be archived, 3 since pipelines have
/// parameters, releases, objects and secrets, 4 since they have schedules
/// and subscriptions.
pub const LOGIC_VERSION: u32 = 4;
/// The first logic version with an archive.
pub const ARCHIVE: u32 = 2;
/// The first logic version in which runs and tasks pass on values.
const VALUES: u32 = 3;
/// The first logic version with releases.
pub const RELEASES: u32 = 3;
/// The first logic version with objects.
pub const OBJECTS: u32 = 3;
/// The first logic version with secrets.
pub const SECRETS: u32 = 3;
/// The first logic version that says figures of the ends of runs, and counts the attempts before one.
pub const FIGURES: u32 = 4;
/// The first logic version with schedules.
pub const SCHEDULES: u32 = 4;
/// The first logic version with triggers and subscriptions.
pub const TRIGGERS: u32 = 4;
/// The first logic version with shared tasks.
pub const SHARED_TASKS: u32 = 4;

impl Command {
    /// The first logic version that knows this command, and all that it says.
    #[must_use]
    pub fn logic_version(&self) -> u32 {
        match self {
            Self::ArchiveEvents { .. } => ARCHIVE,
            Self::RegisterPipeline { config, .. } | Self::RegisterVersion { config, .. } if uses_shared(config) => {
                SHARED_TASKS
            }
            Self::DeletePipeline { force: true, .. } => SHARED_TASKS,
            Self::RegisterPipeline { config, .. } if passes_values(config) => VALUES,
            Self::RegisterPipeline { config, .. } if config.tasks.values().any(TaskConfig::has_secrets) => SECRETS,
            Self::SetSecret { .. } | Self::DeleteSecret { .. } | Self::RotateClusterKey { .. } => SECRETS,
            Self::StartRun { options, .. } if is_labelled(options) => VALUES,
            Self::RetryRun { from, .. } if *from != RetryFrom::Start => VALUES,
            Self::ReportFinished { outputs, .. } if !outputs.is_empty() => VALUES,
            Self::RegisterVersion { .. }
            | Self::StartRelease { .. }
            | Self::PromoteRelease { .. }
            | Self::SwitchRelease { .. }
            | Self::RollBackPipeline { .. }
            | Self::PinPipeline { .. }
            | Self::UnpinPipeline { .. } => RELEASES,
            Self::PutObject { .. } | Self::DeleteObject { .. } => OBJECTS,
            Self::CreateSchedule { .. }
            | Self::UpdateSchedule { .. }
            | Self::DeleteSchedule { .. }
            | Self::SetScheduleEnabled { .. }
            | Self::SettleSlots { .. }
            | Self::StartBackfill { .. }
            | Self::AdvanceBackfill { .. }
            | Self::CancelBackfill { .. } => SCHEDULES,
            Self::InstallTrigger { .. }
            | Self::UpdateTrigger { .. }
            | Self::UninstallTrigger { .. }
            | Self::SetTriggerEnabled { .. }
            | Self::ReportTrigger { .. }
            | Self::CreateSubscription { .. }
            | Self::UpdateSubscription { .. }
            | Self::DeleteSubscription { .. }
            | Self::SetSubscriptionEnabled { .. }
            | Self::TakeEvents { .. }
            | Self::FollowEvents { .. } => TRIGGERS,
            Self::AnnotateRun { .. }
            | Self::DecideApproval { .. }
            | Self::AdvanceTask { .. }
            | Self::TimeOutTask { .. } => VALUES,
            Self::CreateCluster { .. }
            | Self::RestoreCluster { .. }
            | Self::RecoverCluster { .. }
            | Self::CreateNamespace { .. }
            | Self::DeleteNamespace { .. }
            | Self::RegisterPipeline { .. }
            | Self::EnablePipeline { .. }
            | Self::DisablePipeline { .. }
            | Self::DeletePipeline { .. }
            | Self::StartRun { .. }
            | Self::CancelRun { .. }
            | Self::RetryRun { .. }
            | Self::TimeOutRun { .. }
            | Self::AssignAttempt { .. }
            | Self::TimeOutAttempt { .. }
            | Self::ReportLaunching { .. }
            | Self::ReportStarted { .. }
            | Self::ReportFinished { .. }
            | Self::RegisterNode { .. }
            | Self::DrainNode { .. }
            | Self::UndrainNode { .. }
            | Self::DeclareNodeLost { .. }
            | Self::RemoveNode { .. } => 1,
        }
    }
}

/// Whether a pipeline has anything of what values brought.
fn passes_values(config: &PipelineConfig) -> bool {
    let does =
        |task: &TaskConfig| !task.conditions.is_empty() || !task.inputs.is_empty() || task.kind != TaskKind::Container;
    !config.parameters.is_empty() || config.tasks.values().any(does)
}

/// Whether a pipeline names shared tasks.
fn uses_shared(config: &PipelineConfig) -> bool {
    config.tasks.values().any(|task| task.shared().is_some())
}

/// Whether a run is given more than variables.
fn is_labelled(options: &RunOptions) -> bool {
    let RunOptions { variables: _, labels, note, priority } = options;
    !labels.is_empty() || !note.is_empty() || *priority != 0
}

/// Refuses a command that a registered node does not know.
///
/// # Errors
/// `FailedPrecondition` that names the node.
pub fn check(state: &State, command: &Command) -> Result<(), Rejection> {
    let needed = command.logic_version();
    let old = |logic: u32| logic < needed;
    match state.nodes.values().find(|node| needed > 1 && old(node.spec.logic_version)) {
        None => Ok(()),
        Some(node) => Err(unknown(&format!("node {}", node.spec.name), node.spec.logic_version, needed)),
    }
}

/// Whether every registered node knows what a logic version brought.
#[must_use]
pub fn all_know(state: &State, version: u32) -> bool {
    state.nodes.values().all(|node| node.spec.logic_version >= version)
}

/// What is said of a command that somebody does not know.
#[must_use]
pub fn unknown(who: &str, has: u32, needed: u32) -> Rejection {
    let message =
        format!("{who} runs an older gofer (logic version {has}), and this needs version {needed} everywhere");
    Rejection::new(Reason::FailedPrecondition, message).help("upgrade all nodes first, or remove those that are gone")
}
