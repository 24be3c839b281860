//! Values while an author declares them: parameters, outputs, conditions, and runs of other pipelines.

use std::collections::BTreeMap;

use crate::config::{
    ConditionConfig, ItemsConfig, KindConfig, ParameterKind, RunConfig, TestConfig, UsesConfig, ValueConfig,
};
use crate::pipeline::Pipeline;
use crate::task::Task;

/// Where a text comes from: it stands here, or it is known only in the run.
///
/// Texts are values as they are; [`Task::output`], [`ParameterBuilder::handle`], [`variable`] and [`item`] make the
/// others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value(Of);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Of {
    Text(String),
    Variable(String),
    Output(Task, String),
    Item,
}

/// A variable of the run, else of the pipeline's environment.
pub fn variable(name: impl Into<String>) -> Value {
    Value(Of::Variable(name.into()))
}

/// The element that a task is at which runs a pipeline for each of several.
#[must_use]
pub fn item() -> Value {
    Value(Of::Item)
}

impl Task {
    /// What the task writes to the file that `GOFER_OUTPUTS` names, as a line `NAME=value`.
    pub fn output(&self, name: impl Into<String>) -> Value {
        Value(Of::Output(*self, name.into()))
    }
}

impl Value {
    /// The value is there, and this text.
    #[must_use]
    pub fn is(&self, text: impl Into<String>) -> Condition {
        self.is_one_of([text])
    }

    /// The value is there, and one of these.
    #[must_use]
    pub fn is_one_of<T: Into<String>>(&self, texts: impl IntoIterator<Item = T>) -> Condition {
        Condition { value: self.clone(), test: TestConfig::Is(texts.into_iter().map(Into::into).collect()) }
    }

    /// The value is not there, or another text.
    #[must_use]
    pub fn is_not(&self, text: impl Into<String>) -> Condition {
        self.is_none_of([text])
    }

    /// The value is not there, or none of these.
    #[must_use]
    pub fn is_none_of<T: Into<String>>(&self, texts: impl IntoIterator<Item = T>) -> Condition {
        Condition { value: self.clone(), test: TestConfig::IsNot(texts.into_iter().map(Into::into).collect()) }
    }

    /// As plain data, with what finds the id of a task; none for a task of another pipeline.
    fn to_config(&self, id: &impl Fn(Task) -> Option<String>) -> Option<ValueConfig> {
        Some(match &self.0 {
            Of::Text(text) => ValueConfig::Text(text.clone()),
            Of::Variable(name) => ValueConfig::Variable(name.clone()),
            Of::Output(task, name) => ValueConfig::Output { task: id(*task)?, name: name.clone() },
            Of::Item => ValueConfig::Item,
        })
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self(Of::Text(text))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self(Of::Text(text.to_owned()))
    }
}

impl From<&Value> for Value {
    fn from(value: &Value) -> Self {
        value.clone()
    }
}

/// What must hold for a task to run; otherwise it is skipped. [`Value::is`] and its like make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    value: Value,
    test: TestConfig,
}

/// A run of another pipeline of the namespace, or several.
///
/// ```
/// # let mut pipeline = gofer_sdk::Pipeline::new("p");
/// # let plan = pipeline.task("plan").command(["./plan"]).handle();
/// use gofer_sdk::{Run, item};
///
/// let each = Run::pipeline("deploy-one").for_each(plan.output("HOSTS")).variable("HOST", item()).parallelism(4);
/// pipeline.run("deploy", each).after(&plan);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pipeline: String,
    variables: BTreeMap<String, Value>,
    for_each: Option<Items>,
    parallelism: u32,
}

impl Run {
    /// One run of a pipeline.
    pub fn pipeline(id: impl Into<String>) -> Self {
        Self { pipeline: id.into(), variables: BTreeMap::new(), for_each: None, parallelism: 0 }
    }

    /// A variable that the runs are given; the last one of a name counts.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// A run for each of these, or for each line of a value; [`item`] is the one that a run is for.
    #[must_use]
    pub fn for_each(mut self, items: impl Into<Items>) -> Self {
        self.for_each = Some(items.into());
        self
    }

    /// Most of the runs at the same time; 0, the default, means no limit.
    #[must_use]
    pub fn parallelism(mut self, runs: u32) -> Self {
        self.parallelism = runs;
        self
    }
}

/// A shared task, which an operator has installed, with what it is given for its parameters. The container and the secrets
/// are its own.
///
/// ```
/// # let mut pipeline = gofer_sdk::Pipeline::new("p");
/// # let build = pipeline.task("build").command(["make"]).handle();
/// use gofer_sdk::SharedTask;
///
/// let notify = SharedTask::named("notify-slack").setting("TEXT", build.output("SUMMARY"));
/// pipeline.uses("tell", notify).after(&build);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedTask {
    task: String,
    version: u64,
    settings: BTreeMap<String, Value>,
}

impl SharedTask {
    /// The version that is live when a run is created.
    pub fn named(task: impl Into<String>) -> Self {
        Self { task: task.into(), version: 0, settings: BTreeMap::new() }
    }

    /// This version, whichever is live. 0, the default, means the live one.
    #[must_use]
    pub fn version(mut self, version: u64) -> Self {
        self.version = version;
        self
    }

    /// What it is given for a parameter; the last one of a name counts.
    #[must_use]
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.settings.insert(name.into(), value.into());
        self
    }
}

/// The elements for each of which a pipeline is run: a list of texts, or the lines of a [`Value`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Items(Elements);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Elements {
    These(Vec<String>),
    Lines(Value),
}

impl From<Value> for Items {
    fn from(value: Value) -> Self {
        Self(Elements::Lines(value))
    }
}

