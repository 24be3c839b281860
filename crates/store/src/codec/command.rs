//! Commands, their envelopes, and the answers to them.

use std::sync::Arc;

use gofer_domain::ids::{ClusterId, NodeId, Revision, Version};
use gofer_domain::{Actor, Answer, Command, CommandEnvelope, Reason, Rejection, RetryFrom, RunOptions, Timestamp};
use gofer_wire::log::v1 as log;
use gofer_wire::log::v1::command::Kind;

use super::release::{release_command, release_command_from_wire};
use super::values::task_ids_from_wire;
use super::{
    DecodeError, Result, attempt_key_from_wire, attempt_key_to_wire, attempt_outcome_from_wire,
    attempt_outcome_to_wire, backfill, config_from_wire, config_to_wire, driver_from_wire, driver_to_wire,
    duration_from_wire, duration_to_wire, fixed, intake, log_from_wire, log_to_wire, namespace_id, nodes_from_wire,
    nodes_to_wire, pipeline_key_from_wire, pipeline_key_to_wire, request_id, required, run_key_from_wire,
    run_key_to_wire, schedule, secret, segment_from_wire, segment_to_wire, spec_from_wire, spec_to_wire, subscription,
    task_key_from_wire, task_key_to_wire, trigger, variables_from_wire, variables_to_wire,
};
use crate::Outcome;

/// An envelope as a message. Its time stands once in the batch.
#[must_use]
pub fn envelope_to_wire(envelope: &CommandEnvelope) -> log::CommandEnvelope {
    log::CommandEnvelope {
        request_id: envelope.request_id.0.to_vec().into(),
        actor: envelope.actor.0.clone(),
        command: Some(command_to_wire(&envelope.command)),
    }
}

/// A message as an envelope of the batch's time.
///
/// # Errors
/// When a part is missing or not valid.
pub fn envelope_from_wire(envelope: log::CommandEnvelope, time: Timestamp) -> Result<CommandEnvelope> {
    Ok(CommandEnvelope {
        request_id: request_id(&envelope.request_id)?,
        actor: Actor(envelope.actor),
        time,
        command: command_from_wire(required(envelope.command, "command")?)?,
    })
}

/// A command as a message.
#[must_use]
pub fn command_to_wire(command: &Command) -> log::Command {
    log::Command {
        kind: client_command(command)
            .or_else(|| run_command(command))
            .or_else(|| node_command(command))
            .or_else(|| inner_command(command))
            .or_else(|| other_command(command))
            .or_else(|| release_command(command)),
    }
}

/// What clients ask for.
fn client_command(command: &Command) -> Option<Kind> {
    Some(match command {
        Command::CreateCluster { cluster } => {
            Kind::CreateCluster(log::CreateCluster { cluster_id: cluster.0.to_vec().into() })
        }
        Command::RestoreCluster { cluster, revision, head } => Kind::RestoreCluster(log::RestoreCluster {
            cluster_id: cluster.0.to_vec().into(),
            revision: revision.0,
            head: head.to_vec().into(),
        }),
        Command::RecoverCluster { cluster, survivor, dropped, grace } => Kind::RecoverCluster(log::RecoverCluster {
            cluster_id: cluster.0.to_vec().into(),
            survivor: survivor.0,
            dropped: nodes_to_wire(dropped),
            grace: Some(duration_to_wire(*grace)),
        }),
        Command::CreateNamespace { namespace, description } => Kind::CreateNamespace(log::CreateNamespace {
            namespace: namespace.to_string(),
            description: description.clone(),
        }),
        Command::DeleteNamespace { namespace } => {
            Kind::DeleteNamespace(log::DeleteNamespace { namespace: namespace.to_string() })
        }
        Command::RegisterPipeline { namespace, config } => Kind::RegisterPipeline(log::RegisterPipeline {
            namespace: namespace.to_string(),
            config: Some(config_to_wire(config)),
        }),
        Command::EnablePipeline { pipeline } => {
            Kind::EnablePipeline(log::EnablePipeline { pipeline: Some(pipeline_key_to_wire(pipeline)) })
        }
        Command::DisablePipeline { pipeline } => {
            Kind::DisablePipeline(log::DisablePipeline { pipeline: Some(pipeline_key_to_wire(pipeline)) })
        }
        Command::DeletePipeline { pipeline, force } => {
            Kind::DeletePipeline(log::DeletePipeline { pipeline: Some(pipeline_key_to_wire(pipeline)), force: *force })
        }
        Command::StartRun { pipeline, version, options } => Kind::StartRun(log::StartRun {
            pipeline: Some(pipeline_key_to_wire(pipeline)),
            version: version.map_or(0, |version| version.0),
            variables: variables_to_wire(&options.variables),
            labels: variables_to_wire(&options.labels),
            note: options.note.clone(),
            priority: options.priority,
        }),
        Command::CancelRun { run, message } => {
            Kind::CancelRun(log::CancelRun { run: Some(run_key_to_wire(run)), message: message.clone() })
        }
        _ => return None,
    })
}

