//! Events to state.
//!
//! An event is a fact, so nothing is checked here beyond whether what it names exists. The index follows each event
//! in step: what a task or a run adds to it is taken out before the change and put back after it.

mod index;
mod pipeline;
mod release;
mod run;
mod schedule;
mod secret;
mod subscription;

use crate::archive::Archive;
use crate::event::Event;
use crate::ids::{NamespaceId, NodeId, PipelineKey, Revision, RunKey, TaskKey, TriggerName, Version};
use crate::node::{Node, NodeStatus};
use crate::object::{Object, ObjectKey, ObjectScope};
use crate::run::Run;
use crate::schedule::ScheduleKey;
use crate::secret::{SecretKey, WrappedKey};
use crate::state::{History, Index, Namespace, State};
use crate::subscription::SubscriptionKey;
use crate::time::Timestamp;

/// A stored record that an event changes: what a view has to write again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Record {
    Cluster,
    Namespace(NamespaceId),
    /// Head of a pipeline: all of it but its configuration.
    Pipeline(PipelineKey),
    PipelineVersion(PipelineKey, Version),
    /// Head of a run: all of it but its tasks.
    Run(RunKey),
    /// A task with its attempts. A task without such a record is pending.
    Task(TaskKey),
    Node(NodeId),
    /// How far the log is archived.
    Archive,
    /// The release of a pipeline that is in progress, and those that ended in the same batch.
    Releases(PipelineKey),
    /// All objects of a scope, of which none is left. In this order: some may have been put anew.
    Objects(ObjectScope),
    Object(ObjectScope, ObjectKey),
    /// A secret without its value.
    Secret(SecretKey),
    /// The cluster key in force.
    ClusterKey,
    Schedule(ScheduleKey),
    Trigger(TriggerName),
    Subscription(SubscriptionKey),
    /// How far the log was followed for subscriptions.
    Followed,
}

impl State {
    /// Folds an event in. Total: an event that names what is not there changes nothing.
    ///
    /// `history` is asked for two things only: the configuration of a version that is not at hand, when a run is created
    /// with it, or it is released, and an ended run that is annotated. It must hold every version that was registered,
    /// and every run that was evicted, before this event.
    pub fn apply(&mut self, history: &dyn History, revision: Revision, time: Timestamp, event: &Event) {
        (self.revision, self.time) = (revision, time);
        match event {
            Event::ClusterCreated { .. }
            | Event::ClusterRecovered { .. }
            | Event::ClusterRestored { .. }
            | Event::NamespaceCreated { .. }
            | Event::NamespaceDeleted { .. } => self.apply_cluster(event),
            Event::EventsArchived { .. } => self.apply_archive(event),
            Event::ObjectPut { .. } | Event::ObjectDeleted { .. } | Event::ObjectsDropped { .. } => self.object(event),
            Event::PipelineRegistered { .. }
            | Event::PipelineEnabled { .. }
            | Event::PipelineDisabled { .. }
            | Event::PipelineDeleted { .. } => pipeline::apply(self, time, event),
            Event::RunCreated { .. }
            | Event::RunStarted { .. }
            | Event::RunStopRequested { .. }
            | Event::RunAnnotated { .. }
            | Event::RunFinished { .. } => run::apply_run(self, history, event),
            Event::TaskQueued { .. }
            | Event::TaskWaiting { .. }
            | Event::TaskKept { .. }
            | Event::TaskFinished { .. } => run::apply_task(self, event),
            Event::AttemptPlaced { .. }
            | Event::AttemptLaunching { .. }
            | Event::AttemptStarted { .. }
            | Event::AttemptStopRequested { .. }
            | Event::AttemptFinished { .. } => run::apply_attempt(self, event),
            Event::NodeRegistered { .. }
            | Event::NodeDrained { .. }
            | Event::NodeUndrained { .. }
            | Event::NodeLost { .. }
            | Event::NodeRemoved { .. } => self.apply_node(event),
            Event::ReleaseStarted { .. }
            | Event::ReleaseAdvanced { .. }
            | Event::ReleaseSwitched { .. }
            | Event::ReleasePromoted { .. }
            | Event::ReleaseRolledBack { .. }
            | Event::LiveVersionChanged { .. }
            | Event::PipelinePinned { .. }
            | Event::PipelineUnpinned { .. } => release::apply(self, history, event),
            Event::RunMoved { run, version, shared } => run::move_run(self, history, run, *version, shared),
            Event::SecretSet { .. } | Event::SecretDeleted { .. } | Event::ClusterKeyRotated { .. } => {
                secret::apply(self, time, event);
            }
            Event::ScheduleCreated { .. }
            | Event::ScheduleUpdated { .. }
            | Event::ScheduleDeleted { .. }
            | Event::ScheduleEnabled { .. }
            | Event::ScheduleDisabled { .. }
            | Event::SlotsSettled { .. } => schedule::apply(self, event),
            Event::BackfillStarted { .. }
            | Event::BackfillAdvanced { .. }
            | Event::BackfillRunEnded { .. }
            | Event::BackfillCancelled { .. } => schedule::apply_backfill(self, event),
            Event::TriggerInstalled { .. }
            | Event::TriggerUpdated { .. }
            | Event::TriggerUninstalled { .. }
            | Event::TriggerEnabled { .. }
            | Event::TriggerDisabled { .. }
            | Event::TriggerReported { .. } => subscription::apply_trigger(self, event),
            Event::SubscriptionCreated { .. }
            | Event::SubscriptionUpdated { .. }
            | Event::SubscriptionDeleted { .. }
            | Event::SubscriptionEnabled { .. }
            | Event::SubscriptionDisabled { .. }
            | Event::EventsTaken { .. }
            | Event::EventsFollowed { .. } => subscription::apply(self, event),
        }
    }

