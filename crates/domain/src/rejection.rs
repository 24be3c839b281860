//! Why a command was refused, in a form that says what to do next.

use std::fmt;

/// The kind of refusal: what the caller may do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The command is malformed; the same bytes will never pass.
    InvalidArgument,
    /// What the command names does not exist.
    NotFound,
    /// What the command creates exists already.
    AlreadyExists,
    /// The command is well-formed, but the thing it names is in the wrong state.
    FailedPrecondition,
    /// A limit is reached; it may pass later.
    ResourceExhausted,
    /// The pipeline's overlap policy forbids another run now.
    OverlapForbidden,
    /// A report on an attempt that has already ended, or that was never placed there.
    StaleReport,
}

impl Reason {
    /// Every reason, for tables and tests.
    pub const ALL: [Self; 7] = [
        Self::InvalidArgument,
        Self::NotFound,
        Self::AlreadyExists,
        Self::FailedPrecondition,
        Self::ResourceExhausted,
        Self::OverlapForbidden,
        Self::StaleReport,
    ];

    /// Stable name for the wire, in `UPPER_SNAKE_CASE`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::NotFound => "NOT_FOUND",
            Self::AlreadyExists => "ALREADY_EXISTS",
            Self::FailedPrecondition => "FAILED_PRECONDITION",
            Self::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Self::OverlapForbidden => "OVERLAP_FORBIDDEN",
            Self::StaleReport => "STALE_REPORT",
        }
    }

    /// The reason of a stable name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

/// A refused command. It is a recorded answer: a retry of the same request gets the same one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    pub reason: Reason,
    /// What happened and why, one sentence without a final stop.
    pub message: String,
    /// What to do about it; may be empty.
    pub help: String,
    /// The input at fault as a path (`tasks.build.depends_on`); may be empty.
    pub field: String,
}

impl Rejection {
    /// A rejection with neither help nor field.
    #[must_use]
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), help: String::new(), field: String::new() }
    }

    /// Names the input at fault.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = field.into();
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if !self.help.is_empty() {
            write!(f, " ({})", self.help)?;
        }
        Ok(())
    }
}

impl std::error::Error for Rejection {}
