//! Making many schedules, and judging by the event log what became of their slots.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use anyhow::Context as _;
use gofer_tests::{Cluster, pipeline, shell_task};
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::event_service_client::EventServiceClient;
use gofer_wire::log::v1::CreateSchedule;
use gofer_wire::log::v1::command::Kind;
use gofer_wire::log::v1::event::Kind as Event;
use gofer_wire::model::v1 as model;
use gofer_wire::model::v1::schedule_spec::Rule;
use prost::Message as _;

use crate::proposals;

/// Most schedules of one pipeline.
const EACH: usize = 100;

/// A task that waits for a node that does not exist.
#[must_use]
pub fn note(id: &str) -> model::TaskConfig {
    let mut task = shell_task(id, "true", &[]);
    task.constraints = vec![model::Variable { name: "nowhere".into(), value: "1".into() }];
    task
}

/// Registers as many pipelines as so many schedules need.
///
/// # Errors
/// When one is refused.
pub async fn pipelines(cluster: &Cluster, name: &str, schedules: usize, task: model::TaskConfig) -> anyhow::Result<()> {
    let leader = cluster.leader().await?;
    for number in 0..schedules.div_ceil(EACH) {
        cluster.register(leader, pipeline(&format!("{name}-{number}"), vec![task.clone()])).await?;
    }
    Ok(())
}

/// Makes the schedules of those pipelines, through the log of a node. Returns how long that took.
///
/// # Errors
/// When one is refused.
pub async fn make(cluster: &Cluster, name: &str, schedules: usize, rule: Rule) -> anyhow::Result<Duration> {
    let commands = (0..schedules).map(|number| created(name, number, &rule)).collect();
    proposals::propose(cluster, commands).await
}

fn created(name: &str, number: usize, rule: &Rule) -> Kind {
    let schedule = model::ScheduleRef {
        namespace: "default".into(),
        pipeline: format!("{name}-{}", number / EACH),
        name: format!("s{number}"),
    };
    let spec = model::ScheduleSpec {
        rule: Some(rule.clone()),
        zone: "UTC".into(),
        catch_up: model::CatchUp::All.into(),
        catch_up_most: 1000,
        grace: Some(prost_types::Duration { seconds: 60, nanos: 0 }),
        ..Default::default()
    };
    Kind::CreateSchedule(CreateSchedule { schedule: Some(schedule), spec: Some(spec), enabled: true })
}

/// What the event log says of the schedules of some pipelines. Times are milliseconds since the epoch.
#[derive(Debug, Default)]
pub struct Judge {
    made: BTreeMap<(String, String), u64>,
    /// Runs by schedule and slot.
    fired: BTreeMap<(String, String), BTreeMap<u64, u64>>,
    skipped: u64,
    late: Vec<u64>,
    /// From the slot to the start of the run's attempt.
    started: Vec<u64>,
    slots: HashMap<(String, u64), u64>,
    ended: u64,
}

impl Judge {
    /// Reads the whole log.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn read(cluster: &Cluster, name: &str) -> anyhow::Result<Self> {
        let mut judge = Self::default();
        let mut client = EventServiceClient::new(cluster.nodes[0].channel()?);
        let request = api::WatchRequest { from_revision: 1, stop_at_end: true, ..Default::default() };
        let mut stream = client.watch(request).await?.into_inner();
        while let Some(message) = stream.message().await? {
            for envelope in message.events {
                let event = gofer_wire::log::v1::Event::decode(&envelope.payload[..])?;
                judge.see(millis(envelope.time.as_ref()), event.kind.context("an unknown event")?, name);
            }
        }
        judge.late.sort_unstable();
        judge.started.sort_unstable();
        Ok(judge)
    }

    fn see(&mut self, time: u64, event: Event, name: &str) {
        match event {
            Event::ScheduleCreated(event) => {
                let schedule = event.schedule.unwrap_or_default();
                if schedule.pipeline.starts_with(name) {
                    self.made.insert((schedule.pipeline, schedule.name), time);
                }
            }
            Event::SlotsSettled(event) => {
                let schedule = event.schedule.unwrap_or_default();
                if !schedule.pipeline.starts_with(name) {
                    return;
                }
                self.skipped += event.skipped.len() as u64;
                for fired in event.fired {
                    let slot = millis(fired.slot.as_ref());
                    self.late.push(time.saturating_sub(slot));
                    self.slots.insert((schedule.pipeline.clone(), fired.run), slot);
                    let runs = self.fired.entry((schedule.pipeline.clone(), schedule.name.clone())).or_default();
                    *runs.entry(slot).or_default() += 1;
                }
            }
            Event::AttemptStarted(event) => {
                let run = event.attempt.and_then(|attempt| attempt.run).unwrap_or_default();
                if let Some(slot) = self.slots.get(&(run.pipeline, run.run)) {
                    self.started.push(time.saturating_sub(*slot));
                }
            }
            Event::RunFinished(event) => {
                let run = event.run.unwrap_or_default();
                self.ended += u64::from(self.slots.contains_key(&(run.pipeline, run.run)));
            }
            _ => {}
        }
    }

    /// How late slots were started.
    #[must_use]
    pub fn late(&self) -> String {
        format!("{} slots started, late by {}", self.late.len(), quantiles(&self.late))
    }

    /// How all slots up to `until` were kept, of schedules with an interval.
    ///
    /// # Errors
    /// When there are no schedules.
    pub fn told(&self, interval: u64, until: Duration) -> anyhow::Result<String> {
        anyhow::ensure!(!self.made.is_empty(), "there are no schedules");
        let until = u64::try_from(until.as_millis())?;
        let (mut due, mut missed, mut doubled) = (0, 0, 0);
        let none = BTreeMap::new();
        for (schedule, made) in &self.made {
            let fired = self.fired.get(schedule).unwrap_or(&none);
            for slot in (made / interval + 1..=until / interval).map(|number| number * interval) {
                due += 1;
                match fired.get(&slot) {
                    None => missed += 1,
                    Some(1) => {}
                    Some(_) => doubled += 1,
                }
            }
        }
        Ok(format!(
            "{due} slots, missed {missed}, doubled {doubled}, skipped {}; late by {}\n\
             their tasks started after {}; {} of {} runs have ended",
            self.skipped,
            quantiles(&self.late),
            quantiles(&self.started),
            self.ended,
            self.slots.len()
        ))
    }
}

fn quantiles(sorted: &[u64]) -> String {
    let at = |percent: usize| sorted.get(sorted.len().saturating_sub(1) * percent / 100).copied().unwrap_or_default();
    format!("{} ms (p50), {} ms (p99), {} ms at most", at(50), at(99), at(100))
}

fn millis(time: Option<&prost_types::Timestamp>) -> u64 {
    let prost_types::Timestamp { seconds, nanos } = time.copied().unwrap_or_default();
    u64::try_from(seconds * 1000 + i64::from(nanos / 1_000_000)).unwrap_or_default()
}
