//! A pipeline file as the plain data that `gofer-sdk` checks.

use gofer_sdk::Source;
use gofer_sdk::config as sdk;

use super::document::values::Value;
use super::document::{Document, DriverName, Overlap, Place, Pull, Requirement, Table, Task};

pub(super) fn declared(document: &Document) -> sdk::PipelineConfig {
    sdk::PipelineConfig {
        id: document.id.clone(),
        description: document.description.clone(),
        parallelism: document.parallelism,
        overlap: match document.overlap {
            Overlap::Allow => sdk::Overlap::Allow,
            Overlap::Forbid => sdk::Overlap::Forbid,
            Overlap::Replace => sdk::Overlap::Replace,
            Overlap::Queue(length) => sdk::Overlap::Queue(length),
        },
        timeout: document.timeout.map(|span| span.0),
        env: document.env.0.iter().map(|(name, value)| (name.clone(), value.0.clone())).collect(),
        parameters: document.parameters.0.iter().map(|(name, one)| (name.clone(), one.0.clone())).collect(),
        source: document.source.as_ref().map(place),
        tasks: document.tasks.0.iter().map(|(id, task)| (id.clone(), declared_task(task))).collect(),
    }
}

fn declared_task(task: &Task) -> sdk::TaskConfig {
    let requirement = |requirement: &Requirement| match requirement {
        Requirement::Success => sdk::Requirement::Success,
        Requirement::Failure => sdk::Requirement::Failure,
        Requirement::Any => sdk::Requirement::Any,
    };
    sdk::TaskConfig {
        description: task.description.clone(),
        image: task.image.clone().unwrap_or_default(),
        pull: match task.pull {
            Pull::IfNotPresent => sdk::Pull::IfNotPresent,
            Pull::Always => sdk::Pull::Always,
            Pull::Never => sdk::Pull::Never,
        },
        entrypoint: task.entrypoint.0.clone(),
        command: task.command.0.clone(),
        working_directory: task.working_directory.clone().unwrap_or_default(),
        depends_on: task.depends_on.0.iter().map(|(parent, how)| (parent.clone(), requirement(how))).collect(),
        when: task.when.iter().map(|condition| condition.0.clone()).collect(),
        kind: declared_kind(task),
        retry: sdk::RetryConfig {
            attempts: task.retry.attempts,
            backoff: task.retry.backoff.0,
            backoff_max: task.retry.backoff_max.0,
            multiplier_percent: task.retry.multiplier.0,
            retry_lost: task.retry.retry_lost,
        },
        timeout: task.timeout.map(|span| span.0),
        cpu_millis: task.cpu.0,
        memory_bytes: task.memory.0,
        driver: task.driver.map(|driver| match driver {
            DriverName::Process => sdk::Driver::Process,
            DriverName::Docker => sdk::Driver::Docker,
        }),
        allow_failure: task.allow_failure,
        constraints: task.constraints.0.iter().map(|(name, value)| (name.clone(), value.0.clone())).collect(),
        env: task.env.0.iter().map(|(name, value)| (name.clone(), value.0.clone())).collect(),
        inputs: declared_values(&task.inputs),
        secret_env: task.secret_env.0.iter().map(|(name, value)| (name.clone(), value.0.clone())).collect(),
        secret_files: task.secret_files.0.iter().map(|(name, value)| (name.clone(), value.0.clone())).collect(),
        source: task.source.as_ref().map(place),
    }
}

fn declared_kind(task: &Task) -> sdk::KindConfig {
    if let Some(uses) = &task.uses {
        let settings = declared_values(&task.settings);
        return sdk::KindConfig::Uses(sdk::UsesConfig { task: uses.task.clone(), version: uses.version, settings });
    }
    match (&task.approval, &task.run) {
        (None, None) => sdk::KindConfig::Container,
        (Some(approval), _) => sdk::KindConfig::Approval(approval.approvers.clone()),
        (None, Some(run)) => sdk::KindConfig::Run(Box::new(sdk::RunConfig {
            pipeline: run.pipeline.clone(),
            variables: declared_values(&run.variables),
            for_each: run.for_each.as_ref().map(|items| items.0.clone()),
            parallelism: run.parallelism,
        })),
    }
}

fn declared_values(values: &Table<Value>) -> std::collections::BTreeMap<String, sdk::ValueConfig> {
    values.0.iter().map(|(name, value)| (name.clone(), value.0.clone())).collect()
}

fn place(place: &Place) -> Source {
    Source { file: place.file.clone(), line: place.line }
}

/// The place of the task or the parameter that a field names, else that of the pipeline. A cluster may prefix the field with `config.`.
pub(super) fn source<'a>(pipeline: &'a sdk::PipelineConfig, field: &str) -> Option<&'a Source> {
    let field = field.strip_prefix("config.").unwrap_or(field);
    let task = field.strip_prefix("tasks.").and_then(|rest| {
        let id = rest.split('.').next().unwrap_or(rest);
        pipeline.tasks.get(id)
    });
    let parameter = field.strip_prefix("parameters.").and_then(|rest| {
        let name = rest.split('.').next().unwrap_or(rest);
        pipeline.parameters.get(name)
    });
    let place = task.and_then(|task| task.source.as_ref());
    place.or_else(|| parameter.and_then(|parameter| parameter.source.as_ref())).or(pipeline.source.as_ref())
}
