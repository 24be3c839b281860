//! Tasks that run other pipelines. The leader asks for one step after the other; each is decided against what the one
//! before has led to.

use std::collections::BTreeMap;

use super::create::{NewRun, create};
use super::run::{live_run, stop_one};
use super::{Context, Decision, Verdict, approval, precondition};
use crate::call::{self, Step};
use crate::ids::{PipelineKey, RunKey, TaskId, TaskKey};
use crate::limits::CALL_DEPTH_MAX;
use crate::run::{FailureReason, RunOptions, RunStatus, StopReason, TaskStatus};
use crate::state::LiveRun;
use crate::values::Call;

/// Takes the next step of a pipeline task: starts a run, stops one, or ends.
pub(super) fn advance(context: Context<'_>, key: &TaskKey) -> Verdict {
    let live = live_run(context, &key.run)?;
    let found = call::waiting(live, &key.task);
    let Some((id, call)) = found else {
        return Err(precondition(format!("task {key} does not wait for runs, or not any more")).field("task"));
    };
    match call::step(context.state, live, id, call) {
        Step::Wait => Ok(Decision::done(Vec::new())),
        Step::Stop(child) => {
            let child = live_run(context, &child_key(live, call, child))?;
            let reason = StopReason::Cancelled { message: format!("run {} is being stopped", key.run) };
            Ok(Decision::done(stop_one(context, child, &reason)))
        }
        Step::Start(item) => match start(context, live, id, call, item.as_deref()) {
            Ok(decision) => Ok(decision),
            // It is tried again when one of its own runs has ended.
            Err(refused) if call::live_children(context.state, live, id, call) > 0 => Err(refused),
            Err(refused) => {
                let message = format!("no run of pipeline {} could be started: {}", call.pipeline, refused.message);
                let status = TaskStatus::Failed { reason: FailureReason::ChildRun, exit_code: None, message };
                Ok(Decision::done(approval::end(context, live, id, status)))
            }
        },
        Step::Fail(message) => {
            let status = TaskStatus::Failed { reason: FailureReason::MissingValue, exit_code: None, message };
            Ok(Decision::done(approval::end(context, live, id, status)))
        }
        Step::End => Ok(Decision::done(approval::end(context, live, id, verdict(context, live, id, call)))),
    }
}

fn start(context: Context<'_>, live: &LiveRun, id: &TaskId, call: &Call, item: Option<&str>) -> Verdict {
    let depth = depth(context, live);
    if depth >= CALL_DEPTH_MAX {
        let message = format!("runs start runs {depth} deep, which is the limit");
        return Err(precondition(message).help("let fewer pipelines run others, or not themselves"));
    }
    let pipeline = context.pipeline(&child_key(live, call, 0).pipeline)?;
    let mut variables = BTreeMap::new();
    for (name, value) in &call.variables {
        let value = call::scope(live, item, |scope| scope.get(value));
        variables
            .insert(name.clone(), value.map_err(|missing| precondition(format!("variable {name} needs {missing}")))?);
    }
    let options = RunOptions { variables, priority: live.run.options.priority, ..RunOptions::default() };
    let parent = Some(TaskKey { run: live.run.key.clone(), task: id.clone() });
    create(
        context,
        pipeline,
        NewRun { parent, depth: live.run.depth, ..NewRun::of(pipeline.releases.choose(), &options) },
    )
}

/// How many runs stand above a new one.
fn depth(context: Context<'_>, live: &LiveRun) -> usize {
    let mut depth = 1;
    let mut at = live;
    while depth < CALL_DEPTH_MAX
        && let Some(parent) = &at.run.parent
        && let Some(above) = context.state.runs.get(&parent.run)
    {
        depth += 1;
        at = above;
    }
    depth
}

fn child_key(live: &LiveRun, call: &Call, run: u64) -> RunKey {
    let namespace = live.run.key.pipeline.namespace.clone();
    RunKey { pipeline: PipelineKey { namespace, pipeline: call.pipeline.clone() }, run }
}

/// How a task ends whose runs have all ended.
fn verdict(context: Context<'_>, live: &LiveRun, id: &TaskId, call: &Call) -> TaskStatus {
    if let Some(reason) = &live.run.stopping {
        return TaskStatus::Cancelled { message: super::draft::stop_message(reason) };
    }
    let children = live.run.tasks.get(id).map_or(&[][..], |task| &task.children[..]);
    let status = |run: &u64| {
        let key = child_key(live, call, *run);
        let known = context.state.runs.get(&key).map(|child| child.run.status.clone());
        known.or_else(|| context.history.run(&key).map(|run| run.status))
    };
    let bad: Vec<u64> = children.iter().copied().filter(|run| status(run) != Some(RunStatus::Succeeded)).collect();
    let Some(first) = bad.first() else { return TaskStatus::Succeeded };
    let others = if bad.len() > 1 { format!(" (and {} more)", bad.len() - 1) } else { String::new() };
    let message = format!("run {} did not succeed{others}", child_key(live, call, *first));
    TaskStatus::Failed { reason: FailureReason::ChildRun, exit_code: None, message }
}
