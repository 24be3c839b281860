//! An event as one line for people.

mod releases;
mod schedules;
mod subscriptions;

use gofer_wire::log::v1::event::Kind;
use gofer_wire::log::v1::{ClusterRecovered, Event, EventEnvelope, EventsArchived};
use gofer_wire::model::v1 as model;
use prost::Message;

use crate::output::Style;
use crate::reference::{pipeline_text, run_text, secret_text};
use crate::run::state;

/// What a line says.
#[derive(Debug)]
pub(super) struct Described {
    pub(super) kind: &'static str,
    /// What the event is about.
    pub(super) subject: String,
    pub(super) details: String,
    pub(super) style: Style,
}

pub(super) fn describe(envelope: &EventEnvelope) -> Described {
    let event = Event::decode(envelope.payload.clone()).unwrap_or_default();
    let line = |kind, subject: String, details: String, style| Described { kind, subject, details, style };
    let plain = |kind, subject| line(kind, subject, String::new(), Style::Plain);
    match event.kind {
        None => line("unknown", String::new(), "of a newer version; -o json shows its bytes".into(), Style::Warning),
        Some(Kind::ClusterCreated(event)) => plain("cluster created", crate::json::hex(&event.cluster_id)),
        Some(Kind::ClusterRestored(event)) => {
            let details = format!("from revision {} of {}", event.revision, crate::json::hex(&event.restored_from));
            line("cluster restored", crate::json::hex(&event.cluster_id), details, Style::Warning)
        }
        Some(Kind::ClusterRecovered(event)) => recovered(&event),
        Some(Kind::NamespaceCreated(event)) => {
            line("namespace created", event.namespace, event.description, Style::Plain)
        }
        Some(Kind::NamespaceDeleted(event)) => plain("namespace deleted", event.namespace),
        Some(Kind::PipelineRegistered(event)) => {
            let tasks = event.config.map_or(0, |config| config.tasks.len());
            let held = if event.held { ", not live" } else { "" };
            let details = format!("version {}, {tasks} tasks{held}", event.version);
            line("pipeline registered", pipeline_text(event.pipeline.as_ref()), details, Style::Plain)
        }
        Some(Kind::PipelineEnabled(event)) => plain("pipeline enabled", pipeline_text(event.pipeline.as_ref())),
        Some(Kind::PipelineDisabled(event)) => plain("pipeline disabled", pipeline_text(event.pipeline.as_ref())),
        Some(Kind::PipelineDeleted(event)) => plain("pipeline deleted", pipeline_text(event.pipeline.as_ref())),
        Some(kind @ (Kind::RunCreated(_) | Kind::RunStarted(_) | Kind::RunStopRequested(_) | Kind::RunFinished(_))) => {
            run(kind)
        }
        Some(kind @ (Kind::TaskQueued(_) | Kind::TaskFinished(_))) => task(kind),
        Some(Kind::NodeRegistered(event)) => {
            let spec = event.spec.unwrap_or_default();
            let details = format!("{} at {}, incarnation {}", spec.name, spec.address, event.incarnation);
            line("node registered", event.node.to_string(), details, Style::Plain)
        }
        Some(Kind::NodeDrained(event)) => plain("node drained", event.node.to_string()),
        Some(Kind::NodeUndrained(event)) => plain("node undrained", event.node.to_string()),
        Some(Kind::NodeLost(event)) => {
            line("node lost", event.node.to_string(), format!("incarnation {}", event.incarnation), Style::Bad)
        }
        Some(Kind::EventsArchived(event)) => archived(&event),
        Some(Kind::NodeRemoved(event)) => line("node removed", event.node.to_string(), String::new(), Style::Warning),
        Some(kind) => other(kind),
    }
}

