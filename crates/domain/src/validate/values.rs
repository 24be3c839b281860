//! Conditions, inputs, approvals and calls: what a task takes from its run, and what it does instead of a container.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Arguments, Display};

use super::Faults;
use super::parameters::check_name;
use crate::config::{PipelineConfig, PullPolicy, Resources, RetryPolicy, TaskConfig};
use crate::ids::TaskId;
use crate::limits::{
    APPROVERS_MAX, CHOICES_MAX, CONDITIONS_MAX, ITEMS_MAX, NAME_BYTES_MAX, OUTPUTS_BYTES_MAX, OUTPUTS_MAX,
    PARAMETERS_MAX, REFERENCE_BYTES_MAX, VARIABLE_VALUE_BYTES_MAX, VARIABLES_MAX,
};
use crate::values::{Approval, Call, Items, SharedTask, TaskKind, Test, Value};

/// Checks what a task has put out.
///
/// # Errors
/// The first fault, in words.
pub fn check_outputs(outputs: &BTreeMap<String, String>) -> Result<(), String> {
    if outputs.len() > OUTPUTS_MAX {
        return Err(format!("the task has {} outputs, the limit is {OUTPUTS_MAX}", outputs.len()));
    }
    let bytes: usize = outputs.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > OUTPUTS_BYTES_MAX {
        return Err(format!("the task's outputs have {bytes} bytes, the limit is {OUTPUTS_BYTES_MAX}"));
    }
    match outputs.iter().find(|(name, value)| !is_name(name) || value.contains('\0')) {
        Some((name, _)) => {
            let shown: String = name.chars().take(NAME_BYTES_MAX).collect();
            Err(format!("the output {shown:?} has a name that is not allowed, or holds a NUL byte"))
        }
        None => Ok(()),
    }
}

/// Whether a text may name a parameter or an output: what a shell takes as a variable's name.
pub(super) fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !text.is_empty()
        && text.len() <= NAME_BYTES_MAX
        && text.chars().all(allowed)
        && !text.starts_with(|c: char| c.is_ascii_digit())
}

/// Checks what a task of a pipeline takes from its run, and that it is all of one kind.
pub(super) fn check_values(faults: &mut Faults, at: Arguments<'_>, id: &TaskId, config: &PipelineConfig) {
    let Some(task) = config.tasks.get(id) else { return };
    if task.conditions.is_empty() && task.inputs.is_empty() && task.kind == TaskKind::Container {
        return;
    }
    let mut look = Look { config, id, ancestors: None };
    if faults.count(format_args!("{at}.conditions"), task.conditions.len(), CONDITIONS_MAX) {
        for (number, condition) in task.conditions.iter().enumerate() {
            let field = format_args!("{at}.conditions.{number}");
            look.check(faults, field, &condition.value, false);
            let (Test::Is(texts) | Test::IsNot(texts)) = &condition.test;
            check_texts(faults, field, texts, CHOICES_MAX);
            if texts.is_empty() {
                faults.add(field.to_string(), format!("{field} compares with nothing"), "give at least one text");
            }
        }
    }
    if faults.count(format_args!("{at}.inputs"), task.inputs.len(), VARIABLES_MAX) {
        for (name, value) in &task.inputs {
            let field = format_args!("{at}.inputs.{}", name.escape_debug());
            check_name(faults, field, name);
            look.check(faults, field, value, false);
        }
    }
    match &task.kind {
        TaskKind::Container => {}
        TaskKind::Approval(approval) => {
            check_no_container(faults, at, task, "waits for approval");
            check_approval(faults, at, approval);
        }
        TaskKind::Pipeline(call) => {
            check_no_container(faults, at, task, "runs a pipeline");
            if task.timeout.is_some() {
                let message = format!("{at} runs a pipeline, and has a time-out");
                faults.add(format!("{at}.timeout"), message, "give the pipeline that it runs one");
            }
            check_call(faults, at, call, &mut look);
        }
        TaskKind::Shared(shared) => {
            check_shared(faults, at, task);
            check_settings(faults, at, shared, &mut look);
        }
    }
}

/// Whether a task says nothing of what is launched.
fn is_plain(task: &TaskConfig) -> bool {
    task.image.is_none()
        && task.entrypoint.is_empty()
        && task.command.is_empty()
        && task.environment.is_empty()
        && task.inputs.is_empty()
        && !task.has_secrets()
        && task.working_directory.is_none()
        && task.driver.is_none()
        && task.constraints.is_empty()
        && task.resources == Resources::default()
}

/// A shared task runs with its own container and secrets, whoever uses it.
fn check_shared(faults: &mut Faults, at: Arguments<'_>, task: &TaskConfig) {
    if !is_plain(task) || task.pull != PullPolicy::default() {
        let message =
            format!("{at} uses a shared task, and has an image, a command, an environment, secrets or the like");
        let help = "take them out: they are the shared task's, and what it can be given are its settings";
        faults.add(at.to_string(), message, help);
    }
}

