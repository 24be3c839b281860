//! Shared tasks: pipelines of one container in a namespace of their own, which tasks of other pipelines run in their
//! place. Their parameters are what such a task may set.
//!
//! Which version a run gets is decided when it is created, and is in its record from then on. What the task is given is
//! known only when it begins; so that is checked then, and before, as far as it is known.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::call;
use crate::config::{PipelineConfig, RetryPolicy, TaskConfig};
use crate::ids::{NamespaceId, PipelineId, PipelineKey, TaskId, Version};
use crate::parameter;
use crate::rejection::{Reason, Rejection};
use crate::state::{History, LiveRun, Pipeline, State};
use crate::values::{Scope, SharedTask, TaskKind, Value};

/// The namespace of shared tasks.
pub const NAMESPACE: &str = "tasks";

/// The versions that the tasks of a run have of the shared tasks that they use. One is missing if that was not installed
/// when the run was created.
pub type Pins = BTreeMap<TaskId, Version>;

/// The configurations of those.
pub type Definitions = BTreeMap<TaskId, Arc<PipelineConfig>>;

/// The pipeline that a shared task is.
#[must_use]
pub fn key(name: &PipelineId) -> PipelineKey {
    PipelineKey { namespace: NamespaceId::shared_tasks(), pipeline: name.clone() }
}

/// The one container of a shared task; none if the pipeline is no such.
#[must_use]
pub fn container_of(config: &PipelineConfig) -> Option<&TaskConfig> {
    let mut tasks = config.tasks.values();
    let only = tasks.next().filter(|task| task.kind == TaskKind::Container)?;
    tasks.next().is_none().then_some(only)
}

/// What the tasks of a run execute that use a shared task.
pub fn definitions(
    config: &PipelineConfig,
    pins: &Pins,
    find: impl Fn(&PipelineKey, Version) -> Option<Arc<PipelineConfig>>,
) -> Definitions {
    // By what is recorded alone: a version that was installed since is none of the run's.
    let found = pins.iter().filter_map(|(id, version)| {
        let shared = config.tasks.get(id)?.shared()?;
        Some((id.clone(), find(&key(&shared.name), *version)?))
    });
    found.collect()
}

/// What is launched for a task of a run: its own container, or that of the shared task that it uses.
#[must_use]
pub fn container<'a>(live: &'a LiveRun, id: &TaskId) -> Option<&'a TaskConfig> {
    let task = live.config.tasks.get(id)?;
    match task.kind {
        TaskKind::Shared(_) => container_of(live.shared.get(id)?),
        TaskKind::Container | TaskKind::Approval(_) | TaskKind::Pipeline(_) => Some(task),
    }
}

/// The pipeline whose secrets a task gets.
#[must_use]
pub fn secret_scope(live: &LiveRun, id: &TaskId) -> PipelineKey {
    match live.config.tasks.get(id).and_then(TaskConfig::shared) {
        Some(shared) => key(&shared.name),
        None => live.run.key.pipeline.clone(),
    }
}

/// Name and version of the shared task that a task of a run uses.
#[must_use]
pub fn used<'a>(live: &'a LiveRun, id: &TaskId) -> Option<(&'a PipelineId, Version)> {
    let shared = live.config.tasks.get(id)?.shared()?;
    Some((&shared.name, *live.run.shared.get(id)?))
}

/// The variables of what is launched for a task, besides those that every attempt gets. Later ones win: the pipeline's,
/// the task's, those of the run, and what the task takes from it. A shared task has its own of all these, and its
/// settings for a run's.
#[must_use]
pub fn environment(live: &LiveRun, id: &TaskId) -> BTreeMap<String, String> {
    let Some(task) = live.config.tasks.get(id) else { return BTreeMap::new() };
    let mut all = BTreeMap::new();
    let mut add = |variables: &BTreeMap<String, String>| {
        all.extend(variables.iter().map(|(name, value)| (name.clone(), value.clone())));
    };
    if let TaskKind::Shared(shared) = &task.kind {
        let Some(definition) = live.shared.get(id) else { return all };
        let settings = call::scope(live, None, |scope| settings(id, shared, definition, scope)).unwrap_or_default();
        add(&definition.variables);
        if let Some(container) = container_of(definition) {
            add(&container.environment);
            add(&settings);
            let outputs = |_: &TaskId| None;
            let scope = Scope { run: &settings, pipeline: &definition.variables, outputs: &outputs, item: None };
            let inputs = container.inputs.iter();
            all.extend(inputs.filter_map(|(name, value)| Some((name.clone(), scope.get(value).ok()?))));
        }
        return all;
    }
    add(&live.config.variables);
    add(&task.environment);
    add(&live.run.options.variables);
    all.extend(call::inputs(live, id));
    all
}

