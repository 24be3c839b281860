//! The making of runs: on request, again, and by other runs.

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, Decision, Verdict, check_text, first, precondition, queue, run::make_room};
use crate::event::{Answer, Event};
use crate::ids::{PipelineKey, RunKey, TaskId, TaskKey, Version};
use crate::limits::{LIVE_RUNS_MAX, PRIORITY_MAX};
use crate::parameter;
use crate::policy::{self, Admission};
use crate::rejection::{Reason, Rejection};
use crate::run::{RetryFrom, Run, RunOptions, TaskStatus};
use crate::schedule::ScheduleSlot;
use crate::shared::{self, Pins};
use crate::state::{Pipeline, State};
use crate::subscription::SubscriptionEvent;
use crate::validate::{validate_labels, validate_variables};

/// Tasks that are not run again: the run that did, and what they put out.
type Kept = BTreeMap<TaskId, (u64, BTreeMap<String, String>)>;

/// What a new run is made of.
pub(super) struct NewRun<'a> {
    pub(super) version: Version,
    /// The release that chose the version.
    pub(super) release: Option<u64>,
    pub(super) options: &'a RunOptions,
    pub(super) retry_of: Option<u64>,
    pub(super) parent: Option<TaskKey>,
    pub(super) schedule: Option<ScheduleSlot>,
    pub(super) subscription: Option<SubscriptionEvent>,
    /// What the run that it repeats had.
    pub(super) shared: Pins,
    pub(super) depth: u32,
    pub(super) kept: Kept,
}

impl<'a> NewRun<'a> {
    /// A run of a version, chosen by a release if that is given, of which nothing else is known.
    pub(super) fn of((version, release): (Version, Option<u64>), options: &'a RunOptions) -> Self {
        Self {
            version,
            release,
            options,
            retry_of: None,
            parent: None,
            schedule: None,
            subscription: None,
            shared: Pins::new(),
            depth: 0,
            kept: BTreeMap::new(),
        }
    }
}

/// Starts a run of a version. Unless one is named it is the live one, or the one that the release in progress chooses.
pub(super) fn start(
    context: Context<'_>,
    key: &PipelineKey,
    version: Option<Version>,
    options: &RunOptions,
) -> Verdict {
    let pipeline = context.pipeline(key)?;
    check_options(options)?;
    let choice = version.map_or_else(|| pipeline.releases.choose(), |version| (version, None));
    create(context, pipeline, NewRun::of(choice, options))
}

pub(super) fn check_options(options: &RunOptions) -> Result<(), Rejection> {
    validate_variables("variables", &options.variables).or_else(first)?;
    validate_labels("labels", &options.labels).or_else(first)?;
    check_text("note", &options.note)?;
    if !(-PRIORITY_MAX..=PRIORITY_MAX).contains(&options.priority) {
        let message = format!("the priority is {}, allowed are {} to {PRIORITY_MAX}", options.priority, -PRIORITY_MAX);
        return Err(Rejection::new(Reason::InvalidArgument, message)
            .field("priority")
            .help("choose one in that range"));
    }
    Ok(())
}

