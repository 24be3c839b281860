//! A whole pipeline: its own fields, its size, and the shape of its DAG.

use std::collections::BTreeMap;

use super::Faults;
use super::parameters::check_parameters;
use super::task::{check_duration, check_task};
use super::values::check_values;
use crate::config::{Overlap, PipelineConfig, TaskConfig};
use crate::dag;
use crate::ids::TaskId;
use crate::limits::{CONFIG_BYTES_MAX, PARENTS_MAX, QUEUE_MAX, TASKS_MAX};
use crate::rejection::Rejection;
use crate::values::{Items, ParameterKind, TaskKind, Test, Value};

/// Most missing parents for which near ids are offered.
const HINTS_MAX: u32 = 10;

/// Checks a pipeline's configuration.
///
/// # Errors
/// Every fault, in the order of the fields; never an empty list.
pub fn validate_config(config: &PipelineConfig) -> Result<(), Vec<Rejection>> {
    let mut faults = Faults::default();
    faults.text("description", &config.description);
    check_overlap(&mut faults, config.overlap);
    check_duration(&mut faults, "timeout", config.timeout);
    faults.variables("variables", &config.variables);
    check_parameters(&mut faults, config);
    if config.tasks.is_empty() {
        faults.add("tasks", format!("pipeline {} has no tasks", config.id), "give it at least one");
    }
    let bytes = size(config);
    if bytes > CONFIG_BYTES_MAX {
        let message = format!("the configuration holds {bytes} bytes of text, the limit is {CONFIG_BYTES_MAX}");
        faults.add("", message, "move long scripts and data into the images");
    }
    if faults.count("tasks", config.tasks.len(), TASKS_MAX) {
        let mut hints = HINTS_MAX;
        for (id, task) in &config.tasks {
            check_task(&mut faults, format_args!("tasks.{id}"), task);
            check_parents(&mut faults, &mut hints, id, task, &config.tasks);
            check_values(&mut faults, format_args!("tasks.{id}"), id, config);
        }
        check_cycle(&mut faults, &config.tasks);
    }
    faults.result()
}

fn check_overlap(faults: &mut Faults, overlap: Overlap) {
    match overlap {
        Overlap::Queue(0) => {
            faults.add("overlap", "overlap queues at most 0 runs", "queue at least 1, or use the policy to refuse");
        }
        Overlap::Queue(limit) if limit > QUEUE_MAX => {
            let message = format!("overlap queues at most {limit} runs, the limit is {QUEUE_MAX}");
            faults.add("overlap", message, "choose a shorter queue");
        }
        Overlap::Allow | Overlap::Forbid | Overlap::Queue(_) | Overlap::Replace => {}
    }
}

/// `hints` is how often near ids may still be looked for: each time all tasks are compared, and every node does it.
fn check_parents(
    faults: &mut Faults,
    hints: &mut u32,
    id: &TaskId,
    task: &TaskConfig,
    tasks: &BTreeMap<TaskId, TaskConfig>,
) {
    let field = format_args!("tasks.{id}.depends_on");
    if !faults.count(field, task.depends_on.len(), PARENTS_MAX) {
        return;
    }
    for parent in task.depends_on.keys() {
        if parent == id {
            faults.add(format!("{field}.{parent}"), format!("task {id} depends on itself"), "take that dependency out");
        } else if !tasks.contains_key(parent) {
            let message = format!("task {id} depends on task {parent}, which does not exist");
            let near = match hints.checked_sub(1) {
                Some(left) => {
                    *hints = left;
                    near(parent.as_str(), tasks.keys().filter(|other| *other != id))
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

fn check_cycle(faults: &mut Faults, tasks: &BTreeMap<TaskId, TaskConfig>) {
    if let Err(cycle) = dag::order(tasks) {
        let path: Vec<&str> = cycle.iter().map(|id| id.as_str()).collect();
        let field = match path[..] {
            [first, second, ..] => format!("tasks.{first}.depends_on.{second}"),
            _ => "tasks".to_owned(),
        };
        let message = format!("the tasks depend on each other in a cycle: {}", path.join(" -> "));
        faults.add(field, message, "take one of these dependencies out");
    }
}

/// At most three ids that differ from `wanted` in little more than a slip of the keyboard, the nearest first.
fn near<'a>(wanted: &str, ids: impl Iterator<Item = &'a TaskId>) -> Vec<&'a str> {
    let most = if wanted.len() < 4 { 1 } else { 2 };
    let mut close: Vec<(usize, &str)> = ids
        .filter(|id| id.as_str().len().abs_diff(wanted.len()) <= most)
        .map(|id| (distance(wanted.as_bytes(), id.as_str().as_bytes()), id.as_str()))
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

/// Bytes of all texts.
fn size(config: &PipelineConfig) -> usize {
    let pairs =
        |map: &BTreeMap<String, String>| map.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
    let words = |words: &[String]| words.iter().map(String::len).sum::<usize>();
    let optional = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let tasks = config.tasks.iter().map(|(id, task)| {
        id.as_str().len()
            + task.description.len()
            + optional(&task.image)
            + optional(&task.working_directory)
            + words(&task.entrypoint)
            + words(&task.command)
            + pairs(&task.environment)
            + pairs(&task.constraints)
            + values_size(task)
            + pairs(&task.secret_env)
            + pairs(&task.secret_files)
            + task.depends_on.keys().map(|parent| parent.as_str().len()).sum::<usize>()
    });
    let parameters = config.parameters.iter().map(|(name, parameter)| {
        let choices = if let ParameterKind::Choice(choices) = &parameter.kind { words(choices) } else { 0 };
        name.len() + parameter.description.len() + optional(&parameter.default) + choices
    });
    config.id.as_str().len()
        + config.description.len()
        + pairs(&config.variables)
        + parameters.sum::<usize>()
        + tasks.sum::<usize>()
}

/// Bytes of the texts with which a task refers to its run.
fn values_size(task: &TaskConfig) -> usize {
    let words = |words: &[String]| words.iter().map(String::len).sum::<usize>();
    let value = |value: &Value| match value {
        Value::Text(text) | Value::Variable(text) => text.len(),
        Value::Output { task, name } => task.as_str().len() + name.len(),
        Value::Item => 0,
    };
    let named = |(name, of): (&String, &Value)| name.len() + value(of);
    let conditions = task.conditions.iter().map(|condition| {
        let (Test::Is(texts) | Test::IsNot(texts)) = &condition.test;
        value(&condition.value) + words(texts)
    });
    let kind = match &task.kind {
        TaskKind::Container => 0,
        TaskKind::Approval(approval) => words(&approval.approvers),
        TaskKind::Pipeline(call) => {
            let items = match &call.items {
                None => 0,
                Some(Items::These(items)) => words(items),
                Some(Items::Lines(of)) => value(of),
            };
            call.pipeline.as_str().len() + call.variables.iter().map(named).sum::<usize>() + items
        }
        TaskKind::Shared(shared) => shared.name.as_str().len() + shared.settings.iter().map(named).sum::<usize>(),
    };
    conditions.sum::<usize>() + task.inputs.iter().map(named).sum::<usize>() + kind
}
