//! A schedule: a rule and its time zone.

use crate::{Blackout, Cron, UnixMs, Zone};

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

impl Schedule {
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
