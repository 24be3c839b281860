//! Releases: which version runs get, by order and by what became of the runs before.

mod follow;

use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) use follow::judge;

use super::queue::Outlook;
use super::{Context, Decision, Verdict, check_text, first, precondition, queue};
use crate::command::Promotion;
use crate::config::PipelineConfig;
use crate::event::{Answer, Event};
use crate::ids::{PipelineKey, Version};
use crate::rejection::{Reason, Rejection};
use crate::release::{Active, Cause, Strategy};
use crate::state::Pipeline;
use crate::validate::validate_strategy;

/// Begins a release, or makes a version live at once. A pin or a release in progress must go first.
pub(super) fn start(context: Context<'_>, key: &PipelineKey, version: Option<Version>, strategy: &Strategy) -> Verdict {
    let pipeline = context.pipeline(key)?;
    check_free(pipeline)?;
    let to = version.unwrap_or(pipeline.version);
    let config = context.config(pipeline, to)?;
    check_other(pipeline, to)?;
    validate_strategy(strategy, &config).or_else(first)?;
    if let Strategy::Replace(_) = strategy {
        return Ok(go_live(context, pipeline, (to, &config), Cause::Asked, ""));
    }
    let release = next_id(pipeline);
    let started = Event::ReleaseStarted {
        pipeline: key.clone(),
        release,
        from: pipeline.releases.live,
        to,
        strategy: strategy.clone(),
        started_by: context.actor.to_owned(),
    };
    Ok(Decision { events: vec![started], answer: Answer::Release(release) })
}

/// Takes the release in progress further, whatever its runs say.
pub(super) fn promote(context: Context<'_>, key: &PipelineKey, promotion: Promotion) -> Verdict {
    let pipeline = context.pipeline(key)?;
    let active = active(pipeline)?;
    let release = &active.release;
    let by = format!("by {}", context.actor);
    match (promotion, &release.strategy) {
        (Promotion::NextStep, Strategy::Canary(canary)) => {
            let next = release.step.saturating_add(1);
            if usize::try_from(next).is_ok_and(|next| next < canary.steps.len()) {
                let (pipeline, release, reason) = (key.clone(), release.id, by);
                let answer = Answer::Release(release);
                let event = Event::ReleaseAdvanced { pipeline, release, step: next, reason };
                return Ok(Decision { events: vec![event], answer });
            }
        }
        (Promotion::NextStep, _) => {
            let message = format!("release {} of pipeline {key} has no steps", release.id);
            return Err(precondition(message).field("promotion").help("promote it fully"));
        }
        (Promotion::Serving, Strategy::BlueGreen) if release.serving == release.from => {
            return Ok(take_back(context, pipeline, active, &by));
        }
        (Promotion::Serving, Strategy::BlueGreen) | (Promotion::Full, _) => {}
        (Promotion::Serving, _) => {
            let message = format!("release {} of pipeline {key} is no blue/green release", release.id);
            return Err(precondition(message).field("promotion").help("promote it, or roll it back"));
        }
    }
    let mut events = Vec::new();
    follow::promoted(pipeline, active, by, &mut events);
    start_waiting(context, pipeline, Outlook::live(&active.config), &mut events);
    Ok(Decision { events, answer: Answer::Release(release.id) })
}

/// Gives runs to the other version of a blue/green release, or to the one that is named.
pub(super) fn switch(context: Context<'_>, key: &PipelineKey, version: Option<Version>) -> Verdict {
    let pipeline = context.pipeline(key)?;
    let release = &active(pipeline)?.release;
    if release.strategy != Strategy::BlueGreen {
        let message = format!("release {} of pipeline {key} is no blue/green release", release.id);
        return Err(precondition(message).help("promote it, or roll it back"));
    }
    let (from, to) = (release.from, release.to);
    let version = version.unwrap_or(if release.serving == to { from } else { to });
    if version != from && version != to {
        let message = format!("release {} of pipeline {key} is about versions {from} and {to}", release.id);
        return Err(precondition(message).field("version").help("name one of these"));
    }
    let switched = Event::ReleaseSwitched { pipeline: key.clone(), release: release.id, version };
    let events = (version != release.serving).then_some(switched).into_iter().collect();
    Ok(Decision { events, answer: Answer::Release(release.id) })
}

/// Ends the release in progress for its old version; without one, brings an earlier version back.
pub(super) fn roll_back(context: Context<'_>, key: &PipelineKey, version: Option<Version>, message: &str) -> Verdict {
    check_text("message", message)?;
    let pipeline = context.pipeline(key)?;
    check_pin(pipeline)?;
    if let Some(active) = &pipeline.releases.active {
        let from = active.release.from;
        if let Some(version) = version.filter(|version| *version != from) {
            let message = format!("release {} of pipeline {key} came from version {from}", active.release.id);
            return Err(precondition(message)
                .field("version")
                .help(format!("roll it back first, then go back to version {version}")));
        }
        return Ok(take_back(context, pipeline, active, &said(context, message)));
    }
    let to = version.or_else(|| pipeline.releases.previous()).ok_or_else(|| {
        let message = format!("version {} of pipeline {key} is the first that was live", pipeline.releases.live);
        precondition(message).help("name the version to go to")
    })?;
    let config = context.config(pipeline, to)?;
    check_other(pipeline, to)?;
    Ok(go_live(context, pipeline, (to, &config), Cause::RolledBack, message))
}