/// What is asked about a node.
fn node_command(command: &Command) -> Option<Kind> {
    Some(match command {
        Command::RegisterNode { node, spec } => {
            Kind::RegisterNode(log::RegisterNode { node: node.0, spec: Some(spec_to_wire(spec)) })
        }
        Command::DeclareNodeLost { node, incarnation } => {
            Kind::DeclareNodeLost(log::DeclareNodeLost { node: node.0, incarnation: *incarnation })
        }
        Command::DrainNode { node } => Kind::DrainNode(log::DrainNode { node: node.0 }),
        Command::UndrainNode { node } => Kind::UndrainNode(log::UndrainNode { node: node.0 }),
        Command::RemoveNode { node } => Kind::RemoveNode(log::RemoveNode { node: node.0 }),
        _ => return None,
    })
}

/// What is asked about a run that exists.
fn run_command(command: &Command) -> Option<Kind> {
    Some(match command {
        Command::RetryRun { run, from } => {
            let (keep, tasks) = match from {
                RetryFrom::Start => (false, Vec::new()),
                RetryFrom::Failed => (true, Vec::new()),
                RetryFrom::Tasks(tasks) => (true, tasks.iter().map(ToString::to_string).collect()),
            };
            Kind::RetryRun(log::RetryRun { run: Some(run_key_to_wire(run)), keep, tasks })
        }
        Command::AnnotateRun { run, note, labels, without } => Kind::AnnotateRun(log::AnnotateRun {
            run: Some(run_key_to_wire(run)),
            note: note.clone(),
            labels: variables_to_wire(labels),
            without: without.iter().cloned().collect(),
        }),
        Command::DecideApproval { task, approve, message } => Kind::DecideApproval(log::DecideApproval {
            task: Some(task_key_to_wire(task)),
            approve: *approve,
            message: message.clone(),
        }),
        _ => return None,
    })
}

/// What the leader decides and nodes report.
fn inner_command(command: &Command) -> Option<Kind> {
    Some(match command {
        Command::TimeOutRun { run } => Kind::TimeOutRun(log::TimeOutRun { run: Some(run_key_to_wire(run)) }),
        Command::AssignAttempt { attempt, node, driver } => Kind::AssignAttempt(log::AssignAttempt {
            attempt: Some(attempt_key_to_wire(attempt)),
            node: node.0,
            driver: driver_to_wire(*driver).into(),
        }),
        Command::AdvanceTask { task } => Kind::AdvanceTask(log::AdvanceTask { task: Some(task_key_to_wire(task)) }),
        Command::TimeOutTask { task } => Kind::TimeOutTask(log::TimeOutTask { task: Some(task_key_to_wire(task)) }),
        Command::TimeOutAttempt { attempt } => {
            Kind::TimeOutAttempt(log::TimeOutAttempt { attempt: Some(attempt_key_to_wire(attempt)) })
        }
        Command::ReportLaunching { attempt, node } => {
            Kind::ReportLaunching(log::ReportLaunching { attempt: Some(attempt_key_to_wire(attempt)), node: node.0 })
        }
        Command::ReportStarted { attempt, node } => {
            Kind::ReportStarted(log::ReportStarted { attempt: Some(attempt_key_to_wire(attempt)), node: node.0 })
        }
        Command::ReportFinished { attempt, node, outcome, log: output, outputs } => {
            Kind::ReportFinished(log::ReportFinished {
                attempt: Some(attempt_key_to_wire(attempt)),
                node: node.0,
                outcome: Some(attempt_outcome_to_wire(outcome)),
                log: output.as_ref().map(log_to_wire),
                outputs: variables_to_wire(outputs),
            })
        }
        Command::ArchiveEvents { segment, keep } => {
            Kind::ArchiveEvents(log::ArchiveEvents { segment: Some(segment_to_wire(segment)), keep: *keep })
        }
        _ => return None,
    })
}

