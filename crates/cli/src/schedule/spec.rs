//! When something is due, as it is written in arguments.

use std::time::Duration;

use clap::Args;
use gofer_calendar::{Schedule, defaults};
use gofer_domain::limits::BLACKOUTS_MAX;
use gofer_domain::schedule::{Blackout, Rule, Timing};
use gofer_wire::model::v1 as model;
use gofer_wire::model::v1::schedule_spec::Rule as WireRule;

use super::due::duration;
use crate::error::Error;
use crate::pipeline_file::values::parse_duration;

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
    #[arg(long = "tz", visible_alias = "timezone", value_name = "ZONE", default_value = defaults::ZONE)]
    zone: String,
    /// A window in which nothing is due: 'CRON for DURATION'; may be repeated
    #[arg(long = "blackout", value_name = "WINDOW", value_parser = parse_window)]
    blackouts: Vec<Window>,
}

/// A blackout window as it was written.
#[derive(Clone, Debug)]
pub(super) struct Window {
    text: String,
    opens: String,
    length: Duration,
}

impl SpecArgs {
    /// The schedule, which no node has looked at.
    pub(super) fn schedule(&self) -> Result<Schedule, Error> {
        let rule = match (&self.cron, self.every) {
            (Some(cron), _) => Rule::Cron(cron.clone()),
            (None, every) => Rule::Every(every.unwrap_or_default()),
        };
        if self.every.is_some_and(|every| every < Duration::from_secs(1)) {
            return Err(Error::usage("--every is too short", "use 1s or more"));
        }
        if self.blackouts.len() > BLACKOUTS_MAX {
            let given = self.blackouts.len();
            let message = format!("{given} blackout windows, the limit is {BLACKOUTS_MAX}");
            return Err(Error::usage(message, "join some of them"));
        }
        let window = |window: &Window| Blackout { opens: window.opens.clone(), length: window.length };
        let blackouts = self.blackouts.iter().map(window).collect();
        let timing = Timing { rule, zone: self.zone.clone(), blackouts };
        Schedule::of(&timing).map_err(|(field, fault)| {
            let place = self.place(&field);
            Error::usage(format!("{place}: {}", fault.message), fault.help)
        })
    }

    /// What the author wrote in a field.
    fn place(&self, field: &str) -> String {
        let window =
            field.strip_prefix("blackouts.").and_then(|number| self.blackouts.get(number.parse::<usize>().ok()?));
        match (window, &self.cron) {
            (Some(window), _) => format!("--blackout {:?}", window.text),
            (None, Some(cron)) if field == "cron" => format!("{cron:?}"),
            (None, _) => "--tz".into(),
        }
    }

    pub(super) fn write(&self, spec: &mut model::ScheduleSpec) {
        write_rule(self.cron.as_deref(), self.every, spec);
        spec.zone.clone_from(&self.zone);
        spec.blackouts = self.blackouts.iter().map(Window::to_wire).collect();
    }
}

/// Sets the rule that is given, if one is.
pub(super) fn write_rule(cron: Option<&str>, every: Option<Duration>, spec: &mut model::ScheduleSpec) {
    if let Some(cron) = cron {
        spec.rule = Some(WireRule::Cron(cron.to_owned()));
    }
    if let Some(every) = every.and_then(|every| prost_types::Duration::try_from(every).ok()) {
        spec.rule = Some(WireRule::Every(every));
    }
}

impl Window {
    pub(super) fn to_wire(&self) -> model::BlackoutWindow {
        let length = prost_types::Duration::try_from(self.length).ok();
        model::BlackoutWindow { opens: self.opens.clone(), length }
    }
}

pub(super) fn parse_window(text: &str) -> Result<Window, String> {
    let Some((opens, length)) = text.rsplit_once(" for ") else {
        return Err("write when it opens and how long it lasts: '0 18 * * FRI for 60h'".into());
    };
    let (text, opens) = (text.to_owned(), opens.trim().to_owned());
    Ok(Window { text, opens, length: parse_duration(length.trim())? })
}

/// A window as people write it.
pub(super) fn window_text(window: &model::BlackoutWindow) -> String {
    format!("{} for {}", window.opens, duration(window.length.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(cron: &str, zone: &str, blackouts: &[&str]) -> Result<Schedule, String> {
        let blackouts = blackouts.iter().map(|text| parse_window(text)).collect::<Result<_, _>>()?;
        let spec = SpecArgs { cron: Some(cron.into()), every: None, zone: zone.into(), blackouts };
        spec.schedule().map_err(|error| error.to_text())
    }

    #[test]
    fn what_is_wrong_is_said_with_what_would_do() {
        assert!(spec("0 3 * * *", "Europe/Berlin", &["0 18 * * FRI for 60h"]).is_ok());
        for (cron, zone, blackouts, says) in [
            ("0 25 * * *", "UTC", &[][..], "five fields"),
            ("0 25 * * *", "UTC", &[], "\"0 25 * * *\": "),
            ("0 3 * * *", "Europe/Bonn", &[], "--tz: there is no time zone \"Europe/Bonn\""),
            ("0 3 * * *", "UTC", &["0 18 * * FRI"], "how long it lasts"),
            ("0 3 * * *", "UTC", &["0 18 * * FRI for ever"], "write for example"),
            ("0 3 * * *", "UTC", &["@daily for 1h", "x for 2h"], "--blackout \"x for 2h\": "),
            ("0 3 * * *", "UTC", &["@daily for 2h"; 21], "the limit is 20"),
        ] {
            let error = spec(cron, zone, blackouts).unwrap_err();
            assert!(error.contains(says), "{cron} {zone}: {error}");
        }
    }

    #[test]
    fn what_is_written_comes_back() {
        let window = parse_window("0 18 * * FRI for 60h").unwrap();
        assert_eq!(window_text(&window.to_wire()), "0 18 * * FRI for 2d12h");
        let spec =
            SpecArgs { cron: None, every: Some(Duration::from_secs(90)), zone: "UTC".into(), blackouts: vec![window] };
        let mut message = model::ScheduleSpec::default();
        spec.write(&mut message);
        assert_eq!(message.rule, Some(WireRule::Every(prost_types::Duration { seconds: 90, nanos: 0 })));
        assert_eq!((message.zone.as_str(), message.blackouts.len()), ("UTC", 1));
    }
}