impl From<&Value> for Items {
    fn from(value: &Value) -> Self {
        value.clone().into()
    }
}

impl<T: Into<String>> From<Vec<T>> for Items {
    fn from(texts: Vec<T>) -> Self {
        Self(Elements::These(texts.into_iter().map(Into::into).collect()))
    }
}

impl<T: Into<String>, const N: usize> From<[T; N]> for Items {
    fn from(texts: [T; N]) -> Self {
        Self(Elements::These(texts.into_iter().map(Into::into).collect()))
    }
}

/// What a task takes from its run, and what it does if it is no container.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    pub(crate) when: Vec<Condition>,
    pub(crate) inputs: BTreeMap<String, Value>,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug, Default)]
pub(crate) enum Kind {
    #[default]
    Container,
    Approval(Vec<String>),
    Run(Run),
    Uses(SharedTask),
}

/// The same as plain data.
pub(crate) struct Resolved {
    pub(crate) when: Vec<ConditionConfig>,
    pub(crate) inputs: BTreeMap<String, ValueConfig>,
    pub(crate) kind: KindConfig,
    /// Paths, below the task's, of the values that name a task of another pipeline; those are left out.
    pub(crate) foreign: Vec<String>,
}

impl Draft {
    pub(crate) fn resolve(&self, id: &impl Fn(Task) -> Option<String>) -> Resolved {
        let mut foreign = Vec::new();
        let mut when = Vec::new();
        for (number, Condition { value, test }) in self.when.iter().enumerate() {
            match value.to_config(id) {
                Some(value) => when.push(ConditionConfig { value, test: test.clone() }),
                None => foreign.push(format!("conditions.{number}")),
            }
        }
        let inputs = named("inputs", &self.inputs, id, &mut foreign);
        let kind = match &self.kind {
            Kind::Container => KindConfig::Container,
            Kind::Approval(approvers) => KindConfig::Approval(approvers.clone()),
            Kind::Run(run) => KindConfig::Run(Box::new(RunConfig {
                pipeline: run.pipeline.clone(),
                variables: named("call.variables", &run.variables, id, &mut foreign),
                for_each: match &run.for_each {
                    None => None,
                    Some(Items(Elements::These(texts))) => Some(ItemsConfig::These(texts.clone())),
                    Some(Items(Elements::Lines(value))) => {
                        let value = value.to_config(id);
                        if value.is_none() {
                            foreign.push("call.for_each".to_owned());
                        }
                        value.map(ItemsConfig::Lines)
                    }
                },
                parallelism: run.parallelism,
            })),
            Kind::Uses(shared) => KindConfig::Uses(UsesConfig {
                task: shared.task.clone(),
                version: shared.version,
                settings: named("settings", &shared.settings, id, &mut foreign),
            }),
        };
        Resolved { when, inputs, kind, foreign }
    }
}

fn named(
    field: &str,
    values: &BTreeMap<String, Value>,
    id: &impl Fn(Task) -> Option<String>,
    foreign: &mut Vec<String>,
) -> BTreeMap<String, ValueConfig> {
    let mut found = BTreeMap::new();
    for (name, value) in values {
        match value.to_config(id) {
            Some(value) => drop(found.insert(name.clone(), value)),
            None => foreign.push(format!("{field}.{}", name.escape_debug())),
        }
    }
    found
}

/// Declares a parameter. It belongs to the pipeline from the start and takes any text, unless more is said;
/// [`handle`](Self::handle) is for tasks that look at it.
#[derive(Debug)]
pub struct ParameterBuilder<'p> {
    pipeline: &'p mut Pipeline,
    index: usize,
}

impl<'p> ParameterBuilder<'p> {
    pub(crate) fn new(pipeline: &'p mut Pipeline, index: usize) -> Self {
        Self { pipeline, index }
    }

    fn set(self, change: impl FnOnce(&mut crate::config::ParameterConfig)) -> Self {
        if let Some((_, parameter)) = self.pipeline.parameters.get_mut(self.index) {
            change(parameter);
        }
        self
    }

    fn kind(self, kind: ParameterKind) -> Self {
        self.set(|parameter| parameter.kind = kind)
    }

    /// The value that a run was given. Tasks have it in their environment anyway; conditions, inputs and runs of other
    /// pipelines take this.
    #[must_use]
    pub fn handle(self) -> Value {
        variable(self.pipeline.parameters.get(self.index).map(|(name, _)| name.clone()).unwrap_or_default())
    }

    /// For people; at most 4 KiB.
    pub fn description(self, text: impl Into<String>) -> Self {
        self.set(|parameter| parameter.description = text.into())
    }

    /// Takes a whole number of this range, written in decimal without leading zeros.
    pub fn integer(self, range: std::ops::RangeInclusive<i64>) -> Self {
        let (least, most) = range.into_inner();
        self.kind(ParameterKind::Integer { least, most })
    }

    /// Takes `true` or `false`.
    pub fn boolean(self) -> Self {
        self.kind(ParameterKind::Boolean)
    }

    /// Takes one of these.
    pub fn choice<T: Into<String>>(self, choices: impl IntoIterator<Item = T>) -> Self {
        self.kind(ParameterKind::Choice(choices.into_iter().map(Into::into).collect()))
    }

    /// Takes any number of lines, none of them empty.
    pub fn list(self) -> Self {
        self.kind(ParameterKind::List)
    }

    /// What holds when a run is given none. Without a default, every run must be given one.
    pub fn default(self, text: impl Into<String>) -> Self {
        self.set(|parameter| parameter.default = Some(text.into()))
    }
}
