//! Events: lines that plug-ins in three languages tell of, events that clients tell of several times under one key, and
//! ends of runs that the leader finds in the log. Each starts one run.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use gofer_tests::{Language, eventually, pipeline, shell_task};
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::subscription_service_client::SubscriptionServiceClient;
use gofer_wire::api::v1::trigger_service_client::TriggerServiceClient;
use gofer_wire::model::v1 as model;
use sha2::{Digest as _, Sha256};

use super::{NAMESPACE, Workload, all_ended, parked, register, variable, within};
use crate::check::Verdict;
use crate::check::events::{Facts, TOKEN};
use crate::check::{told, unique};
use crate::client::{Answer, Client, Invocation, PATIENCE};
use crate::history::{Op, Value};
use crate::lab::{self, Lab};
use crate::plugin::{PLUGINS, Plugin};

/// The pipeline of events with keys.
const KEYS: &str = "event-keys";
/// A pipeline of one plug-in whose runs do something and end.
const ENDING: &str = "event-lines-rust";
/// The pipeline of their ends.
const ENDS: &str = "event-ends";
/// What is claimed of the plug-ins, in the order of their languages.
const CLAIMS: [&str; PLUGINS] = [
    "each line that the plug-in in Rust follows starts one run, in order",
    "each line that the plug-in in Go follows starts one run, in order",
    "each line that the plug-in in Python follows starts one run, in order",
];
/// Of a hundred operations, so many append a line.
const LINES: u64 = 65;

#[derive(Debug, Default)]
struct Events {
    numbers: AtomicU64,
}

pub(super) fn make(_: &Path) -> Arc<dyn Workload> {
    Arc::new(Events::default())
}

/// The pipeline of the lines that a plug-in tells of.
fn pipeline_of(plugin: &str) -> String {
    format!("event-lines-{plugin}")
}

fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Int(number) => Some(*number),
        Value::Nil | Value::List(_) => None,
    }
}

fn subscriptions(lab: &Lab, node: usize) -> SubscriptionServiceClient<tonic::transport::Channel> {
    SubscriptionServiceClient::new(lab.machines[node].channel.clone())
}

fn subscription_ref(pipeline: &str) -> Option<model::SubscriptionRef> {
    Some(model::SubscriptionRef { namespace: NAMESPACE.into(), pipeline: pipeline.into(), name: "s".into() })
}

/// An id for a request of the set-up.
fn id(what: &str) -> Vec<u8> {
    Sha256::digest(what)[..16].to_vec()
}

async fn subscribe(
    lab: &Lab,
    pipeline: &str,
    trigger: &str,
    settings: &[(&str, &str)],
    token: &str,
) -> anyhow::Result<()> {
    let spec = model::SubscriptionSpec {
        trigger: trigger.into(),
        settings: settings.iter().map(|(name, value)| variable(name, value)).collect(),
        expressions: vec![variable(TOKEN, token)],
        ..Default::default()
    };
    let request = api::CreateSubscriptionRequest {
        request_id: id(&format!("subscription of {pipeline}")),
        subscription: subscription_ref(pipeline),
        spec: Some(spec),
        disabled: false,
    };
    // Refused until all nodes have said that they know subscriptions.
    eventually("a subscription", lab::PATIENCE, || async {
        Ok(subscriptions(lab, 0).create_subscription(within(request.clone(), PATIENCE)).await.map(Some)?)
    })
    .await
    .map(drop)
}

async fn install(lab: &Lab, plugin: &Plugin) -> anyhow::Result<()> {
    let spec = model::TriggerSpec { token_digest: Some(Sha256::digest(&plugin.token).to_vec()), ..Default::default() };
    let request = api::InstallTriggerRequest {
        request_id: id(&format!("trigger {}", plugin.name)),
        trigger: plugin.name.into(),
        spec: Some(spec),
    };
    eventually("a trigger", lab::PATIENCE, || async {
        let mut client = TriggerServiceClient::new(lab.machines[0].channel.clone());
        Ok(client.install_trigger(within(request.clone(), PATIENCE)).await.map(Some)?)
    })
    .await
    .map(drop)
}

/// How many events a subscription has taken, and how many of them have started a run.
async fn counts(client: &mut Client, pipeline: &str) -> anyhow::Result<(u64, u64)> {
    let node = client.any_node();
    let request = api::GetSubscriptionRequest { subscription: subscription_ref(pipeline), ..Default::default() };
    let answer = subscriptions(&client.lab, node).get_subscription(within(request, PATIENCE)).await?.into_inner();
    let found = answer.subscription.unwrap_or_default().subscription.unwrap_or_default();
    Ok((found.taken, found.fired))
}

