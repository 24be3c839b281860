//! Where results go: standard output for what was asked for, standard error for the rest. A reader that is gone
//! (`gofer run list | head`) is no error.

use std::io::{ErrorKind, IsTerminal, Write};

use serde_json::Value;

use crate::args::{ClientArgs, ColorChoice, OutputFormat};
use crate::error::Error;

/// How a piece of text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Bold,
    Dim,
    Good,
    Bad,
    Warning,
    Busy,
}

impl Style {
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Bold => "\x1b[1m",
            Self::Dim => "\x1b[2m",
            Self::Good => "\x1b[32m",
            Self::Bad => "\x1b[31m",
            Self::Warning => "\x1b[33m",
            Self::Busy => "\x1b[36m",
        }
    }
}

/// The two streams and how they are written to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    pub(crate) format: OutputFormat,
    pub(crate) color: bool,
    /// Whether standard output is a terminal that can be redrawn.
    pub(crate) terminal: bool,
}

impl Output {
    pub(crate) fn new(args: &ClientArgs) -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value: std::ffi::OsString| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let terminal = std::io::stdout().is_terminal() && !dumb;
        let color = match args.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && !set("NO_COLOR"),
        };
        Self { format: args.output, color, terminal }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.format == OutputFormat::Json
    }

    pub(crate) fn paint(&self, style: Style, text: &str) -> String {
        if self.color && style != Style::Plain { format!("{}{text}\x1b[0m", style.code()) } else { text.to_owned() }
    }

    /// Writes to standard output, at once.
    ///
    /// # Errors
    /// `Closed` when nobody reads it any more, `Output` for everything else.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), Error> {
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(|error| match error.kind() {
            ErrorKind::BrokenPipe => Error::Closed,
            _ => Error::Output(error),
        })
    }

    pub(crate) fn line(&self, text: &str) -> Result<(), Error> {
        self.write(format!("{text}\n").as_bytes())
    }

    /// A whole answer.
    pub(crate) fn document(&self, value: &Value) -> Result<(), Error> {
        self.line(&format!("{value:#}"))
    }

    /// One of many objects, each on its line.
    pub(crate) fn record(&self, value: &Value) -> Result<(), Error> {
        self.line(&value.to_string())
    }

    /// A remark beside the result. Whether it arrives is nobody's concern.
    pub(crate) fn notice(&self, text: &str) {
        let _ = if self.is_json() {
            writeln!(std::io::stderr(), "{}", serde_json::json!({ "notice": text }))
        } else {
            writeln!(std::io::stderr(), "{text}")
        };
    }

    /// Shows an error on standard error.
    pub(crate) fn error(&self, error: &Error) {
        let _ = match error {
            Error::Closed | Error::Interrupted => Ok(()),
            _ if self.is_json() => writeln!(std::io::stderr(), "{}", error.to_json()),
            _ => writeln!(std::io::stderr(), "{}", tame_lines(&error.to_text())),
        };
    }
}

/// Like [`tame`], for text of several lines.
fn tame_lines(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && !matches!(c, '\n' | '\t') { ' ' } else { c }).collect()
}

/// Text of others made harmless for a terminal: on one line, without control characters.
pub(crate) fn tame(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
