//! Events.

use std::sync::Arc;

use gofer_domain::event::Standing;
use gofer_domain::ids::{ClusterId, NodeId, Revision, Version};
use gofer_domain::{Event, RunOptions};
use gofer_wire::log::v1 as log;
use gofer_wire::log::v1::event::Kind;

use super::cluster::{ends_from_wire, ends_to_wire};
use super::release::{release_event, release_event_from_wire};
use super::values::{pins_from_wire, pins_to_wire};
use super::{
    DecodeError, Result, attempt_key_from_wire, attempt_key_to_wire, attempt_outcome_from_wire,
    attempt_outcome_to_wire, backfill, config_from_wire, config_to_wire, driver_from_wire, driver_to_wire, fixed,
    intake, log_from_wire, log_to_wire, namespace_id, nodes_from_wire, nodes_to_wire, pipeline_key_from_wire,
    pipeline_key_to_wire, required, run_key_from_wire, run_key_to_wire, run_status_from_wire, run_status_to_wire,
    schedule, secret, segment_from_wire, segment_to_wire, spec_from_wire, spec_to_wire, stop_from_wire, stop_to_wire,
    subscription, task_key_from_wire, task_key_to_wire, task_status_from_wire, task_status_to_wire, time_from_wire,
    time_to_wire, trigger, variables_from_wire, variables_to_wire,
};

/// An event as a message.
#[must_use]
pub fn event_to_wire(event: &Event) -> log::Event {
    let kind = pipeline_event(event).or_else(|| run_event(event)).or_else(|| attempt_event(event));
    log::Event { kind: kind.or_else(|| release_event(event)).or_else(|| other_event(event)) }
}

fn pipeline_event(event: &Event) -> Option<Kind> {
    Some(match event {
        Event::ClusterCreated { cluster } => {
            Kind::ClusterCreated(log::ClusterCreated { cluster_id: cluster.0.to_vec().into() })
        }
        Event::ClusterRestored { cluster, from, revision, head } => Kind::ClusterRestored(log::ClusterRestored {
            cluster_id: cluster.0.to_vec().into(),
            restored_from: from.0.to_vec().into(),
            revision: revision.0,
            head: head.to_vec().into(),
        }),
        Event::ClusterRecovered { cluster, from, survivor, dropped, revision } => {
            Kind::ClusterRecovered(log::ClusterRecovered {
                cluster_id: cluster.0.to_vec().into(),
                recovered_from: from.0.to_vec().into(),
                survivor: survivor.0,
                dropped: nodes_to_wire(dropped),
                revision: revision.0,
            })
        }
        Event::NamespaceCreated { namespace, description } => Kind::NamespaceCreated(log::NamespaceCreated {
            namespace: namespace.to_string(),
            description: description.clone(),
        }),
        Event::NamespaceDeleted { namespace } => {
            Kind::NamespaceDeleted(log::NamespaceDeleted { namespace: namespace.to_string() })
        }
        Event::PipelineRegistered { pipeline, version, config, standing } => {
            let (release, registered_by) = match standing {
                Standing::Released { release, registered_by } => (*release, registered_by.clone()),
                Standing::Live | Standing::Held => (0, String::new()),
            };
            Kind::PipelineRegistered(log::PipelineRegistered {
                pipeline: Some(pipeline_key_to_wire(pipeline)),
                version: version.0,
                config: Some(config_to_wire(config)),
                held: *standing == Standing::Held,
                release,
                registered_by,
            })
        }
        Event::PipelineEnabled { pipeline } => {
            Kind::PipelineEnabled(log::PipelineEnabled { pipeline: Some(pipeline_key_to_wire(pipeline)) })
        }
        Event::PipelineDisabled { pipeline } => {
            Kind::PipelineDisabled(log::PipelineDisabled { pipeline: Some(pipeline_key_to_wire(pipeline)) })
        }
        Event::PipelineDeleted { pipeline } => {
            Kind::PipelineDeleted(log::PipelineDeleted { pipeline: Some(pipeline_key_to_wire(pipeline)) })
        }
        Event::NodeRegistered { node, incarnation, spec } => Kind::NodeRegistered(log::NodeRegistered {
            node: node.0,
            incarnation: *incarnation,
            spec: Some(spec_to_wire(spec)),
        }),
        Event::NodeDrained { node } => Kind::NodeDrained(log::NodeDrained { node: node.0 }),
        Event::NodeUndrained { node } => Kind::NodeUndrained(log::NodeUndrained { node: node.0 }),
        Event::NodeLost { node, incarnation } => {
            Kind::NodeLost(log::NodeLost { node: node.0, incarnation: *incarnation })
        }
        Event::NodeRemoved { node } => Kind::NodeRemoved(log::NodeRemoved { node: node.0 }),
        Event::EventsArchived { segment, trimmed, trimmed_hash } => Kind::EventsArchived(log::EventsArchived {
            segment: Some(segment_to_wire(segment)),
            trimmed_revision: trimmed.0,
            trimmed_hash: trimmed_hash.to_vec().into(),
        }),
        _ => return None,
    })
}

