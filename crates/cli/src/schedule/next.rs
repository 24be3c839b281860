//! `gofer schedule next`: when an expression is due.

use jiff::Timestamp;
use serde_json::json;

use super::due::{local, unix_ms};
use super::spec::SpecArgs;
use crate::command::Context;
use crate::error::{EXIT_OK, Error};
use crate::output::Style;
use crate::table::Table;
use crate::time;

/// Most blackout windows that are passed on the way.
const WINDOWS_MAX: u32 = 20_000;

pub(super) fn execute(
    context: &Context<'_>,
    spec: &SpecArgs,
    count: u32,
    after: Option<Timestamp>,
) -> Result<u8, Error> {
    let now = time::now();
    let schedule = spec.schedule()?;
    let mut from = unix_ms(after.unwrap_or(now))?;
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
        let local = local(&schedule.zone, slot);
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