/// Makes a version live, unless it is, and keeps it so.
pub(super) fn pin(context: Context<'_>, key: &PipelineKey, version: Option<Version>, message: &str) -> Verdict {
    check_text("message", message)?;
    let pipeline = context.pipeline(key)?;
    check_idle(pipeline)?;
    let releases = &pipeline.releases;
    let version = version.unwrap_or(releases.live);
    let config = context.config(pipeline, version)?;
    let changed = version != releases.live;
    let mut decision = match changed {
        true => go_live(context, pipeline, (version, &config), Cause::Pinned, message),
        false => Decision::done(Vec::new()),
    };
    if changed || releases.pin.as_ref().is_none_or(|pin| pin.message != message) {
        let (pinned_by, message) = (context.actor.to_owned(), message.to_owned());
        decision.events.push(Event::PipelinePinned { pipeline: key.clone(), pinned_by, message });
    }
    Ok(decision)
}

/// What is live stays live.
pub(super) fn unpin(context: Context<'_>, key: &PipelineKey) -> Verdict {
    let pipeline = context.pipeline(key)?;
    let unpinned = pipeline.releases.pin.is_some().then(|| Event::PipelineUnpinned { pipeline: key.clone() });
    Ok(Decision::done(unpinned.into_iter().collect()))
}

/// What a pipeline's deletion ends. It has no live runs.
pub(super) fn abandon(pipeline: &Pipeline) -> Vec<Event> {
    let key = || pipeline.key.clone();
    let active = pipeline.releases.active.as_ref().map(|active| Event::ReleaseRolledBack {
        pipeline: key(),
        release: active.release.id,
        reason: "the pipeline was deleted".to_owned(),
    });
    let pinned = pipeline.releases.pin.as_ref().map(|_| Event::PipelineUnpinned { pipeline: key() });
    active.into_iter().chain(pinned).collect()
}

fn active(pipeline: &Pipeline) -> Result<&Active, Rejection> {
    pipeline.releases.active.as_deref().ok_or_else(|| {
        precondition(format!("no release of pipeline {} is in progress", pipeline.key))
            .field("pipeline")
            .help("start one first")
    })
}

/// No pin and no release in progress.
fn check_free(pipeline: &Pipeline) -> Result<(), Rejection> {
    check_pin(pipeline)?;
    check_idle(pipeline)
}

fn check_pin(pipeline: &Pipeline) -> Result<(), Rejection> {
    let Some(pin) = &pipeline.releases.pin else { return Ok(()) };
    let (key, live) = (&pipeline.key, pipeline.releases.live);
    Err(precondition(format!("pipeline {key} was pinned to version {live} by {}", pin.by))
        .field("pipeline")
        .help("unpin it, or pin another version"))
}

fn check_idle(pipeline: &Pipeline) -> Result<(), Rejection> {
    let Some(active) = &pipeline.releases.active else { return Ok(()) };
    let (id, to) = (active.release.id, active.release.to);
    Err(precondition(format!("release {id} of pipeline {} to version {to} is in progress", pipeline.key))
        .field("pipeline")
        .help("promote it or roll it back first"))
}

fn check_other(pipeline: &Pipeline, to: Version) -> Result<(), Rejection> {
    if to != pipeline.releases.live {
        return Ok(());
    }
    let message = format!("version {to} of pipeline {} is live already", pipeline.key);
    Err(Rejection::new(Reason::FailedPrecondition, message).field("version").help("name another version"))
}

fn go_live(
    context: Context<'_>,
    pipeline: &Pipeline,
    (version, config): (Version, &Arc<PipelineConfig>),
    cause: Cause,
    message: &str,
) -> Decision {
    let release = next_id(pipeline);
    let mut events = vec![Event::LiveVersionChanged {
        pipeline: pipeline.key.clone(),
        release,
        version,
        cause,
        changed_by: context.actor.to_owned(),
        message: message.to_owned(),
    }];
    start_waiting(context, pipeline, Outlook::live(config), &mut events);
    Decision { events, answer: Answer::Release(release) }
}

fn take_back(context: Context<'_>, pipeline: &Pipeline, active: &Active, reason: &str) -> Decision {
    let mut events = Vec::new();
    let outlook = follow::rolled_back(context, pipeline, active, &BTreeSet::new(), reason.to_owned(), &mut events);
    start_waiting(context, pipeline, outlook, &mut events);
    Decision { events, answer: Answer::Release(active.release.id) }
}

/// Another version's limits may let waiting runs start.
fn start_waiting(context: Context<'_>, pipeline: &Pipeline, outlook: Outlook<'_>, events: &mut Vec<Event>) {
    if pipeline.enabled {
        queue::start_waiting(context, pipeline, outlook, &BTreeSet::new(), None, events);
    }
}

fn said(context: Context<'_>, message: &str) -> String {
    if message.is_empty() { format!("by {}", context.actor) } else { format!("by {}: {message}", context.actor) }
}

fn next_id(pipeline: &Pipeline) -> u64 {
    pipeline.releases.last.saturating_add(1)
}
