//! What can be wrong, by what becomes of an attempt. No text holds a value, a token or a secret.

use crate::limits::TEXT_CHARS_MAX;

/// Why there is no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It may work later.
    #[error("{place} can't be asked: {why}")]
    Unavailable { place: String, why: String },
    /// This node proved itself, and may not read that.
    #[error("{place} does not let this node read {path}: {help}")]
    Denied { place: String, path: String, help: &'static str },
    /// What is there is no value.
    #[error("{path} in {place} {why}")]
    Unusable { place: String, path: String, why: String },
    /// No place has it.
    #[error("{0}")]
    Missing(String),
    /// The configuration can't be used.
    #[error("{0}")]
    Config(String),
}

/// One line, of a length that people read.
pub(crate) fn short(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(TEXT_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// The text of an error, with what is at the bottom of it: the layers between say only that there is something.
pub(crate) fn with_cause(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let (text, cause) = (error.to_string(), innermost.to_string());
    short(&if text.contains(&cause) { text } else { format!("{text}: {cause}") })
}
