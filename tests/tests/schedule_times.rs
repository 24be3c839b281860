//! `gofer schedule next` against a cron library in another language, over changes of daylight saving time.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use gofer_rng::Rng;
use gofer_tests::{python, run};

const COUNT: usize = 40;
/// Zones with an instant some hours before their clocks change: on both halves of the earth, at midnight, and not at all.
/// None by half an hour, of which the other implementation leaves out the whole hour.
const CHANGES: [(&str, &str); 10] = [
    ("Europe/Berlin", "2026-03-28T20:10:00+00:00"),
    ("Europe/Berlin", "2026-10-24T20:10:00+00:00"),
    ("America/New_York", "2026-03-08T00:10:00+00:00"),
    ("America/New_York", "2026-11-01T00:10:00+00:00"),
    ("Australia/Sydney", "2026-04-04T08:10:00+00:00"),
    ("Australia/Sydney", "2026-10-03T08:10:00+00:00"),
    ("America/Santiago", "2026-09-05T22:10:00+00:00"),
    ("Africa/Cairo", "2026-04-23T17:10:00+00:00"),
    ("Asia/Kolkata", "2026-02-27T12:00:00+00:00"),
    ("UTC", "2028-02-27T12:00:00+00:00"),
];

/// A field: a star, a step, a value, several, or a range.
fn field(rng: &mut Rng, from: u64, to: u64) -> String {
    let one = |rng: &mut Rng| rng.range(from, to);
    match rng.range(0, 9) {
        0..3 => "*".into(),
        3 => format!("*/{}", rng.range(2, to.min(30))),
        4..7 => one(rng).to_string(),
        7 => format!("{},{}", one(rng), one(rng)),
        _ => {
            let (a, b) = (one(rng), one(rng));
            format!("{}-{}", a.min(b), a.max(b))
        }
    }
}

/// The hours that clocks leave out or show twice come up often. Days have no steps: where both days are given, the other
/// implementation takes `*/2` for no restriction, and this one for one.
fn expression(rng: &mut Rng) -> String {
    let minute = field(rng, 0, 59);
    let hour = if rng.percent(50) { field(rng, 0, 3) } else { field(rng, 0, 23) };
    let mut day_field = |percent, from, to| match field(rng, from, to) {
        field if field.starts_with('*') || rng.percent(percent) => "*".to_owned(),
        field => field,
    };
    let (day, weekday) = (day_field(70, 1, 28), day_field(70, 0, 6));
    let month = if rng.percent(90) { "*".into() } else { field(rng, 1, 12) };
    format!("{minute} {hour} {day} {month} {weekday}")
}

/// What the other implementation says, a line for each schedule.
fn oracle(asked: &str) -> Result<Vec<String>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/python/schedules.py");
    let mut child =
        Command::new(python()?).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("python")?;
    let mut stdin = child.stdin.take().context("a pipe")?;
    let asked = asked.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(asked.as_bytes()));
    let output = child.wait_with_output()?;
    writer.join().map_err(|_| anyhow::anyhow!("the writer panicked"))??;
    ensure!(output.status.success(), "the oracle failed");
    Ok(String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect())
}

#[test]
fn slots_are_those_of_another_implementation() -> Result<()> {
    let mut rng = Rng::new(5);
    let mut schedules = Vec::new();
    for number in 0..300 {
        let (zone, after) = CHANGES[number % CHANGES.len()];
        schedules.push((zone, after, expression(&mut rng)));
    }
    let asked: String =
        schedules.iter().map(|(zone, after, cron)| format!("{after} {zone} {COUNT} {cron}\n")).collect();
    let expected = oracle(&asked)?;
    assert_eq!(expected.len(), schedules.len());
    for ((zone, after, cron), expected) in schedules.iter().zip(expected) {
        let count = COUNT.to_string();
        let arguments = ["schedule", "next", cron, "--tz", zone, "--after", after, "--count", &count, "-o", "json"];
        let (code, text) = run(&arguments)?;
        assert_eq!(code, Some(0), "{text}");
        let slots = text.lines().map(|line| -> Result<String> {
            let slot: serde_json::Value = serde_json::from_str(line)?;
            let utc: jiff::Timestamp = slot["utc"].as_str().context("a time")?.parse()?;
            Ok(utc.as_second().to_string())
        });
        assert_eq!(slots.collect::<Result<Vec<_>>>()?.join(" "), expected, "{cron} in {zone} after {after}");
    }
    Ok(())
}
