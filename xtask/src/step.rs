//! One step of a check: a command or a function, its duration, its verdict.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// How a step went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed,
    Failed,
    /// Its tool is not installed.
    Skipped(String),
}

/// Runs steps one after the other and remembers how they went.
#[derive(Debug)]
pub(crate) struct Steps<'a> {
    root: &'a Path,
    done: Vec<(String, Duration, Verdict)>,
}

impl<'a> Steps<'a> {
    pub(crate) fn new(root: &'a Path) -> Self {
        Self { root, done: Vec::new() }
    }

    /// Runs a command in the workspace's root; its output goes to the terminal.
    ///
    /// # Errors
    /// When the program can't be started.
    pub(crate) fn command(&mut self, name: &str, words: &[&str], environment: &[(&str, &str)]) -> Result<()> {
        let (program, arguments) = words.split_first().context("a step without a program")?;
        let Some(program) = self.find(program) else {
            let why = format!("{program} is not installed; scripts/install-deps --test installs it");
            self.done.push((name.to_owned(), Duration::ZERO, Verdict::Skipped(why)));
            return Ok(());
        };
        println!("== {name}: {}", words.join(" "));
        let start = Instant::now();
        let status = Command::new(&program)
            .args(arguments)
            .envs(environment.iter().copied())
            .current_dir(self.root)
            .stdin(Stdio::null())
            .status()
            .with_context(|| format!("can't start {}", program.display()))?;
        self.push(name, start, status.success());
        Ok(())
    }

    /// Runs a check of our own that prints its faults and says whether there were none.
    ///
    /// # Errors
    /// Those of the check.
    pub(crate) fn function(&mut self, name: &str, check: impl FnOnce(&Path) -> Result<bool>) -> Result<()> {
        println!("== {name}");
        let start = Instant::now();
        let passed = check(self.root)?;
        self.push(name, start, passed);
        Ok(())
    }

    /// Prints a line per step and says whether none failed.
    pub(crate) fn summary(&self) -> bool {
        println!();
        for (name, duration, verdict) in &self.done {
            let word = match verdict {
                Verdict::Passed => "ok".to_owned(),
                Verdict::Failed => "FAILED".to_owned(),
                Verdict::Skipped(why) => format!("SKIPPED: {why}"),
            };
            println!("{name:<16} {:>6.1} s  {word}", duration.as_secs_f64());
        }
        self.done.iter().all(|(.., verdict)| *verdict != Verdict::Failed)
    }

    fn push(&mut self, name: &str, start: Instant, passed: bool) {
        let verdict = if passed { Verdict::Passed } else { Verdict::Failed };
        self.done.push((name.to_owned(), start.elapsed(), verdict));
    }

    /// Looks for a program among the tools that `scripts/install-deps` keeps in `target/python`, then in `PATH`.
    fn find(&self, program: &str) -> Option<PathBuf> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::iter::once(self.root.join("target/python/bin"))
            .chain(std::env::split_paths(&path))
            .map(|folder| folder.join(program))
            .find(|file| file.is_file())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_command_fails_the_summary_and_a_missing_tool_does_not() {
        let mut steps = Steps::new(Path::new("/"));
        steps.command("good", &["true"], &[]).unwrap();
        steps.command("missing", &["gofer-no-such-tool"], &[]).unwrap();
        assert!(steps.summary());
        assert!(matches!(steps.done[1].2, Verdict::Skipped(_)));
        steps.command("bad", &["false"], &[]).unwrap();
        assert!(!steps.summary());
    }
}
