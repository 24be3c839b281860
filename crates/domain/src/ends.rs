//! How the runs of a pipeline ended of late: what conditions of subscriptions are made of.
//!
//! The state has it for each pipeline, and the event of a run's end says how it stands then. So whoever reads that event,
//! however late, knows exact figures.

/// Most ended runs whose outcome is remembered.
pub const ENDS_REMEMBERED: u32 = 64;

/// How the newest ended runs of a pipeline ended, in a bounded form. Cancelled ones leave it as it is: that somebody took a run
/// back says nothing of the pipeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    /// How many are remembered, [`ENDS_REMEMBERED`] at most.
    pub count: u32,
    /// A bit for each, the newest in the lowest; 1: it failed. Bits beyond them are 0.
    pub failed: u64,
    /// How many of the newest ended alike, in a row. They need not be remembered.
    pub streak: u64,
    /// How many had ended the other way in a row before those.
    pub broken: u64,
}

impl Ends {
    /// Takes in another end.
    pub fn push(&mut self, failed: bool) {
        if self.count > 0 && failed == self.newest_failed() {
            self.streak = self.streak.saturating_add(1);
        } else {
            (self.broken, self.streak) = (self.streak, 1);
        }
        self.count = self.count.saturating_add(1).min(ENDS_REMEMBERED);
        self.failed = (self.failed << 1) | u64::from(failed);
    }

    /// Whether the newest one failed.
    #[must_use]
    pub fn newest_failed(&self) -> bool {
        self.failed & 1 == 1
    }

    /// How many of the newest `window` failed, not counting the very newest `without`. None if not so many are remembered.
    #[must_use]
    pub fn failures(&self, window: u32, without: u32) -> Option<u32> {
        let needed = window.checked_add(without).filter(|needed| *needed <= self.count)?;
        let older = self.failed.checked_shr(without).unwrap_or_default();
        let unwanted = ENDS_REMEMBERED.saturating_sub(needed.saturating_sub(without));
        Some(older.checked_shl(unwanted).unwrap_or_default().count_ones())
    }

    /// Whether it can be: no more is remembered than may be, and no figure says more than another allows.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let beyond = self.failed.checked_shr(self.count).unwrap_or_default();
        let alike = if self.newest_failed() { self.failed.trailing_ones() } else { self.failed.trailing_zeros() };
        let alike = u64::from(alike.min(self.count));
        let is_streak = if alike == u64::from(self.count) { self.streak >= alike } else { self.streak == alike };
        self.count <= ENDS_REMEMBERED && beyond == 0 && is_streak && (self.count > 0 || *self == Self::default())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The figures of the newest ends, counted one by one.
    fn streaks(ends: &[bool]) -> (u64, u64) {
        let alike = |ends: &[bool]| ends.iter().rev().take_while(|end| Some(*end) == ends.last()).count();
        let streak = alike(ends);
        (streak as u64, alike(&ends[..ends.len() - streak]) as u64)
    }

    proptest! {
        #[test]
        fn figures_are_those_of_all_ends(ends in prop::collection::vec(prop::bool::weighted(0.7), 0..200)) {
            let mut kept = Ends::default();
            for (index, failed) in ends.iter().enumerate() {
                kept.push(*failed);
                let so_far = &ends[..=index];
                prop_assert!(kept.is_sound(), "{kept:?}");
                prop_assert_eq!((kept.streak, kept.broken), streaks(so_far));
                prop_assert_eq!(kept.newest_failed(), *failed);
                for without in 0..3 {
                    for window in [1, 2, 7, 20, 60, 62, 64] {
                        let upto = so_far.len().saturating_sub(without as usize);
                        let newest = so_far[..upto].iter().rev().take(window as usize);
                        let counted = newest.filter(|failed| **failed).count() as u32;
                        let is_kept = upto >= window as usize && window + without <= ENDS_REMEMBERED;
                        prop_assert_eq!(kept.failures(window, without), is_kept.then_some(counted));
                    }
                }
            }
        }
    }

    #[test]
    fn what_can_not_be_is_told_apart() {
        let sound = Ends { count: 3, failed: 0b011, streak: 2, broken: 1 };
        assert!(sound.is_sound() && Ends::default().is_sound());
        for wrong in [
            Ends { count: 65, ..sound },
            Ends { count: 1, ..sound },
            Ends { streak: 1, ..sound },
            Ends { streak: 3, ..sound },
            Ends { count: 0, failed: 0, streak: 1, broken: 0 },
        ] {
            assert!(!wrong.is_sound(), "{wrong:?}");
        }
        assert!(Ends { count: 64, failed: 0, streak: 900, broken: 2 }.is_sound());
    }
}
