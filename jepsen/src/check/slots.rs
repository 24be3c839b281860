//! Slots of schedules: as Jepsen once tested Chronos, every time at which something is due has to have its run, and one
//! only. When something is due is told by arithmetic here.

use std::collections::BTreeMap;

use gofer_wire::log::v1::event::Kind;
use gofer_wire::log::v1::{RunCreated, SlotsSettled};
use gofer_wire::model::v1 as model;
use prost_types::Timestamp;

use super::Verdict;
use super::events::RunId;

/// A pipeline and the name of its schedule.
type ScheduleId = (String, String);

/// All that the log says of schedules whose slots are at multiples of an interval. Times are milliseconds since the epoch.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    schedules: BTreeMap<ScheduleId, Schedule>,
    /// Runs that were started for a slot, as they say themselves.
    runs: BTreeMap<RunId, (String, u64)>,
}

#[derive(Debug, Default)]
struct Schedule {
    interval: u64,
    /// Whether it may skip nothing for being missed.
    misses_none: bool,
    began: u64,
    settled: u64,
    fired: BTreeMap<u64, Vec<u64>>,
    skipped: Vec<(u64, u64, model::SkipReason)>,
    /// How late runs were started.
    late: Vec<u64>,
    /// Settlements that do not go on from the one before.
    torn: Vec<String>,
}

impl Slots {
    /// Takes the next event.
    pub(super) fn apply(&mut self, kind: &Kind, time: u64) {
        match kind {
            Kind::ScheduleCreated(event) => {
                let spec = event.spec.clone().unwrap_or_default();
                let misses_none = spec.catch_up() == model::CatchUp::All;
                let (interval, began, settled) = (interval(&spec), time, time);
                let schedule = Schedule { interval, misses_none, began, settled, ..Schedule::default() };
                self.schedules.insert(id(event.schedule.as_ref()), schedule);
            }
            Kind::ScheduleEnabled(event) => {
                if let (Some(known), Some(skipped)) =
                    (self.schedules.get_mut(&id(event.schedule.as_ref())), &event.skipped)
                {
                    known.settled = known.settled.max(millis(skipped.last.as_ref()));
                    known.skip(skipped);
                }
            }
            Kind::SlotsSettled(event) => {
                if let Some(known) = self.schedules.get_mut(&id(event.schedule.as_ref())) {
                    known.settle(event, time);
                }
            }
            Kind::RunCreated(RunCreated { run: Some(run), schedule: Some(slot), .. }) => {
                let slot = (slot.schedule.clone(), millis(slot.slot.as_ref()));
                self.runs.insert((run.pipeline.clone(), run.run), slot);
            }
            _ => {}
        }
    }

    /// The verdicts about the schedules of these pipelines.
    pub(crate) fn judge(&self, pipelines: &[&str]) -> Vec<Verdict> {
        let ours: Vec<_> = self.schedules.iter().filter(|(id, _)| pipelines.contains(&id.0.as_str())).collect();
        let mut late: Vec<u64> = ours.iter().flat_map(|(_, schedule)| &schedule.late).copied().collect();
        late.sort_unstable();
        let started: usize = ours.iter().map(|(_, schedule)| schedule.fired.len()).sum();
        let skipped: u64 = ours.iter().map(|(_, schedule)| schedule.count_skipped()).sum();
        let at = |percent: usize| late.get(late.len().saturating_sub(1) * percent / 100).copied().unwrap_or_default();
        let detail = format!(
            "{started} slots of {} schedules started, {skipped} skipped; late by {} ms (p50), {} ms (p99), {} ms at most",
            ours.len(),
            at(50),
            at(99),
            at(100)
        );
        let all = |faults: fn(&Schedule) -> Vec<String>| {
            let told = ours.iter().flat_map(|(id, schedule)| {
                faults(schedule).into_iter().map(move |fault| format!("{}/{}: {fault}", id.0, id.1))
            });
            told.collect::<Vec<_>>()
        };
        vec![
            Verdict::new("every slot is started by one run, or told to be skipped", detail, all(Schedule::misplaced)),
            Verdict::new(
                "a schedule that catches up with all misses none",
                format!("{} schedules", ours.iter().filter(|(_, schedule)| schedule.misses_none).count()),
                all(Schedule::missed),
            ),
            Verdict::new("settlements go on from each other", String::new(), all(|schedule| schedule.torn.clone())),
            self.runs_fit(pipelines),
        ]
    }

