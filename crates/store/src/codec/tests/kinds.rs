//! No kind of command or event is left out: not by the generators, and so not by the round trips.
//!
//! A kind that is added to the domain does not compile here until it is listed.

use std::collections::{BTreeMap, BTreeSet};

use gofer_domain::{Command, Event};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use prost::Message;

use super::any;
use crate::codec::{command_to_wire, event_to_wire};

macro_rules! kinds {
    ($name:ident of $of:ident: $($kind:ident)*) => {
        /// The kind of a value, and how many kinds there are.
        fn $name(value: &$of) -> (&'static str, usize) {
            let count = [$(stringify!($kind)),*].len();
            match value {
                $($of::$kind { .. } => (stringify!($kind), count),)*
            }
        }
    };
}

kinds!(command_kind of Command:
    CreateCluster RestoreCluster RecoverCluster CreateNamespace DeleteNamespace RegisterPipeline EnablePipeline DisablePipeline DeletePipeline
    StartRun CancelRun RetryRun TimeOutRun AssignAttempt TimeOutAttempt ReportLaunching ReportStarted ReportFinished
    RegisterNode DrainNode UndrainNode DeclareNodeLost RemoveNode ArchiveEvents AnnotateRun
    DecideApproval AdvanceTask TimeOutTask
    RegisterVersion StartRelease PromoteRelease SwitchRelease RollBackPipeline PinPipeline UnpinPipeline
    PutObject DeleteObject SetSecret DeleteSecret RotateClusterKey
    CreateSchedule UpdateSchedule DeleteSchedule SetScheduleEnabled SettleSlots StartBackfill AdvanceBackfill CancelBackfill
    InstallTrigger UpdateTrigger UninstallTrigger SetTriggerEnabled ReportTrigger
    CreateSubscription UpdateSubscription DeleteSubscription SetSubscriptionEnabled TakeEvents FollowEvents);

kinds!(event_kind of Event:
    ClusterCreated ClusterRestored ClusterRecovered NamespaceCreated NamespaceDeleted PipelineRegistered PipelineEnabled PipelineDisabled
    PipelineDeleted RunCreated RunStarted RunStopRequested TaskQueued TaskFinished RunFinished AttemptPlaced
    AttemptLaunching AttemptStarted AttemptStopRequested AttemptFinished NodeRegistered NodeDrained NodeUndrained
    NodeLost NodeRemoved EventsArchived RunAnnotated TaskWaiting TaskKept
    ReleaseStarted ReleaseAdvanced ReleaseSwitched ReleasePromoted ReleaseRolledBack LiveVersionChanged
    PipelinePinned PipelineUnpinned RunMoved
    ObjectPut ObjectDeleted ObjectsDropped SecretSet SecretDeleted ClusterKeyRotated
    ScheduleCreated ScheduleUpdated ScheduleDeleted ScheduleEnabled ScheduleDisabled SlotsSettled
    BackfillStarted BackfillAdvanced BackfillRunEnded BackfillCancelled
    TriggerInstalled TriggerUpdated TriggerUninstalled TriggerEnabled TriggerDisabled TriggerReported
    SubscriptionCreated SubscriptionUpdated SubscriptionDeleted SubscriptionEnabled SubscriptionDisabled
    EventsTaken EventsFollowed);

/// Draws values, and checks that all kinds are among them, each with a field of its own on the wire.
fn check<T>(
    values: &impl Strategy<Value = T>,
    kind: impl Fn(&T) -> (&'static str, usize),
    bytes: impl Fn(&T) -> Vec<u8>,
) {
    let mut runner = TestRunner::deterministic();
    let mut fields = BTreeMap::<_, BTreeSet<_>>::new();
    let mut all = 0;
    for _ in 0..2_000 {
        let value = values.new_tree(&mut runner).unwrap().current();
        let (name, count) = kind(&value);
        all = count;
        let bytes = bytes(&value);
        let tag = prost::encoding::decode_varint(&mut &bytes[..]);
        fields.entry(name).or_default().insert(tag.unwrap_or_else(|_| panic!("{name} encodes to nothing")));
    }
    assert!(fields.values().all(|tags| tags.len() == 1), "{fields:?}");
    let tags: BTreeSet<_> = fields.values().flatten().collect();
    assert_eq!((fields.len(), tags.len()), (all, all), "{:?}", fields.keys());
}

#[test]
fn every_command_is_drawn_and_encoded() {
    let commands = any::envelope().prop_map(|envelope| envelope.command);
    check(&commands, command_kind, |command| command_to_wire(command).encode_to_vec());
}

#[test]
fn every_event_is_drawn_and_encoded() {
    check(&any::event(), event_kind, |event| event_to_wire(event).encode_to_vec());
}
