//! What becomes of the slots between what was settled before and now.

use gofer_domain::schedule::CatchUp;

use crate::{Policy, Schedule, UnixMs};

/// Most slots that one pass looks at; the rest is left to the next.
const SLOTS_MAX: usize = 2_000;

/// Why slots are skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SkipReason {
    /// Nobody was there at the time, and the policy does not catch up with them.
    Missed,
    /// They lie in a blackout window.
    Blackout,
}

/// Slots that are skipped for one reason, from one to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skipped {
    pub first: UnixMs,
    pub last: UnixMs,
    pub reason: SkipReason,
}

/// What is to be done now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// Slots to start, in order.
    pub fire: Vec<UnixMs>,
    /// Slots to leave out, in order.
    pub skipped: Vec<Skipped>,
    /// All slots up to and with this instant are settled by this pass.
    pub settled: UnixMs,
    /// Whether there are more slots up to now, for another pass.
    pub is_partial: bool,
}

impl Pass {
    /// The beginning of it, with at most so many slots to start, and at least one; the rest is left to another pass.
    #[must_use]
    pub fn cut(mut self, most: usize) -> Self {
        if let Some(last) = self.fire.get(most.max(1) - 1).filter(|_| self.fire.len() > most.max(1)).copied() {
            self.fire.truncate(most.max(1));
            // No range holds a slot to start, so none is cut in two.
            self.skipped.retain(|skipped| skipped.first <= last);
            self.settled = last;
            self.is_partial = true;
        }
        self
    }
}

/// Settles the slots after `settled`, up to and with `now`, in their order: one whose start the jitter puts off keeps those
/// after it waiting.
#[must_use]
pub fn pass(schedule: &Schedule, policy: &Policy, settled: UnixMs, now: UnixMs) -> Pass {
    let seen = look(schedule, policy, settled, now);
    let keep = seen.late.len().saturating_sub(most(policy.catch_up));
    let (missed, latest) = seen.late.split_at(keep);
    let is_partial = seen.end == End::Enough;
    let mut pass = Pass { settled: seen.until, is_partial, ..Pass::default() };
    match latest.first() {
        // Later ones may be missed as well, and push these out. So they are looked at again, unless nothing came of this.
        Some(first) if is_partial && seen.fresh.is_empty() && !missed.is_empty() => pass.settled = first - 1,
        _ => pass.fire = latest.iter().chain(&seen.fresh).copied().collect(),
    }
    let missed = missed.iter().map(|slot| Skipped { first: *slot, last: *slot, reason: SkipReason::Missed });
    let mut skipped: Vec<Skipped> = missed.chain(seen.blacked_out).collect();
    skipped.retain(|skipped| skipped.first <= pass.settled);
    skipped.sort_by_key(|skipped| skipped.first);
    pass.skipped = joined(&skipped);
    pass
}

fn most(catch_up: CatchUp) -> usize {
    match catch_up {
        CatchUp::None => 0,
        CatchUp::Latest => 1,
        CatchUp::All(most) => usize::from(most),
    }
}

/// What lies between two instants.
struct Seen {
    late: Vec<UnixMs>,
    fresh: Vec<UnixMs>,
    blacked_out: Vec<Skipped>,
    /// How far this went.
    until: UnixMs,
    end: End,
}

/// Why no further slot was looked at.
#[derive(PartialEq, Eq)]
enum End {
    /// There is none up to now that could start.
    Done,
    /// These are enough for one pass.
    Enough,
}

fn look(schedule: &Schedule, policy: &Policy, settled: UnixMs, now: UnixMs) -> Seen {
    let mut seen =
        Seen { late: Vec::new(), fresh: Vec::new(), blacked_out: Vec::new(), until: settled.max(now), end: End::Done };
    let mut last = settled;
    for _ in 0..SLOTS_MAX.max(most(policy.catch_up) * 2) {
        let Some(slot) = schedule.after(last).filter(|slot| *slot <= now) else { return seen };
        last = slot;
        if let Some(until) = schedule.blacked_out_until(slot) {
            // All slots of the window at once: there may be many.
            last = (until - 1).min(now);
            seen.blacked_out.push(Skipped { first: slot, last, reason: SkipReason::Blackout });
        } else if policy.start(slot) > now {
            seen.until = slot - 1;
            return seen;
        } else if now <= policy.missed_after(slot) {
            seen.fresh.push(slot);
        } else {
            seen.late.push(slot);
        }
    }
    Seen { until: last, end: End::Enough, ..seen }
}

