//! `gofer subscription list` and `gofer subscription get`.

use std::fmt::Write as _;

use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use jiff::Timestamp;
use serde_json::json;

use super::events;
use crate::client::{Call, Client, request, subscriptions};
use crate::command::Context;
use crate::error::{EXIT_OK, Error};
use crate::output::{Style, tame};
use crate::reference::{self, subscription_text};
use crate::table::Table;
use crate::{json as to_json, time};

const INFO: &str = "gofer.api.v1.SubscriptionInfo";

pub(super) async fn list(context: &mut Context<'_>, pipeline: Option<&str>, trigger: String) -> Result<u8, Error> {
    let of = match (pipeline, &context.args.namespace) {
        (Some(pipeline), _) => Some(reference::pipeline(context.args.namespace(), pipeline)?),
        (None, Some(namespace)) => Some(model::PipelineRef { namespace: namespace.clone(), pipeline: String::new() }),
        (None, None) => None,
    };
    let consistency = context.client.consistency;
    let mut message = api::ListSubscriptionsRequest {
        pipeline: of,
        trigger,
        consistency,
        page_size: 1_000,
        page_token: String::new(),
    };
    let mut all = Vec::new();
    loop {
        let ask = async |channel, patience| {
            subscriptions(channel).list_subscriptions(request(message.clone(), patience)).await
        };
        let page = context.client.call(Call::Read, ask).await?;
        all.extend(page.subscriptions);
        message.page_token = page.next_page_token;
        if message.page_token.is_empty() {
            break;
        }
    }
    if context.output.is_json() {
        context.output.document(&json!({ "subscriptions": to_json::messages(INFO, &all)? }))?;
        return Ok(EXIT_OK);
    }
    let now = time::now();
    let headers = &["SUBSCRIPTION", "TRIGGER", "STATE", "TAKEN", "FIRED", "LAST FIRED", "LAST SKIPPED"];
    let mut table = Table::new(headers, 2);
    for info in &all {
        let subscription = info.subscription.clone().unwrap_or_default();
        let (state, style) = state(info);
        let name = subscription_text(subscription.r#ref.as_ref());
        let trigger = subscription.spec.as_ref().map(|spec| spec.trigger.clone()).unwrap_or_default();
        let [taken, fired] = [subscription.taken, subscription.fired].map(|count| count.to_string());
        let [last, skipped] = [&subscription.last_fired, &subscription.last_skipped].map(|one| newest(one, now));
        table.row([name, trigger, state.into(), taken, fired, last, skipped], style);
    }
    table.show(&context.output, "there are no subscriptions; make one with `gofer subscription create`")?;
    Ok(EXIT_OK)
}

/// A subscription.
pub(super) async fn fetch(
    client: &mut Client,
    name: &model::SubscriptionRef,
    consistency: i32,
) -> Result<api::SubscriptionInfo, Error> {
    let message = api::GetSubscriptionRequest { subscription: Some(name.clone()), consistency };
    let ask =
        async |channel, patience| subscriptions(channel).get_subscription(request(message.clone(), patience)).await;
    let answer = client.call(Call::Read, ask).await?;
    answer.subscription.ok_or_else(|| Error::Malformed("the node answered without a subscription".into()))
}

pub(super) async fn get(context: &mut Context<'_>, name: &str) -> Result<u8, Error> {
    let name = reference::subscription(context.args.namespace(), name)?;
    let consistency = context.client.consistency;
    let info = fetch(&mut context.client, &name, consistency).await?;
    if context.output.is_json() {
        context.output.document(&to_json::message(INFO, &info)?)?;
        return Ok(EXIT_OK);
    }
    context.output.write(text(context, &info).as_bytes())?;
    Ok(EXIT_OK)
}

fn text(context: &Context<'_>, info: &api::SubscriptionInfo) -> String {
    let subscription = info.subscription.clone().unwrap_or_default();
    let spec = subscription.spec.clone().unwrap_or_default();
    let now = time::now();
    let (word, style) = state(info);
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "{name:<14}{value}");
        }
    };
    line("subscription", &subscription_text(subscription.r#ref.as_ref()));
    line("description", &tame(&spec.description));
    line("trigger", &tame(&spec.trigger));
    line("state", &context.output.paint(style, word));
    if let Some(broken) = &info.broken {
        line("broken", &tame(&format!("{}; {}", broken.message, broken.help)));
    }
    line("posted to", &tame(&info.hook_path));
    let pairs =
        |pairs: &[model::Variable]| pairs.iter().map(|pair| tame(&format!("{}={}", pair.name, pair.value))).collect();
    let settings: Vec<String> = pairs(&spec.settings);
    settings.iter().for_each(|setting| line("setting", setting));
    line("filter", &tame(&spec.filter));
    for (name, list) in [("expression", &spec.expressions), ("variable", &spec.variables), ("label", &spec.labels)] {
        let list: Vec<String> = pairs(list);
        list.iter().for_each(|pair| line(name, pair));
    }
    line("note", &tame(&spec.note));
    line("priority", &if spec.priority == 0 { String::new() } else { spec.priority.to_string() });
    line("taken", &format!("{}, of which {} have started runs", subscription.taken, subscription.fired));
    line("last fired", &tame(&newest(&subscription.last_fired, now)));
    line("last skipped", &tame(&newest(&subscription.last_skipped, now)));
    line("created", &time::age(subscription.created_at.as_ref(), now));
    line("changed", &time::age(subscription.updated_at.as_ref(), now));
    text
}

/// The newest event of a kind, and what became of it.
fn newest(event: &Option<model::TakenEvent>, now: Timestamp) -> String {
    let Some(event) = event else { return String::new() };
    let (word, _) = events::result(event.result());
    let what = match event.result() {
        model::EventResult::Fired => format!("run {}", event.run),
        _ if event.message.is_empty() => word.to_owned(),
        _ => format!("{word}: {}", event.message),
    };
    format!("{}, {what}", time::age(event.taken_at.as_ref(), now))
}

fn state(info: &api::SubscriptionInfo) -> (&'static str, Style) {
    let enabled = info.subscription.as_ref().is_some_and(|subscription| subscription.enabled);
    match (enabled, &info.broken) {
        (false, _) => ("disabled", Style::Dim),
        (true, Some(_)) => ("broken", Style::Bad),
        (true, None) => ("enabled", Style::Good),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_subscription_says_so_unless_it_is_disabled() {
        let info = |enabled, broken: bool| api::SubscriptionInfo {
            subscription: Some(model::Subscription { enabled, ..Default::default() }),
            broken: broken.then(api::BrokenSubscription::default),
            hook_path: String::new(),
        };
        let word = |enabled, broken| state(&info(enabled, broken)).0;
        assert_eq!([word(true, false), word(true, true), word(false, true)], ["enabled", "broken", "disabled"]);
    }

    #[test]
    fn the_newest_event_is_told_with_what_became_of_it() {
        let at = Some(prost_types::Timestamp { seconds: 1_000, nanos: 0 });
        let of = |result: model::EventResult, run, message: &str| {
            let event = model::TakenEvent {
                result: result.into(),
                run,
                message: message.into(),
                taken_at: at,
                ..Default::default()
            };
            newest(&Some(event), Timestamp::from_second(1_090).unwrap())
        };
        assert!(of(model::EventResult::Fired, 7, "").ends_with(", run 7"));
        assert!(of(model::EventResult::Filtered, 0, "").ends_with(", filtered"));
        assert!(of(model::EventResult::Refused, 0, "no room").ends_with(", refused: no room"));
        assert_eq!(newest(&None, Timestamp::UNIX_EPOCH), "");
    }
}
