//! What is wrong with a pipeline, and where its author wrote that.

use std::fmt;

/// A place in the author's program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Path as the compiler was given it, mostly relative to the package.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
}

impl Source {
    /// The line that called into this crate.
    #[track_caller]
    pub(crate) fn here() -> Self {
        let place = std::panic::Location::caller();
        Self { file: place.file().to_owned(), line: place.line() }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.file, self.line)
    }
}

/// One fault of a pipeline. It is shown as `file:line: message (help)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Path of the field, such as `tasks.build.image`, as a cluster names it; empty for the whole pipeline.
    pub field: String,
    /// What is wrong, with the number or the name that is.
    pub message: String,
    /// What to do.
    pub help: String,
    /// Where the task (or the pipeline) was declared, if that is known.
    pub source: Option<Source>,
}

impl Fault {
    pub(crate) fn new(field: impl Into<String>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into(), help: help.into(), source: None }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(source) = &self.source {
            write!(formatter, "{source}: ")?;
        }
        write!(formatter, "{} ({})", self.message, self.help)
    }
}

impl std::error::Error for Fault {}