/// Why a task can't begin that uses a shared task, in words; none if it can.
pub(crate) fn obstacle(live: &LiveRun, id: &TaskId, shared: &SharedTask, scope: Scope<'_>) -> Option<String> {
    let name = &shared.name;
    let Some(definition) = live.shared.get(id) else {
        let version = shared.version.map_or(String::new(), |version| format!(" version {version} of"));
        return Some(format!(
            "it uses{version} the shared task {name}, which was not installed when the run was created"
        ));
    };
    if container_of(definition).is_none() {
        return Some(format!("it uses {}, which is no shared task, as it is not one container", key(name)));
    }
    settings(id, shared, definition, scope).err()
}

/// What a shared task is given: a value for each of its parameters.
fn settings(
    id: &TaskId,
    shared: &SharedTask,
    definition: &PipelineConfig,
    scope: Scope<'_>,
) -> Result<BTreeMap<String, String>, String> {
    let mut given = BTreeMap::new();
    for (name, value) in &shared.settings {
        let value = scope.get(value).map_err(|missing| format!("its setting {name} needs {missing}"))?;
        given.insert(name.clone(), value);
    }
    check_settings(id, shared, definition, &given, &BTreeMap::<_, ()>::new())
        .and_then(|()| parameter::resolve(definition, &given))
        .map_err(|faults| faults.first().map_or(String::new(), |fault| fault.message.clone()))
}

/// Checks settings as far as they are known: `computed` are those whose values are not.
fn check_settings<T>(
    id: &TaskId,
    shared: &SharedTask,
    definition: &PipelineConfig,
    given: &BTreeMap<String, String>,
    computed: &BTreeMap<String, T>,
) -> Result<(), Vec<Rejection>> {
    let name = &shared.name;
    let mut faults = Vec::new();
    if definition.parameters.is_empty() && !(given.is_empty() && computed.is_empty()) {
        let message = format!("the shared task {name} has no settings");
        faults.push(Rejection::new(Reason::InvalidArgument, message).help("take them out"));
    } else {
        faults.extend(parameter::check(definition, given, computed).err().into_iter().flatten());
    }
    for fault in &mut faults {
        let setting = fault.field.strip_prefix("variables.").map_or(String::new(), |name| format!(".{name}"));
        fault.field = format!("tasks.{id}.settings{setting}");
        fault.message = format!("task {id} uses the shared task {name}: {}", fault.message);
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// A shared task as far as it is installed.
fn installed<'a>(state: &'a State, id: &TaskId, shared: &SharedTask) -> Result<&'a Pipeline, Rejection> {
    let name = &shared.name;
    let at = |message: String| Rejection::new(Reason::FailedPrecondition, message).field(format!("tasks.{id}.uses"));
    let found = state.pipelines.get(&key(name)).filter(|pipeline| !pipeline.deleted).ok_or_else(|| {
        at(format!("task {id} uses the shared task {name}, which is not installed"))
            .help(format!("install it (gofer task install {name}), or take the task out"))
    })?;
    match shared.version {
        Some(version) if !(Version(1)..=found.version).contains(&version) => Err(at(format!(
            "task {id} uses version {version} of the shared task {name}, which has none of that number"
        ))
        .help(format!("use a version from 1 to {}, or name none", found.version))),
        _ => Ok(found),
    }
}

/// The versions for a new run, and what is in its way. Those that are known stay.
pub(crate) fn pin(state: &State, config: &PipelineConfig, known: &Pins) -> (Pins, Vec<Rejection>) {
    let (mut pins, mut faults) = (Pins::new(), Vec::new());
    for (id, shared) in config.tasks.iter().filter_map(|(id, task)| Some((id, task.shared()?))) {
        match installed(state, id, shared) {
            Ok(found) if !found.enabled => {
                let message = format!("task {id} uses the shared task {}, which is disabled", shared.name);
                let fault = Rejection::new(Reason::FailedPrecondition, message).field(format!("tasks.{id}.uses"));
                faults.push(fault.help("enable it first"));
            }
            Ok(found) => {
                let version = shared.version.or_else(|| known.get(id).copied()).unwrap_or(found.releases.live);
                pins.insert(id.clone(), version);
            }
            Err(fault) => faults.push(fault),
        }
    }
    (pins, faults)
}

