//! Pipelines and their versions.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::queue::Outlook;
use super::{
    Context, Decision, Verdict, counted, first, namespace, object, precondition, queue, release, schedule, secret,
    subscription,
};
use crate::config::PipelineConfig;
use crate::event::{Answer, Event, Standing};
use crate::ids::{NamespaceId, PipelineKey, Version};
use crate::limits::PIPELINES_MAX;
use crate::logic;
use crate::rejection::{Reason, Rejection};
use crate::shared;
use crate::state::Pipeline;
use crate::validate::validate_config;

/// How a version is registered.
#[derive(Clone, Copy)]
pub(super) enum Registration {
    /// As it was before there were releases.
    Plain,
    /// With a record in the pipeline's releases.
    Recorded { hold: bool },
}

/// Adds a version.
///
/// - The same configuration as the newest version changes nothing and answers with that version.
/// - A deleted pipeline is revived: its versions and run numbers go on where they stood, and it is enabled.
/// - The version becomes live, unless it is to be held, the pipeline is pinned, or a release is in progress. There is
///   nothing else to be live beside a first or revived one.
/// - In the namespace of the shared tasks it must be one. The first of them makes that namespace.
/// - Where a new live version allows more runs at once, waiting ones start.
pub(super) fn register(
    context: Context<'_>,
    namespace: &NamespaceId,
    config: &Arc<PipelineConfig>,
    registration: Registration,
) -> Verdict {
    let mut events = Vec::new();
    if *namespace == NamespaceId::shared_tasks() && logic::all_know(context.state, logic::SHARED_TASKS) {
        shared::check_definition(config).or_else(first)?;
        events.extend(namespace::shared_tasks(context)?);
    } else {
        namespace::check_exists(context, namespace)?;
    }
    validate_config(config).or_else(first)?;
    first(shared::misuses(context.state, context.history, config))?;
    let key = PipelineKey { namespace: namespace.clone(), pipeline: config.id.clone() };
    let known = context.state.pipelines.get(&key);
    if let Some(known) = known
        && !known.deleted
        && known.config == *config
    {
        return Ok(Decision { events: Vec::new(), answer: Answer::PipelineVersion(known.version) });
    }
    if known.is_none() && context.state.pipelines.len() >= PIPELINES_MAX {
        let message =
            format!("the cluster has seen {PIPELINES_MAX} pipelines, deleted ones included, which is the limit");
        return Err(Rejection::new(Reason::ResourceExhausted, message).help("use the name of a deleted pipeline again"));
    }
    let version = Version(known.map_or(0, |known| known.version.0).saturating_add(1));
    let standing = stand(context, known, registration);
    let is_held = standing == Standing::Held;
    events.push(Event::PipelineRegistered { pipeline: key, version, config: Arc::clone(config), standing });
    if let Some(known) = known
        && known.enabled
        && !known.deleted
        && !is_held
    {
        queue::start_waiting(context, known, Outlook::live(config), &BTreeSet::new(), None, &mut events);
    }
    Ok(Decision { events, answer: Answer::PipelineVersion(version) })
}

fn stand(context: Context<'_>, known: Option<&Pipeline>, registration: Registration) -> Standing {
    let existing = known.filter(|known| !known.deleted).map(|known| &known.releases);
    let is_kept = existing.is_some_and(|releases| releases.pin.is_some() || releases.active.is_some());
    match registration {
        _ if is_kept => Standing::Held,
        Registration::Recorded { hold: true } if existing.is_some() => Standing::Held,
        Registration::Recorded { .. } => {
            let release = known.map_or(0, |known| known.releases.last).saturating_add(1);
            Standing::Released { release, registered_by: context.actor.to_owned() }
        }
        Registration::Plain => Standing::Live,
    }
}

/// Lets runs start again, those first that wait since before.
pub(super) fn enable(context: Context<'_>, key: &PipelineKey) -> Verdict {
    let pipeline = context.pipeline(key)?;
    let mut events = Vec::new();
    if !pipeline.enabled {
        events.push(Event::PipelineEnabled { pipeline: key.clone() });
        queue::start_waiting(context, pipeline, Outlook::of(pipeline), &BTreeSet::new(), None, &mut events);
    }
    Ok(Decision::done(events))
}

/// No run of a disabled pipeline starts: new ones are refused, waiting ones wait on until it is enabled. Those that
/// run go on.
pub(super) fn disable(context: Context<'_>, key: &PipelineKey) -> Verdict {
    let pipeline = context.pipeline(key)?;
    let disabled = pipeline.enabled.then(|| Event::PipelineDisabled { pipeline: key.clone() });
    Ok(Decision::done(disabled.into_iter().collect()))
}

/// Leaves a tombstone, so that run numbers and versions are never used again. Its release ends, its pin and its objects
/// go. A shared task that pipelines name is deleted only by `force`; runs that were created before have it still.
pub(super) fn delete(context: Context<'_>, key: &PipelineKey, force: bool) -> Verdict {
    let pipeline = context.pipeline(key)?;
    if !force && key.namespace == NamespaceId::shared_tasks() && logic::all_know(context.state, logic::SHARED_TASKS) {
        let users = shared::users(context.state, &key.pipeline);
        if !users.is_empty() {
            let named = counted(users.len(), "pipeline");
            let message = format!("the shared task {} is named by {named}: {}", key.pipeline, shared::listed(&users));
            return Err(precondition(message)
                .field("pipeline")
                .help("change those first, or use force: their runs are refused then"));
        }
    }
    let live = pipeline.running.len() + pipeline.queue.len();
    if live > 0 {
        return Err(precondition(format!("pipeline {key} has {live} live runs"))
            .field("pipeline")
            .help("disable it, and cancel its runs or wait for their end"));
    }
    secret::check_none_of(context, key)?;
    schedule::check_none_of(context, key)?;
    subscription::check_none_of(context, key)?;
    let mut events = release::abandon(pipeline);
    events.push(Event::PipelineDeleted { pipeline: key.clone() });
    object::drop_all(context, key, &mut events);
    Ok(Decision::done(events))
}
