//! Windows in which nothing is due.

use crate::{Cron, Fault, UnixMs, Zone};

/// Longest window, in milliseconds: a year.
const LENGTH_MS_MAX: u64 = 366 * 24 * 3600 * 1000;

/// A window that opens whenever a cron expression is due, and closes after so many milliseconds.
#[derive(Clone, Debug)]
pub struct Blackout {
    opens: Cron,
    length_ms: u64,
}

impl Blackout {
    /// A window.
    ///
    /// # Errors
    /// When it has no length, or is longer than a year.
    pub fn new(opens: Cron, length_ms: u64) -> Result<Self, Fault> {
        if (1..=LENGTH_MS_MAX).contains(&length_ms) {
            return Ok(Self { opens, length_ms });
        }
        Err(Fault::new(format!("a blackout window of {length_ms} ms"), "let it last between a millisecond and a year"))
    }

    /// When the window closes that is open at an instant; None if none is.
    #[must_use]
    pub fn open_until(&self, time: UnixMs, zone: &Zone) -> Option<UnixMs> {
        // An opening counts if it lies within a length before the instant, which itself may be one.
        let from = time.saturating_sub(self.length_ms);
        let opened = self.opens.after(from, zone).filter(|at| *at <= time)?;
        opened.checked_add(self.length_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(time: &str) -> UnixMs {
        u64::try_from(time.parse::<jiff::Timestamp>().unwrap().as_millisecond()).unwrap()
    }

    #[test]
    fn a_window_has_its_first_instant_and_not_its_last() {
        let zone = Zone::new("Europe/Berlin").unwrap();
        let weekend = Blackout::new(Cron::new("0 18 * * FRI").unwrap(), 60 * 3600 * 1000).unwrap();
        for (time, open) in [
            ("2026-01-09T16:59:59.999Z", false),
            ("2026-01-09T17:00:00Z", true),
            ("2026-01-10T12:00:00Z", true),
            ("2026-01-12T04:59:59.999Z", true),
            ("2026-01-12T05:00:00Z", false),
            ("2026-01-14T00:00:00Z", false),
        ] {
            assert_eq!(weekend.open_until(ms(time), &zone).is_some(), open, "{time}");
        }
    }

    #[test]
    fn windows_that_overlap_are_one() {
        let always = Blackout::new(Cron::new("* * * * *").unwrap(), 120_000).unwrap();
        assert!(
            (0..10).all(|n| always.open_until(ms("2026-01-09T17:00:00Z") + n * 17_000, &Zone::default()).is_some())
        );
        assert!(Blackout::new(Cron::new("* * * * *").unwrap(), 0).is_err());
        assert!(Blackout::new(Cron::new("* * * * *").unwrap(), u64::MAX).is_err());
    }
}
