//! `gofer pipeline test`: cases from a file beside the pipeline, run one after the other on one local node.

mod document;
mod judge;
mod junit;
mod report;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gofer_wire::model::v1 as model;

use super::Needs;
use super::args::{LocalNodeArgs, TestArgs};
use super::follow::{Cause, Ended, Follow, News, follow};
use super::run::{remark, unique};
use super::session::Session;
use super::shape::{self, Shape};
use crate::error::{EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, Error};
use crate::output::Output;
use crate::pipeline::source::{self, Loaded, SourceArgs};

use document::{Case, Document};
use judge::{Difference, judge};

/// Name of the test file.
const FILE: &str = "gofer-test.toml";

/// A pipeline with its cases, all of them ready.
#[derive(Debug)]
pub(super) struct Suite {
    pipeline: String,
    cases: Vec<Ready>,
    needs: Needs,
    junit: Option<PathBuf>,
}

/// A case and the pipeline that it runs.
#[derive(Debug)]
struct Ready {
    case: Case,
    config: model::PipelineConfig,
}

/// How a case went.
#[derive(Debug)]
struct Outcome {
    name: String,
    took: Duration,
    /// Empty: it passed.
    differences: Vec<Difference>,
}

impl Suite {
    /// Reads and checks everything, so that no case is run when another makes no sense.
    pub(super) async fn prepare(args: &TestArgs, output: &Output) -> Result<Self, Error> {
        let file = args.file.clone().unwrap_or_else(|| beside(&args.path));
        let mut document = document::read(&file)?;
        document.keep(&args.cases, &file)?;
        let labels = unique("label", &args.node.labels)?;
        let mut loaded: BTreeMap<Vec<String>, Loaded> = BTreeMap::new();
        let mut suite =
            Self { pipeline: String::new(), cases: Vec::new(), needs: Needs::default(), junit: args.junit.clone() };
        let mut needs = Vec::new();
        for case in std::mem::take(&mut document.cases) {
            let arguments = document.arguments(&case).to_vec();
            if !loaded.contains_key(&arguments) {
                let source = SourceArgs::with(&args.path, args.program_timeout, &arguments);
                let new = source::load(&source, output).await?;
                new.check()?;
                loaded.insert(arguments.clone(), new);
            }
            let Some(pipeline) = loaded.get(&arguments).map(|loaded| &loaded.pipeline.config) else { continue };
            let added = suite.add(&document, case, pipeline.clone(), &args.node, &labels);
            needs.push(added.map_err(|(case, error)| placed(&file, &case, error))?);
        }
        suite.needs = Needs { docker_socket: args.node.docker_socket.clone(), ..all(needs) };
        Ok(suite)
    }

    fn add(
        &mut self,
        document: &Document,
        case: Case,
        mut config: model::PipelineConfig,
        node: &LocalNodeArgs,
        labels: &BTreeMap<String, String>,
    ) -> Result<Needs, (String, Error)> {
        let mut labels = labels.clone();
        labels.extend(document.labels.0.iter().map(|(name, value)| (name.clone(), value.0.clone())));
        let shape = Shape {
            only: case.only.clone(),
            with_parents: case.with_parents,
            env: document.env(&case),
            driver: node.driver.or(document.driver(&case)),
            stubs: case.stubs(),
        };
        let mut fit = || {
            shape.apply(&mut config)?;
            for id in case.stub.0.keys().chain(case.expect.0.keys()) {
                shape::known(&config, id)?;
            }
            shape::needs(&config, &labels)
        };
        let needs = fit().map_err(|error| (case.name.clone(), error))?;
        self.pipeline.clone_from(&config.id);
        self.cases.push(Ready { case, config });
        Ok(needs)
    }

    pub(super) fn pipeline(&self) -> &str {
        &self.pipeline
    }

    pub(super) fn needs(&self) -> &Needs {
        &self.needs
    }

    /// Runs the cases; the exit code tells whether all passed.
    pub(super) async fn execute(&self, session: &mut Session) -> Result<u8, Error> {
        let output = session.output;
        for ready in &self.cases {
            remark(&ready.config, session)?;
        }
        let mut outcomes = Vec::new();
        for ready in &self.cases {
            let start = Instant::now();
            let Some(differences) = ready.run(session).await? else {
                report::interrupted(&output, &self.pipeline, self.cases.len() - outcomes.len());
                return Ok(EXIT_INTERRUPTED);
            };
            let outcome = Outcome { name: ready.case.name.clone(), took: start.elapsed(), differences };
            report::case(&output, &outcome)?;
            outcomes.push(outcome);
        }
        report::end(&output, &self.pipeline, &outcomes)?;
        if let Some(path) = &self.junit {
            junit::write(path, &self.pipeline, &outcomes)?;
        }
        Ok(if outcomes.iter().all(|outcome| outcome.differences.is_empty()) { EXIT_OK } else { EXIT_FAILED })
    }
}

impl Ready {
    /// Runs the case; what differs from what it expects, or none when it was interrupted.
    async fn run(&self, session: &mut Session) -> Result<Option<Vec<Difference>>, Error> {
        let run = session.start(self.config.clone(), &self.case.variables()).await?;
        let deadline = tokio::time::Instant::now() + self.case.timeout();
        let mut texts = judge::Texts::default();
        let what = Follow { with_output: true, deadline: Some(deadline) };
        let listen = |news| {
            if let News::Output(record) = news {
                texts.add(&record);
            }
            Ok(())
        };
        let Ended { run, cause } = follow(session, &run, what, listen).await?;
        if cause == Some(Cause::Interrupt) {
            return Ok(None);
        }
        Ok(Some(judge(&self.case, &run, &texts, cause.is_some())))
    }
}

/// One node serves all cases, so it has what any of them needs.
fn all(needs: Vec<Needs>) -> Needs {
    let wants_docker = |needs: &Needs| needs.drivers.as_ref().is_some_and(|drivers| drivers.contains(&"docker"));
    let of = needs.iter().find(|needs| wants_docker(needs)).or(needs.iter().find(|needs| needs.drivers.is_none()));
    let drivers = of.or(needs.first()).and_then(|needs| needs.drivers.clone());
    Needs { drivers, labels: needs.into_iter().flat_map(|needs| needs.labels).collect(), ..Needs::default() }
}

/// The test file that belongs to a pipeline.
fn beside(path: &Path) -> PathBuf {
    if path.is_dir() { path.join(FILE) } else { path.with_file_name(FILE) }
}

/// An error with the case that it is in.
fn placed(file: &Path, case: &str, error: Error) -> Error {
    match error {
        Error::Usage { message, help } => {
            Error::Usage { message: format!("{}: case {case:?}: {message}", file.display()), help }
        }
        error => error,
    }
}
