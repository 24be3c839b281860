//! Runs: their start, and their end from outside.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::RunDraft;
use super::{Context, Decision, Verdict, check_text, first, precondition, queue};
use crate::event::{Answer, Event};
use crate::ids::{PipelineKey, RunKey, Version};
use crate::limits::LIVE_RUNS_MAX;
use crate::policy::{self, Admission};
use crate::rejection::{Reason, Rejection};
use crate::run::{Run, StopReason};
use crate::state::{LiveRun, Pipeline};
use crate::validate::validate_variables;

/// Starts a run of a version. Unless one is named it is the live one, or the one that the release in progress chooses.
pub(super) fn start(
    context: Context<'_>,
    key: &PipelineKey,
    version: Option<Version>,
    variables: &BTreeMap<String, String>,
) -> Verdict {
    let pipeline = context.pipeline(key)?;
    validate_variables("variables", variables).or_else(first)?;
    let (version, release) = match version {
        Some(version) => (version, None),
        None => pipeline.releases.choose(),
    };
    create(context, pipeline, New { version, release, variables, retry_of: None })
}

/// Starts a new run with the version and the variables of one that has ended. To its pipeline it is a run like any
/// other: the pipeline must be enabled, and its overlap policy holds.
pub(super) fn retry(context: Context<'_>, key: &RunKey) -> Verdict {
    let pipeline = context.pipeline(&key.pipeline)?;
    let cold;
    let run: &Run = if let Some(live) = context.state.runs.get(key) {
        &live.run
    } else {
        cold = context.history.run(key).ok_or_else(|| context.no_live_run(key))?;
        &cold
    };
    if !run.status.is_final() {
        return Err(precondition(format!("run {key} has not ended"))
            .field("run")
            .help("wait for its end or cancel it"));
    }
    let new = New { version: run.version, release: None, variables: &run.variables, retry_of: Some(key.run) };
    create(context, pipeline, new)
}

/// Cancels a run; one that is being stopped already stays as it is.
pub(super) fn cancel(context: Context<'_>, key: &RunKey, message: &str) -> Verdict {
    check_text("message", message)?;
    let live = live_run(context, key)?;
    let message = if message.is_empty() { format!("cancelled by {}", context.actor) } else { message.to_owned() };
    Ok(Decision::done(stop_one(context, live, &StopReason::Cancelled { message })))
}

/// Ends a run whose time-out has passed: it is stopped like a cancelled one, and counts as failed.
pub(super) fn time_out(context: Context<'_>, key: &RunKey) -> Verdict {
    let live = live_run(context, key)?;
    let (Some(started), Some(timeout)) = (live.run.started_at, live.config.timeout) else {
        return Err(precondition(format!("run {key} has no time-out, or has not started")).field("run"));
    };
    let deadline = started.after(timeout);
    if context.time < deadline {
        return Err(precondition(format!("run {key} may go on until {deadline}, and it is {}", context.time))
            .field("run")
            .help("try again then"));
    }
    let message = format!("the run's time-out of {timeout:?} passed");
    Ok(Decision::done(stop_one(context, live, &StopReason::Timeout { message })))
}

fn live_run<'a>(context: Context<'a>, key: &RunKey) -> Result<&'a LiveRun, Rejection> {
    let live = context.state.runs.get(key).filter(|live| !live.run.status.is_final());
    live.ok_or_else(|| context.no_live_run(key))
}

/// Stops a run, and starts the next one if that ended it.
fn stop_one(context: Context<'_>, live: &LiveRun, reason: &StopReason) -> Vec<Event> {
    let mut events = Vec::new();
    if stop(context, live, reason, &mut events) {
        let key = &live.run.key;
        queue::runs_ended(context, &key.pipeline, &BTreeSet::from([key.run]), &mut events);
    }
    events
}

/// Stops a run unless that was ordered before. Says whether it ended at once, which it does without live attempts.
fn stop(context: Context<'_>, live: &LiveRun, reason: &StopReason, events: &mut Vec<Event>) -> bool {
    if live.run.stopping.is_some() {
        return false;
    }
    let mut draft = RunDraft::new(live, context.time);
    draft.stop(reason, events);
    draft.conclude(events)
}

/// A run that is to be added.
struct New<'a> {
    version: Version,
    /// The release that chose the version.
    release: Option<u64>,
    variables: &'a BTreeMap<String, String>,
    retry_of: Option<u64>,
}

/// Adds a run, and starts it if it may run at once.
fn create(context: Context<'_>, pipeline: &Pipeline, new: New<'_>) -> Verdict {
    let New { version, release, variables, retry_of } = new;
    let key = &pipeline.key;
    if !pipeline.enabled {
        return Err(precondition(format!("pipeline {key} is disabled")).field("pipeline").help("enable it first"));
    }
    let config = context.config(pipeline, version)?;
    let live = context.state.runs.len().saturating_sub(context.state.index.finished.len());
    if live >= LIVE_RUNS_MAX {
        let message = format!("the cluster has {live} live runs, the limit is {LIVE_RUNS_MAX}");
        return Err(Rejection::new(Reason::ResourceExhausted, message).help("try again when some have ended"));
    }
    let admission = policy::admit(pipeline)?;
    let run = RunKey { pipeline: key.clone(), run: pipeline.last_run.saturating_add(1) };
    let mut events = vec![Event::RunCreated {
        run: run.clone(),
        version,
        variables: variables.clone(),
        started_by: context.actor.to_owned(),
        retry_of,
        release,
    }];
    let ended = match admission {
        Admission::Start | Admission::Wait => BTreeSet::new(),
        Admission::Replace => make_room(context, pipeline, run.run, &mut events),
    };
    let outlook = queue::Outlook::of(pipeline);
    queue::start_waiting(context, pipeline, outlook, &ended, Some((run.run, &config)), &mut events);
    Ok(Decision { events, answer: Answer::Run(run) })
}

/// Ends every waiting run in favour of `by`, and stops the oldest running one, unless a run is being stopped already:
/// its place will do. Returns the runs that ended at once.
fn make_room(context: Context<'_>, pipeline: &Pipeline, by: u64, events: &mut Vec<Event>) -> BTreeSet<u64> {
    let reason = StopReason::Replaced { by };
    let live = |run: &u64| context.state.runs.get(&RunKey { pipeline: pipeline.key.clone(), run: *run });
    let mut ended = BTreeSet::new();
    for waiting in pipeline.queue.iter().filter_map(live) {
        if stop(context, waiting, &reason, events) {
            ended.insert(waiting.run.key.run);
        }
    }
    let full = pipeline.running.len() >= policy::run_limit(&pipeline.releases.config);
    if full
        && !pipeline.running.iter().filter_map(live).any(|live| live.run.stopping.is_some())
        && let Some(oldest) = pipeline.running.iter().find_map(live)
        && stop(context, oldest, &reason, events)
    {
        ended.insert(oldest.run.key.run);
    }
    ended
}
