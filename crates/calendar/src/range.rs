//! The slots of a schedule in a range, those in blackout windows left out.

use crate::{Schedule, UnixMs};

/// Most slots and windows that are looked at in one go.
const STEPS_MAX: usize = 100_000;

/// What a range holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slots {
    /// All of its slots, in order.
    All(Vec<UnixMs>),
    /// The first of them; there are more than were asked for.
    More(Vec<UnixMs>),
    /// The search was given up before it came to the end: too many slots lie in blackout windows.
    TooFar,
}

/// The slots from one instant on, up to and without another, so many at most.
#[must_use]
pub fn slots_in(schedule: &Schedule, from: UnixMs, to: UnixMs, most: usize) -> Slots {
    let mut slots = Vec::new();
    let mut next = first_at(schedule, from);
    for _ in 0..STEPS_MAX {
        let Some(slot) = next.filter(|slot| *slot < to) else { return Slots::All(slots) };
        next = match schedule.blacked_out_until(slot) {
            Some(until) => first_at(schedule, until),
            None if slots.len() >= most => return Slots::More(slots),
            None => {
                slots.push(slot);
                schedule.after(slot)
            }
        };
    }
    Slots::TooFar
}

/// The last slots before an instant, from another one on, so many at most, the last one first.
#[must_use]
pub fn last_slots_in(schedule: &Schedule, from: UnixMs, to: UnixMs, most: usize) -> Slots {
    let mut length = (to.saturating_sub(from) / 64).max(1);
    let mut begin = to;
    let mut found: Vec<UnixMs> = Vec::new();
    // Back in steps that double: slots may be dense, or years apart.
    while begin > from && found.len() <= most {
        let end = begin;
        begin = end.saturating_sub(length).max(from);
        let Slots::All(mut part) = slots_in(schedule, begin, end, usize::MAX) else { return Slots::TooFar };
        part.reverse();
        found.extend(part);
        length = length.saturating_mul(2);
    }
    let is_all = begin <= from && found.len() <= most;
    found.truncate(most);
    if is_all { Slots::All(found) } else { Slots::More(found) }
}

/// The first slot that is not before an instant.
fn first_at(schedule: &Schedule, time: UnixMs) -> Option<UnixMs> {
    match time.checked_sub(1) {
        Some(before) => schedule.after(before),
        // Nothing is before the beginning, which is a slot of every interval that counts from it.
        None => match &schedule.rule {
            crate::Rule::Every { ms: 1.., anchor: 0 } => Some(0),
            crate::Rule::Every { .. } | crate::Rule::Cron(_) => schedule.after(0),
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Blackout, Cron, Rule, Zone};

    const HOUR: u64 = 3_600_000;

    fn schedule(expression: &str, zone: &str, blackout: Option<(&str, u64)>) -> Schedule {
        let window = |(opens, ms)| Blackout::new(Cron::new(opens).unwrap(), ms).unwrap();
        let blackouts = blackout.into_iter().map(window).collect();
        let rule = Rule::Cron(Box::new(Cron::new(expression).unwrap()));
        Schedule { rule, zone: Zone::new(zone).unwrap(), blackouts }
    }

    #[test]
    fn the_first_instant_is_in_the_range_and_the_last_is_not() {
        let hourly = schedule("0 * * * *", "UTC", None);
        assert_eq!(slots_in(&hourly, HOUR, 3 * HOUR, 9), Slots::All(vec![HOUR, 2 * HOUR]));
        assert_eq!(slots_in(&hourly, HOUR + 1, 3 * HOUR + 1, 9), Slots::All(vec![2 * HOUR, 3 * HOUR]));
        assert_eq!(slots_in(&hourly, HOUR, 3 * HOUR, 1), Slots::More(vec![HOUR]));
        assert_eq!(slots_in(&hourly, HOUR, HOUR, 1), Slots::All(vec![]));
        let every = Schedule { rule: Rule::Every { ms: 500, anchor: 0 }, zone: Zone::default(), blackouts: vec![] };
        assert_eq!(slots_in(&every, 0, 1000, 9), Slots::All(vec![0, 500]));
    }

    #[test]
    fn times_of_day_come_once_a_day_when_clocks_change() {
        let nightly = schedule("30 2 * * *", "Europe/Berlin", None);
        // From the 20th of March to the 10th of April 2026, with the change on the 29th.
        let (from, to) = (1_773_961_200_000, 1_775_772_000_000);
        let Slots::All(slots) = slots_in(&nightly, from, to, 100) else { panic!() };
        assert_eq!(slots.len(), 21);
    }

    #[test]
    fn a_search_through_windows_has_an_end() {
        let secondly = schedule("* * * * * *", "UTC", Some(("* * * * * *", 1000)));
        assert_eq!(slots_in(&secondly, 0, 400_000_000, 9), Slots::TooFar);
        assert_eq!(last_slots_in(&secondly, 0, 40_000_000_000, 9), Slots::TooFar);
    }

    proptest! {
        #[test]
        fn from_both_ends_they_are_the_same(
            (from, length) in (0_u64..500 * HOUR, 0_u64..500 * HOUR),
            most in 0_usize..40,
            expression in prop::sample::select(vec!["*/20 * * * *", "0 3 * * *", "0 0 1 * *", "15 */5 * * MON"]),
            blackout in prop::option::of((0_u64..24, 1_u64..30)),
        ) {
            let opens = blackout.map(|(hour, hours)| (format!("0 {hour} * * *"), hours * HOUR));
            let schedule = schedule(expression, "America/New_York", opens.as_ref().map(|(opens, ms)| (&**opens, *ms)));
            let to = from + length;
            let Slots::All(all) = slots_in(&schedule, from, to, usize::MAX) else { panic!() };
            prop_assert!(all.is_sorted_by(|one, next| one < next) && all.iter().all(|slot| (from..to).contains(slot)));
            prop_assert!(all.iter().all(|slot| schedule.blacked_out_until(*slot).is_none()));
            let first: Vec<UnixMs> = all.iter().take(most).copied().collect();
            let last: Vec<UnixMs> = all.iter().rev().take(most).copied().collect();
            let of = |slots| if all.len() <= most { Slots::All(slots) } else { Slots::More(slots) };
            prop_assert_eq!(slots_in(&schedule, from, to, most), of(first));
            prop_assert_eq!(last_slots_in(&schedule, from, to, most), of(last));
        }
    }
}