/// What has modules of its own. Names every command, so that a new one can't be forgotten here.
fn other_command(command: &Command) -> Option<Kind> {
    Some(match command {
        Command::PutObject { .. } | Command::DeleteObject { .. } => super::object::command_to_wire(command)?,
        Command::SetSecret { .. } | Command::DeleteSecret { .. } | Command::RotateClusterKey { .. } => {
            return secret::command_to_wire(command);
        }
        Command::CreateSchedule { .. }
        | Command::UpdateSchedule { .. }
        | Command::DeleteSchedule { .. }
        | Command::SetScheduleEnabled { .. }
        | Command::SettleSlots { .. } => return schedule::command_to_wire(command),
        Command::StartBackfill { .. } | Command::AdvanceBackfill { .. } | Command::CancelBackfill { .. } => {
            return backfill::command_to_wire(command);
        }
        Command::InstallTrigger { .. }
        | Command::UpdateTrigger { .. }
        | Command::UninstallTrigger { .. }
        | Command::SetTriggerEnabled { .. }
        | Command::ReportTrigger { .. } => return trigger::command_to_wire(command),
        Command::CreateSubscription { .. }
        | Command::UpdateSubscription { .. }
        | Command::DeleteSubscription { .. }
        | Command::SetSubscriptionEnabled { .. } => return subscription::command_to_wire(command),
        Command::TakeEvents { .. } | Command::FollowEvents { .. } => return intake::command_to_wire(command),
        Command::CreateCluster { .. }
        | Command::RestoreCluster { .. }
        | Command::RecoverCluster { .. }
        | Command::CreateNamespace { .. }
        | Command::DeleteNamespace { .. }
        | Command::RegisterPipeline { .. }
        | Command::RegisterVersion { .. }
        | Command::StartRelease { .. }
        | Command::PromoteRelease { .. }
        | Command::SwitchRelease { .. }
        | Command::RollBackPipeline { .. }
        | Command::PinPipeline { .. }
        | Command::UnpinPipeline { .. }
        | Command::EnablePipeline { .. }
        | Command::DisablePipeline { .. }
        | Command::DeletePipeline { .. }
        | Command::StartRun { .. }
        | Command::CancelRun { .. }
        | Command::RetryRun { .. }
        | Command::AnnotateRun { .. }
        | Command::DecideApproval { .. }
        | Command::RegisterNode { .. }
        | Command::DeclareNodeLost { .. }
        | Command::DrainNode { .. }
        | Command::UndrainNode { .. }
        | Command::RemoveNode { .. }
        | Command::TimeOutRun { .. }
        | Command::AssignAttempt { .. }
        | Command::AdvanceTask { .. }
        | Command::TimeOutTask { .. }
        | Command::TimeOutAttempt { .. }
        | Command::ReportLaunching { .. }
        | Command::ReportStarted { .. }
        | Command::ReportFinished { .. }
        | Command::ArchiveEvents { .. } => return None,
    })
}

/// A message as a command.
///
/// # Errors
/// When it is of a kind that this version does not know, or a part is missing or not valid.
pub fn command_from_wire(command: log::Command) -> Result<Command> {
    Ok(match required(command.kind, "kind")? {
        Kind::CreateCluster(c) => Command::CreateCluster { cluster: ClusterId(fixed(&c.cluster_id, "cluster_id")?) },
        Kind::RestoreCluster(c) => Command::RestoreCluster {
            cluster: ClusterId(fixed(&c.cluster_id, "cluster_id")?),
            revision: Revision(c.revision),
            head: fixed(&c.head, "head")?,
        },
        Kind::RecoverCluster(c) => Command::RecoverCluster {
            cluster: ClusterId(fixed(&c.cluster_id, "cluster_id")?),
            survivor: NodeId(c.survivor),
            dropped: nodes_from_wire(&c.dropped)?,
            grace: duration_from_wire(required(c.grace.as_ref(), "grace")?, "grace")?,
        },
        Kind::CreateNamespace(c) => {
            Command::CreateNamespace { namespace: namespace_id(&c.namespace)?, description: c.description }
        }
        Kind::DeleteNamespace(c) => Command::DeleteNamespace { namespace: namespace_id(&c.namespace)? },
        Kind::RegisterPipeline(c) => Command::RegisterPipeline {
            namespace: namespace_id(&c.namespace)?,
            config: Arc::new(config_from_wire(required(c.config, "config")?)?),
        },
        Kind::EnablePipeline(c) => Command::EnablePipeline { pipeline: pipeline_key_from_wire(c.pipeline.as_ref())? },
        Kind::DisablePipeline(c) => Command::DisablePipeline { pipeline: pipeline_key_from_wire(c.pipeline.as_ref())? },
        Kind::DeletePipeline(c) => {
            Command::DeletePipeline { pipeline: pipeline_key_from_wire(c.pipeline.as_ref())?, force: c.force }
        }
        Kind::StartRun(c) => start_from_wire(c)?,
        Kind::CancelRun(c) => Command::CancelRun { run: run_key_from_wire(c.run.as_ref())?, message: c.message },
        Kind::RetryRun(c) => Command::RetryRun {
            run: run_key_from_wire(c.run.as_ref())?,
            from: match (c.keep, task_ids_from_wire(&c.tasks)?) {
                (false, tasks) if tasks.is_empty() => RetryFrom::Start,
                (false, _) => return Err(DecodeError::new("tasks", "only go with keep; set that")),
                (true, tasks) if tasks.is_empty() => RetryFrom::Failed,
                (true, tasks) => RetryFrom::Tasks(tasks),
            },
        },
        Kind::AnnotateRun(c) => Command::AnnotateRun {
            run: run_key_from_wire(c.run.as_ref())?,
            note: c.note,
            labels: variables_from_wire(c.labels, "labels")?,
            without: c.without.into_iter().collect(),
        },
        Kind::DecideApproval(c) => Command::DecideApproval {
            task: task_key_from_wire(c.task.as_ref())?,
            approve: c.approve,
            message: c.message,
        },
        Kind::DrainNode(c) => Command::DrainNode { node: NodeId(c.node) },
        Kind::UndrainNode(c) => Command::UndrainNode { node: NodeId(c.node) },
        Kind::RemoveNode(c) => Command::RemoveNode { node: NodeId(c.node) },
        other => return other_command_from_wire(other),
    })
}

