//! Subscriptions come, change and go. What becomes of their events is the matter of [`intake`](super::intake).

use std::sync::Arc;

use super::create::check_options;
use super::{Context, Decision, Verdict, counted, first, misled, precondition};
use crate::command::Command;
use crate::event::Event;
use crate::ids::{PipelineKey, Revision};
use crate::limits::{SUBSCRIPTIONS_MAX, SUBSCRIPTIONS_PER_PIPELINE_MAX};
use crate::parameter;
use crate::rejection::{Reason, Rejection};
use crate::state::Pipeline;
use crate::subscription::{Subscription, SubscriptionKey, SubscriptionSpec};
use crate::trigger::Broken;
use crate::validate::validate_subscription;

/// Decides a command about subscriptions, but for what they take.
pub(super) fn decide(context: Context<'_>, command: &Command) -> Verdict {
    if let Command::CreateSubscription { subscription, spec, enabled } = command {
        create(context, subscription, spec, *enabled)
    } else if let Command::UpdateSubscription { subscription, spec, generation } = command {
        update(context, subscription, spec, *generation)
    } else if let Command::DeleteSubscription { subscription } = command {
        delete(context, subscription)
    } else if let Command::SetSubscriptionEnabled { subscription, enabled } = command {
        set_enabled(context, subscription, *enabled)
    } else {
        Err(misled())
    }
}

fn create(context: Context<'_>, key: &SubscriptionKey, spec: &Arc<SubscriptionSpec>, enabled: bool) -> Verdict {
    let pipeline = context.pipeline(&key.pipeline)?;
    let subscriptions = &context.state.subscriptions;
    if subscriptions.get(key).is_some() {
        return Err(Rejection::new(Reason::AlreadyExists, format!("subscription {key} exists already"))
            .field("subscription")
            .help("choose another name, or update the one there is"));
    }
    check_spec(pipeline, spec)?;
    check_trigger(context, spec)?;
    let full = |message| {
        Err(Rejection::new(Reason::ResourceExhausted, message).help("delete subscriptions that are not used"))
    };
    if subscriptions.count() >= SUBSCRIPTIONS_MAX {
        return full(format!("the cluster has {SUBSCRIPTIONS_MAX} subscriptions, which is the limit"));
    }
    if subscriptions.of(&key.pipeline).len() >= SUBSCRIPTIONS_PER_PIPELINE_MAX {
        return full(format!(
            "pipeline {} has {SUBSCRIPTIONS_PER_PIPELINE_MAX} subscriptions, which is the limit",
            pipeline.key
        ));
    }
    let created = Event::SubscriptionCreated { subscription: key.clone(), spec: Arc::clone(spec), enabled };
    Ok(Decision::done(vec![created]))
}

/// Changes a subscription. Its cursor stays, and so do the keys that it has taken: they are of the same trigger.
fn update(
    context: Context<'_>,
    key: &SubscriptionKey,
    spec: &Arc<SubscriptionSpec>,
    generation: Option<Revision>,
) -> Verdict {
    let pipeline = context.pipeline(&key.pipeline)?;
    let known = find(context, key)?;
    if let Some(generation) = generation.filter(|generation| *generation != known.generation) {
        let message = format!("subscription {key} is of generation {}, not {generation}", known.generation);
        return Err(precondition(message)
            .field("generation")
            .help("it was changed meanwhile; look at it, and change it again if need be"));
    }
    check_spec(pipeline, spec)?;
    if known.spec.trigger != spec.trigger {
        let message = format!("subscription {key} is to trigger {}, which can't change", known.spec.trigger);
        return Err(precondition(message).field("trigger").help(
            "make another subscription, and delete this one; what it has taken means nothing to another trigger",
        ));
    }
    if known.spec.settings != spec.settings {
        // Else it may be changed while it is broken, too.
        check_trigger(context, spec)?;
    }
    let updated = || Event::SubscriptionUpdated { subscription: key.clone(), spec: Arc::clone(spec) };
    Ok(Decision::done((known.spec != *spec).then(updated).into_iter().collect()))
}

fn delete(context: Context<'_>, key: &SubscriptionKey) -> Verdict {
    find(context, key)?;
    Ok(Decision::done(vec![Event::SubscriptionDeleted { subscription: key.clone() }]))
}

fn set_enabled(context: Context<'_>, key: &SubscriptionKey, enabled: bool) -> Verdict {
    let known = find(context, key)?;
    let set = || match enabled {
        true => Event::SubscriptionEnabled { subscription: key.clone() },
        false => Event::SubscriptionDisabled { subscription: key.clone() },
    };
    Ok(Decision::done((known.enabled != enabled).then(set).into_iter().collect()))
}

pub(super) fn find<'a>(context: Context<'a>, key: &SubscriptionKey) -> Result<&'a Subscription, Rejection> {
    context.state.subscriptions.get(key).ok_or_else(|| {
        Rejection::new(Reason::NotFound, format!("subscription {key} does not exist"))
            .field("subscription")
            .help("list the pipeline's subscriptions to find its name")
    })
}

/// A pipeline is deleted with none of its subscriptions left: they would start runs of a pipeline that comes back under its
/// name.
pub(super) fn check_none_of(context: Context<'_>, pipeline: &PipelineKey) -> Result<(), Rejection> {
    match context.state.subscriptions.of(pipeline).len() {
        0 => Ok(()),
        left => {
            let message = format!("pipeline {pipeline} has {}", counted(left, "subscription"));
            Err(precondition(message).field("pipeline").help("delete its subscriptions first"))
        }
    }
}

/// Checks what can be told without a look at expressions, and that runs could be started as the pipeline is now, if the
/// expressions give what it asks for.
fn check_spec(pipeline: &Pipeline, spec: &SubscriptionSpec) -> Result<(), Rejection> {
    validate_subscription(spec).or_else(first)?;
    check_options(&spec.options)?;
    parameter::check(&pipeline.releases.config, &spec.options.variables, &spec.variables).or_else(first)
}

/// Refuses what would be broken from the beginning. That the trigger is disabled passes.
fn check_trigger(context: Context<'_>, spec: &SubscriptionSpec) -> Result<(), Rejection> {
    match context.state.broken(spec) {
        None | Some(Broken::Disabled(_)) => Ok(()),
        Some(broken) => {
            let reason = match broken {
                Broken::NotInstalled(_) => Reason::NotFound,
                Broken::Disabled(_) | Broken::Missing(_) | Broken::Unknown(_) | Broken::Malformed(..) => {
                    Reason::InvalidArgument
                }
            };
            Err(Rejection::new(reason, broken.to_string()).field(broken.field()).help(broken.help()))
        }
    }
}
