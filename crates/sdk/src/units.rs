//! Values with a unit, in their one canonical spelling.

use std::time::Duration;

const DURATION_UNITS: [(&str, u128); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
const MEMORY_UNITS: [(&str, u64); 4] = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

/// Largest units first, those that are zero left out: `1h30m`. Zero is `0s`.
pub(crate) fn duration(duration: Duration) -> String {
    let mut left = duration.as_millis();
    let mut text = String::new();
    for (unit, factor) in DURATION_UNITS {
        if left >= factor {
            text.push_str(&format!("{}{unit}", left / factor));
            left %= factor;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// The largest binary unit that needs no fraction; bytes otherwise.
pub(crate) fn memory(bytes: u64) -> String {
    match MEMORY_UNITS.iter().find(|(_, factor)| bytes >= *factor && bytes.is_multiple_of(*factor)) {
        Some((unit, factor)) => format!("{}{unit}", bytes / factor),
        None => format!("{bytes}B"),
    }
}

/// A number of thousandths or hundredths as a decimal number without needless zeros.
pub(crate) fn decimal(parts: u64, places: u32) -> String {
    let scale = 10_u64.pow(places);
    let (whole, rest) = (parts / scale, parts % scale);
    if rest == 0 {
        return whole.to_string();
    }
    let width = usize::try_from(places).unwrap_or_default();
    format!("{whole}.{rest:0width$}").trim_end_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_has_one_spelling() {
        for (millis, text) in
            [(0, "0s"), (250, "250ms"), (90_000, "1m30s"), (86_400_000, "1d"), (90_061_001, "1d1h1m1s1ms")]
        {
            assert_eq!(duration(Duration::from_millis(millis)), text);
        }
        for (bytes, text) in [(4 << 20, "4MiB"), (1536 << 20, "1536MiB"), (5_000_001, "5000001B"), (1 << 50, "1024TiB")]
        {
            assert_eq!(memory(bytes), text);
        }
        for (parts, places, text) in
            [(500, 3, "0.5"), (2_000, 3, "2"), (1_001, 3, "1.001"), (150, 2, "1.5"), (101, 2, "1.01")]
        {
            assert_eq!(decimal(parts, places), text);
        }
    }
}
