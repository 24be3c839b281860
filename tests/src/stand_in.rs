//! A server that tests start and give orders to: a script of `tests/python`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use serde_json::Value;
use tempfile::TempDir;

use crate::python;

/// A stand-in for a service that no package holds. Killed when dropped.
#[derive(Debug)]
pub struct StandIn {
    process: Child,
    talk: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    /// What it said of itself once it served.
    pub ready: Value,
    _files: TempDir,
}

impl StandIn {
    /// Starts a script with a directory for its files, and these arguments; waits until it serves.
    ///
    /// # Errors
    /// When it can't be started, or says something else than that it serves.
    pub fn start(script: &str, arguments: &[&str]) -> anyhow::Result<Self> {
        let files = tempfile::tempdir()?;
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("python").join(script);
        let mut command = Command::new(python()?);
        command.arg(&path).arg(files.path()).args(arguments).env("PYTHONDONTWRITEBYTECODE", "1");
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (orders, answers) =
            (process.stdin.take().context("no input")?, process.stdout.take().context("no output")?);
        let talk = Mutex::new((orders, BufReader::new(answers)));
        let mut started = Self { process, talk, ready: Value::Null, _files: files };
        started.ready = started.read().with_context(|| path.display().to_string())?;
        Ok(started)
    }

    /// Does what the script says of an order; its answer.
    ///
    /// # Errors
    /// When it does not answer any more.
    pub fn order(&self, line: &str) -> anyhow::Result<Value> {
        let mut talk = self.talk.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(talk.0, "{line}")?;
        next(&mut talk.1).with_context(|| line.to_owned())
    }

    /// A text of what it said of itself.
    ///
    /// # Panics
    /// When there is no such text.
    #[must_use]
    #[track_caller]
    pub fn said(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", self.ready))
    }

    fn read(&self) -> anyhow::Result<Value> {
        next(&mut self.talk.lock().unwrap_or_else(PoisonError::into_inner).1)
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn next(answers: &mut BufReader<ChildStdout>) -> anyhow::Result<Value> {
    let mut line = String::new();
    answers.read_line(&mut line)?;
    serde_json::from_str(&line).with_context(|| format!("it said {line:?}"))
}
