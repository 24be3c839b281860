//! Values that pipelines are given and pass on: parameters of runs, outputs of tasks, and the conditions on both.
//!
//! Everything is text. A list is text with an element on each line, as a shell would read it.

use std::collections::BTreeMap;
use std::fmt;

use crate::ids::{PipelineId, TaskId, Version};
use crate::limits::ITEMS_MAX;

/// A value that a run is given when it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Free text for people.
    pub description: String,
    pub kind: ParameterKind,
    /// What holds when a run is given none. Without it the parameter must be given.
    pub default: Option<String>,
}

/// Which values a parameter takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ParameterKind {
    /// Any text.
    #[default]
    Text,
    /// A whole number in a range, the ends included, written in decimal.
    Integer { least: i64, most: i64 },
    /// `true` or `false`.
    Boolean,
    /// One of these.
    Choice(Vec<String>),
    /// Any number of lines, none of them empty.
    List,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// It stands here.
    Text(String),
    /// A variable of the run or, where the run has none of that name, of the pipeline.
    Variable(String),
    /// What a task has put out.
    Output { task: TaskId, name: String },
    /// The element that a pipeline task is at, of those it goes through.
    Item,
}

/// What must hold for a task to run; otherwise it is skipped. A value that is not there is no text at all, not even the
/// empty one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    pub value: Value,
    pub test: Test,
}

/// How a condition looks at its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// It is there, and equal to one of these.
    Is(Vec<String>),
    /// It is not there, or differs from all of these.
    IsNot(Vec<String>),
}

/// What a task does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TaskKind {
    /// It runs a container, or a process.
    #[default]
    Container,
    /// It waits until somebody approves.
    Approval(Approval),
    /// It runs another pipeline, once or for each element of a list, and waits for the runs' ends.
    Pipeline(Box<Call>),
    /// It runs the container of a shared task.
    Shared(Box<SharedTask>),
}

/// Whom an approval waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Approval {
    /// Who may decide, as the log names them (`user:ada`). Empty: anybody.
    pub approvers: Vec<String>,
}

/// How another pipeline of the same namespace is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub pipeline: PipelineId,
    /// Variables of the runs that it starts.
    pub variables: BTreeMap<String, Value>,
    /// The elements for each of which a run is started. None: one run.
    pub items: Option<Items>,
    /// Most of its runs at the same time. 0: no limit of its own.
    pub parallelism: u32,
}

/// How a shared task is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedTask {
    pub name: PipelineId,
    /// None: the one that is live when the run is created.
    pub version: Option<Version>,
    /// What it is given for its parameters.
    pub settings: BTreeMap<String, Value>,
}

/// The elements a pipeline task goes through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Items {
    These(Vec<String>),
    /// The lines of a value; empty ones don't count.
    Lines(Value),
}

/// What the values of a run are looked up in.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The run's own variables.
    pub run: &'a BTreeMap<String, String>,
    /// The pipeline's.
    pub pipeline: &'a BTreeMap<String, String>,
    /// The outputs of a task that succeeded.
    pub outputs: &'a dyn Fn(&TaskId) -> Option<&'a BTreeMap<String, String>>,
    /// The element a pipeline task is at.
    pub item: Option<&'a str>,
}

impl Scope<'_> {
    /// What a value is in this run.
    ///
    /// # Errors
    /// What is not there, in words that go on from "it needs".
    pub fn get(&self, value: &Value) -> Result<String, String> {
        let found = match value {
            Value::Text(text) => Some(text),
            Value::Variable(name) => self.run.get(name).or_else(|| self.pipeline.get(name)),
            Value::Output { task, name } => (self.outputs)(task).and_then(|outputs| outputs.get(name)),
            Value::Item => return self.item.map(String::from).ok_or_else(|| "an element, and is at none".into()),
        };
        found.cloned().ok_or_else(|| match value {
            Value::Output { task, name } => format!("the output {name} of task {task}, which is not there"),
            Value::Variable(name) => format!("the variable {name}, which is not there"),
            Value::Text(_) | Value::Item => "a value that is not there".into(),
        })
    }

    /// The first condition that does not hold, in words.
    #[must_use]
    pub fn unmet(&self, conditions: &[Condition]) -> Option<String> {
        conditions.iter().find_map(|condition| {
            let value = self.get(&condition.value).ok();
            let (holds, wanted, words) = match &condition.test {
                Test::Is(wanted) => (value.as_ref().is_some_and(|value| wanted.contains(value)), wanted, "is not"),
                Test::IsNot(wanted) => (value.as_ref().is_none_or(|value| !wanted.contains(value)), wanted, "is"),
            };
            let shown: Vec<String> = wanted.iter().map(|text| format!("{text:?}")).collect();
            (!holds).then(|| format!("{} {words} {}", condition.value, shown.join(" or ")))
        })
    }

    /// The elements that a pipeline task goes through; none when it starts one run without any.
    ///
    /// # Errors
    /// What is not there, or that there are too many.
    pub fn items(&self, items: Option<&Items>) -> Result<Option<Vec<String>>, String> {
        let found = match items {
            None => return Ok(None),
            Some(Items::These(items)) => items.clone(),
            Some(Items::Lines(value)) => {
                self.get(value)?.lines().filter(|line| !line.is_empty()).map(String::from).collect()
            }
        };
        if found.len() > ITEMS_MAX {
            return Err(format!("at most {ITEMS_MAX} elements, and there are {}", found.len()));
        }
        Ok(Some(found))
    }
}

impl fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("run", self.run).field("item", &self.item).finish_non_exhaustive()
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Variable(name) => write!(f, "the variable {name}"),
            Self::Output { task, name } => write!(f, "the output {name} of task {task}"),
            Self::Item => f.write_str("the element"),
        }
    }
}
