//! Any command, event and outcome.

use gofer_domain::*;
use proptest::option;
use proptest::prelude::*;

use super::cluster::ends;
use super::releases::{release_command, release_event, standing};
use super::{
    attempt_key, attempt_outcome, config, driver, log, namespace_id, options, pipeline_key, retry_from, run_key,
    run_status, spec, stop, task_key, task_status, text, texts, time,
};
use crate::Outcome;

fn nodes() -> impl Strategy<Value = std::collections::BTreeSet<NodeId>> {
    proptest::collection::btree_set(any::<u64>().prop_map(NodeId), 0..5)
}

fn segment() -> impl Strategy<Value = ArchiveSegment> {
    any::<(u64, u64, u64, u64, [[u8; 32]; 3])>().prop_map(|(first, last, bytes, stored_bytes, hashes)| ArchiveSegment {
        digest: hashes[0],
        first: Revision(first),
        last: Revision(last),
        previous_hash: hashes[1],
        last_hash: hashes[2],
        bytes,
        stored_bytes,
    })
}

fn config_command() -> impl Strategy<Value = Command> {
    prop_oneof![
        any::<[u8; 16]>().prop_map(|id| Command::CreateCluster { cluster: ClusterId(id) }),
        any::<([u8; 16], u64, [u8; 32])>().prop_map(|(id, revision, head)| Command::RestoreCluster {
            cluster: ClusterId(id),
            revision: Revision(revision),
            head,
        }),
        (any::<([u8; 16], u64)>(), nodes(), 0..1_000_000_u64).prop_map(|((id, survivor), dropped, millis)| {
            Command::RecoverCluster {
                cluster: ClusterId(id),
                survivor: NodeId(survivor),
                dropped,
                grace: std::time::Duration::from_millis(millis),
            }
        }),
        (namespace_id(), text())
            .prop_map(|(namespace, description)| Command::CreateNamespace { namespace, description }),
        namespace_id().prop_map(|namespace| Command::DeleteNamespace { namespace }),
        (namespace_id(), config()).prop_map(|(namespace, config)| Command::RegisterPipeline {
            namespace,
            config: std::sync::Arc::new(config)
        }),
        pipeline_key().prop_map(|pipeline| Command::EnablePipeline { pipeline }),
        pipeline_key().prop_map(|pipeline| Command::DisablePipeline { pipeline }),
        (pipeline_key(), any::<bool>()).prop_map(|(pipeline, force)| Command::DeletePipeline { pipeline, force }),
        (any::<u64>(), spec()).prop_map(|(id, spec)| Command::RegisterNode { node: NodeId(id), spec: Box::new(spec) }),
        any::<u64>().prop_map(|id| Command::DrainNode { node: NodeId(id) }),
        any::<u64>().prop_map(|id| Command::UndrainNode { node: NodeId(id) }),
        any::<(u64, u64)>().prop_map(|(id, incarnation)| Command::DeclareNodeLost { node: NodeId(id), incarnation }),
        any::<u64>().prop_map(|id| Command::RemoveNode { node: NodeId(id) }),
        (segment(), any::<u64>())
            .prop_map(|(segment, keep)| Command::ArchiveEvents { segment: Box::new(segment), keep }),
    ]
}

