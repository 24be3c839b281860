//! A pipeline while its author declares it, and what becomes of it.

use std::io::Write;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::config::{Overlap, ParameterConfig, PipelineConfig};
use crate::fault::{Fault, Source};
use crate::limits::FILE_BYTES_MAX;
use crate::task::{Draft, Task, TaskBuilder};
use crate::values::{Kind, ParameterBuilder, Run, SharedTask};

/// The version of the file format that this crate writes.
pub const FORMAT: u32 = 1;

/// Tells the pipelines of a program apart, so that a task of one can't be a parent in another.
static PIPELINES: AtomicU64 = AtomicU64::new(0);

/// A pipeline: tasks, and which of them wait for which.
#[derive(Debug)]
pub struct Pipeline {
    number: u64,
    config: PipelineConfig,
    source: Source,
    drafts: Vec<Draft>,
    /// In the order of declaration; a name may come twice until that is found.
    pub(crate) parameters: Vec<(String, ParameterConfig)>,
}

impl Pipeline {
    /// A pipeline without tasks. The id is 1 to 64 ASCII letters, digits, `_` or `-`, and begins with a letter or a
    /// digit.
    #[must_use]
    #[track_caller]
    pub fn new(id: impl Into<String>) -> Self {
        let source = Source::here();
        let config = PipelineConfig { id: id.into(), source: Some(source.clone()), ..PipelineConfig::default() };
        Self {
            number: PIPELINES.fetch_add(1, Ordering::Relaxed),
            config,
            source,
            drafts: Vec::new(),
            parameters: Vec::new(),
        }
    }

    /// For people; at most 4 KiB.
    pub fn description(&mut self, text: impl Into<String>) -> &mut Self {
        self.config.description = text.into();
        self
    }

    /// Most runs at the same time. 0, the default, means no limit under [`Overlap::Allow`], and 1 under every other
    /// policy.
    pub fn parallelism(&mut self, runs: u32) -> &mut Self {
        self.config.parallelism = runs;
        self
    }

    /// What happens to a new run while as many run as may.
    pub fn overlap(&mut self, overlap: Overlap) -> &mut Self {
        self.config.overlap = overlap;
        self
    }

    /// Longest life of a run, from a millisecond to 30 days.
    pub fn timeout(&mut self, timeout: Duration) -> &mut Self {
        self.config.timeout = Some(timeout);
        self
    }

    /// A variable of every task's environment; the last one of a name counts.
    pub fn env(&mut self, name: impl Into<String>, value: impl Into<String>) -> &mut Self {
        self.config.env.insert(name.into(), value.into());
        self
    }

