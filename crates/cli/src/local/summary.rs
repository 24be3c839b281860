//! What a run came to: how long each task took, and why it failed.

use gofer_wire::model::v1 as model;

use crate::error::Error;
use crate::output::{Output, Style, tame};
use crate::run::graph::levels;
use crate::run::state;
use crate::table::Table;
use crate::time;

/// Shows a run that has ended.
pub(super) fn show(output: &Output, config: &model::PipelineConfig, run: &model::Run) -> Result<(), Error> {
    output.line("")?;
    let mut table = Table::new(&["TASK", "STATUS", "ATTEMPTS", "DURATION", "WHY"], 1);
    let ordered = levels(config);
    for task in ordered.iter().filter_map(|(id, _)| run.tasks.iter().find(|task| task.id == *id)) {
        let outcome = task.outcome.clone().unwrap_or_default();
        let (_, word, style) = state::task(outcome.status());
        let attempts = if task.attempts.is_empty() { String::new() } else { task.attempts.len().to_string() };
        table.row([task.id.clone(), word.to_owned(), attempts, duration(task), why(task)], style);
    }
    table.show(output, "it has no tasks")?;
    let (word, style) = state::run(run.status());
    let took = time::elapsed(run.started_at.as_ref(), run.finished_at.as_ref(), time::now());
    let why = if run.message.is_empty() { String::new() } else { format!(": {}", tame(&run.message)) };
    output.line(&format!(
        "\n{} {} after {took}{why}",
        output.paint(Style::Bold, &config.id),
        output.paint(style, word)
    ))?;
    for hint in hints(run) {
        output.notice(&format!("help: {hint}"));
    }
    Ok(())
}

/// From the start of the first attempt to the end of the last.
fn duration(task: &model::TaskRun) -> String {
    let first = task.attempts.first();
    let start = first.and_then(|attempt| attempt.started_at.as_ref().or(attempt.placed_at.as_ref()));
    let end = task.attempts.last().and_then(|attempt| attempt.finished_at.as_ref());
    if start.is_none() { String::new() } else { time::elapsed(start, end, time::now()) }
}

fn why(task: &model::TaskRun) -> String {
    let outcome = task.outcome.clone().unwrap_or_default();
    state::cause(outcome.reason(), outcome.exit_code, &outcome.message)
}

/// What to do about failures that come from this machine and not from the pipeline.
fn hints(run: &model::Run) -> Vec<&'static str> {
    let failed = |reason: model::FailureReason, driver: Option<model::Driver>| {
        run.tasks.iter().any(|task| {
            let outcome = task.outcome.as_ref();
            outcome.is_some_and(|outcome| outcome.reason() == reason)
                && driver.is_none_or(|driver| task.attempts.last().is_some_and(|attempt| attempt.driver() == driver))
        })
    };
    let mut hints = Vec::new();
    if failed(model::FailureReason::ImagePull, None) {
        hints.push("build or pull the image first, or run the commands without images: --driver process");
    }
    if failed(model::FailureReason::CommandNotFound, Some(model::Driver::Process)) {
        hints.push("a process sees the programs of this machine only: install what is missing, or use --driver docker");
    }
    hints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Option<prost_types::Timestamp> {
        Some(prost_types::Timestamp { seconds: second, nanos: 0 })
    }

    #[test]
    fn a_task_takes_from_its_first_attempt_to_its_last() {
        let attempt = |from, to| model::Attempt { placed_at: at(from), finished_at: at(to), ..Default::default() };
        let mut task = model::TaskRun { attempts: vec![attempt(10, 11), attempt(20, 22)], ..Default::default() };
        assert_eq!(duration(&task), "12.0s");
        task.attempts.clear();
        assert_eq!(duration(&task), "");
    }

    #[test]
    fn an_image_that_is_missing_comes_with_advice() {
        let outcome = model::TaskOutcome {
            reason: model::FailureReason::ImagePull.into(),
            exit_code: None,
            ..Default::default()
        };
        let task = model::TaskRun { outcome: Some(outcome), ..Default::default() };
        let mut run = model::Run { tasks: vec![task], ..Default::default() };
        assert_eq!(hints(&run).len(), 1);
        run.tasks.clear();
        assert!(hints(&run).is_empty());
    }
}
