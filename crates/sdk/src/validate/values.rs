//! Conditions, inputs, approvals and runs of other pipelines: what a task takes from its run, and what it does instead
//! of a container.

use std::collections::BTreeSet;

use super::parameters::{check_name, is_name};
use super::{Faults, shown};
use crate::config::{
    ItemsConfig, KindConfig, ParameterConfig, ParameterKind, PipelineConfig, Pull, RetryConfig, RunConfig, TaskConfig,
    UsesConfig, ValueConfig,
};
use crate::limits::{
    APPROVERS_MAX, CHOICES_MAX, CONDITIONS_MAX, ITEMS_MAX, NAME_BYTES_MAX, PARAMETERS_MAX, REFERENCE_BYTES_MAX,
    VARIABLE_NAME_BYTES_MAX, VARIABLE_VALUE_BYTES_MAX, VARIABLES_MAX,
};

pub(super) fn check(faults: &mut Faults, at: &str, id: &str, task: &TaskConfig, config: &PipelineConfig) {
    let mut look = Look { config, id, ancestors: None };
    if faults.count(&format!("{at}.conditions"), task.when.len(), CONDITIONS_MAX) {
        for (number, condition) in task.when.iter().enumerate() {
            let field = format!("{at}.conditions.{number}");
            look.check(faults, &field, &condition.value, false);
            let (_, texts) = condition.test.parts();
            faults.texts(&field, texts, CHOICES_MAX);
            if texts.is_empty() {
                faults.add(field.as_str(), format!("{field} compares with nothing"), "give at least one text");
            }
        }
    }
    if faults.count(&format!("{at}.inputs"), task.inputs.len(), VARIABLES_MAX) {
        for (name, value) in &task.inputs {
            let field = format!("{at}.inputs.{}", name.escape_debug());
            check_name(faults, &field, name);
            look.check(faults, &field, value, false);
        }
    }
    match &task.kind {
        KindConfig::Container => {}
        KindConfig::Approval(approvers) => {
            check_no_container(faults, at, task, "waits for approval");
            check_approvers(faults, &format!("{at}.approval.approvers"), approvers);
        }
        KindConfig::Run(run) => {
            check_no_container(faults, at, task, "runs a pipeline");
            if task.timeout.is_some() {
                let message = format!("{at} runs a pipeline, and has a time-out");
                faults.add(format!("{at}.timeout"), message, "give the pipeline that it runs one");
            }
            check_run(faults, at, run, &mut look);
        }
        KindConfig::Uses(uses) => check_uses(faults, at, task, uses, &mut look),
    }
}

/// A shared task runs with its own container and secrets, whoever uses it.
fn check_uses(faults: &mut Faults, at: &str, task: &TaskConfig, uses: &UsesConfig, look: &mut Look<'_>) {
    faults.id(&format!("{at}.shared.name"), "pipeline", &uses.task);
    if !is_plain(task) || task.pull != Pull::default() {
        let message =
            format!("{at} uses a shared task, and has an image, a command, an environment, secrets or the like");
        let help = "take them out: they are the shared task's, and what it can be given are its settings";
        faults.add(at, message, help);
    }
    let field = format!("{at}.settings");
    if faults.count(&field, uses.settings.len(), PARAMETERS_MAX) {
        for (name, value) in &uses.settings {
            let field = format!("{field}.{}", name.escape_debug());
            check_name(faults, &field, name);
            look.check(faults, &field, value, false);
        }
    }
}

/// Whether a task says nothing of what is launched.
fn is_plain(task: &TaskConfig) -> bool {
    task.image.is_empty()
        && task.entrypoint.is_empty()
        && task.command.is_empty()
        && task.env.is_empty()
        && task.inputs.is_empty()
        && task.secret_env.is_empty()
        && task.secret_files.is_empty()
        && task.working_directory.is_empty()
        && task.driver.is_none()
        && task.constraints.is_empty()
        && (task.cpu_millis, task.memory_bytes) == (0, 0)
}

fn check_no_container(faults: &mut Faults, at: &str, task: &TaskConfig, what: &str) {
    if !is_plain(task) {
        let message = format!("{at} {what}, and has settings of a container");
        faults.add(at, message, "take image, command, environment and the like out, or make two tasks of it");
    }
    if task.retry.attempts != RetryConfig::default().attempts {
        let message = format!("{at} {what}, and is to be retried");
        faults.add(format!("{at}.retry"), message, "take the retry policy out: it makes no attempts");
    }
}

fn check_approvers(faults: &mut Faults, field: &str, approvers: &[String]) {
    if !faults.count(field, approvers.len(), APPROVERS_MAX) {
        return;
    }
    for (number, name) in approvers.iter().enumerate() {
        let field = format!("{field}.{number}");
        faults.length(&field, name, REFERENCE_BYTES_MAX);
        if name.is_empty() {
            faults.add(field.as_str(), format!("{field} is empty"), "name it, or leave it out where it is optional");
        }
        faults.no_control(&field, name);
    }
}

