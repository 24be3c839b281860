//! What can be asked of the cluster. Imperative; nothing here has happened yet.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::archive::ArchiveSegment;
use crate::backfill::BackfillSpec;
use crate::config::{DriverKind, PipelineConfig};
use crate::ids::{
    AttemptKey, ClusterId, NamespaceId, NodeId, PipelineKey, RequestId, Revision, RunKey, TaskKey, TriggerName, Version,
};
use crate::intake::{FollowedEvent, Intake};
use crate::node::NodeSpec;
use crate::object::{ObjectContent, ObjectKey, ObjectLimits, ObjectScope};
use crate::release::Strategy;
use crate::run::{AttemptOutcome, LogRef, RetryFrom, RunOptions};
use crate::schedule::{ScheduleKey, ScheduleSpec, Settlement};
use crate::secret::{ClusterKey, SealedSecret, SecretKey, WrappedKey};
use crate::subscription::{SubscriptionKey, SubscriptionSpec};
use crate::time::Timestamp;
use crate::trigger::{TriggerReport, TriggerSpec};

/// A command with all that a pure function needs besides the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandEnvelope {
    /// Idempotency key: a retry of the same id gets the first answer back.
    pub request_id: RequestId,
    pub actor: Actor,
    /// Stamped by the leader that took it.
    pub time: Timestamp,
    pub command: Command,
}

/// Who gave a command, as text for the record (`user:ada`, `node:7`, `leader:7`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Actor(pub String);

