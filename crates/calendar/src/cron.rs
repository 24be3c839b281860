//! Cron expressions: five fields, or six with seconds first.

use std::cmp::Ordering;
use std::fmt;

use croner::errors::CronError;
use croner::parser::{CronParser, Seconds, Year};
use croner::time::{CivilDate, CivilDateTime, CivilTime, CronDateTime, Resolution, Weekday};
use jiff::tz::AmbiguousOffset;
use jiff::{SignedDuration, ZonedDateTime};

use crate::{Fault, UnixMs, Zone};

/// Longest expression, in bytes.
const EXPRESSION_BYTES_MAX: usize = 256;
/// How far ahead the next slot is looked for, in years: the 29th of February on a given weekday comes every 28 years, and
/// every 40 around a century without a leap day.
const YEARS_MAX: i16 = 41;
const HELP: &str = "use five fields (minute hour day-of-month month day-of-week), six with seconds first, or @hourly, \
                    @daily, @weekly, @monthly, @yearly";

/// A cron expression.
#[derive(Clone, Debug)]
pub struct Cron {
    expression: croner::Cron,
    /// Whether it names times of day, and so follows no clock that is set.
    is_fixed: bool,
}

impl Cron {
    /// Reads an expression.
    ///
    /// # Errors
    /// When it is none, or is never due.
    pub fn new(expression: &str) -> Result<Self, Fault> {
        if expression.len() > EXPRESSION_BYTES_MAX {
            let bytes = expression.len();
            return Err(Fault::new(format!("it has {bytes} bytes, the limit is {EXPRESSION_BYTES_MAX}"), HELP));
        }
        let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
        let parsed = parser.parse(expression).map_err(|error| Fault::new(told(error), HELP))?;
        let cron = Self { expression: parsed, is_fixed: names_times_of_day(expression) };
        // A day that no month has is no fault of form. The epoch is as good as any other instant.
        match cron.after(0, &Zone::default()) {
            Some(_) => Ok(cron),
            None => Err(Fault::new("no day is ever like that", HELP)),
        }
    }

    /// The first slot after an instant. None when there is none for decades.
    #[must_use]
    pub fn after(&self, time: UnixMs, zone: &Zone) -> Option<UnixMs> {
        // Slots are at whole seconds, and the one of the second that has begun is over.
        let start = zone.at(time - time % 1000)?;
        let last_year = start.year().checked_add(YEARS_MAX)?;
        let found = match self.is_fixed {
            true => self.fixed_after(&start, last_year)?,
            false => self.next(&Moment { at: start, last_year })?.at,
        };
        u64::try_from(found.timestamp().as_millisecond()).ok()
    }

    /// Looks on the clock on the wall, and then for the instant at which it shows that for the first time, or, if it never
    /// does, the first instant after.
    fn fixed_after(&self, start: &ZonedDateTime, last_year: i16) -> Option<ZonedDateTime> {
        let mut local = OnTheWall { at: start.datetime(), last_year };
        loop {
            local = self.next(&local)?;
            let ambiguous = start.time_zone().to_ambiguous_zoned_datetime(local.at);
            let instant = match ambiguous.offset() {
                AmbiguousOffset::Gap { .. } => end_of_gap(&ambiguous.earlier().ok()?)?,
                _ => ambiguous.earlier().ok()?,
            };
            // When the clock shows a time again, what it names is over.
            if instant > *start {
                return Some(instant);
            }
        }
    }

    fn next<T: CronDateTime>(&self, from: &T) -> Option<T> {
        self.expression.find_next_occurrence(from, false).ok()
    }
}

/// The instant at which clocks are set forward, of an instant before by less than the gap.
fn end_of_gap(before: &ZonedDateTime) -> Option<ZonedDateTime> {
    let zone = before.time_zone();
    let change = zone.following(before.timestamp()).next()?;
    Some(change.timestamp().to_zoned_datetime(zone.clone()))
}

/// Whether none of the fields for hour, minute and second has a star.
fn names_times_of_day(expression: &str) -> bool {
    let fields: Vec<&str> = expression.split_whitespace().collect();
    match fields.split_last_chunk::<3>() {
        Some((times, _)) => times.iter().all(|field| !field.contains('*')),
        None => !expression.trim().eq_ignore_ascii_case("@hourly"),
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expression.as_str())
    }
}

