//! A pipeline made ready for a local run: some of its tasks, other values, stubs. Nothing else is changed, so that what
//! runs is what a cluster would run. Pure.

use std::collections::{BTreeMap, BTreeSet};

use gofer_wire::model::v1 as model;

use super::{DriverChoice, Needs};
use crate::error::Error;
use crate::pipeline_file::fault::nearest;

/// What a stub runs: it prints two texts, and ends with a code. Any node has this shell.
const STUB: &str = r#"printf '%s' "$1"; printf '%s' "$2" >&2; exit "$3""#;
/// Most names that an error lists.
const NAMES_MAX: usize = 20;

/// What takes the place of a task's program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stub {
    pub(super) exit_code: u8,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// What is to be different from the pipeline as it is written.
#[derive(Clone, Debug, Default)]
pub(super) struct Shape {
    /// Empty: all tasks.
    pub(super) only: Vec<String>,
    pub(super) with_parents: bool,
    /// Of every task.
    pub(super) env: BTreeMap<String, String>,
    pub(super) driver: Option<DriverChoice>,
    pub(super) stubs: BTreeMap<String, Stub>,
}

impl Shape {
    /// Applies it; returns the tasks that are taken to have ended as those that run want it.
    ///
    /// # Errors
    /// When it names a task that the pipeline has not, or wants Docker to launch one without an image.
    pub(super) fn apply(&self, config: &mut model::PipelineConfig) -> Result<Vec<String>, Error> {
        for id in self.only.iter().chain(self.stubs.keys()) {
            known(config, id)?;
        }
        let passed = self.select(config);
        for task in &mut config.tasks {
            let stub = self.stubs.get(&task.id);
            if let Some(stub) = stub {
                stub.replace(task);
            }
            // Nothing runs in a task that waits for people or for other runs.
            if task.kind.is_some() {
                continue;
            }
            for (name, value) in &self.env {
                // No cluster is there to give it the secret.
                task.secret_env.retain(|variable| variable.name != *name);
                set(&mut task.environment, name, value);
            }
            match self.driver.filter(|_| stub.is_none()) {
                Some(DriverChoice::Process) => task.driver = model::Driver::Process.into(),
                Some(DriverChoice::Docker) => task.driver = model::Driver::Docker.into(),
                None => {}
            }
        }
        let bare = |task: &&model::TaskConfig| task.driver() == model::Driver::Docker && task.image.is_empty();
        let bare: Vec<&str> = config.tasks.iter().filter(bare).map(|task| task.id.as_str()).collect();
        if !bare.is_empty() {
            let message = format!("Docker can't launch tasks without an image: {}", list(&bare));
            return Err(Error::usage(message, "name their images, leave the driver to each task, or choose process"));
        }
        Ok(passed)
    }

    fn select(&self, config: &mut model::PipelineConfig) -> Vec<String> {
        if self.only.is_empty() {
            return Vec::new();
        }
        let mut chosen: BTreeSet<String> = self.only.iter().cloned().collect();
        let mut new: Vec<String> = self.only.clone();
        while let (true, Some(id)) = (self.with_parents, new.pop()) {
            let task = config.tasks.iter().find(|task| task.id == id);
            let parents = task.into_iter().flat_map(|task| &task.depends_on).map(|parent| parent.task.clone());
            new.extend(parents.filter(|parent| chosen.insert(parent.clone())));
        }
        config.tasks.retain(|task| chosen.contains(&task.id));
        let mut passed = BTreeSet::new();
        for task in &mut config.tasks {
            let parents = task.depends_on.iter().map(|parent| parent.task.clone());
            passed.extend(parents.filter(|parent| !chosen.contains(parent)));
            task.depends_on.retain(|parent| chosen.contains(&parent.task));
            // What a task that is left out would have put out is not there to be looked at.
            let is_there = |value: &Option<model::Value>| match value.as_ref().and_then(|value| value.kind.as_ref()) {
                Some(model::value::Kind::Output(output)) => chosen.contains(&output.task),
                _ => true,
            };
            task.conditions.retain(|condition| is_there(&condition.value));
            task.inputs.retain(|input| is_there(&input.value));
        }
        passed.into_iter().collect()
    }
}