    /// Takes out the runs and the releases that have ended: for the runs, from here on [`History`] answers for them.
    pub fn evict_finished(&mut self) -> Vec<Run> {
        for key in std::mem::take(&mut self.index.released) {
            if let Some(pipeline) = self.pipelines.get_mut(&key) {
                pipeline.releases.ended.clear();
            }
        }
        let finished = std::mem::take(&mut self.index.finished);
        finished.iter().filter_map(|key| self.runs.remove(key)).map(|live| live.run).collect()
    }

    /// Rebuilds [`State::index`] from the rest, after a load.
    pub fn reindex(&mut self) {
        self.index = Index::default();
        let released = self.pipelines.values().filter(|pipeline| !pipeline.releases.ended.is_empty());
        self.index.released = released.map(|pipeline| pipeline.key.clone()).collect();
        for live in self.runs.values() {
            self.index.link_run(live);
            for id in live.run.tasks.keys() {
                self.index.link_task(live, id);
            }
        }
    }

    fn apply_cluster(&mut self, event: &Event) {
        if let Event::ClusterCreated { cluster } | Event::ClusterRecovered { cluster, .. } = event {
            self.cluster = Some(*cluster);
        } else if let Event::ClusterRestored { cluster, .. } = event {
            self.cluster = Some(*cluster);
            // A backup holds all events, and the archive of the old cluster is not this one's.
            self.archive = None;
        } else if let Event::NamespaceCreated { namespace, description } = event {
            let (id, description, created_at) = (namespace.clone(), description.clone(), self.time);
            self.namespaces.insert(namespace.clone(), Namespace { id, description, created_at });
        } else if let Event::NamespaceDeleted { namespace } = event {
            self.namespaces.remove(namespace);
        }
    }

    fn apply_archive(&mut self, event: &Event) {
        if let Event::EventsArchived { segment, trimmed, trimmed_hash } = event {
            let segments = self.archive.as_ref().map_or(0, |archive| archive.segments).saturating_add(1);
            let (last, last_hash) = (segment.last, segment.last_hash);
            self.archive = Some(Archive { last, last_hash, segments, trimmed: *trimmed, trimmed_hash: *trimmed_hash });
        }
    }

