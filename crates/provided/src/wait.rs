//! `wait`: nothing, for a while. A cancellation ends it at once, as it does every program that does not catch SIGTERM.

use std::time::Duration;

use jiff::Timestamp;

use crate::failure::{Failure, say, short};
use crate::settings::Settings;

/// As long as a task's time-out may be.
const WAIT_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
/// Longest sleep between looks at the clock, which may be set meanwhile.
const LOOK: Duration = Duration::from_secs(30);

pub(crate) fn run(settings: &Settings) -> Result<(), Failure> {
    match plan(settings, Timestamp::now())? {
        Plan::For(duration) => {
            say(&format!("waiting for {duration:?}"));
            std::thread::sleep(duration);
        }
        Plan::Until(instant) => {
            say(&format!("waiting until {instant}"));
            while let Some(left) = left(instant, Timestamp::now()) {
                std::thread::sleep(left.min(LOOK));
            }
        }
    }
    Ok(())
}

#[derive(Debug, PartialEq, Eq)]
enum Plan {
    For(Duration),
    Until(Timestamp),
}

/// None: it has come.
fn left(instant: Timestamp, now: Timestamp) -> Option<Duration> {
    Duration::try_from(instant.duration_since(now)).ok().filter(|left| !left.is_zero())
}

fn plan(settings: &Settings, now: Timestamp) -> Result<Plan, Failure> {
    match (settings.text("DURATION")?.trim(), settings.text("UNTIL")?.trim()) {
        ("", "") => {
            Err(Failure::setting("neither DURATION nor UNTIL is given", "give one, such as DURATION = \"90s\""))
        }
        (text, "") => {
            let help = "whole numbers with units, the largest first, such as 1h30m or 250ms; 30d at most";
            let duration = duration(text).filter(|duration| *duration <= WAIT_MAX);
            let fault = || Failure::setting(format!("the setting DURATION is {:?}", short(text)), help);
            duration.map(Plan::For).ok_or_else(fault)
        }
        ("", text) => {
            let help = "an instant with its offset, such as 2026-12-24T18:00:00Z or 2026-12-24T18:00:00+01:00";
            let fault = |why: String| Failure::setting(format!("the setting UNTIL is {:?}{why}", short(text)), help);
            let instant: Timestamp = text.parse().map_err(|_| fault(String::new()))?;
            match left(instant, now) {
                Some(left) if left > WAIT_MAX => Err(fault(", more than 30 days from now".into())),
                _ => Ok(Plan::Until(instant)),
            }
        }
        _ => Err(Failure::setting("both DURATION and UNTIL are given", "leave one of them empty")),
    }
}

/// As pipeline files write them: `1h30m`.
fn duration(text: &str) -> Option<Duration> {
    let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1_u64)];
    let (mut left, mut millis, mut next) = (text, 0_u64, 0);
    while !left.is_empty() {
        let digits = left.len() - left.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = left.split_at(digits);
        let letters = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let (unit, rest) = rest.split_at(letters);
        let place = units.iter().skip(next).position(|(name, _)| *name == unit)? + next;
        millis = millis.checked_add(number.parse::<u64>().ok()?.checked_mul(units[place].1)?)?;
        (left, next) = (rest, place + 1);
    }
    (!text.is_empty()).then(|| Duration::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-27T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn durations_are_those_of_pipeline_files() {
        for (text, millis) in [("90s", 90_000), ("1h30m", 5_400_000), ("250ms", 250), ("1d", 86_400_000), ("0s", 0)] {
            assert_eq!(duration(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for bad in ["", "5", "m", "5m1h", "1.5h", "5m5m", "-5s", "5 s", "99999999999999999999s", "1w"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn one_of_the_two_is_waited_for() {
        let of = |duration, until| plan(&Settings::of([("DURATION", duration), ("UNTIL", until)]), now());
        assert_eq!(of("5s", "").unwrap(), Plan::For(Duration::from_secs(5)));
        let instant: Timestamp = "2026-11-27T17:00:00Z".parse().unwrap();
        assert_eq!(of("", "2026-11-27T18:00:00+01:00").unwrap(), Plan::Until(instant));
        assert_eq!(left(instant, now()), Some(Duration::from_secs(5 * 3600)));
        assert_eq!(left(now(), instant), None);
        for (duration, until) in [("", ""), ("5s", "2026-11-27T18:00:00Z"), ("31d", ""), ("", "2027-11-27T18:00:00Z")] {
            assert!(of(duration, until).is_err(), "{duration} {until}");
        }
    }
}
