//! Errors on the wire: a google.rpc.Status with google.rpc.ErrorInfo of domain "gofer", whose metadata says what to do.

mod fit;

use std::collections::HashMap;
use std::time::Duration;

use gofer_consensus::{MembershipError, ProposeError};
use gofer_domain::{NodeId, Reason, Rejection, RequestId, Revision};
use http::Response;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// Domain of every ErrorInfo.
pub(crate) const DOMAIN: &str = "gofer";

/// Reasons of errors that are no rejections of the state machine.
pub(crate) mod reason {
    pub(crate) const NOT_LEADER: &str = "NOT_LEADER";
    pub(crate) const NO_CLUSTER: &str = "NO_CLUSTER";
    pub(crate) const NO_LEADER: &str = "NO_LEADER";
    pub(crate) const OVERLOADED: &str = "OVERLOADED";
    pub(crate) const TOO_LARGE: &str = "TOO_LARGE";
    pub(crate) const OUTCOME_UNKNOWN: &str = "OUTCOME_UNKNOWN";
    pub(crate) const TIMEOUT: &str = "TIMEOUT";
    pub(crate) const NODE_STOPPED: &str = "NODE_STOPPED";
    pub(crate) const SHUTTING_DOWN: &str = "SHUTTING_DOWN";
    pub(crate) const OTHER_CLUSTER: &str = "OTHER_CLUSTER";
    pub(crate) const WRONG_NODE: &str = "WRONG_NODE";
    pub(crate) const REVISION_TOO_NEW: &str = "REVISION_TOO_NEW";
    pub(crate) const EVENTS_ARCHIVED: &str = "EVENTS_ARCHIVED";
    pub(crate) const STORAGE: &str = "STORAGE";
    pub(crate) const INVALID_ARGUMENT: &str = "INVALID_ARGUMENT";
    pub(crate) const NOT_FOUND: &str = "NOT_FOUND";
    pub(crate) const FAILED_PRECONDITION: &str = "FAILED_PRECONDITION";
    pub(crate) const UNREACHABLE: &str = "UNREACHABLE";
    pub(crate) const CHANGE_IN_PROGRESS: &str = "CHANGE_IN_PROGRESS";
    pub(crate) const NO_KEY: &str = "NO_KEY";
    pub(crate) const DAMAGED: &str = "DAMAGED";
    pub(crate) const UNAUTHENTICATED: &str = "UNAUTHENTICATED";
    pub(crate) const PERMISSION_DENIED: &str = "PERMISSION_DENIED";
}

/// An error in the making.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    code: Code,
    message: String,
    reason: String,
    metadata: Vec<(&'static str, String)>,
    violations: Vec<(String, String)>,
    retry: Option<Duration>,
}

impl Fault {
    pub(crate) fn new(code: Code, reason: &str, message: impl Into<String>) -> Self {
        let (message, reason) = (message.into(), reason.to_owned());
        Self { code, message, reason, metadata: Vec::new(), violations: Vec::new(), retry: None }
    }

    /// The caller's input is at fault: `field` is its path.
    pub(crate) fn invalid(field: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let violations = vec![(field.to_owned(), message.clone())];
        let fault = Self::new(Code::InvalidArgument, reason::INVALID_ARGUMENT, message).with("field", field);
        Self { violations, ..fault }
    }

    pub(crate) fn not_found(field: &str, message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, reason::NOT_FOUND, message).with("field", field)
    }

    /// What to do about it.
    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        self.with("help", help)
    }

    pub(crate) fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        let value = value.into();
        if !value.is_empty() {
            self.metadata.push((key, value));
        }
        self
    }

    pub(crate) fn retry_after(self, delay: Duration) -> Self {
        Self { retry: Some(delay), ..self }
    }

    pub(crate) fn code(&self) -> Code {
        self.code
    }

    pub(crate) fn reason(&self) -> &str {
        &self.reason
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// What [`Fault::help`] has said.
    pub(crate) fn helped(&self) -> &str {
        self.metadata.iter().find(|(key, _)| *key == "help").map_or("", |(_, help)| help)
    }

    fn request(self, request: Option<RequestId>) -> Self {
        match request {
            Some(request) => self.with("request_id", request.to_string()),
            None => self,
        }
    }
}

