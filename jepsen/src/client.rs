//! A client of one workload: one operation at a time, through any node, with its outcome in the history.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use gofer_rng::Rng;
use tokio::time::timeout;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::history::{History, Outcome, Value};
use crate::lab::Lab;

/// How long a client waits for an answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(4);

/// An operation before it is sent.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) f: &'static str,
    pub(crate) key: u64,
    pub(crate) value: Value,
    /// Whether it changes nothing: then no answer means that it failed, not that its effect is unknown.
    pub(crate) is_read: bool,
}

/// What an operation answered.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) value: Value,
    /// 0: none.
    pub(crate) version: u64,
}

/// One logical process of a workload, as Jepsen counts them: after an unknown outcome it goes on under another number.
#[derive(Debug)]
pub(crate) struct Client {
    /// Its place among the workload's clients.
    pub(crate) index: usize,
    process: u64,
    /// How many clients the workload has.
    step: u64,
    pub(crate) rng: Rng,
    pub(crate) lab: Arc<Lab>,
    history: Arc<History>,
}

impl Client {
    pub(crate) fn new(index: usize, clients: usize, rng: Rng, lab: Arc<Lab>, history: Arc<History>) -> Self {
        Self { index, process: index as u64, step: clients as u64, rng, lab, history }
    }

    /// Any node.
    pub(crate) fn any_node(&mut self) -> usize {
        let size = self.lab.size();
        self.rng.below(size)
    }

    /// Waits for the call's answer, and records how it went. The answer, if it is known.
    pub(crate) async fn record(
        &mut self,
        node: usize,
        what: Invocation,
        patience: Duration,
        call: impl Future<Output = Result<Answer, Status>> + Send,
    ) -> Result<Answer, Outcome> {
        let op = self.history.invoke(self.process, what.f, what.key, what.value, node);
        let (outcome, error) = match timeout(patience, call).await {
            Ok(Ok(answer)) => {
                self.history.complete(op, Outcome::Ok, answer.value.clone(), answer.version, "");
                return Ok(answer);
            }
            Ok(Err(status)) => (outcome(&status), describe(&status)),
            Err(_) => (Outcome::Info, "no answer in time".to_owned()),
        };
        let outcome = if what.is_read { Outcome::Fail } else { outcome };
        self.history.complete(op, outcome, Value::Nil, 0, &error);
        if outcome == Outcome::Info {
            self.process += self.step;
        }
        Err(outcome)
    }
}

/// What an error says about the effect of the command. A refusal is one of the state machine's, or the promise that
/// nothing was changed, which is put to the test here like any other.
pub(crate) fn outcome(status: &Status) -> Outcome {
    match status.code() {
        Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::FailedPrecondition
        | Code::ResourceExhausted => Outcome::Fail,
        Code::Unavailable if reason(status).is_some_and(|reason| reason == "NO_LEADER") || is_unsent(status) => {
            Outcome::Fail
        }
        _ => Outcome::Info,
    }
}

/// The reason of an error of Gofer's own.
pub(crate) fn reason(status: &Status) -> Option<String> {
    let details = status.get_error_details();
    details.error_info().filter(|info| info.domain == "gofer").map(|info| info.reason.clone())
}

/// Whether the call never left this process.
fn is_unsent(status: &Status) -> bool {
    let mut source = std::error::Error::source(status);
    while let Some(error) = source {
        if error.is::<tonic::ConnectError>() {
            return true;
        }
        source = error.source();
    }
    false
}

/// A short text without numbers that differ each time, so that the same errors can be counted.
fn describe(status: &Status) -> String {
    if is_unsent(status) {
        return "not connected".into();
    }
    match reason(status) {
        Some(reason) => reason,
        None => format!("{:?}: {}", status.code(), status.message().chars().take(80).collect::<String>()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic_types::ErrorDetails;

    fn with_reason(code: Code, reason: &str) -> Status {
        let mut details = ErrorDetails::new();
        details.set_error_info(reason, "gofer", std::collections::HashMap::new());
        Status::with_error_details(code, "x", details)
    }

    #[test]
    fn only_what_certainly_did_not_happen_has_failed() {
        for code in [Code::FailedPrecondition, Code::NotFound, Code::InvalidArgument, Code::ResourceExhausted] {
            assert_eq!(outcome(&with_reason(code, "ANY")), Outcome::Fail);
        }
        assert_eq!(outcome(&with_reason(Code::Unavailable, "NO_LEADER")), Outcome::Fail);
        assert_eq!(outcome(&with_reason(Code::Unavailable, "OUTCOME_UNKNOWN")), Outcome::Info);
        assert_eq!(outcome(&Status::unavailable("connection reset")), Outcome::Info);
        assert_eq!(outcome(&Status::deadline_exceeded("")), Outcome::Info);
        assert_eq!(outcome(&Status::internal("")), Outcome::Info);
    }
}
