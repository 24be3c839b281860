//! Schedules, their slots, and what becomes of those.

use std::sync::Arc;
use std::time::Duration;

use gofer_domain::schedule::{Blackout, CatchUp, Rule, Timing};
use gofer_domain::{
    Command, Event, FiredSlot, Reason, Revision, RunOptions, Schedule, ScheduleKey, ScheduleName, ScheduleSlot,
    ScheduleSpec, Settlement, SkipReason, SkippedSlots, Timestamp,
};
use gofer_wire::log::v1 as log;
use gofer_wire::log::v1::{command, event};
use gofer_wire::model::v1 as model;

use super::backfill::{backfill_from_wire, backfill_to_wire};
use super::{
    DecodeError, Result, duration_from_wire, duration_to_wire, pipeline_key_from_wire, required, time_from_wire,
    time_to_wire, unknown, variables_from_wire, variables_to_wire,
};

/// A schedule's key as a message.
#[must_use]
pub fn schedule_key_to_wire(key: &ScheduleKey) -> model::ScheduleRef {
    model::ScheduleRef {
        namespace: key.pipeline.namespace.to_string(),
        pipeline: key.pipeline.pipeline.to_string(),
        name: key.name.to_string(),
    }
}

/// A message as a schedule's key.
///
/// # Errors
/// When it is missing, or a part of it is not valid.
pub fn schedule_key_from_wire(key: Option<&model::ScheduleRef>) -> Result<ScheduleKey> {
    let model::ScheduleRef { namespace, pipeline, name } = required(key, "schedule")?;
    let pipeline = model::PipelineRef { namespace: namespace.clone(), pipeline: pipeline.clone() };
    Ok(ScheduleKey { pipeline: pipeline_key_from_wire(Some(&pipeline))?, name: schedule_name(name, "name")? })
}

fn schedule_name(text: &str, field: &str) -> Result<ScheduleName> {
    ScheduleName::new(text).map_err(super::id_error(field))
}

/// What a schedule says as a message.
#[must_use]
pub fn schedule_spec_to_wire(spec: &ScheduleSpec) -> model::ScheduleSpec {
    let ScheduleSpec { description, timing, jitter, catch_up, grace, options } = spec;
    let rule = match &timing.rule {
        Rule::Cron(expression) => model::schedule_spec::Rule::Cron(expression.clone()),
        Rule::Every(interval) => model::schedule_spec::Rule::Every(duration_to_wire(*interval)),
    };
    let (catch_up, most) = catch_up_to_wire(*catch_up);
    let window = |blackout: &Blackout| model::BlackoutWindow {
        opens: blackout.opens.clone(),
        length: Some(duration_to_wire(blackout.length)),
    };
    model::ScheduleSpec {
        description: description.clone(),
        rule: Some(rule),
        zone: timing.zone.clone(),
        blackouts: timing.blackouts.iter().map(window).collect(),
        jitter: (*jitter != Duration::ZERO).then(|| duration_to_wire(*jitter)),
        catch_up: catch_up.into(),
        catch_up_most: most,
        grace: Some(duration_to_wire(*grace)),
        variables: variables_to_wire(&options.variables),
        labels: variables_to_wire(&options.labels),
        note: options.note.clone(),
        priority: options.priority,
    }
}

