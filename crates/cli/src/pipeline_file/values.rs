//! Values that people write with a unit: durations, memory, CPU. Each is read and written exactly, never rounded.

use std::time::Duration;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Units of a duration in milliseconds, the largest first.
const DURATION_UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
/// Units of an amount of memory in bytes.
const MEMORY_UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

/// A length of time, written `90s`, `1h30m` or `250ms`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

/// Bytes, written `512MiB` or `2GB`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory(pub(crate) u64);

/// Thousandths of a core, written `0.5`, `"0.5"` or `"500m"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cpu(pub(crate) u64);

/// Growth in percent, written as a factor: `2` or `1.5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Factor(pub(crate) u32);

/// A text that may also be written as a whole number or a truth value.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Text(pub(crate) String);

/// Reads a duration.
///
/// # Errors
/// A sentence that says what is wrong and what would be right.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong =
        |why: String| format!("{text:?} is not a duration: {why}; write for example \"90s\", \"5m\" or \"1h30m\"");
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(wrong("it is empty".into()));
    }
    let mut millis = 0_u64;
    let mut last = usize::MAX;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        if number.is_empty() {
            return Err(wrong("a whole number is expected before each unit".into()));
        }
        if unit.is_empty() {
            return Err(wrong(if tail.is_empty() {
                format!("{number} has no unit")
            } else {
                format!("{tail:?} is no unit")
            }));
        }
        let Some(index) = DURATION_UNITS.iter().position(|(name, _)| *name == unit) else {
            return Err(wrong(format!("the unit {unit:?} is none of d, h, m, s, ms")));
        };
        if last != usize::MAX && index <= last {
            return Err(wrong("units go from the largest to the smallest, each once".into()));
        }
        last = index;
        let factor = DURATION_UNITS.get(index).map_or(1, |(_, factor)| *factor);
        millis = number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(factor))
            .and_then(|part| millis.checked_add(part))
            .ok_or_else(|| wrong("it is too long".into()))?;
        rest = tail;
    }
    Ok(Duration::from_millis(millis))
}

/// Writes a duration as [`parse_duration`] reads it; what is finer than a millisecond is cut off.
pub(crate) fn format_duration(duration: Duration) -> String {
    let mut left = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (unit, factor) in DURATION_UNITS {
        let count = left / factor;
        left %= factor;
        if count > 0 {
            text.push_str(&format!("{count}{unit}"));
        }
    }
    if text.is_empty() { "0s".into() } else { text }
}

/// Reads an amount of memory.
///
/// # Errors
/// A sentence that says what is wrong and what would be right.
pub(crate) fn parse_memory(text: &str) -> Result<u64, String> {
    let wrong =
        |why: String| format!("{text:?} is not an amount of memory: {why}; write for example \"512MiB\" or \"2GB\"");
    let trimmed = text.trim();
    let digits = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(digits);
    let unit = unit.trim_start();
    if unit.is_empty() {
        return Err(wrong("it has no unit".into()));
    }
    let Some((_, factor)) = MEMORY_UNITS.iter().find(|(name, _)| *name == unit) else {
        let near = MEMORY_UNITS.iter().map(|(name, _)| *name).find(|name| {
            name.eq_ignore_ascii_case(unit)
                || name.trim_end_matches('B').trim_end_matches('i').eq_ignore_ascii_case(unit)
        });
        let hint = near.map_or(String::new(), |near| format!(" (did you mean {near}?)"));
        return Err(wrong(format!("the unit {unit:?} is none of B, kB, MB, GB, TB, KiB, MiB, GiB, TiB{hint}")));
    };
    scaled(number, *factor).map_err(wrong)
}

/// Writes an amount of memory in the largest binary unit that needs no fraction.
pub(crate) fn format_memory(bytes: u64) -> String {
    let fits = |(_, factor): &&(&str, u64)| bytes >= *factor && bytes.is_multiple_of(*factor);
    match MEMORY_UNITS.iter().take(4).find(fits) {
        Some((unit, factor)) => format!("{}{unit}", bytes / factor),
        None => format!("{bytes}B"),
    }
}

