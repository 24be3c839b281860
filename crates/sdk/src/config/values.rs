//! Parameters, conditions and the like as plain data.

use std::collections::BTreeMap;

use crate::fault::Source;

/// A value that a run is given when it starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParameterConfig {
    pub description: String,
    pub kind: ParameterKind,
    /// What holds when a run is given none. Without it the parameter must be given.
    pub default: Option<String>,
    /// Where the parameter was declared. It is for messages, and never written.
    pub source: Option<Source>,
}

/// Which values a parameter takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ParameterKind {
    #[default]
    Text,
    Integer {
        least: i64,
        most: i64,
    },
    Boolean,
    Choice(Vec<String>),
    /// Lines, none of them empty.
    List,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValueConfig {
    Text(String),
    /// A variable of the run, else of the pipeline's environment.
    Variable(String),
    /// What a task has put out.
    Output {
        task: String,
        name: String,
    },
    /// The element that a task is at which goes through some.
    Item,
}

/// What must hold for a task to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionConfig {
    pub value: ValueConfig,
    pub test: TestConfig,
}

/// How a condition looks at its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TestConfig {
    /// It is there, and one of these.
    Is(Vec<String>),
    /// It is not there, or none of these.
    IsNot(Vec<String>),
}

impl TestConfig {
    /// The name of the file's field, and what is compared with.
    pub(crate) fn parts(&self) -> (&'static str, &[String]) {
        match self {
            Self::Is(texts) => ("is", texts),
            Self::IsNot(texts) => ("is_not", texts),
        }
    }
}

/// What a task does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KindConfig {
    #[default]
    Container,
    /// It waits until one of these approves; anybody, if there are none.
    Approval(Vec<String>),
    /// It runs another pipeline.
    Run(Box<RunConfig>),
    /// It runs the container of a shared task.
    Uses(UsesConfig),
}

/// How a shared task is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsesConfig {
    pub task: String,
    /// 0: the one that is live when the run is created.
    pub version: u64,
    /// What it is given for its parameters.
    pub settings: BTreeMap<String, ValueConfig>,
}

impl UsesConfig {
    /// Its name and version, as a file says them: `notify` or `notify@3`.
    #[must_use]
    pub fn reference(&self) -> String {
        if self.version == 0 { self.task.clone() } else { format!("{}@{}", self.task, self.version) }
    }
}

/// How another pipeline of the same namespace is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunConfig {
    pub pipeline: String,
    pub variables: BTreeMap<String, ValueConfig>,
    /// The elements for each of which a run is started; one run without them.
    pub for_each: Option<ItemsConfig>,
    /// Most of the runs at the same time; 0: no limit.
    pub parallelism: u32,
}

/// Elements that a task goes through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemsConfig {
    These(Vec<String>),
    /// The lines of a value; empty ones don't count.
    Lines(ValueConfig),
}