/// A message as what a schedule says.
///
/// # Errors
/// When it is missing, or a part of it is missing or not valid.
pub fn schedule_spec_from_wire(spec: Option<model::ScheduleSpec>) -> Result<ScheduleSpec> {
    let spec = required(spec, "spec")?;
    let rule = match required(spec.rule, "rule")? {
        model::schedule_spec::Rule::Cron(expression) => Rule::Cron(expression),
        model::schedule_spec::Rule::Every(interval) => Rule::Every(duration_from_wire(&interval, "every")?),
    };
    let window = |window: model::BlackoutWindow| {
        let length = duration_from_wire(required(window.length.as_ref(), "length")?, "length")?;
        Ok(Blackout { opens: window.opens, length })
    };
    let blackouts = spec.blackouts.into_iter().map(window).collect::<Result<_>>();
    let blackouts = blackouts.map_err(|error| error.within("blackouts"))?;
    let jitter = spec.jitter.as_ref().map(|jitter| duration_from_wire(jitter, "jitter")).transpose()?;
    Ok(ScheduleSpec {
        description: spec.description,
        timing: Timing { rule, zone: spec.zone, blackouts },
        jitter: jitter.unwrap_or_default(),
        catch_up: catch_up_from_wire(spec.catch_up, spec.catch_up_most)?,
        grace: duration_from_wire(required(spec.grace.as_ref(), "grace")?, "grace")?,
        options: RunOptions {
            variables: variables_from_wire(spec.variables, "variables")?,
            labels: variables_from_wire(spec.labels, "labels")?,
            note: spec.note,
            priority: spec.priority,
        },
    })
}

/// What is done about missed slots as the two fields that say it.
#[must_use]
pub fn catch_up_to_wire(catch_up: CatchUp) -> (model::CatchUp, u32) {
    match catch_up {
        CatchUp::None => (model::CatchUp::None, 0),
        CatchUp::Latest => (model::CatchUp::Latest, 0),
        CatchUp::All(most) => (model::CatchUp::All, u32::from(most)),
    }
}

fn catch_up_from_wire(catch_up: i32, most: u32) -> Result<CatchUp> {
    let policy = match (model::CatchUp::try_from(catch_up), most) {
        (Ok(model::CatchUp::None), 0) => CatchUp::None,
        (Ok(model::CatchUp::Latest), 0) => CatchUp::Latest,
        (Ok(model::CatchUp::All), most) => {
            let most = u16::try_from(most);
            CatchUp::All(most.map_err(|_| DecodeError::new("catch_up_most", format!("is more than {}", u16::MAX)))?)
        }
        (Ok(model::CatchUp::Unspecified) | Err(_), _) => return Err(unknown("catch_up", catch_up)),
        (Ok(_), _) => return Err(DecodeError::new("catch_up_most", "goes with CATCH_UP_ALL only; leave it out")),
    };
    Ok(policy)
}

/// A schedule as a message.
#[must_use]
pub fn schedule_to_wire(key: &ScheduleKey, schedule: &Schedule) -> model::Schedule {
    model::Schedule {
        r#ref: Some(schedule_key_to_wire(key)),
        spec: Some(schedule_spec_to_wire(&schedule.spec)),
        generation: schedule.generation.0,
        enabled: schedule.enabled,
        changed: schedule.changed.0,
        settled: Some(time_to_wire(schedule.settled)),
        last_fired: schedule.last_fired.as_ref().map(fired_to_wire),
        last_skipped: schedule.last_skipped.as_ref().map(skipped_to_wire),
        created_at: Some(time_to_wire(schedule.created_at)),
        updated_at: Some(time_to_wire(schedule.updated_at)),
        last_backfill: schedule.last_backfill,
        backfills: schedule.backfills.iter().map(|(number, backfill)| backfill_to_wire(*number, backfill)).collect(),
    }
}

