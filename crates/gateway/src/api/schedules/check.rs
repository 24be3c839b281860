//! What a schedule says, completed and checked.

use gofer_calendar::{Next, Schedule, UnixMs, defaults};
use gofer_domain::schedule::{Rule, Timing};
use gofer_domain::{ScheduleSpec, validate};
use gofer_store::codec;
use gofer_wire::model::v1 as model;
use tonic::Status;

use super::upcoming;
use crate::errors::{self, Fault};

/// Reads a spec, or says all that is wrong with it.
pub(super) async fn spec(spec: Option<model::ScheduleSpec>) -> Result<ScheduleSpec, Status> {
    let spec = spec.ok_or_else(|| Fault::invalid("spec", "no spec is given").help("say when the schedule is due"))?;
    let spec = codec::schedule_spec_from_wire(Some(completed(spec)))
        .map_err(|error| Fault::invalid(&error.field, error.to_string()).help("correct that field"))?;
    validate::validate_schedule(&spec).map_err(|faults| errors::all_rejected(&faults))?;
    // The search for a slot may take a while.
    let checking = tokio::task::spawn_blocking(move || check_calendar(&spec, upcoming::now()).map(|()| spec));
    Ok(checking.await.map_err(|error| errors::interrupted(&error))??)
}

/// With the defaults for what is left out.
fn completed(mut spec: model::ScheduleSpec) -> model::ScheduleSpec {
    spec.grace = spec.grace.or_else(|| defaults::GRACE.try_into().ok());
    if spec.zone.is_empty() {
        defaults::ZONE.clone_into(&mut spec.zone);
    }
    if spec.catch_up == i32::from(model::CatchUp::Unspecified) && spec.catch_up_most == 0 {
        let (catch_up, most) = codec::catch_up_to_wire(defaults::CATCH_UP);
        (spec.catch_up, spec.catch_up_most) = (catch_up.into(), most);
    }
    spec
}

fn check_calendar(spec: &ScheduleSpec, now: UnixMs) -> Result<(), Fault> {
    let schedule = Schedule::of(&spec.timing).map_err(|(field, fault)| {
        let text = expression(&spec.timing, &field).map_or_else(String::new, |text| format!(" {text:?}"));
        Fault::invalid(&field, format!("{field}{text}: {}", fault.message)).help(fault.help)
    })?;
    match schedule.open_after(now) {
        Next::Never => {
            let rule = if matches!(spec.timing.rule, Rule::Cron(_)) { "cron" } else { "every" };
            Err(Fault::invalid(rule, "the schedule is not due for decades").help("choose other times"))
        }
        Next::Slot(_) | Next::NoneUntil(_) => Ok(()),
    }
}

/// The cron expression in a field, if there is one.
fn expression<'a>(timing: &'a Timing, field: &str) -> Option<&'a str> {
    match (field.strip_prefix("blackouts."), &timing.rule) {
        (Some(number), _) => timing.blackouts.get(number.parse::<usize>().ok()?).map(|window| window.opens.as_str()),
        (None, Rule::Cron(cron)) if field == "cron" => Some(cron),
        (None, _) => None,
    }
}
