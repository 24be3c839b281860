//! `gofer run local`.

use std::collections::BTreeMap;

use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use serde_json::json;

use super::args::LocalRunArgs;
use super::follow::{Cause, Ended, Follow, News, follow};
use super::session::Session;
use super::shape::{self, Shape};
use super::visible::visible;
use super::{Needs, summary};
use crate::error::{EXIT_INTERRUPTED, Error};
use crate::json as to_json;
use crate::output::{Output, Style, tame};
use crate::pipeline::source::{self, Loaded};
use crate::run::exit_code;
use crate::run::graph::levels;
use crate::run::live::Screen;
use crate::run::logs::{Printer, object};

/// A pipeline that is ready to be run.
#[derive(Debug)]
pub(super) struct Job {
    loaded: Loaded,
    config: model::PipelineConfig,
    variables: BTreeMap<String, String>,
    /// Tasks that are taken to have ended as the others want it.
    passed: Vec<String>,
    needs: Needs,
}

impl Job {
    pub(super) async fn prepare(args: &LocalRunArgs, output: &Output) -> Result<Self, Error> {
        let variables = unique("variable", &args.variable)?;
        let labels = unique("label", &args.node.labels)?;
        let loaded = source::load(&args.source, output).await?;
        loaded.check()?;
        let mut config = loaded.pipeline.config.clone();
        let shape = Shape {
            only: args.tasks.clone(),
            with_parents: args.with_parents,
            env: unique("environment variable", &args.env)?,
            driver: args.node.driver,
            stubs: BTreeMap::new(),
        };
        let passed = shape.apply(&mut config)?;
        let docker_socket = args.node.docker_socket.clone();
        let needs = Needs { docker_socket, keep: args.keep, ..shape::needs(&config, &labels)? };
        Ok(Self { loaded, config, variables, passed, needs })
    }

    pub(super) fn pipeline(&self) -> &str {
        &self.config.id
    }

    pub(super) fn needs(&self) -> &Needs {
        &self.needs
    }

    /// Runs it; the exit code tells how that went.
    pub(super) async fn execute(&self, session: &mut Session) -> Result<u8, Error> {
        remark(&self.config, session)?;
        let output = session.output;
        if !self.passed.is_empty() {
            let passed: Vec<&str> = self.passed.iter().map(String::as_str).collect();
            output.notice(&format!("not run, and taken to have ended as wanted: {}", shape::list(&passed)));
        }
        let started = session.start(self.config.clone(), &self.variables).await;
        let run = started.map_err(|error| self.loaded.placed(error))?;
        let mut view = View::new(session, &self.config);
        let what = Follow { with_output: true, deadline: None };
        let ended = follow(session, &run, what, |news| view.show(news)).await;
        view.close()?;
        let Ended { run, cause } = ended?;
        if output.is_json() {
            output.record(&json!({ "run": to_json::message("gofer.model.v1.Run", &run)? }))?;
        } else {
            summary::show(&output, &self.config, &run)?;
        }
        Ok(if cause == Some(Cause::Interrupt) { EXIT_INTERRUPTED } else { exit_code(run.status()) })
    }
}

/// Names and values, each name once.
pub(super) fn unique(what: &str, given: &[(String, String)]) -> Result<BTreeMap<String, String>, Error> {
    let mut values = BTreeMap::new();
    for (name, value) in given {
        if values.insert(name.clone(), value.clone()).is_some() {
            return Err(Error::usage(format!("the {what} {name} is given twice"), "give each one once"));
        }
    }
    Ok(values)
}

/// Says what the node's drivers mean for a pipeline.
///
/// # Errors
/// When a task can't be run with them.
pub(super) fn remark(config: &model::PipelineConfig, session: &Session) -> Result<(), Error> {
    if session.node.drivers.contains(&"docker") {
        return Ok(());
    }
    let (able, unable) = shape::without_docker(config);
    if !unable.is_empty() {
        let message = format!(
            "no Docker or Podman daemon answers, and these tasks have an image and no command: {}",
            shape::list(&unable)
        );
        return Err(Error::usage(message, "start a daemon, or name its socket with --docker-socket"));
    }
    if !able.is_empty() {
        session.output.notice("no Docker or Podman daemon answers: tasks with an image run as processes, without it");
    }
    Ok(())
}

/// How a run is shown while it goes on.
enum View {
    Json(Output),
    Lines(Output, Printer),
    Live(Box<Screen>, Output, Printer),
}

impl View {
    fn new(session: &Session, config: &model::PipelineConfig) -> Self {
        let output = session.output;
        let printer = Printer::new(output, false, false);
        match (output.is_json(), output.terminal) {
            (true, _) => Self::Json(output),
            (false, false) => Self::Lines(output, printer),
            (false, true) => {
                let nodes = BTreeMap::from([(session.node.id, "local".to_owned())]);
                Self::Live(Box::new(Screen::new(output, levels(config), nodes)), output, printer)
            }
        }
    }

    fn show(&mut self, news: News) -> Result<(), Error> {
        match news {
            News::Run(run) => match self {
                Self::Live(screen, ..) => screen.update(*run),
                Self::Json(_) | Self::Lines(..) => Ok(()),
            },
            News::Output(record) => self.output(&record),
            News::Stopping(Cause::Interrupt) => self.remark("ending the run; interrupt once more to leave at once"),
            News::Stopping(Cause::Deadline | Cause::Unheard) => Ok(()),
            News::Tick => match self {
                Self::Live(screen, ..) => screen.draw(),
                Self::Json(_) | Self::Lines(..) => Ok(()),
            },
        }
    }

    fn output(&mut self, record: &api::StreamLogsResponse) -> Result<(), Error> {
        match self {
            Self::Json(output) => output.record(&object(record, &record.data)),
            Self::Lines(_, printer) => printer.print(record, &record.data),
            Self::Live(screen, output, printer) if record.stream() == api::LogStream::Notice => {
                let text = tame(String::from_utf8_lossy(&record.data).trim_end());
                let line = format!("{} attempt {}: {text}", record.task, record.attempt);
                // A notice may come within a line of the task's.
                let mut text = drawn(&printer.rest(), output.color);
                text.push_str(&output.paint(Style::Dim, &line));
                text.push('\n');
                screen.add_above(&text)
            }
            Self::Live(screen, output, printer) => {
                let lines = printer.lines(record, &record.data);
                screen.add_above(&drawn(&lines, output.color))
            }
        }
    }

    fn remark(&mut self, text: &str) -> Result<(), Error> {
        match self {
            Self::Live(screen, ..) => screen.remark(text.to_owned()),
            Self::Json(output) | Self::Lines(output, _) => {
                output.notice(text);
                Ok(())
            }
        }
    }

    /// Writes lines that never ended, and takes the live view away: what it shows last is in the summary.
    fn close(&mut self) -> Result<(), Error> {
        match self {
            Self::Json(_) => Ok(()),
            Self::Lines(output, printer) => output.write(&printer.rest()),
            Self::Live(screen, output, printer) => {
                screen.add_above(&drawn(&printer.rest(), output.color))?;
                screen.erase()
            }
        }
    }
}

/// Lines of tasks as they may stand above the view.
fn drawn(lines: &[u8], color: bool) -> String {
    String::from_utf8_lossy(lines).lines().map(|line| visible(line, color) + "\n").collect()
}