fn run_command() -> impl Strategy<Value = Command> {
    let node = || any::<u64>().prop_map(NodeId);
    prop_oneof![
        (pipeline_key(), option::of((1..=u64::MAX).prop_map(Version)), options()).prop_map(
            |(pipeline, version, options)| Command::StartRun { pipeline, version, options: Box::new(options) }
        ),
        (run_key(), text()).prop_map(|(run, message)| Command::CancelRun { run, message }),
        (run_key(), retry_from()).prop_map(|(run, from)| Command::RetryRun { run, from }),
        (run_key(), option::of(text()), texts(), proptest::collection::btree_set(text(), 0..3))
            .prop_map(|(run, note, labels, without)| Command::AnnotateRun { run, note, labels, without }),
        (task_key(), any::<bool>(), text()).prop_map(|(task, approve, message)| Command::DecideApproval {
            task,
            approve,
            message
        }),
        task_key().prop_map(|task| Command::AdvanceTask { task }),
        task_key().prop_map(|task| Command::TimeOutTask { task }),
        run_key().prop_map(|run| Command::TimeOutRun { run }),
        (attempt_key(), node(), driver()).prop_map(|(attempt, node, driver)| Command::AssignAttempt {
            attempt,
            node,
            driver
        }),
        attempt_key().prop_map(|attempt| Command::TimeOutAttempt { attempt }),
        (attempt_key(), node()).prop_map(|(attempt, node)| Command::ReportLaunching { attempt, node }),
        (attempt_key(), node()).prop_map(|(attempt, node)| Command::ReportStarted { attempt, node }),
        (attempt_key(), node(), attempt_outcome(), option::of(log()), texts()).prop_map(
            |(attempt, node, outcome, log, outputs)| Command::ReportFinished { attempt, node, outcome, log, outputs }
        ),
    ]
}

pub(in crate::codec::tests) fn envelope() -> impl Strategy<Value = CommandEnvelope> {
    let command = prop_oneof![
        3 => config_command(),
        3 => run_command(),
        2 => release_command(),
        1 => super::object::command(),
        1 => super::secret::command(),
        1 => super::schedule::command(),
        1 => super::backfill::command(),
        2 => super::subscription::command(),
    ];
    (any::<[u8; 16]>(), text(), time(), command).prop_map(|(id, actor, time, command)| CommandEnvelope {
        request_id: RequestId(id),
        actor: Actor(actor),
        time,
        command,
    })
}

fn config_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        any::<[u8; 16]>().prop_map(|id| Event::ClusterCreated { cluster: ClusterId(id) }),
        any::<([u8; 16], [u8; 16], u64, [u8; 32])>().prop_map(|(id, from, revision, head)| Event::ClusterRestored {
            cluster: ClusterId(id),
            from: ClusterId(from),
            revision: Revision(revision),
            head,
        }),
        (any::<([u8; 16], [u8; 16], u64, u64)>(), nodes()).prop_map(|((id, from, survivor, revision), dropped)| {
            Event::ClusterRecovered {
                cluster: ClusterId(id),
                from: ClusterId(from),
                survivor: NodeId(survivor),
                dropped,
                revision: Revision(revision),
            }
        }),
        (namespace_id(), text())
            .prop_map(|(namespace, description)| Event::NamespaceCreated { namespace, description }),
        namespace_id().prop_map(|namespace| Event::NamespaceDeleted { namespace }),
        (pipeline_key(), any::<u64>(), config(), standing()).prop_map(|(pipeline, version, config, standing)| {
            let (version, config) = (Version(version), std::sync::Arc::new(config));
            Event::PipelineRegistered { pipeline, version, config, standing }
        }),
        pipeline_key().prop_map(|pipeline| Event::PipelineEnabled { pipeline }),
        pipeline_key().prop_map(|pipeline| Event::PipelineDisabled { pipeline }),
        pipeline_key().prop_map(|pipeline| Event::PipelineDeleted { pipeline }),
        (any::<(u64, u64)>(), spec()).prop_map(|((id, incarnation), spec)| Event::NodeRegistered {
            node: NodeId(id),
            incarnation,
            spec: Box::new(spec),
        }),
        any::<u64>().prop_map(|id| Event::NodeDrained { node: NodeId(id) }),
        any::<u64>().prop_map(|id| Event::NodeUndrained { node: NodeId(id) }),
        any::<(u64, u64)>().prop_map(|(id, incarnation)| Event::NodeLost { node: NodeId(id), incarnation }),
        any::<u64>().prop_map(|id| Event::NodeRemoved { node: NodeId(id) }),
        (segment(), any::<(u64, [u8; 32])>()).prop_map(|(segment, (trimmed, trimmed_hash))| Event::EventsArchived {
            segment: Box::new(segment),
            trimmed: Revision(trimmed),
            trimmed_hash,
        }),
    ]
}

