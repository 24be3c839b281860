//! Time zones by their IANA names, from the data that is compiled in.

use std::fmt;
use std::sync::OnceLock;

use jiff::civil::DateTime;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ZonedDateTime};

use crate::{Fault, UnixMs};

/// A time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Default for Zone {
    /// UTC.
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl Zone {
    /// The zone of a name such as `Europe/Berlin` or `UTC`.
    ///
    /// # Errors
    /// When there is none.
    pub fn new(name: &str) -> Result<Self, Fault> {
        static BUNDLED: OnceLock<TimeZoneDatabase> = OnceLock::new();
        let found = BUNDLED.get_or_init(TimeZoneDatabase::bundled).get(name);
        found.map(Self).map_err(|_| {
            let short: String = name.chars().take(80).collect();
            Fault::new(
                format!("there is no time zone {short:?}"),
                "use a name of the IANA database, such as Europe/Berlin, or UTC",
            )
        })
    }

    /// The instant, as this zone's clocks show it. None beyond the year 9999.
    #[must_use]
    pub fn at(&self, time: UnixMs) -> Option<ZonedDateTime> {
        let timestamp = Timestamp::from_millisecond(i64::try_from(time).ok()?).ok()?;
        Some(timestamp.to_zoned_datetime(self.0.clone()))
    }

    /// The instant at which this zone's clocks show a time. For one that they leave out it is as long after the gap as the time is
    /// in it; of one that comes twice it is the first. None beyond what can be told.
    #[must_use]
    pub fn instant(&self, time: DateTime) -> Option<Timestamp> {
        self.0.to_ambiguous_timestamp(time).compatible().ok()
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.iana_name().unwrap_or("UTC"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_have_names_of_the_iana_database() {
        for name in ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"] {
            assert_eq!(Zone::new(name).unwrap().to_string(), name);
        }
        for name in ["", "Mars/Olympus", "CET+1", "../../etc/passwd"] {
            assert!(Zone::new(name).unwrap_err().message.contains("no time zone"), "{name}");
        }
        assert_eq!(Zone::default().at(0).unwrap().to_string(), "1970-01-01T00:00:00+00:00[UTC]");
        assert_eq!(Zone::default().at(u64::MAX), None);
    }
}
