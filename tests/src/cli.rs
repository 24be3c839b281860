//! The command line, as a person or a script calls it, and other programs that tests call.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::binary;

/// What a command printed, and how it ended.
#[derive(Debug)]
pub struct Printed {
    /// None when a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// `gofer` with these arguments; compilers that it calls find nothing on a network.
///
/// # Errors
/// When there is no binary.
pub fn gofer(arguments: &[&str]) -> anyhow::Result<Command> {
    let mut command = Command::new(binary()?);
    command.args(arguments).env_remove("GOFER_ADDRESS").env_remove("GOFER_NAMESPACE");
    command.env("CARGO_NET_OFFLINE", "true").env("GOPROXY", "off").env("GOTOOLCHAIN", "local").env("GOFLAGS", "");
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(command)
}

/// Runs a command to its end, with nothing on its input.
///
/// # Errors
/// When it can't be started, or prints what is no UTF-8.
pub fn printed(command: &mut Command) -> anyhow::Result<Printed> {
    let output = command.stdin(std::process::Stdio::null()).output()?;
    Ok(Printed {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout)?,
        stderr: String::from_utf8(output.stderr)?,
    })
}

/// Runs `gofer` as it is, and returns how it ended and all that it printed; it must not panic.
///
/// # Errors
/// When it can't be started, or panicked.
pub fn run(arguments: &[&str]) -> anyhow::Result<(Option<i32>, String)> {
    let output = Command::new(binary()?).args(arguments).env_remove("GOFER_ADDRESS").output()?;
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    anyhow::ensure!(!text.contains("panicked"), "{arguments:?}: {text}");
    Ok((output.status.code(), text))
}

/// Each of the words is in the text.
///
/// # Panics
/// When one is missing; shows the text.
#[track_caller]
pub fn says<W: AsRef<str>>(text: &str, words: &[W]) {
    for word in words.iter().map(AsRef::as_ref) {
        assert!(text.contains(word), "{word:?} is missing in: {text}");
    }
}

/// That the tools are there which a test calls.
///
/// # Errors
/// When one is missing; says how to install it.
pub fn needs(tools: &[&str]) -> anyhow::Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = |tool: &&str| std::env::split_paths(&path).any(|folder| folder.join(OsStr::new(tool)).is_file());
    match tools.iter().find(|tool| !is_there(tool)) {
        Some(tool) => anyhow::bail!("{tool} is not in PATH, and this test needs it; run scripts/install-deps --test"),
        None => Ok(()),
    }
}

/// The interpreter of the environment that `scripts/install-deps --test` makes, or `GOFER_PYTHON`.
///
/// # Errors
/// When it is missing; says how to install it.
pub fn python() -> anyhow::Result<PathBuf> {
    let made = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/python/bin/python");
    let path = std::env::var_os("GOFER_PYTHON").map_or(made, PathBuf::from);
    anyhow::ensure!(path.exists(), "{} is missing; run scripts/install-deps --test", path.display());
    Ok(path)
}

/// The number, from 1, of the first line that contains a text.
///
/// # Errors
/// When the file can't be read, or has no such line.
pub fn line_of(file: &Path, text: &str) -> anyhow::Result<usize> {
    let content = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let index = content.lines().position(|line| line.contains(text));
    Ok(index.with_context(|| format!("{}: no line has {text:?}", file.display()))? + 1)
}
