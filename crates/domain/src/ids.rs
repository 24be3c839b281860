//! Identifiers. Each kind is its own type, so a task id can't be passed where a pipeline id is meant.
//!
//! Names are shared, not copied: keys made of them are cloned far more often than made.

use std::fmt;
use std::sync::Arc;

use crate::limits::ID_BYTES_MAX;
use crate::rejection::{Reason, Rejection};

/// Checks the form shared by all named ids: 1 to 64 of `a-z`, `A-Z`, `0-9`, `_`, `-`, starting with a letter or digit.
fn check(kind: &'static str, text: &str) -> Result<(), Rejection> {
    let invalid = |why: String| {
        Rejection::new(Reason::InvalidArgument, format!("{kind} id {}: {why}", quoted(text)))
            .field(kind)
            .help("use 1 to 64 ASCII letters, digits, '_' or '-', starting with a letter or a digit")
    };
    if text.is_empty() {
        return Err(invalid("it is empty".into()));
    }
    if text.len() > ID_BYTES_MAX {
        return Err(invalid(format!("it is {} bytes long, the limit is {ID_BYTES_MAX}", text.len())));
    }
    if let Some(bad) = text.chars().find(|c| !(c.is_ascii_alphanumeric() || *c == '_' || *c == '-')) {
        return Err(invalid(format!("character {bad:?} is not allowed")));
    }
    if text.starts_with(['_', '-']) {
        return Err(invalid("it starts with neither a letter nor a digit".into()));
    }
    Ok(())
}

/// Quotes outside text for a message, cut to a length that keeps the message readable.
fn quoted(text: &str) -> String {
    let short: String = text.chars().take(80).collect();
    if short.len() < text.len() { format!("{short:?}…") } else { format!("{short:?}") }
}

macro_rules! named_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks and wraps a name.
            ///
            /// # Errors
            /// `InvalidArgument` when the name is empty, too long, or has a character outside `a-zA-Z0-9_-`.
            pub fn new(text: &str) -> Result<Self, Rejection> {
                check($kind, text)?;
                Ok(Self(text.into()))
            }

            /// The name.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

named_id!(
    /// Name of a namespace.
    NamespaceId,
    "namespace"
);
named_id!(
    /// Name of a pipeline, unique in its namespace.
    PipelineId,
    "pipeline"
);
named_id!(
    /// Name of a task, unique in its pipeline.
    TaskId,
    "task"
);
named_id!(
    /// Name of a secret, unique in its scope.
    SecretName,
    "secret"
);
named_id!(
    /// Name of a schedule, unique in its pipeline.
    ScheduleName,
    "schedule"
);
named_id!(
    /// Name of a trigger.
    TriggerName,
    "trigger"
);
named_id!(
    /// Name of a subscription, unique in its pipeline.
    SubscriptionName,
    "subscription"
);

impl NamespaceId {
    /// The namespace of the shared tasks.
    #[must_use]
    pub fn shared_tasks() -> Self {
        Self(crate::shared::NAMESPACE.into())
    }
}

macro_rules! numeric_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

numeric_id!(
    /// Sequence number of an event; the first is 1, 0 means "before any".
    Revision
);
numeric_id!(
    /// Version of a pipeline's configuration; the first is 1.
    Version
);
numeric_id!(
    /// Number of a node, drawn once for a data directory and never used again.
    NodeId
);

/// Idempotency key of a command: 16 bytes of the caller's choice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RequestId(pub [u8; 16]);

/// Random name of a cluster, drawn when it was bootstrapped.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ClusterId(pub [u8; 16]);

macro_rules! hex_display {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }
    };
}

hex_display!(RequestId);
hex_display!(ClusterId);

/// A pipeline in its namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PipelineKey {
    pub namespace: NamespaceId,
    pub pipeline: PipelineId,
}

impl fmt::Display for PipelineKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.pipeline)
    }
}

/// A run of a pipeline. Runs count from 1 per pipeline.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunKey {
    pub pipeline: PipelineKey,
    pub run: u64,
}

impl fmt::Display for RunKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.pipeline, self.run)
    }
}

/// A task in a run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskKey {
    pub run: RunKey,
    pub task: TaskId,
}

impl fmt::Display for TaskKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.run, self.task)
    }
}

/// One launch of one task in one run. Attempts count from 1 per task.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptKey {
    pub task: TaskKey,
    pub attempt: u32,
}

impl fmt::Display for AttemptKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.task, self.attempt)
    }
}
