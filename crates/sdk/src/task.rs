//! One task while its author declares it.

use std::time::Duration;

use crate::config::{Driver, Pull, Requirement, TaskConfig};
use crate::fault::{Fault, Source};
use crate::number;
use crate::pipeline::Pipeline;
use crate::retry::Retry;
use crate::script::{Script, interpreters};
use crate::values::{self, Condition, Value};

/// A task of a pipeline, for other tasks to depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task {
    /// Which pipeline of this program it belongs to.
    pub(crate) pipeline: u64,
    pub(crate) index: usize,
}

/// A secret of the cluster, by its name. Its value is nowhere in a pipeline: it is set with `gofer secret set`, and given
/// to the task when it is launched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret(pub(crate) String);

/// Names a secret of the pipeline, else of its namespace, else of the cluster.
#[must_use]
pub fn secret(name: impl Into<String>) -> Secret {
    Secret(name.into())
}

/// What was said of a task so far.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) id: String,
    pub(crate) config: TaskConfig,
    pub(crate) source: Source,
    pub(crate) parents: Vec<(Task, Requirement)>,
    pub(crate) script: Option<Script>,
    pub(crate) retry: Option<Retry>,
    pub(crate) cpu: Option<f64>,
    pub(crate) values: values::Draft,
}

impl Draft {
    pub(crate) fn new(id: String, source: Source) -> Self {
        let config = TaskConfig { source: Some(source.clone()), ..TaskConfig::default() };
        Self {
            id,
            config,
            source,
            parents: Vec::new(),
            script: None,
            retry: None,
            cpu: None,
            values: values::Draft::default(),
        }
    }

    fn fault(&self, field: &str, message: impl Into<String>, help: impl Into<String>) -> Fault {
        Fault { source: Some(self.source.clone()), ..Fault::new(format!("tasks.{}{field}", self.id), message, help) }
    }

    /// The task as plain data, without its parents. What no file can say becomes a fault.
    pub(crate) fn to_config(&self, id: &impl Fn(Task) -> Option<String>, faults: &mut Vec<Fault>) -> TaskConfig {
        let at = format!("tasks.{}", self.id);
        let mut config = self.config.clone();
        if let Some(cpu) = self.cpu {
            config.cpu_millis = number::parts(cpu, 1_000).unwrap_or_else(|| {
                let message = format!("{at}.resources.cpu_millis: {cpu} is not a number of thousandths of a core");
                faults.push(self.fault(".resources.cpu_millis", message, "give cores, such as 2.0 or 0.25"));
                0
            });
        }
        if let Some(retry) = self.retry {
            config.retry = retry.to_config().unwrap_or_else(|| {
                let message =
                    format!("{at}.retry.multiplier_percent: {} is not a number of hundredths", retry.factor());
                faults.push(self.fault(".retry.multiplier_percent", message, "give a factor, such as 2.0 or 1.25"));
                Default::default()
            });
        }
        if let Some(script) = &self.script {
            if !config.entrypoint.is_empty() || !config.command.is_empty() {
                let message = format!("{at} has both a script and a program");
                faults.push(self.fault("", message, "leave out the entrypoint and the command, or the script"));
            }
            if let Some(unknown) = &script.unknown {
                let message = format!("{at}.script: the interpreter {unknown:?} is not known");
                let help = format!("use one of {}, or Script::with for another", interpreters());
                faults.push(self.fault(".script", message, help));
            }
            config.entrypoint.clone_from(&script.interpreter);
            config.command = vec![script.source.clone()];
        }
        let values::Resolved { when, inputs, kind, foreign } = self.values.resolve(id);
        for path in foreign {
            let message = format!("{at}.{path} takes an output of a task of another pipeline");
            faults.push(self.fault(&format!(".{path}"), message, "take outputs of tasks of the same pipeline"));
        }
        TaskConfig { when, inputs, kind, ..config }
    }
}

/// Declares a task. It belongs to the pipeline from the start; [`handle`](Self::handle) is for tasks that others
/// depend on.
#[derive(Debug)]
pub struct TaskBuilder<'p> {
    pipeline: &'p mut Pipeline,
    task: Task,
}

impl<'p> TaskBuilder<'p> {
    pub(crate) fn new(pipeline: &'p mut Pipeline, task: Task) -> Self {
        Self { pipeline, task }
    }

    fn set(self, change: impl FnOnce(&mut Draft)) -> Self {
        if let Some(draft) = self.pipeline.draft(self.task) {
            change(draft);
        }
        self
    }

    pub(crate) fn kind(self, kind: values::Kind) -> Self {
        self.set(|draft| draft.values.kind = kind)
    }

    /// What other tasks depend on.
    #[must_use]
    pub fn handle(self) -> Task {
        self.task
    }

    /// For people; at most 4 KiB.
    pub fn description(self, text: impl Into<String>) -> Self {
        self.set(|draft| draft.config.description = text.into())
    }