fn told(error: CronError) -> String {
    match error {
        CronError::EmptyPattern => "it is empty".into(),
        CronError::InvalidPattern(why) | CronError::IllegalCharacters(why) | CronError::ComponentError(why) => {
            why.trim_end_matches('.').to_owned()
        }
        other => other.to_string(),
    }
}

fn civil(at: jiff::civil::DateTime) -> CivilDateTime {
    let part = |part: i8| u32::from(part.unsigned_abs());
    CivilDateTime::new(
        CivilDate::from_parts_unchecked(i32::from(at.year()), part(at.month()), part(at.day())),
        CivilTime::from_parts_unchecked(part(at.hour()), part(at.minute()), part(at.second())),
    )
}

fn weekday(at: jiff::civil::DateTime) -> Weekday {
    Weekday::from_days_from_sunday(u32::from(at.weekday().to_sunday_zero_offset().unsigned_abs()))
}

/// Ends the search after a year.
fn local(civil: CivilDateTime, last_year: i16) -> Result<jiff::civil::DateTime, CronError> {
    let year = i16::try_from(civil.year()).map_err(|_| CronError::InvalidDate)?;
    if year > last_year {
        return Err(CronError::TimeSearchLimitExceeded);
    }
    let part = |part: u32| i8::try_from(part).map_err(|_| CronError::InvalidDate);
    let (month, day) = (part(civil.month())?, part(civil.day())?);
    let (hour, minute, second) = (part(civil.hour())?, part(civil.minute())?, part(civil.second())?);
    jiff::civil::DateTime::new(year, month, day, hour, minute, second, 0).map_err(|_| CronError::InvalidDate)
}

/// What a clock on the wall shows.
#[derive(Clone, Debug)]
struct OnTheWall {
    at: jiff::civil::DateTime,
    last_year: i16,
}

impl CronDateTime for OnTheWall {
    fn to_civil(&self) -> CivilDateTime {
        civil(self.at)
    }

    fn civil_weekday(&self) -> Weekday {
        weekday(self.at)
    }

    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<Self>, CronError> {
        Ok(Resolution::Single(Self { at: local(civil, self.last_year)?, last_year: self.last_year }))
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Self> {
        let at = self.at.checked_add(SignedDuration::from_secs(seconds)).ok()?;
        Some(Self { at, last_year: self.last_year })
    }

    fn cmp_instant(&self, other: &Self) -> Ordering {
        self.at.cmp(&other.at)
    }
}

/// An instant in a time zone.
#[derive(Clone, Debug)]
struct Moment {
    at: ZonedDateTime,
    last_year: i16,
}

impl CronDateTime for Moment {
    fn to_civil(&self) -> CivilDateTime {
        civil(self.at.datetime())
    }

    fn civil_weekday(&self) -> Weekday {
        weekday(self.at.datetime())
    }

    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<Self>, CronError> {
        let ambiguous = self.at.time_zone().to_ambiguous_zoned_datetime(local(civil, self.last_year)?);
        let of = |zoned: Result<ZonedDateTime, jiff::Error>| {
            zoned.map(|at| Self { at, last_year: self.last_year }).map_err(|_| CronError::InvalidTime)
        };
        Ok(match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } => Resolution::Single(of(ambiguous.unambiguous())?),
            AmbiguousOffset::Fold { .. } => {
                Resolution::Ambiguous(of(ambiguous.clone().earlier())?, of(ambiguous.later())?)
            }
            AmbiguousOffset::Gap { .. } => Resolution::Gap,
        })
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Self> {
        let at = self.at.checked_add(SignedDuration::from_secs(seconds)).ok()?;
        Some(Self { at, last_year: self.last_year })
    }

