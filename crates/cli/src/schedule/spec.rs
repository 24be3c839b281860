//! A schedule, as it is written in arguments.

use std::time::Duration;

use clap::Args;
use gofer_calendar::{Blackout, Cron, Fault, Rule, Schedule, UnixMs, Zone};
use jiff::Timestamp;

use crate::error::Error;
use crate::pipeline_file::values::parse_duration;

/// Most blackout windows of a schedule.
const BLACKOUTS_MAX: usize = 20;

/// When something is due.
#[derive(Args, Clone, Debug)]
pub struct SpecArgs {
    /// Cron expression: minute hour day-of-month month day-of-week, seconds first where there are six; or @daily and the
    /// like
    #[arg(value_name = "CRON", required_unless_present = "every", conflicts_with = "every")]
    cron: Option<String>,
    /// Every so often instead, counted from 1970-01-01T00:00:00Z
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    every: Option<Duration>,
    /// Time zone, by its name in the IANA database
    #[arg(long = "tz", visible_alias = "timezone", value_name = "ZONE", default_value = "UTC")]
    zone: String,
    /// A window in which nothing is due: 'CRON for DURATION'; may be repeated
    #[arg(long = "blackout", value_name = "WINDOW")]
    blackouts: Vec<String>,
}

impl SpecArgs {
    pub(super) fn schedule(&self) -> Result<Schedule, Error> {
        let rule = match (&self.cron, self.every) {
            (Some(cron), _) => {
                let cron = Cron::new(cron).map_err(|fault| wrong(&format!("{cron:?}"), &fault))?;
                Rule::Cron(Box::new(cron))
            }
            (None, every) => every_rule(every.unwrap_or_default())?,
        };
        let zone = Zone::new(&self.zone).map_err(|fault| wrong("--tz", &fault))?;
        if self.blackouts.len() > BLACKOUTS_MAX {
            let given = self.blackouts.len();
            let message = format!("{given} blackout windows, the limit is {BLACKOUTS_MAX}");
            return Err(Error::usage(message, "join some of them"));
        }
        let blackouts = self.blackouts.iter().map(|text| blackout(text)).collect::<Result<_, _>>()?;
        Ok(Schedule { rule, zone, blackouts })
    }
}

fn every_rule(every: Duration) -> Result<Rule, Error> {
    match u64::try_from(every.as_millis()) {
        Ok(ms @ 1000..) => Ok(Rule::Every { ms, anchor: 0 }),
        _ => Err(Error::usage("--every is too short", "use 1s or more")),
    }
}

fn blackout(text: &str) -> Result<Blackout, Error> {
    let Some((opens, length)) = text.rsplit_once(" for ") else {
        let message = format!("--blackout {text:?} is no window");
        return Err(Error::usage(message, "write when it opens and how long it lasts: '0 18 * * FRI for 60h'"));
    };
    let length = parse_duration(length.trim())
        .map_err(|why| Error::usage(format!("--blackout {text:?}: {why}"), "write a duration such as 90m or 60h"))?;
    let length = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
    let window = Cron::new(opens.trim()).and_then(|opens| Blackout::new(opens, length));
    window.map_err(|fault| wrong(&format!("--blackout {text:?}"), &fault))
}

fn wrong(what: &str, fault: &Fault) -> Error {
    Error::usage(format!("{what}: {}", fault.message), fault.help)
}

/// # Errors
/// When it is before 1970.
pub(super) fn unix_ms(time: Timestamp) -> Result<UnixMs, Error> {
    u64::try_from(time.as_millisecond()).map_err(|_| Error::usage(format!("{time} is before 1970"), "use a later time"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(cron: &str, zone: &str, blackouts: &[&str]) -> Result<Schedule, String> {
        let blackouts = blackouts.iter().map(|text| (*text).to_owned()).collect();
        let spec = SpecArgs { cron: Some(cron.into()), every: None, zone: zone.into(), blackouts };
        spec.schedule().map_err(|error| error.to_text())
    }

    #[test]
    fn what_is_wrong_is_said_with_what_would_do() {
        assert!(spec("0 3 * * *", "Europe/Berlin", &["0 18 * * FRI for 60h"]).is_ok());
        for (cron, zone, blackouts, says) in [
            ("0 25 * * *", "UTC", &[][..], "five fields"),
            ("0 3 * * *", "Europe/Bonn", &[], "no time zone \"Europe/Bonn\""),
            ("0 3 * * *", "UTC", &["0 18 * * FRI"], "how long it lasts"),
            ("0 3 * * *", "UTC", &["0 18 * * FRI for ever"], "90m or 60h"),
            ("0 3 * * *", "UTC", &["x for 2h"], "five fields"),
            ("0 3 * * *", "UTC", &["@daily for 2h"; 21], "the limit is 20"),
        ] {
            let error = spec(cron, zone, blackouts).unwrap_err();
            assert!(error.contains(says), "{cron} {zone}: {error}");
        }
    }
}