fn check_run(faults: &mut Faults, at: &str, run: &RunConfig, look: &mut Look<'_>) {
    faults.id(&format!("{at}.call.pipeline"), "pipeline", &run.pipeline);
    if run.pipeline == look.config.id {
        let message = format!("{at} runs the pipeline that it is part of");
        faults.add(format!("{at}.call.pipeline"), message, "let it run another one");
    }
    let field = format!("{at}.call.variables");
    if faults.count(&field, run.variables.len(), VARIABLES_MAX) {
        for (name, value) in &run.variables {
            let field = format!("{field}.{}", name.escape_debug());
            check_name(faults, &field, name);
            look.check(faults, &field, value, run.for_each.is_some());
        }
    }
    let field = format!("{at}.call.for_each");
    match &run.for_each {
        None => {}
        Some(ItemsConfig::These(items)) => {
            faults.texts(&field, items, ITEMS_MAX);
            if items.is_empty() {
                faults.add(field.as_str(), format!("{field} has no elements"), "give at least one, or leave it out");
            }
        }
        Some(ItemsConfig::Lines(value)) => look.check(faults, &field, value, false),
    }
}

/// What the values of one task may refer to.
struct Look<'a> {
    config: &'a PipelineConfig,
    id: &'a str,
    /// Found when first asked for.
    ancestors: Option<BTreeSet<&'a str>>,
}

impl<'a> Look<'a> {
    fn check(&mut self, faults: &mut Faults, field: &str, value: &ValueConfig, has_item: bool) {
        match value {
            ValueConfig::Text(text) => {
                faults.length(field, text, VARIABLE_VALUE_BYTES_MAX);
                faults.no_nul(field, text);
            }
            ValueConfig::Variable(name) => self.check_variable(faults, field, name),
            ValueConfig::Output { task, name } => {
                if !is_name(name) {
                    let help = format!("use 1 to {NAME_BYTES_MAX} ASCII letters, digits or '_', no digit first");
                    faults.add(field, format!("the output name {name:?} is not allowed"), help);
                }
                if !self.ancestors().contains(task.as_str()) {
                    let message =
                        format!("{field} takes an output of task {task}, on which task {} does not depend", self.id);
                    faults.add(field, message, "add the dependency, or name another task");
                }
            }
            ValueConfig::Item if has_item => {}
            ValueConfig::Item => {
                let message = format!("{field} takes an element, and there is none");
                faults.add(field, message, "elements are known in the variables of a task that goes through some");
            }
        }
    }

    /// Without parameters any variable may be given.
    fn check_variable(&self, faults: &mut Faults, field: &str, name: &str) {
        let is_known = self.config.parameters.is_empty()
            || self.config.parameters.contains_key(name)
            || self.config.env.contains_key(name);
        if !is_known {
            let shown = shown(name);
            let message = format!(
                "{field} takes the variable {shown:?}, which is neither a parameter nor in the pipeline's environment"
            );
            faults.add(field, message, "declare it as a parameter");
        }
        faults.length(field, name, VARIABLE_NAME_BYTES_MAX);
    }

    fn ancestors(&mut self) -> &BTreeSet<&'a str> {
        let (config, id) = (self.config, self.id);
        self.ancestors.get_or_insert_with(|| {
            let parents = |id: &str| config.tasks.get(id).into_iter().flat_map(|task| task.depends_on.keys());
            let mut found = BTreeSet::new();
            let mut left: Vec<&str> = parents(id).map(String::as_str).collect();
            while let Some(next) = left.pop() {
                if found.insert(next) {
                    left.extend(parents(next).map(String::as_str));
                }
            }
            found
        })
    }
}

fn words(words: &[String]) -> usize {
    words.iter().map(String::len).sum()
}

fn value_size(value: &ValueConfig) -> usize {
    match value {
        ValueConfig::Text(text) | ValueConfig::Variable(text) => text.len(),
        ValueConfig::Output { task, name } => task.len() + name.len(),
        ValueConfig::Item => 0,
    }
}

/// Bytes of the texts of a parameter.
pub(super) fn parameter_size((name, parameter): (&String, &ParameterConfig)) -> usize {
    let choices = if let ParameterKind::Choice(choices) = &parameter.kind { words(choices) } else { 0 };
    name.len() + parameter.description.len() + parameter.default.as_ref().map_or(0, String::len) + choices
}

/// Bytes of the texts with which a task refers to its run.
pub(super) fn size(task: &TaskConfig) -> usize {
    let named = |(name, value): (&String, &ValueConfig)| name.len() + value_size(value);
    let conditions = task.when.iter().map(|condition| value_size(&condition.value) + words(condition.test.parts().1));
    let kind = match &task.kind {
        KindConfig::Container => 0,
        KindConfig::Approval(approvers) => words(approvers),
        KindConfig::Run(run) => {
            let items = match &run.for_each {
                None => 0,
                Some(ItemsConfig::These(items)) => words(items),
                Some(ItemsConfig::Lines(value)) => value_size(value),
            };
            run.pipeline.len() + run.variables.iter().map(named).sum::<usize>() + items
        }
        KindConfig::Uses(uses) => uses.task.len() + uses.settings.iter().map(named).sum::<usize>(),
    };
    conditions.sum::<usize>() + task.inputs.iter().map(named).sum::<usize>() + kind
}