/// Reads an amount of CPU in thousandths of a core.
///
/// # Errors
/// A sentence that says what is wrong and what would be right.
pub(crate) fn parse_cpu(text: &str) -> Result<u64, String> {
    let wrong =
        |why: String| format!("{text:?} is not a number of cores: {why}; write for example 0.5, \"2\" or \"250m\"");
    match text.trim().strip_suffix('m') {
        Some(millis) => scaled(millis, 1).map_err(wrong),
        None => scaled(text.trim(), 1_000).map_err(wrong),
    }
}

/// Writes thousandths as a decimal number without needless zeros.
pub(crate) fn format_cpu(millis: u64) -> String {
    match millis % 1_000 {
        0 => (millis / 1_000).to_string(),
        rest => format!("{}.{rest:03}", millis / 1_000).trim_end_matches('0').to_owned(),
    }
}

/// A decimal number times a factor; refuses what would not come out whole.
fn scaled(number: &str, factor: u64) -> Result<u64, String> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() && fraction.is_empty() {
        return Err("a number is expected".into());
    }
    if !all_digits(whole) || !all_digits(fraction) || (number.contains('.') && fraction.is_empty()) {
        return Err(format!("{number:?} is not a number"));
    }
    let fraction = fraction.trim_end_matches('0');
    let too_large = || "it is too large".to_owned();
    let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| too_large())? };
    let too_fine = || "it is finer than can be told apart".to_owned();
    let places = u32::try_from(fraction.len()).ok().filter(|places| *places <= 18).ok_or_else(too_fine)?;
    let fraction: u128 = if fraction.is_empty() { 0 } else { fraction.parse().map_err(|_| too_fine())? };
    let scale = 10_u128.pow(places);
    let parts = fraction * u128::from(factor);
    if !parts.is_multiple_of(scale) {
        return Err(too_fine());
    }
    let total = whole.checked_mul(u128::from(factor)).and_then(|bulk| bulk.checked_add(parts / scale));
    total.and_then(|total| u64::try_from(total).ok()).ok_or_else(too_large)
}

/// Reads a value from a text or a number through one function.
struct FromText<T> {
    expected: &'static str,
    /// Whether a bare number may stand for the text.
    numbers: bool,
    read: fn(&str) -> Result<T, String>,
}

impl<T> Visitor<'_> for FromText<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.expected)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        (self.read)(text).map_err(E::custom)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<T, E> {
        Err(E::invalid_type(de::Unexpected::Bool(value), &self))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<T, E> {
        if self.numbers {
            return (self.read)(&value.to_string()).map_err(E::custom);
        }
        Err(E::invalid_type(de::Unexpected::Signed(value), &self))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<T, E> {
        if self.numbers {
            return (self.read)(&value.to_string()).map_err(E::custom);
        }
        Err(E::invalid_type(de::Unexpected::Unsigned(value), &self))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<T, E> {
        if self.numbers {
            return (self.read)(&value.to_string()).map_err(E::custom);
        }
        Err(E::invalid_type(de::Unexpected::Float(value), &self))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a duration with its unit, such as \"90s\", \"5m\" or \"1h30m\"";
        let read = |text: &str| parse_duration(text).map(Span);
        deserializer.deserialize_any(FromText { expected, numbers: false, read })
    }
}

impl<'de> Deserialize<'de> for Memory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "an amount of memory with its unit, such as \"512MiB\"";
        let read = |text: &str| parse_memory(text).map(Memory);
        deserializer.deserialize_any(FromText { expected, numbers: false, read })
    }
}

impl<'de> Deserialize<'de> for Cpu {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a number of cores, such as 0.5 or \"250m\"";
        let read = |text: &str| parse_cpu(text).map(Cpu);
        deserializer.deserialize_any(FromText { expected, numbers: true, read })
    }
}

