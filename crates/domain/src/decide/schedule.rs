//! Schedules come, change and go. What becomes of their slots is the matter of [`settle`](super::settle).

use std::sync::Arc;

use super::create::check_options;
use super::{Context, Decision, Verdict, counted, first, misled, precondition};
use crate::command::Command;
use crate::event::Event;
use crate::ids::{PipelineKey, Revision};
use crate::limits::{SCHEDULES_MAX, SCHEDULES_PER_PIPELINE_MAX};
use crate::parameter;
use crate::rejection::{Reason, Rejection};
use crate::schedule::{Schedule, ScheduleKey, ScheduleSpec, SkipReason, SkippedSlots};
use crate::state::Pipeline;
use crate::time::Timestamp;
use crate::validate::validate_schedule;

/// Decides a command about schedules, but for their slots.
pub(super) fn decide(context: Context<'_>, command: &Command) -> Verdict {
    if let Command::CreateSchedule { schedule, spec, enabled } = command {
        create(context, schedule, spec, *enabled)
    } else if let Command::UpdateSchedule { schedule, spec, generation } = command {
        update(context, schedule, spec, *generation)
    } else if let Command::DeleteSchedule { schedule } = command {
        delete(context, schedule)
    } else if let Command::SetScheduleEnabled { schedule, enabled: true } = command {
        enable(context, schedule)
    } else if let Command::SetScheduleEnabled { schedule, enabled: false } = command {
        disable(context, schedule)
    } else {
        Err(misled())
    }
}

fn create(context: Context<'_>, key: &ScheduleKey, spec: &Arc<ScheduleSpec>, enabled: bool) -> Verdict {
    let pipeline = context.pipeline(&key.pipeline)?;
    let schedules = &context.state.schedules;
    if schedules.get(key).is_some() {
        return Err(Rejection::new(Reason::AlreadyExists, format!("schedule {key} exists already"))
            .field("schedule")
            .help("choose another name, or update the one there is"));
    }
    check_spec(pipeline, spec)?;
    let full =
        |message| Err(Rejection::new(Reason::ResourceExhausted, message).help("delete schedules that are not used"));
    if schedules.count() >= SCHEDULES_MAX {
        return full(format!("the cluster has {SCHEDULES_MAX} schedules, which is the limit"));
    }
    if schedules.of(&key.pipeline).len() >= SCHEDULES_PER_PIPELINE_MAX {
        return full(format!(
            "pipeline {} has {SCHEDULES_PER_PIPELINE_MAX} schedules, which is the limit",
            pipeline.key
        ));
    }
    Ok(Decision::done(vec![Event::ScheduleCreated { schedule: key.clone(), spec: Arc::clone(spec), enabled }]))
}

/// Changes a schedule. The cursor stays where it is, unless the timing changes: slots of the new one that lie between the
/// cursor and now were never due, and nobody could tell any more which slots of the old one are open.
fn update(context: Context<'_>, key: &ScheduleKey, spec: &Arc<ScheduleSpec>, generation: Option<Revision>) -> Verdict {
    let pipeline = context.pipeline(&key.pipeline)?;
    let known = find(context, key)?;
    if let Some(generation) = generation.filter(|generation| *generation != known.generation) {
        let message = format!("schedule {key} is of generation {}, not {generation}", known.generation);
        return Err(precondition(message)
            .field("generation")
            .help("it was changed meanwhile; look at it, and change it again if need be"));
    }
    check_spec(pipeline, spec)?;
    if known.spec == *spec {
        return Ok(Decision::done(Vec::new()));
    }
    let is_retimed = known.enabled && known.spec.timing != spec.timing;
    let skipped = if is_retimed { open(known, context.time, SkipReason::Changed) } else { None };
    // Slots of the new timing may lie anywhere, and those of the old one can't be computed any more.
    let ended = match known.spec.timing == spec.timing {
        true => Vec::new(),
        false => super::backfill::cancel_all(key, known, "the schedule got another timing"),
    };
    let updated = Event::ScheduleUpdated { schedule: key.clone(), spec: Arc::clone(spec), skipped };
    Ok(Decision::done(ended.into_iter().chain([updated]).collect()))
}

fn delete(context: Context<'_>, key: &ScheduleKey) -> Verdict {
    find(context, key)?;
    Ok(Decision::done(vec![Event::ScheduleDeleted { schedule: key.clone() }]))
}

/// Goes on from now: nothing that was due before is started.
fn enable(context: Context<'_>, key: &ScheduleKey) -> Verdict {
    let known = find(context, key)?;
    let enabled = || {
        let skipped = open(known, context.time, SkipReason::Paused);
        Event::ScheduleEnabled { schedule: key.clone(), skipped }
    };
    Ok(Decision::done((!known.enabled).then(enabled).into_iter().collect()))
}

fn disable(context: Context<'_>, key: &ScheduleKey) -> Verdict {
    let known = find(context, key)?;
    let disabled = || Event::ScheduleDisabled { schedule: key.clone() };
    Ok(Decision::done(known.enabled.then(disabled).into_iter().collect()))
}

pub(super) fn find<'a>(context: Context<'a>, key: &ScheduleKey) -> Result<&'a Schedule, Rejection> {
    context.state.schedules.get(key).ok_or_else(|| {
        Rejection::new(Reason::NotFound, format!("schedule {key} does not exist"))
            .field("schedule")
            .help("list the pipeline's schedules to find its name")
    })
}

/// A pipeline is deleted with none of its schedules left: they would start runs of a pipeline that comes back under its
/// name.
pub(super) fn check_none_of(context: Context<'_>, pipeline: &PipelineKey) -> Result<(), Rejection> {
    match context.state.schedules.of(pipeline).len() {
        0 => Ok(()),
        left => {
            let message = format!("pipeline {pipeline} has {}", counted(left, "schedule"));
            Err(precondition(message).field("pipeline").help("delete its schedules first"))
        }
    }
}

/// Checks what can be told without a calendar, and that runs could be started as the pipeline is now.
fn check_spec(pipeline: &Pipeline, spec: &ScheduleSpec) -> Result<(), Rejection> {
    validate_schedule(spec).or_else(first)?;
    check_options(&spec.options)?;
    match parameter::resolve(&pipeline.releases.config, &spec.options.variables) {
        Ok(_) => Ok(()),
        Err(faults) => first(faults),
    }
}

/// All that is not settled of a schedule; none when its cursor has come as far.
fn open(known: &Schedule, to: Timestamp, reason: SkipReason) -> Option<SkippedSlots> {
    let first = Timestamp(known.settled.0.saturating_add(1));
    (first <= to).then_some(SkippedSlots { first, last: to, reason })
}
