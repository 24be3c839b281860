//! The view as text, at sizes that are too small too.

use super::*;
use crate::args::OutputFormat;

fn at(second: i64) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp { seconds: second, nanos: 0 })
}

fn task(id: &str, status: model::TaskStatus, attempts: u32, message: &str) -> model::TaskRun {
    let attempt = |number| model::Attempt { number, node: 1, started_at: at(100), ..Default::default() };
    model::TaskRun {
        id: id.into(),
        outcome: Some(model::TaskOutcome { status: status.into(), message: message.into(), ..Default::default() }),
        attempts: (1..=attempts).map(attempt).collect(),
        ..Default::default()
    }
}

fn screen(color: bool) -> Screen {
    let output = Output { format: OutputFormat::Table, color, terminal: true };
    let order = [("build", 0), ("test", 1), ("ship", 2)].map(|(id, level)| (id.to_owned(), level)).to_vec();
    let mut screen = Screen::new(output, order, BTreeMap::from([(1, "n1".to_owned())]));
    screen.run = Some(model::Run {
        r#ref: Some(model::RunRef { namespace: "default".into(), pipeline: "release".into(), run: 3 }),
        status: model::RunStatus::Running.into(),
        started_at: at(90),
        tasks: vec![
            task("build", model::TaskStatus::Succeeded, 1, ""),
            task("ship", model::TaskStatus::Pending, 0, ""),
            task("test", model::TaskStatus::Running, 2, "a very long message that\x1b[2J goes on and on"),
        ],
        ..Default::default()
    });
    screen
}

fn now() -> Timestamp {
    Timestamp::from_second(105).unwrap()
}

#[test]
fn a_run_is_drawn_parents_first() {
    let mut screen = screen(false);
    screen.remark = "lost n2".into();
    assert_eq!(
        screen.lines(60, 24, now()),
        [
            "default/release/3 running 15.0s",
            "✔ build     succeeded  n1            5.0s",
            "●   test    running    n1    #2      5.0s  a very long mess…",
            "○     ship  pending",
            "3 tasks: 1 pending, 1 running, 1 succeeded",
            "lost n2",
        ]
    );
}

#[test]
fn colours_don_t_count_as_width() {
    let plain = screen(false).lines(40, 24, now());
    let coloured = screen(true).lines(40, 24, now());
    for (plain, coloured) in plain.iter().zip(coloured) {
        let mut stripped = coloured;
        for code in ["\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[36m"] {
            stripped = stripped.replace(code, "");
        }
        assert_eq!(*plain, stripped);
        assert!(plain.chars().count() <= 40, "{plain}");
    }
}

#[test]
fn more_tasks_than_rows_keep_those_at_work() {
    let mut screen = screen(false);
    let lines = screen.lines(60, 5, now());
    assert!(lines.len() < 5, "{lines:?}");
    assert!(lines[1].contains("test"), "{lines:?}");
    assert_eq!(lines[2], "  … 2 more tasks");
    let mut run = screen.run.clone().unwrap();
    run.tasks = (0..1_000).map(|n| task(&format!("t{n}"), model::TaskStatus::Pending, 0, "")).collect();
    screen.order = run.tasks.iter().map(|task| (task.id.clone(), 0)).collect();
    screen.run = Some(run);
    assert_eq!(screen.lines(60, 24, now()).len(), 23);
    for (width, height) in [(1, 1), (0, 0), (3, 2)] {
        let lines = screen.lines(width, height, now());
        assert!(lines.iter().all(|line| line.chars().count() <= width.max(3)), "{lines:?}");
    }
}