impl From<Fault> for Status {
    fn from(fault: Fault) -> Self {
        let mut details = ErrorDetails::new();
        let metadata: HashMap<String, String> =
            fault.metadata.into_iter().map(|(key, value)| (key.to_owned(), fit::value(value))).collect();
        details.set_error_info(fault.reason, DOMAIN, metadata);
        for (field, description) in fit::violations(fault.violations) {
            details.add_bad_request_violation(field, description);
        }
        if let Some(delay) = fault.retry {
            details.set_retry_info(Some(delay));
        }
        Self::with_error_details(fault.code, fit::message(fault.message), details)
    }
}

/// The code of a refusal.
fn code(reason: Reason) -> Code {
    match reason {
        Reason::InvalidArgument => Code::InvalidArgument,
        Reason::NotFound => Code::NotFound,
        Reason::AlreadyExists => Code::AlreadyExists,
        Reason::FailedPrecondition | Reason::OverlapForbidden | Reason::StaleReport => Code::FailedPrecondition,
        Reason::ResourceExhausted => Code::ResourceExhausted,
    }
}

/// A command that was refused.
pub(crate) fn rejected(rejection: &Rejection) -> Fault {
    let Rejection { reason, message, help, field } = rejection;
    let fault = if *reason == Reason::InvalidArgument {
        Fault::invalid(field, message.as_str())
    } else {
        Fault::new(code(*reason), reason.name(), message.as_str()).with("field", field)
    };
    fault.help(help)
}

/// All faults of one input: the first one is the message, each is a violation.
pub(crate) fn all_rejected(faults: &[Rejection]) -> Fault {
    let Some(first) = faults.first() else {
        return Fault::new(Code::InvalidArgument, reason::INVALID_ARGUMENT, "the input is not valid");
    };
    let mut fault = rejected(first);
    fault.violations = faults.iter().map(|fault| (fault.field.clone(), fault.to_string())).collect();
    if let others @ 1.. = faults.len() - 1 {
        let plural = if others == 1 { "fault" } else { "faults" };
        fault.message = format!("{} (and {others} more {plural})", fault.message);
    }
    fault
}

/// A proposal or a linearizable read that was not answered; what a client sees.
pub(crate) fn unanswered(error: &ProposeError, request: Option<RequestId>) -> Fault {
    let again = match request {
        Some(_) => "retry with the same request id, on any node",
        None => "retry, on any node",
    };
    let fault = match error {
        ProposeError::NotLeader { leader } => {
            let fault = Fault::new(
                Code::Unavailable,
                reason::NO_LEADER,
                "no leader could be reached in time; nothing was changed",
            );
            let fault = fault.help(format!("{again}; if it stays so, check that a majority of the voters runs"));
            leader.as_ref().map_or(fault.clone(), |(id, address)| leader_of(fault, *id, address))
        }
        ProposeError::Overloaded => Fault::new(Code::ResourceExhausted, reason::OVERLOADED, error.to_string())
            .help(format!("slow down, then {again}"))
            .retry_after(Duration::from_millis(500)),
        ProposeError::TooLarge(_) => {
            Fault::new(Code::InvalidArgument, reason::TOO_LARGE, error.to_string()).help("send less at once")
        }
        ProposeError::Precondition(why) => precondition(why),
        ProposeError::Unknown(_) => {
            Fault::new(Code::Unavailable, reason::OUTCOME_UNKNOWN, error.to_string()).help(again)
        }
        ProposeError::Timeout(_) => Fault::new(Code::Unavailable, reason::TIMEOUT, error.to_string())
            .help(format!("{again}; or ask for a local read, which may be stale")),
        ProposeError::Fatal(_) => Fault::new(Code::Unavailable, reason::NODE_STOPPED, error.to_string())
            .help("ask another node; this one must be restarted, its log says why it stopped"),
        other => Fault::new(Code::Unavailable, reason::OUTCOME_UNKNOWN, other.to_string()).help(again),
    };
    fault.request(request)
}

