//! Subscriptions. What they take is the matter of [`intake`](super::intake).

use std::sync::Arc;

use gofer_domain::{
    Command, Event, EventKey, EventOutcome, FiredEvent, Revision, RunOptions, SkippedEvent, Subscription,
    SubscriptionEvent, SubscriptionKey, SubscriptionName, SubscriptionSpec, Timestamp,
};
use gofer_wire::log::v1 as log;
use gofer_wire::log::v1::{command, event};
use gofer_wire::model::v1 as model;

use super::intake::{event_key, outcome_from_wire, outcome_to_wire};
use super::trigger::trigger_name;
use super::{
    DecodeError, Result, pipeline_key_from_wire, required, time_from_wire, time_to_wire, variables_from_wire,
    variables_to_wire,
};

/// A subscription's key as a message.
#[must_use]
pub fn subscription_key_to_wire(key: &SubscriptionKey) -> model::SubscriptionRef {
    model::SubscriptionRef {
        namespace: key.pipeline.namespace.to_string(),
        pipeline: key.pipeline.pipeline.to_string(),
        name: key.name.to_string(),
    }
}

/// A message as a subscription's key.
///
/// # Errors
/// When it is missing, or a part of it is not valid.
pub fn subscription_key_from_wire(key: Option<&model::SubscriptionRef>) -> Result<SubscriptionKey> {
    let model::SubscriptionRef { namespace, pipeline, name } = required(key, "subscription")?;
    let pipeline = model::PipelineRef { namespace: namespace.clone(), pipeline: pipeline.clone() };
    Ok(SubscriptionKey { pipeline: pipeline_key_from_wire(Some(&pipeline))?, name: subscription_name(name, "name")? })
}

fn subscription_name(text: &str, field: &str) -> Result<SubscriptionName> {
    SubscriptionName::new(text).map_err(super::id_error(field))
}

/// What a subscription says as a message.
#[must_use]
pub fn subscription_spec_to_wire(spec: &SubscriptionSpec) -> model::SubscriptionSpec {
    let SubscriptionSpec { description, trigger, settings, filter, variables, options } = spec;
    model::SubscriptionSpec {
        description: description.clone(),
        trigger: trigger.to_string(),
        settings: variables_to_wire(settings),
        filter: filter.clone(),
        expressions: variables_to_wire(variables),
        variables: variables_to_wire(&options.variables),
        labels: variables_to_wire(&options.labels),
        note: options.note.clone(),
        priority: options.priority,
    }
}

/// A message as what a subscription says.
///
/// # Errors
/// When it is missing, or a part of it is not valid.
pub fn subscription_spec_from_wire(spec: Option<model::SubscriptionSpec>) -> Result<SubscriptionSpec> {
    let spec = required(spec, "spec")?;
    Ok(SubscriptionSpec {
        description: spec.description,
        trigger: trigger_name(&spec.trigger)?,
        settings: variables_from_wire(spec.settings, "settings")?,
        filter: spec.filter,
        variables: variables_from_wire(spec.expressions, "expressions")?,
        options: RunOptions {
            variables: variables_from_wire(spec.variables, "variables")?,
            labels: variables_from_wire(spec.labels, "labels")?,
            note: spec.note,
            priority: spec.priority,
        },
    })
}

/// A subscription as a message.
#[must_use]
pub fn subscription_to_wire(key: &SubscriptionKey, subscription: &Subscription) -> model::Subscription {
    let Subscription { last_fired, last_skipped, .. } = subscription;
    let fired = |FiredEvent { key, run, at }: &FiredEvent| newest(key, &EventOutcome::Fired { run: *run }, *at);
    let skipped = |SkippedEvent { key, outcome, at }: &SkippedEvent| newest(key, outcome, *at);
    model::Subscription {
        r#ref: Some(subscription_key_to_wire(key)),
        spec: Some(subscription_spec_to_wire(&subscription.spec)),
        created: subscription.created.0,
        generation: subscription.generation.0,
        enabled: subscription.enabled,
        since: subscription.since.0,
        changed: subscription.changed.0,
        cursor: subscription.cursor.as_ref().map(|cursor| cursor.to_vec()),
        taken: subscription.taken,
        fired: subscription.fired,
        last_fired: last_fired.as_ref().map(fired),
        last_skipped: last_skipped.as_ref().map(skipped),
        created_at: Some(time_to_wire(subscription.created_at)),
        updated_at: Some(time_to_wire(subscription.updated_at)),
    }
}

