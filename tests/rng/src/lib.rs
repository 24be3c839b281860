//! All chance of a test that is repeated by its seed: numbers that follow from it, on every machine and in every version.
//!
//! What is drawn for a seed must never change: findings are told by their seeds. New ways to draw are added.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests fail by panicking"))]

use std::time::Duration;

/// `SplitMix64`: small, fast, and good enough to choose faults and pauses.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// The numbers of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Another source, so that what one part draws changes nothing for the others.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        Self(self.next())
    }

    /// Any number.
    #[expect(clippy::should_implement_trait, reason = "it never ends, and its users are no loops over it")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `least` up to `most`, both included; `least` if that is more.
    pub fn range(&mut self, least: u64, most: u64) -> u64 {
        match (most.max(least) - least).checked_add(1) {
            Some(count) => least + self.next() % count,
            None => self.next(),
        }
    }

    /// An index below `length`; 0 if that is 0.
    pub fn below(&mut self, length: usize) -> usize {
        usize::try_from(self.next() % (length.max(1) as u64)).unwrap_or(0)
    }

    /// From `least` up to `most` milliseconds.
    pub fn millis(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.range(least, most))
    }

    /// True in so many of a hundred cases.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    /// True in so many of a thousand cases; draws nothing for 0, so that what is switched off changes nothing else.
    pub fn chance(&mut self, permille: u64) -> bool {
        permille > 0 && self.next() % 1000 < permille
    }

    /// One of them; none if there is none.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let at = self.below(from.len());
        from.get(at)
    }

    /// Some of them, in their order, each in so many of a thousand cases.
    pub fn some<T: Copy>(&mut self, from: &[T], permille: u64) -> Vec<T> {
        from.iter().copied().filter(|_| self.chance(permille)).collect()
    }

    /// Puts them in another order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last + 1);
            items.swap(last, other);
        }
    }

    /// The bytes of an id.
    pub fn bytes(&mut self) -> [u8; 16] {
        let (a, b) = (u128::from(self.next()), u128::from(self.next()));
        ((a << 64) | b).to_be_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers_within_their_bounds() {
        let draw = |seed| {
            let mut rng = Rng::new(seed);
            let mut order = [1, 2, 3, 4, 5];
            rng.shuffle(&mut order);
            let numbers: Vec<u64> = (0..100).map(|_| rng.range(3, 7)).collect();
            (order, numbers, rng.fork().bytes())
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert!(draw(3).1.iter().all(|number| (3..=7).contains(number)));
    }

    /// Seeds that were told to somebody must give the same run for ever. The first three numbers of seed 0 are those of
    /// the published `SplitMix64`.
    #[test]
    fn what_is_drawn_never_changes() {
        let mut rng = Rng::new(0);
        assert_eq!(
            [rng.next(), rng.next(), rng.next()],
            [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f]
        );
        let mut rng = Rng::new(7);
        let mut order = [1, 2, 3, 4, 5, 6, 7, 8];
        rng.shuffle(&mut order);
        let drawn = (order, rng.range(10, 99), rng.pick(&order).copied(), rng.some(&order, 500), rng.below(1_000));
        assert_eq!(drawn, ([2, 5, 6, 3, 7, 1, 4, 8], 22, Some(5), vec![2, 5, 7, 1, 8], 991));
    }

    #[test]
    fn the_ends_of_what_can_be_asked_are_no_faults() {
        let mut rng = Rng::new(9);
        assert_eq!((rng.below(0), rng.range(5, 5), rng.range(5, 1)), (0, 5, 5));
        rng.range(0, u64::MAX);
        assert_eq!(rng.pick::<u8>(&[]), None);
        assert!((0..100).all(|_| !rng.chance(0) && rng.chance(1_000) && rng.percent(100) && !rng.percent(0)));
    }
}
