//! States in words, glyphs and colours.

use gofer_wire::model::v1 as model;

use crate::output::Style;

/// Word and look of a run's status.
pub(crate) fn run(status: model::RunStatus) -> (&'static str, Style) {
    match status {
        model::RunStatus::Queued => ("queued", Style::Plain),
        model::RunStatus::Running => ("running", Style::Busy),
        model::RunStatus::Succeeded => ("succeeded", Style::Good),
        model::RunStatus::Failed => ("failed", Style::Bad),
        model::RunStatus::Cancelled => ("cancelled", Style::Warning),
        model::RunStatus::Unspecified => ("unknown", Style::Warning),
    }
}

/// Glyph, word and look of a task's status.
pub(crate) fn task(status: model::TaskStatus) -> (&'static str, &'static str, Style) {
    match status {
        model::TaskStatus::Pending => ("○", "pending", Style::Dim),
        model::TaskStatus::Queued => ("◌", "queued", Style::Plain),
        model::TaskStatus::Waiting => ("◌", "waiting", Style::Busy),
        model::TaskStatus::Placed => ("◔", "placed", Style::Busy),
        model::TaskStatus::Launching => ("◑", "launching", Style::Busy),
        model::TaskStatus::Running => ("●", "running", Style::Busy),
        model::TaskStatus::Succeeded => ("✔", "succeeded", Style::Good),
        model::TaskStatus::Failed => ("✘", "failed", Style::Bad),
        model::TaskStatus::Cancelled => ("⊘", "cancelled", Style::Warning),
        model::TaskStatus::Skipped => ("↷", "skipped", Style::Dim),
        model::TaskStatus::Lost => ("✘", "lost", Style::Bad),
        model::TaskStatus::Unknown | model::TaskStatus::Unspecified => ("?", "unknown", Style::Warning),
    }
}

/// Word and look of an attempt's result.
pub(crate) fn attempt(result: model::AttemptResult) -> (&'static str, Style) {
    match result {
        model::AttemptResult::Succeeded => ("succeeded", Style::Good),
        model::AttemptResult::Failed => ("failed", Style::Bad),
        model::AttemptResult::Cancelled => ("cancelled", Style::Warning),
        model::AttemptResult::Lost => ("lost", Style::Bad),
        model::AttemptResult::Unknown | model::AttemptResult::Unspecified => ("unknown", Style::Warning),
    }
}

/// Whether a run has ended.
pub(crate) fn is_final(status: model::RunStatus) -> bool {
    matches!(status, model::RunStatus::Succeeded | model::RunStatus::Failed | model::RunStatus::Cancelled)
}

/// A word with the cause behind it: `failed: exit code 3`, `failed: out of memory: killed by the kernel`.
pub(crate) fn explain(word: &str, reason: model::FailureReason, exit_code: Option<i32>, message: &str) -> String {
    let mut text = word.to_owned();
    let cause = cause(reason, exit_code, message);
    if !cause.is_empty() {
        text.push_str(": ");
        text.push_str(&cause);
    }
    text
}

/// The cause alone; may be empty.
pub(crate) fn cause(reason: model::FailureReason, exit_code: Option<i32>, message: &str) -> String {
    let reason = match (reason, exit_code) {
        (model::FailureReason::ExitCode, Some(code)) => format!("exit code {code}"),
        (model::FailureReason::ExitCode, None) => "exit code".into(),
        (model::FailureReason::Signal, _) => "killed by a signal".into(),
        (model::FailureReason::Timeout, _) => "time is up".into(),
        (model::FailureReason::OutOfMemory, _) => "out of memory".into(),
        (model::FailureReason::ImagePull, _) => "the image can't be fetched".into(),
        (model::FailureReason::CommandNotFound, _) => "command not found".into(),
        (model::FailureReason::Launch, _) => "it can't be launched".into(),
        (model::FailureReason::Declined, _) => "not approved".into(),
        (model::FailureReason::MissingValue, _) => "a value is missing".into(),
        (model::FailureReason::ChildRun, _) => "a run that it started did not succeed".into(),
        (model::FailureReason::Unspecified, _) => String::new(),
    };
    match (reason.is_empty(), message.is_empty()) {
        (true, _) => message.to_owned(),
        (false, true) => reason,
        // Messages often quote the code themselves.
        (false, false) if message.contains(&reason) => message.to_owned(),
        (false, false) => format!("{reason}: {message}"),
    }
}