    fn cmp_instant(&self, other: &Self) -> Ordering {
        self.at.timestamp().cmp(&other.at.timestamp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(expression: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
        let (cron, zone) = (Cron::new(expression).unwrap(), Zone::new(zone).unwrap());
        let mut time = u64::try_from(from.parse::<jiff::Timestamp>().unwrap().as_millisecond()).unwrap();
        let mut next = || {
            time = cron.after(time, &zone)?;
            Some(zone.at(time)?.strftime("%m-%d %H:%M:%S%:z").to_string())
        };
        (0..count).map_while(|_| next()).collect()
    }

    #[test]
    fn a_slot_is_never_the_instant_itself() {
        assert_eq!(
            slots("* * * * *", "UTC", "2026-01-01T00:00:00Z", 2),
            ["01-01 00:01:00+00:00", "01-01 00:02:00+00:00"]
        );
        assert_eq!(slots("*/30 * * * * *", "UTC", "2026-01-01T00:00:29.999Z", 1), ["01-01 00:00:30+00:00"]);
        assert_eq!(slots("*/30 * * * * *", "UTC", "2026-01-01T00:00:30.001Z", 1), ["01-01 00:01:00+00:00"]);
    }

    #[test]
    fn one_time_of_day_comes_once_a_day_whatever_the_clocks_do() {
        let spring = slots("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", 3);
        assert_eq!(spring, ["03-28 02:30:00+01:00", "03-29 03:00:00+02:00", "03-30 02:30:00+02:00"]);
        let autumn = slots("30 2 * * *", "Europe/Berlin", "2026-10-24T00:00:00Z", 3);
        assert_eq!(autumn, ["10-24 02:30:00+02:00", "10-25 02:30:00+02:00", "10-26 02:30:00+01:00"]);
    }

    #[test]
    fn several_times_of_day_are_that_many() {
        let spring = slots("0,30 1-3 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 4);
        let expected = ["03-29 01:30:00+01:00", "03-29 03:00:00+02:00", "03-29 03:30:00+02:00", "03-30 01:00:00+02:00"];
        assert_eq!(spring, expected, "the two of the gap and that of its end are one");
        let autumn = slots("0 2,14 * * *", "Europe/Berlin", "2026-10-24T20:00:00Z", 3);
        assert_eq!(autumn, ["10-25 02:00:00+02:00", "10-25 14:00:00+01:00", "10-26 02:00:00+01:00"]);
        let halved = slots("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", 2);
        assert_eq!(halved, ["10-04 02:30:00+11:00", "10-05 02:15:00+11:00"], "a gap of half an hour");
        let from_the_second_pass = slots("30 2 * * *", "Europe/Berlin", "2026-10-25T01:10:00Z", 1);
        assert_eq!(from_the_second_pass, ["10-26 02:30:00+01:00"]);
    }

    #[test]
    fn stars_follow_the_clock_on_the_wall() {
        let spring = slots("*/30 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 3);
        assert_eq!(spring, ["03-29 01:30:00+01:00", "03-29 03:00:00+02:00", "03-29 03:30:00+02:00"]);
        let autumn = slots("30 * * * *", "Europe/Berlin", "2026-10-24T23:45:00Z", 4);
        let expected = ["10-25 02:30:00+02:00", "10-25 02:30:00+01:00", "10-25 03:30:00+01:00", "10-25 04:30:00+01:00"];
        assert_eq!(autumn, expected);
    }

    #[test]
    fn a_gap_of_half_an_hour_leaves_out_no_more() {
        let slots = slots("35 * * * *", "Australia/Lord_Howe", "2026-10-03T14:50:00Z", 3);
        assert_eq!(slots, ["10-04 01:35:00+10:30", "10-04 02:35:00+11:00", "10-04 03:35:00+11:00"]);
    }

    #[test]
    fn what_is_no_expression_is_refused_with_what_would_do() {
        let long = "* ".repeat(200);
        for bad in ["", "* * * *", "61 * * * *", "* * * * * * *", "a b c d e", "0 0 30 2 *", "*/0 * * * *", &long] {
            let fault = Cron::new(bad).unwrap_err();
            assert!(fault.help.contains("five fields") && !fault.message.is_empty(), "{bad}");
        }
        for good in ["@daily", "0 12 * * MON-FRI", "0 0 29 2 *", "0 0 L * *", "*/10 * * * * *", "0 0 29 2 +MON"] {
            assert!(Cron::new(good).is_ok(), "{good}: {:?}", Cron::new(good).err());
        }
    }
}