    fn object(&mut self, event: &Event) {
        if let Event::ObjectPut { scope, key, content } = event {
            let content = (**content).clone();
            let object = Object { content, created_at: self.time, revision: self.revision };
            self.objects.insert(scope.clone(), key.clone(), object);
        } else if let Event::ObjectDeleted { scope, key, .. } = event {
            self.objects.remove(scope, key);
        } else if let Event::ObjectsDropped { scope, .. } = event {
            self.objects.drop_scope(scope);
        }
    }

    fn apply_node(&mut self, event: &Event) {
        let time = self.time;
        if let Event::NodeRegistered { node, incarnation, spec } = event {
            let draining = self.nodes.get(node).is_some_and(|known| known.draining);
            let registered = Node {
                id: *node,
                spec: (**spec).clone(),
                status: NodeStatus::Ready,
                draining,
                incarnation: *incarnation,
                since: time,
            };
            self.nodes.insert(*node, registered);
        } else if let Event::NodeRemoved { node } = event {
            self.nodes.remove(node);
        } else if let Event::NodeLost { node, incarnation } = event {
            if let Some(node) = self.nodes.get_mut(node)
                && node.incarnation == *incarnation
            {
                node.status = NodeStatus::Lost;
                node.since = time;
            }
        } else if let Event::NodeDrained { node } | Event::NodeUndrained { node } = event
            && let Some(node) = self.nodes.get_mut(node)
        {
            node.draining = matches!(event, Event::NodeDrained { .. });
        }
    }
}