fn other_command_from_wire(kind: Kind) -> Result<Command> {
    match kind {
        kind @ (Kind::RegisterVersion(_)
        | Kind::StartRelease(_)
        | Kind::PromoteRelease(_)
        | Kind::SwitchRelease(_)
        | Kind::RollBackPipeline(_)
        | Kind::PinPipeline(_)
        | Kind::UnpinPipeline(_)) => release_command_from_wire(kind),
        Kind::RotateClusterKey(c) => secret::rotate_from_wire(c),
        kind @ (Kind::CreateSchedule(_)
        | Kind::UpdateSchedule(_)
        | Kind::DeleteSchedule(_)
        | Kind::SetScheduleEnabled(_)
        | Kind::SettleSlots(_)) => schedule::command_from_wire(kind),
        kind @ (Kind::StartBackfill(_) | Kind::AdvanceBackfill(_) | Kind::CancelBackfill(_)) => {
            backfill::command_from_wire(kind)
        }
        kind @ (Kind::InstallTrigger(_)
        | Kind::UpdateTrigger(_)
        | Kind::UninstallTrigger(_)
        | Kind::SetTriggerEnabled(_)
        | Kind::ReportTrigger(_)) => trigger::command_from_wire(kind),
        kind @ (Kind::CreateSubscription(_)
        | Kind::UpdateSubscription(_)
        | Kind::DeleteSubscription(_)
        | Kind::SetSubscriptionEnabled(_)) => subscription::command_from_wire(kind),
        kind @ (Kind::TakeEvents(_) | Kind::FollowEvents(_)) => intake::command_from_wire(kind),
        other => inner_command_from_wire(&other),
    }
}

fn start_from_wire(start: log::StartRun) -> Result<Command> {
    let options = RunOptions {
        variables: variables_from_wire(start.variables, "variables")?,
        labels: variables_from_wire(start.labels, "labels")?,
        note: start.note,
        priority: start.priority,
    };
    Ok(Command::StartRun {
        pipeline: pipeline_key_from_wire(start.pipeline.as_ref())?,
        version: (start.version != 0).then_some(Version(start.version)),
        options: Box::new(options),
    })
}

