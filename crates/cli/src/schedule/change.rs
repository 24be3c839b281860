//! Schedules are made, deleted, enabled and disabled.

use clap::Args;
use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use serde_json::json;

use super::due;
use super::policy::PolicyArgs;
use super::spec::SpecArgs;
use crate::args::MutationArgs;
use crate::client::{Call, request, schedules};
use crate::command::Context;
use crate::error::Error;
use crate::reference::{self, schedule_text};
use crate::run::{parse_variable, variables};
use crate::time;

/// Arguments of `gofer schedule create`.
#[derive(Args, Clone, Debug)]
pub struct CreateArgs {
    /// PIPELINE/NAME or NAMESPACE/PIPELINE/NAME
    schedule: String,
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Variable in the environment of every task of its runs (repeatable)
    #[arg(short, long = "variable", visible_alias = "var", value_name = "NAME=VALUE", value_parser = parse_variable)]
    variable: Vec<(String, String)>,
    /// Label of its runs; may be given again
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_variable)]
    label: Vec<(String, String)>,
    /// Free text about its runs
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    note: String,
    /// From -100 to 100; of the runs and tasks that wait, the greater goes first
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "N", allow_negative_numbers = true)]
    priority: i32,
    /// What the schedule is for
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    description: String,
    /// It starts no runs until it is enabled
    #[arg(long)]
    disabled: bool,
    #[command(flatten)]
    mutation: MutationArgs,
}

pub(super) async fn create(context: &mut Context<'_>, args: CreateArgs) -> Result<u8, Error> {
    let name = reference::schedule(context.args.namespace(), &args.schedule)?;
    let mut spec = model::ScheduleSpec {
        description: args.description,
        variables: variables("variable", args.variable)?,
        labels: variables("label", args.label)?,
        note: args.note,
        priority: args.priority,
        ..Default::default()
    };
    args.spec.write(&mut spec);
    args.policy.write(&mut spec);
    let id = args.mutation.id();
    let message = api::CreateScheduleRequest {
        request_id: id.as_bytes().to_vec(),
        schedule: Some(name.clone()),
        spec: Some(spec.clone()),
        disabled: args.disabled,
    };
    let ask = async |channel, patience| schedules(channel).create_schedule(request(message.clone(), patience)).await;
    let header = context.client.call(Call::Mutate(id), ask).await?.header.unwrap_or_default();
    let state = if args.disabled { "; it is disabled".to_owned() } else { next_due(&spec) };
    changed(context, &format!("created schedule {}{state}", schedule_text(Some(&name))), &name, header.revision)
}

pub(super) async fn delete(context: &mut Context<'_>, name: &str, mutation: MutationArgs) -> Result<u8, Error> {
    let name = reference::schedule(context.args.namespace(), name)?;
    let id = mutation.id();
    let message = api::DeleteScheduleRequest { request_id: id.as_bytes().to_vec(), schedule: Some(name.clone()) };
    let ask = async |channel, patience| schedules(channel).delete_schedule(request(message.clone(), patience)).await;
    let header = context.client.call(Call::Mutate(id), ask).await?.header.unwrap_or_default();
    changed(context, &format!("deleted schedule {}", schedule_text(Some(&name))), &name, header.revision)
}

pub(super) async fn enable(
    context: &mut Context<'_>,
    name: &str,
    enabled: bool,
    mutation: MutationArgs,
) -> Result<u8, Error> {
    let name = reference::schedule(context.args.namespace(), name)?;
    let id = mutation.id();
    let request_id = id.as_bytes().to_vec();
    let message = api::SetScheduleEnabledRequest { request_id, schedule: Some(name.clone()), enabled };
    let ask =
        async |channel, patience| schedules(channel).set_schedule_enabled(request(message.clone(), patience)).await;
    let header = context.client.call(Call::Mutate(id), ask).await?.header.unwrap_or_default();
    let done = if enabled { "enabled" } else { "disabled" };
    changed(context, &format!("{done} schedule {}", schedule_text(Some(&name))), &name, header.revision)
}

/// `, next due ...`, as far as this program can tell.
pub(super) fn next_due(spec: &model::ScheduleSpec) -> String {
    match due::next(spec, time::now()) {
        next if next.is_empty() => next,
        next => format!(", next due {next}"),
    }
}

pub(super) fn changed(
    context: &Context<'_>,
    text: &str,
    name: &model::ScheduleRef,
    revision: u64,
) -> Result<u8, Error> {
    let model::ScheduleRef { namespace, pipeline, name } = name;
    let value = json!({ "namespace": namespace, "pipeline": pipeline, "schedule": name, "revision": revision });
    context.done(text, &value)
}
