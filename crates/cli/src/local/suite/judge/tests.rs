//! Each kind of expectation, met and missed.

use super::super::document;
use super::*;

fn case(expectation: &str) -> Case {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("gofer-test.toml");
    std::fs::write(&path, format!("[[case]]\nname = 'a'\n{expectation}")).unwrap();
    document::read(&path).unwrap().cases.remove(0)
}

fn run() -> model::Run {
    let outcome = |status: model::TaskStatus, exit_code| {
        let reason = if exit_code > Some(0) { model::FailureReason::ExitCode } else { Default::default() };
        Some(model::TaskOutcome { status: status.into(), exit_code, reason: reason.into(), ..Default::default() })
    };
    let task = |id: &str, attempts, outcome| model::TaskRun {
        id: id.into(),
        outcome,
        attempts: vec![model::Attempt::default(); attempts],
        ..Default::default()
    };
    model::Run {
        status: model::RunStatus::Failed.into(),
        message: "task test failed".into(),
        tasks: vec![
            task("build", 1, outcome(model::TaskStatus::Succeeded, None)),
            task("ship", 0, outcome(model::TaskStatus::Skipped, None)),
            task("test", 2, outcome(model::TaskStatus::Failed, Some(3))),
        ],
        ..Default::default()
    }
}

fn texts() -> Texts {
    let mut texts = Texts::default();
    for (task, attempt, stream, data) in
        [("test", 1, 1, "first\n"), ("test", 2, 1, "second\n"), ("test", 2, 2, "oh no\n"), ("test", 2, 3, "notice\n")]
    {
        texts.add(&api::StreamLogsResponse {
            task: task.into(),
            attempt,
            stream,
            data: data.into(),
            ..Default::default()
        });
    }
    texts
}

#[test]
fn what_is_as_expected_is_not_spoken_of() {
    let expectation = "run = 'failed'\n\
        expect.build = { status = 'succeeded', exit_code = 0, attempts = 1, output_without = 'x' }\n\
        expect.ship = { status = 'skipped', attempts = 0 }\n\
        expect.test = { status = 'failed', exit_code = 3, attempts = 2, output = ['second', 'oh no'], \
                        output_without = ['first', 'notice'] }\n";
    assert_eq!(judge(&case(expectation), &run(), &texts(), false), []);
}

#[test]
fn each_difference_is_told_with_both_sides() {
    for (expectation, what, expected, found) in [
        ("run = 'cancelled'", "run", "cancelled", "failed: task test failed"),
        ("run = 'failed'\nexpect.test = 'skipped'", "task test: status", "skipped", "failed: exit code 3"),
        ("run = 'failed'\nexpect.test.exit_code = 0", "task test: exit code", "0", "3"),
        ("run = 'failed'\nexpect.ship.exit_code = 0", "task ship: exit code", "0", "skipped"),
        ("run = 'failed'\nexpect.test.attempts = 3", "task test: attempts", "3", "2"),
        ("run = 'failed'\nexpect.test.output = 'first'", "task test: output", "\"first\"", "other output"),
        ("run = 'failed'\nexpect.build.output = 'x'", "task build: output", "\"x\"", "no output"),
        ("run = 'failed'\nexpect.test.output_without = 'oh'", "task test: output", "no \"oh\"", "it is there"),
    ] {
        let differences = judge(&case(expectation), &run(), &texts(), false);
        let [one] = &differences[..] else { panic!("{expectation}: {differences:?}") };
        assert_eq!((one.what.as_str(), one.expected.as_str(), one.found.as_str()), (what, expected, found));
    }
}

#[test]
fn a_run_that_was_to_succeed_shows_what_failed_and_what_it_wrote() {
    let differences = judge(&case(""), &run(), &texts(), false);
    let whats: Vec<&str> = differences.iter().map(|one| one.what.as_str()).collect();
    assert_eq!(whats, ["run", "task test: status"]);
    assert_eq!(differences[1].output, ["second", "oh no"]);
}

#[test]
fn a_run_that_takes_too_long_failed_whatever_else_it_did() {
    let differences = judge(&case("run = 'failed'\ntimeout = '2s'"), &run(), &texts(), true);
    assert_eq!((differences.len(), differences[0].expected.as_str()), (1, "over within 2s"));
}

#[test]
fn long_outputs_are_shown_from_their_end() {
    let text: String = (1..=30).map(|number| format!("{number}\n")).collect();
    let shown = tail(&text);
    assert_eq!((shown.len(), shown[0].as_str(), shown[20].as_str()), (21, "… 10 lines before", "30"));
}