/// What has modules or functions of its own, and attempts.
fn other(kind: Kind) -> Described {
    match kind {
        kind @ (Kind::ReleaseStarted(_)
        | Kind::ReleaseAdvanced(_)
        | Kind::ReleaseSwitched(_)
        | Kind::ReleasePromoted(_)
        | Kind::ReleaseRolledBack(_)
        | Kind::LiveVersionChanged(_)
        | Kind::PipelinePinned(_)
        | Kind::PipelineUnpinned(_)
        | Kind::RunMoved(_)) => releases::describe(kind),
        kind @ (Kind::ObjectPut(_) | Kind::ObjectDeleted(_) | Kind::ObjectsDropped(_)) => object(kind),
        kind @ (Kind::SecretSet(_) | Kind::SecretDeleted(_) | Kind::ClusterKeyRotated(_)) => secret(kind),
        kind @ (Kind::ScheduleCreated(_)
        | Kind::ScheduleUpdated(_)
        | Kind::ScheduleDeleted(_)
        | Kind::ScheduleEnabled(_)
        | Kind::ScheduleDisabled(_)
        | Kind::SlotsSettled(_)) => schedules::describe(kind),
        kind @ (Kind::BackfillStarted(_)
        | Kind::BackfillAdvanced(_)
        | Kind::BackfillRunEnded(_)
        | Kind::BackfillCancelled(_)) => schedules::describe_backfill(kind),
        kind @ (Kind::TriggerInstalled(_)
        | Kind::TriggerUpdated(_)
        | Kind::TriggerUninstalled(_)
        | Kind::TriggerEnabled(_)
        | Kind::TriggerDisabled(_)
        | Kind::TriggerReported(_)) => subscriptions::describe_trigger(kind),
        kind @ (Kind::SubscriptionCreated(_)
        | Kind::SubscriptionUpdated(_)
        | Kind::SubscriptionDeleted(_)
        | Kind::SubscriptionEnabled(_)
        | Kind::SubscriptionDisabled(_)
        | Kind::EventsTaken(_)
        | Kind::EventsFollowed(_)) => subscriptions::describe(kind),
        kind => attempt(kind),
    }
}

fn recovered(event: &ClusterRecovered) -> Described {
    let dropped: Vec<String> = event.dropped.iter().map(u64::to_string).collect();
    let (of, nodes) = (crate::json::hex(&event.recovered_from), dropped.join(", "));
    let details = format!("by node {} without {nodes}, from revision {} of {of}", event.survivor, event.revision);
    let subject = crate::json::hex(&event.cluster_id);
    Described { kind: "cluster recovered", subject, details, style: Style::Warning }
}

fn archived(event: &EventsArchived) -> Described {
    let segment = event.segment.clone().unwrap_or_default();
    let subject = format!("revisions {} to {}", segment.first_revision, segment.last_revision);
    let details = match event.trimmed_revision {
        0 => "nodes keep all".to_owned(),
        trimmed => format!("nodes keep those after {trimmed}"),
    };
    Described { kind: "events archived", subject, details, style: Style::Plain }
}

fn secret(kind: Kind) -> Described {
    let line = |kind, subject: String, details| Described { kind, subject, details, style: Style::Plain };
    match kind {
        Kind::SecretSet(event) => {
            let secret = event.secret.unwrap_or_default();
            line("secret set", secret_text(secret.secret.as_ref()), format!("version {}", secret.version))
        }
        Kind::SecretDeleted(event) => {
            line("secret deleted", secret_text(event.secret.as_ref()), format!("version {}", event.version))
        }
        Kind::ClusterKeyRotated(event) => {
            let details = format!("{} secrets go on", event.wrapped_keys.len());
            line("cluster key rotated", event.key.map_or(0, |key| key.number).to_string(), details)
        }
        _ => line("unknown", String::new(), String::new()),
    }
}

fn run(kind: Kind) -> Described {
    let line = |kind, run: Option<model::RunRef>, details, style| Described {
        kind,
        subject: run_text(run.as_ref()),
        details,
        style,
    };
    match kind {
        Kind::RunCreated(event) => {
            let retry =
                if event.retry_of == 0 { String::new() } else { format!(", a retry of run {}", event.retry_of) };
            let release = match event.release {
                0 => String::new(),
                release => format!(", chosen by release {release}"),
            };
            let slot = event.schedule.as_ref().map_or_else(String::new, schedules::slot_text);
            let of = subscriptions::run_text(event.subscription.as_ref(), event.depth);
            let details = format!("version {} by {}{retry}{release}{slot}{of}", event.version, event.started_by);
            line("run created", event.run, details, Style::Plain)
        }
        Kind::RunStarted(event) => line("run started", event.run, String::new(), Style::Busy),
        Kind::RunStopRequested(event) => line("run stop requested", event.run, stop(event.reason), Style::Warning),
        Kind::RunFinished(event) => {
            let (word, style) = state::run(event.status());
            let details = if event.message.is_empty() { word.into() } else { format!("{word}: {}", event.message) };
            line("run finished", event.run, details, style)
        }
        _ => line("unknown", None, String::new(), Style::Warning),
    }
}