/// One range for missed slots that follow each other. Between two blackout windows something may have been started.
fn joined(skipped: &[Skipped]) -> Vec<Skipped> {
    let mut joined: Vec<Skipped> = Vec::new();
    for next in skipped {
        match joined.last_mut() {
            Some(before) if before.reason == SkipReason::Missed && next.reason == before.reason => {
                before.last = next.last
            }
            _ => joined.push(*next),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Blackout, Cron, Jitter, Rule, Zone};

    const MINUTE: u64 = 60_000;
    const HOUR: u64 = 60 * MINUTE;

    fn schedule(expression: &str, blackout: Option<(&str, u64)>) -> Schedule {
        let window = |(opens, ms)| Blackout::new(Cron::new(opens).unwrap(), ms).unwrap();
        let blackouts = blackout.into_iter().map(window).collect();
        Schedule { rule: Rule::Cron(Box::new(Cron::new(expression).unwrap())), zone: Zone::default(), blackouts }
    }

    fn policy(catch_up: CatchUp, grace_ms: u64) -> Policy {
        Policy { catch_up, grace_ms, jitter: Jitter::default() }
    }

    fn missed(first: u64, last: u64) -> Skipped {
        Skipped { first, last, reason: SkipReason::Missed }
    }

    #[test]
    fn what_is_not_old_is_started_under_every_policy() {
        let schedule = schedule("*/10 * * * *", None);
        for catch_up in [CatchUp::None, CatchUp::Latest, CatchUp::All(3)] {
            let made = pass(&schedule, &policy(catch_up, 1000), 0, 10 * MINUTE + 900);
            assert_eq!((made.fire, made.settled), (vec![10 * MINUTE], 10 * MINUTE + 900));
            assert_eq!(pass(&schedule, &policy(catch_up, 1000), 0, 10 * MINUTE - 1).fire, []);
        }
    }

    #[test]
    fn what_was_missed_is_caught_up_with_as_the_policy_says() {
        let schedule = schedule("0 * * * *", None);
        let now = 4 * HOUR + 30 * MINUTE;
        let of = |catch_up| pass(&schedule, &policy(catch_up, 1000), 0, now);
        assert_eq!((of(CatchUp::None).fire, of(CatchUp::None).skipped), (vec![], vec![missed(HOUR, 4 * HOUR)]));
        let latest = of(CatchUp::Latest);
        assert_eq!((latest.fire, latest.skipped), (vec![4 * HOUR], vec![missed(HOUR, 3 * HOUR)]));
        let all = of(CatchUp::All(9));
        assert_eq!((all.fire, all.skipped, all.settled), ((1..=4).map(|n| n * HOUR).collect(), vec![], now));
    }

    #[test]
    fn a_blackout_is_skipped_as_one() {
        let schedule = schedule("* * * * *", Some(("0 1 * * *", HOUR)));
        let made = pass(&schedule, &policy(CatchUp::All(100), 0), 58 * MINUTE, 2 * HOUR + MINUTE);
        assert_eq!(made.fire, [59 * MINUTE, 2 * HOUR, 2 * HOUR + MINUTE]);
        assert_eq!(made.skipped, [Skipped { first: HOUR, last: 2 * HOUR - 1, reason: SkipReason::Blackout }]);
    }

    #[test]
    fn what_the_jitter_puts_off_keeps_those_after_it_waiting() {
        let schedule = schedule("* * * * *", None);
        let jitter = Jitter { name: "team/nightly/late".into(), most_ms: 10 * MINUTE };
        let policy = Policy { catch_up: CatchUp::None, grace_ms: 1000, jitter };
        let (mut settled, mut started) = (0, Vec::new());
        for now in (0..2 * HOUR).step_by(500) {
            let made = pass(&schedule, &policy, settled, now);
            assert!(!made.is_partial && made.skipped.is_empty(), "nothing is missed while somebody looks");
            assert!(made.settled >= settled && made.settled <= now);
            started.extend(made.fire.iter().map(|slot| (*slot, now)));
            settled = made.settled;
        }
        let slots: Vec<u64> = started.iter().map(|(slot, _)| *slot).collect();
        assert_eq!(slots, (1..=slots.len() as u64).map(|n| n * MINUTE).collect::<Vec<_>>());
        assert!(slots.len() >= 109);
        let mut earliest = 0;
        for (slot, at) in started {
            // As its own share says, or as soon as the slot before lets it.
            earliest = policy.start(slot).max(earliest);
            assert!((earliest..earliest + 500).contains(&at), "{slot} started at {at}");
        }
    }

    /// All passes until nothing is left, as a leader would make them.
    fn passes(schedule: &Schedule, now: u64, catch_up: CatchUp) -> (Vec<u64>, Vec<Skipped>, usize) {
        cut_passes(schedule, now, catch_up, usize::MAX)
    }

    /// The same by passes that start so many slots at most.
    fn cut_passes(schedule: &Schedule, now: u64, catch_up: CatchUp, most: usize) -> (Vec<u64>, Vec<Skipped>, usize) {
        let (mut settled, mut fired, mut skipped) = (0, Vec::new(), Vec::new());
        for count in 1.. {
            let made = pass(schedule, &policy(catch_up, 0), settled, now).cut(most);
            assert!(made.settled > settled, "every pass settles something");
            assert!(made.fire.len() <= most.max(1));
            assert!(made.fire.iter().all(|slot| (settled + 1..=made.settled).contains(slot)));
            assert!(made.skipped.iter().all(|range| range.first > settled && range.last <= made.settled));
            (settled, fired) = (made.settled, [fired, made.fire].concat());
            skipped.extend(made.skipped);
            if !made.is_partial {
                return (fired, joined(&skipped), count);
            }
        }
        unreachable!("the loop has no end but that")
    }

    #[test]
    fn a_long_outage_takes_several_passes_and_ends_the_same() {
        let seconds = schedule("* * * * * *", None);
        let now = 50_000_500;
        let (fired, skipped, count) = passes(&seconds, now, CatchUp::Latest);
        assert_eq!((fired, skipped), (vec![50_000_000], vec![missed(1000, 49_999_000)]));
        assert_eq!(count, 26);
        let (fired, ..) = passes(&seconds, now, CatchUp::All(900));
        assert_eq!(fired, (49_101..=50_000).map(|n| n * 1000).collect::<Vec<_>>());
    }

    proptest! {
        #[test]
        fn every_slot_is_started_or_skipped_and_none_twice(
            every in 1_u64..50, most in 0_u16..20, window in 1_u64..90, now in 1_u64..400,
        ) {
            let rule = Rule::Every { ms: every * 1000, anchor: 0 };
            let blackouts = vec![Blackout::new(Cron::new("* * * * *").unwrap(), window * 600).unwrap()];
            let schedule = Schedule { rule, zone: Zone::default(), blackouts };
            let (fired, skipped, _) = passes(&schedule, now * 1000, CatchUp::All(most));
            let due: Vec<u64> = (1..=now / every).map(|n| n * every * 1000).collect();
            let is_skipped = |slot: &u64| skipped.iter().any(|range| (range.first..=range.last).contains(slot));
            prop_assert!(fired.iter().all(|slot| due.contains(slot)));
            prop_assert!(fired.is_sorted_by(|a, b| a < b));
            prop_assert_eq!(due.iter().filter(|slot| fired.contains(slot) == is_skipped(slot)).count(), 0);
            let open: Vec<&u64> = due.iter().filter(|slot| schedule.blacked_out_until(**slot).is_none()).collect();
            let fresh = open.iter().filter(|slot| ***slot == now * 1000).count();
            prop_assert_eq!(fired.len(), (open.len() - fresh).min(usize::from(most)) + fresh);
            for cut in 0..4 {
                let (fired_so, skipped_so, _) = cut_passes(&schedule, now * 1000, CatchUp::All(most), cut);
                prop_assert_eq!((&fired_so, &skipped_so), (&fired, &skipped), "cut to {}", cut);
            }
        }
    }
}
