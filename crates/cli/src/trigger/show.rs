//! `gofer trigger list` and `gofer trigger get`.

use std::fmt::Write as _;

use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use serde_json::json;

use crate::client::{Call, Client, request, triggers};
use crate::command::Context;
use crate::error::{EXIT_OK, Error};
use crate::output::{Style, tame};
use crate::table::Table;
use crate::{json as to_json, time};

const INFO: &str = "gofer.api.v1.TriggerInfo";

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
    let message = api::GetTriggerRequest { trigger: trigger.to_owned(), consistency };
    let ask = async |channel, patience| triggers(channel).get_trigger(request(message.clone(), patience)).await;
    let answer = client.call(Call::Read, ask).await?;
    answer.trigger.ok_or_else(|| Error::Malformed("the node answered without a trigger".into()))
}

pub(super) async fn get(context: &mut Context<'_>, trigger: &str) -> Result<u8, Error> {
    let consistency = context.client.consistency;
    let trigger = fetch(&mut context.client, trigger, consistency).await?;
    if context.output.is_json() {
        context.output.document(&to_json::message(INFO, &trigger)?)?;
        return Ok(EXIT_OK);
    }
    context.output.line(&head(context, &trigger))?;
    let mut table = Table::new(&["SETTING", "KIND", "REQUIRED", "DEFAULT", "DESCRIPTION"], 0);
    for setting in &trigger.settings {
        let required = if setting.required { "yes" } else { "no" };
        let default = setting.default_value.clone().unwrap_or_default();
        let kind = setting_kind(setting.kind()).to_owned();
        table.row([setting.name.clone(), kind, required.into(), default, setting.description.clone()], Style::Bold);
    }
    let is_unheard = !trigger.built_in && report(&trigger).is_none();
    let none = if is_unheard { "it was not heard of yet, so its settings are not known" } else { "it has no settings" };
    table.show(&context.output, none)?;
    Ok(EXIT_OK)
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
    line("installed", &time::age(installed.created_at.as_ref(), now));
    line("changed", &time::age(installed.updated_at.as_ref(), now));
    head
}

fn report(trigger: &api::TriggerInfo) -> Option<&model::TriggerReport> {
    trigger.installed.as_ref()?.report.as_ref()
}

fn kind(trigger: &api::TriggerInfo) -> &'static str {
    if trigger.built_in { "built-in" } else { "plug-in" }
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