    /// Adds a parameter, which takes any text unless more is said. Its name is 1 to 64 ASCII letters, digits or `_`,
    /// does not begin with a digit or `GOFER_`, and is that of the variable that tasks find it in.
    ///
    /// ```
    /// let mut pipeline = gofer_sdk::Pipeline::new("p");
    /// let stage = pipeline.parameter("STAGE").choice(["dev", "prod"]).default("dev").handle();
    /// pipeline.task("announce").command(["./announce"]).when(stage.is("prod"));
    /// ```
    #[track_caller]
    pub fn parameter(&mut self, name: impl Into<String>) -> ParameterBuilder<'_> {
        let parameter = ParameterConfig { source: Some(Source::here()), ..ParameterConfig::default() };
        self.parameters.push((name.into(), parameter));
        let index = self.parameters.len() - 1;
        ParameterBuilder::new(self, index)
    }

    /// Says that the pipeline was declared elsewhere: for programs that translate pipelines from another notation.
    pub fn source(&mut self, file: impl Into<String>, line: u32) -> &mut Self {
        self.source = Source { file: file.into(), line };
        self.config.source = Some(self.source.clone());
        self
    }

    /// Adds a task. Its id is unique in the pipeline and has the form of the pipeline's.
    #[track_caller]
    pub fn task(&mut self, id: impl Into<String>) -> TaskBuilder<'_> {
        self.drafts.push(Draft::new(id.into(), Source::here()));
        let task = Task { pipeline: self.number, index: self.drafts.len() - 1 };
        TaskBuilder::new(self, task)
    }

    /// Adds a task that waits until one of these approves, such as `user:ada`; anybody may if there are none.
    #[track_caller]
    pub fn approval(&mut self, id: impl Into<String>, approvers: &[&str]) -> TaskBuilder<'_> {
        let approvers = approvers.iter().map(|name| (*name).to_owned()).collect();
        self.task(id).kind(Kind::Approval(approvers))
    }

    /// Adds a task that runs another pipeline of the namespace, and waits for the end of its runs.
    #[track_caller]
    pub fn run(&mut self, id: impl Into<String>, run: Run) -> TaskBuilder<'_> {
        self.task(id).kind(Kind::Run(run))
    }

    /// Adds a task that runs a shared task.
    #[track_caller]
    pub fn uses(&mut self, id: impl Into<String>, shared: SharedTask) -> TaskBuilder<'_> {
        self.task(id).kind(Kind::Uses(shared))
    }

    /// Says more of a task that was declared before.
    ///
    /// ```
    /// let mut pipeline = gofer_sdk::Pipeline::new("p");
    /// let build = pipeline.task("build").command(["make"]).handle();
    /// let lint = pipeline.task("lint").command(["make", "lint"]).handle();
    /// pipeline.of(&build).after(&lint);
    /// ```
    pub fn of(&mut self, task: &Task) -> TaskBuilder<'_> {
        let task = *task;
        TaskBuilder::new(self, task)
    }

    /// None for a task of another pipeline.
    pub(crate) fn draft(&mut self, task: Task) -> Option<&mut Draft> {
        self.drafts.get_mut(task.index).filter(|_| task.pipeline == self.number)
    }

    /// The pipeline as plain data, checked.
    ///
    /// # Errors
    /// Every fault: what no file can say, and what a cluster would refuse.
    pub fn to_config(&self) -> Result<PipelineConfig, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut config = self.config.clone();
        for (name, parameter) in &self.parameters {
            if let Some(first) = config.parameters.insert(name.clone(), parameter.clone()) {
                let field = format!("parameters.{}", name.escape_debug());
                let place = first.source.map(|source| format!(", first at {source}")).unwrap_or_default();
                let message = format!("{field} comes twice{place}");
                let fault = Fault::new(field, message, "rename or remove one");
                faults.push(Fault { source: parameter.source.clone(), ..fault });
            }
        }
        let id_of = |task: Task| {
            let draft = self.drafts.get(task.index).filter(|_| task.pipeline == self.number);
            draft.map(|draft| draft.id.clone())
        };
        for draft in &self.drafts {
            let mut task = draft.to_config(&id_of, &mut faults);
            for (parent, requirement) in &draft.parents {
                let id = &draft.id;
                let mut fault = |message: String, help: &str| {
                    let source = Some(draft.source.clone());
                    faults.push(Fault { source, ..Fault::new(format!("tasks.{id}.depends_on"), message, help) });
                };
                match self.drafts.get(parent.index).filter(|_| parent.pipeline == self.number) {
                    None => fault(
                        format!("task {id} depends on a task of another pipeline"),
                        "depend on tasks of the same pipeline",
                    ),
                    Some(parent) => {
                        if task.depends_on.insert(parent.id.clone(), *requirement).is_some() {
                            fault(format!("tasks.{id}.depends_on: {:?} comes twice", parent.id), "keep one");
                        }
                    }
                }
            }
            if let Some(first) = config.tasks.insert(draft.id.clone(), task) {
                let place = first.source.map(|source| format!(", first at {source}")).unwrap_or_default();
                let message = format!("tasks.{} comes twice{place}", draft.id);
                let fault = Fault::new(format!("tasks.{}", draft.id), message, "rename or remove one");
                faults.push(Fault { source: Some(draft.source.clone()), ..fault });
            }
        }
        faults.extend(config.validate().err().unwrap_or_default());
        if faults.is_empty() { Ok(config) } else { Err(faults) }
    }

    /// The canonical JSON of the pipeline.
    ///
    /// # Errors
    /// Every fault; see [`to_config`](Self::to_config).
    pub fn to_json(&self) -> Result<String, Vec<Fault>> {
        self.to_config().map(|config| config.to_json())
    }

    /// Prints the pipeline for the command line to register, and nothing else: its canonical JSON, with the places of
    /// the tasks, to standard output. Faults go to standard error, each with its file and line; the program then
    /// ends with exit code 1.
    #[must_use = "return it from main, so that a faulty pipeline ends the program with an error"]
    pub fn emit(&self) -> ExitCode {
        let faults = match self.to_config().map(|config| config.to_json_with_sources()) {
            Ok(text) if text.len() > FILE_BYTES_MAX => {
                let message = format!("the file would be {} bytes long, the limit is {FILE_BYTES_MAX}", text.len());
                let help = "move long scripts and data into the images";
                vec![Fault { source: Some(self.source.clone()), ..Fault::new("", message, help) }]
            }
            Ok(text) => {
                let mut stdout = std::io::stdout().lock();
                return match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
                    Ok(()) => ExitCode::SUCCESS,
                    Err(_) => ExitCode::FAILURE,
                };
            }
            Err(faults) => faults,
        };
        let mut stderr = std::io::stderr().lock();
        for fault in faults {
            // Nobody is left to be told of a failure here; the exit code says the rest.
            let _ = writeln!(stderr, "{fault}");
        }
        ExitCode::FAILURE
    }
}
