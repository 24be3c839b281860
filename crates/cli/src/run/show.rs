//! `gofer run list` and `gofer run get`.

use std::collections::BTreeMap;

use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use serde_json::json;

use super::state;
use crate::client::{Call, Client, request, runs};
use crate::command::Context;
use crate::error::{EXIT_OK, Error};
use crate::output::tame;
use crate::reference::{self, run_text};
use crate::table::Table;
use crate::{json as to_json, time};

pub(super) async fn list(context: &mut Context<'_>, pipeline: &str, limit: u32) -> Result<u8, Error> {
    let pipeline = reference::pipeline(context.args.namespace(), pipeline)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut all: Vec<model::Run> = Vec::new();
    let mut page_token = String::new();
    loop {
        let page_size = u32::try_from((limit - all.len()).min(1_000)).unwrap_or(1_000);
        let consistency = context.client.consistency;
        let message = api::ListRunsRequest { pipeline: Some(pipeline.clone()), consistency, page_size, page_token };
        let ask = async |channel, patience| runs(channel).list_runs(request(message.clone(), patience)).await;
        let page = context.client.call(Call::Read, ask).await?;
        all.extend(page.runs);
        page_token = page.next_page_token;
        if page_token.is_empty() || all.len() >= limit {
            break;
        }
    }
    all.truncate(limit);
    if context.output.is_json() {
        context.output.document(&json!({ "runs": to_json::messages("gofer.model.v1.Run", &all)? }))?;
        return Ok(EXIT_OK);
    }
    let now = time::now();
    let mut table = Table::new(&["RUN", "STATUS", "VERSION", "CREATED", "DURATION", "BY", "MESSAGE"], 1);
    for run in &all {
        let (word, style) = state::run(run.status());
        let cells = [
            run.r#ref.as_ref().map_or_else(String::new, |name| format!("{}/{}", name.pipeline, name.run)),
            word.to_owned(),
            run.version.to_string(),
            time::age(run.created_at.as_ref(), now),
            time::elapsed(run.started_at.as_ref(), run.finished_at.as_ref(), now),
            started_by(run),
            run.message.clone(),
        ];
        table.row(cells, style);
    }
    let name = reference::pipeline_text(Some(&pipeline));
    table.show(&context.output, &format!("{name} has no runs; start one with `gofer run start {name}`"))?;
    if !page_token.is_empty() {
        context.output.notice("there are older ones; show them with --limit");
    }
    Ok(EXIT_OK)
}

/// Longest key of an event that is shown whole, in characters.
const KEY_CHARS_MAX: usize = 24;

/// Who started a run: the schedule with its slot, the subscription with its event, or somebody.
fn started_by(run: &model::Run) -> String {
    if let Some(slot) = &run.schedule {
        let time = time::timestamp(slot.slot.as_ref()).map_or_else(String::new, |time| time.to_string());
        let backfill = if slot.backfill == 0 { String::new() } else { format!(" in backfill {}", slot.backfill) };
        return format!("schedule {} for {time}{backfill}", slot.schedule);
    }
    match &run.subscription {
        Some(of) => format!("subscription {} for event {}", of.subscription, short(&of.event)),
        None => run.started_by.clone(),
    }
}

/// A key of an event, as far as a table has room; `gofer subscription events` and JSON have all of it.
fn short(key: &str) -> String {
    match key.char_indices().nth(KEY_CHARS_MAX) {
        Some((end, _)) => format!("{}…", key.get(..end).unwrap_or_default()),
        None => key.to_owned(),
    }
}

/// A run with its tasks.
pub(super) async fn fetch(client: &mut Client, run: &model::RunRef) -> Result<model::Run, Error> {
    let message = api::GetRunRequest { run: Some(run.clone()), consistency: client.consistency };
    let ask = async |channel, patience| runs(channel).get_run(request(message.clone(), patience)).await;
    let run = client.call(Call::Read, ask).await?.run;
    run.ok_or_else(|| Error::Malformed("the node answered without a run".into()))
}