/// Everything that can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// First command of every log.
    CreateCluster {
        cluster: ClusterId,
    },
    /// Makes another cluster of what a backup holds. None of the old cluster's nodes is part of it: their live attempts
    /// are lost.
    RestoreCluster {
        /// Id of the cluster that begins here.
        cluster: ClusterId,
        /// Revision at which the backup ends; what this command is decided against.
        revision: Revision,
        /// Hash of the event at that revision.
        head: [u8; 32],
    },
    /// Makes another cluster of what one node is left with, after a majority of the voters was lost. All other nodes
    /// are out of it: their live attempts are lost, and not tried again before `grace` has passed, as their leases may
    /// last that long.
    RecoverCluster {
        /// Id of the cluster that begins here.
        cluster: ClusterId,
        survivor: NodeId,
        /// The other members that the survivor knew.
        dropped: BTreeSet<NodeId>,
        grace: Duration,
    },
    CreateNamespace {
        namespace: NamespaceId,
        description: String,
    },
    /// Only an empty namespace can be deleted.
    DeleteNamespace {
        namespace: NamespaceId,
    },
    /// Adds a version. The same configuration as the newest version changes nothing and answers with that version.
    RegisterPipeline {
        namespace: NamespaceId,
        config: Arc<PipelineConfig>,
    },
    EnablePipeline {
        pipeline: PipelineKey,
    },
    /// A disabled pipeline starts no run; those that run go on.
    DisablePipeline {
        pipeline: PipelineKey,
    },
    /// Only a pipeline without live runs can be deleted. Its history stays.
    DeletePipeline {
        pipeline: PipelineKey,
        /// Also if it is a shared task that pipelines name.
        force: bool,
    },
    StartRun {
        pipeline: PipelineKey,
        version: Option<Version>,
        options: Box<RunOptions>,
    },
    CancelRun {
        run: RunKey,
        message: String,
    },
    /// Starts a new run with the version and the options of a finished one.
    RetryRun {
        run: RunKey,
        from: RetryFrom,
    },
    /// Changes what is noted about a run, ended or not.
    AnnotateRun {
        run: RunKey,
        /// None: it stays.
        note: Option<String>,
        /// Labels that are added or changed.
        labels: BTreeMap<String, String>,
        /// Names of labels that are taken away.
        without: BTreeSet<String>,
    },
    /// Answers a task that waits for approval.
    DecideApproval {
        task: TaskKey,
        approve: bool,
        message: String,
    },
    /// The leader found that a pipeline task may go on: start a run, stop one, or end.
    AdvanceTask {
        task: TaskKey,
    },
    /// The leader found that the task's wait for approval took too long.
    TimeOutTask {
        task: TaskKey,
    },
    /// The leader found that the run's time-out passed.
    TimeOutRun {
        run: RunKey,
    },
    /// The leader chose a node.
    AssignAttempt {
        attempt: AttemptKey,
        node: NodeId,
        driver: DriverKind,
    },
    /// The leader found that the attempt's time-out passed.
    TimeOutAttempt {
        attempt: AttemptKey,
    },
    /// The node began to prepare the launch.
    ReportLaunching {
        attempt: AttemptKey,
        node: NodeId,
    },
    /// The node saw it running.
    ReportStarted {
        attempt: AttemptKey,
        node: NodeId,
    },
    /// The node saw it end.
    ReportFinished {
        attempt: AttemptKey,
        node: NodeId,
        outcome: AttemptOutcome,
        log: Option<LogRef>,
        /// What it has put out; counts if it succeeded.
        outputs: BTreeMap<String, String>,
    },
    /// A node that starts up, or comes back after it was declared lost. It holds no live attempts but those it can adopt.
    RegisterNode {
        node: NodeId,
        spec: Box<NodeSpec>,
    },
    DrainNode {
        node: NodeId,
    },
    UndrainNode {
        node: NodeId,
    },
    /// The leader found that the lease of this incarnation ran out.
    DeclareNodeLost {
        node: NodeId,
        incarnation: u64,
    },
    /// Takes a node out for ever; its live attempts are lost.
    RemoveNode {
        node: NodeId,
    },
    /// The leader has put a segment of the log into the archive; the nodes may drop what is archived, but for so many
    /// newest events.
    ArchiveEvents {
        segment: Box<ArchiveSegment>,
        keep: u64,
    },
    /// Keeps bytes under a key. Their chunks are where they have to be before.
    PutObject {
        scope: ObjectScope,
        key: ObjectKey,
        content: Box<ObjectContent>,
        limits: ObjectLimits,
        /// The attempt that asks; it must be live, and the scope its own.
        attempt: Option<AttemptKey>,
    },
    DeleteObject {
        scope: ObjectScope,
        key: ObjectKey,
        /// The attempt that asks; it must be live, and the scope its own.
        attempt: Option<AttemptKey>,
    },
    /// Like `RegisterPipeline`, with a record in the pipeline's releases. With `hold` the version does not become live.
    RegisterVersion {
        namespace: NamespaceId,
        config: Arc<PipelineConfig>,
        hold: bool,
    },
    /// Begins to go from the live version to another: the newest unless one is named.
    StartRelease {
        pipeline: PipelineKey,
        version: Option<Version>,
        strategy: Strategy,
    },
    /// Goes on with the release in progress, without a look at how it fares.
    PromoteRelease {
        pipeline: PipelineKey,
        promotion: Promotion,
    },
    /// Gives runs to the other version of a blue/green release, or to the one named.
    SwitchRelease {
        pipeline: PipelineKey,
        version: Option<Version>,
    },
    /// Ends the release in progress in favour of the version that it came from. Without one, the version that was live
    /// before, or the one named, becomes live again.
    RollBackPipeline {
        pipeline: PipelineKey,
        version: Option<Version>,
        message: String,
    },
    /// Keeps a version live, the present one unless one is named, whatever is registered.
    PinPipeline {
        pipeline: PipelineKey,
        version: Option<Version>,
        message: String,
    },
    /// The version that is live stays so until another is registered or released.
    UnpinPipeline {
        pipeline: PipelineKey,
    },
    /// Gives a secret a value, new or another.
    SetSecret {
        secret: Box<SealedSecret>,
    },
    DeleteSecret {
        key: SecretKey,
    },
    /// Replaces the cluster key: each live value's key, in the order of the secrets, is wrapped by the new one.
    RotateClusterKey {
        key: ClusterKey,
        wrapped_keys: Vec<WrappedKey>,
    },
    /// Lets a pipeline run at times. Its slots count from now on.
    CreateSchedule {
        schedule: ScheduleKey,
        spec: Arc<ScheduleSpec>,
        enabled: bool,
    },
    /// Changes all that a schedule says. Where its timing changes, no slot of the new one lies in the past.
    UpdateSchedule {
        schedule: ScheduleKey,
        spec: Arc<ScheduleSpec>,
        /// The change is refused if the schedule is of another generation.
        generation: Option<Revision>,
    },
    DeleteSchedule {
        schedule: ScheduleKey,
    },
    /// A disabled schedule starts no run. What is due until it is enabled again is skipped.
    SetScheduleEnabled {
        schedule: ScheduleKey,
        enabled: bool,
    },
    /// The leader found slots to be due, or missed. Refused if anything about the schedule has changed since it looked.
    SettleSlots {
        schedule: ScheduleKey,
        settlement: Box<Settlement>,
    },
    /// Starts runs for the slots of a schedule in a range of the past. Refused unless the slots were counted for this generation.
    StartBackfill {
        schedule: ScheduleKey,
        generation: Revision,
        spec: BackfillSpec,
    },
    /// The leader found a backfill to have room for runs. Refused unless its cursor is where the leader saw it.
    AdvanceBackfill {
        schedule: ScheduleKey,
        backfill: u64,
        /// Generation of the schedule that the slots were computed for.
        generation: Revision,
        cursor: Option<Timestamp>,
        /// The slots that come next, in the order of the backfill.
        fire: Vec<Timestamp>,
        /// No slot comes after them.
        is_last: bool,
    },
    /// Decides no further slot of a backfill. Its runs go on.
    CancelBackfill {
        schedule: ScheduleKey,
        backfill: u64,
    },
    /// Lets pipelines subscribe to a plug-in.
    InstallTrigger {
        trigger: TriggerName,
        spec: Arc<TriggerSpec>,
    },
    /// Changes all that an operator says of a trigger. What the plug-in said of itself stays.
    UpdateTrigger {
        trigger: TriggerName,
        spec: Arc<TriggerSpec>,
        /// The change is refused if the trigger is of another generation.
        generation: Option<Revision>,
    },
    /// Subscriptions to it are broken from then on, until it is installed again.
    UninstallTrigger {
        trigger: TriggerName,
    },
    /// Nothing is taken of a disabled trigger.
    SetTriggerEnabled {
        trigger: TriggerName,
        enabled: bool,
    },
    /// A plug-in says which settings it understands.
    ReportTrigger {
        trigger: TriggerName,
        /// Generation of the trigger that it was started as.
        generation: Revision,
        report: Arc<TriggerReport>,
    },
    /// Lets events of a trigger start runs of a pipeline.
    CreateSubscription {
        subscription: SubscriptionKey,
        spec: Arc<SubscriptionSpec>,
        enabled: bool,
    },
    /// Changes what a subscription says, but for its trigger. Its cursor stays.
    UpdateSubscription {
        subscription: SubscriptionKey,
        spec: Arc<SubscriptionSpec>,
        /// The change is refused if the subscription is of another generation.
        generation: Option<Revision>,
    },
    DeleteSubscription {
        subscription: SubscriptionKey,
    },
    /// A disabled subscription takes nothing. Its cursor stays, so that whoever can come back to what happened meanwhile does.
    SetSubscriptionEnabled {
        subscription: SubscriptionKey,
        enabled: bool,
    },
    /// A trigger has events for a subscription. Each is taken once, however often it comes.
    TakeEvents {
        subscription: SubscriptionKey,
        intake: Box<Intake>,
    },
    /// The leader has looked at the log up to a revision, and found events that subscriptions ask for. What is about a
    /// subscription that is gone or disabled meanwhile is left out; if one was changed, all is refused.
    ///
    /// What this leads to is in the log, too: a leader that finds nothing keeps that to itself, but for now and then, so
    /// that the nodes need not keep much of the log for its sake.
    FollowEvents {
        /// Up to where the log was followed before; refused if it is elsewhere.
        from: Revision,
        /// Up to where it is followed now: all events up to there have been told of, with this command or before. It may be
        /// `from` where one event needs several commands.
        to: Revision,
        /// In the order of their revisions, all after `from`.
        events: Vec<FollowedEvent>,
    },
}

/// How far a release is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promotion {
    /// Its new version becomes live.
    Full,
    /// A canary goes on to its next step.
    NextStep,
    /// The version that a blue/green release gives runs to becomes live.
    Serving,
}
