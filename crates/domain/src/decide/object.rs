//! Objects: put, deleted, and gone when others need their room.
//!
//! - A pipeline's own objects: when a new one would exceed the limits, those that were written longest ago go.
//! - A run's objects: a new one that would exceed the limits is refused, since a run needs all that it has put.
//! - Runs: only so many runs of a pipeline hold objects; those with the least numbers that have ended lose theirs.

use std::collections::BTreeSet;

use super::{Context, Decision, Verdict, attempt, precondition};
use crate::event::Event;
use crate::ids::{AttemptKey, PipelineKey, RunKey};
use crate::limits::{OBJECT_BYTES_MAX, OBJECTS_MAX};
use crate::object::{Object, ObjectContent, ObjectKey, ObjectLimits, ObjectLoss, ObjectScope};
use crate::rejection::{Reason, Rejection};

/// Puts an object, or replaces it. The same bytes again in the same store change nothing.
pub(super) fn put(
    context: Context<'_>,
    (scope, key): (&ObjectScope, &ObjectKey),
    content: &ObjectContent,
    limits: &ObjectLimits,
    by: Option<&AttemptKey>,
) -> Verdict {
    check_scope(context, scope, by)?;
    let state = context.state;
    let known = state.objects.get(scope, key);
    if known.is_some_and(|known| known.content.is_like(content)) {
        return Ok(Decision::done(Vec::new()));
    }
    let (most, most_bytes) = match scope {
        ObjectScope::Pipeline(_) => (limits.pipeline_objects, limits.pipeline_bytes),
        ObjectScope::Run(_) => (limits.run_objects, limits.run_bytes),
    };
    let limit = most_bytes.min(OBJECT_BYTES_MAX);
    if content.bytes > limit || most == 0 {
        let message = format!(
            "object {key} has {} bytes, a {} may hold {most} objects of {limit} bytes together",
            content.bytes,
            kind(scope)
        );
        return Err(Rejection::new(Reason::ResourceExhausted, message)
            .field("key")
            .help("put less, or raise the limit"));
    }
    let put = Event::ObjectPut { scope: scope.clone(), key: key.clone(), content: Box::new(content.clone()) };
    let mut events = vec![put];
    let over = beyond(context, (scope, key), content.bytes, (most, most_bytes));
    match scope {
        ObjectScope::Pipeline(_) => events.extend(over.into_iter().map(|gone| Event::ObjectDeleted {
            scope: scope.clone(),
            key: gone.clone(),
            cause: ObjectLoss::Evicted,
        })),
        ObjectScope::Run(run) if over.is_empty() => expire(context, run, limits.runs, &mut events),
        ObjectScope::Run(run) => {
            let message = format!("run {run} may hold {most} objects and {most_bytes} bytes, object {key} is too much");
            return Err(Rejection::new(Reason::ResourceExhausted, message)
                .field("key")
                .help("delete objects of the run, put them into the pipeline's scope, or raise the limit"));
        }
    }
    check_count(context, known, &events)?;
    Ok(Decision::done(events))
}

/// Deletes an object.
pub(super) fn delete(context: Context<'_>, scope: &ObjectScope, key: &ObjectKey, by: Option<&AttemptKey>) -> Verdict {
    check_scope(context, scope, by)?;
    if context.state.objects.get(scope, key).is_none() {
        return Err(Rejection::new(Reason::NotFound, format!("{} {scope} has no object {key}", kind(scope)))
            .field("key")
            .help("list the objects to find its key"));
    }
    let (scope, key) = (scope.clone(), key.clone());
    Ok(Decision::done(vec![Event::ObjectDeleted { scope, key, cause: ObjectLoss::Deleted }]))
}

/// What a pipeline that is deleted takes with it.
pub(super) fn drop_all(context: Context<'_>, pipeline: &PipelineKey, events: &mut Vec<Event>) {
    let objects = &context.state.objects;
    let own = ObjectScope::Pipeline(pipeline.clone());
    let own = objects.holds(&own).then_some(own);
    let scopes = own.into_iter().chain(objects.runs(pipeline).map(|run| ObjectScope::Run(run.clone())));
    events.extend(scopes.map(|scope| Event::ObjectsDropped { scope, cause: ObjectLoss::PipelineDeleted }));
}

