//! Spreading what would be due at one instant.

use crate::UnixMs;

/// How long after its slot something is started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Jitter {
    /// What it belongs to; others of other names start at other times.
    pub name: String,
    /// It is less than this.
    pub most_ms: u64,
}

impl Jitter {
    /// The amount for a slot: always the same for one name and slot, and spread over the names. The hash is FNV-1a (Fowler,
    /// Noll, Vo), finished by a multiplication that stirs its upper bits.
    #[must_use]
    pub fn at(&self, slot: UnixMs) -> u64 {
        if self.most_ms == 0 {
            return 0;
        }
        let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let hash = self.name.bytes().chain(slot.to_le_bytes()).fold(0xcbf2_9ce4_8422_2325, step);
        let stirred = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (stirred >> 16) % self.most_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_spread_evenly_and_repeats() {
        let mut buckets = [0_u32; 10];
        for n in 0..10_000_u64 {
            let late = || Jitter { name: format!("team/pipeline-{n}"), most_ms: 60_000 }.at(1_800_000_000_000);
            assert_eq!(late(), late());
            buckets[usize::try_from(late() / 6_000).unwrap()] += 1;
        }
        assert!(buckets.iter().all(|count| (850..1150).contains(count)), "{buckets:?}");
        assert_eq!(Jitter::default().at(1), 0);
    }
}
