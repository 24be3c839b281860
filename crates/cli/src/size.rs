//! Sizes of machines, as people want to read them.

/// Bytes in the largest unit that leaves at least ten of it; to a tenth above GiB, as nobody needs to know more.
pub(crate) fn rough(bytes: u64) -> String {
    const UNITS: [(&str, u32); 3] = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let Some((unit, shift)) = UNITS.into_iter().find(|(_, shift)| bytes >> shift >= 10) else {
        return format!("{bytes}B");
    };
    let tenths = (u128::from(bytes) * 10) >> shift;
    if shift == 30 && tenths % 10 > 0 {
        return format!("{}.{}{unit}", tenths / 10, tenths % 10);
    }
    format!("{}{unit}", tenths / 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in [
            (0, "0B"),
            (9_999, "9999B"),
            (10 << 10, "10KiB"),
            ((9 << 30) + 1, "9216MiB"),
            (16 << 30, "16GiB"),
            (24_105 << 20, "23.5GiB"),
            (u64::MAX, "17179869183.9GiB"),
        ] {
            assert_eq!(rough(bytes), text);
        }
    }
}
