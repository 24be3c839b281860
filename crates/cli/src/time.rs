//! Times as people read them in tables, and as programs read them in JSON.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;

/// A time of the wire; none when it is absent or out of range.
pub(crate) fn timestamp(wire: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
    wire.and_then(|wire| Timestamp::new(wire.seconds, wire.nanos).ok())
}

/// Now, by this machine's clock.
pub(crate) fn now() -> Timestamp {
    Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// From one time to the other; zero when the clocks disagree.
pub(crate) fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// `3m ago`, or `-`.
pub(crate) fn age(wire: Option<&prost_types::Timestamp>, now: Timestamp) -> String {
    match timestamp(wire) {
        None => "-".into(),
        Some(time) if between(time, now) < Duration::from_secs(1) => "just now".into(),
        Some(time) => format!("{} ago", coarse(between(time, now))),
    }
}

/// `450ms`, `12.3s`, `2m05s`, `1h03m`, `2d04h`.
pub(crate) fn short(duration: Duration) -> String {
    let (seconds, millis) = (duration.as_secs(), duration.subsec_millis());
    match seconds {
        0 => format!("{millis}ms"),
        1..60 => format!("{seconds}.{}s", millis / 100),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h{:02}m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// Time from start to end, or until now; `-` before the start.
pub(crate) fn elapsed(
    start: Option<&prost_types::Timestamp>,
    end: Option<&prost_types::Timestamp>,
    now: Timestamp,
) -> String {
    match timestamp(start) {
        None => "-".into(),
        Some(start) => short(between(start, timestamp(end).unwrap_or(now))),
    }
}

fn coarse(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ ..60 => format!("{seconds}s"),
        seconds @ 60..3_600 => format!("{}m", seconds / 60),
        seconds @ 3_600..86_400 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        for (millis, text) in [
            (0, "0ms"),
            (450, "450ms"),
            (12_345, "12.3s"),
            (125_000, "2m05s"),
            (3_780_000, "1h03m"),
            (187_200_000, "2d04h"),
        ] {
            assert_eq!(short(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn ages_are_coarse_and_never_negative() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        for (second, text) in
            [(1_000_000, "just now"), (1_000_500, "just now"), (999_998, "2s ago"), (999_800, "3m ago"), (0, "11d ago")]
        {
            let wire = prost_types::Timestamp { seconds: second, nanos: 0 };
            assert_eq!(age(Some(&wire), now), text);
        }
        assert_eq!(age(None, now), "-");
    }
}