fn run_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (
            run_key(),
            any::<u64>(),
            options(),
            text(),
            option::of(1..=u64::MAX),
            option::of(task_key()),
            option::of(1..=u64::MAX),
            (
                option::of(super::schedule::slot()),
                option::of(super::subscription::run_event()),
                super::values::pins(),
                any::<u32>()
            )
        )
            .prop_map(|(run, version, options, started_by, retry_of, parent, release, due)| {
                let (schedule, subscription, shared, depth) = due;
                Event::RunCreated {
                    run,
                    version: Version(version),
                    options: Box::new(options),
                    started_by,
                    retry_of,
                    parent,
                    release,
                    schedule,
                    subscription,
                    shared,
                    depth,
                }
            }),
        (run_key(), text(), texts()).prop_map(|(run, note, labels)| Event::RunAnnotated { run, note, labels }),
        task_key().prop_map(|task| Event::TaskWaiting { task }),
        (task_key(), any::<u64>(), texts()).prop_map(|(task, from, outputs)| Event::TaskKept { task, from, outputs }),
        run_key().prop_map(|run| Event::RunStarted { run }),
        (run_key(), stop()).prop_map(|(run, reason)| Event::RunStopRequested { run, reason }),
        (task_key(), time(), any::<u32>()).prop_map(|(task, not_before, attempts)| Event::TaskQueued {
            task,
            not_before,
            attempts
        }),
        (task_key(), task_status()).prop_map(|(task, status)| Event::TaskFinished { task, status }),
        (run_key(), run_status(), option::of(time()), option::of(ends()))
            .prop_map(|(run, status, started_at, ends)| Event::RunFinished { run, status, started_at, ends }),
        (attempt_key(), any::<u64>(), driver()).prop_map(|(attempt, node, driver)| Event::AttemptPlaced {
            attempt,
            node: NodeId(node),
            driver
        }),
        attempt_key().prop_map(|attempt| Event::AttemptLaunching { attempt }),
        attempt_key().prop_map(|attempt| Event::AttemptStarted { attempt }),
        (attempt_key(), stop()).prop_map(|(attempt, reason)| Event::AttemptStopRequested { attempt, reason }),
        (attempt_key(), attempt_outcome(), option::of(log()), texts())
            .prop_map(|(attempt, outcome, log, outputs)| Event::AttemptFinished { attempt, outcome, log, outputs }),
    ]
}

pub(in crate::codec::tests) fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => config_event(),
        3 => run_event(),
        2 => release_event(),
        1 => super::object::event(),
        1 => super::secret::event(),
        1 => super::schedule::event(),
        1 => super::backfill::event(),
        2 => super::subscription::event(),
    ]
}

pub(in crate::codec::tests) fn outcome() -> impl Strategy<Value = Outcome> {
    let answer = prop_oneof![
        Just(Answer::Done),
        run_key().prop_map(Answer::Run),
        any::<u64>().prop_map(|version| Answer::PipelineVersion(Version(version))),
        any::<u64>().prop_map(Answer::NodeIncarnation),
        any::<u64>().prop_map(Answer::Release),
        any::<u64>().prop_map(Answer::Backfill),
        super::subscription::fates().prop_map(Answer::Events),
    ];
    let rejection = (prop::sample::select(Reason::ALL.to_vec()), text(), text(), text())
        .prop_map(|(reason, message, help, field)| Rejection { reason, message, help, field });
    prop_oneof![
        (any::<u64>(), answer)
            .prop_map(|(revision, answer)| Outcome::Accepted { revision: Revision(revision), answer }),
        rejection.prop_map(Outcome::Rejected),
    ]
}
