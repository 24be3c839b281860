//! The shape of a pipeline: parents that exist, and no cycles.

use std::collections::{BTreeMap, BTreeSet};

use super::Faults;
use crate::config::{PipelineConfig, TaskConfig};
use crate::limits::PARENTS_MAX;

type Tasks = BTreeMap<String, TaskConfig>;

/// How often near ids may still be looked for: each time all tasks are compared.
pub(super) struct Hints(u32);

impl Default for Hints {
    fn default() -> Self {
        Self(10)
    }
}

pub(super) fn check_parents(faults: &mut Faults, hints: &mut Hints, id: &str, task: &TaskConfig, tasks: &Tasks) {
    let field = format!("tasks.{id}.depends_on");
    if !faults.count(&field, task.depends_on.len(), PARENTS_MAX) {
        return;
    }
    for parent in task.depends_on.keys() {
        if parent == id {
            faults.add(format!("{field}.{parent}"), format!("task {id} depends on itself"), "take that dependency out");
        } else if !tasks.contains_key(parent) {
            let message = format!("task {id} depends on task {parent}, which does not exist");
            let near = match hints.0.checked_sub(1) {
                Some(left) => {
                    hints.0 = left;
                    near(parent, tasks.keys().map(String::as_str).filter(|other| *other != id))
                }
                None => Vec::new(),
            };
            let help = if near.is_empty() {
                "add that task, or take the dependency out".to_owned()
            } else {
                format!("did you mean {}?", near.join(" or "))
            };
            faults.add(format!("{field}.{parent}"), message, help);
        }
    }
}

pub(super) fn check_cycle(faults: &mut Faults, config: &PipelineConfig) {
    let Some(cycle) = cycle(&config.tasks) else { return };
    let field = match cycle[..] {
        [first, second, ..] => format!("tasks.{first}.depends_on.{second}"),
        _ => "tasks".to_owned(),
    };
    let first = cycle.first().and_then(|first| config.tasks.get(*first));
    faults.source = first.and_then(|task| task.source.clone()).or_else(|| config.source.clone());
    let message = format!("the tasks depend on each other in a cycle: {}", cycle.join(" -> "));
    faults.add(field, message, "take one of these dependencies out");
}

/// The parents that count: those that exist, and are not the task itself.
fn parents<'a>(tasks: &'a Tasks, id: &'a str) -> impl Iterator<Item = &'a str> {
    let parents = tasks.get(id).into_iter().flat_map(|task| task.depends_on.keys());
    parents.map(String::as_str).filter(move |parent| *parent != id && tasks.contains_key(*parent))
}

/// A cycle as a path from child to parent; the first id is repeated at the end.
fn cycle(tasks: &Tasks) -> Option<Vec<&str>> {
    let mut children: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut waiting: BTreeMap<&str, usize> = BTreeMap::new();
    let mut ready = Vec::new();
    for id in tasks.keys().map(String::as_str) {
        let count = parents(tasks, id).inspect(|parent| children.entry(parent).or_default().push(id)).count();
        if count == 0 {
            ready.push(id);
        } else {
            waiting.insert(id, count);
        }
    }
    while let Some(id) = ready.pop() {
        for child in children.get(id).into_iter().flatten() {
            if let Some(left) = waiting.get_mut(child) {
                *left -= 1;
                if *left == 0 {
                    waiting.remove(child);
                    ready.push(child);
                }
            }
        }
    }
    let left: BTreeSet<&str> = waiting.into_keys().collect();
    let start = left.first().copied()?;
    Some(walk(tasks, &left, start))
}

/// Follows parents among the tasks left over, each of which has one, until a task comes up again.
fn walk<'a>(tasks: &'a Tasks, left: &BTreeSet<&'a str>, start: &'a str) -> Vec<&'a str> {
    let mut path = vec![start];
    let mut seen = BTreeMap::from([(start, 0)]);
    let mut at = start;
    while let Some(parent) = parents(tasks, at).find(|parent| left.contains(parent)) {
        path.push(parent);
        if let Some(first) = seen.insert(parent, path.len() - 1) {
            return path.split_off(first);
        }
        at = parent;
    }
    path
}

/// At most three ids that differ from `wanted` in little more than a slip of the keyboard, the nearest first.
fn near<'a>(wanted: &str, ids: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let most = if wanted.len() < 4 { 1 } else { 2 };
    let mut close: Vec<(usize, &str)> = ids
        .filter(|id| id.len().abs_diff(wanted.len()) <= most)
        .map(|id| (distance(wanted.as_bytes(), id.as_bytes()), id))
        .filter(|(distance, _)| *distance <= most)
        .collect();
    close.sort_unstable();
    close.into_iter().take(3).map(|(_, id)| id).collect()
}

/// Insertions, deletions and replacements from one id to the other, ignoring case.
fn distance(from: &[u8], to: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, a) in from.iter().enumerate() {
        let mut diagonal = line;
        let mut left = line + 1;
        if let Some(cell) = row.first_mut() {
            *cell = left;
        }
        for (cell, b) in row.iter_mut().skip(1).zip(to) {
            let replaced = diagonal + usize::from(!a.eq_ignore_ascii_case(b));
            diagonal = *cell;
            left = replaced.min(diagonal + 1).min(left + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}