fn leader_of(fault: Fault, id: NodeId, address: &str) -> Fault {
    fault.with("leader", id.to_string()).with("leader_address", address)
}

fn precondition(why: &str) -> Fault {
    let help = "do as the message says, then repeat the request";
    Fault::new(Code::FailedPrecondition, reason::FAILED_PRECONDITION, why).help(help)
}

/// The same between nodes, so that [`propose_error`] can read it.
pub(crate) fn propose_status(error: &ProposeError) -> Status {
    let fault = match error {
        ProposeError::NotLeader { leader } => not_leader(leader.as_ref()),
        ProposeError::Timeout(why) => Fault::new(Code::Unavailable, reason::TIMEOUT, why),
        ProposeError::Unknown(why) => Fault::new(Code::Unavailable, reason::OUTCOME_UNKNOWN, why),
        ProposeError::TooLarge(why) => Fault::new(Code::InvalidArgument, reason::TOO_LARGE, why),
        ProposeError::Precondition(why) => precondition(why),
        ProposeError::Fatal(why) => Fault::new(Code::Unavailable, reason::NODE_STOPPED, why),
        other => unanswered(other, None),
    };
    fault.into()
}

pub(crate) fn not_leader(leader: Option<&(NodeId, String)>) -> Fault {
    let error = ProposeError::NotLeader { leader: leader.cloned() };
    let fault = Fault::new(Code::FailedPrecondition, reason::NOT_LEADER, error.to_string());
    leader.map_or(fault.clone(), |(id, address)| leader_of(fault, *id, address))
}

/// What a peer's answer means for a proposal. Whatever is not known to have changed nothing counts as unknown.
pub(crate) fn propose_error(status: &Status) -> ProposeError {
    let details = status.get_error_details();
    let info = details.error_info().filter(|info| info.domain == DOMAIN);
    let why = || status.message().to_owned();
    match info.map(|info| info.reason.as_str()) {
        Some(reason::NOT_LEADER) => ProposeError::NotLeader { leader: info.and_then(leader_in) },
        Some(reason::OVERLOADED) => ProposeError::Overloaded,
        Some(reason::TOO_LARGE) => ProposeError::TooLarge(why()),
        Some(reason::FAILED_PRECONDITION) => ProposeError::Precondition(why()),
        Some(reason::TIMEOUT) => ProposeError::Timeout(why()),
        _ if is_unsent(status) => ProposeError::NotLeader { leader: None },
        _ => ProposeError::Unknown(why()),
    }
}

fn leader_in(info: &tonic_types::ErrorInfo) -> Option<(NodeId, String)> {
    let id = info.metadata.get("leader")?.parse().ok()?;
    Some((NodeId(id), info.metadata.get("leader_address")?.clone()))
}

/// The leader that an answer names.
pub(crate) fn leader_named(status: &Status) -> Option<(NodeId, String)> {
    status.get_error_details().error_info().and_then(leader_in)
}

/// The reason of an error of Gofer's own.
pub(crate) fn reason_of(status: &Status) -> Option<String> {
    let details = status.get_error_details();
    details.error_info().filter(|info| info.domain == DOMAIN).map(|info| info.reason.clone())
}

/// Whether a call certainly never left this node: no connection could be made.
pub(crate) fn is_unsent(status: &Status) -> bool {
    let mut source = std::error::Error::source(status);
    while let Some(error) = source {
        if error.is::<tonic::ConnectError>() {
            return true;
        }
        source = error.source();
    }
    false
}

