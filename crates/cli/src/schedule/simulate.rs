//! `gofer schedule simulate`: the slots of a span of time, with outages, and what becomes of them.

use std::time::Duration;

use clap::Args;
use gofer_calendar::{Jitter, Pass, Policy, Schedule, SkipReason, UnixMs, pass};
use gofer_domain::schedule::CatchUp;
use jiff::Timestamp;
use serde_json::json;

use super::SLOTS_MAX;
use super::spec::{SpecArgs, unix_ms};
use crate::command::Context;
use crate::error::{EXIT_OK, Error};
use crate::output::Style;
use crate::pipeline_file::values::parse_duration;
use crate::table::Table;
use crate::time;

/// What is started within this time of its slot is on time.
const GRACE_MS: u64 = 60_000;
/// Most missed slots that a policy may start.
const CATCH_UP_MAX: u16 = 1000;

/// Arguments of `gofer schedule simulate`.
#[derive(Args, Clone, Debug)]
pub struct SimulateArgs {
    #[command(flatten)]
    spec: SpecArgs,
    /// Where to begin; now by default
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,
    /// How long
    #[arg(long = "for", value_name = "DURATION", default_value = "1d", value_parser = parse_duration)]
    length: Duration,
    /// A time in which nobody keeps the schedule: TIME..TIME; may be repeated
    #[arg(long = "down", value_name = "FROM..TO", value_parser = parse_outage)]
    outages: Vec<(Timestamp, Timestamp)>,
    /// What becomes of missed slots: none, latest, or all:N for the latest N
    #[arg(long, value_name = "POLICY", default_value = "latest", value_parser = parse_catch_up)]
    catch_up: CatchUp,
}

fn parse_outage(text: &str) -> Result<(Timestamp, Timestamp), String> {
    let (from, to) = text.split_once("..").ok_or("write FROM..TO")?;
    let time = |text: &str| text.parse().map_err(|_| format!("{text:?} is no time such as 2026-03-01T02:30:00Z"));
    let (from, to) = (time(from)?, time(to)?);
    if from < to { Ok((from, to)) } else { Err("it ends before it begins".into()) }
}

fn parse_catch_up(text: &str) -> Result<CatchUp, String> {
    match text {
        "none" => Ok(CatchUp::None),
        "latest" => Ok(CatchUp::Latest),
        _ => match text.strip_prefix("all:").and_then(|most| most.parse().ok()) {
            Some(most @ 1..=CATCH_UP_MAX) => Ok(CatchUp::All(most)),
            _ => Err(format!("use none, latest, or all:N with N from 1 to {CATCH_UP_MAX}")),
        },
    }
}

/// What became of a slot, or of several.
struct Line {
    slot: UnixMs,
    last: UnixMs,
    became: String,
    style: Style,
}

pub(super) fn execute(context: &Context<'_>, args: &SimulateArgs) -> Result<u8, Error> {
    let schedule = args.spec.schedule()?;
    let from = unix_ms(args.from.unwrap_or_else(time::now))?;
    let to = from.saturating_add(u64::try_from(args.length.as_millis()).unwrap_or(u64::MAX));
    let mut outages = Vec::with_capacity(args.outages.len());
    for (down, up) in &args.outages {
        outages.push((unix_ms(*down)?, unix_ms(*up)?));
    }
    outages.sort_unstable();
    let lines = lines(&schedule, (from, to), &outages, args.catch_up)?;
    show(context, &schedule, &lines)
}

/// Settles the slots as a leader would: at once, and after an outage all that came in it.
fn lines(
    schedule: &Schedule,
    (from, to): (UnixMs, UnixMs),
    outages: &[(UnixMs, UnixMs)],
    catch_up: CatchUp,
) -> Result<Vec<Line>, Error> {
    let policy = Policy { catch_up, grace_ms: GRACE_MS, jitter: Jitter::default() };
    let mut lines = Vec::new();
    let mut settled = from;
    while let Some(slot) = schedule.after(settled).filter(|slot| *slot <= to) {
        let now = outages.iter().fold(slot, |now, (down, up)| if (*down..*up).contains(&now) { *up } else { now });
        let made = pass(schedule, &policy, settled, now);
        settled = made.settled;
        lines.extend(told(&made, now));
        if lines.len() > SLOTS_MAX as usize {
            return Err(Error::usage(format!("that are more than {SLOTS_MAX} slots"), "make --for shorter"));
        }
    }
    lines.sort_by_key(|line| line.slot);
    Ok(lines)
}

