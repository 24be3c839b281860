//! Times and durations.

use std::sync::LazyLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};

use super::Result;
use crate::budget::Budget;
use crate::function::TimePart;
use crate::node::Operator;
use crate::text::quote;
use crate::value::Value;

/// What looking up a time zone and a time in it costs.
const ZONE_UNITS: usize = 50;
/// Longest text of a time or a duration, in bytes.
const TEXT_BYTES_MAX: usize = 64;

/// The zones that are compiled in, so that every machine says the same.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The time that a text or a number of seconds since 1970 says.
pub(super) fn timestamp<'a>(value: &Value<'a>, budget: &mut Budget) -> Result<Value<'a>> {
    budget.spend(10)?;
    let time = match value {
        Value::Time(time) => Some(*time),
        Value::Int(seconds) => Timestamp::from_second(*seconds).ok(),
        Value::Text(text) if text.as_str().len() <= TEXT_BYTES_MAX => text.as_str().parse().ok(),
        Value::Text(_) => None,
        other => {
            let other = other.type_name();
            return budget.fail(|| format!("timestamp takes a string or seconds since 1970, not {other}"));
        }
    };
    match (time, value) {
        (Some(time), _) => Ok(Value::Time(time)),
        (None, Value::Text(text)) => {
            budget.fail(|| format!("{} is no time such as \"2026-11-27T16:00:00Z\"", quote(text.as_str())))
        }
        (None, _) => budget.fail(|| "a time is of the years from -9999 to 9999".to_owned()),
    }
}

/// The duration that a text says.
pub(super) fn duration<'a>(value: &Value<'a>, budget: &mut Budget) -> Result<Value<'a>> {
    budget.spend(10)?;
    match value {
        Value::Duration(duration) => Ok(Value::Duration(*duration)),
        Value::Text(text) => {
            let text = text.as_str();
            match (text.len() <= TEXT_BYTES_MAX).then(|| text.parse().ok()).flatten() {
                Some(duration) => Ok(Value::Duration(duration)),
                None => budget.fail(|| format!("{} is no duration such as \"1h30m\"", quote(text))),
            }
        }
        other => {
            let other = other.type_name();
            budget.fail(|| format!("duration takes a string, not {other}"))
        }
    }
}

/// What `+` and `-` make of times and durations. Nothing, if they aren't; nothing inside, if it can't be represented.
pub(super) fn arithmetic<'a>(operator: Operator, one: &Value<'a>, two: &Value<'a>) -> Option<Option<Value<'a>>> {
    Some(match (operator, one, two) {
        (Operator::Add, Value::Time(time), Value::Duration(by))
        | (Operator::Add, Value::Duration(by), Value::Time(time)) => time.checked_add(*by).ok().map(Value::Time),
        (Operator::Subtract, Value::Time(time), Value::Duration(by)) => time.checked_sub(*by).ok().map(Value::Time),
        (Operator::Subtract, Value::Time(one), Value::Time(two)) => Some(Value::Duration(one.duration_since(*two))),
        (Operator::Add, Value::Duration(one), Value::Duration(two)) => one.checked_add(*two).map(Value::Duration),
        (Operator::Subtract, Value::Duration(one), Value::Duration(two)) => one.checked_sub(*two).map(Value::Duration),
        _ => return None,
    })
}

/// A part of a time in a zone, or the whole of a duration in a unit.
pub(super) fn part<'a>(
    part: TimePart,
    of: &Value<'a>,
    zone: Option<&Value<'a>>,
    budget: &mut Budget,
) -> Result<Value<'a>> {
    match (of, zone) {
        (Value::Time(time), zone) => time_part(part, *time, zone, budget),
        (Value::Duration(duration), None) => match duration_part(part, *duration) {
            Some(value) => Ok(Value::Int(value)),
            None => budget.fail(|| "a duration has hours, minutes, seconds and milliseconds only".to_owned()),
        },
        (other, _) => {
            let other = other.type_name();
            budget.fail(|| {
                format!("only timestamps have such parts, and this is {other}; timestamp() makes one of a string")
            })
        }
    }
}

fn time_part<'a>(part: TimePart, time: Timestamp, zone: Option<&Value<'a>>, budget: &mut Budget) -> Result<Value<'a>> {
    let zone = match zone {
        None => TimeZone::UTC,
        Some(Value::Text(name)) => {
            let name = name.as_str();
            budget.spend(ZONE_UNITS)?;
            match (name.len() <= TEXT_BYTES_MAX).then(|| ZONES.get(name).ok()).flatten() {
                Some(zone) => zone,
                None => return budget.fail(|| format!("{} is no time zone such as \"Europe/Berlin\"", quote(name))),
            }
        }
        Some(other) => {
            let other = other.type_name();
            return budget.fail(|| format!("a time zone is a string, not {other}"));
        }
    };
    budget.spend(3)?;
    let at = zone.to_datetime(time);
    // As JavaScript counts: months and days of the month and the year from 0, weekdays from Sunday, which is 0.
    let value = match part {
        TimePart::FullYear => i64::from(at.year()),
        TimePart::Month => i64::from(at.month()) - 1,
        TimePart::Date => i64::from(at.day()),
        TimePart::DayOfMonth => i64::from(at.day()) - 1,
        TimePart::DayOfWeek => i64::from(at.weekday().to_sunday_zero_offset()),
        TimePart::DayOfYear => i64::from(at.day_of_year()) - 1,
        TimePart::Hours => i64::from(at.hour()),
        TimePart::Minutes => i64::from(at.minute()),
        TimePart::Seconds => i64::from(at.second()),
        TimePart::Milliseconds => i64::from(at.millisecond()),
    };
    Ok(Value::Int(value))
}

fn duration_part(part: TimePart, duration: SignedDuration) -> Option<i64> {
    match part {
        TimePart::Hours => Some(duration.as_hours()),
        TimePart::Minutes => Some(duration.as_mins()),
        TimePart::Seconds => Some(duration.as_secs()),
        TimePart::Milliseconds => i64::try_from(duration.as_millis()).ok(),
        _ => None,
    }
}
