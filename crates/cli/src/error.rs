//! What went wrong, in the form that decides the exit code, and how it is shown.

use std::fmt::Write as _;

use gofer_client::Rejected;
use serde_json::{Value, json};
use tonic::Code;
use uuid::Uuid;

use crate::pipeline_file::Fault;

/// Exit code when all went well.
pub const EXIT_OK: u8 = 0;
/// Exit code when what was asked about failed: a watched run failed, a diff found differences.
pub const EXIT_FAILED: u8 = 1;
/// Exit code of wrong usage: flags, arguments, an input file that can't be read or understood.
pub const EXIT_USAGE: u8 = 2;
/// Exit code when the cluster refused.
pub const EXIT_REJECTED: u8 = 3;
/// Exit code when no node could be reached, or when it is unknown whether a change was made.
pub const EXIT_UNKNOWN: u8 = 4;
/// Exit code after an interrupt, as shells have it.
pub const EXIT_INTERRUPTED: u8 = 130;

/// Why a command ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{message}")]
    Usage { message: String, help: String },
    #[error("{0}")]
    File(Box<Fault>),
    /// A program that should have printed a pipeline.
    #[error("{message}")]
    Program { message: String, said: String, help: String },
    /// A pipeline that a cluster would refuse.
    #[error("{path} is not a valid pipeline: {} found", count(faults.len()))]
    Invalid { path: String, faults: Vec<Faulty> },
    #[error("{}", .0.message)]
    Rejected(Box<Rejected>),
    /// Nothing was changed.
    #[error("no node could answer")]
    Unreachable { tried: Vec<(String, String)> },
    /// A change may or may not have been made.
    #[error("it is unknown whether the change was made: no node confirmed it in time")]
    Unknown { tried: Vec<(String, String)>, request_id: Option<Uuid> },
    /// The node of a local run.
    #[error("{message}")]
    Local { message: String, help: String },
    /// An answer made no sense.
    #[error("{0}")]
    Malformed(String),
    #[error("the output can't be written: {0}")]
    Output(std::io::Error),
    /// Whoever read our output stopped to; no error to speak of.
    #[error("the reader of the output is gone")]
    Closed,
    #[error("interrupted")]
    Interrupted,
}

/// What is wrong with a pipeline.
#[derive(Clone, Debug)]
pub(crate) struct Faulty {
    /// `path:line` of the task's declaration; may be empty.
    pub(crate) place: String,
    pub(crate) field: String,
    pub(crate) description: String,
}

fn count(faults: usize) -> String {
    if faults == 1 { "1 fault".into() } else { format!("{faults} faults") }
}

impl From<gofer_client::Error> for Error {
    fn from(error: gofer_client::Error) -> Self {
        match error {
            gofer_client::Error::Rejected(rejected) => Self::Rejected(rejected),
            gofer_client::Error::Unreachable { tried } => Self::Unreachable { tried },
            gofer_client::Error::Unknown { tried, request_id } => Self::Unknown { tried, request_id },
            gofer_client::Error::Invalid(why) => Self::usage(why, "see `gofer --help`"),
        }
    }
}

impl From<Box<Fault>> for Error {
    fn from(fault: Box<Fault>) -> Self {
        Self::File(fault)
    }
}

