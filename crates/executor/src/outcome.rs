//! What an exit or a refused launch means to the log.
//!
//! An attempt that ended for want of a lease is reported as cancelled although nobody ordered that: to the log this
//! means that its node gave it up. It counts as lost, and is tried again under `retry_lost` without using up a try.

use gofer_domain::AttemptOutcome;
use gofer_domain::run::{FailureReason, StopReason};
use gofer_drivers::{Exit, LaunchError};

/// What an exit means that nobody ordered.
pub(crate) fn of_exit(exit: &Exit) -> AttemptOutcome {
    let told = |default: String| if exit.message.is_empty() { default } else { exit.message.clone() };
    let failed = |reason, message| AttemptOutcome::Failed { reason, exit_code: exit.code, message };
    if exit.fenced {
        return for_want_of_lease();
    }
    if exit.command_not_found {
        return failed(FailureReason::CommandNotFound, not_found(&exit.message));
    }
    if exit.out_of_memory {
        let message = "the program used more memory than its limit; raise the task's memory, or let it use less";
        return failed(FailureReason::OutOfMemory, message.to_owned());
    }
    match (exit.code, exit.signal) {
        (None, _) => AttemptOutcome::Unknown { message: told("nobody can tell how the program ended".into()) },
        (Some(0), _) if !exit.outputs_fault.is_empty() => failed(FailureReason::Launch, exit.outputs_fault.clone()),
        (Some(0), _) => AttemptOutcome::Succeeded,
        (Some(_), Some(signal)) => {
            failed(FailureReason::Signal, told(format!("the program was ended by signal {signal}")))
        }
        (Some(code), None) => failed(FailureReason::ExitCode, told(format!("the program ended with exit code {code}"))),
    }
}

/// What a launch means that failed for good.
pub(crate) fn of_refusal(error: &LaunchError) -> AttemptOutcome {
    let failed = |reason, message| AttemptOutcome::Failed { reason, exit_code: None, message };
    match error {
        // The driver says what to do about it.
        LaunchError::ImagePull { .. } => failed(FailureReason::ImagePull, error.to_string()),
        LaunchError::CommandNotFound { .. } => AttemptOutcome::Failed {
            reason: FailureReason::CommandNotFound,
            exit_code: Some(127),
            message: not_found(&error.to_string()),
        },
        LaunchError::Invalid { .. } => {
            failed(FailureReason::Launch, format!("{error}; correct the task and register the pipeline again"))
        }
        LaunchError::Secret { .. } => failed(FailureReason::Launch, error.to_string()),
        // An earlier process of this node stopped it for want of a lease, and was ended before it said so.
        LaunchError::Fenced => for_want_of_lease(),
        LaunchError::Unavailable { .. } => failed(FailureReason::Launch, error.to_string()),
    }
}

/// What the end of an attempt means that somebody ordered.
pub(crate) fn of_stop(reason: &StopReason) -> AttemptOutcome {
    let message = match reason {
        StopReason::Cancelled { message } | StopReason::Timeout { message } => message.clone(),
        StopReason::Replaced { by } => format!("replaced by run {by}"),
    };
    AttemptOutcome::Cancelled { message }
}

/// It was stopped because the node might have been taken for lost.
pub(crate) fn for_want_of_lease() -> AttemptOutcome {
    AttemptOutcome::Cancelled { message: "stopped because the node's lease ran out".into() }
}

fn not_found(why: &str) -> String {
    let separator = if why.is_empty() { "" } else { "; " };
    format!("{why}{separator}check that the program exists on the node or in the image, and is executable")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(outcome: AttemptOutcome) -> Option<(FailureReason, Option<i32>)> {
        match outcome {
            AttemptOutcome::Failed { reason, exit_code, message } => {
                assert!(!message.is_empty());
                Some((reason, exit_code))
            }
            _ => None,
        }
    }

    #[test]
    fn exits_are_told_apart() {
        let exit = |code| Exit { code, ..Exit::default() };
        assert_eq!(of_exit(&exit(Some(0))), AttemptOutcome::Succeeded);
        let leaking = Exit { outputs_fault: "line 1 holds a secret".into(), ..exit(Some(0)) };
        assert_eq!(reason(of_exit(&leaking)), Some((FailureReason::Launch, Some(0))));
        assert_eq!(reason(of_exit(&exit(Some(3)))), Some((FailureReason::ExitCode, Some(3))));
        let killed = Exit { signal: Some(9), ..exit(Some(137)) };
        assert_eq!(reason(of_exit(&killed)), Some((FailureReason::Signal, Some(137))));
        let starved = Exit { out_of_memory: true, ..killed.clone() };
        assert_eq!(reason(of_exit(&starved)), Some((FailureReason::OutOfMemory, Some(137))));
        let fenced = Exit { fenced: true, ..killed };
        assert!(matches!(of_exit(&fenced), AttemptOutcome::Cancelled { .. }), "never a failure");
        assert!(matches!(of_exit(&exit(None)), AttemptOutcome::Unknown { .. }));
    }

    #[test]
    fn refusals_say_what_to_do() {
        let pull = LaunchError::ImagePull { image: "a".into(), message: "no such image".into() };
        assert_eq!(reason(of_refusal(&pull)), Some((FailureReason::ImagePull, None)));
        let program = LaunchError::CommandNotFound { program: "a".into(), message: "no such file".into() };
        assert_eq!(reason(of_refusal(&program)), Some((FailureReason::CommandNotFound, Some(127))));
        let AttemptOutcome::Failed { message, .. } = of_refusal(&program) else { unreachable!() };
        assert!(message.contains("no such file") && message.contains("check that"), "{message}");
    }
}
