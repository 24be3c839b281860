//! Runs: their end from outside, and what is noted about them.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::RunDraft;
use super::{Context, Decision, Verdict, check_text, first, precondition, queue};
use crate::event::Event;
use crate::ids::RunKey;
use crate::policy;
use crate::rejection::Rejection;
use crate::run::StopReason;
use crate::state::{LiveRun, Pipeline};
use crate::validate::validate_labels;

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

pub(super) fn live_run<'a>(context: Context<'a>, key: &RunKey) -> Result<&'a LiveRun, Rejection> {
    let live = context.state.runs.get(key).filter(|live| !live.run.status.is_final());
    live.ok_or_else(|| context.no_live_run(key))
}

/// Stops a run, and starts the next one if that ended it.
pub(super) fn stop_one(context: Context<'_>, live: &LiveRun, reason: &StopReason) -> Vec<Event> {
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

/// Changes the note and the labels of a run, ended or not.
pub(super) fn annotate(
    context: Context<'_>,
    key: &RunKey,
    note: Option<&str>,
    labels: &BTreeMap<String, String>,
    without: &BTreeSet<String>,
) -> Verdict {
    check_text("note", note.unwrap_or_default())?;
    let live = context.state.runs.get(key).map(|live| live.run.options.clone());
    let options = live.or_else(|| context.history.run(key).map(|run| run.options));
    let Some(options) = options else { return Err(context.no_live_run(key)) };
    let mut changed = options.labels.clone();
    changed.retain(|name, _| !without.contains(name));
    changed.extend(labels.iter().map(|(name, value)| (name.clone(), value.clone())));
    validate_labels("labels", &changed).or_else(first)?;
    let note = note.unwrap_or(&options.note);
    let is_news = note != options.note || changed != options.labels;
    let annotated = || Event::RunAnnotated { run: key.clone(), note: note.to_owned(), labels: changed };
    Ok(Decision::done(is_news.then(annotated).into_iter().collect()))
}

/// Ends every waiting run in favour of `by`, and stops the oldest running one, unless a run is being stopped already:
/// its place will do. Returns the runs that ended at once.
pub(super) fn make_room(context: Context<'_>, pipeline: &Pipeline, by: u64, events: &mut Vec<Event>) -> BTreeSet<u64> {
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
