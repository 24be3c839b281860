//! A plug-in: its namespace, its process, and the file that it tells of.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use gofer_tests::{Example, ExamplePlugin, Language, Process};
use rustix::process::Signal;

use crate::net;

/// How many there are: one in each language.
pub(crate) const PLUGINS: usize = Language::ALL.len();

/// A plug-in that tells of each line of a file.
#[derive(Debug)]
pub(crate) struct Plugin {
    pub(crate) index: usize,
    /// Its language; its trigger is called the same.
    pub(crate) name: &'static str,
    pub(crate) token: String,
    pub(crate) path: PathBuf,
    addresses: String,
    program: ExamplePlugin,
    process: Mutex<Process>,
    lines: Mutex<(File, Vec<u64>)>,
}

impl Plugin {
    /// Builds it; starts nothing.
    ///
    /// # Errors
    /// When it can't be built, or the file not be made.
    pub(crate) fn create(folder: &Path, index: usize, nodes: usize) -> anyhow::Result<Self> {
        let language = *Language::ALL.get(index).context("there is no such language")?;
        let (name, path) = (language.name(), folder.join(format!("{}.lines", language.name())));
        let program =
            ExamplePlugin::build(Example::Lines, language, folder).with_context(|| format!("the plug-in in {name}"))?;
        let addresses: Vec<String> = (0..nodes).map(net::address).collect();
        Ok(Self {
            index,
            name,
            token: format!("the-token-of-the-plug-in-in-{name}--"),
            addresses: addresses.join(","),
            program,
            process: Mutex::new(Process::new(folder.join(format!("{name}.log")))),
            lines: Mutex::new((File::create(&path)?, Vec::new())),
            path,
        })
    }

    /// Starts the process.
    ///
    /// # Errors
    /// When it runs already, or can't be started.
    pub(crate) fn start(&self) -> anyhow::Result<()> {
        let enter = net::enter(&net::seat(self.index));
        let enter = enter.each_ref().map(String::as_str);
        let mut command = self.program.command(&enter, self.name, &self.token, &self.addresses)?;
        // Ctrl-C is for the harness.
        command.process_group(0);
        self.process().start(command).with_context(|| format!("the plug-in in {} can't be started", self.name))
    }

    /// SIGKILL, and waits until it is gone.
    pub(crate) fn kill(&self) {
        self.process().kill();
    }

    /// Sends a signal to the process.
    ///
    /// # Errors
    /// When it does not run.
    pub(crate) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        self.process().signal(signal).with_context(|| self.name.to_owned())
    }

    /// Whether it was started, and neither killed nor seen to end.
    pub(crate) fn is_started(&self) -> bool {
        self.process().is_started()
    }

    /// How the process ended by itself, if it did; it can be started again then.
    pub(crate) fn ended(&self) -> Option<ExitStatus> {
        self.process().ended()
    }

    /// What the process printed since it was started last, the last `most` lines.
    pub(crate) fn log_tail(&self, most: usize) -> String {
        self.process().log_tail(most)
    }

    /// Appends a line with the number that `next` gives, in two pieces, since programs don't write lines as a whole.
    ///
    /// # Errors
    /// When it can't be written.
    pub(crate) fn append(&self, next: impl FnOnce() -> u64) -> anyhow::Result<u64> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the lock, so that lines are in the order of their numbers.
        let number = next();
        let line = format!("{number}\n");
        let (one, other) = line.split_at(1);
        lines.0.write_all(one.as_bytes())?;
        lines.0.write_all(other.as_bytes())?;
        lines.1.push(number);
        Ok(number)
    }

    /// The numbers of all lines, in their order.
    pub(crate) fn lines(&self) -> Vec<u64> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }

    fn process(&self) -> MutexGuard<'_, Process> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