    /// Runs and settlements tell the same.
    fn runs_fit(&self, pipelines: &[&str]) -> Verdict {
        let mut told = BTreeMap::new();
        for ((pipeline, name), schedule) in &self.schedules {
            for (slot, runs) in &schedule.fired {
                told.extend(runs.iter().map(|run| ((pipeline.clone(), *run), (name.clone(), *slot))));
            }
        }
        let ours = |run: &&RunId| pipelines.contains(&run.0.as_str());
        let all: Vec<&RunId> = told.keys().chain(self.runs.keys()).filter(ours).collect();
        let wrong = all.iter().filter(|run| told.get(**run) != self.runs.get(**run));
        let wrong =
            wrong.map(|run| format!("run {run:?}: settled for {:?}, is for {:?}", told.get(*run), self.runs.get(*run)));
        Verdict::new("runs are for the slots that were settled", format!("{} runs", told.len()), wrong.collect())
    }
}

impl Schedule {
    fn settle(&mut self, event: &SlotsSettled, time: u64) {
        let (from, to) = (millis(event.from_time.as_ref()), millis(event.to_time.as_ref()));
        if from != self.settled || to <= from || to > time {
            self.torn.push(format!("{from} to {to} at {time}, after {}", self.settled));
        }
        self.settled = to;
        for fired in &event.fired {
            let slot = millis(fired.slot.as_ref());
            self.fired.entry(slot).or_default().push(fired.run);
            self.late.push(time.saturating_sub(slot));
        }
        event.skipped.iter().for_each(|skipped| self.skip(skipped));
    }

    fn skip(&mut self, skipped: &model::SkippedSlots) {
        self.skipped.push((millis(skipped.first.as_ref()), millis(skipped.last.as_ref()), skipped.reason()));
    }

    fn due(&self) -> impl Iterator<Item = u64> {
        let interval = self.interval.max(1);
        (self.began / interval + 1..=self.settled / interval).map(move |number| number * interval)
    }

    fn reasons(&self, slot: u64) -> impl Iterator<Item = model::SkipReason> {
        self.skipped.iter().filter(move |(first, last, _)| (*first..=*last).contains(&slot)).map(|(.., reason)| *reason)
    }

    fn count_skipped(&self) -> u64 {
        self.due().filter(|slot| self.reasons(*slot).next().is_some()).count() as u64
    }

    fn misplaced(&self) -> Vec<String> {
        let runs = |slot: u64| self.fired.get(&slot).map_or(0, Vec::len);
        let wrong = self.due().filter(|slot| runs(*slot) + self.reasons(*slot).count() != 1);
        let mut faults: Vec<String> = wrong
            .map(|slot| format!("slot {slot} has {} runs, skipped {:?}", runs(slot), self.reasons(slot).next()))
            .collect();
        let strange = self.fired.keys().filter(|slot| **slot % self.interval.max(1) != 0);
        faults.extend(strange.map(|slot| format!("{slot} is no slot")));
        faults
    }

    fn missed(&self) -> Vec<String> {
        if !self.misses_none {
            return Vec::new();
        }
        let bad = |reason| matches!(reason, model::SkipReason::Missed | model::SkipReason::Refused);
        let missed = self.due().filter(|slot| self.reasons(*slot).any(bad));
        missed.map(|slot| format!("slot {slot} was skipped: {:?}", self.reasons(slot).next())).collect()
    }
}

/// Of `every`, or of an expression such as `*/5 * * * * *`.
fn interval(spec: &model::ScheduleSpec) -> u64 {
    match &spec.rule {
        Some(model::schedule_spec::Rule::Every(every)) => u64::try_from(every.seconds).unwrap_or(1) * 1000,
        Some(model::schedule_spec::Rule::Cron(text)) => {
            let seconds = text.strip_prefix("*/").and_then(|rest| rest.split_once(' '));
            seconds.and_then(|(seconds, _)| seconds.parse::<u64>().ok()).unwrap_or(1) * 1000
        }
        None => 1,
    }
}