fn run_event(event: &Event) -> Option<Kind> {
    Some(match event {
        Event::RunCreated {
            run,
            version,
            options,
            started_by,
            retry_of,
            parent,
            release,
            schedule,
            subscription,
            shared,
            depth,
        } => Kind::RunCreated(log::RunCreated {
            run: Some(run_key_to_wire(run)),
            version: version.0,
            variables: variables_to_wire(&options.variables),
            started_by: started_by.clone(),
            retry_of: retry_of.unwrap_or(0),
            labels: variables_to_wire(&options.labels),
            note: options.note.clone(),
            priority: options.priority,
            parent: parent.as_ref().map(task_key_to_wire),
            release: release.unwrap_or(0),
            schedule: schedule.as_ref().map(schedule::slot_to_wire),
            subscription: subscription.as_ref().map(subscription::run_event_to_wire),
            depth: *depth,
            shared: pins_to_wire(shared),
        }),
        Event::RunAnnotated { run, note, labels } => Kind::RunAnnotated(log::RunAnnotated {
            run: Some(run_key_to_wire(run)),
            note: note.clone(),
            labels: variables_to_wire(labels),
        }),
        Event::TaskWaiting { task } => Kind::TaskWaiting(log::TaskWaiting { task: Some(task_key_to_wire(task)) }),
        Event::TaskKept { task, from, outputs } => Kind::TaskKept(log::TaskKept {
            task: Some(task_key_to_wire(task)),
            kept_from: *from,
            outputs: variables_to_wire(outputs),
        }),
        Event::RunStarted { run } => Kind::RunStarted(log::RunStarted { run: Some(run_key_to_wire(run)) }),
        Event::RunStopRequested { run, reason } => Kind::RunStopRequested(log::RunStopRequested {
            run: Some(run_key_to_wire(run)),
            reason: Some(stop_to_wire(reason)),
        }),
        Event::TaskQueued { task, not_before, attempts } => Kind::TaskQueued(log::TaskQueued {
            task: Some(task_key_to_wire(task)),
            not_before: Some(time_to_wire(*not_before)),
            attempts: *attempts,
        }),
        Event::TaskFinished { task, status } => Kind::TaskFinished(log::TaskFinished {
            task: Some(task_key_to_wire(task)),
            outcome: Some(task_status_to_wire(status)),
        }),
        Event::RunFinished { run, status, started_at, ends } => {
            let (status, message) = run_status_to_wire(status);
            Kind::RunFinished(log::RunFinished {
                run: Some(run_key_to_wire(run)),
                status: status.into(),
                message,
                started_at: started_at.map(time_to_wire),
                ends: ends.as_ref().map(ends_to_wire),
            })
        }
        _ => return None,
    })
}

fn attempt_event(event: &Event) -> Option<Kind> {
    Some(match event {
        Event::AttemptPlaced { attempt, node, driver } => Kind::AttemptPlaced(log::AttemptPlaced {
            attempt: Some(attempt_key_to_wire(attempt)),
            node: node.0,
            driver: driver_to_wire(*driver).into(),
        }),
        Event::AttemptLaunching { attempt } => {
            Kind::AttemptLaunching(log::AttemptLaunching { attempt: Some(attempt_key_to_wire(attempt)) })
        }
        Event::AttemptStarted { attempt } => {
            Kind::AttemptStarted(log::AttemptStarted { attempt: Some(attempt_key_to_wire(attempt)) })
        }
        Event::AttemptStopRequested { attempt, reason } => Kind::AttemptStopRequested(log::AttemptStopRequested {
            attempt: Some(attempt_key_to_wire(attempt)),
            reason: Some(stop_to_wire(reason)),
        }),
        Event::AttemptFinished { .. } => return finished_event(event),
        _ => return None,
    })
}

