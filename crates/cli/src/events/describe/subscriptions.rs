//! Events about triggers and subscriptions.

use gofer_wire::log::v1::EventsTaken;
use gofer_wire::log::v1::event::Kind;
use gofer_wire::model::v1 as model;

use super::Described;
use crate::output::Style;
use crate::reference::subscription_text;

pub(super) fn describe_trigger(kind: Kind) -> Described {
    let line = |kind, subject: String, details: String, style| Described { kind, subject, details, style };
    let plain = |kind, subject| line(kind, subject, String::new(), Style::Plain);
    match kind {
        Kind::TriggerInstalled(event) => {
            line("trigger installed", event.trigger, launch(event.spec.as_ref()), Style::Plain)
        }
        Kind::TriggerUpdated(event) => {
            line("trigger updated", event.trigger, launch(event.spec.as_ref()), Style::Plain)
        }
        Kind::TriggerUninstalled(event) => line("trigger uninstalled", event.trigger, String::new(), Style::Warning),
        Kind::TriggerEnabled(event) => plain("trigger enabled", event.trigger),
        Kind::TriggerDisabled(event) => line("trigger disabled", event.trigger, String::new(), Style::Warning),
        Kind::TriggerReported(event) => {
            let report = event.report.unwrap_or_default();
            let details = format!("version {}, {} settings", report.version, report.settings.len());
            line("trigger reported", event.trigger, details, Style::Plain)
        }
        _ => line("unknown", String::new(), String::new(), Style::Warning),
    }
}

pub(super) fn describe(kind: Kind) -> Described {
    let line = |kind, subscription: Option<model::SubscriptionRef>, details, style| Described {
        kind,
        subject: subscription_text(subscription.as_ref()),
        details,
        style,
    };
    match kind {
        Kind::SubscriptionCreated(event) => {
            let disabled = if event.enabled { "" } else { ", disabled" };
            let details = format!("to trigger {}{disabled}", event.spec.unwrap_or_default().trigger);
            line("subscription created", event.subscription, details, Style::Plain)
        }
        Kind::SubscriptionUpdated(event) => {
            line("subscription updated", event.subscription, String::new(), Style::Plain)
        }
        Kind::SubscriptionDeleted(event) => {
            line("subscription deleted", event.subscription, String::new(), Style::Plain)
        }
        Kind::SubscriptionEnabled(event) => {
            line("subscription enabled", event.subscription, String::new(), Style::Plain)
        }
        Kind::SubscriptionDisabled(event) => {
            line("subscription disabled", event.subscription, String::new(), Style::Warning)
        }
        Kind::EventsTaken(event) => {
            let refused = event.taken.iter().any(|taken| taken.result() == model::EventResult::Refused);
            let style = if refused { Style::Warning } else { Style::Plain };
            let details = taken(&event);
            line("events taken", event.subscription, details, style)
        }
        Kind::EventsFollowed(event) => {
            let subject = format!("revisions {} to {}", event.from_revision.saturating_add(1), event.to_revision);
            Described { kind: "events followed", subject, details: String::new(), style: Style::Plain }
        }
        _ => line("unknown", None, String::new(), Style::Warning),
    }
}

/// Of a run that was started for an event.
pub(super) fn run_text(of: Option<&model::SubscriptionEvent>, depth: u32) -> String {
    let Some(of) = of else { return String::new() };
    let chain = match depth {
        0 => String::new(),
        depth => format!(", {} in a chain", depth.saturating_add(1)),
    };
    format!(", for event {} of subscription {}{chain}", of.event, of.subscription)
}

fn launch(spec: Option<&model::TriggerSpec>) -> String {
    let Some(launch) = spec.and_then(|spec| spec.launch.as_ref()) else { return "runs by itself".into() };
    let words = launch.entrypoint.iter().chain(&launch.command);
    let program = Some(&launch.image).filter(|image| !image.is_empty()).or(words.into_iter().next());
    format!("is kept running: {}", program.map_or("-", String::as_str))
}

/// The first of the events, and how many there are of each result.
fn taken(event: &EventsTaken) -> String {
    let Some(first) = event.taken.first() else { return "none; its cursor moved".into() };
    let mut text = format!("{} {}", first.key, result(first));
    let others = event.taken.len() - 1;
    if others > 0 {
        text.push_str(&format!(" and {others} more"));
        let is_new =
            |taken: &&model::TakenEvent| taken.result() == model::EventResult::Fired && taken.duplicate_of == 0;
        let fired = event.taken.iter().filter(is_new).count();
        text.push_str(&format!("; {fired} of {} started runs", event.taken.len()));
    }
    text
}

fn result(taken: &model::TakenEvent) -> String {
    let what = match taken.result() {
        model::EventResult::Fired => format!("started run {}", taken.run),
        model::EventResult::Filtered => "did not pass the filter".to_owned(),
        model::EventResult::Malformed => format!("is malformed: {}", taken.message),
        model::EventResult::Refused => format!("started none: {}", taken.message),
        model::EventResult::Unspecified => "has a result of a newer version".to_owned(),
    };
    if taken.duplicate_of == 0 { what } else { format!("came again; it {what}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(result: model::EventResult) -> model::TakenEvent {
        model::TakenEvent { key: "k".into(), result: result.into(), run: 7, ..model::TakenEvent::default() }
    }

    #[test]
    fn what_became_of_events_is_told_in_a_line() {
        let refused = model::TakenEvent { message: "no room".into(), ..event(model::EventResult::Refused) };
        let again = model::TakenEvent { duplicate_of: 1, ..event(model::EventResult::Fired) };
        for (events, text) in [
            (vec![], "none; its cursor moved"),
            (vec![event(model::EventResult::Fired)], "k started run 7"),
            (vec![refused], "k started none: no room"),
            (vec![again.clone()], "k came again; it started run 7"),
            (
                vec![event(model::EventResult::Filtered), again],
                "k did not pass the filter and 1 more; 0 of 2 started runs",
            ),
        ] {
            assert_eq!(taken(&EventsTaken { taken: events, ..EventsTaken::default() }), text);
        }
    }
}
