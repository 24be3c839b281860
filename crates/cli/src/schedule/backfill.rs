//! `gofer schedule backfill` and `gofer schedule backfills`.

use clap::{Args, Subcommand};
use gofer_calendar::Zone;
use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use jiff::Timestamp;
use jiff::civil::DateTime;
use serde_json::json;

use super::{change, due, show};
use crate::args::MutationArgs;
use crate::client::{Call, request, schedules};
use crate::command::Context;
use crate::error::{EXIT_OK, Error};
use crate::output::Style;
use crate::reference::{self, schedule_text};
use crate::table::Table;
use crate::{json as to_json, time};

/// Arguments of `gofer schedule backfill`.
#[derive(Args, Clone, Debug)]
pub struct BackfillArgs {
    /// PIPELINE/NAME or NAMESPACE/PIPELINE/NAME
    schedule: String,
    /// The first instant that may be a slot; without an offset it is a time of the schedule's zone
    #[arg(long, value_name = "TIME")]
    from: String,
    /// The first instant after the range, likewise
    #[arg(long, value_name = "TIME")]
    to: String,
    /// Most runs at a time, those that wait in line included
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    parallelism: u32,
    /// The oldest slot comes first; this is the default
    #[arg(long, conflicts_with = "newest_first")]
    oldest_first: bool,
    /// The newest slot comes first
    #[arg(long)]
    newest_first: bool,
    /// Show which slots there are, and start nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    mutation: MutationArgs,
}

/// Backfills of a schedule.
#[derive(Subcommand, Clone, Debug)]
pub enum BackfillsCommand {
    /// List the backfills of a schedule, the newest first
    #[command(
        after_help = "Examples:\n  gofer schedule backfills list ci/nightly\n  gofer schedule backfills list team-a/ci/nightly -o json"
    )]
    List {
        /// PIPELINE/NAME or NAMESPACE/PIPELINE/NAME
        schedule: String,
    },
    /// Start no further run of a backfill
    ///
    /// Those that were started go on.
    #[command(after_help = "Examples:\n  gofer schedule backfills cancel ci/nightly 3")]
    Cancel {
        /// PIPELINE/NAME or NAMESPACE/PIPELINE/NAME
        schedule: String,
        /// Its number, as the list shows it
        number: u64,
        #[command(flatten)]
        mutation: MutationArgs,
    },
}

pub(super) async fn start(context: &mut Context<'_>, args: BackfillArgs) -> Result<u8, Error> {
    let name = reference::schedule(context.args.namespace(), &args.schedule)?;
    let consistency = context.client.consistency;
    let known = show::fetch(&mut context.client, &name, 1, consistency).await?.schedule.unwrap_or_default();
    let spec = known.spec.unwrap_or_default();
    let zone = due::zone(&spec);
    let id = args.mutation.id();
    let message = api::StartBackfillRequest {
        request_id: id.as_bytes().to_vec(),
        schedule: Some(name.clone()),
        from_time: Some(instant("--from", &args.from, &spec.zone)?),
        to_time: Some(instant("--to", &args.to, &spec.zone)?),
        parallelism: args.parallelism,
        newest_first: args.newest_first,
        dry_run: args.dry_run,
    };
    let ask = async |channel, patience| schedules(channel).start_backfill(request(message.clone(), patience)).await;
    let answer = context.client.call(Call::Mutate(id), ask).await?;
    if args.dry_run {
        return preview(context, &answer, &zone);
    }
    let slots = answer.spec.map_or(0, |spec| spec.slots);
    let text =
        format!("started backfill {} of schedule {}: {slots} slots", answer.backfill, schedule_text(Some(&name)));
    let revision = answer.header.map_or(0, |header| header.revision);
    let model::ScheduleRef { namespace, pipeline, name } = name;
    let value = json!({
        "namespace": namespace, "pipeline": pipeline, "schedule": name, "backfill": answer.backfill, "slots": slots,
        "revision": revision,
    });
    context.done(&text, &value)
}

/// An instant, or a date or a time of a zone.
fn instant(flag: &str, text: &str, zone: &str) -> Result<prost_types::Timestamp, Error> {
    let absolute = text.parse::<Timestamp>().ok();
    let local = || {
        let time = text.parse::<DateTime>().ok()?;
        Zone::new(zone).ok()?.instant(time)
    };
    let Some(time) = absolute.or_else(local) else {
        let message = format!("{flag} {text:?} is no time");
        return Err(Error::usage(message, "write such as 2026-01-31, 2026-01-31T06:00 or 2026-01-31T05:00:00Z"));
    };
    Ok(prost_types::Timestamp { seconds: time.as_second(), nanos: time.subsec_nanosecond() })
}

fn preview(context: &mut Context<'_>, answer: &api::StartBackfillResponse, zone: &Zone) -> Result<u8, Error> {
    let times = answer.slots.iter().filter_map(|slot| time::timestamp(Some(slot)));
    if context.output.is_json() {
        let slots: Vec<String> = times.map(|slot| slot.to_string()).collect();
        context.output.document(&json!({ "slots": slots, "count": answer.slots.len() }))?;
        return Ok(EXIT_OK);
    }
    let mut table = Table::new(&["SLOT", "UTC"], 0);
    for slot in times {
        let wire = prost_types::Timestamp { seconds: slot.as_second(), nanos: slot.subsec_nanosecond() };
        table.row([due::local_of(zone, Some(&wire)), slot.to_string()], Style::Plain);
    }
    table.show(&context.output, "there are no slots")?;
    let few = if answer.slots.len() == 1 { "slot" } else { "slots" };
    context.output.notice(&format!("{} {few}; nothing was started", answer.slots.len()));
    Ok(EXIT_OK)
}