impl Error {
    pub(crate) fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: help.into() }
    }

    /// Something that a node was asked for does not exist.
    pub(crate) fn not_found(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Rejected(Box::new(Rejected::new(Code::NotFound, "NOT_FOUND", message, help)))
    }

    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Rejected(rejected) if rejected.code == Code::NotFound)
    }

    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Usage { .. } | Self::File(_) | Self::Program { .. } | Self::Invalid { .. } => EXIT_USAGE,
            Self::Rejected(_) => EXIT_REJECTED,
            Self::Local { .. } | Self::Unreachable { .. } | Self::Unknown { .. } | Self::Malformed(_) => EXIT_UNKNOWN,
            Self::Output(_) => EXIT_FAILED,
            Self::Closed => EXIT_OK,
            Self::Interrupted => EXIT_INTERRUPTED,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Usage { .. } => "usage",
            Self::File(_) => "file",
            Self::Program { .. } => "program",
            Self::Invalid { .. } => "invalid",
            Self::Rejected(_) => "rejected",
            Self::Unreachable { .. } => "unreachable",
            Self::Unknown { .. } => "unknown",
            Self::Local { .. } => "local",
            Self::Malformed(_) => "malformed",
            Self::Output(_) => "output",
            Self::Closed => "closed",
            Self::Interrupted => "interrupted",
        }
    }

    fn help(&self) -> String {
        match self {
            Self::Usage { help, .. } | Self::Program { help, .. } | Self::Local { help, .. } => help.clone(),
            Self::Invalid { .. } => "correct that, then repeat the command".into(),
            Self::File(fault) => fault.help.clone(),
            Self::Rejected(rejected) => rejected.help.clone(),
            Self::Unreachable { .. } => {
                "check that a node runs there (`gofer up` starts one), or name others with --address or GOFER_ADDRESS"
                    .into()
            }
            Self::Unknown { request_id: Some(id), .. } => format!(
                "repeat the command with --request-id {id}: the change is then made once, however often you repeat it"
            ),
            Self::Unknown { request_id: None, .. } => {
                "look with `gofer cluster status`, then repeat the command".into()
            }
            Self::Malformed(_) => "use a client of the same version as the node (`gofer version`)".into(),
            Self::Output(_) => "check where the output goes, and the space there".into(),
            Self::Closed | Self::Interrupted => String::new(),
        }
    }

    fn tried(&self) -> &[(String, String)] {
        match self {
            Self::Unreachable { tried } | Self::Unknown { tried, .. } => tried,
            _ => &[],
        }
    }

    /// The error for people: what happened, why, what to do. No final newline.
    pub(crate) fn to_text(&self) -> String {
        let mut text = format!("error: {self}");
        if let Self::Rejected(rejected) = self {
            // A single violation repeats the message.
            let repeats = matches!(&rejected.violations[..], [(_, one)] if one.starts_with(&rejected.message));
            for (field, description) in rejected.violations.iter().filter(|_| !repeats) {
                let _ = write!(text, "\n  {field}: {description}");
            }
        }
        match self {
            Self::Program { said, .. } if !said.trim().is_empty() => {
                let _ = write!(text, "\n{}", said.trim_end());
            }
            Self::Invalid { faults, .. } => {
                for Faulty { place, description, .. } in faults {
                    let _ = write!(text, "\n  {place}{}{description}", if place.is_empty() { "" } else { ": " });
                }
            }
            _ => {}
        }
        for (address, why) in self.tried() {
            let _ = write!(text, "\n  {address}: {why}");
        }
        let help = self.help();
        if !help.is_empty() {
            let _ = write!(text, "\nhelp: {help}");
        }
        text
    }

    /// The error for programs.
    pub(crate) fn to_json(&self) -> Value {
        let mut error = json!({ "kind": self.kind(), "message": self.to_string(), "help": self.help() });
        let mut set = |name: &str, value: Value| {
            if let Some(object) = error.as_object_mut() {
                object.insert(name.into(), value);
            }
        };
        match self {
            Self::Rejected(rejected) => {
                set("code", code_name(rejected.code).into());
                set("reason", rejected.reason.clone().into());
                let pair =
                    |(field, description): &(String, String)| json!({"field": field, "description": description});
                set("violations", rejected.violations.iter().map(pair).collect());
            }
            Self::File(fault) => {
                set("message", fault.message.clone().into());
                set("path", fault.path.display().to_string().into());
                set("line", fault.place.map(|(line, _)| line).into());
                set("column", fault.place.map(|(_, column)| column).into());
            }
            Self::Program { said, .. } => set("output", said.clone().into()),
            Self::Invalid { path, faults } => {
                set("path", path.clone().into());
                let one = |fault: &Faulty| json!({ "field": fault.field, "description": fault.description, "place": fault.place });
                set("violations", faults.iter().map(one).collect());
            }
            Self::Unknown { request_id: Some(id), .. } => set("request_id", id.to_string().into()),
            _ => {}
        }
        if !self.tried().is_empty() {
            let pair = |(address, why): &(String, String)| json!({"address": address, "message": why});
            set("tried", self.tried().iter().map(pair).collect());
        }
        json!({ "error": error })
    }
}

/// `NotFound` as `not_found`.
fn code_name(code: Code) -> String {
    format!("{code:?}").chars().fold(String::new(), |mut name, c| {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
        name
    })
}