/// The scope must exist, and an attempt must live and stay within its own run and pipeline: once it is over in the log,
/// whatever may still run of it changes nothing.
fn check_scope(context: Context<'_>, scope: &ObjectScope, by: Option<&AttemptKey>) -> Result<(), Rejection> {
    context.pipeline(scope.pipeline())?;
    if let Some(by) = by {
        attempt::check_open(context, by)?;
        let run = &by.task.run;
        let own = match scope {
            ObjectScope::Pipeline(pipeline) => *pipeline == run.pipeline,
            ObjectScope::Run(other) => other == run,
        };
        if !own {
            return Err(precondition(format!("attempt {by} may not change objects of {} {scope}", kind(scope)))
                .field("scope")
                .help("use the objects of its own run or pipeline"));
        }
    }
    match scope {
        ObjectScope::Run(run) if !context.state.runs.contains_key(run) && context.history.run(run).is_none() => {
            Err(Rejection::new(Reason::NotFound, format!("run {run} does not exist"))
                .field("run")
                .help("list the pipeline's runs to find its number"))
        }
        ObjectScope::Pipeline(_) | ObjectScope::Run(_) => Ok(()),
    }
}

/// The objects of a scope that must go for one more to fit, those first that were written longest ago.
fn beyond<'a>(
    context: Context<'a>,
    (scope, key): (&ObjectScope, &ObjectKey),
    bytes: u64,
    (most, most_bytes): (u32, u64),
) -> Vec<&'a ObjectKey> {
    let mut others: Vec<(&ObjectKey, &Object)> =
        context.state.objects.scope(scope).filter(|(other, _)| *other != key).collect();
    others.sort_by_key(|(_, object)| object.revision);
    let mut count = others.len().saturating_add(1);
    let mut total = others.iter().fold(bytes, |total, (_, object)| total.saturating_add(object.content.bytes));
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let mut gone = Vec::new();
    for (other, object) in others {
        if count <= most && total <= most_bytes {
            break;
        }
        count -= 1;
        total = total.saturating_sub(object.content.bytes);
        gone.push(other);
    }
    gone
}

/// Takes the objects of the oldest runs that have ended, until only so many runs of the pipeline hold any, `run` among
/// them.
fn expire(context: Context<'_>, run: &RunKey, most: u32, events: &mut Vec<Event>) {
    let holders: BTreeSet<&RunKey> = context.state.objects.runs(&run.pipeline).chain([run]).collect();
    let mut excess = holders.len().saturating_sub(usize::try_from(most).unwrap_or(usize::MAX));
    for holder in holders {
        let live = context.state.runs.get(holder).is_some_and(|live| !live.run.status.is_final());
        if excess == 0 {
            return;
        }
        if holder != run && !live {
            excess -= 1;
            let scope = ObjectScope::Run(holder.clone());
            events.push(Event::ObjectsDropped { scope, cause: ObjectLoss::Expired });
        }
    }
}

fn check_count(context: Context<'_>, replaced: Option<&Object>, events: &[Event]) -> Result<(), Rejection> {
    let objects = &context.state.objects;
    // Room that other scopes give back counts from the next command on.
    let evicted = events.iter().filter(|event| matches!(event, Event::ObjectDeleted { .. })).count();
    if replaced.is_some() || evicted > 0 || objects.count() < OBJECTS_MAX {
        return Ok(());
    }
    let message = format!("the cluster has {} objects, the limit is {OBJECTS_MAX}", objects.count());
    Err(Rejection::new(Reason::ResourceExhausted, message).help("delete some, or pipelines that are not used any more"))
}

fn kind(scope: &ObjectScope) -> &'static str {
    match scope {
        ObjectScope::Pipeline(_) => "pipeline",
        ObjectScope::Run(_) => "run",
    }
}
