//! What a task that runs other pipelines does next, as a function of how its runs stand. The scheduler asks in order to
//! know whether to propose anything, [`decide`](crate::decide) in order to carry it out.

use crate::ids::{PipelineKey, RunKey, TaskId, TaskKey};
use crate::run::TaskStatus;
use crate::state::{LiveRun, State};
use crate::values::{Call, Scope, TaskKind};

/// The next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Some of its runs have to end first.
    Wait,
    /// A run is due, for this element if there are elements.
    Start(Option<String>),
    /// A run of this number is to be stopped.
    Stop(u64),
    /// The elements can't be had, in words.
    Fail(String),
    /// All runs have ended.
    End,
}

/// A pipeline task that waits, and how it calls.
#[must_use]
pub fn waiting<'a>(live: &'a LiveRun, task: &TaskId) -> Option<(&'a TaskId, &'a Call)> {
    let (id, config) = live.config.tasks.get_key_value(task)?;
    let TaskKind::Pipeline(call) = &config.kind else { return None };
    (live.run.tasks.get(id)?.status == TaskStatus::Waiting).then_some((id, &**call))
}

/// Whether the task would take a step now.
#[must_use]
pub fn is_due(state: &State, key: &TaskKey) -> bool {
    let live = state.runs.get(&key.run).filter(|live| !live.run.status.is_final());
    let found = live.and_then(|live| waiting(live, &key.task).map(|(id, call)| (live, id, call)));
    found.is_some_and(|(live, id, call)| step(state, live, id, call) != Step::Wait)
}

/// The next step of a waiting pipeline task.
pub(crate) fn step(state: &State, live: &LiveRun, id: &TaskId, call: &Call) -> Step {
    let children = live.run.tasks.get(id).map_or(&[][..], |task| &task.children[..]);
    let count = live_children(state, live, id, call);
    if live.run.stopping.is_some() {
        let unstopped = |run: &&u64| child(state, live, call, **run).is_some_and(|child| child.run.stopping.is_none());
        return match children.iter().find(unstopped) {
            Some(run) => Step::Stop(*run),
            None if count > 0 => Step::Wait,
            None => Step::End,
        };
    }
    let items = match scope(live, None, |scope| scope.items(call.items.as_ref())) {
        Ok(items) => items,
        Err(missing) if children.is_empty() => return Step::Fail(format!("it needs {missing}")),
        Err(_) => None,
    };
    let wanted = items.as_ref().map_or(1, Vec::len);
    let has_room = call.parallelism == 0 || u32::try_from(count).is_ok_and(|count| count < call.parallelism);
    if children.len() < wanted {
        let item = items.and_then(|items| items.into_iter().nth(children.len()));
        return if has_room { Step::Start(item) } else { Step::Wait };
    }
    if count > 0 { Step::Wait } else { Step::End }
}

/// How many runs of a task have not ended.
pub(crate) fn live_children(state: &State, live: &LiveRun, id: &TaskId, call: &Call) -> usize {
    let children = live.run.tasks.get(id).map_or(&[][..], |task| &task.children[..]);
    children.iter().filter(|run| child(state, live, call, **run).is_some()).count()
}

/// A run that a task has started and that has not ended.
fn child<'a>(state: &'a State, live: &LiveRun, call: &Call, run: u64) -> Option<&'a LiveRun> {
    let namespace = live.run.key.pipeline.namespace.clone();
    let key = RunKey { pipeline: PipelineKey { namespace, pipeline: call.pipeline.clone() }, run };
    state.runs.get(&key).filter(|child| !child.run.status.is_final())
}

/// Looks something up among the values of a run.
pub(crate) fn scope<T>(live: &LiveRun, item: Option<&str>, look: impl FnOnce(Scope<'_>) -> T) -> T {
    let LiveRun { run, config, .. } = live;
    let outputs =
        |id: &TaskId| run.tasks.get(id).filter(|task| task.status == TaskStatus::Succeeded).map(|task| &task.outputs);
    look(Scope { run: &run.options.variables, pipeline: &config.variables, outputs: &outputs, item })
}

/// The environment that a task gets from values of its run. A value that is not there is left out; a task that lacks one
/// is never placed.
#[must_use]
pub fn inputs(live: &LiveRun, task: &TaskId) -> Vec<(String, String)> {
    let Some(config) = live.config.tasks.get(task) else { return Vec::new() };
    let found = |(name, value): (&String, &crate::values::Value)| {
        scope(live, None, |scope| scope.get(value)).ok().map(|value| (name.clone(), value))
    };
    config.inputs.iter().filter_map(found).collect()
}
