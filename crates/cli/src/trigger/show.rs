//! `gofer trigger list` and `gofer trigger get`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use serde_json::json;

use super::launch;
use crate::client::{Call, Client, request, triggers};
use crate::command::Context;
use crate::error::{EXIT_OK, Error};
use crate::output::{Style, tame};
use crate::run::node_names;
use crate::table::Table;
use crate::{json as to_json, time};

const INFO: &str = "gofer.api.v1.TriggerInfo";
const INSTANCE: &str = "gofer.model.v1.PluginInstance";

pub(super) async fn list(context: &mut Context<'_>) -> Result<u8, Error> {
    let mut all = Vec::new();
    let mut page_token = String::new();
    loop {
        let consistency = context.client.consistency;
        let message = api::ListTriggersRequest { consistency, page_size: 1_000, page_token };
        let ask = async |channel, patience| triggers(channel).list_triggers(request(message.clone(), patience)).await;
        let page = context.client.call(Call::Read, ask).await?;
        all.extend(page.triggers);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    if context.output.is_json() {
        context.output.document(&json!({ "triggers": to_json::messages(INFO, &all)? }))?;
        return Ok(EXIT_OK);
    }
    let mut table = Table::new(&["TRIGGER", "KIND", "ENABLED", "SUBSCRIPTIONS", "VERSION", "DESCRIPTION"], 2);
    for trigger in &all {
        let (enabled, style) = enabled(trigger);
        let version = report(trigger).map_or_else(String::new, |report| report.version.clone());
        let subscriptions = trigger.subscriptions.to_string();
        let description = trigger.description.clone();
        let cells = [trigger.name.clone(), kind(trigger).into(), enabled.into(), subscriptions, version, description];
        table.row(cells, style);
    }
    table.show(&context.output, "there are no triggers")?;
    Ok(EXIT_OK)
}

/// A trigger.
pub(super) async fn fetch(client: &mut Client, trigger: &str, consistency: i32) -> Result<api::TriggerInfo, Error> {
    whole(client, trigger, consistency).await.map(|(trigger, _)| trigger)
}

/// A trigger, and the answer without it.
async fn whole(
    client: &mut Client,
    trigger: &str,
    consistency: i32,
) -> Result<(api::TriggerInfo, api::GetTriggerResponse), Error> {
    let message = api::GetTriggerRequest { trigger: trigger.to_owned(), consistency };
    let ask = async |channel, patience| triggers(channel).get_trigger(request(message.clone(), patience)).await;
    let mut answer = client.call(Call::Read, ask).await?;
    let trigger = answer.trigger.take();
    trigger
        .map(|trigger| (trigger, answer))
        .ok_or_else(|| Error::Malformed("the node answered without a trigger".into()))
}

/// Whether the cluster keeps the plug-in of a trigger running.
pub(super) async fn check_launched(context: &mut Context<'_>, trigger: &str) -> Result<(), Error> {
    let consistency = context.client.consistency;
    let found = fetch(&mut context.client, trigger, consistency).await?;
    let why = match (found.built_in, is_launched(&found)) {
        (_, true) => return Ok(()),
        (true, _) => "is a part of Gofer",
        (false, _) => "has a plug-in that runs by itself",
    };
    let message = format!("trigger {} {why}, so the cluster has none of its output", found.name);
    Err(Error::usage(message, "look where it runs"))
}

pub(super) async fn get(context: &mut Context<'_>, trigger: &str) -> Result<u8, Error> {
    let consistency = context.client.consistency;
    let (trigger, answer) = whole(&mut context.client, trigger, consistency).await?;
    if context.output.is_json() {
        let mut shown = to_json::message(INFO, &trigger)?;
        if let Some(shown) = shown.as_object_mut().filter(|_| !trigger.built_in) {
            shown.insert("instances".into(), to_json::messages(INSTANCE, &answer.instances)?);
            shown.insert("silentNodes".into(), json!(answer.silent_nodes));
        }
        context.output.document(&shown)?;
        return Ok(EXIT_OK);
    }
    context.output.line(&head(context, &trigger))?;
    settings(context, &trigger)?;
    if !trigger.built_in {
        let nodes = node_names(&mut context.client).await;
        instances(context, &trigger, &answer, &nodes)?;
    }
    Ok(EXIT_OK)
}

/// What is connected for a plug-in.
fn instances(
    context: &Context<'_>,
    trigger: &api::TriggerInfo,
    answer: &api::GetTriggerResponse,
    nodes: &BTreeMap<u64, String>,
) -> Result<(), Error> {
    let name = |node: u64| nodes.get(&node).cloned().unwrap_or_else(|| node.to_string());
    let mut table = Table::new(&["NODE", "VERSION", "CONNECTED", "RUN", "STATE"], 4);
    let now = time::now();
    for instance in &answer.instances {
        let run = instance.attempt.as_ref().and_then(|attempt| attempt.run.as_ref());
        let run = run.map_or_else(String::new, |run| format!("{}/{}/{}", run.namespace, run.pipeline, run.run));
        let (state, style) = match instance.problem.as_str() {
            "" => ("well", Style::Good),
            problem => (problem, Style::Bad),
        };
        let connected = time::age(instance.connected_at.as_ref(), now);
        table.row([name(instance.node), instance.version.clone(), connected, run, state.to_owned()], style);
    }
    context.output.line("")?;
    table.show(&context.output, "no plug-in is connected")?;
    if answer.instances.iter().any(|instance| instance.takes_http) {
        let line = format!("\nIt answers requests to /v1/plugins/{} on any node.", trigger.name);
        context.output.line(&line)?;
    }
    if is_launched(trigger) && answer.instances.is_empty() {
        context.output.notice(&format!("`gofer run get plugins/{}/latest` says how it goes", trigger.name));
    }
    if !answer.silent_nodes.is_empty() {
        let nodes: Vec<String> = answer.silent_nodes.iter().map(|node| name(*node)).collect();
        context.output.notice(&format!("not known of nodes that do not answer: {}", nodes.join(", ")));
    }
    Ok(())
}

fn settings(context: &Context<'_>, trigger: &api::TriggerInfo) -> Result<(), Error> {
    let mut table = Table::new(&["SETTING", "KIND", "REQUIRED", "DEFAULT", "DESCRIPTION"], 0);
    for setting in &trigger.settings {
        let required = if setting.required { "yes" } else { "no" };
        let default = setting.default_value.clone().unwrap_or_default();
        let kind = setting_kind(setting.kind()).to_owned();
        table.row([setting.name.clone(), kind, required.into(), default, setting.description.clone()], Style::Bold);
    }
    let is_unheard = !trigger.built_in && report(trigger).is_none();
    let none = if is_unheard { "it was not heard of yet, so its settings are not known" } else { "it has no settings" };
    table.show(&context.output, none)
}

fn head(context: &Context<'_>, trigger: &api::TriggerInfo) -> String {
    let mut head = String::new();
    let mut line = |name: &str, text: &str| {
        if !text.is_empty() {
            let _ = writeln!(head, "{name:<14}{text}");
        }
    };
    line("trigger", &tame(&trigger.name));
    line("description", &tame(&trigger.description));
    line("kind", kind(trigger));
    line("subscriptions", &trigger.subscriptions.to_string());
    let Some(installed) = &trigger.installed else { return head };
    let now = time::now();
    let (word, style) = enabled(trigger);
    line("enabled", &context.output.paint(style, word));
    line("version", &tame(&report(trigger).map_or_else(String::new, |report| report.version.clone())));
    let spec = installed.spec.clone().unwrap_or_default();
    line("token", if spec.token_digest.is_some() { "known" } else { "none" });
    for (name, text) in spec.launch.iter().flat_map(launch::lines) {
        line(name, &tame(&text));
    }
    line("installed", &time::age(installed.created_at.as_ref(), now));
    line("changed", &time::age(installed.updated_at.as_ref(), now));
    head
}

fn report(trigger: &api::TriggerInfo) -> Option<&model::TriggerReport> {
    trigger.installed.as_ref()?.report.as_ref()
}

fn kind(trigger: &api::TriggerInfo) -> &'static str {
    match (trigger.built_in, is_launched(trigger)) {
        (true, _) => "built-in",
        (false, true) => "launched",
        (false, false) => "plug-in",
    }
}

fn is_launched(trigger: &api::TriggerInfo) -> bool {
    let spec = trigger.installed.as_ref().and_then(|installed| installed.spec.as_ref());
    spec.is_some_and(|spec| spec.launch.is_some())
}

fn enabled(trigger: &api::TriggerInfo) -> (&'static str, Style) {
    match &trigger.installed {
        Some(installed) if !installed.enabled => ("no", Style::Dim),
        _ => ("yes", Style::Good),
    }
}

fn setting_kind(kind: model::SettingKind) -> &'static str {
    match kind {
        model::SettingKind::Text => "text",
        model::SettingKind::Number => "number",
        model::SettingKind::Boolean => "boolean",
        model::SettingKind::Duration => "duration",
        model::SettingKind::Unspecified => "unknown",
    }
}
