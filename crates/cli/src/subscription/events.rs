//! `gofer subscription events`: what a subscription took.

use gofer_wire::api::v1 as api;
use gofer_wire::model::v1::EventResult;
use serde_json::json;

use crate::client::{Call, request, subscriptions};
use crate::command::Context;
use crate::error::{EXIT_OK, Error};
use crate::output::Style;
use crate::reference;
use crate::table::Table;
use crate::{json as to_json, time};

pub(super) async fn list(context: &mut Context<'_>, name: &str, limit: u32) -> Result<u8, Error> {
    let name = reference::subscription(context.args.namespace(), name)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut all: Vec<api::NumberedEvent> = Vec::new();
    let mut page_token = String::new();
    loop {
        let page_size = u32::try_from((limit - all.len()).min(1_000)).unwrap_or(1_000);
        let consistency = context.client.consistency;
        let message =
            api::ListTakenEventsRequest { subscription: Some(name.clone()), consistency, page_size, page_token };
        let ask = async |channel, patience| {
            subscriptions(channel).list_taken_events(request(message.clone(), patience)).await
        };
        let page = context.client.call(Call::Read, ask).await?;
        all.extend(page.events);
        page_token = page.next_page_token;
        if page_token.is_empty() || all.len() >= limit {
            break;
        }
    }
    all.truncate(limit);
    if context.output.is_json() {
        context.output.document(&json!({ "events": to_json::messages("gofer.api.v1.NumberedEvent", &all)? }))?;
        return Ok(EXIT_OK);
    }
    let now = time::now();
    let mut table = Table::new(&["NUMBER", "EVENT", "RESULT", "RUN", "HAPPENED", "TAKEN", "WHY"], 2);
    for api::NumberedEvent { number, event } in &all {
        let event = event.clone().unwrap_or_default();
        let (word, style) = result(event.result());
        let run = if event.run == 0 { String::new() } else { format!("{}/{}", name.pipeline, event.run) };
        let [happened, taken] = [&event.occurred_at, &event.taken_at].map(|at| time::age(at.as_ref(), now));
        table.row([number.to_string(), event.key, word.into(), run, happened, taken, event.message], style);
    }
    table.show(&context.output, "it has taken no events yet")?;
    Ok(EXIT_OK)
}

/// What became of an event, in a word.
pub(super) fn result(result: EventResult) -> (&'static str, Style) {
    match result {
        EventResult::Fired => ("fired", Style::Good),
        EventResult::Filtered => ("filtered", Style::Dim),
        EventResult::Malformed => ("malformed", Style::Bad),
        EventResult::Refused => ("refused", Style::Warning),
        EventResult::Unspecified => ("unknown", Style::Warning),
    }
}