impl Stub {
    fn replace(&self, task: &mut model::TaskConfig) {
        let words = ["/bin/sh", "-c", STUB, "stub", &self.stdout, &self.stderr, &self.exit_code.to_string()];
        task.entrypoint = Vec::new();
        task.command = words.map(str::to_owned).to_vec();
        task.image = String::new();
        task.pull = model::PullPolicy::Unspecified.into();
        task.driver = model::Driver::Process.into();
        task.working_directory = String::new();
        task.resources = None;
        task.kind = None;
        task.inputs = Vec::new();
        task.secret_env = Vec::new();
        task.secret_files = Vec::new();
        task.constraints = Vec::new();
        if let Some(retry) = &mut task.retry {
            // Nobody wants to wait for what fails on purpose.
            retry.backoff = Some(prost_types::Duration::default());
            retry.backoff_max = Some(prost_types::Duration::default());
        }
    }
}

/// Finds out what a node must have for this pipeline.
///
/// # Errors
/// When a task asks for labels that the node is not to have.
pub(super) fn needs(config: &model::PipelineConfig, labels: &BTreeMap<String, String>) -> Result<Needs, Error> {
    let mut missing = BTreeSet::new();
    let mut lines = Vec::new();
    for task in &config.tasks {
        for label in task.constraints.iter().filter(|label| labels.get(&label.name) != Some(&label.value)) {
            lines.push(format!("task {} asks for a node labelled {}={}", task.id, label.name, label.value));
            missing.insert(format!("--label {}={}", label.name, label.value));
        }
    }
    if !lines.is_empty() {
        lines.truncate(NAMES_MAX);
        let flags: Vec<String> = missing.into_iter().collect();
        let help = format!("give the local node the labels if this machine has what they promise: {}", flags.join(" "));
        return Err(Error::usage(format!("{}, and the local node is not", lines.join("; ")), help));
    }
    let is = |driver| config.tasks.iter().any(|task| task.driver() == driver);
    let may_be_container =
        config.tasks.iter().any(|task| task.driver() == model::Driver::Unspecified && !task.image.is_empty());
    let drivers = match (is(model::Driver::Docker), may_be_container) {
        (true, _) => Some(vec!["process", "docker"]),
        (false, true) => None,
        (false, false) => Some(vec!["process"]),
    };
    Ok(Needs { drivers, labels: labels.clone(), ..Needs::default() })
}

/// Tasks with an image that may be run without it, and those that can't, on a node without Docker.
pub(super) fn without_docker(config: &model::PipelineConfig) -> (Vec<&str>, Vec<&str>) {
    let (mut able, mut unable) = (Vec::new(), Vec::new());
    let undecided = config.tasks.iter().filter(|task| task.driver() == model::Driver::Unspecified);
    for task in undecided.filter(|task| !task.image.is_empty()) {
        let has_program = !task.command.is_empty() || !task.entrypoint.is_empty();
        if has_program { able.push(task.id.as_str()) } else { unable.push(task.id.as_str()) }
    }
    (able, unable)
}

/// That the pipeline has this task.
pub(super) fn known(config: &model::PipelineConfig, id: &str) -> Result<(), Error> {
    let ids: Vec<&str> = config.tasks.iter().map(|task| task.id.as_str()).collect();
    if ids.contains(&id) {
        return Ok(());
    }
    let help = match nearest(id, &ids) {
        Some(near) => format!("did you mean {near:?}?"),
        None => format!("its tasks are {}", list(&ids)),
    };
    Err(Error::usage(format!("pipeline {} has no task {id:?}", config.id), help))
}

/// Names, the first of them if there are many.
pub(super) fn list(names: &[&str]) -> String {
    let shown = names.iter().take(NAMES_MAX).copied().collect::<Vec<_>>().join(", ");
    if names.len() > NAMES_MAX { format!("{shown} and {} more", names.len() - NAMES_MAX) } else { shown }
}

fn set(variables: &mut Vec<model::Variable>, name: &str, value: &str) {
    match variables.binary_search_by(|variable| variable.name.as_str().cmp(name)) {
        Ok(at) => {
            if let Some(variable) = variables.get_mut(at) {
                variable.value = value.to_owned();
            }
        }
        Err(at) => variables.insert(at, model::Variable { name: name.to_owned(), value: value.to_owned() }),
    }
}

#[cfg(test)]
#[path = "shape/tests.rs"]
mod tests;
