//! Why there is no answer.

use std::collections::BTreeMap;

use tonic::{Code, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

/// Why a call has no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// A node refused.
    #[error("{0}")]
    Rejected(Box<Rejected>),
    /// Nothing was changed. Addresses, and how each of them failed last.
    #[error("no node could answer{}", reasons(tried))]
    Unreachable { tried: Vec<(String, String)> },
    /// A change may or may not have been made. Without a request id, look before asking again.
    #[error("it is unknown whether the change was made{}", reasons(tried))]
    Unknown { tried: Vec<(String, String)>, request_id: Option<Uuid> },
    /// What the caller said of the cluster makes no sense.
    #[error("{0}")]
    Invalid(String),
}

/// A refusal by the cluster.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}{message}{}", prefix(reason), suffix(help))]
pub struct Rejected {
    pub code: Code,
    /// One of those in `docs/errors`, or of a node's own, such as `REVISION_TOO_NEW`.
    pub reason: String,
    /// What happened, and why.
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
    /// Path of the field at fault; may be empty.
    pub field: String,
    /// Each field at fault and what is wrong with it.
    pub violations: Vec<(String, String)>,
    /// Whatever else the node says, such as `first_available` for events that are in the archive.
    pub metadata: BTreeMap<String, String>,
}

impl Rejected {
    /// A refusal without details.
    #[must_use]
    pub fn new(code: Code, reason: impl Into<String>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
            message: message.into(),
            help: help.into(),
            field: String::new(),
            violations: Vec::new(),
            metadata: BTreeMap::new(),
        }
    }
}

impl From<Status> for Rejected {
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let message = if status.message().is_empty() { status.code().to_string() } else { status.message().to_owned() };
        let mut rejected = Self::new(status.code(), "", message, "");
        if let Some(bad) = details.bad_request() {
            let pairs = bad.field_violations.iter().map(|one| (one.field.clone(), one.description.clone()));
            rejected.violations = pairs.collect();
            rejected.field = bad.field_violations.first().map(|one| one.field.clone()).unwrap_or_default();
        }
        if let Some(info) = details.error_info() {
            rejected.reason.clone_from(&info.reason);
            rejected.metadata = info.metadata.clone().into_iter().collect();
            rejected.help = rejected.metadata.remove("help").unwrap_or_default();
            rejected.field = rejected.metadata.remove("field").unwrap_or(rejected.field);
        }
        rejected
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        Self::Rejected(Box::new(status.into()))
    }
}

fn prefix(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!("{reason}: ") }
}

fn suffix(help: &str) -> String {
    if help.is_empty() { String::new() } else { format!(" ({help})") }
}

pub(crate) fn reasons(tried: &[(String, String)]) -> String {
    let reasons: Vec<String> = tried.iter().map(|(address, why)| format!("{address}: {why}")).collect();
    if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join("; ")) }
}

#[cfg(test)]
mod tests {
    use tonic_types::ErrorDetails;

    use super::*;

    #[test]
    fn a_status_with_details_is_told_in_full() {
        let mut details = ErrorDetails::new();
        let metadata = [("help", "shorten it"), ("field", "pipeline"), ("limit", "64")];
        details.set_error_info("INVALID_ARGUMENT", "gofer", metadata.map(|(k, v)| (k.to_owned(), v.to_owned())));
        details.add_bad_request_violation("pipeline", "too long");
        let rejected = Rejected::from(Status::with_error_details(Code::InvalidArgument, "too long", details));
        assert_eq!(rejected.to_string(), "INVALID_ARGUMENT: too long (shorten it)");
        assert_eq!((rejected.field.as_str(), rejected.violations.len()), ("pipeline", 1));
        assert_eq!(rejected.metadata, BTreeMap::from([("limit".to_owned(), "64".to_owned())]));
    }

    #[test]
    fn a_status_without_details_is_its_message_or_code() {
        assert_eq!(Rejected::from(Status::not_found("gone")).to_string(), "gone");
        assert!(!Rejected::from(Status::not_found("")).to_string().is_empty());
    }
}
