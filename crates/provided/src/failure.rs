//! Why a task could not do what it was asked for.

use std::process::ExitCode;

/// What happened, why, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    message: String,
    help: String,
    /// The settings are at fault.
    is_setting: bool,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into(), is_setting: false }
    }

    /// A setting that nothing can be done with.
    pub(crate) fn setting(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { is_setting: true, ..Self::new(message, help) }
    }

    pub(crate) fn show(&self) {
        #[allow(clippy::print_stderr, reason = "it is the program's output, which is the log of the task")]
        {
            eprintln!("error: {}", self.message);
            eprintln!(" help: {}", self.help);
        }
    }

    /// 2 if the settings are at fault, else 1.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(if self.is_setting { 2 } else { 1 })
    }

    #[cfg(test)]
    pub(crate) fn text(&self) -> String {
        format!("{}; {}", self.message, self.help)
    }
}

/// Says something in the log of the task.
pub(crate) fn say(text: &str) {
    #[allow(clippy::print_stdout, reason = "it is the program's output, which is the log of the task")]
    {
        println!("{text}");
    }
}

/// The first characters of what a service says, in one line.
pub(crate) fn short(text: &str) -> String {
    const SHOWN: usize = 300;
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN).collect();
    line.trim().to_owned()
}