fn inner_command_from_wire(kind: &Kind) -> Result<Command> {
    Ok(match kind {
        Kind::TimeOutRun(c) => Command::TimeOutRun { run: run_key_from_wire(c.run.as_ref())? },
        Kind::AssignAttempt(c) => Command::AssignAttempt {
            attempt: attempt_key_from_wire(c.attempt.as_ref())?,
            node: NodeId(c.node),
            driver: driver_from_wire(c.driver)?,
        },
        Kind::AdvanceTask(c) => Command::AdvanceTask { task: task_key_from_wire(c.task.as_ref())? },
        Kind::TimeOutTask(c) => Command::TimeOutTask { task: task_key_from_wire(c.task.as_ref())? },
        Kind::TimeOutAttempt(c) => Command::TimeOutAttempt { attempt: attempt_key_from_wire(c.attempt.as_ref())? },
        Kind::ReportLaunching(c) => {
            Command::ReportLaunching { attempt: attempt_key_from_wire(c.attempt.as_ref())?, node: NodeId(c.node) }
        }
        Kind::ReportStarted(c) => {
            Command::ReportStarted { attempt: attempt_key_from_wire(c.attempt.as_ref())?, node: NodeId(c.node) }
        }
        Kind::ReportFinished(c) => Command::ReportFinished {
            attempt: attempt_key_from_wire(c.attempt.as_ref())?,
            node: NodeId(c.node),
            outcome: attempt_outcome_from_wire(c.outcome.as_ref())?,
            log: c.log.as_ref().map(log_from_wire).transpose()?,
            outputs: variables_from_wire(c.outputs.clone(), "outputs")?,
        },
        Kind::RegisterNode(c) => {
            Command::RegisterNode { node: NodeId(c.node), spec: Box::new(spec_from_wire(c.spec.as_ref())?) }
        }
        Kind::DeclareNodeLost(c) => Command::DeclareNodeLost { node: NodeId(c.node), incarnation: c.incarnation },
        Kind::ArchiveEvents(c) => {
            Command::ArchiveEvents { segment: Box::new(segment_from_wire(c.segment.as_ref())?), keep: c.keep }
        }
        Kind::PutObject(c) => super::object::put_from_wire(c)?,
        Kind::DeleteObject(c) => super::object::delete_from_wire(c)?,
        Kind::SetSecret(c) => secret::set_from_wire(c)?,
        Kind::DeleteSecret(c) => secret::delete_from_wire(c)?,
        _ => return Err(DecodeError::new("kind", "is not a known command")),
    })
}

/// An outcome as a message.
#[must_use]
pub fn outcome_to_wire(outcome: &Outcome) -> log::Outcome {
    let kind = match outcome {
        Outcome::Accepted { revision, answer } => log::outcome::Kind::Accepted(log::Accepted {
            revision: revision.0,
            answer: match answer {
                Answer::Done => None,
                Answer::Run(run) => Some(log::accepted::Answer::Run(run_key_to_wire(run))),
                Answer::PipelineVersion(version) => Some(log::accepted::Answer::PipelineVersion(version.0)),
                Answer::NodeIncarnation(incarnation) => Some(log::accepted::Answer::NodeIncarnation(*incarnation)),
                Answer::Release(release) => Some(log::accepted::Answer::Release(*release)),
                Answer::Backfill(backfill) => Some(log::accepted::Answer::Backfill(*backfill)),
                Answer::Events(fates) => {
                    let fates = fates.iter().map(intake::fate_to_wire).collect();
                    Some(log::accepted::Answer::Events(log::EventFates { fates }))
                }
            },
        }),
        Outcome::Rejected(rejection) => log::outcome::Kind::Rejected(log::Rejected {
            reason: rejection.reason.name().to_owned(),
            message: rejection.message.clone(),
            help: rejection.help.clone(),
            field: rejection.field.clone(),
        }),
    };
    log::Outcome { kind: Some(kind) }
}

/// A message as an outcome.
///
/// # Errors
/// When a part is missing or not valid.
pub fn outcome_from_wire(outcome: &log::Outcome) -> Result<Outcome> {
    Ok(match required(outcome.kind.as_ref(), "kind")? {
        log::outcome::Kind::Accepted(accepted) => Outcome::Accepted {
            revision: Revision(accepted.revision),
            answer: match &accepted.answer {
                None => Answer::Done,
                Some(log::accepted::Answer::Run(run)) => Answer::Run(run_key_from_wire(Some(run))?),
                Some(log::accepted::Answer::PipelineVersion(version)) => Answer::PipelineVersion(Version(*version)),
                Some(log::accepted::Answer::NodeIncarnation(incarnation)) => Answer::NodeIncarnation(*incarnation),
                Some(log::accepted::Answer::Release(release)) => Answer::Release(*release),
                Some(log::accepted::Answer::Backfill(backfill)) => Answer::Backfill(*backfill),
                Some(log::accepted::Answer::Events(events)) => {
                    Answer::Events(events.fates.iter().map(intake::fate_from_wire).collect::<Result<_>>()?)
                }
            },
        },
        log::outcome::Kind::Rejected(rejected) => Outcome::Rejected(Rejection {
            reason: Reason::from_name(&rejected.reason)
                .ok_or_else(|| DecodeError::new("reason", format!("{:?} is not known", rejected.reason)))?,
            message: rejected.message.clone(),
            help: rejected.help.clone(),
            field: rejected.field.clone(),
        }),
    })
}