/// What has modules of its own. Names every event, so that a new one can't be forgotten here.
fn other_event(event: &Event) -> Option<Kind> {
    Some(match event {
        Event::ObjectPut { .. } | Event::ObjectDeleted { .. } | Event::ObjectsDropped { .. } => {
            super::object::event_to_wire(event)?
        }
        Event::SecretSet { .. } | Event::SecretDeleted { .. } | Event::ClusterKeyRotated { .. } => {
            return secret::event_to_wire(event);
        }
        Event::ScheduleCreated { .. }
        | Event::ScheduleUpdated { .. }
        | Event::ScheduleDeleted { .. }
        | Event::ScheduleEnabled { .. }
        | Event::ScheduleDisabled { .. }
        | Event::SlotsSettled { .. } => return schedule::event_to_wire(event),
        Event::BackfillStarted { .. }
        | Event::BackfillAdvanced { .. }
        | Event::BackfillRunEnded { .. }
        | Event::BackfillCancelled { .. } => return backfill::event_to_wire(event),
        Event::TriggerInstalled { .. }
        | Event::TriggerUpdated { .. }
        | Event::TriggerUninstalled { .. }
        | Event::TriggerEnabled { .. }
        | Event::TriggerDisabled { .. }
        | Event::TriggerReported { .. } => return trigger::event_to_wire(event),
        Event::SubscriptionCreated { .. }
        | Event::SubscriptionUpdated { .. }
        | Event::SubscriptionDeleted { .. }
        | Event::SubscriptionEnabled { .. }
        | Event::SubscriptionDisabled { .. } => return subscription::event_to_wire(event),
        Event::EventsTaken { .. } | Event::EventsFollowed { .. } => return intake::event_to_wire(event),
        Event::ClusterCreated { .. }
        | Event::ClusterRestored { .. }
        | Event::ClusterRecovered { .. }
        | Event::NamespaceCreated { .. }
        | Event::NamespaceDeleted { .. }
        | Event::PipelineRegistered { .. }
        | Event::ReleaseStarted { .. }
        | Event::ReleaseAdvanced { .. }
        | Event::ReleaseSwitched { .. }
        | Event::ReleasePromoted { .. }
        | Event::ReleaseRolledBack { .. }
        | Event::LiveVersionChanged { .. }
        | Event::PipelinePinned { .. }
        | Event::PipelineUnpinned { .. }
        | Event::RunMoved { .. }
        | Event::PipelineEnabled { .. }
        | Event::PipelineDisabled { .. }
        | Event::PipelineDeleted { .. }
        | Event::RunCreated { .. }
        | Event::RunStarted { .. }
        | Event::RunStopRequested { .. }
        | Event::RunAnnotated { .. }
        | Event::TaskWaiting { .. }
        | Event::TaskKept { .. }
        | Event::TaskQueued { .. }
        | Event::TaskFinished { .. }
        | Event::RunFinished { .. }
        | Event::NodeRegistered { .. }
        | Event::NodeDrained { .. }
        | Event::NodeUndrained { .. }
        | Event::NodeLost { .. }
        | Event::NodeRemoved { .. }
        | Event::EventsArchived { .. }
        | Event::AttemptPlaced { .. }
        | Event::AttemptLaunching { .. }
        | Event::AttemptStarted { .. }
        | Event::AttemptStopRequested { .. }
        | Event::AttemptFinished { .. } => return None,
    })
}

fn finished_event(event: &Event) -> Option<Kind> {
    let Event::AttemptFinished { attempt, outcome, log: output, outputs } = event else { return None };
    Some(Kind::AttemptFinished(log::AttemptFinished {
        attempt: Some(attempt_key_to_wire(attempt)),
        outcome: Some(attempt_outcome_to_wire(outcome)),
        log: output.as_ref().map(log_to_wire),
        outputs: variables_to_wire(outputs),
    }))
}