/// Adds a run, and starts it if it may run at once.
pub(super) fn create(context: Context<'_>, pipeline: &Pipeline, new: NewRun<'_>) -> Verdict {
    let key = &pipeline.key;
    if !pipeline.enabled {
        return Err(precondition(format!("pipeline {key} is disabled")).field("pipeline").help("enable it first"));
    }
    let config = context.config(pipeline, new.version)?;
    let variables = parameter::resolve(&config, &new.options.variables)
        .or_else(|faults| first(faults).map(|()| BTreeMap::new()))?;
    let (shared, faults) = shared::pin(context.state, &config, &new.shared);
    first(faults)?;
    check_live(live_runs(context.state))?;
    let admission = policy::admit(pipeline)?;
    let run = RunKey { pipeline: key.clone(), run: pipeline.last_run.saturating_add(1) };
    let options = RunOptions { variables, ..new.options.clone() };
    let created = Event::RunCreated {
        run: run.clone(),
        version: new.version,
        options: Box::new(options.clone()),
        started_by: context.actor.to_owned(),
        retry_of: new.retry_of,
        parent: new.parent.clone(),
        release: new.release,
        schedule: new.schedule.clone(),
        subscription: new.subscription.clone(),
        shared: shared.clone(),
        depth: new.depth,
    };
    let mut events = vec![created];
    let mut made = Run { shared, ..Run::new(run.clone(), new.version, options, &config) };
    for (task, (from, outputs)) in new.kept {
        if let Some(made) = made.tasks.get_mut(&task) {
            made.keep(from, outputs.clone());
        }
        events.push(Event::TaskKept { task: TaskKey { run: run.clone(), task }, from, outputs });
    }
    let ended = match admission {
        Admission::Start | Admission::Wait => BTreeSet::new(),
        Admission::Replace => make_room(context, pipeline, run.run, &mut events),
    };
    let made = context.live(made, config);
    queue::start_waiting(context, pipeline, queue::Outlook::of(pipeline), &ended, Some(&made), &mut events);
    Ok(Decision { events, answer: Answer::Run(run) })
}

/// How many runs have not ended.
pub(super) fn live_runs(state: &State) -> usize {
    state.runs.len().saturating_sub(state.index.finished.len())
}

/// Refuses a run for which there is no room among so many live ones.
pub(super) fn check_live(live: usize) -> Result<(), Rejection> {
    if live < LIVE_RUNS_MAX {
        return Ok(());
    }
    let message = format!("the cluster has {live} live runs, the limit is {LIVE_RUNS_MAX}");
    Err(Rejection::new(Reason::ResourceExhausted, message).help("try again when some have ended"))
}

/// Starts a new run with the version and the options of one that has ended. To its pipeline it is a run like any
/// other: the pipeline must be enabled, and its overlap policy holds.
pub(super) fn retry(context: Context<'_>, key: &RunKey, from: &RetryFrom) -> Verdict {
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
    let options = RunOptions { note: String::new(), ..run.options.clone() };
    let kept = match from {
        RetryFrom::Start => BTreeMap::new(),
        RetryFrom::Failed => kept(context, pipeline, run, &BTreeSet::new())?,
        RetryFrom::Tasks(tasks) => kept(context, pipeline, run, tasks)?,
    };
    let again = NewRun::of((run.version, None), &options);
    create(
        context,
        pipeline,
        NewRun { retry_of: Some(key.run), depth: run.depth, shared: run.shared.clone(), kept, ..again },
    )
}

/// The tasks of an ended run that need not run again, with where their results are from.
fn kept(context: Context<'_>, pipeline: &Pipeline, run: &Run, wanted: &BTreeSet<TaskId>) -> Result<Kept, Rejection> {
    if let Some(missing) = wanted.iter().find(|id| !run.tasks.contains_key(*id)) {
        let message = format!("run {} has no task {missing}", run.key);
        return Err(Rejection::new(Reason::NotFound, message).field("tasks").help("look at the run for its tasks"));
    }
    let config = context.config(pipeline, run.version)?;
    let done = |status: &TaskStatus| matches!(status, TaskStatus::Succeeded | TaskStatus::Skipped { .. });
    let mut again: Vec<&TaskId> = run.tasks.iter().filter(|(_, task)| !done(&task.status)).map(|(id, _)| id).collect();
    again.extend(wanted);
    if again.is_empty() {
        return Err(precondition(format!("no task of run {} has failed", run.key))
            .field("run")
            .help("name the tasks to run again, or retry the whole run"));
    }
    let children = crate::dag::children(&config.tasks);
    let mut all = BTreeSet::new();
    while let Some(id) = again.pop() {
        if all.insert(id) {
            again.extend(children.get(id).into_iter().flatten());
        }
    }
    let kept = run.tasks.iter().filter(|(id, task)| !all.contains(id) && task.status == TaskStatus::Succeeded);
    Ok(kept.map(|(id, task)| (id.clone(), (task.kept_from.unwrap_or(run.key.run), task.outputs.clone()))).collect())
}