/// A message as a schedule.
///
/// # Errors
/// When a part is missing or not valid.
pub fn schedule_from_wire(message: &model::Schedule) -> Result<(ScheduleKey, Schedule)> {
    let backfills: Result<_> = message.backfills.iter().map(backfill_from_wire).collect();
    let schedule = Schedule {
        spec: Arc::new(schedule_spec_from_wire(message.spec.clone())?),
        generation: Revision(message.generation),
        enabled: message.enabled,
        changed: Revision(message.changed),
        settled: time_from_wire(message.settled.as_ref(), "settled")?,
        last_fired: message.last_fired.as_ref().map(fired_from_wire).transpose()?,
        last_skipped: message.last_skipped.as_ref().map(skipped_from_wire).transpose()?,
        created_at: time_from_wire(message.created_at.as_ref(), "created_at")?,
        updated_at: time_from_wire(message.updated_at.as_ref(), "updated_at")?,
        last_backfill: message.last_backfill,
        backfills: backfills.map_err(|error| error.within("backfills"))?,
    };
    Ok((schedule_key_from_wire(message.r#ref.as_ref())?, schedule))
}

/// The slot of a run as a message.
pub(super) fn slot_to_wire(slot: &ScheduleSlot) -> model::ScheduleSlot {
    model::ScheduleSlot {
        schedule: slot.schedule.to_string(),
        slot: Some(time_to_wire(slot.slot)),
        backfill: slot.backfill.unwrap_or_default(),
    }
}

/// A message as the slot of a run.
pub(super) fn slot_from_wire(slot: &model::ScheduleSlot) -> Result<ScheduleSlot> {
    Ok(ScheduleSlot {
        schedule: schedule_name(&slot.schedule, "schedule")?,
        slot: time_from_wire(slot.slot.as_ref(), "slot")?,
        backfill: (slot.backfill != 0).then_some(slot.backfill),
    })
}

pub(super) fn fired_to_wire(fired: &FiredSlot) -> model::FiredSlot {
    model::FiredSlot { slot: Some(time_to_wire(fired.slot)), run: fired.run }
}

pub(super) fn fired_from_wire(fired: &model::FiredSlot) -> Result<FiredSlot> {
    if fired.run == 0 {
        return Err(DecodeError::new("run", "runs count from 1"));
    }
    Ok(FiredSlot { slot: time_from_wire(fired.slot.as_ref(), "slot")?, run: fired.run })
}

pub(super) fn skipped_to_wire(skipped: &SkippedSlots) -> model::SkippedSlots {
    let (reason, refusal, message) = match &skipped.reason {
        SkipReason::Missed => (model::SkipReason::Missed, "", ""),
        SkipReason::Blackout => (model::SkipReason::Blackout, "", ""),
        SkipReason::Paused => (model::SkipReason::Paused, "", ""),
        SkipReason::Changed => (model::SkipReason::Changed, "", ""),
        SkipReason::Refused { reason, message } => (model::SkipReason::Refused, reason.name(), message.as_str()),
    };
    model::SkippedSlots {
        first: Some(time_to_wire(skipped.first)),
        last: Some(time_to_wire(skipped.last)),
        reason: reason.into(),
        refusal: refusal.to_owned(),
        message: message.to_owned(),
    }
}

pub(super) fn skipped_from_wire(skipped: &model::SkippedSlots) -> Result<SkippedSlots> {
    let reason = match model::SkipReason::try_from(skipped.reason) {
        Ok(model::SkipReason::Missed) => SkipReason::Missed,
        Ok(model::SkipReason::Blackout) => SkipReason::Blackout,
        Ok(model::SkipReason::Paused) => SkipReason::Paused,
        Ok(model::SkipReason::Changed) => SkipReason::Changed,
        Ok(model::SkipReason::Refused) => SkipReason::Refused {
            reason: Reason::from_name(&skipped.refusal)
                .ok_or_else(|| DecodeError::new("refusal", format!("{:?} is not known", skipped.refusal)))?,
            message: skipped.message.clone(),
        },
        Ok(model::SkipReason::Unspecified) | Err(_) => return Err(unknown("reason", skipped.reason)),
    };
    let is_told = !skipped.refusal.is_empty() || !skipped.message.is_empty();
    if is_told && !matches!(reason, SkipReason::Refused { .. }) {
        return Err(DecodeError::new("refusal", "goes with SKIP_REASON_REFUSED only"));
    }
    Ok(SkippedSlots {
        first: time_from_wire(skipped.first.as_ref(), "first")?,
        last: time_from_wire(skipped.last.as_ref(), "last")?,
        reason,
    })
}

pub(super) fn skips_to_wire(skipped: &[SkippedSlots]) -> Vec<model::SkippedSlots> {
    skipped.iter().map(skipped_to_wire).collect()
}

pub(super) fn skips_from_wire(skipped: &[model::SkippedSlots]) -> Result<Vec<SkippedSlots>> {
    let skipped: Result<_> = skipped.iter().map(skipped_from_wire).collect();
    skipped.map_err(|error| error.within("skipped"))
}

/// A command about schedules as a message.
pub(super) fn command_to_wire(command: &Command) -> Option<command::Kind> {
    let name = |schedule: &ScheduleKey| Some(schedule_key_to_wire(schedule));
    if let Command::CreateSchedule { schedule, spec, enabled } = command {
        let spec = Some(schedule_spec_to_wire(spec));
        let create = log::CreateSchedule { schedule: name(schedule), spec, enabled: *enabled };
        return Some(command::Kind::CreateSchedule(create));
    }
    if let Command::UpdateSchedule { schedule, spec, generation } = command {
        let generation = generation.map_or(0, |generation| generation.0);
        let spec = Some(schedule_spec_to_wire(spec));
        let update = log::UpdateSchedule { schedule: name(schedule), spec, generation };
        return Some(command::Kind::UpdateSchedule(update));
    }
    if let Command::DeleteSchedule { schedule } = command {
        return Some(command::Kind::DeleteSchedule(log::DeleteSchedule { schedule: name(schedule) }));
    }
    if let Command::SetScheduleEnabled { schedule, enabled } = command {
        let set = log::SetScheduleEnabled { schedule: name(schedule), enabled: *enabled };
        return Some(command::Kind::SetScheduleEnabled(set));
    }
    let Command::SettleSlots { schedule, settlement } = command else { return None };
    let Settlement { generation, from, to, fire, skipped } = &**settlement;
    Some(command::Kind::SettleSlots(log::SettleSlots {
        schedule: name(schedule),
        generation: generation.0,
        from_time: Some(time_to_wire(*from)),
        to_time: Some(time_to_wire(*to)),
        fire: fire.iter().map(|slot| time_to_wire(*slot)).collect(),
        skipped: skips_to_wire(skipped),
    }))
}

/// A message as a command about schedules.
pub(super) fn command_from_wire(kind: command::Kind) -> Result<Command> {
    Ok(match kind {
        command::Kind::CreateSchedule(c) => Command::CreateSchedule {
            schedule: schedule_key_from_wire(c.schedule.as_ref())?,
            spec: spec_of(c.spec)?,
            enabled: c.enabled,
        },
        command::Kind::UpdateSchedule(c) => Command::UpdateSchedule {
            schedule: schedule_key_from_wire(c.schedule.as_ref())?,
            spec: spec_of(c.spec)?,
            generation: (c.generation != 0).then_some(Revision(c.generation)),
        },
        command::Kind::DeleteSchedule(c) => {
            Command::DeleteSchedule { schedule: schedule_key_from_wire(c.schedule.as_ref())? }
        }
        command::Kind::SetScheduleEnabled(c) => {
            let schedule = schedule_key_from_wire(c.schedule.as_ref())?;
            Command::SetScheduleEnabled { schedule, enabled: c.enabled }
        }
        command::Kind::SettleSlots(c) => {
            let fire = c.fire.iter().map(|slot| time_from_wire(Some(slot), "fire"));
            let settlement = Settlement {
                generation: Revision(c.generation),
                from: time_from_wire(c.from_time.as_ref(), "from_time")?,
                to: time_from_wire(c.to_time.as_ref(), "to_time")?,
                fire: fire.collect::<Result<Vec<Timestamp>>>()?,
                skipped: skips_from_wire(&c.skipped)?,
            };
            let schedule = schedule_key_from_wire(c.schedule.as_ref())?;
            Command::SettleSlots { schedule, settlement: Box::new(settlement) }
        }
        _ => return Err(DecodeError::new("kind", "is not a known command")),
    })
}

fn spec_of(spec: Option<model::ScheduleSpec>) -> Result<Arc<ScheduleSpec>> {
    schedule_spec_from_wire(spec).map(Arc::new)
}

/// An event about schedules as a message.
pub(super) fn event_to_wire(event: &Event) -> Option<event::Kind> {
    let name = |schedule: &ScheduleKey| Some(schedule_key_to_wire(schedule));
    if let Event::ScheduleCreated { schedule, spec, enabled } = event {
        let spec = Some(schedule_spec_to_wire(spec));
        let created = log::ScheduleCreated { schedule: name(schedule), spec, enabled: *enabled };
        return Some(event::Kind::ScheduleCreated(created));
    }
    if let Event::ScheduleUpdated { schedule, spec, skipped } = event {
        let skipped = skipped.as_ref().map(skipped_to_wire);
        let spec = Some(schedule_spec_to_wire(spec));
        let updated = log::ScheduleUpdated { schedule: name(schedule), spec, skipped };
        return Some(event::Kind::ScheduleUpdated(updated));
    }
    if let Event::ScheduleDeleted { schedule } = event {
        return Some(event::Kind::ScheduleDeleted(log::ScheduleDeleted { schedule: name(schedule) }));
    }
    if let Event::ScheduleEnabled { schedule, skipped } = event {
        let skipped = skipped.as_ref().map(skipped_to_wire);
        return Some(event::Kind::ScheduleEnabled(log::ScheduleEnabled { schedule: name(schedule), skipped }));
    }
    if let Event::ScheduleDisabled { schedule } = event {
        return Some(event::Kind::ScheduleDisabled(log::ScheduleDisabled { schedule: name(schedule) }));
    }
    let Event::SlotsSettled { schedule, generation, from, to, fired, skipped } = event else { return None };
    Some(event::Kind::SlotsSettled(log::SlotsSettled {
        schedule: name(schedule),
        generation: generation.0,
        from_time: Some(time_to_wire(*from)),
        to_time: Some(time_to_wire(*to)),
        fired: fired.iter().map(fired_to_wire).collect(),
        skipped: skips_to_wire(skipped),
    }))
}

/// A message as an event about schedules.
pub(super) fn event_from_wire(kind: event::Kind) -> Result<Event> {
    let skip = |skipped: Option<&model::SkippedSlots>| {
        skipped.map(skipped_from_wire).transpose().map_err(|error| error.within("skipped"))
    };
    Ok(match kind {
        event::Kind::ScheduleCreated(e) => Event::ScheduleCreated {
            schedule: schedule_key_from_wire(e.schedule.as_ref())?,
            spec: spec_of(e.spec)?,
            enabled: e.enabled,
        },
        event::Kind::ScheduleUpdated(e) => Event::ScheduleUpdated {
            schedule: schedule_key_from_wire(e.schedule.as_ref())?,
            spec: spec_of(e.spec)?,
            skipped: skip(e.skipped.as_ref())?,
        },
        event::Kind::ScheduleDeleted(e) => {
            Event::ScheduleDeleted { schedule: schedule_key_from_wire(e.schedule.as_ref())? }
        }
        event::Kind::ScheduleEnabled(e) => Event::ScheduleEnabled {
            schedule: schedule_key_from_wire(e.schedule.as_ref())?,
            skipped: skip(e.skipped.as_ref())?,
        },
        event::Kind::ScheduleDisabled(e) => {
            Event::ScheduleDisabled { schedule: schedule_key_from_wire(e.schedule.as_ref())? }
        }
        event::Kind::SlotsSettled(e) => {
            let fired: Result<_> = e.fired.iter().map(fired_from_wire).collect();
            Event::SlotsSettled {
                schedule: schedule_key_from_wire(e.schedule.as_ref())?,
                generation: Revision(e.generation),
                from: time_from_wire(e.from_time.as_ref(), "from_time")?,
                to: time_from_wire(e.to_time.as_ref(), "to_time")?,
                fired: fired.map_err(|error: DecodeError| error.within("fired"))?,
                skipped: skips_from_wire(&e.skipped)?,
            }
        }
        _ => return Err(DecodeError::new("kind", "is not a known event")),
    })
}
