//! Why a repository could not be asked, or what was asked makes no sense.

use std::time::Duration;

/// A fault. Its text has no token and no password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The settings must change: an address, a pattern.
    #[error("{0}")]
    Invalid(String),
    /// The repository doesn't let this user in.
    #[error("{0}")]
    Unauthorized(String),
    /// There is no repository, or none that this user may see.
    #[error("{0}")]
    NotFound(String),
    /// It can't be reached now, or takes too long. Another time it may work.
    #[error("{0}")]
    Unreachable(String),
    /// What answers there doesn't speak Git's protocol.
    #[error("{0}")]
    Protocol(String),
    /// There is more than the limits allow.
    #[error("{0}")]
    TooMuch(String),
    /// It asks to be left alone for a while.
    #[error("{message}")]
    Busy { message: String, wait: Duration },
}

impl Fault {
    pub(crate) fn protocol(message: impl Into<String>) -> Self {
        Self::Protocol(message.into())
    }

    /// The same, saying of which remote.
    pub(crate) fn of(self, remote: impl std::fmt::Display) -> Self {
        let with = |message: String| format!("{remote}: {message}");
        match self {
            Self::Invalid(message) => Self::Invalid(with(message)),
            Self::Unauthorized(message) => Self::Unauthorized(with(message)),
            Self::NotFound(message) => Self::NotFound(with(message)),
            Self::Unreachable(message) => Self::Unreachable(with(message)),
            Self::Protocol(message) => Self::Protocol(with(message)),
            Self::TooMuch(message) => Self::TooMuch(with(message)),
            Self::Busy { message, wait } => Self::Busy { message: with(message), wait },
        }
    }
}
