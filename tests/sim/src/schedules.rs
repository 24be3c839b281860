//! A client that gives pipelines schedules, changes them and takes them away. Whatever is said of a schedule here, its slots
//! can be told by arithmetic: see the invariant.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use gofer_domain::schedule::{Blackout, CatchUp, Rule, Timing};
use gofer_domain::{Command, Reason, RunOptions, ScheduleKey, ScheduleName, ScheduleSpec};
use gofer_rng::Rng;
use gofer_store::Outcome;
use tokio::time::sleep;

use crate::client::Client;
use crate::workload;

/// The pipelines that get schedules: none whose runs take long.
const PIPELINES: [u64; 4] = [0, 2, 4, 5];
/// How long they are left alone once all is well again.
const UNDISTURBED: Duration = Duration::from_secs(20);
/// How often it is tried to end one.
const TRIES: u32 = 30;

impl Client {
    pub(crate) async fn keep_schedules(mut self) {
        while !self.shared.closing.load(Ordering::Relaxed) {
            let command = command(&mut self.rng);
            self.commit(command).await;
            let pause = self.rng.range(100, 4000);
            sleep(Duration::from_millis(pause)).await;
        }
        sleep(UNDISTURBED).await;
        for number in 0..PIPELINES.len() {
            self.end_schedule(&key(number)).await;
        }
        self.shared.busy.fetch_sub(1, Ordering::Relaxed);
    }

    /// No more runs, so that everything can end.
    async fn end_schedule(&mut self, schedule: &ScheduleKey) {
        for _ in 0..TRIES {
            let disable = Command::SetScheduleEnabled { schedule: schedule.clone(), enabled: false };
            match self.commit(disable).await {
                // A node that was upgraded is not known to be. One that was removed with its old version never will: then
                // there is no schedule either.
                Outcome::Rejected(rejection) if rejection.reason == Reason::FailedPrecondition => {
                    sleep(Duration::from_secs(1)).await;
                }
                _ => return,
            }
        }
    }
}

fn key(number: usize) -> ScheduleKey {
    ScheduleKey { pipeline: workload::key(PIPELINES[number]), name: workload::id(ScheduleName::new("s")) }
}

/// Something about a schedule; now and then it is refused.
fn command(rng: &mut Rng) -> Command {
    let schedule = key(usize::try_from(rng.next()).unwrap_or(0) % PIPELINES.len());
    match rng.range(0, 9) {
        0..5 => Command::CreateSchedule { schedule, spec: Arc::new(spec(rng)), enabled: rng.chance(900) },
        5..7 => Command::UpdateSchedule { schedule, spec: Arc::new(spec(rng)), generation: None },
        7 => Command::DeleteSchedule { schedule },
        _ => Command::SetScheduleEnabled { schedule, enabled: rng.chance(700) },
    }
}

fn spec(rng: &mut Rng) -> ScheduleSpec {
    let seconds = [2, 3, 4, 5, 6, 10][usize::try_from(rng.range(0, 5)).unwrap_or(0)];
    let rule = match rng.chance(500) {
        true => Rule::Every(Duration::from_secs(seconds)),
        false => Rule::Cron(format!("*/{seconds} * * * * *")),
    };
    let blackout = Blackout { opens: "0 * * * * *".into(), length: Duration::from_secs(10) };
    ScheduleSpec {
        description: String::new(),
        timing: Timing {
            rule,
            zone: if rng.chance(500) { "UTC".into() } else { "Asia/Tokyo".into() },
            blackouts: if rng.chance(300) { vec![blackout] } else { Vec::new() },
        },
        jitter: Duration::from_millis(if rng.chance(300) { rng.range(1, 5_000) } else { 0 }),
        catch_up: match rng.range(0, 2) {
            0 => CatchUp::None,
            1 => CatchUp::Latest,
            _ => CatchUp::All(u16::try_from(rng.range(1, 5)).unwrap_or(1)),
        },
        grace: Duration::from_secs(rng.range(1, 5)),
        options: RunOptions { priority: i32::try_from(rng.range(0, 3)).unwrap_or(0), ..RunOptions::default() },
    }
}