/// A message as an event.
///
/// # Errors
/// When it is of a kind that this version does not know, or a part is missing or not valid.
pub fn event_from_wire(event: log::Event) -> Result<Event> {
    Ok(match required(event.kind, "kind")? {
        Kind::ClusterCreated(e) => Event::ClusterCreated { cluster: ClusterId(fixed(&e.cluster_id, "cluster_id")?) },
        Kind::ClusterRestored(e) => Event::ClusterRestored {
            cluster: ClusterId(fixed(&e.cluster_id, "cluster_id")?),
            from: ClusterId(fixed(&e.restored_from, "restored_from")?),
            revision: Revision(e.revision),
            head: fixed(&e.head, "head")?,
        },
        Kind::ClusterRecovered(e) => Event::ClusterRecovered {
            cluster: ClusterId(fixed(&e.cluster_id, "cluster_id")?),
            from: ClusterId(fixed(&e.recovered_from, "recovered_from")?),
            survivor: NodeId(e.survivor),
            dropped: nodes_from_wire(&e.dropped)?,
            revision: Revision(e.revision),
        },
        Kind::NamespaceCreated(e) => {
            Event::NamespaceCreated { namespace: namespace_id(&e.namespace)?, description: e.description }
        }
        Kind::NamespaceDeleted(e) => Event::NamespaceDeleted { namespace: namespace_id(&e.namespace)? },
        Kind::PipelineRegistered(e) => Event::PipelineRegistered {
            pipeline: pipeline_key_from_wire(e.pipeline.as_ref())?,
            version: Version(e.version),
            config: Arc::new(config_from_wire(required(e.config, "config")?)?),
            standing: match (e.held, e.release) {
                (false, 0) => Standing::Live,
                (false, release) => Standing::Released { release, registered_by: e.registered_by },
                (true, 0) => Standing::Held,
                (true, _) => return Err(DecodeError::new("held", "is set, and so is release")),
            },
        },
        Kind::PipelineEnabled(e) => Event::PipelineEnabled { pipeline: pipeline_key_from_wire(e.pipeline.as_ref())? },
        Kind::PipelineDisabled(e) => Event::PipelineDisabled { pipeline: pipeline_key_from_wire(e.pipeline.as_ref())? },
        Kind::PipelineDeleted(e) => Event::PipelineDeleted { pipeline: pipeline_key_from_wire(e.pipeline.as_ref())? },
        Kind::NodeRegistered(e) => Event::NodeRegistered {
            node: NodeId(e.node),
            incarnation: e.incarnation,
            spec: Box::new(spec_from_wire(e.spec.as_ref())?),
        },
        Kind::NodeDrained(e) => Event::NodeDrained { node: NodeId(e.node) },
        Kind::NodeUndrained(e) => Event::NodeUndrained { node: NodeId(e.node) },
        Kind::NodeLost(e) => Event::NodeLost { node: NodeId(e.node), incarnation: e.incarnation },
        Kind::NodeRemoved(e) => Event::NodeRemoved { node: NodeId(e.node) },
        Kind::EventsArchived(e) => Event::EventsArchived {
            segment: Box::new(segment_from_wire(e.segment.as_ref())?),
            trimmed: Revision(e.trimmed_revision),
            trimmed_hash: fixed(&e.trimmed_hash, "trimmed_hash")?,
        },
        Kind::SecretSet(e) => secret::set_event_from_wire(&e)?,
        Kind::SecretDeleted(e) => secret::deleted_event_from_wire(&e)?,
        Kind::ClusterKeyRotated(e) => secret::rotated_event_from_wire(e)?,
        other => return run_event_from_wire(other),
    })
}

fn run_event_from_wire(kind: Kind) -> Result<Event> {
    Ok(match kind {
        Kind::RunCreated(e) => Event::RunCreated {
            run: run_key_from_wire(e.run.as_ref())?,
            version: Version(e.version),
            options: Box::new(RunOptions {
                variables: variables_from_wire(e.variables, "variables")?,
                labels: variables_from_wire(e.labels, "labels")?,
                note: e.note,
                priority: e.priority,
            }),
            started_by: e.started_by,
            retry_of: (e.retry_of != 0).then_some(e.retry_of),
            release: (e.release != 0).then_some(e.release),
            schedule: e.schedule.as_ref().map(schedule::slot_from_wire).transpose()?,
            subscription: e.subscription.as_ref().map(subscription::run_event_from_wire).transpose()?,
            depth: e.depth,
            shared: pins_from_wire(&e.shared)?,
            parent: e.parent.as_ref().map(|parent| task_key_from_wire(Some(parent))).transpose()?,
        },
        Kind::RunAnnotated(e) => Event::RunAnnotated {
            run: run_key_from_wire(e.run.as_ref())?,
            note: e.note,
            labels: variables_from_wire(e.labels, "labels")?,
        },
        Kind::TaskWaiting(e) => Event::TaskWaiting { task: task_key_from_wire(e.task.as_ref())? },
        Kind::TaskKept(e) => Event::TaskKept {
            task: task_key_from_wire(e.task.as_ref())?,
            from: e.kept_from,
            outputs: variables_from_wire(e.outputs, "outputs")?,
        },
        Kind::RunStarted(e) => Event::RunStarted { run: run_key_from_wire(e.run.as_ref())? },
        Kind::RunStopRequested(e) => Event::RunStopRequested {
            run: run_key_from_wire(e.run.as_ref())?,
            reason: stop_from_wire(required(e.reason.as_ref(), "reason")?)?,
        },
        Kind::TaskQueued(e) => Event::TaskQueued {
            task: task_key_from_wire(e.task.as_ref())?,
            not_before: time_from_wire(e.not_before.as_ref(), "not_before")?,
            attempts: e.attempts,
        },
        Kind::TaskFinished(e) => Event::TaskFinished {
            task: task_key_from_wire(e.task.as_ref())?,
            status: task_status_from_wire(required(e.outcome.as_ref(), "outcome")?)?,
        },
        Kind::RunFinished(e) => Event::RunFinished {
            run: run_key_from_wire(e.run.as_ref())?,
            status: run_status_from_wire(e.status, &e.message)?,
            started_at: e.started_at.as_ref().map(|at| time_from_wire(Some(at), "started_at")).transpose()?,
            ends: e.ends.as_ref().map(ends_from_wire).transpose()?,
        },
        kind @ (Kind::AttemptPlaced(_)
        | Kind::AttemptLaunching(_)
        | Kind::AttemptStarted(_)
        | Kind::AttemptStopRequested(_)
        | Kind::AttemptFinished(_)
        | Kind::ObjectPut(_)
        | Kind::ObjectDeleted(_)
        | Kind::ObjectsDropped(_)) => return attempt_event_from_wire(&kind),
        other => return other_event_from_wire(other),
    })
}

