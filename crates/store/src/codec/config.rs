//! Pipeline configurations.

use gofer_domain::config::{DriverKind, Overlap, PullPolicy, Requirement, Resources, RetryPolicy};
use gofer_domain::{PipelineConfig, TaskConfig, TaskId};
use gofer_wire::model::v1 as model;

use super::values::{
    condition_from_wire, condition_to_wire, kind_from_wire, kind_to_wire, named_from_wire, named_to_wire,
    parameters_from_wire, parameters_to_wire,
};
use super::{
    DecodeError, Result, duration_from_wire, duration_to_wire, pipeline_id, task_id, unknown, variables_from_wire,
    variables_to_wire,
};

/// A configuration as a message.
#[must_use]
pub fn config_to_wire(config: &PipelineConfig) -> model::PipelineConfig {
    let (overlap, queue_limit) = match config.overlap {
        Overlap::Allow => (model::OverlapPolicy::Allow, 0),
        Overlap::Forbid => (model::OverlapPolicy::Forbid, 0),
        Overlap::Queue(limit) => (model::OverlapPolicy::Queue, limit),
        Overlap::Replace => (model::OverlapPolicy::Replace, 0),
    };
    model::PipelineConfig {
        id: config.id.to_string(),
        description: config.description.clone(),
        parallelism: config.parallelism,
        overlap: overlap.into(),
        queue_limit,
        timeout: config.timeout.map(duration_to_wire),
        variables: variables_to_wire(&config.variables),
        tasks: config.tasks.iter().map(|(id, task)| task_to_wire(id, task)).collect(),
        parameters: parameters_to_wire(&config.parameters),
    }
}

/// A message as a configuration. Whether it is acceptable is [`gofer_domain::validate`]'s to say.
///
/// # Errors
/// When an id is not valid, a task comes twice, or a value is out of range.
pub fn config_from_wire(config: model::PipelineConfig) -> Result<PipelineConfig> {
    let overlap = match model::OverlapPolicy::try_from(config.overlap) {
        Ok(model::OverlapPolicy::Unspecified | model::OverlapPolicy::Allow) => Overlap::Allow,
        Ok(model::OverlapPolicy::Forbid) => Overlap::Forbid,
        Ok(model::OverlapPolicy::Queue) => Overlap::Queue(config.queue_limit),
        Ok(model::OverlapPolicy::Replace) => Overlap::Replace,
        Err(_) => return Err(unknown("overlap", config.overlap)),
    };
    if config.queue_limit != 0 && !matches!(overlap, Overlap::Queue(_)) {
        return Err(DecodeError::new("queue_limit", "only goes with the overlap policy QUEUE; remove it"));
    }
    let mut tasks = std::collections::BTreeMap::new();
    for (index, task) in config.tasks.into_iter().enumerate() {
        let id = task_id(&task.id, "id").map_err(|error| error.within(&format!("tasks[{index}]")))?;
        let decoded = task_from_wire(task).map_err(|error| error.within(&format!("tasks.{id}")))?;
        if tasks.insert(id.clone(), decoded).is_some() {
            return Err(DecodeError::new(format!("tasks.{id}"), "comes twice; rename or remove one"));
        }
    }
    Ok(PipelineConfig {
        id: pipeline_id(&config.id, "id")?,
        description: config.description,
        parallelism: config.parallelism,
        overlap,
        timeout: config.timeout.as_ref().map(|value| duration_from_wire(value, "timeout")).transpose()?,
        variables: variables_from_wire(config.variables, "variables")?,
        parameters: parameters_from_wire(config.parameters)?,
        tasks,
    })
}

fn task_to_wire(id: &TaskId, task: &TaskConfig) -> model::TaskConfig {
    model::TaskConfig {
        id: id.to_string(),
        description: task.description.clone(),
        image: task.image.clone().unwrap_or_default(),
        pull: pull_to_wire(task.pull).into(),
        entrypoint: task.entrypoint.clone(),
        command: task.command.clone(),
        environment: variables_to_wire(&task.environment),
        working_directory: task.working_directory.clone().unwrap_or_default(),
        depends_on: task.depends_on.iter().map(|(parent, need)| dependency_to_wire(parent, *need)).collect(),
        retry: Some(retry_to_wire(&task.retry)),
        timeout: task.timeout.map(duration_to_wire),
        resources: Some(resources_to_wire(task.resources)),
        driver: task.driver.map_or(model::Driver::Unspecified, driver_to_wire).into(),
        constraints: variables_to_wire(&task.constraints),
        allow_failure: task.allow_failure,
        conditions: task.conditions.iter().map(condition_to_wire).collect(),
        inputs: named_to_wire(&task.inputs),
        kind: kind_to_wire(&task.kind),
        secret_env: variables_to_wire(&task.secret_env),
        secret_files: variables_to_wire(&task.secret_files),
    }
}