fn newest(key: &EventKey, outcome: &EventOutcome, at: Timestamp) -> model::TakenEvent {
    model::TakenEvent { taken_at: Some(time_to_wire(at)), ..outcome_to_wire(key, outcome) }
}

/// A message as a subscription.
///
/// # Errors
/// When a part is missing or not valid.
pub fn subscription_from_wire(message: &model::Subscription) -> Result<(SubscriptionKey, Subscription)> {
    let last_fired = message.last_fired.as_ref().map(fired_from_wire).transpose();
    let last_skipped = message.last_skipped.as_ref().map(skipped_from_wire).transpose();
    let subscription = Subscription {
        spec: Arc::new(subscription_spec_from_wire(message.spec.clone())?),
        created: Revision(message.created),
        generation: Revision(message.generation),
        enabled: message.enabled,
        since: Revision(message.since),
        changed: Revision(message.changed),
        cursor: message.cursor.as_deref().map(Arc::from),
        taken: message.taken,
        fired: message.fired,
        last_fired: last_fired.map_err(|error| error.within("last_fired"))?,
        last_skipped: last_skipped.map_err(|error| error.within("last_skipped"))?,
        created_at: time_from_wire(message.created_at.as_ref(), "created_at")?,
        updated_at: time_from_wire(message.updated_at.as_ref(), "updated_at")?,
    };
    Ok((subscription_key_from_wire(message.r#ref.as_ref())?, subscription))
}

fn fired_from_wire(event: &model::TakenEvent) -> Result<FiredEvent> {
    let EventOutcome::Fired { run } = outcome_from_wire(event)? else {
        return Err(DecodeError::new("result", "is of an event that was skipped"));
    };
    Ok(FiredEvent { key: event_key(&event.key)?, run, at: time_from_wire(event.taken_at.as_ref(), "taken_at")? })
}

fn skipped_from_wire(event: &model::TakenEvent) -> Result<SkippedEvent> {
    let outcome = outcome_from_wire(event)?;
    if matches!(outcome, EventOutcome::Fired { .. }) {
        return Err(DecodeError::new("result", "is of an event that was not skipped"));
    }
    Ok(SkippedEvent { key: event_key(&event.key)?, outcome, at: time_from_wire(event.taken_at.as_ref(), "taken_at")? })
}

/// The event of a run as a message.
pub(super) fn run_event_to_wire(of: &SubscriptionEvent) -> model::SubscriptionEvent {
    model::SubscriptionEvent { subscription: of.subscription.to_string(), event: of.event.to_string() }
}

/// A message as the event of a run.
pub(super) fn run_event_from_wire(of: &model::SubscriptionEvent) -> Result<SubscriptionEvent> {
    let subscription = subscription_name(&of.subscription, "subscription")?;
    Ok(SubscriptionEvent { subscription, event: event_key(&of.event)? })
}

/// A command about subscriptions as a message.
pub(super) fn command_to_wire(command: &Command) -> Option<command::Kind> {
    let name = |subscription: &SubscriptionKey| Some(subscription_key_to_wire(subscription));
    if let Command::CreateSubscription { subscription, spec, enabled } = command {
        let spec = Some(subscription_spec_to_wire(spec));
        let create = log::CreateSubscription { subscription: name(subscription), spec, enabled: *enabled };
        return Some(command::Kind::CreateSubscription(create));
    }
    if let Command::UpdateSubscription { subscription, spec, generation } = command {
        let generation = generation.map_or(0, |generation| generation.0);
        let spec = Some(subscription_spec_to_wire(spec));
        let update = log::UpdateSubscription { subscription: name(subscription), spec, generation };
        return Some(command::Kind::UpdateSubscription(update));
    }
    if let Command::DeleteSubscription { subscription } = command {
        let delete = log::DeleteSubscription { subscription: name(subscription) };
        return Some(command::Kind::DeleteSubscription(delete));
    }
    let Command::SetSubscriptionEnabled { subscription, enabled } = command else { return None };
    let set = log::SetSubscriptionEnabled { subscription: name(subscription), enabled: *enabled };
    Some(command::Kind::SetSubscriptionEnabled(set))
}

/// A message as a command about subscriptions.
pub(super) fn command_from_wire(kind: command::Kind) -> Result<Command> {
    Ok(match kind {
        command::Kind::CreateSubscription(c) => Command::CreateSubscription {
            subscription: subscription_key_from_wire(c.subscription.as_ref())?,
            spec: spec_of(c.spec)?,
            enabled: c.enabled,
        },
        command::Kind::UpdateSubscription(c) => Command::UpdateSubscription {
            subscription: subscription_key_from_wire(c.subscription.as_ref())?,
            spec: spec_of(c.spec)?,
            generation: (c.generation != 0).then_some(Revision(c.generation)),
        },
        command::Kind::DeleteSubscription(c) => {
            Command::DeleteSubscription { subscription: subscription_key_from_wire(c.subscription.as_ref())? }
        }
        command::Kind::SetSubscriptionEnabled(c) => {
            let subscription = subscription_key_from_wire(c.subscription.as_ref())?;
            Command::SetSubscriptionEnabled { subscription, enabled: c.enabled }
        }
        _ => return Err(DecodeError::new("kind", "is not a known command")),
    })
}

fn spec_of(spec: Option<model::SubscriptionSpec>) -> Result<Arc<SubscriptionSpec>> {
    subscription_spec_from_wire(spec).map(Arc::new)
}

/// An event about subscriptions as a message.
pub(super) fn event_to_wire(event: &Event) -> Option<event::Kind> {
    let name = |subscription: &SubscriptionKey| Some(subscription_key_to_wire(subscription));
    if let Event::SubscriptionCreated { subscription, spec, enabled } = event {
        let spec = Some(subscription_spec_to_wire(spec));
        let created = log::SubscriptionCreated { subscription: name(subscription), spec, enabled: *enabled };
        return Some(event::Kind::SubscriptionCreated(created));
    }
    if let Event::SubscriptionUpdated { subscription, spec } = event {
        let spec = Some(subscription_spec_to_wire(spec));
        let updated = log::SubscriptionUpdated { subscription: name(subscription), spec };
        return Some(event::Kind::SubscriptionUpdated(updated));
    }
    if let Event::SubscriptionDeleted { subscription } = event {
        let deleted = log::SubscriptionDeleted { subscription: name(subscription) };
        return Some(event::Kind::SubscriptionDeleted(deleted));
    }
    if let Event::SubscriptionEnabled { subscription } = event {
        let enabled = log::SubscriptionEnabled { subscription: name(subscription) };
        return Some(event::Kind::SubscriptionEnabled(enabled));
    }
    let Event::SubscriptionDisabled { subscription } = event else { return None };
    Some(event::Kind::SubscriptionDisabled(log::SubscriptionDisabled { subscription: name(subscription) }))
}

/// A message as an event about subscriptions.
pub(super) fn event_from_wire(kind: event::Kind) -> Result<Event> {
    Ok(match kind {
        event::Kind::SubscriptionCreated(e) => Event::SubscriptionCreated {
            subscription: subscription_key_from_wire(e.subscription.as_ref())?,
            spec: spec_of(e.spec)?,
            enabled: e.enabled,
        },
        event::Kind::SubscriptionUpdated(e) => Event::SubscriptionUpdated {
            subscription: subscription_key_from_wire(e.subscription.as_ref())?,
            spec: spec_of(e.spec)?,
        },
        event::Kind::SubscriptionDeleted(e) => {
            Event::SubscriptionDeleted { subscription: subscription_key_from_wire(e.subscription.as_ref())? }
        }
        event::Kind::SubscriptionEnabled(e) => {
            Event::SubscriptionEnabled { subscription: subscription_key_from_wire(e.subscription.as_ref())? }
        }
        event::Kind::SubscriptionDisabled(e) => {
            Event::SubscriptionDisabled { subscription: subscription_key_from_wire(e.subscription.as_ref())? }
        }
        _ => return Err(DecodeError::new("kind", "is not a known event")),
    })
}
