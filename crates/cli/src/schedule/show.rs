//! `gofer schedule list` and `gofer schedule get`.

use std::fmt::Write as _;

use gofer_calendar::Zone;
use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use serde_json::json;

use super::{due, policy, spec};
use crate::client::{Call, Client, request, schedules};
use crate::command::Context;
use crate::error::{EXIT_OK, Error};
use crate::output::{Style, tame};
use crate::reference::{self, schedule_text};
use crate::table::Table;
use crate::{json as to_json, time};

pub(super) async fn list(context: &mut Context<'_>, pipeline: Option<&str>) -> Result<u8, Error> {
    let of = match (pipeline, &context.args.namespace) {
        (Some(pipeline), _) => Some(reference::pipeline(context.args.namespace(), pipeline)?),
        (None, Some(namespace)) => Some(model::PipelineRef { namespace: namespace.clone(), pipeline: String::new() }),
        (None, None) => None,
    };
    let mut all = Vec::new();
    let mut page_token = String::new();
    loop {
        let consistency = context.client.consistency;
        let message = api::ListSchedulesRequest { pipeline: of.clone(), consistency, page_size: 1_000, page_token };
        let ask = async |channel, patience| schedules(channel).list_schedules(request(message.clone(), patience)).await;
        let page = context.client.call(Call::Read, ask).await?;
        all.extend(page.schedules);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    if context.output.is_json() {
        context.output.document(&json!({ "schedules": to_json::messages("gofer.model.v1.Schedule", &all)? }))?;
        return Ok(EXIT_OK);
    }
    let now = time::now();
    let mut table = Table::new(&["SCHEDULE", "WHEN", "ENABLED", "NEXT DUE", "LAST FIRED", "LAST SKIPPED"], 2);
    for schedule in &all {
        let spec = schedule.spec.clone().unwrap_or_default();
        let zone = due::zone(&spec);
        let (enabled, style) = enabled(schedule);
        let next = if schedule.enabled { due::next(&spec, now) } else { String::new() };
        let name = schedule_text(schedule.r#ref.as_ref());
        let cells = [name, due::timing(&spec), enabled.into(), next, fired(schedule, &zone), skipped(schedule, &zone)];
        table.row(cells, style);
    }
    table.show(&context.output, "there are no schedules; make one with `gofer schedule create`")?;
    Ok(EXIT_OK)
}

/// A schedule, and so many slots to come.
pub(super) async fn fetch(
    client: &mut Client,
    name: &model::ScheduleRef,
    next_slots: u32,
    consistency: i32,
) -> Result<api::GetScheduleResponse, Error> {
    let message = api::GetScheduleRequest { schedule: Some(name.clone()), consistency, next_slots };
    let ask = async |channel, patience| schedules(channel).get_schedule(request(message.clone(), patience)).await;
    client.call(Call::Read, ask).await
}

pub(super) async fn get(context: &mut Context<'_>, name: &str, count: u32) -> Result<u8, Error> {
    let name = reference::schedule(context.args.namespace(), name)?;
    let consistency = context.client.consistency;
    let answer = fetch(&mut context.client, &name, count, consistency).await?;
    let schedule = answer.schedule.ok_or_else(|| Error::Malformed("the node answered without a schedule".into()))?;
    if context.output.is_json() {
        let mut value = to_json::message("gofer.model.v1.Schedule", &schedule)?;
        if let Some(object) = value.as_object_mut() {
            object.insert("next".into(), to_json::messages("gofer.api.v1.NextSlot", &answer.next)?);
        }
        context.output.document(&value)?;
        return Ok(EXIT_OK);
    }
    let spec = schedule.spec.clone().unwrap_or_default();
    let zone = due::zone(&spec);
    context.output.line(&head(context, &schedule, &spec, &zone))?;
    let now = time::now();
    let mut table = Table::new(&["NEXT DUE", "UTC", "IN", "RUN STARTS"], 0);
    for next in &answer.next {
        let slot = time::timestamp(next.slot.as_ref());
        let away = match slot {
            Some(slot) if slot >= now => time::short(time::between(now, slot)),
            _ => String::new(),
        };
        let start = if next.start == next.slot { String::new() } else { due::local_of(&zone, next.start.as_ref()) };
        let utc = slot.map_or_else(String::new, |slot| slot.to_string());
        table.row([due::local_of(&zone, next.slot.as_ref()), utc, away, start], Style::Plain);
    }
    table.show(&context.output, "no slot was found: blackout windows leave none, or few")?;
    Ok(EXIT_OK)
}

fn head(context: &Context<'_>, schedule: &model::Schedule, spec: &model::ScheduleSpec, zone: &Zone) -> String {
    let now = time::now();
    let (word, style) = enabled(schedule);
    let mut head = String::new();
    let mut line = |name: &str, text: &str| {
        if !text.is_empty() {
            let _ = writeln!(head, "{name:<12}{text}");
        }
    };
    line("schedule", &schedule_text(schedule.r#ref.as_ref()));
    line("description", &tame(&spec.description));
    line("when", &tame(&due::timing(spec)));
    line("enabled", &context.output.paint(style, word));
    for window in &spec.blackouts {
        line("blackout", &tame(&spec::window_text(window)));
    }
    line("jitter", &spec.jitter.map_or_else(String::new, |jitter| due::duration(Some(&jitter))));
    line("catch-up", &policy::text(spec));
    line("last fired", &fired(schedule, zone));
    line("last skip", &tame(&skipped(schedule, zone)));
    line("created", &time::age(schedule.created_at.as_ref(), now));
    line("changed", &time::age(schedule.updated_at.as_ref(), now));
    line("note", &tame(&spec.note));
    line("priority", &if spec.priority == 0 { String::new() } else { spec.priority.to_string() });
    for (name, pairs) in [("label", &spec.labels), ("variable", &spec.variables)] {
        for pair in pairs {
            line(name, &tame(&format!("{}={}", pair.name, pair.value)));
        }
    }
    head
}

fn enabled(schedule: &model::Schedule) -> (&'static str, Style) {
    if schedule.enabled { ("yes", Style::Good) } else { ("no", Style::Dim) }
}

fn fired(schedule: &model::Schedule, zone: &Zone) -> String {
    let Some(fired) = &schedule.last_fired else { return String::new() };
    format!("{}, run {}", due::local_of(zone, fired.slot.as_ref()), fired.run)
}

fn skipped(schedule: &model::Schedule, zone: &Zone) -> String {
    let Some(skipped) = &schedule.last_skipped else { return String::new() };
    let last = due::local_of(zone, skipped.last.as_ref());
    let until = if skipped.first == skipped.last { "" } else { "up to " };
    format!("{until}{last}: {}", due::skip_reason(skipped))
}
