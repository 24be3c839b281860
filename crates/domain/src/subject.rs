//! What events are about.

use crate::event::Event;
use crate::ids::{NamespaceId, PipelineKey, RunKey};
use crate::object::ObjectScope;
use crate::secret::SecretScope;

/// The narrowest thing that an event is about, of those that contain one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'a> {
    /// Nodes, triggers, or the cluster as a whole.
    Cluster,
    Namespace(&'a NamespaceId),
    Pipeline(&'a PipelineKey),
    Run(&'a RunKey),
}

impl<'a> Subject<'a> {
    /// The namespace that it is or lies in.
    #[must_use]
    pub fn namespace(self) -> Option<&'a NamespaceId> {
        match self {
            Self::Cluster => None,
            Self::Namespace(namespace) => Some(namespace),
            Self::Pipeline(_) | Self::Run(_) => self.pipeline().map(|pipeline| &pipeline.namespace),
        }
    }

    /// The pipeline that it is or lies in.
    #[must_use]
    pub fn pipeline(self) -> Option<&'a PipelineKey> {
        match self {
            Self::Cluster | Self::Namespace(_) => None,
            Self::Pipeline(pipeline) => Some(pipeline),
            Self::Run(run) => Some(&run.pipeline),
        }
    }

    /// The run that it is.
    #[must_use]
    pub fn run(self) -> Option<&'a RunKey> {
        match self {
            Self::Run(run) => Some(run),
            Self::Cluster | Self::Namespace(_) | Self::Pipeline(_) => None,
        }
    }
}

fn of_scope(scope: &SecretScope) -> Subject<'_> {
    match scope {
        SecretScope::Global => Subject::Cluster,
        SecretScope::Namespace(namespace) => Subject::Namespace(namespace),
        SecretScope::Pipeline(key) => Subject::Pipeline(key),
    }
}

fn of_objects(scope: &ObjectScope) -> Subject<'_> {
    match scope {
        ObjectScope::Pipeline(pipeline) => Subject::Pipeline(pipeline),
        ObjectScope::Run(run) => Subject::Run(run),
    }
}

fn of_namespace(namespace: &NamespaceId) -> Subject<'_> {
    Subject::Namespace(namespace)
}

impl Event {
    /// What it is about.
    #[must_use]
    pub fn subject(&self) -> Subject<'_> {
        match self {
            Event::ClusterCreated { .. }
            | Event::ClusterRestored { .. }
            | Event::ClusterRecovered { .. }
            | Event::NodeRegistered { .. }
            | Event::NodeDrained { .. }
            | Event::NodeUndrained { .. }
            | Event::NodeLost { .. }
            | Event::NodeRemoved { .. }
            | Event::EventsArchived { .. }
            | Event::TriggerInstalled { .. }
            | Event::TriggerUpdated { .. }
            | Event::TriggerUninstalled { .. }
            | Event::TriggerEnabled { .. }
            | Event::TriggerDisabled { .. }
            | Event::TriggerReported { .. }
            | Event::EventsFollowed { .. }
            | Event::ClusterKeyRotated { .. } => Subject::Cluster,
            Event::SecretSet { secret } => of_scope(&secret.key.scope),
            Event::SecretDeleted { key, .. } => of_scope(&key.scope),
            Self::NamespaceCreated { namespace, .. } | Self::NamespaceDeleted { namespace } => of_namespace(namespace),
            Event::PipelineRegistered { pipeline, .. }
            | Event::PipelineEnabled { pipeline }
            | Event::PipelineDisabled { pipeline }
            | Event::PipelineDeleted { pipeline }
            | Event::ReleaseStarted { pipeline, .. }
            | Event::ReleaseAdvanced { pipeline, .. }
            | Event::ReleaseSwitched { pipeline, .. }
            | Event::ReleasePromoted { pipeline, .. }
            | Event::ReleaseRolledBack { pipeline, .. }
            | Event::LiveVersionChanged { pipeline, .. }
            | Event::PipelinePinned { pipeline, .. }
            | Event::PipelineUnpinned { pipeline } => Subject::Pipeline(pipeline),
            Event::ScheduleCreated { schedule, .. }
            | Event::ScheduleUpdated { schedule, .. }
            | Event::ScheduleDeleted { schedule }
            | Event::ScheduleEnabled { schedule, .. }
            | Event::ScheduleDisabled { schedule }
            | Event::SlotsSettled { schedule, .. }
            | Event::BackfillStarted { schedule, .. }
            | Event::BackfillAdvanced { schedule, .. }
            | Event::BackfillRunEnded { schedule, .. }
            | Event::BackfillCancelled { schedule, .. } => Subject::Pipeline(&schedule.pipeline),
            Event::SubscriptionCreated { subscription, .. }
            | Event::SubscriptionUpdated { subscription, .. }
            | Event::SubscriptionDeleted { subscription }
            | Event::SubscriptionEnabled { subscription }
            | Event::SubscriptionDisabled { subscription }
            | Event::EventsTaken { subscription, .. } => Subject::Pipeline(&subscription.pipeline),
            Event::RunCreated { run, .. }
            | Event::RunStarted { run }
            | Event::RunStopRequested { run, .. }
            | Event::RunAnnotated { run, .. }
            | Event::RunMoved { run, .. }
            | Event::RunFinished { run, .. } => Subject::Run(run),
            Event::TaskQueued { task, .. }
            | Event::TaskWaiting { task }
            | Event::TaskKept { task, .. }
            | Event::TaskFinished { task, .. } => Subject::Run(&task.run),
            Event::AttemptPlaced { attempt, .. }
            | Event::AttemptLaunching { attempt }
            | Event::AttemptStarted { attempt }
            | Event::AttemptStopRequested { attempt, .. }
            | Event::AttemptFinished { attempt, .. } => Subject::Run(&attempt.task.run),
            Event::ObjectPut { scope, .. }
            | Event::ObjectDeleted { scope, .. }
            | Event::ObjectsDropped { scope, .. } => of_objects(scope),
        }
    }
}
