//! Between a pipeline file and the configuration on the wire. What is absent on the wire becomes its default, so two
//! configurations that mean the same become the same file.

mod values;

use std::collections::BTreeMap;
use std::time::Duration;

use gofer_wire::model::v1 as model;

use super::document::{Document, DriverName, Overlap, Parents, Pull, Requirement, Retry, Table, Task, Words};
use super::values::{Cpu, Factor, Memory, Span, Text};

impl From<Document> for model::PipelineConfig {
    fn from(document: Document) -> Self {
        let (overlap, queue_limit) = match document.overlap {
            Overlap::Allow => (model::OverlapPolicy::Allow, 0),
            Overlap::Forbid => (model::OverlapPolicy::Forbid, 0),
            Overlap::Replace => (model::OverlapPolicy::Replace, 0),
            Overlap::Queue(limit) => (model::OverlapPolicy::Queue, limit),
        };
        Self {
            id: document.id,
            description: document.description,
            parallelism: document.parallelism,
            overlap: overlap.into(),
            queue_limit,
            timeout: document.timeout.map(duration_to_wire),
            variables: variables_to_wire(document.env),
            tasks: document.tasks.0.into_iter().map(|(id, task)| task_to_wire(id, task)).collect(),
            parameters: values::parameters_to_wire(document.parameters),
        }
    }
}

impl From<&model::PipelineConfig> for Document {
    fn from(config: &model::PipelineConfig) -> Self {
        let overlap = match config.overlap() {
            model::OverlapPolicy::Unspecified | model::OverlapPolicy::Allow => Overlap::Allow,
            model::OverlapPolicy::Forbid => Overlap::Forbid,
            model::OverlapPolicy::Replace => Overlap::Replace,
            model::OverlapPolicy::Queue => Overlap::Queue(config.queue_limit),
        };
        Self {
            format: None,
            id: config.id.clone(),
            description: config.description.clone(),
            parallelism: config.parallelism,
            overlap,
            timeout: config.timeout.as_ref().map(duration_from_wire),
            env: variables_from_wire(&config.variables),
            parameters: values::parameters_from_wire(&config.parameters),
            source: None,
            tasks: Table(config.tasks.iter().map(|task| (task.id.clone(), task_from_wire(task))).collect()),
        }
    }
}

fn task_to_wire(id: String, task: Task) -> model::TaskConfig {
    let pull = match task.pull {
        Pull::IfNotPresent => model::PullPolicy::IfNotPresent,
        Pull::Always => model::PullPolicy::Always,
        Pull::Never => model::PullPolicy::Never,
    };
    let driver = match task.driver {
        None => model::Driver::Unspecified,
        Some(DriverName::Process) => model::Driver::Process,
        Some(DriverName::Docker) => model::Driver::Docker,
    };
    model::TaskConfig {
        id,
        description: task.description,
        image: task.image.unwrap_or_default(),
        pull: pull.into(),
        entrypoint: task.entrypoint.0,
        command: task.command.0,
        environment: variables_to_wire(task.env),
        working_directory: task.working_directory.unwrap_or_default(),
        depends_on: task.depends_on.0.into_iter().map(dependency_to_wire).collect(),
        retry: (task.retry != Retry::default()).then(|| retry_to_wire(task.retry)),
        timeout: task.timeout.map(duration_to_wire),
        resources: Some(model::Resources { cpu_millis: task.cpu.0, memory_bytes: task.memory.0 }),
        driver: driver.into(),
        constraints: variables_to_wire(task.constraints),
        allow_failure: task.allow_failure,
        conditions: values::conditions_to_wire(task.when),
        inputs: values::named_to_wire(task.inputs),
        kind: values::kind_to_wire(task.approval, task.run, task.uses, task.settings),
        secret_env: variables_to_wire(task.secret_env),
        secret_files: variables_to_wire(task.secret_files),
    }
}

