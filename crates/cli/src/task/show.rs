//! `gofer task list`, `get` and `versions`.

use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use serde_json::{Value, json};

use super::{NAMESPACE, install, reference};
use crate::client::{Call, pipelines, request};
use crate::command::Context;
use crate::error::{EXIT_OK, Error};
use crate::output::{Style, tame};
use crate::pipeline_file::{self, Format};
use crate::table::Table;
use crate::{json as to_json, time};

pub(super) fn list_provided(context: &Context<'_>) -> Result<u8, Error> {
    let mut table = Table::new(&["TASK", "SETTINGS", "SECRETS", "DESCRIPTION"], 3);
    let mut values = Vec::new();
    for definition in gofer_provided::definitions() {
        let path = format!("{}.toml", definition.name);
        let config = pipeline_file::parse(std::path::Path::new(&path), definition.file, Format::Toml)?.config;
        let (settings, secrets) = (settings(&config), install::secrets(&config));
        values.push(json!({ "task": config.id, "settings": settings, "secrets": secrets,
            "description": config.description }));
        let cells = [config.id, settings.join(" "), secrets.join(" "), config.description];
        table.row(cells, Style::Plain);
    }
    if context.output.is_json() {
        context.output.document(&json!({ "provided": values }))?;
        return Ok(EXIT_OK);
    }
    table.show(&context.output, "")?;
    Ok(EXIT_OK)
}

pub(super) async fn list(context: &mut Context<'_>) -> Result<u8, Error> {
    let all = match crate::pipeline::all(context, NAMESPACE).await {
        // Nothing was installed yet.
        Err(Error::Rejected(rejected)) if rejected.code == tonic::Code::NotFound => Vec::new(),
        other => other?,
    };
    if context.output.is_json() {
        context.output.document(&json!({ "tasks": to_json::messages("gofer.model.v1.Pipeline", &all)? }))?;
        return Ok(EXIT_OK);
    }
    let now = time::now();
    let mut table = Table::new(&["TASK", "STATUS", "VERSION", "LIVE", "UPDATED"], 1);
    for pipeline in all {
        let (status, style) = if pipeline.enabled { ("enabled", Style::Good) } else { ("disabled", Style::Warning) };
        let cells = [
            pipeline.r#ref.map(|name| name.pipeline).unwrap_or_default(),
            status.to_owned(),
            pipeline.version.to_string(),
            pipeline.live_version.to_string(),
            time::age(pipeline.updated_at.as_ref(), now),
        ];
        table.row(cells, style);
    }
    table.show(&context.output, "no shared task is installed; see `gofer task list --provided`")?;
    Ok(EXIT_OK)
}

pub(super) async fn get(context: &mut Context<'_>, task: &str, version: u64, file: bool) -> Result<u8, Error> {
    let answer = fetch(context, task, version).await?;
    let pipeline = answer.pipeline.unwrap_or_default();
    let config = pipeline.config.clone().unwrap_or_default();
    if file {
        let format = if context.output.is_json() { Format::Json } else { Format::Toml };
        context.output.write(pipeline_file::canonical(&config, format)?.as_bytes())?;
        return Ok(EXIT_OK);
    }
    let users: Vec<String> = answer.used_by.iter().map(|name| crate::reference::pipeline_text(Some(name))).collect();
    if context.output.is_json() {
        let value = json!({ "task": to_json::message("gofer.model.v1.Pipeline", &pipeline)?, "used_by": users });
        context.output.document(&value)?;
        return Ok(EXIT_OK);
    }
    let shown = if version == 0 { pipeline.version } else { version };
    let names = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let mut text = format!(
        "task      {}\n          {}\nversions  {} newest, {} live; this is {shown}\nsecrets   {}\nused by   {}\n",
        config.id,
        tame(&config.description),
        pipeline.version,
        pipeline.live_version,
        names(&install::secrets(&config)),
        names(&users),
    );
    text.push_str(if config.parameters.is_empty() { "settings  none\n" } else { "settings\n" });
    for parameter in &config.parameters {
        text.push_str(&format!("  {}{}\n", parameter.name, kind(parameter)));
        if !parameter.description.is_empty() {
            text.push_str(&format!("      {}\n", tame(&parameter.description)));
        }
    }
    context.output.write(text.as_bytes())?;
    Ok(EXIT_OK)
}

pub(super) async fn versions(context: &mut Context<'_>, task: &str, limit: u64) -> Result<u8, Error> {
    let newest = fetch(context, task, 0).await?.pipeline.unwrap_or_default();
    let mut table = Table::new(&["VERSION", "", "SETTINGS", "PROGRAM"], 1);
    let mut values: Vec<Value> = Vec::new();
    for version in (1..=newest.version).rev().take(usize::try_from(limit).unwrap_or(usize::MAX)) {
        let config = fetch(context, task, version).await?.pipeline.unwrap_or_default().config.unwrap_or_default();
        let (settings, program) = (settings(&config), config.tasks.first().map(program).unwrap_or_default());
        let is_live = version == newest.live_version;
        values.push(json!({ "version": version, "live": is_live, "settings": settings, "program": program }));
        let live = if is_live { "live" } else { "" };
        table.row([version.to_string(), live.into(), settings.join(" "), program], Style::Good);
    }
    if context.output.is_json() {
        context.output.document(&json!({ "task": task, "versions": values }))?;
        return Ok(EXIT_OK);
    }
    table.show(&context.output, "")?;
    Ok(EXIT_OK)
}

async fn fetch(context: &mut Context<'_>, task: &str, version: u64) -> Result<api::GetPipelineResponse, Error> {
    let consistency = context.client.consistency;
    let message = api::GetPipelineRequest { pipeline: Some(reference(task)?), version, consistency };
    let ask = async |channel, patience| pipelines(channel).get_pipeline(request(message.clone(), patience)).await;
    context.client.call(Call::Read, ask).await
}

fn settings(config: &model::PipelineConfig) -> Vec<String> {
    config.parameters.iter().map(|parameter| parameter.name.clone()).collect()
}

/// What is launched, in short.
fn program(task: &model::TaskConfig) -> String {
    let words = task.entrypoint.iter().chain(&task.command).map(String::as_str);
    let words: Vec<&str> = [task.image.as_str()].into_iter().chain(words).filter(|word| !word.is_empty()).collect();
    let line = tame(&words.join(" "));
    line.chars().take(60).collect()
}

/// Which values a parameter takes, and what holds without one.
fn kind(parameter: &model::Parameter) -> String {
    let kind = match parameter.r#type() {
        model::ParameterType::Unspecified | model::ParameterType::Text => "text".to_owned(),
        model::ParameterType::Integer => format!("{} to {}", parameter.least, parameter.most),
        model::ParameterType::Boolean => "true or false".to_owned(),
        model::ParameterType::Choice => parameter.choices.join(", "),
        model::ParameterType::List => "lines".to_owned(),
    };
    match &parameter.default_value {
        None => format!(" ({kind}), required"),
        Some(default) if default.is_empty() => format!(" ({kind})"),
        Some(default) => format!(" ({kind}), else {:?}", tame(default)),
    }
}
