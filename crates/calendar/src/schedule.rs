//! A schedule: a rule and its time zone.

use gofer_domain::schedule;

use crate::policy::millis;
use crate::{Blackout, Cron, Fault, UnixMs, Zone};

/// Most blackout windows that are passed in search of one slot.
const WINDOWS_MAX: usize = 100;

/// What makes a schedule due.
#[derive(Clone, Debug)]
pub enum Rule {
    Cron(Box<Cron>),
    /// Every so many milliseconds, counted from `anchor`.
    Every {
        ms: u64,
        anchor: UnixMs,
    },
}

/// When something is due, and when not after all.
#[derive(Clone, Debug)]
pub struct Schedule {
    pub rule: Rule,
    pub zone: Zone,
    pub blackouts: Vec<Blackout>,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// A slot that lies in no blackout window.
    Slot(UnixMs),
    /// None up to and with this instant; many windows lie before it. The search may go on from there.
    NoneUntil(UnixMs),
    /// None for decades.
    Never,
}

impl Schedule {
    /// Reads what a schedule's texts say.
    ///
    /// # Errors
    /// What is wrong with the first that can't be read, and the field that it is in.
    pub fn of(timing: &schedule::Timing) -> Result<Self, (String, Fault)> {
        let rule = match &timing.rule {
            schedule::Rule::Cron(text) => {
                Rule::Cron(Box::new(Cron::new(text).map_err(|fault| ("cron".to_owned(), fault))?))
            }
            schedule::Rule::Every(every) => Rule::Every { ms: millis(*every), anchor: 0 },
        };
        let zone = Zone::new(&timing.zone).map_err(|fault| ("zone".to_owned(), fault))?;
        let mut blackouts = Vec::with_capacity(timing.blackouts.len());
        for (number, window) in timing.blackouts.iter().enumerate() {
            let window = Cron::new(&window.opens).and_then(|opens| Blackout::new(opens, millis(window.length)));
            blackouts.push(window.map_err(|fault| (format!("blackouts.{number}"), fault))?);
        }
        Ok(Self { rule, zone, blackouts })
    }

    /// The first slot after an instant that lies in no blackout window.
    #[must_use]
    pub fn open_after(&self, time: UnixMs) -> Next {
        self.search(time, WINDOWS_MAX)
    }

    /// The first slot after an instant; if it lies in a blackout window, the end of that.
    #[must_use]
    pub fn first_after(&self, time: UnixMs) -> Next {
        self.search(time, 1)
    }

    fn search(&self, time: UnixMs, windows: usize) -> Next {
        let mut from = time;
        for _ in 0..windows {
            let Some(slot) = self.after(from) else { return Next::Never };
            match self.blacked_out_until(slot) {
                None => return Next::Slot(slot),
                Some(until) => from = until - 1,
            }
        }
        Next::NoneUntil(from)
    }

    /// The first slot after an instant, blackout or not. None when there is none for decades.
    #[must_use]
    pub fn after(&self, time: UnixMs) -> Option<UnixMs> {
        match &self.rule {
            Rule::Cron(cron) => cron.after(time, &self.zone),
            Rule::Every { ms: 0, .. } => None,
            Rule::Every { ms: _, anchor } if time < *anchor => Some(*anchor),
            Rule::Every { ms, anchor } => anchor.checked_add(((time - anchor) / ms).checked_add(1)?.checked_mul(*ms)?),
        }
    }

    /// When the blackout window closes that is open at an instant, the last of several; None if none is.
    #[must_use]
    pub fn blacked_out_until(&self, time: UnixMs) -> Option<UnixMs> {
        self.blackouts.iter().filter_map(|blackout| blackout.open_until(time, &self.zone)).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_of_a_schedule_are_read_or_told_what_is_wrong() {
        use schedule::{Blackout, Rule, Timing};
        let timing = |cron: &str, zone: &str, opens: &str| Timing {
            rule: Rule::Cron(cron.into()),
            zone: zone.into(),
            blackouts: vec![Blackout { opens: opens.into(), length: std::time::Duration::from_secs(3600) }],
        };
        let good = Schedule::of(&timing("*/30 * * * *", "UTC", "0 1-3 * * *")).unwrap();
        assert_eq!(good.open_after(40 * 60_000), Next::Slot(4 * 3_600_000));
        for (bad, field) in [
            (timing("", "UTC", "@daily"), "cron"),
            (timing("@daily", "Nowhere", "@daily"), "zone"),
            (timing("@daily", "UTC", "never"), "blackouts.0"),
        ] {
            assert_eq!(Schedule::of(&bad).unwrap_err().0, field);
        }
    }

    #[test]
    fn a_search_through_windows_has_an_end() {
        let always = Blackout::new(Cron::new("@hourly").unwrap(), 3_600_000).unwrap();
        let rule = Rule::Cron(Box::new(Cron::new("*/5 * * * *").unwrap()));
        let schedule = Schedule { rule, zone: Zone::default(), blackouts: vec![always] };
        assert_eq!(schedule.first_after(3_600_000), Next::NoneUntil(2 * 3_600_000 - 1));
        assert_eq!(schedule.open_after(3_600_000), Next::NoneUntil(101 * 3_600_000 - 1));
    }

    #[test]
    fn intervals_count_from_their_anchor() {
        let every =
            |ms, anchor| Schedule { rule: Rule::Every { ms, anchor }, zone: Zone::default(), blackouts: vec![] };
        let schedule = every(300, 1000);
        for (after, slot) in [(0, 1000), (999, 1000), (1000, 1300), (1299, 1300), (1300, 1600)] {
            assert_eq!(schedule.after(after), Some(slot));
        }
        assert_eq!(every(0, 0).after(5), None);
        assert_eq!(every(u64::MAX, 1).after(5), None, "no overflow");
    }
}
