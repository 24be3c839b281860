//! `gofer schedule update`: a change of some of what a schedule says, which loses nothing that others change.

use std::time::Duration;

use clap::Args;
use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use uuid::Uuid;

use super::change::{changed, next_due};
use super::policy::PolicyArgs;
use super::show::fetch;
use super::spec::{Window, parse_window, write_rule};
use crate::args::MutationArgs;
use crate::client::{Call, request, schedules};
use crate::command::Context;
use crate::error::Error;
use crate::pipeline_file::values::parse_duration;
use crate::reference::{self, schedule_text};
use crate::run::{parse_variable, variables};
use crate::update::{is_conflict, merge, second};

/// Arguments of `gofer schedule update`.
#[derive(Args, Clone, Debug)]
pub struct UpdateArgs {
    /// PIPELINE/NAME or NAMESPACE/PIPELINE/NAME
    schedule: String,
    #[command(flatten)]
    changes: Changes,
    #[command(flatten)]
    mutation: MutationArgs,
}

/// What is to become different.
#[derive(Args, Clone, Debug)]
struct Changes {
    /// Cron expression, instead of the one before or of an interval
    #[arg(value_name = "CRON", conflicts_with = "every")]
    cron: Option<String>,
    /// Every so often, instead of at the times of an expression
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    every: Option<Duration>,
    /// Time zone, by its name in the IANA database
    #[arg(long = "tz", visible_alias = "timezone", value_name = "ZONE")]
    zone: Option<String>,
    /// Window in which nothing is due, instead of those before: 'CRON for DURATION'; may be repeated
    #[arg(long = "blackout", value_name = "WINDOW", value_parser = parse_window)]
    blackouts: Vec<Window>,
    /// Without blackout windows
    #[arg(long, conflicts_with = "blackouts")]
    no_blackouts: bool,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Variable to add or to change; may be given again
    #[arg(short, long = "variable", visible_alias = "var", value_name = "NAME=VALUE", value_parser = parse_variable)]
    variable: Vec<(String, String)>,
    /// Variable to take away; may be given again
    #[arg(long, value_name = "NAME")]
    remove_variable: Vec<String>,
    /// Label to add or to change; may be given again
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_variable)]
    label: Vec<(String, String)>,
    /// Label to take away; may be given again
    #[arg(long, value_name = "NAME")]
    remove_label: Vec<String>,
    /// Free text about its runs; empty takes it away
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// From -100 to 100; of the runs and tasks that wait, the greater goes first
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    priority: Option<i32>,
    /// What the schedule is for; empty takes it away
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
}

pub(super) async fn execute(context: &mut Context<'_>, args: UpdateArgs) -> Result<u8, Error> {
    let name = reference::schedule(context.args.namespace(), &args.schedule)?;
    if args.changes.is_empty() {
        let help = "give a cron expression, or one of the flags that `gofer schedule update --help` lists";
        return Err(Error::usage("there is nothing to change", help));
    }
    let id = args.mutation.id();
    let (spec, revision) = match change(context, &name, &args.changes, id).await {
        Err(error) if is_conflict(&error) => change(context, &name, &args.changes, second(id)).await?,
        done => done?,
    };
    changed(context, &format!("updated schedule {}{}", schedule_text(Some(&name)), next_due(&spec)), &name, revision)
}

async fn change(
    context: &mut Context<'_>,
    name: &model::ScheduleRef,
    changes: &Changes,
    id: Uuid,
) -> Result<(model::ScheduleSpec, u64), Error> {
    let consistency = api::Consistency::Linearizable.into();
    let known = fetch(&mut context.client, name, 1, consistency).await?.schedule.unwrap_or_default();
    let mut spec = known.spec.unwrap_or_default();
    changes.write(&mut spec)?;
    let message = api::UpdateScheduleRequest {
        request_id: id.as_bytes().to_vec(),
        schedule: Some(name.clone()),
        spec: Some(spec.clone()),
        generation: known.generation,
    };
    let ask = async |channel, patience| schedules(channel).update_schedule(request(message.clone(), patience)).await;
    let header = context.client.call(Call::Mutate(id), ask).await?.header.unwrap_or_default();
    Ok((spec, header.revision))
}

impl Changes {
    fn is_empty(&self) -> bool {
        let Self { cron, every, zone, blackouts, no_blackouts, policy, .. } = self;
        let Self { variable, remove_variable, label, remove_label, note, priority, description, .. } = self;
        let PolicyArgs { catch_up, grace, jitter } = policy;
        let lists = [blackouts.is_empty(), variable.is_empty(), label.is_empty()];
        let removed = remove_variable.is_empty() && remove_label.is_empty();
        let when = cron.is_none() && every.is_none() && zone.is_none() && !no_blackouts;
        let how = catch_up.is_none() && grace.is_none() && jitter.is_none();
        let rest = note.is_none() && priority.is_none() && description.is_none();
        lists == [true; 3] && removed && when && how && rest
    }

    fn write(&self, spec: &mut model::ScheduleSpec) -> Result<(), Error> {
        write_rule(self.cron.as_deref(), self.every, spec);
        if let Some(zone) = &self.zone {
            spec.zone.clone_from(zone);
        }
        if self.no_blackouts || !self.blackouts.is_empty() {
            spec.blackouts = self.blackouts.iter().map(Window::to_wire).collect();
        }
        self.policy.write(spec);
        merge(&mut spec.variables, variables("variable", self.variable.clone())?, &self.remove_variable);
        merge(&mut spec.labels, variables("label", self.label.clone())?, &self.remove_label);
        if let Some(note) = &self.note {
            spec.note.clone_from(note);
        }
        if let Some(description) = &self.description {
            spec.description.clone_from(description);
        }
        spec.priority = self.priority.unwrap_or(spec.priority);
        Ok(())
    }
}
