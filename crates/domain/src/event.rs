//! What has happened. Past tense; an event is never wrong and never refused.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::archive::ArchiveSegment;
use crate::backfill::{BackfillEnd, BackfillSpec};
use crate::config::{DriverKind, PipelineConfig};
use crate::ends::Ends;
use crate::ids::{
    AttemptKey, ClusterId, NamespaceId, NodeId, PipelineKey, Revision, RunKey, TaskKey, TriggerName, Version,
};
use crate::intake::{CursorMove, EventFate, TakenEvent};
use crate::node::NodeSpec;
use crate::object::{ObjectContent, ObjectKey, ObjectLoss, ObjectScope};
use crate::release::{Cause, Strategy};
use crate::run::{AttemptOutcome, LogRef, RunOptions, RunStatus, StopReason, TaskStatus};
use crate::schedule::{FiredSlot, ScheduleKey, ScheduleSlot, ScheduleSpec, SkippedSlots};
use crate::secret::{ClusterKey, SealedSecret, SecretKey, WrappedKey};
use crate::shared::Pins;
use crate::subscription::{SubscriptionEvent, SubscriptionKey, SubscriptionSpec};
use crate::time::Timestamp;
use crate::trigger::{TriggerReport, TriggerSpec};

/// A fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    ClusterCreated {
        cluster: ClusterId,
    },
    /// The log goes on in another cluster, which was made of a backup.
    ClusterRestored {
        cluster: ClusterId,
        /// The cluster that the backup was of.
        from: ClusterId,
        /// Revision at which the backup ended.
        revision: Revision,
        /// Hash of the event at that revision.
        head: [u8; 32],
    },
    /// The log goes on in another cluster, which was made of what one node was left with.
    ClusterRecovered {
        cluster: ClusterId,
        /// The cluster that had lost its majority.
        from: ClusterId,
        survivor: NodeId,
        /// Members that are out of it for ever.
        dropped: BTreeSet<NodeId>,
        /// Newest revision that the survivor had.
        revision: Revision,
    },
    NamespaceCreated {
        namespace: NamespaceId,
        description: String,
    },
    NamespaceDeleted {
        namespace: NamespaceId,
    },
    PipelineRegistered {
        pipeline: PipelineKey,
        version: Version,
        config: Arc<PipelineConfig>,
        standing: Standing,
    },
    PipelineEnabled {
        pipeline: PipelineKey,
    },
    PipelineDisabled {
        pipeline: PipelineKey,
    },
    PipelineDeleted {
        pipeline: PipelineKey,
    },
    /// A run exists; it waits until `RunStarted`. All its tasks are pending.
    RunCreated {
        run: RunKey,
        version: Version,
        options: Box<RunOptions>,
        started_by: String,
        retry_of: Option<u64>,
        /// The release that chose the version, and counts the run.
        release: Option<u64>,
        /// The pipeline task that started it.
        parent: Option<TaskKey>,
        /// The slot of one of the pipeline's schedules that it was started for.
        schedule: Option<ScheduleSlot>,
        /// The event of one of the pipeline's subscriptions that it was started for.
        subscription: Option<SubscriptionEvent>,
        /// The versions that its tasks have of the shared tasks that they use.
        shared: Pins,
        /// How many runs came before it in a chain of which each was started by an event of the one before.
        depth: u32,
    },
    /// A task is not run in this run: it has the result that it had in another.
    TaskKept {
        task: TaskKey,
        /// The run of the same pipeline that it was run in.
        from: u64,
        outputs: BTreeMap<String, String>,
    },
    /// A task waits for approval, or for runs that it starts.
    TaskWaiting {
        task: TaskKey,
    },
    /// What is noted about a run has changed.
    RunAnnotated {
        run: RunKey,
        note: String,
        labels: BTreeMap<String, String>,
    },
    RunStarted {
        run: RunKey,
    },
    /// No attempt of this run is placed any more; its live ones are being stopped.
    RunStopRequested {
        run: RunKey,
        reason: StopReason,
    },
    /// A task's parents allow it, or it may be tried again.
    TaskQueued {
        task: TaskKey,
        not_before: Timestamp,
        /// How many attempts came before.
        attempts: u32,
    },
    /// A task reached a final status.
    TaskFinished {
        task: TaskKey,
        status: TaskStatus,
    },
    /// A run reached a final status, and all its tasks have.
    RunFinished {
        run: RunKey,
        status: RunStatus,
        /// When it left the queue. None if it never did, or in events of older versions.
        started_at: Option<Timestamp>,
        /// How the pipeline's newest runs ended, with this one. None if it was cancelled, or in events of older versions.
        ends: Option<Ends>,
    },
    /// The right to launch: the only one there will ever be for this attempt.
    AttemptPlaced {
        attempt: AttemptKey,
        node: NodeId,
        driver: DriverKind,
    },
    AttemptLaunching {
        attempt: AttemptKey,
    },
    AttemptStarted {
        attempt: AttemptKey,
    },
    AttemptStopRequested {
        attempt: AttemptKey,
        reason: StopReason,
    },
    AttemptFinished {
        attempt: AttemptKey,
        outcome: AttemptOutcome,
        log: Option<LogRef>,
        outputs: BTreeMap<String, String>,
    },
    NodeRegistered {
        node: NodeId,
        incarnation: u64,
        spec: Box<NodeSpec>,
    },
    NodeDrained {
        node: NodeId,
    },
    NodeUndrained {
        node: NodeId,
    },
    NodeLost {
        node: NodeId,
        incarnation: u64,
    },
    NodeRemoved {
        node: NodeId,
    },
    /// A segment of the log is in the archive, and nodes have dropped what came up to a revision.
    EventsArchived {
        segment: Box<ArchiveSegment>,
        /// Newest event that the nodes don't have any more; 0 while they have all.
        trimmed: Revision,
        /// Hash of that event.
        trimmed_hash: [u8; 32],
    },
    /// An object is there, in place of an earlier one under its key.
    ObjectPut {
        scope: ObjectScope,
        key: ObjectKey,
        content: Box<ObjectContent>,
    },
    ObjectDeleted {
        scope: ObjectScope,
        key: ObjectKey,
        cause: ObjectLoss,
    },
    /// All objects of a scope are gone.
    ObjectsDropped {
        scope: ObjectScope,
        cause: ObjectLoss,
    },
    /// Runs that name no version get one of two from now on.
    ReleaseStarted {
        pipeline: PipelineKey,
        release: u64,
        from: Version,
        to: Version,
        strategy: Strategy,
        started_by: String,
    },
    /// A canary went on to a step.
    ReleaseAdvanced {
        pipeline: PipelineKey,
        release: u64,
        /// Its index, from 0.
        step: u32,
        reason: String,
    },
    /// A blue/green release gives runs to this version from now on.
    ReleaseSwitched {
        pipeline: PipelineKey,
        release: u64,
        version: Version,
    },
    /// The release is over, and its new version live.
    ReleasePromoted {
        pipeline: PipelineKey,
        release: u64,
        reason: String,
    },
    /// The release is over, and the version that it came from live.
    ReleaseRolledBack {
        pipeline: PipelineKey,
        release: u64,
        reason: String,
    },
    /// A version became live at once.
    LiveVersionChanged {
        pipeline: PipelineKey,
        release: u64,
        version: Version,
        cause: Cause,
        changed_by: String,
        message: String,
    },
    PipelinePinned {
        pipeline: PipelineKey,
        pinned_by: String,
        message: String,
    },
    PipelineUnpinned {
        pipeline: PipelineKey,
    },
    /// A run that waits goes back to the version that its release came from.
    RunMoved {
        run: RunKey,
        version: Version,
        /// As in `RunCreated`.
        shared: Pins,
    },
    /// A secret has a value, of which the log holds the encrypted form only.
    SecretSet {
        secret: Box<SealedSecret>,
    },
    SecretDeleted {
        key: SecretKey,
        /// The value it had last.
        version: u64,
    },
    /// Another cluster key wraps the keys of all live values. Nodes destroy the one before.
    ClusterKeyRotated {
        key: ClusterKey,
        wrapped_keys: Vec<WrappedKey>,
    },
    /// A schedule exists. Its slots count from this event's time on.
    ScheduleCreated {
        schedule: ScheduleKey,
        spec: Arc<ScheduleSpec>,
        enabled: bool,
    },
    /// What a schedule says has changed, so that its generation is another one.
    ScheduleUpdated {
        schedule: ScheduleKey,
        spec: Arc<ScheduleSpec>,
        /// Set if its timing changed: what was open of the timing before is skipped up to now.
        skipped: Option<SkippedSlots>,
    },
    ScheduleDeleted {
        schedule: ScheduleKey,
    },
    /// The slots of a schedule count again.
    ScheduleEnabled {
        schedule: ScheduleKey,
        /// What was open is skipped up to now. None if nothing can have been.
        skipped: Option<SkippedSlots>,
    },
    /// No slot of a schedule is settled any more.
    ScheduleDisabled {
        schedule: ScheduleKey,
    },
    /// It is decided what becomes of the slots in an interval. The runs that it names are created by the events that
    /// follow.
    SlotsSettled {
        schedule: ScheduleKey,
        generation: Revision,
        /// All slots up to this instant were settled before.
        from: Timestamp,
        /// All slots up to this instant are settled now.
        to: Timestamp,
        /// In order.
        fired: Vec<FiredSlot>,
        /// In order.
        skipped: Vec<SkippedSlots>,
    },
    /// Runs are started for the slots of a schedule in a range of the past.
    BackfillStarted {
        schedule: ScheduleKey,
        /// Its number among those of the schedule.
        backfill: u64,
        spec: BackfillSpec,
        started_by: String,
    },
    /// It is decided what becomes of the next slots of a backfill. The runs that it names are created by the events that
    /// follow.
    BackfillAdvanced {
        schedule: ScheduleKey,
        backfill: u64,
        /// The newest slot that is decided now.
        cursor: Option<Timestamp>,
        /// In the order of the backfill, as are those below.
        fired: Vec<FiredSlot>,
        refused: Vec<SkippedSlots>,
        /// All slots are decided.
        is_last: bool,
    },
    /// A run of a backfill has ended, by one of the events before.
    BackfillRunEnded {
        schedule: ScheduleKey,
        backfill: u64,
        run: u64,
        end: BackfillEnd,
    },
    /// No further slot of a backfill is decided.
    BackfillCancelled {
        schedule: ScheduleKey,
        backfill: u64,
        message: String,
    },
    /// A trigger is installed, and enabled.
    TriggerInstalled {
        trigger: TriggerName,
        spec: Arc<TriggerSpec>,
    },
    /// What an operator says of a trigger has changed, so that its generation is another one.
    TriggerUpdated {
        trigger: TriggerName,
        spec: Arc<TriggerSpec>,
    },
    TriggerUninstalled {
        trigger: TriggerName,
    },
    TriggerEnabled {
        trigger: TriggerName,
    },
    TriggerDisabled {
        trigger: TriggerName,
    },
    /// A plug-in says something else of itself than before.
    TriggerReported {
        trigger: TriggerName,
        report: Arc<TriggerReport>,
    },
    /// A subscription exists. Its cursor is nowhere yet.
    SubscriptionCreated {
        subscription: SubscriptionKey,
        spec: Arc<SubscriptionSpec>,
        enabled: bool,
    },
    /// What a subscription says has changed, so that its generation is another one.
    SubscriptionUpdated {
        subscription: SubscriptionKey,
        spec: Arc<SubscriptionSpec>,
    },
    /// A subscription is gone, and with it the keys that it has taken.
    SubscriptionDeleted {
        subscription: SubscriptionKey,
    },
    SubscriptionEnabled {
        subscription: SubscriptionKey,
    },
    SubscriptionDisabled {
        subscription: SubscriptionKey,
    },
    /// It is decided what becomes of events. The runs that it names are created by the events of the log that follow.
    EventsTaken {
        subscription: SubscriptionKey,
        generation: Revision,
        /// None: it stays where it is.
        cursor: Option<CursorMove>,
        /// Number of the first of the events that is none that was taken before.
        first: u64,
        /// In order.
        taken: Vec<TakenEvent>,
        /// They are events of the log itself.
        from_log: bool,
    },
    /// The log was looked at up to a revision. What subscriptions have asked for follows.
    EventsFollowed {
        from: Revision,
        to: Revision,
    },
}

/// What becomes of a version that is registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is live.
    Live,
    /// It is live, which is the pipeline's release of this number.
    Released { release: u64, registered_by: String },
    /// Another one stays live.
    Held,
}

/// What a committed command answers, besides its revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Done,
    Run(RunKey),
    PipelineVersion(Version),
    NodeIncarnation(u64),
    Release(u64),
    Backfill(u64),
    /// One for each event of the intake, in order.
    Events(Vec<EventFate>),
}