impl Events {
    fn next(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::SeqCst) + 1
    }

    async fn append(&self, client: &mut Client) {
        let lab = client.lab.clone();
        let plugin = &lab.plugins()[client.rng.below(PLUGINS)];
        let (key, node) = (plugin.index as u64, client.any_node());
        let what = Invocation { f: "append", key, value: Value::Nil, is_read: false };
        let written = plugin.append(|| self.next()).map_err(|error| tonic::Status::internal(format!("{error:#}")));
        let call = async { written.map(|number| Answer { value: Value::Int(number), version: 0 }) };
        let _ = client.record(node, what, PATIENCE, call).await;
    }

    /// Tells of an event once; the answer is the run's number.
    async fn fire(&self, client: &mut Client, number: u64, patience: Duration) {
        let (node, lab, request_id) = (client.any_node(), client.lab.clone(), client.rng.bytes().to_vec());
        let what = Invocation { f: "fire", key: 0, value: Value::Int(number), is_read: false };
        let event = api::EventInput {
            key: format!("key {number}"),
            payload: format!("{{\"number\": \"{number}\"}}"),
            ..Default::default()
        };
        let request = api::FireEventRequest { request_id, subscription: subscription_ref(KEYS), event: Some(event) };
        let call = async move {
            let answer = subscriptions(&lab, node).fire_event(within(request, PATIENCE)).await?.into_inner();
            Ok(Answer { value: Value::Int(answer.run), version: 0 })
        };
        let _ = client.record(node, what, patience, call).await;
    }
}

#[async_trait]
impl Workload for Events {
    fn clients(&self) -> usize {
        2
    }

    fn pause(&self) -> (u64, u64) {
        (200, 900)
    }

    async fn set_up(&self, lab: &Lab) -> anyhow::Result<()> {
        let folder = lab.out.join("plugins");
        std::fs::create_dir_all(&folder)?;
        let plugins = (0..PLUGINS).map(|index| Plugin::create(&folder, index, lab.size()));
        let plugins = plugins.collect::<anyhow::Result<Vec<_>>>()?;
        for name in [KEYS, ENDS] {
            register(lab, 0, parked(name), id(name)).await?;
        }
        subscribe(lab, KEYS, "manual", &[], "payload.number").await?;
        for plugin in &plugins {
            let name = pipeline_of(plugin.name);
            let config = match name.as_str() {
                ENDING => pipeline(ENDING, vec![shell_task("note", "true", &[])]),
                _ => parked(&name),
            };
            register(lab, 0, config, id(&name)).await?;
            install(lab, plugin).await?;
            subscribe(lab, &name, plugin.name, &[("file", &plugin.path.display().to_string())], "payload.line").await?;
            plugin.start()?;
        }
        let on = [("on", "succeeded,failed,cancelled"), ("pipeline", ENDING)];
        subscribe(lab, ENDS, "pipeline", &on, "string(payload.run)").await?;
        lab.plugins.set(plugins).map_err(|_| anyhow::anyhow!("there are plug-ins already"))
    }

    async fn invoke(&self, client: &mut Client) {
        if client.rng.percent(LINES) {
            return self.append(client).await;
        }
        let number = self.next();
        for _ in 0..client.rng.range(2, 4) {
            // Some clients hardly wait, so that the event is still on its way when they tell of it again.
            let patience = if client.rng.percent(30) { client.rng.millis(1, 15) } else { PATIENCE };
            self.fire(client, number, patience).await;
        }
    }

    async fn finish(&self, client: &mut Client) -> anyhow::Result<()> {
        let lab = client.lab.clone();
        for plugin in lab.plugins() {
            let (written, (taken, _)) = (plugin.lines().len() as u64, counts(client, &pipeline_of(plugin.name)).await?);
            anyhow::ensure!(taken >= written, "{taken} of {written} lines were told of by {}", plugin.name);
        }
        all_ended(client, &[ENDING]).await?;
        let ((_, ended), (taken, _)) = (counts(client, ENDING).await?, counts(client, ENDS).await?);
        anyhow::ensure!(taken >= ended, "{taken} of {ended} ends of runs were told of");
        Ok(())
    }

    fn check(&self, ops: &[Op], facts: &Facts) -> Vec<Verdict> {
        let fired: Vec<Op> = ops.iter().filter(|op| op.f == "fire").cloned().collect();
        let mut verdicts = unique::idempotent(&fired, &facts.created(KEYS));
        for (key, (language, claim)) in (0..).zip(Language::ALL.into_iter().zip(CLAIMS)) {
            let appended = ops.iter().filter(|op| op.f == "append" && op.key == key);
            let mut lines: Vec<u64> = appended.filter_map(|op| number(&op.result)).collect();
            lines.sort_unstable();
            verdicts.push(told::in_order(claim, &lines, &facts.order(&pipeline_of(language.name()))));
        }
        verdicts.push(told::once("each end of a run starts one run", &facts.ended(ENDING), &facts.order(ENDS)));
        verdicts
    }
}
