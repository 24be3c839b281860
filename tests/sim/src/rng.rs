//! The only chance in a simulation: numbers that follow from the seed.

/// SplitMix64: small, fast, and good enough to choose faults.
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Another source, so that what one part draws changes nothing for the others.
    pub(crate) fn fork(&mut self) -> Self {
        Self(self.next())
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `least` up to `most`, both included.
    pub(crate) fn range(&mut self, least: u64, most: u64) -> u64 {
        least + self.next() % (most.max(least) - least + 1)
    }

    /// True in so many of a thousand cases.
    pub(crate) fn chance(&mut self, permille: u64) -> bool {
        permille > 0 && self.next() % 1000 < permille
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let at = usize::try_from(self.range(0, (from.len() as u64).saturating_sub(1))).unwrap_or(0);
        from.get(at)
    }

    /// Some of them, in their order, each with this chance.
    pub(crate) fn some<T: Copy>(&mut self, from: &[T], permille: u64) -> Vec<T> {
        from.iter().copied().filter(|_| self.chance(permille)).collect()
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = usize::try_from(self.range(0, last as u64)).unwrap_or(0);
            items.swap(last, other);
        }
    }

    pub(crate) fn bytes(&mut self) -> [u8; 16] {
        let (a, b) = (u128::from(self.next()), u128::from(self.next()));
        ((a << 64) | b).to_be_bytes()
    }
}
