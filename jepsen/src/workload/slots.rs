//! Schedules: one that catches up with all slots, one with the latest, one with none, and one that is disabled and enabled
//! all the time. Their tasks write down that they were launched.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use gofer_tests::{eventually, pipeline, shell_task};
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::schedule_service_client::ScheduleServiceClient;
use gofer_wire::model::v1 as model;
use model::schedule_spec::Rule;
use tonic::Status;

use super::{Effects, NAMESPACE, Workload, all_ended, within};
use crate::check::Verdict;
use crate::check::effects::launches;
use crate::check::events::Facts;
use crate::client::{Answer, Client, Invocation, PATIENCE};
use crate::history::{Op, Value};
use crate::lab::Lab;

/// Pipelines, each with a schedule: how many seconds between its slots, and what it catches up with.
const SCHEDULES: [(&str, u32, model::CatchUp); 4] = [
    ("slots-all", 2, model::CatchUp::All),
    ("slots-latest", 5, model::CatchUp::Latest),
    ("slots-none", 3, model::CatchUp::None),
    (PAUSED, 4, model::CatchUp::All),
];
const PAUSED: &str = "slots-paused";
const NAMES: [&str; 4] = ["slots-all", "slots-latest", "slots-none", PAUSED];
/// Every outage is shorter than this many slots.
const CATCH_UP_MOST: u32 = 1000;
/// How long all nodes may take to register.
const REGISTERED: Duration = Duration::from_secs(30);
/// How far a schedule may be behind at the end.
const BEHIND: Duration = Duration::from_secs(10);

#[derive(Debug)]
struct Slots {
    effects: Effects,
}

pub(super) fn make(folder: &Path) -> Arc<dyn Workload> {
    Arc::new(Slots { effects: Effects(folder.join("slots")) })
}

fn schedule_ref(pipeline: &str) -> Option<model::ScheduleRef> {
    Some(model::ScheduleRef { namespace: NAMESPACE.into(), pipeline: pipeline.into(), name: "often".into() })
}

fn spec(seconds: u32, catch_up: model::CatchUp) -> model::ScheduleSpec {
    let rule = match seconds {
        5 => Rule::Cron("*/5 * * * * *".into()),
        other => Rule::Every(prost_types::Duration { seconds: other.into(), nanos: 0 }),
    };
    model::ScheduleSpec {
        rule: Some(rule),
        zone: "Europe/Berlin".into(),
        catch_up: catch_up.into(),
        catch_up_most: if catch_up == model::CatchUp::All { CATCH_UP_MOST } else { 0 },
        grace: Some(prost_types::Duration { seconds: 1, nanos: 0 }),
        ..Default::default()
    }
}

fn schedules(lab: &Lab, node: usize) -> ScheduleServiceClient<tonic::transport::Channel> {
    ScheduleServiceClient::new(lab.machines[node].channel.clone())
}

async fn enable(lab: &Lab, node: usize, pipeline: &str, enabled: bool, request_id: Vec<u8>) -> Result<(), Status> {
    let request = api::SetScheduleEnabledRequest { request_id, schedule: schedule_ref(pipeline), enabled };
    schedules(lab, node).set_schedule_enabled(within(request, PATIENCE)).await?;
    Ok(())
}

/// Makes sure that a schedule was kept until now, and then ends it.
async fn end(client: &mut Client, pipeline: &str, seconds: u32) -> anyhow::Result<()> {
    let (node, request_id) = (client.any_node(), client.rng.bytes().to_vec());
    let request = api::GetScheduleRequest { schedule: schedule_ref(pipeline), ..Default::default() };
    let answer = schedules(&client.lab, node).get_schedule(within(request, PATIENCE)).await?.into_inner();
    let schedule = answer.schedule.unwrap_or_default();
    if !schedule.enabled && pipeline != PAUSED {
        return Ok(());
    }
    if pipeline != PAUSED {
        let settled = Duration::from_secs(schedule.settled.unwrap_or_default().seconds.unsigned_abs());
        let behind = SystemTime::now().duration_since(UNIX_EPOCH)?.saturating_sub(settled);
        let allowed = BEHIND + Duration::from_secs(seconds.into());
        anyhow::ensure!(behind <= allowed, "the schedule of {pipeline} is behind by {behind:?}");
    }
    Ok(enable(&client.lab, node, pipeline, false, request_id).await?)
}

#[async_trait]
impl Workload for Slots {
    fn clients(&self) -> usize {
        1
    }

    fn pause(&self) -> (u64, u64) {
        (700, 2500)
    }

    async fn set_up(&self, lab: &Lab) -> anyhow::Result<()> {
        for (name, seconds, catch_up) in SCHEDULES {
            let mut config = pipeline(name, vec![shell_task("note", &Effects::line("start"), &[])]);
            config.tasks[0].retry = Some(model::RetryPolicy { attempts: 3, ..Default::default() });
            config.variables = vec![self.effects.variable()];
            let id = format!("{name:-<16}");
            super::register(lab, 0, config, id.as_bytes()[..16].to_vec()).await?;
            let request = api::CreateScheduleRequest {
                request_id: format!("{name:+<16}").as_bytes()[..16].to_vec(),
                schedule: schedule_ref(name),
                spec: Some(spec(seconds, catch_up)),
                disabled: false,
            };
            // Refused until all nodes have said that they know schedules.
            eventually("a schedule", REGISTERED, || async {
                Ok(schedules(lab, 0).create_schedule(within(request.clone(), PATIENCE)).await.map(Some)?)
            })
            .await?;
        }
        Ok(())
    }

    async fn invoke(&self, client: &mut Client) {
        let enabled = client.rng.percent(60);
        let (node, id, lab) = (client.any_node(), client.rng.bytes().to_vec(), client.lab.clone());
        let f = if enabled { "enable" } else { "disable" };
        let what = Invocation { f, key: 0, value: Value::Nil, is_read: false };
        let call = async move {
            enable(&lab, node, PAUSED, enabled, id).await?;
            Ok(Answer::default())
        };
        let _ = client.record(node, what, PATIENCE, call).await;
    }

    async fn finish(&self, client: &mut Client) -> anyhow::Result<()> {
        for (name, seconds, _) in SCHEDULES {
            end(client, name, seconds).await?;
        }
        all_ended(client, &NAMES).await
    }

    fn check(&self, _: &[Op], facts: &Facts) -> Vec<Verdict> {
        let mut verdicts = facts.slots.judge(&NAMES);
        match self.effects.read() {
            Ok(lines) => verdicts.extend(launches(&lines, facts, &NAMES)),
            Err(error) => verdicts.extend(Effects::broken(error)),
        }
        verdicts
    }
}
