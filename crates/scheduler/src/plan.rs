//! What to do next, as a function of the state and the time: which attempt goes where, and what took too long.
//!
//! Every command of a plan is one that [`decide`](gofer_domain::decide::decide) accepts when the state is still the
//! same. It must not know of clocks, leases or leadership; what matters of those is in [`PlanInput`].

mod queue;
mod room;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use gofer_domain::config::{DriverKind, TaskConfig};
use gofer_domain::state::Deadline;
use gofer_domain::{AttemptKey, Command, NodeId, RunKey, RunStatus, State, TaskKey, Timestamp, call, shared};

use queue::Queue;
use room::Rooms;

/// What a plan needs to know besides the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanInput {
    /// Nodes known to hold a live lease: chosen before others.
    pub preferred: BTreeSet<NodeId>,
    /// Nodes that get nothing: their lease ran out, or their loss is being declared.
    pub refused: BTreeSet<NodeId>,
    /// Most commands in one plan.
    pub commands_max: usize,
}

impl Default for PlanInput {
    fn default() -> Self {
        Self { preferred: BTreeSet::new(), refused: BTreeSet::new(), commands_max: 256 }
    }
}

/// What to propose, and when to look again if nothing changes before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub commands: Vec<Command>,
    pub next: Option<Timestamp>,
}

/// Plans: time-outs that passed, then attempts for queued tasks.
///
/// - A task goes to the node with the fewest attempts for its slots; among equals to the lowest id.
/// - A task that fits nowhere holds up no other.
/// - Of one namespace's tasks, those of a run with a greater priority go first; among equals the one that waits longest.
/// - Of several namespaces, the one with the fewest live attempts is next; among equals the one that waits longest.
/// - A task with an image that asks for no driver runs under Docker wherever a node with its labels has that, ready or
///   not. Only where none has, it becomes a process.
#[must_use]
pub fn plan(state: &State, now: Timestamp, input: &PlanInput) -> Plan {
    let mut plan = Plan::default();
    let timed_out = plan_deadlines(state, now, input.commands_max, &mut plan);
    plan_calls(state, input.commands_max, &mut plan);
    let Some((first, ..)) = state.index.queued.first() else { return plan };
    if *first > now {
        plan.next = earlier(plan.next, Some(*first));
        return plan;
    }
    let mut rooms = Rooms::new(state, input);
    if rooms.are_full() {
        return plan;
    }
    let (mut queue, next) = Queue::new(state, now);
    plan.next = earlier(plan.next, next);
    while plan.commands.len() < input.commands_max
        && !rooms.are_full()
        && let Some(task) = queue.next()
    {
        if timed_out.contains(&task.run) {
            continue;
        }
        let Some((attempt, config)) = next_attempt(state, task) else { continue };
        if let Some((node, driver)) = rooms.take(config) {
            queue.count(task);
            plan.commands.push(Command::AssignAttempt { attempt, node, driver });
        }
    }
    plan
}

/// Adds what ends the runs and attempts whose time has passed; returns those runs.
fn plan_deadlines<'a>(state: &'a State, now: Timestamp, most: usize, plan: &mut Plan) -> BTreeSet<&'a RunKey> {
    let mut runs = BTreeSet::new();
    for (at, deadline) in &state.index.deadlines {
        if *at > now {
            plan.next = Some(*at);
            break;
        }
        if plan.commands.len() >= most {
            break;
        }
        plan.commands.push(match deadline {
            Deadline::Run(run) => {
                runs.insert(run);
                Command::TimeOutRun { run: run.clone() }
            }
            Deadline::Attempt(attempt) => Command::TimeOutAttempt { attempt: attempt.clone() },
            Deadline::Task(task) => Command::TimeOutTask { task: task.clone() },
        });
    }
    runs
}

/// Adds the next steps of tasks that run other pipelines: one of each, as the second depends on the first.
fn plan_calls(state: &State, most: usize, plan: &mut Plan) {
    let room = most.saturating_sub(plan.commands.len());
    let due = state.index.calls.iter().filter(|task| call::is_due(state, task)).take(room);
    plan.commands.extend(due.map(|task| Command::AdvanceTask { task: task.clone() }));
}

/// The attempt that a queued task needs, and what it asks for.
fn next_attempt<'a>(state: &'a State, key: &TaskKey) -> Option<(AttemptKey, &'a TaskConfig)> {
    let live = state.runs.get(&key.run)?;
    if live.run.status != RunStatus::Running || live.run.stopping.is_some() {
        return None;
    }
    let attempts = live.run.tasks.get(&key.task)?.attempts.len();
    let attempt = u32::try_from(attempts).ok()?.checked_add(1)?;
    Some((AttemptKey { task: key.clone(), attempt }, shared::container(live, &key.task)?))
}

/// The driver for a task among those of a node; none when the node has no fitting one.
///
/// `docker_known` says that some node with the task's labels has Docker.
fn driver_for(task: &TaskConfig, offers: impl Fn(DriverKind) -> bool, docker_known: bool) -> Option<DriverKind> {
    let docker = task.image.is_some() && offers(DriverKind::Docker);
    let process = !(task.entrypoint.is_empty() && task.command.is_empty()) && offers(DriverKind::Process);
    match task.driver {
        Some(DriverKind::Docker) => docker.then_some(DriverKind::Docker),
        Some(DriverKind::Process) => process.then_some(DriverKind::Process),
        None if docker => Some(DriverKind::Docker),
        None => (process && !(task.image.is_some() && docker_known)).then_some(DriverKind::Process),
    }
}

pub(crate) fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