/// A change of membership or leadership that did not happen.
pub(crate) fn membership(error: &MembershipError) -> Fault {
    let message = error.to_string();
    match error {
        MembershipError::NotLeader { leader } => not_leader(leader.as_ref()),
        MembershipError::InProgress => Fault::new(Code::Aborted, reason::CHANGE_IN_PROGRESS, message)
            .help("wait for the other change, then try again")
            .retry_after(Duration::from_secs(1)),
        MembershipError::UnknownNode { .. } => {
            Fault::not_found("node", message).help("see `gofer cluster status` for the members")
        }
        MembershipError::Timeout(_) => {
            Fault::new(Code::Unavailable, reason::OUTCOME_UNKNOWN, message).help("look at the members, then try again")
        }
        MembershipError::Fatal(_) => {
            Fault::new(Code::Unavailable, reason::NODE_STOPPED, message).help("ask another node")
        }
        _ => Fault::new(Code::FailedPrecondition, reason::FAILED_PRECONDITION, message)
            .help("see `gofer cluster status` for the members and their roles"),
    }
}

/// The events that are asked for are in the archive only. `archive` is its URL, where it is known.
pub(crate) fn archived(first: Revision, archive: Option<&str>) -> Fault {
    let message = format!("the events before revision {first} are in the archive, and on no node any more");
    let url = archive.unwrap_or("URL");
    Fault::new(Code::OutOfRange, reason::EVENTS_ARCHIVED, message)
        .with("field", "from_revision")
        .with("first_available", first.to_string())
        .with("archive", archive.unwrap_or_default())
        .help(format!(
            "start from revision {first}; or read the earlier ones with --archive {url} of `gofer audit` and `gofer backup`"
        ))
}

/// The store failed.
pub(crate) fn storage(error: &gofer_store::Error) -> Fault {
    if let gofer_store::Error::Archived { first } = error {
        return archived(*first, None);
    }
    let mut message = format!("this node's storage failed: {error}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    tracing::error!(%message, "a read of the store failed");
    if matches!(error, gofer_store::Error::Corrupt { .. }) {
        return Fault::new(Code::DataLoss, reason::DAMAGED, message).help("ask another node");
    }
    Fault::new(Code::Unavailable, reason::STORAGE, message).help("ask another node, and see this node's log")
}

/// A background task of this call was lost.
pub(crate) fn interrupted(error: &tokio::task::JoinError) -> Fault {
    Fault::new(Code::Internal, reason::STORAGE, format!("the call was interrupted: {error}")).help("retry")
}

/// The node is going away.
pub(crate) fn shutting_down(resume: &str) -> Fault {
    Fault::new(Code::Unavailable, reason::SHUTTING_DOWN, "this node is shutting down").help(resume)
}

/// Gives the errors that the gRPC library makes itself (unknown methods, messages over the limit, bad protobuf) the
/// same shape as all others.
pub(crate) fn dress<B>(mut response: Response<B>) -> Response<B> {
    let headers = response.headers();
    if !headers.contains_key(Status::GRPC_STATUS) || headers.contains_key(Status::GRPC_STATUS_DETAILS) {
        return response;
    }
    let Some(bare) = Status::from_header_map(headers) else { return response };
    let (reason, help) = match bare.code() {
        Code::Ok => return response,
        Code::OutOfRange | Code::ResourceExhausted => (reason::TOO_LARGE, "send or ask for less at once"),
        Code::Unimplemented => ("UNIMPLEMENTED", "check the method's name and that the server is new enough"),
        Code::Cancelled | Code::DeadlineExceeded => (reason::OUTCOME_UNKNOWN, "retry with the same request id"),
        _ => ("BAD_REQUEST", "check that client and server speak the same version of the API"),
    };
    let status: Status = Fault::new(bare.code(), reason, bare.message()).help(help).into();
    if let Err(error) = status.add_header(response.headers_mut()) {
        tracing::debug!(%error, "an error could not be given details");
    }
    response
}