pub(super) async fn execute(context: &mut Context<'_>, command: BackfillsCommand) -> Result<u8, Error> {
    match command {
        BackfillsCommand::List { schedule } => list(context, &schedule).await,
        BackfillsCommand::Cancel { schedule, number, mutation } => cancel(context, &schedule, number, mutation).await,
    }
}

async fn list(context: &mut Context<'_>, schedule: &str) -> Result<u8, Error> {
    let name = reference::schedule(context.args.namespace(), schedule)?;
    let consistency = context.client.consistency;
    let message = api::ListBackfillsRequest { schedule: Some(name.clone()), consistency };
    let ask = async |channel, patience| schedules(channel).list_backfills(request(message.clone(), patience)).await;
    let answer = context.client.call(Call::Read, ask).await?;
    if context.output.is_json() {
        let backfills = to_json::messages("gofer.model.v1.Backfill", &answer.backfills)?;
        context.output.document(&json!({ "backfills": backfills }))?;
        return Ok(EXIT_OK);
    }
    let known = show::fetch(&mut context.client, &name, 1, consistency).await?.schedule.unwrap_or_default();
    let zone = due::zone(&known.spec.unwrap_or_default());
    let headers = &["NUMBER", "STATUS", "FROM", "TO", "DECIDED", "LIVE", "GOOD", "BAD", "STARTED", "BY"];
    let mut table = Table::new(headers, 1);
    for backfill in &answer.backfills {
        let spec = backfill.spec.unwrap_or_default();
        let (status, style) = status(backfill);
        let live = u32::try_from(backfill.live.len()).unwrap_or(u32::MAX);
        let bad = backfill.failed.saturating_add(backfill.cancelled).saturating_add(backfill.refused);
        let decided = live.saturating_add(backfill.succeeded).saturating_add(bad);
        table.row(
            [
                backfill.number.to_string(),
                status,
                due::local_of(&zone, spec.from_time.as_ref()),
                due::local_of(&zone, spec.to_time.as_ref()),
                format!("{decided} of {}", spec.slots),
                format!("{live} of {}", spec.parallelism),
                backfill.succeeded.to_string(),
                bad_text(backfill),
                time::age(backfill.started_at.as_ref(), time::now()),
                backfill.started_by.clone(),
            ],
            style,
        );
    }
    table.show(&context.output, "there are no backfills; start one with `gofer schedule backfill`")?;
    Ok(EXIT_OK)
}

fn status(backfill: &model::Backfill) -> (String, Style) {
    match backfill.status() {
        model::BackfillStatus::Running => ("running".to_owned(), Style::Plain),
        model::BackfillStatus::Done => ("done".to_owned(), Style::Good),
        model::BackfillStatus::Cancelled => (backfill.message.clone(), Style::Warning),
        model::BackfillStatus::Unspecified => ("of a newer version".to_owned(), Style::Warning),
    }
}

/// `2 failed, 1 refused (pipeline default/ci is disabled)`.
fn bad_text(backfill: &model::Backfill) -> String {
    let counts = [(backfill.failed, "failed"), (backfill.cancelled, "cancelled"), (backfill.refused, "refused")];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    let text = counts.collect::<Vec<_>>().join(", ");
    match &backfill.last_refused {
        Some(refused) => format!("{text} ({})", refused.message),
        None => text,
    }
}

async fn cancel(context: &mut Context<'_>, schedule: &str, number: u64, mutation: MutationArgs) -> Result<u8, Error> {
    let name = reference::schedule(context.args.namespace(), schedule)?;
    let id = mutation.id();
    let request_id = id.as_bytes().to_vec();
    let message = api::CancelBackfillRequest { request_id, schedule: Some(name.clone()), backfill: number };
    let ask = async |channel, patience| schedules(channel).cancel_backfill(request(message.clone(), patience)).await;
    let header = context.client.call(Call::Mutate(id), ask).await?.header.unwrap_or_default();
    let text = format!("cancelled backfill {number} of schedule {}", schedule_text(Some(&name)));
    change::changed(context, &text, &name, header.revision)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_an_offset_is_one_of_the_zone() {
        let of = |text: &str| instant("--from", text, "Europe/Berlin").map(|time| time.seconds);
        assert_eq!(of("2026-01-01").unwrap(), 1_767_222_000);
        assert_eq!(of("2026-01-01T00:30").unwrap(), 1_767_222_000 + 1800);
        assert_eq!(of("2026-01-01T00:00:00Z").unwrap(), 1_767_225_600);
        // Left out when clocks go forward.
        assert_eq!(of("2026-03-29T02:30").unwrap(), of("2026-03-29T03:30").unwrap());
        assert!(of("yesterday").unwrap_err().to_string().contains("is no time"));
    }
}