fn told(made: &Pass, now: UnixMs) -> Vec<Line> {
    let started = made.fire.iter().map(|slot| {
        let late = Duration::from_millis(now - slot);
        let (became, style) = match now - slot {
            0 => ("started".into(), Style::Good),
            ms if ms <= GRACE_MS => (format!("started {} after", time::short(late)), Style::Good),
            _ => (format!("started {} after, to catch up", time::short(late)), Style::Busy),
        };
        Line { slot: *slot, last: *slot, became, style }
    });
    let skipped = made.skipped.iter().map(|skipped| {
        let became = match skipped.reason {
            SkipReason::Missed => "skipped: missed",
            SkipReason::Blackout => "skipped: blackout",
        };
        Line { slot: skipped.first, last: skipped.last, became: became.into(), style: Style::Dim }
    });
    started.chain(skipped).collect()
}

fn show(context: &Context<'_>, schedule: &Schedule, lines: &[Line]) -> Result<u8, Error> {
    let local = |slot| {
        schedule.zone.at(slot).map_or_else(String::new, |at| at.strftime("%a %Y-%m-%d %H:%M:%S %:z").to_string())
    };
    let utc = |slot| schedule.zone.at(slot).map(|at| at.timestamp().to_string());
    let mut table = Table::new(&["SLOT", "UNTIL", "WHAT BECOMES OF IT"], 2);
    for line in lines {
        if context.output.is_json() {
            let record = json!({ "utc": utc(line.slot), "until": utc(line.last), "became": line.became });
            context.output.record(&record)?;
        }
        let until = if line.last == line.slot { String::new() } else { local(line.last) };
        table.row([local(line.slot), until, line.became.clone()], line.style);
    }
    if !context.output.is_json() {
        table.show(&context.output, "nothing is due in that time")?;
    }
    Ok(EXIT_OK)
}

#[cfg(test)]
mod tests {
    use gofer_calendar::{Cron, Rule, Zone};

    use super::*;

    const HOUR: u64 = 3_600_000;

    fn told_of(outages: &[(u64, u64)], catch_up: CatchUp) -> Vec<String> {
        let rule = Rule::Cron(Box::new(Cron::new("0 * * * *").unwrap()));
        let schedule = Schedule { rule, zone: Zone::default(), blackouts: Vec::new() };
        let lines = lines(&schedule, (0, 5 * HOUR), outages, catch_up).unwrap();
        lines.iter().map(|line| format!("{}-{} {}", line.slot / HOUR, line.last / HOUR, line.became)).collect()
    }

    #[test]
    fn an_outage_is_caught_up_with_as_the_policy_says() {
        let outage = [(HOUR + 1, 4 * HOUR + 120_000)];
        let expected = ["1-1 started", "2-3 skipped: missed", "4-4 started 2m00s after, to catch up", "5-5 started"];
        assert_eq!(told_of(&outage, CatchUp::Latest), expected);
        assert_eq!(told_of(&outage, CatchUp::None), ["1-1 started", "2-4 skipped: missed", "5-5 started"]);
        assert_eq!(told_of(&[(HOUR - 1, HOUR + 5_000)], CatchUp::None)[0], "1-1 started 5.0s after");
        assert_eq!(told_of(&[], CatchUp::None).len(), 5);
    }

    #[test]
    fn policies_and_outages_are_read() {
        assert_eq!(parse_catch_up("all:7"), Ok(CatchUp::All(7)));
        assert!(["", "all", "all:0", "all:1001", "some"].iter().all(|text| parse_catch_up(text).is_err()));
        assert!(parse_outage("2026-03-01T02:30:00Z..2026-03-01T02:31:00Z").is_ok());
        assert!(
            ["", "a..b", "2026-03-01T02:30:00Z..2026-03-01T02:30:00Z"].iter().all(|text| parse_outage(text).is_err())
        );
    }
}
