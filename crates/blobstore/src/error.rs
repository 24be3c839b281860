//! What can be wrong with a store, by what its user does next.

use std::io;
use std::time::Duration;

/// Longest text taken from a server's answer.
const TEXT_CHARS_MAX: usize = 400;

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It may work later.
    #[error("it can't be reached: {0}")]
    Unreachable(String),
    /// It did not answer in time; it may have done what was asked.
    #[error("it did not answer in {0:?}")]
    Slow(Duration),
    /// It refuses these credentials, or this user.
    #[error("it denies access: {0}")]
    Denied(String),
    /// There is no such directory or bucket.
    #[error("it is not there: {0}")]
    Absent(String),
    #[error("it is full: {0}")]
    Full(String),
    /// It is not marked, so it may be another one, or one that is not mounted.
    #[error("it has no marker {}", crate::MARKER)]
    Unmarked,
    /// What is wanted is not in it.
    #[error("it does not hold {0}")]
    Missing(String),
    /// What is in it is not what it should be.
    #[error("{0}")]
    Damaged(String),
    /// The configuration can't be used.
    #[error("{0}")]
    Config(String),
    /// Whatever else it says.
    #[error("{0}")]
    Other(String),
}

impl Error {
    /// From an error of a file or directory.
    pub(crate) fn io(what: &str, error: &io::Error) -> Self {
        let text = format!("{what}: {error}");
        match error.kind() {
            io::ErrorKind::NotFound => Self::Absent(text),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::Denied(text),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(text),
            io::ErrorKind::TimedOut
            | io::ErrorKind::StaleNetworkFileHandle
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkDown => Self::Unreachable(text),
            _ => Self::Other(text),
        }
    }
}

/// From an error of a request about something with a name.
pub(crate) fn of_request(name: &str, error: &object_store::Error) -> Error {
    use object_store::Error as Of;
    let text = short(&with_cause(error));
    if let Some(error) = cause::<io::Error>(error)
        && !matches!(Error::io("", error), Error::Other(_))
        && !matches!(error.kind(), io::ErrorKind::NotFound)
    {
        return Error::io(name, error);
    }
    // What the servers say; the crate hands these on as text only.
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    match error {
        Of::NotFound { .. } if says(&["NoSuchBucket"]) => Error::Absent(text),
        Of::NotFound { .. } => Error::Missing(name.to_owned()),
        Of::PermissionDenied { .. } | Of::Unauthenticated { .. } => Error::Denied(text),
        _ if says(&["StorageFull", "QuotaExceeded", "InsufficientStorage", "status code: 507"]) => Error::Full(text),
        _ if says(&["credential"]) => Error::Denied(text),
        Of::Generic { .. } if says(&["error sending request", "HTTP error", "status code: 5", "SlowDown"]) => {
            Error::Unreachable(text)
        }
        _ => Error::Other(text),
    }
}

/// The text of an error, with what is at the bottom of it: the layers between say only that there is something.
fn with_cause(error: &object_store::Error) -> String {
    let mut text = error.to_string();
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let cause = innermost.to_string();
    if !text.contains(&cause) {
        text = format!("{text}: {cause}");
    }
    text
}

/// The first error of a kind among the causes.
fn cause<E: std::error::Error + 'static>(error: &object_store::Error) -> Option<&E> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// One line, of a length that people read.
pub(crate) fn short(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(TEXT_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
