//! The shape of a pipeline: which task waits for which, and what becomes of a task once its parents have ended.
//!
//! Three rules decide how a run unfolds:
//!
//! - A task is queued when every parent has ended as its [`Requirement`] asks.
//! - A task is skipped as soon as one parent has ended otherwise. A skipped or cancelled parent meets no requirement,
//!   so a skip goes down to every descendant.
//! - A run fails if and only if a task without `allow_failure` ended failed, lost or unknown. A skipped task fails no
//!   run: what caused the skip does, unless it was allowed to fail.
//!
//! This module must not know of runs, events or time.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Requirement, TaskConfig};
use crate::ids::TaskId;
use crate::run::TaskStatus;

/// What to do with a pending task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// All parents allow it.
    Queue,
    /// Some parent has not ended, and none forbids it.
    Wait,
    /// A parent forbids it; the text says which and why.
    Skip(String),
}

/// What becomes of a pending task, given how its parents stand.
pub fn next<'s>(task: &TaskConfig, status: impl Fn(&TaskId) -> Option<&'s TaskStatus>) -> Next {
    let mut next = Next::Queue;
    for (parent, requirement) in &task.depends_on {
        let Some(status) = status(parent) else {
            return Next::Skip(format!("parent {parent} does not exist"));
        };
        if !status.is_final() {
            next = Next::Wait;
        } else if !meets(*requirement, status) {
            let wanted = match requirement {
                Requirement::Success => "needs it to succeed",
                Requirement::Failure => "runs only when it fails",
                Requirement::Any => "needs it to have run",
            };
            return Next::Skip(format!("parent {parent} {}; this task {wanted}", ending(status)));
        }
    }
    next
}

/// Whether a parent that ended like this allows a child with this requirement.
#[must_use]
pub fn meets(requirement: Requirement, status: &TaskStatus) -> bool {
    match status {
        TaskStatus::Succeeded => matches!(requirement, Requirement::Success | Requirement::Any),
        TaskStatus::Failed { .. } | TaskStatus::Lost { .. } | TaskStatus::Unknown { .. } => {
            matches!(requirement, Requirement::Failure | Requirement::Any)
        }
        TaskStatus::Cancelled { .. }
        | TaskStatus::Skipped { .. }
        | TaskStatus::Pending
        | TaskStatus::Queued
        | TaskStatus::Waiting
        | TaskStatus::Placed
        | TaskStatus::Launching
        | TaskStatus::Running => false,
    }
}

/// Whether a task that ended like this fails its run, unless it is allowed to.
#[must_use]
pub fn is_failure(status: &TaskStatus) -> bool {
    meets(Requirement::Failure, status)
}

fn ending(status: &TaskStatus) -> &'static str {
    match status {
        TaskStatus::Succeeded => "succeeded",
        TaskStatus::Failed { .. } => "failed",
        TaskStatus::Lost { .. } => "was lost",
        TaskStatus::Unknown { .. } => "ended in an unknown way",
        TaskStatus::Cancelled { .. } => "was cancelled",
        TaskStatus::Skipped { .. } => "was skipped",
        TaskStatus::Pending
        | TaskStatus::Queued
        | TaskStatus::Waiting
        | TaskStatus::Placed
        | TaskStatus::Launching
        | TaskStatus::Running => "has not ended",
    }
}

/// Every task that is a parent, with its children in order.
#[must_use]
pub fn children(tasks: &BTreeMap<TaskId, TaskConfig>) -> BTreeMap<&TaskId, Vec<&TaskId>> {
    let mut children: BTreeMap<&TaskId, Vec<&TaskId>> = BTreeMap::new();
    for (id, task) in tasks {
        for parent in task.depends_on.keys() {
            children.entry(parent).or_default().push(id);
        }
    }
    children
}

/// All tasks, each after its parents; among equals in the order of their ids.
///
/// Parents that do not exist and a task's dependency on itself are passed over: validation reports each on its own.
///
/// # Errors
/// A cycle as a path along `depends_on`; the first id is repeated at the end.
pub fn order(tasks: &BTreeMap<TaskId, TaskConfig>) -> Result<Vec<&TaskId>, Vec<&TaskId>> {
    let children = children(tasks);
    let mut waiting: BTreeMap<&TaskId, usize> = BTreeMap::new();
    let mut ready = BTreeSet::new();
    for (id, task) in tasks {
        let parents = task.depends_on.keys().filter(|parent| *parent != id && tasks.contains_key(parent)).count();
        if parents == 0 {
            ready.insert(id);
        } else {
            waiting.insert(id, parents);
        }
    }
    let mut ordered = Vec::with_capacity(tasks.len());
    while let Some(id) = ready.pop_first() {
        ordered.push(id);
        for child in children.get(id).into_iter().flatten() {
            if let Some(left) = waiting.get_mut(child)
                && *child != id
            {
                *left -= 1;
                if *left == 0 {
                    waiting.remove(child);
                    ready.insert(child);
                }
            }
        }
    }
    let waiting: BTreeSet<&TaskId> = waiting.into_keys().collect();
    match waiting.first() {
        None => Ok(ordered),
        Some(start) => Err(walk(tasks, &waiting, start)),
    }
}

/// Follows parents among the tasks left over, each of which has one, until a task comes up again.
fn walk<'a>(
    tasks: &'a BTreeMap<TaskId, TaskConfig>,
    left: &BTreeSet<&'a TaskId>,
    start: &'a TaskId,
) -> Vec<&'a TaskId> {
    let mut path = vec![start];
    let mut seen = BTreeMap::from([(start, 0)]);
    let mut at = start;
    while let Some(parent) =
        tasks.get(at).and_then(|task| task.depends_on.keys().find(|parent| *parent != at && left.contains(parent)))
    {
        path.push(parent);
        if let Some(first) = seen.insert(parent, path.len() - 1) {
            return path.split_off(first);
        }
        at = parent;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::task_config;

    fn tasks(texts: &[&str]) -> BTreeMap<TaskId, TaskConfig> {
        let id = |text: &str| TaskId::new(text).unwrap();
        let task = |text: &&str| {
            let (name, parents) = text.split_once('<').unwrap_or((text, ""));
            let parents = parents.split(',').filter(|parent| !parent.is_empty());
            let depends_on = parents.map(|parent| (id(parent), Requirement::Success)).collect();
            (id(name), TaskConfig { depends_on, ..task_config() })
        };
        texts.iter().map(task).collect()
    }

    fn check(texts: &[&str], wanted: Result<&str, &str>) {
        let tasks = tasks(texts);
        let join = |ids: Vec<&TaskId>| ids.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(" ");
        let found = order(&tasks).map(join).map_err(join);
        assert_eq!(found, wanted.map(String::from).map_err(String::from));
    }

    #[test]
    fn parents_come_first() {
        check(&["a<c", "b<a,c", "c", "d"], Ok("c a b d"));
        check(&["a<a,b", "b<missing"], Ok("b a"));
        check(&[], Ok(""));
    }

    #[test]
    fn a_cycle_is_a_closed_path() {
        check(&["a<b", "b<a"], Err("a b a"));
        check(&["a<b", "b<c", "c<d", "d<b", "e"], Err("b c d b"));
    }

    #[test]
    fn a_long_chain_needs_no_stack() {
        let texts: Vec<String> = (0..100_000).map(|n| format!("t{n}<t{}", n + 1)).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        assert_eq!(order(&tasks(&texts)).unwrap().len(), 100_000);
    }
}
