//! Programs that a task runs.

use std::process::{Command, ExitStatus, Stdio};

use crate::failure::Failure;

/// The executable that this is, also when its file was replaced since.
pub(crate) const SELF: &str = "/proc/self/exe";

/// A program without input, with the output of this one.
pub(crate) fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    command.stdin(Stdio::null());
    command
}

/// Runs a program to its end.
///
/// # Errors
/// When it can't be started; `help` says what to do then.
pub(crate) fn status(command: &mut Command, help: &str) -> Result<ExitStatus, Failure> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.status().map_err(|error| Failure::new(format!("{name} can't be run: {error}"), help))
}