    /// Image reference, such as `busybox:1.36`. The Docker driver needs it, the process driver ignores it.
    pub fn image(self, image: impl Into<String>) -> Self {
        self.set(|draft| draft.config.image = image.into())
    }

    /// When the image is fetched; if it is not there yet, unless set.
    pub fn pull(self, pull: Pull) -> Self {
        self.set(|draft| draft.config.pull = pull)
    }

    /// Replaces the image's entrypoint.
    pub fn entrypoint<W: Into<String>>(self, words: impl IntoIterator<Item = W>) -> Self {
        self.set(|draft| draft.config.entrypoint = words.into_iter().map(Into::into).collect())
    }

    /// Arguments of the entrypoint; with the process driver, entrypoint and command together are the program. No shell
    /// reads them.
    pub fn command<W: Into<String>>(self, words: impl IntoIterator<Item = W>) -> Self {
        self.set(|draft| draft.config.command = words.into_iter().map(Into::into).collect())
    }

    /// Inline source in place of entrypoint and command; see [`script`](crate::script()).
    pub fn script(self, script: Script) -> Self {
        self.set(|draft| draft.script = Some(script))
    }

    /// Absolute path the program starts in.
    pub fn working_directory(self, path: impl Into<String>) -> Self {
        self.set(|draft| draft.config.working_directory = path.into())
    }

    /// Runs when this task has succeeded.
    pub fn after(self, parent: &Task) -> Self {
        self.depends_on(parent, Requirement::Success)
    }

    /// Runs when this task has failed, and is skipped if it succeeds.
    pub fn after_failure(self, parent: &Task) -> Self {
        self.depends_on(parent, Requirement::Failure)
    }

    /// Runs when this task has ended, however. A skipped or cancelled one does not count.
    pub fn after_any(self, parent: &Task) -> Self {
        self.depends_on(parent, Requirement::Any)
    }

    /// Runs when this task has ended as required.
    pub fn depends_on(self, parent: &Task, requirement: Requirement) -> Self {
        self.set(|draft| draft.parents.push((*parent, requirement)))
    }

    /// Runs only if this holds once the parents have ended; is skipped otherwise. Of several, all must hold.
    pub fn when(self, condition: Condition) -> Self {
        self.set(|draft| draft.values.when.push(condition))
    }

    /// A variable of the task's environment whose value is known only in the run. It wins over all other environment;
    /// the last one of a name counts.
    pub fn input(self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.set(|draft| drop(draft.values.inputs.insert(name.into(), value.into())))
    }

    /// How a failed attempt is followed by another; not at all, unless set. A lost one is.
    pub fn retry(self, retry: Retry) -> Self {
        self.set(|draft| draft.retry = Some(retry))
    }

    /// Longest life of one attempt, from a millisecond to 30 days.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.set(|draft| draft.config.timeout = Some(timeout))
    }

    /// Cores, in thousandths: `0.25`; 0 means no limit.
    pub fn cpu(self, cores: f64) -> Self {
        self.set(|draft| draft.cpu = Some(cores))
    }

    /// Bytes of memory, at least 4 MiB; 0 means no limit. [`MIB`](crate::MIB) and [`GIB`](crate::GIB) help.
    pub fn memory(self, bytes: u64) -> Self {
        self.set(|draft| draft.config.memory_bytes = bytes)
    }

    /// What launches the task; the best driver of the node, unless set.
    pub fn driver(self, driver: Driver) -> Self {
        self.set(|draft| draft.config.driver = Some(driver))
    }

    /// Whether the run may succeed although this task failed.
    pub fn allow_failure(self, is_allowed: bool) -> Self {
        self.set(|draft| draft.config.allow_failure = is_allowed)
    }

    /// A label that the node must carry, with its value; the last one of a name counts.
    pub fn constraint(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.set(|draft| drop(draft.config.constraints.insert(name.into(), value.into())))
    }

    /// A variable of the task's environment; the last one of a name counts.
    pub fn env(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.set(|draft| drop(draft.config.env.insert(name.into(), value.into())))
    }

    /// A variable of the task's environment that gets its value from a secret of the cluster; see
    /// [`secret`](crate::secret()).
    pub fn secret_env(self, name: impl Into<String>, secret: Secret) -> Self {
        self.set(|draft| drop(draft.config.secret_env.insert(name.into(), secret.0)))
    }

    /// A file that holds a secret of the cluster, in the directory that the variable `GOFER_SECRETS_DIR` names; see
    /// [`secret`](crate::secret()).
    pub fn secret_file(self, name: impl Into<String>, secret: Secret) -> Self {
        self.set(|draft| drop(draft.config.secret_files.insert(name.into(), secret.0)))
    }

    /// Says that the task was declared elsewhere: for programs that translate pipelines from another notation.
    pub fn source(self, file: impl Into<String>, line: u32) -> Self {
        self.set(|draft| {
            draft.source = Source { file: file.into(), line };
            draft.config.source = Some(draft.source.clone());
        })
    }
}
