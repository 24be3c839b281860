//! The slots that a schedule has before it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use gofer_calendar::{Policy, UnixMs};
use gofer_domain::{Schedule, ScheduleKey, Timestamp};
use gofer_store::codec;
use gofer_wire::api::v1 as wire;

use crate::errors::Fault;

const SLOTS_DEFAULT: usize = 10;
const SLOTS_MAX: usize = 100;
/// Most slots that are looked at, with those whose runs have started and one for each blackout window.
const STEPS_MAX: usize = 10_000;
/// Longest time for it: windows of rare expressions take longer than others.
const TIME_MAX: Duration = Duration::from_millis(500);

pub(super) fn count(asked: u32) -> Result<usize, Fault> {
    match asked as usize {
        0 => Ok(SLOTS_DEFAULT),
        count if count <= SLOTS_MAX => Ok(count),
        count => Err(Fault::invalid("next_slots", format!("next_slots is {count}, the limit is {SLOTS_MAX}"))
            .help("ask for less; `gofer schedule next` computes more")),
    }
}

pub(super) fn now() -> UnixMs {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Slots whose runs are still to start, in order. There are fewer when they lie too far behind blackout windows.
pub(super) fn slots(key: &ScheduleKey, schedule: &Schedule, count: usize, now: UnixMs) -> Vec<wire::NextSlot> {
    // It was read when it was made. Another release may have had zones that this one has not.
    let Ok(calendar) = gofer_calendar::Schedule::of(&schedule.spec.timing) else { return Vec::new() };
    let policy = Policy::of(key, &schedule.spec);
    // The jitter may put slots off that are over.
    let waiting = now.saturating_sub(policy.jitter.most_ms);
    let mut from = if schedule.enabled { waiting.max(schedule.settled.0) } else { now };
    let (mut next, mut start) = (Vec::new(), 0);
    let begun = Instant::now();
    for _ in 0..STEPS_MAX {
        let Some(slot) = calendar.after(from).filter(|_| next.len() < count && begun.elapsed() < TIME_MAX) else {
            break;
        };
        from = slot;
        if let Some(until) = calendar.blacked_out_until(slot) {
            from = until - 1;
            continue;
        }
        // One keeps those after it waiting.
        start = policy.start(slot).max(start);
        if start > now {
            let time = |time| Some(codec::time_to_wire(Timestamp(time)));
            next.push(wire::NextSlot { slot: time(slot), start: time(start) });
        }
    }
    next
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gofer_domain::schedule::{Blackout, CatchUp, Rule, Timing};
    use gofer_domain::{NamespaceId, PipelineId, PipelineKey, Revision, RunOptions, ScheduleName, ScheduleSpec};

    use super::*;

    const HOUR: u64 = 3_600_000;

    fn key() -> ScheduleKey {
        let (namespace, pipeline) = (NamespaceId::new("n").unwrap(), PipelineId::new("p").unwrap());
        ScheduleKey { pipeline: PipelineKey { namespace, pipeline }, name: ScheduleName::new("s").unwrap() }
    }

    fn schedule(cron: &str, blackout: Option<(&str, u64)>, jitter: u64) -> Schedule {
        let window = |(opens, ms): (&str, u64)| Blackout { opens: opens.into(), length: Duration::from_millis(ms) };
        let blackouts = blackout.into_iter().map(window).collect();
        let spec = ScheduleSpec {
            description: String::new(),
            timing: Timing { rule: Rule::Cron(cron.into()), zone: "UTC".into(), blackouts },
            jitter: Duration::from_millis(jitter),
            catch_up: CatchUp::Latest,
            grace: Duration::from_secs(60),
            options: RunOptions::default(),
        };
        Schedule {
            spec: Arc::new(spec),
            generation: Revision(1),
            enabled: true,
            changed: Revision(1),
            settled: Timestamp(10 * HOUR),
            last_fired: None,
            last_skipped: None,
            last_backfill: 0,
            backfills: std::collections::BTreeMap::new(),
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        }
    }

    fn ms(time: Option<&prost_types::Timestamp>) -> u64 {
        let time = time.unwrap();
        u64::try_from(time.seconds).unwrap() * 1000 + u64::try_from(time.nanos).unwrap() / 1_000_000
    }

    fn told(schedule: &Schedule, count: usize, now: u64) -> Vec<(u64, u64)> {
        let next = slots(&key(), schedule, count, now);
        next.iter().map(|next| (ms(next.slot.as_ref()), ms(next.start.as_ref()))).collect()
    }

    #[test]
    fn windows_are_left_out() {
        let next = told(&schedule("0 * * * *", Some(("0 11 * * *", 3 * HOUR)), 0), 3, 10 * HOUR);
        assert_eq!(next, [14, 15, 16].map(|hour| (hour * HOUR, hour * HOUR)));
        assert_eq!(told(&schedule("0 * * * *", Some(("@hourly", HOUR)), 0), 3, 10 * HOUR), []);
    }

    #[test]
    fn a_slot_is_to_come_until_its_run_starts_and_starts_are_in_order() {
        let minutely = schedule("* * * * *", None, HOUR);
        let now = 10 * HOUR + 5 * 60_000;
        let next = told(&minutely, 100, now);
        assert_eq!(next.len(), 100);
        assert!(
            next[0].0 <= now && next.iter().all(|(slot, start)| *start > now && (*slot..slot + HOUR).contains(start))
        );
        assert!(next.is_sorted_by(|one, next| one.0 + 60_000 == next.0 && one.1 <= next.1));
        let paused = Schedule { enabled: false, ..minutely };
        assert!(told(&paused, 5, now)[0].0 > now, "nothing is put off while it is disabled");
    }

    #[test]
    fn their_number_has_a_limit() {
        assert_eq!((count(0).unwrap(), count(100).unwrap()), (10, 100));
        assert!(count(101).is_err());
    }
}