fn task_from_wire(task: model::TaskConfig) -> Result<TaskConfig> {
    let mut depends_on = std::collections::BTreeMap::new();
    for dependency in &task.depends_on {
        let parent = task_id(&dependency.task, "depends_on")?;
        if depends_on.insert(parent, requirement_from_wire(dependency.requirement)?).is_some() {
            return Err(DecodeError::new("depends_on", format!("{:?} comes twice; keep one", dependency.task)));
        }
    }
    Ok(TaskConfig {
        description: task.description,
        image: some_text(task.image),
        pull: pull_from_wire(task.pull)?,
        entrypoint: task.entrypoint,
        command: task.command,
        environment: variables_from_wire(task.environment, "environment")?,
        working_directory: some_text(task.working_directory),
        depends_on,
        retry: task.retry.as_ref().map(retry_from_wire).transpose()?.unwrap_or_default(),
        timeout: task.timeout.as_ref().map(|value| duration_from_wire(value, "timeout")).transpose()?,
        resources: resources_from_wire(task.resources.as_ref()),
        driver: driver_option(task.driver)?,
        constraints: variables_from_wire(task.constraints, "constraints")?,
        allow_failure: task.allow_failure,
        conditions: task.conditions.into_iter().map(condition_from_wire).collect::<Result<_>>()?,
        inputs: named_from_wire(task.inputs, "inputs")?,
        kind: kind_from_wire(task.kind)?,
        secret_env: variables_from_wire(task.secret_env, "secret_env")?,
        secret_files: variables_from_wire(task.secret_files, "secret_files")?,
    })
}

pub(super) fn pull_to_wire(pull: PullPolicy) -> model::PullPolicy {
    match pull {
        PullPolicy::IfNotPresent => model::PullPolicy::IfNotPresent,
        PullPolicy::Always => model::PullPolicy::Always,
        PullPolicy::Never => model::PullPolicy::Never,
    }
}

pub(super) fn pull_from_wire(pull: i32) -> Result<PullPolicy> {
    match model::PullPolicy::try_from(pull) {
        Ok(model::PullPolicy::Unspecified | model::PullPolicy::IfNotPresent) => Ok(PullPolicy::IfNotPresent),
        Ok(model::PullPolicy::Always) => Ok(PullPolicy::Always),
        Ok(model::PullPolicy::Never) => Ok(PullPolicy::Never),
        Err(_) => Err(unknown("pull", pull)),
    }
}

/// A driver, where that may be left open.
pub(super) fn driver_option(driver: i32) -> Result<Option<DriverKind>> {
    match model::Driver::try_from(driver) {
        Ok(model::Driver::Unspecified) => Ok(None),
        _ => driver_from_wire(driver).map(Some),
    }
}

pub(super) fn some_text(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn dependency_to_wire(parent: &TaskId, requirement: Requirement) -> model::Dependency {
    let requirement = match requirement {
        Requirement::Success => model::Requirement::Success,
        Requirement::Failure => model::Requirement::Failure,
        Requirement::Any => model::Requirement::Any,
    };
    model::Dependency { task: parent.to_string(), requirement: requirement.into() }
}

fn requirement_from_wire(requirement: i32) -> Result<Requirement> {
    match model::Requirement::try_from(requirement) {
        Ok(model::Requirement::Unspecified | model::Requirement::Success) => Ok(Requirement::Success),
        Ok(model::Requirement::Failure) => Ok(Requirement::Failure),
        Ok(model::Requirement::Any) => Ok(Requirement::Any),
        Err(_) => Err(unknown("depends_on.requirement", requirement)),
    }
}

fn retry_to_wire(retry: &RetryPolicy) -> model::RetryPolicy {
    model::RetryPolicy {
        attempts: retry.attempts,
        backoff: Some(duration_to_wire(retry.backoff)),
        backoff_max: Some(duration_to_wire(retry.backoff_max)),
        multiplier_percent: retry.multiplier_percent,
        give_up_when_lost: !retry.retry_lost,
    }
}

/// Zero and absent mean the default of that field.
fn retry_from_wire(retry: &model::RetryPolicy) -> Result<RetryPolicy> {
    let default = RetryPolicy::default();
    let duration = |value: Option<&prost_types::Duration>, field, default| {
        value.map_or(Ok(default), |value| duration_from_wire(value, field))
    };
    Ok(RetryPolicy {
        attempts: if retry.attempts == 0 { default.attempts } else { retry.attempts },
        backoff: duration(retry.backoff.as_ref(), "retry.backoff", default.backoff)?,
        backoff_max: duration(retry.backoff_max.as_ref(), "retry.backoff_max", default.backoff_max)?,
        multiplier_percent: match retry.multiplier_percent {
            0 => default.multiplier_percent,
            percent => percent,
        },
        retry_lost: !retry.give_up_when_lost,
    })
}

pub(super) fn resources_to_wire(resources: Resources) -> model::Resources {
    model::Resources { cpu_millis: resources.cpu_millis, memory_bytes: resources.memory_bytes }
}

pub(super) fn resources_from_wire(resources: Option<&model::Resources>) -> Resources {
    resources.map_or_else(Resources::default, |resources| Resources {
        cpu_millis: resources.cpu_millis,
        memory_bytes: resources.memory_bytes,
    })
}

/// A driver as a message.
#[must_use]
pub fn driver_to_wire(driver: DriverKind) -> model::Driver {
    match driver {
        DriverKind::Process => model::Driver::Process,
        DriverKind::Docker => model::Driver::Docker,
    }
}

/// A message as a driver.
///
/// # Errors
/// When it names none.
pub fn driver_from_wire(driver: i32) -> Result<DriverKind> {
    match model::Driver::try_from(driver) {
        Ok(model::Driver::Process) => Ok(DriverKind::Process),
        Ok(model::Driver::Docker) => Ok(DriverKind::Docker),
        Ok(model::Driver::Unspecified) | Err(_) => Err(unknown("driver", driver)),
    }
}