fn object(kind: Kind) -> Described {
    let (kind, scope, key, details, style) = match kind {
        Kind::ObjectPut(event) => {
            let bytes = event.content.unwrap_or_default().bytes;
            ("object put", event.scope, event.key, crate::size::rough(bytes), Style::Plain)
        }
        Kind::ObjectDeleted(event) => {
            let cause = loss(event.cause());
            ("object deleted", event.scope, event.key, cause.to_owned(), Style::Plain)
        }
        Kind::ObjectsDropped(event) => {
            let cause = loss(event.cause());
            ("objects dropped", event.scope, String::new(), cause.to_owned(), Style::Plain)
        }
        _ => ("unknown", None, String::new(), String::new(), Style::Warning),
    };
    let subject = format!("{} {key}", crate::object::scope_text(scope.as_ref()));
    Described { kind, subject: subject.trim_end().to_owned(), details, style }
}

fn loss(cause: model::ObjectLoss) -> &'static str {
    match cause {
        model::ObjectLoss::Unspecified => "",
        model::ObjectLoss::Deleted => "on request",
        model::ObjectLoss::Evicted => "newer ones needed the room",
        model::ObjectLoss::Expired => "newer runs hold objects",
        model::ObjectLoss::PipelineDeleted => "the pipeline was deleted",
    }
}

fn task(kind: Kind) -> Described {
    let subject = |task: Option<model::TaskRef>| {
        task.map_or_else(String::new, |task| format!("{}/{}", run_text(task.run.as_ref()), task.task))
    };
    match kind {
        Kind::TaskQueued(event) => {
            Described { kind: "task queued", subject: subject(event.task), details: String::new(), style: Style::Plain }
        }
        Kind::TaskFinished(event) => {
            let outcome = event.outcome.unwrap_or_default();
            let (_, word, style) = state::task(outcome.status());
            let details = state::explain(word, outcome.reason(), outcome.exit_code, &outcome.message);
            Described { kind: "task finished", subject: subject(event.task), details, style }
        }
        _ => Described { kind: "unknown", subject: String::new(), details: String::new(), style: Style::Warning },
    }
}

fn attempt(kind: Kind) -> Described {
    let line = |kind, attempt: Option<model::AttemptRef>, details, style| {
        let subject = attempt.map_or_else(String::new, |attempt| {
            format!("{}/{} attempt {}", run_text(attempt.run.as_ref()), attempt.task, attempt.attempt)
        });
        Described { kind, subject, details, style }
    };
    match kind {
        Kind::AttemptPlaced(event) => {
            let details = format!("on node {}", event.node);
            line("attempt placed", event.attempt, details, Style::Plain)
        }
        Kind::AttemptLaunching(event) => line("attempt launching", event.attempt, String::new(), Style::Plain),
        Kind::AttemptStarted(event) => line("attempt started", event.attempt, String::new(), Style::Busy),
        Kind::AttemptStopRequested(event) => {
            line("attempt stop requested", event.attempt, stop(event.reason), Style::Warning)
        }
        Kind::AttemptFinished(event) => {
            let outcome = event.outcome.unwrap_or_default();
            let (word, style) = state::attempt(outcome.result());
            let details = state::explain(word, outcome.reason(), outcome.exit_code, &outcome.message);
            line("attempt finished", event.attempt, details, style)
        }
        _ => line("unknown", None, String::new(), Style::Warning),
    }
}

fn stop(reason: Option<model::StopReason>) -> String {
    let reason = reason.unwrap_or_default();
    match reason.kind() {
        model::StopKind::Replaced => format!("replaced by run {}", reason.replaced_by),
        model::StopKind::Timeout => "its time is up".into(),
        model::StopKind::Cancelled if reason.message.is_empty() => "cancelled".into(),
        model::StopKind::Cancelled => format!("cancelled: {}", reason.message),
        model::StopKind::Unspecified => String::new(),
    }
}
