//! A client that has schedules backfilled. They are never enabled, so that all of their runs are of backfills, and their slots
//! can be told by arithmetic: see the invariant.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use gofer_domain::schedule::{Blackout, CatchUp, Rule, Timing};
use gofer_domain::{
    BackfillOrder, BackfillSpec, Command, RunOptions, ScheduleKey, ScheduleName, ScheduleSpec, Timestamp,
};
use gofer_rng::Rng;
use tokio::time::sleep;

use crate::client::Client;
use crate::host::EPOCH_MS;
use crate::net::{Place, Sight};
use crate::workload;

/// The pipelines whose schedules are backfilled.
const PIPELINES: [u64; 2] = [0, 4];
/// Most slots of a backfill, if none lies in a blackout window.
const SLOTS_MAX: u64 = 6;

impl Client {
    pub(crate) async fn keep_backfills(mut self) {
        while !self.shared.closing.load(Ordering::Relaxed) {
            let schedule = key(PIPELINES[self.rng.below(PIPELINES.len())]);
            match self.look(Place::Schedule(schedule.clone())).await {
                Some(Sight::Schedule(generation, spec)) => {
                    let command = match self.rng.range(0, 9) {
                        0..6 => Command::StartBackfill { schedule, generation, spec: range(&mut self.rng, &spec) },
                        6 => Command::CancelBackfill { schedule, backfill: self.rng.range(1, 4) },
                        7 => Command::DeleteSchedule { schedule },
                        _ => changed(&mut self.rng, schedule, &spec),
                    };
                    self.commit(command).await;
                }
                // Or it was not seen: then this is refused.
                _ => {
                    let spec = Arc::new(spec(&mut self.rng));
                    self.commit(Command::CreateSchedule { schedule, spec, enabled: false }).await;
                }
            }
            let pause = self.rng.range(500, 6000);
            sleep(Duration::from_millis(pause)).await;
        }
        self.shared.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

fn key(pipeline: u64) -> ScheduleKey {
    ScheduleKey { pipeline: workload::key(pipeline), name: workload::id(ScheduleName::new("b")) }
}

/// Changes a schedule in a way that ends its backfills, or in one that does not.
fn changed(rng: &mut Rng, schedule: ScheduleKey, known: &ScheduleSpec) -> Command {
    let spec = match rng.chance(300) {
        true => spec(rng),
        false => ScheduleSpec { description: format!("of {}", rng.range(0, 999)), ..known.clone() },
    };
    Command::UpdateSchedule { schedule, spec: Arc::new(spec), generation: None }
}

fn spec(rng: &mut Rng) -> ScheduleSpec {
    let seconds = [2, 5, 10, 20][rng.below(4)];
    let rule = match rng.chance(500) {
        true => Rule::Every(Duration::from_secs(seconds)),
        false => Rule::Cron(format!("*/{seconds} * * * * *")),
    };
    let blackout = Blackout { opens: "0 * * * * *".into(), length: Duration::from_secs(10) };
    ScheduleSpec {
        description: String::new(),
        timing: Timing {
            rule,
            zone: "UTC".into(),
            blackouts: if rng.chance(300) { vec![blackout] } else { Vec::new() },
        },
        jitter: Duration::ZERO,
        catch_up: CatchUp::None,
        grace: Duration::from_secs(1),
        options: RunOptions::default(),
    }
}

/// A range of the past, as a gateway asks for it: it counts the slots.
fn range(rng: &mut Rng, schedule: &ScheduleSpec) -> BackfillSpec {
    let interval = match &schedule.timing.rule {
        Rule::Every(every) => u64::try_from(every.as_millis()).unwrap_or(1000),
        Rule::Cron(text) => text[2..].split(' ').next().and_then(|seconds| seconds.parse().ok()).unwrap_or(1) * 1000,
    };
    let is_open = |slot: &u64| schedule.timing.blackouts.is_empty() || slot % 60_000 >= 10_000;
    let from = EPOCH_MS - 3_600_000 + rng.range(0, 600_000);
    let to = from + rng.range(1, SLOTS_MAX * interval);
    let slots = (from.div_ceil(interval)..to.div_ceil(interval)).map(|number| number * interval).filter(is_open);
    BackfillSpec {
        from: Timestamp(from),
        to: Timestamp(to),
        parallelism: u32::try_from(rng.range(1, 3)).unwrap_or(1),
        order: if rng.chance(500) { BackfillOrder::OldestFirst } else { BackfillOrder::NewestFirst },
        slots: u32::try_from(slots.count()).unwrap_or(u32::MAX),
    }
}