fn id(schedule: Option<&model::ScheduleRef>) -> ScheduleId {
    schedule.map(|schedule| (schedule.pipeline.clone(), schedule.name.clone())).unwrap_or_default()
}

pub(super) fn millis(time: Option<&Timestamp>) -> u64 {
    let Timestamp { seconds, nanos } = time.copied().unwrap_or_default();
    u64::try_from(seconds * 1000 + i64::from(nanos / 1_000_000)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gofer_wire::log::v1 as log;

    fn at(ms: u64) -> Option<Timestamp> {
        Some(Timestamp { seconds: (ms / 1000).cast_signed(), nanos: i32::try_from(ms % 1000).unwrap() * 1_000_000 })
    }

    fn name() -> Option<model::ScheduleRef> {
        Some(model::ScheduleRef { namespace: "default".into(), pipeline: "p".into(), name: "s".into() })
    }

    fn settled(from: u64, to: u64, fired: &[(u64, u64)], missed: &[u64]) -> Kind {
        let fired = fired.iter().map(|(slot, run)| model::FiredSlot { slot: at(*slot), run: *run });
        let skipped = missed.iter().map(|slot| model::SkippedSlots {
            first: at(*slot),
            last: at(*slot),
            reason: model::SkipReason::Missed.into(),
            ..Default::default()
        });
        Kind::SlotsSettled(log::SlotsSettled {
            schedule: name(),
            generation: 1,
            from_time: at(from),
            to_time: at(to),
            fired: fired.collect(),
            skipped: skipped.collect(),
        })
    }

    fn run(number: u64, slot: u64) -> Kind {
        let run = Some(model::RunRef { namespace: "default".into(), pipeline: "p".into(), run: number });
        let schedule = Some(model::ScheduleSlot { schedule: "s".into(), slot: at(slot), backfill: 0 });
        Kind::RunCreated(log::RunCreated { run, schedule, ..Default::default() })
    }

    /// Which of the four verdicts hold, of a schedule every two seconds that begins at 1 s.
    fn holds(catch_up: model::CatchUp, kinds: &[Kind]) -> [bool; 4] {
        let every = model::schedule_spec::Rule::Every(prost_types::Duration { seconds: 2, nanos: 0 });
        let spec = model::ScheduleSpec { rule: Some(every), catch_up: catch_up.into(), ..Default::default() };
        let mut slots = Slots::default();
        let created = log::ScheduleCreated { schedule: name(), spec: Some(spec), enabled: true };
        slots.apply(&Kind::ScheduleCreated(created), 1000);
        kinds.iter().for_each(|kind| slots.apply(kind, 9000));
        slots.judge(&["p"]).iter().map(|verdict| verdict.holds).collect::<Vec<_>>().try_into().unwrap()
    }

    #[test]
    fn planted_slots_are_found() {
        let all = |kinds: &[Kind]| holds(model::CatchUp::All, kinds);
        let good = [settled(1000, 3000, &[(2000, 1)], &[]), run(1, 2000)];
        assert_eq!(all(&good), [true; 4]);
        assert_eq!(all(&[settled(1000, 4000, &[(2000, 1)], &[]), run(1, 2000)]), [false, true, true, true], "left out");
        let twice = [settled(1000, 3000, &[(2000, 1), (2000, 2)], &[]), run(1, 2000), run(2, 2000)];
        assert_eq!(all(&twice), [false, true, true, true]);
        let missed = [settled(1000, 3000, &[], &[2000])];
        assert_eq!(all(&missed), [true, false, true, true]);
        assert_eq!(holds(model::CatchUp::None, &missed), [true; 4]);
        assert!(!all(&[settled(1000, 3000, &[(2000, 1)], &[2000]), run(1, 2000)])[0], "both");
        assert!(!all(&[settled(1500, 3000, &[(2000, 1)], &[]), run(1, 2000)])[2], "not from where it was");
        assert!(!all(&[settled(1000, 3000, &[(2000, 1)], &[])])[3], "no run");
        assert!(!all(&[run(7, 2000)])[3], "a run of nobody");
    }
}
