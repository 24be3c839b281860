//! Numbers that authors write with a point, as whole numbers of their smallest part.

/// `value * scale`, if that is a whole number from 0 to 2^53 but for the noise of floating point.
pub(crate) fn parts(value: f64, scale: u32) -> Option<u64> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let scaled = value * f64::from(scale);
    let whole = scaled.round();
    if !scaled.is_finite() || !(0.0..=EXACT_MAX).contains(&whole) || (scaled - whole).abs() > 1e-6 {
        return None;
    }
    // No float converts to an integer without a cast; this one was just shown to be one.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and from 0 to 2^53")]
    Some(whole as u64)
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn only_what_comes_out_whole() {
        for (value, scale, wanted) in [
            (0.5, 1_000, Some(500)),
            (0.1, 1_000, Some(100)),
            (2.0, 1_000, Some(2_000)),
            (1.15, 100, Some(115)),
            (0.0001, 1_000, None),
            (-1.0, 1_000, None),
            (f64::NAN, 1_000, None),
            (f64::INFINITY, 100, None),
            (1e300, 100, None),
        ] {
            assert_eq!(parts(value, scale), wanted, "{value}");
        }
    }
}