fn check_settings(faults: &mut Faults, at: Arguments<'_>, shared: &SharedTask, look: &mut Look<'_>) {
    let field = format_args!("{at}.settings");
    if faults.count(field, shared.settings.len(), PARAMETERS_MAX) {
        for (name, value) in &shared.settings {
            let field = format_args!("{field}.{}", name.escape_debug());
            check_name(faults, field, name);
            look.check(faults, field, value, false);
        }
    }
}

fn check_no_container(faults: &mut Faults, at: Arguments<'_>, task: &TaskConfig, what: &str) {
    if !is_plain(task) {
        let message = format!("{at} {what}, and has settings of a container");
        faults.add(
            at.to_string(),
            message,
            "take image, command, environment and the like out, or make two tasks of it",
        );
    }
    if task.retry.attempts != RetryPolicy::default().attempts {
        let message = format!("{at} {what}, and is to be retried");
        faults.add(format!("{at}.retry"), message, "take the retry policy out: it makes no attempts");
    }
}

fn check_approval(faults: &mut Faults, at: Arguments<'_>, approval: &Approval) {
    let field = format_args!("{at}.approval.approvers");
    if faults.count(field, approval.approvers.len(), APPROVERS_MAX) {
        for (number, name) in approval.approvers.iter().enumerate() {
            faults.reference(format_args!("{field}.{number}"), name);
        }
    }
}

fn check_call(faults: &mut Faults, at: Arguments<'_>, call: &Call, look: &mut Look<'_>) {
    if call.pipeline == look.config.id {
        let message = format!("{at} runs the pipeline that it is part of");
        faults.add(format!("{at}.call.pipeline"), message, "let it run another one");
    }
    let field = format_args!("{at}.call.variables");
    if faults.count(field, call.variables.len(), VARIABLES_MAX) {
        for (name, value) in &call.variables {
            let field = format_args!("{field}.{}", name.escape_debug());
            check_name(faults, field, name);
            look.check(faults, field, value, call.items.is_some());
        }
    }
    let field = format_args!("{at}.call.for_each");
    match &call.items {
        None => {}
        Some(Items::These(items)) => {
            check_texts(faults, field, items, ITEMS_MAX);
            if items.is_empty() {
                faults.add(field.to_string(), format!("{field} has no elements"), "give at least one, or leave it out");
            }
        }
        Some(Items::Lines(value)) => look.check(faults, field, value, false),
    }
}

fn check_texts(faults: &mut Faults, field: impl Display, texts: &[String], limit: usize) {
    if faults.count(&field, texts.len(), limit) {
        for (number, text) in texts.iter().enumerate() {
            faults.length(format_args!("{field}.{number}"), text, REFERENCE_BYTES_MAX);
            faults.no_nul(format_args!("{field}.{number}"), text);
        }
    }
}

/// What the values of one task may refer to.
struct Look<'a> {
    config: &'a PipelineConfig,
    id: &'a TaskId,
    /// Found when first asked for.
    ancestors: Option<BTreeSet<&'a TaskId>>,
}

impl<'a> Look<'a> {
    fn check(&mut self, faults: &mut Faults, field: impl Display, value: &Value, has_item: bool) {
        match value {
            Value::Text(text) => {
                faults.length(&field, text, VARIABLE_VALUE_BYTES_MAX);
                faults.no_nul(&field, text);
            }
            Value::Variable(name) => self.check_variable(faults, field, name),
            Value::Output { task, name } => {
                if !is_name(name) {
                    let help = format!("use 1 to {NAME_BYTES_MAX} ASCII letters, digits or '_', no digit first");
                    faults.add(field.to_string(), format!("the output name {name:?} is not allowed"), help);
                }
                if !self.ancestors().contains(task) {
                    let message =
                        format!("{field} takes an output of task {task}, on which task {} does not depend", self.id);
                    faults.add(field.to_string(), message, "add the dependency, or name another task");
                }
            }
            Value::Item if has_item => {}
            Value::Item => {
                let message = format!("{field} takes an element, and there is none");
                faults.add(
                    field.to_string(),
                    message,
                    "elements are known in the variables of a task that goes through some",
                );
            }
        }
    }

    /// Without parameters any variable may be given.
    fn check_variable(&self, faults: &mut Faults, field: impl Display, name: &str) {
        let known = self.config.parameters.is_empty()
            || self.config.parameters.contains_key(name)
            || self.config.variables.contains_key(name);
        if !known {
            let shown: String = name.chars().take(NAME_BYTES_MAX).collect();
            let message = format!(
                "{field} takes the variable {shown:?}, which is neither a parameter nor in the pipeline's environment"
            );
            faults.add(field.to_string(), message, "declare it as a parameter");
        }
        faults.length(&field, name, crate::limits::VARIABLE_NAME_BYTES_MAX);
    }

    fn ancestors(&mut self) -> &BTreeSet<&'a TaskId> {
        let (config, id) = (self.config, self.id);
        self.ancestors.get_or_insert_with(|| {
            let parents = |id: &TaskId| config.tasks.get(id).into_iter().flat_map(|task| task.depends_on.keys());
            let mut found = BTreeSet::new();
            let mut left: Vec<&TaskId> = parents(id).collect();
            while let Some(next) = left.pop() {
                if found.insert(next) {
                    left.extend(parents(next));
                }
            }
            found
        })
    }
}