fn task_from_wire(task: &model::TaskConfig) -> Task {
    let resources = task.resources.unwrap_or_default();
    let text = |text: &String| (!text.is_empty()).then(|| text.clone());
    let values::Kinds { approval, run, uses, settings } = values::kind_from_wire(task.kind.as_ref());
    Task {
        description: task.description.clone(),
        image: text(&task.image),
        pull: match task.pull() {
            model::PullPolicy::Unspecified | model::PullPolicy::IfNotPresent => Pull::IfNotPresent,
            model::PullPolicy::Always => Pull::Always,
            model::PullPolicy::Never => Pull::Never,
        },
        entrypoint: Words(task.entrypoint.clone()),
        command: Words(task.command.clone()),
        working_directory: text(&task.working_directory),
        depends_on: Parents(task.depends_on.iter().map(dependency_from_wire).collect::<BTreeMap<_, _>>()),
        when: values::conditions_from_wire(&task.conditions),
        approval,
        run,
        uses,
        settings,
        retry: task.retry.as_ref().map(retry_from_wire).unwrap_or_default(),
        timeout: task.timeout.as_ref().map(duration_from_wire),
        cpu: Cpu(resources.cpu_millis),
        memory: Memory(resources.memory_bytes),
        driver: match task.driver() {
            model::Driver::Unspecified => None,
            model::Driver::Process => Some(DriverName::Process),
            model::Driver::Docker => Some(DriverName::Docker),
        },
        allow_failure: task.allow_failure,
        constraints: variables_from_wire(&task.constraints),
        secret_env: variables_from_wire(&task.secret_env),
        secret_files: variables_from_wire(&task.secret_files),
        env: variables_from_wire(&task.environment),
        inputs: values::named_from_wire(&task.inputs),
        source: None,
    }
}

fn dependency_to_wire((task, requirement): (String, Requirement)) -> model::Dependency {
    let requirement = match requirement {
        Requirement::Success => model::Requirement::Success,
        Requirement::Failure => model::Requirement::Failure,
        Requirement::Any => model::Requirement::Any,
    };
    model::Dependency { task, requirement: requirement.into() }
}

fn dependency_from_wire(dependency: &model::Dependency) -> (String, Requirement) {
    let requirement = match dependency.requirement() {
        model::Requirement::Unspecified | model::Requirement::Success => Requirement::Success,
        model::Requirement::Failure => Requirement::Failure,
        model::Requirement::Any => Requirement::Any,
    };
    (dependency.task.clone(), requirement)
}

fn retry_to_wire(retry: Retry) -> model::RetryPolicy {
    model::RetryPolicy {
        attempts: retry.attempts,
        backoff: Some(duration_to_wire(retry.backoff)),
        backoff_max: Some(duration_to_wire(retry.backoff_max)),
        multiplier_percent: retry.multiplier.0,
        give_up_when_lost: !retry.retry_lost,
    }
}

fn retry_from_wire(retry: &model::RetryPolicy) -> Retry {
    Retry {
        attempts: retry.attempts,
        backoff: retry.backoff.as_ref().map_or(Span(Duration::ZERO), duration_from_wire),
        backoff_max: retry.backoff_max.as_ref().map_or(Span(Duration::ZERO), duration_from_wire),
        multiplier: Factor(retry.multiplier_percent),
        retry_lost: !retry.give_up_when_lost,
    }
}

fn duration_to_wire(span: Span) -> prost_types::Duration {
    prost_types::Duration {
        seconds: i64::try_from(span.0.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(span.0.subsec_nanos()).unwrap_or_default(),
    }
}

fn duration_from_wire(duration: &prost_types::Duration) -> Span {
    Span(Duration::try_from(*duration).unwrap_or_default())
}

/// Sorted by name, as the wire wants it: a table is in that order.
fn variables_to_wire(table: Table<Text>) -> Vec<model::Variable> {
    table.0.into_iter().map(|(name, value)| model::Variable { name, value: value.0 }).collect()
}

fn variables_from_wire(variables: &[model::Variable]) -> Table<Text> {
    Table(variables.iter().map(|variable| (variable.name.clone(), Text(variable.value.clone()))).collect())
}