impl<'de> Deserialize<'de> for Factor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = |text: &str| {
            let percent = scaled(text, 100).ok().and_then(|percent| u32::try_from(percent).ok());
            // 0 means "the default" on the wire.
            percent
                .filter(|percent| *percent > 0)
                .map(Factor)
                .ok_or_else(|| format!("{text} is not a factor; write for example 2 or 1.5"))
        };
        deserializer.deserialize_any(FromText { expected: "a factor, such as 2 or 1.5", numbers: true, read })
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = Text;
            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a text, a whole number, true or false (put other values in quotes)")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text, E> {
                Ok(Text(text.to_owned()))
            }
            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Text, E> {
                Ok(Text(value.to_string()))
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Text, E> {
                Ok(Text(value.to_string()))
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Text, E> {
                Ok(Text(value.to_string()))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format_duration(self.0))
    }
}

impl Serialize for Memory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format_memory(self.0))
    }
}

impl Serialize for Cpu {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format_cpu(self.0))
    }
}

impl Serialize for Factor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(100) {
            serializer.serialize_u32(self.0 / 100)
        } else {
            serializer.serialize_f64(f64::from(self.0) / 100.0)
        }
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written() {
        for (text, millis, canonical) in [
            ("90s", 90_000, "1m30s"),
            ("5m", 300_000, "5m"),
            ("1h30m", 5_400_000, "1h30m"),
            ("2d", 172_800_000, "2d"),
            ("250ms", 250, "250ms"),
            ("1s5ms", 1_005, "1s5ms"),
            ("0s", 0, "0s"),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
            assert_eq!(format_duration(Duration::from_millis(millis)), canonical);
        }
        for (text, why) in [
            ("", "it is empty"),
            ("90", "90 has no unit"),
            ("1.5h", "is no unit"),
            ("5 m", "is no unit"),
            ("-5s", "a whole number is expected"),
            ("5w", "the unit \"w\" is none of"),
            ("5m1h", "from the largest to the smallest"),
            ("5m5m", "each once"),
            ("99999999999999999999s", "too long"),
            ("300000000000d", "too long"),
        ] {
            assert!(parse_duration(text).unwrap_err().contains(why), "{text}: {:?}", parse_duration(text));
        }
    }

    #[test]
    fn memory_is_read_and_written() {
        for (text, bytes, canonical) in [
            ("512MiB", 512 << 20, "512MiB"),
            ("1.5GiB", 1536 << 20, "1536MiB"),
            ("2GB", 2_000_000_000, "1953125KiB"),
            ("1000 B", 1_000, "1000B"),
            ("1kB", 1_000, "1000B"),
        ] {
            assert_eq!(parse_memory(text), Ok(bytes), "{text}");
            assert_eq!(format_memory(bytes), canonical);
            assert_eq!(parse_memory(canonical), Ok(bytes));
        }
        for (text, why) in [
            ("512", "no unit"),
            ("512M", "did you mean MiB?"),
            ("512mib", "did you mean MiB?"),
            ("MiB", "a number is expected"),
            ("1.1B", "finer"),
            ("1.2.3MiB", "is not a number"),
            ("99999999TiB", "too large"),
        ] {
            assert!(parse_memory(text).unwrap_err().contains(why), "{text}: {:?}", parse_memory(text));
        }
    }

    #[test]
    fn cpu_is_read_and_written() {
        for (text, millis, canonical) in [
            ("0.5", 500, "0.5"),
            ("2", 2_000, "2"),
            ("250m", 250, "0.25"),
            ("1.125", 1_125, "1.125"),
            (".5", 500, "0.5"),
        ] {
            assert_eq!(parse_cpu(text), Ok(millis), "{text}");
            assert_eq!(format_cpu(millis), canonical);
        }
        for (text, why) in
            [("", "a number is expected"), ("0.0001", "finer"), ("-1", "is not a number"), ("1.", "is not a number")]
        {
            assert!(parse_cpu(text).unwrap_err().contains(why), "{text}: {:?}", parse_cpu(text));
        }
    }
}
