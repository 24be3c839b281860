//! `gofer schedule`: when a schedule is due, without a cluster.

mod simulate;
mod spec;

use clap::Subcommand;
use jiff::Timestamp;
use serde_json::json;

pub use simulate::SimulateArgs;
pub use spec::SpecArgs;

use crate::command::Context;
use crate::error::{EXIT_OK, Error};
use crate::output::Style;
use crate::table::Table;
use crate::time;

/// Most slots that are shown.
const SLOTS_MAX: u32 = 10_000;
/// Most blackout windows that are passed on the way.
const WINDOWS_MAX: u32 = 20_000;

/// Schedules.
#[derive(Subcommand, Clone, Debug)]
pub enum ScheduleCommand {
    /// Show when a schedule is due next
    ///
    /// Computed here, from time zones that are part of this program: no node is asked. With no star in its fields for hour,
    /// minute and second, an expression names times of day, and each is due once a day: one that is left out when clocks go
    /// forward is due right after the gap, and one that comes twice when they go back is due the first time only. With a
    /// star it follows the clock on the wall.
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer schedule next '30 2 * * *' --tz Europe/Berlin\n",
            "  gofer schedule next '*/10 * * * MON-FRI' --count 50 --after 2026-10-25T00:00:00Z -o json\n",
            "  gofer schedule next '0 * * * *' --blackout '0 18 * * FRI for 60h'\n",
            "  gofer schedule next --every 90m",
        )
    )]
    Next {
        #[command(flatten)]
        spec: SpecArgs,
        /// How many slots
        #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(SLOTS_MAX)))]
        count: u32,
        /// Slots after this instant; now by default
        #[arg(long, value_name = "TIME")]
        after: Option<Timestamp>,
    },
    /// Show what becomes of each slot while schedules are kept, and when nobody keeps them for a while
    ///
    /// A slot that is started within a minute is on time: that covers the election of a new leader. What is older was
    /// missed, and the catch-up policy says what becomes of it.
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer schedule simulate '0 * * * *' --for 1d --down 2026-03-01T02:30:00Z..2026-03-01T07:10:00Z --catch-up latest\n",
            "  gofer schedule simulate '0 3 * * *' --tz Europe/Berlin --from 2026-03-25T00:00:00Z --for 7d --catch-up all:5",
        )
    )]
    Simulate(Box<SimulateArgs>),
}

pub(crate) fn execute(context: &Context<'_>, command: &ScheduleCommand) -> Result<u8, Error> {
    match command {
        ScheduleCommand::Next { spec, count, after } => next(context, spec, *count, *after),
        ScheduleCommand::Simulate(args) => simulate::execute(context, args),
    }
}

fn next(context: &Context<'_>, spec: &SpecArgs, count: u32, after: Option<Timestamp>) -> Result<u8, Error> {
    let now = time::now();
    let schedule = spec.schedule()?;
    let mut from = spec::unix_ms(after.unwrap_or(now))?;
    let mut table = Table::new(&["LOCAL TIME", "UTC", "IN"], 0);
    let (mut shown, mut windows) = (0, 0);
    while shown < count
        && let Some(slot) = schedule.after(from)
        && let Some(at) = schedule.zone.at(slot)
    {
        if let Some(until) = schedule.blacked_out_until(slot) {
            windows += 1;
            if windows > WINDOWS_MAX {
                let message = format!("up to {at}, all that is due lies in one of {WINDOWS_MAX} blackout windows");
                return Err(Error::usage(message, "leave some time between the windows"));
            }
            // The rest of the window at once.
            from = until - 1;
            continue;
        }
        (from, shown) = (slot, shown + 1);
        let local = at.strftime("%a %Y-%m-%d %H:%M:%S %:z").to_string();
        if context.output.is_json() {
            context.output.record(&json!({ "utc": at.timestamp().to_string(), "local": local }))?;
        }
        let away = if at.timestamp() < now { "-".into() } else { time::short(time::between(now, at.timestamp())) };
        table.row([local, at.timestamp().to_string(), away], Style::Plain);
    }
    if context.output.is_json() {
        return Ok(EXIT_OK);
    }
    table.show(&context.output, "it is not due for decades")?;
    Ok(EXIT_OK)
}