/// What is wrong with the use that a pipeline makes of shared tasks, as far as it can be told now: one that is missing or
/// disabled, a version that there is none of, settings that don't fit.
#[must_use]
pub fn problems(state: &State, history: &dyn History, config: &PipelineConfig) -> Vec<Rejection> {
    let (_, mut faults) = pin(state, config, &Pins::new());
    faults.extend(misuses(state, history, config));
    faults
}

/// Settings that don't fit, and versions that there are none of, of what is installed.
#[must_use]
pub fn misuses(state: &State, history: &dyn History, config: &PipelineConfig) -> Vec<Rejection> {
    let mut faults = Vec::new();
    for (id, shared) in config.tasks.iter().filter_map(|(id, task)| Some((id, task.shared()?))) {
        let is_known = state.pipelines.get(&key(&shared.name)).is_some_and(|pipeline| !pipeline.deleted);
        if !is_known {
            continue;
        }
        let found = match installed(state, id, shared) {
            Ok(found) => found,
            Err(fault) => {
                faults.push(fault);
                continue;
            }
        };
        let version = shared.version.unwrap_or(found.releases.live);
        let cold = || history.config(&found.key, version);
        let Some(definition) = found.config_of(version).cloned().or_else(cold) else { continue };
        if container_of(&definition).is_none() {
            let message = format!("task {id} uses {}, which is no shared task: it is not one container", found.key);
            let fault = Rejection::new(Reason::InvalidArgument, message).field(format!("tasks.{id}.uses"));
            faults.push(fault.help("install the shared task under another name"));
            continue;
        }
        let (mut given, mut computed) = (BTreeMap::new(), BTreeMap::new());
        for (name, value) in &shared.settings {
            match value {
                Value::Text(text) => drop(given.insert(name.clone(), text.clone())),
                Value::Variable(_) | Value::Output { .. } | Value::Item => drop(computed.insert(name.clone(), ())),
            }
        }
        faults.extend(check_settings(id, shared, &definition, &given, &computed).err().into_iter().flatten());
    }
    faults
}

/// Checks that a pipeline can be a shared task.
///
/// # Errors
/// Every fault.
pub fn check_definition(config: &PipelineConfig) -> Result<(), Vec<Rejection>> {
    let mut faults = Vec::new();
    let mut add = |field: String, message: String, help: &str| {
        faults.push(Rejection::new(Reason::InvalidArgument, message).field(field).help(help));
    };
    let name = &config.id;
    if container_of(config).is_none() {
        let message = format!("the shared task {name} has {} tasks, or one that is no container", config.tasks.len());
        add("tasks".into(), message, "a shared task is a pipeline of exactly one container");
    }
    for (id, task) in &config.tasks {
        let says = [
            ("conditions", !task.conditions.is_empty()),
            ("retry", task.retry.attempts != RetryPolicy::default().attempts),
            ("timeout", task.timeout.is_some()),
            ("allow_failure", task.allow_failure),
        ];
        for (field, _) in says.into_iter().filter(|(_, says)| *says) {
            let message = format!("the shared task {name} has {field}, which is up to the tasks that use it");
            add(format!("tasks.{id}.{field}"), message, "take it out, and say it where the task is used");
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// The shared tasks that a pipeline names, in its live or newest version, or that of a release in progress; some come twice.
pub(crate) fn named_by(pipeline: &Pipeline) -> impl Iterator<Item = &PipelineId> {
    let released = pipeline.releases.active.as_ref().map(|active| &active.config);
    let configs = [&pipeline.config, &pipeline.releases.config].into_iter().chain(released);
    configs.flat_map(|config| config.tasks.values()).filter_map(TaskConfig::shared).map(|shared| &shared.name)
}

/// The pipelines that name a shared task, in their live or newest version, or that of a release in progress.
#[must_use]
pub fn users<'a>(state: &'a State, name: &PipelineId) -> Vec<&'a PipelineKey> {
    let uses = |pipeline: &&Pipeline| !pipeline.deleted && named_by(pipeline).any(|named| named == name);
    state.pipelines.values().filter(uses).map(|pipeline| &pipeline.key).collect()
}

/// Some of the pipelines that name a shared task, for a message.
pub(crate) fn listed(users: &[&PipelineKey]) -> String {
    const SHOWN: usize = 10;
    let shown: Vec<String> = users.iter().take(SHOWN).map(ToString::to_string).collect();
    let others = users.len().saturating_sub(SHOWN);
    let others = if others == 0 { String::new() } else { format!(" and {others} more") };
    format!("{}{others}", shown.join(", "))
}