pub(super) async fn get(context: &mut Context<'_>, name: &model::RunRef) -> Result<u8, Error> {
    let run = fetch(&mut context.client, name).await?;
    if context.output.is_json() {
        context.output.document(&to_json::message("gofer.model.v1.Run", &run)?)?;
        return Ok(EXIT_OK);
    }
    let nodes = node_names(&mut context.client).await;
    let order = order(&mut context.client, &run).await;
    let now = time::now();
    let (word, style) = state::run(run.status());
    let by = tame(&started_by(&run));
    let mut head = format!(
        "run       {}, version {}, by {by}\nstatus    {}\ncreated   {}, took {}\n",
        run_text(run.r#ref.as_ref()),
        run.version,
        context.output.paint(style, word),
        time::age(run.created_at.as_ref(), now),
        time::elapsed(run.started_at.as_ref(), run.finished_at.as_ref(), now),
    );
    if !run.message.is_empty() {
        head.push_str(&format!("message   {}\n", crate::output::tame(&run.message)));
    }
    if run.release != 0 {
        head.push_str(&format!("release   {} chose the version\n", run.release));
    }
    if run.retry_of != 0 {
        head.push_str(&format!("retry of  run {}\n", run.retry_of));
    }
    if run.priority != 0 {
        head.push_str(&format!("priority  {}\n", run.priority));
    }
    if let Some(parent) = &run.parent {
        head.push_str(&format!("parent    task {} of run {}\n", parent.task, run_text(parent.run.as_ref())));
    }
    if !run.note.is_empty() {
        head.push_str(&format!("note      {}\n", crate::output::tame(&run.note)));
    }
    for label in &run.labels {
        head.push_str(&format!("label     {}\n", crate::output::tame(&format!("{}={}", label.name, label.value))));
    }
    for variable in &run.variables {
        head.push_str(&format!(
            "variable  {}\n",
            crate::output::tame(&format!("{}={}", variable.name, variable.value))
        ));
    }
    context.output.line(&head)?;
    let mut table = Table::new(&["TASK", "STATUS", "ATTEMPT", "NODE", "DURATION", "MESSAGE"], 1);
    for task in order.iter().filter_map(|(id, _)| run.tasks.iter().find(|task| task.id == *id)) {
        rows(&mut table, task, &nodes, now);
    }
    table.show(&context.output, "it has no tasks")?;
    Ok(EXIT_OK)
}

/// A line for the task with its newest attempt, and one for each attempt before.
fn rows(table: &mut Table, task: &model::TaskRun, nodes: &BTreeMap<u64, String>, now: jiff::Timestamp) {
    let outcome = task.outcome.clone().unwrap_or_default();
    let (_, word, style) = state::task(outcome.status());
    let earlier = task.attempts.split_last().map_or(&[][..], |(_, earlier)| earlier);
    for attempt in earlier {
        let outcome = attempt.outcome.clone().unwrap_or_default();
        let (word, style) = state::attempt(outcome.result());
        let message = state::cause(outcome.reason(), outcome.exit_code, &outcome.message);
        table.row(attempt_cells(task, word, Some(attempt), message, nodes, now), style);
    }
    let mut message = state::cause(outcome.reason(), outcome.exit_code, &outcome.message);
    for fact in facts(task) {
        if !message.is_empty() {
            message.push_str("; ");
        }
        message.push_str(&fact);
    }
    table.row(attempt_cells(task, word, task.attempts.last(), message, nodes, now), style);
}

/// What else there is to say of a task.
fn facts(task: &model::TaskRun) -> Vec<String> {
    let mut facts = Vec::new();
    if task.kept_from != 0 {
        facts.push(format!("kept from run {}", task.kept_from));
    }
    match &task.children[..] {
        [] => {}
        [run] => facts.push(format!("started run {run}")),
        [first, .., last] => facts.push(format!("started {} runs, {first} to {last}", task.children.len())),
    }
    if !task.outputs.is_empty() {
        let names: Vec<&str> = task.outputs.iter().map(|output| output.name.as_str()).collect();
        facts.push(format!("put out {}", names.join(", ")));
    }
    facts
}

fn attempt_cells(
    task: &model::TaskRun,
    word: &str,
    attempt: Option<&model::Attempt>,
    message: String,
    nodes: &BTreeMap<u64, String>,
    now: jiff::Timestamp,
) -> [String; 6] {
    [
        task.id.clone(),
        word.to_owned(),
        attempt.map_or_else(String::new, |attempt| attempt.number.to_string()),
        attempt.map_or_else(String::new, |attempt| node_name(nodes, attempt.node)),
        attempt.map_or_else(String::new, |attempt| duration(attempt, now)),
        message,
    ]
}

/// How long an attempt has been running, or took.
pub(super) fn duration(attempt: &model::Attempt, now: jiff::Timestamp) -> String {
    time::elapsed(attempt.started_at.as_ref().or(attempt.placed_at.as_ref()), attempt.finished_at.as_ref(), now)
}

/// Names of the nodes; empty when nobody says, as they only make it nicer.
pub(crate) async fn node_names(client: &mut Client) -> BTreeMap<u64, String> {
    let nodes = reference::nodes(client).await.unwrap_or_default();
    let named = nodes.into_iter().filter_map(|info| info.node);
    named.filter_map(|node| node.spec.map(|spec| (node.id, spec.name))).collect()
}

pub(super) fn node_name(nodes: &BTreeMap<u64, String>, id: u64) -> String {
    nodes.get(&id).cloned().unwrap_or_else(|| id.to_string())
}

/// The run's tasks with their levels; all at level 0 when the version can't be read.
pub(super) async fn order(client: &mut Client, run: &model::Run) -> Vec<(String, usize)> {
    let name = run.r#ref.clone().unwrap_or_default();
    let pipeline = model::PipelineRef { namespace: name.namespace, pipeline: name.pipeline };
    match crate::pipeline::fetch(client, &pipeline, run.version).await {
        Ok(model::Pipeline { config: Some(config), .. }) => super::graph::levels(&config),
        _ => run.tasks.iter().map(|task| (task.id.clone(), 0)).collect(),
    }
}
