//! The hot state: everything a decision needs often. What has ended lives in the views and is read through [`History`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::archive::Archive;
use crate::config::{PipelineConfig, Resources};
use crate::ends::Ends;
use crate::ids::{
    AttemptKey, ClusterId, NamespaceId, NodeId, PipelineKey, Revision, RunKey, TaskKey, TriggerName, Version,
};
use crate::intake::{EventKey, EventOutcome};
use crate::node::Node;
use crate::object::Objects;
use crate::release::Releases;
use crate::run::Run;
use crate::schedule::Schedules;
use crate::secret::Secrets;
use crate::shared::{self, Definitions};
use crate::subscription::{SubscriptionKey, SubscriptionSpec, Subscriptions};
use crate::time::Timestamp;
use crate::trigger::{Broken, BuiltIn, Trigger};

/// What all nodes agree on at one revision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub cluster: Option<ClusterId>,
    pub namespaces: BTreeMap<NamespaceId, Namespace>,
    /// Deleted pipelines stay as tombstones, so that their run numbers and versions are never used again.
    pub pipelines: BTreeMap<PipelineKey, Pipeline>,
    /// Live runs, and those that ended since the last [`State::evict_finished`].
    pub runs: BTreeMap<RunKey, LiveRun>,
    pub nodes: BTreeMap<NodeId, Node>,
    /// None while nothing of the log was archived.
    pub archive: Option<Archive>,
    pub objects: Objects,
    pub secrets: Secrets,
    pub schedules: Schedules,
    /// Plug-ins that are installed.
    pub triggers: BTreeMap<TriggerName, Trigger>,
    pub subscriptions: Subscriptions,
    /// Up to where the leaders have looked for events of the log that subscriptions ask for. None while none asks for any.
    pub followed: Option<Revision>,
    /// Revision of the newest applied event.
    pub revision: Revision,
    /// Time of the newest applied event.
    pub time: Timestamp,
    /// Derived from the rest by `apply`; never stored.
    pub index: Index,
}

impl State {
    /// Configuration of a version of a pipeline, be it hot or not.
    pub(crate) fn find_config(
        &self,
        history: &dyn History,
        key: &PipelineKey,
        version: Version,
    ) -> Option<Arc<PipelineConfig>> {
        let hot = self.pipelines.get(key).and_then(|pipeline| pipeline.config_of(version)).cloned();
        hot.or_else(|| history.config(key, version))
    }

    /// Why what a subscription says can't have events taken for it as its trigger is now; none if it can. Of built-in
    /// triggers settings are not known here.
    #[must_use]
    pub fn broken(&self, spec: &SubscriptionSpec) -> Option<Broken> {
        let name = &spec.trigger;
        if BuiltIn::of(name).is_some() {
            return None;
        }
        match self.triggers.get(name) {
            None => Some(Broken::NotInstalled(name.clone())),
            Some(trigger) if !trigger.enabled => Some(Broken::Disabled(name.clone())),
            Some(trigger) => trigger.report.as_ref().and_then(|report| report.misfit(&spec.settings)),
        }
    }
}

/// What the scheduler and the executor look for, kept so that neither scans all runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// Queued tasks by the earliest time of their next attempt, oldest revision first.
    pub queued: BTreeSet<(Timestamp, Revision, TaskKey)>,
    /// Attempts that have not ended, by node.
    pub placed: BTreeMap<NodeId, BTreeSet<AttemptKey>>,
    /// What the placed attempts of a node ask for together; a node without any has no entry.
    pub used: BTreeMap<NodeId, Resources>,
    /// Times at which a running run or a live attempt is to be ended; none for what is being stopped already.
    pub deadlines: BTreeSet<(Timestamp, Deadline)>,
    /// Tasks that run other pipelines, and wait.
    pub calls: BTreeSet<TaskKey>,
    /// Runs in `State::runs` that have ended and wait for [`State::evict_finished`].
    pub finished: BTreeSet<RunKey>,
    /// Pipelines with releases that have ended, and wait for the same.
    pub released: BTreeSet<PipelineKey>,
}

/// What a deadline ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deadline {
    Run(RunKey),
    Attempt(AttemptKey),
    /// A task's wait for approval.
    Task(TaskKey),
}

/// A namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    pub id: NamespaceId,
    pub description: String,
    pub created_at: Timestamp,
}

/// A pipeline with its newest version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    pub key: PipelineKey,
    /// The newest version; which one a run gets is said by `releases`.
    pub version: Version,
    pub config: Arc<PipelineConfig>,
    pub releases: Releases,
    pub enabled: bool,
    pub deleted: bool,
    /// Number of the newest run; 0 before the first.
    pub last_run: u64,
    /// Runs that were started and have not ended.
    pub running: BTreeSet<u64>,
    /// Runs that wait, the next one first.
    pub queue: VecDeque<u64>,
    /// How its newest runs ended.
    pub ends: Ends,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Pipeline {
    /// Configuration of a version, if it is at hand: of the newest, the live one, and that of a release in progress.
    #[must_use]
    pub fn config_of(&self, version: Version) -> Option<&Arc<PipelineConfig>> {
        if version == self.version { Some(&self.config) } else { self.releases.config_of(version) }
    }
}

/// A run with the configuration it executes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveRun {
    pub run: Run,
    pub config: Arc<PipelineConfig>,
    pub shared: Definitions,
}

impl LiveRun {
    /// A run with its configuration; `find` knows those of shared tasks.
    pub fn new(
        run: Run,
        config: Arc<PipelineConfig>,
        find: impl Fn(&PipelineKey, Version) -> Option<Arc<PipelineConfig>>,
    ) -> Self {
        let shared = shared::definitions(&config, &run.shared, find);
        Self { run, config, shared }
    }
}

/// Read access to what is not hot, at the state's own revision: what earlier events of a write batch have added is
/// there before the batch is written.
///
/// A lookup that fails for a reason other than absence must not return; the implementation stops the node instead,
/// since a replica that guesses would diverge.
pub trait History {
    /// A run that ended.
    fn run(&self, key: &RunKey) -> Option<Run>;
    /// Any version of a pipeline.
    fn config(&self, key: &PipelineKey, version: Version) -> Option<Arc<PipelineConfig>>;
    /// Hash of the event at a revision, of any that the nodes have not dropped.
    fn event_hash(&self, revision: Revision) -> Option<[u8; 32]>;
    /// [`Run::depth`] of a run that ended.
    fn depth(&self, key: &RunKey) -> Option<u32>;
    /// Number and outcome of the event of a key that a subscription has taken, as far as it is remembered; `created` tells
    /// the subscription from an earlier one of its name.
    fn taken(&self, subscription: &SubscriptionKey, created: Revision, key: &EventKey) -> Option<(u64, EventOutcome)>;
}

/// A history that holds nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHistory;

impl History for NoHistory {
    fn run(&self, _: &RunKey) -> Option<Run> {
        None
    }

    fn config(&self, _: &PipelineKey, _: Version) -> Option<Arc<PipelineConfig>> {
        None
    }

    fn event_hash(&self, _: Revision) -> Option<[u8; 32]> {
        None
    }

    fn depth(&self, _: &RunKey) -> Option<u32> {
        None
    }

    fn taken(&self, _: &SubscriptionKey, _: Revision, _: &EventKey) -> Option<(u64, EventOutcome)> {
        None
    }
}