fn other_event_from_wire(kind: Kind) -> Result<Event> {
    match kind {
        kind @ (Kind::ScheduleCreated(_)
        | Kind::ScheduleUpdated(_)
        | Kind::ScheduleDeleted(_)
        | Kind::ScheduleEnabled(_)
        | Kind::ScheduleDisabled(_)
        | Kind::SlotsSettled(_)) => schedule::event_from_wire(kind),
        kind @ (Kind::BackfillStarted(_)
        | Kind::BackfillAdvanced(_)
        | Kind::BackfillRunEnded(_)
        | Kind::BackfillCancelled(_)) => backfill::event_from_wire(kind),
        kind @ (Kind::TriggerInstalled(_)
        | Kind::TriggerUpdated(_)
        | Kind::TriggerUninstalled(_)
        | Kind::TriggerEnabled(_)
        | Kind::TriggerDisabled(_)
        | Kind::TriggerReported(_)) => trigger::event_from_wire(kind),
        kind @ (Kind::SubscriptionCreated(_)
        | Kind::SubscriptionUpdated(_)
        | Kind::SubscriptionDeleted(_)
        | Kind::SubscriptionEnabled(_)
        | Kind::SubscriptionDisabled(_)) => subscription::event_from_wire(kind),
        kind @ (Kind::EventsTaken(_) | Kind::EventsFollowed(_)) => intake::event_from_wire(kind),
        other => release_event_from_wire(other),
    }
}

fn attempt_event_from_wire(kind: &Kind) -> Result<Event> {
    Ok(match kind {
        Kind::AttemptPlaced(e) => Event::AttemptPlaced {
            attempt: attempt_key_from_wire(e.attempt.as_ref())?,
            node: NodeId(e.node),
            driver: driver_from_wire(e.driver)?,
        },
        Kind::AttemptLaunching(e) => Event::AttemptLaunching { attempt: attempt_key_from_wire(e.attempt.as_ref())? },
        Kind::AttemptStarted(e) => Event::AttemptStarted { attempt: attempt_key_from_wire(e.attempt.as_ref())? },
        Kind::AttemptStopRequested(e) => Event::AttemptStopRequested {
            attempt: attempt_key_from_wire(e.attempt.as_ref())?,
            reason: stop_from_wire(required(e.reason.as_ref(), "reason")?)?,
        },
        Kind::AttemptFinished(e) => Event::AttemptFinished {
            attempt: attempt_key_from_wire(e.attempt.as_ref())?,
            outcome: attempt_outcome_from_wire(e.outcome.as_ref())?,
            log: e.log.as_ref().map(log_from_wire).transpose()?,
            outputs: variables_from_wire(e.outputs.clone(), "outputs")?,
        },
        Kind::ObjectPut(_) | Kind::ObjectDeleted(_) | Kind::ObjectsDropped(_) => super::object::event_from_wire(kind)?,
        _ => return Err(DecodeError::new("kind", "is not a known event")),
    })
}
