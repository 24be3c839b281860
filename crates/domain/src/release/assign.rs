//! Which version the next run gets.
//!
//! Shares are exact over small samples, too: runs are divided into strata of which each holds just one run of the
//! lesser version, and a hash chooses which one that is. So the share is met to within one run at every moment, and runs
//! that come in a rhythm (every second one a nightly build) don't all fall to the same version.

use super::{Exposure, Release, Strategy, WHOLE};
use crate::ids::Version;

impl Release {
    /// The version for the next run.
    #[must_use]
    pub fn choose(&self) -> Version {
        let takes_new = match &self.strategy {
            Strategy::Replace(_) => false,
            Strategy::BlueGreen => return self.serving,
            Strategy::AbTest { share } => self.is_drawn(*share),
            Strategy::Canary(canary) => match self.step_of(canary).map(|step| step.exposure) {
                Some(Exposure::Share(share)) => self.is_drawn(share),
                // A cancelled run tells nothing, so another takes its place.
                Some(Exposure::Runs(runs)) => {
                    self.step_arm.given.saturating_sub(self.step_arm.cancelled) < u64::from(runs)
                }
                None => false,
            },
        };
        if takes_new { self.to } else { self.from }
    }

    fn is_drawn(&self, share: u32) -> bool {
        let seed = mix(self.id) ^ u64::from(self.step);
        draw(share, self.step_given, seed)
    }
}

/// Whether place `place`, from 0, is one of the share's. Of every prefix of `n` places, `n * share / WHOLE` are, to within
/// one.
fn draw(share: u32, place: u64, seed: u64) -> bool {
    let share = share.min(WHOLE);
    if share > WHOLE / 2 {
        return !draw(WHOLE - share, place, seed);
    }
    if share == 0 {
        return false;
    }
    let (share, whole, place) = (u128::from(share), u128::from(WHOLE), u128::from(place));
    let stratum = place * share / whole;
    let first = (stratum * whole).div_ceil(share);
    let next = ((stratum + 1) * whole).div_ceil(share);
    let chosen = mix(seed ^ mix(u64::try_from(stratum).unwrap_or(u64::MAX)));
    place - first == u128::from(chosen) % (next - first)
}

/// SplitMix64's output function (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_share_is_met_to_within_one_run_at_every_moment(share in 0..=WHOLE, seed in any::<u64>()) {
            let mut drawn = 0_u64;
            for place in 0..400_u64 {
                drawn += u64::from(draw(share, place, seed));
                let due = (place + 1) * u64::from(share);
                let apart = (drawn * u64::from(WHOLE)).abs_diff(due);
                prop_assert!(apart <= u64::from(WHOLE), "{drawn} of {} at {share}", place + 1);
            }
        }
    }

    #[test]
    fn halves_are_no_rhythm() {
        let drawn: Vec<bool> = (0..2_000).map(|place| draw(5_000, place, 7)).collect();
        assert_eq!(drawn.iter().filter(|drawn| **drawn).count(), 1_000);
        let even = drawn.iter().step_by(2).filter(|drawn| **drawn).count();
        assert!((400..600).contains(&even), "{even} of 1000 even places are drawn");
    }
}
