//! `gofer schedule simulate`: the slots of a span of time, with outages, and what becomes of them.

use std::time::Duration;

use clap::Args;
use gofer_calendar::{Jitter, Pass, Policy, Schedule, SkipReason, UnixMs, defaults, pass};
use jiff::Timestamp;
use serde_json::json;

use super::SLOTS_MAX;
use super::due::{local, unix_ms};
use super::policy::PolicyArgs;
use super::spec::SpecArgs;
use crate::command::Context;
use crate::error::{EXIT_OK, Error};
use crate::output::Style;
use crate::pipeline_file::values::parse_duration;
use crate::table::Table;
use crate::time;

/// Each schedule has amounts of jitter of its own; these are those of one of this name.
const NAME: &str = "default/example/schedule";

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
    #[command(flatten)]
    policy: PolicyArgs,
}

fn parse_outage(text: &str) -> Result<(Timestamp, Timestamp), String> {
    let (from, to) = text.split_once("..").ok_or("write FROM..TO")?;
    let time = |text: &str| text.parse().map_err(|_| format!("{text:?} is no time such as 2026-03-01T02:30:00Z"));
    let (from, to) = (time(from)?, time(to)?);
    if from < to { Ok((from, to)) } else { Err("it ends before it begins".into()) }
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
    let lines = lines(&schedule, &policy(&args.policy), (from, to), &outages)?;
    show(context, &schedule, &lines)
}

fn policy(args: &PolicyArgs) -> Policy {
    let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    Policy {
        catch_up: args.catch_up.unwrap_or(defaults::CATCH_UP),
        grace_ms: ms(args.grace.unwrap_or(defaults::GRACE)),
        jitter: Jitter { name: NAME.into(), most_ms: ms(args.jitter.unwrap_or_default()) },
    }
}

/// Settles the slots as a leader would: when their runs are to start, and after an outage all that came in it.
fn lines(
    schedule: &Schedule,
    policy: &Policy,
    (from, to): (UnixMs, UnixMs),
    outages: &[(UnixMs, UnixMs)],
) -> Result<Vec<Line>, Error> {
    let mut lines = Vec::new();
    let (mut settled, mut now) = (from, from);
    while let Some(slot) = schedule.after(settled).filter(|slot| *slot <= to) {
        // The one before may have kept it waiting.
        now = policy.start(slot).max(now);
        now = outages.iter().fold(now, |now, (down, up)| if (*down..*up).contains(&now) { *up } else { now });
        let made = pass(schedule, policy, settled, now);
        settled = made.settled;
        lines.extend(told(policy, &made, now));
        if lines.len() > SLOTS_MAX as usize {
            return Err(Error::usage(format!("that are more than {SLOTS_MAX} slots"), "make --for shorter"));
        }
    }
    lines.sort_by_key(|line| line.slot);
    Ok(lines)
}

fn told(policy: &Policy, made: &Pass, now: UnixMs) -> Vec<Line> {
    let started = made.fire.iter().map(|slot| {
        let late = Duration::from_millis(now - slot);
        let (became, style) = match now - slot {
            0 => ("started".into(), Style::Good),
            _ if now <= policy.missed_after(*slot) => (format!("started {} after", time::short(late)), Style::Good),
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
    let local = |slot| local(&schedule.zone, slot);
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
    use gofer_domain::schedule::CatchUp;

    use super::*;

    const HOUR: u64 = 3_600_000;

    fn hourly() -> Schedule {
        let rule = Rule::Cron(Box::new(Cron::new("0 * * * *").unwrap()));
        Schedule { rule, zone: Zone::default(), blackouts: Vec::new() }
    }

    fn told_of(outages: &[(u64, u64)], catch_up: CatchUp) -> Vec<String> {
        let args = PolicyArgs { catch_up: Some(catch_up), grace: None, jitter: None };
        let lines = lines(&hourly(), &policy(&args), (0, 5 * HOUR), outages).unwrap();
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
    fn jitter_puts_each_slot_off_and_grace_says_what_is_late() {
        let hour = Duration::from_secs(3600);
        let args = |grace| PolicyArgs { catch_up: Some(CatchUp::None), grace, jitter: Some(hour) };
        let lines =
            |grace, outages: &[(u64, u64)]| lines(&hourly(), &policy(&args(grace)), (0, 9 * HOUR), outages).unwrap();
        let put_off = lines(None, &[]);
        let started = |line: &&Line| line.became.starts_with("started ") && line.became.ends_with(" after");
        assert_eq!(put_off.iter().map(|line| line.slot / HOUR).collect::<Vec<_>>(), (1..=9).collect::<Vec<_>>());
        assert_eq!(put_off.iter().filter(started).count(), 9, "none is missed, and none starts at once");
        let outage = [(0, 12 * HOUR)];
        let missed = &lines(None, &outage)[0];
        assert_eq!((missed.slot, missed.became.as_str()), (HOUR, "skipped: missed"));
        assert!(missed.last >= 9 * HOUR, "as one range");
        let forgiven = lines(Some(12 * hour), &outage);
        assert!(forgiven.len() >= 9 && forgiven.iter().all(|line| started(&line)));
    }

    #[test]
    fn outages_are_read() {
        assert!(parse_outage("2026-03-01T02:30:00Z..2026-03-01T02:31:00Z").is_ok());
        assert!(
            ["", "a..b", "2026-03-01T02:30:00Z..2026-03-01T02:30:00Z"].iter().all(|text| parse_outage(text).is_err())
        );
    }
}