impl Event {
    /// The records that this event changes, in a fixed order.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        match self {
            Self::ClusterCreated { .. } | Self::ClusterRecovered { .. } => vec![Record::Cluster],
            Self::ClusterRestored { .. } => vec![Record::Cluster, Record::Archive],
            Self::EventsArchived { .. } => vec![Record::Archive],
            Self::ObjectPut { scope, key, .. } | Self::ObjectDeleted { scope, key, .. } => of_object(scope, key),
            Self::ObjectsDropped { scope, .. } => vec![Record::Objects(scope.clone())],
            Self::NamespaceCreated { namespace, .. } | Self::NamespaceDeleted { namespace } => of_namespace(namespace),
            Self::PipelineRegistered { pipeline, version, .. } => of_version(pipeline, *version),
            Self::PipelineEnabled { pipeline }
            | Self::PipelineDisabled { pipeline }
            | Self::PipelinePinned { pipeline, .. }
            | Self::PipelineUnpinned { pipeline }
            | Self::PipelineDeleted { pipeline } => vec![Record::Pipeline(pipeline.clone())],
            Self::RunStarted { run } => vec![Record::Pipeline(run.pipeline.clone()), Record::Run(run.clone())],
            Self::RunCreated { run, parent, .. } => of_created_run(run, parent.as_ref()),
            Self::RunFinished { run, .. } => of_counted_run(run),
            Self::RunMoved { run, .. } => vec![Record::Run(run.clone())],
            Self::ReleaseStarted { pipeline, .. }
            | Self::ReleaseAdvanced { pipeline, .. }
            | Self::ReleaseSwitched { pipeline, .. }
            | Self::ReleasePromoted { pipeline, .. }
            | Self::ReleaseRolledBack { pipeline, .. }
            | Self::LiveVersionChanged { pipeline, .. } => {
                vec![Record::Pipeline(pipeline.clone()), Record::Releases(pipeline.clone())]
            }
            Self::RunStopRequested { run, .. } | Self::RunAnnotated { run, .. } => vec![Record::Run(run.clone())],
            Self::TaskQueued { task, .. }
            | Self::TaskWaiting { task }
            | Self::TaskKept { task, .. }
            | Self::TaskFinished { task, .. } => of_task(task),
            Self::AttemptPlaced { attempt, .. }
            | Self::AttemptLaunching { attempt }
            | Self::AttemptStarted { attempt }
            | Self::AttemptStopRequested { attempt, .. }
            | Self::AttemptFinished { attempt, .. } => of_task(&attempt.task),
            Self::NodeRegistered { node, .. }
            | Self::NodeDrained { node }
            | Self::NodeUndrained { node }
            | Self::NodeLost { node, .. }
            | Self::NodeRemoved { node } => vec![Record::Node(*node)],
            Self::SecretSet { secret } => vec![Record::Secret(secret.key.clone()), Record::ClusterKey],
            Self::SecretDeleted { key, .. } => vec![Record::Secret(key.clone()), Record::ClusterKey],
            Self::ClusterKeyRotated { wrapped_keys, .. } => of_rotation(wrapped_keys),
            Self::ScheduleCreated { schedule, .. }
            | Self::ScheduleUpdated { schedule, .. }
            | Self::ScheduleDeleted { schedule }
            | Self::ScheduleEnabled { schedule, .. }
            | Self::ScheduleDisabled { schedule }
            | Self::SlotsSettled { schedule, .. }
            | Self::BackfillStarted { schedule, .. }
            | Self::BackfillAdvanced { schedule, .. }
            | Self::BackfillRunEnded { schedule, .. }
            | Self::BackfillCancelled { schedule, .. } => vec![Record::Schedule(schedule.clone())],
            Self::TriggerInstalled { trigger, .. }
            | Self::TriggerUpdated { trigger, .. }
            | Self::TriggerUninstalled { trigger }
            | Self::TriggerEnabled { trigger }
            | Self::TriggerDisabled { trigger }
            | Self::TriggerReported { trigger, .. } => vec![Record::Trigger(trigger.clone())],
            Self::SubscriptionCreated { subscription, .. } | Self::SubscriptionDeleted { subscription } => {
                vec![Record::Subscription(subscription.clone()), Record::Followed]
            }
            Self::SubscriptionUpdated { subscription, .. }
            | Self::SubscriptionEnabled { subscription }
            | Self::SubscriptionDisabled { subscription }
            | Self::EventsTaken { subscription, .. } => vec![Record::Subscription(subscription.clone())],
            Self::EventsFollowed { .. } => vec![Record::Followed],
        }
    }
}

fn of_object(scope: &ObjectScope, key: &ObjectKey) -> Vec<Record> {
    vec![Record::Object(scope.clone(), key.clone())]
}

fn of_namespace(namespace: &NamespaceId) -> Vec<Record> {
    vec![Record::Namespace(namespace.clone())]
}

fn of_version(pipeline: &PipelineKey, version: Version) -> Vec<Record> {
    let version = Record::PipelineVersion(pipeline.clone(), version);
    vec![Record::Pipeline(pipeline.clone()), version, Record::Releases(pipeline.clone())]
}

fn of_created_run(run: &RunKey, parent: Option<&TaskKey>) -> Vec<Record> {
    let mut records = of_counted_run(run);
    records.extend(parent.into_iter().flat_map(of_task));
    records
}

fn of_rotation(wrapped_keys: &[WrappedKey]) -> Vec<Record> {
    let secrets = wrapped_keys.iter().map(|wrapped| Record::Secret(wrapped.key.clone()));
    secrets.chain([Record::ClusterKey]).collect()
}

/// Releases count runs that are created and that end.
fn of_counted_run(run: &RunKey) -> Vec<Record> {
    let pipeline = &run.pipeline;
    vec![Record::Pipeline(pipeline.clone()), Record::Run(run.clone()), Record::Releases(pipeline.clone())]
}

/// The run's head is among them for its revision.
fn of_task(task: &TaskKey) -> Vec<Record> {
    vec![Record::Run(task.run.clone()), Record::Task(task.clone())]
}
