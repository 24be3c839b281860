//! `gofer trigger fire`: an event that somebody makes.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use clap::Args;
use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use gofer_wire::model::v1::EventResult;

use crate::args::MutationArgs;
use crate::client::{Call, request, subscriptions};
use crate::command::Context;
use crate::error::{EXIT_FAILED, EXIT_OK, Error};
use crate::json as to_json;
use crate::output::tame;
use crate::reference::{self, subscription_text};

/// Longest payload, in bytes, as the cluster has it.
const BYTES_MAX: usize = 256 * 1024;

/// Arguments of `gofer trigger fire`.
#[derive(Args, Clone, Debug)]
pub struct FireEventArgs {
    /// PIPELINE/NAME or NAMESPACE/PIPELINE/NAME
    subscription: String,
    /// File with the event's JSON, or - for standard input [default: null]
    #[arg(long, value_name = "FILE")]
    payload: Option<String>,
    /// What kind of event it is, in the words of the trigger
    #[arg(long, default_value = "", hide_default_value = true, value_name = "KIND")]
    kind: String,
    /// What it is known by: of events with the same key only the first one counts [default: the request id]
    #[arg(long, default_value = "", hide_default_value = true, value_name = "KEY")]
    key: String,
    /// Show what would become of it, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    mutation: MutationArgs,
}

pub(super) async fn execute(context: &mut Context<'_>, args: FireEventArgs) -> Result<u8, Error> {
    let FireEventArgs { subscription, payload, kind, key, dry_run, mutation } = args;
    let name = reference::subscription(context.args.namespace(), &subscription)?;
    let payload = payload.map_or_else(|| Ok(String::new()), |source| read(&source))?;
    let event = api::EventInput { key, kind, payload, occurred_at: None };
    if dry_run { test(context, name, event).await } else { fire(context, name, event, mutation).await }
}

async fn test(context: &mut Context<'_>, name: model::SubscriptionRef, event: api::EventInput) -> Result<u8, Error> {
    let consistency = context.client.consistency;
    let message = api::TestEventRequest { subscription: Some(name.clone()), event: Some(event), consistency };
    let ask = async |channel, patience| subscriptions(channel).test_event(request(message.clone(), patience)).await;
    let answer = context.client.call(Call::Read, ask).await?;
    if context.output.is_json() {
        let answer = api::TestEventResponse { header: None, ..answer.clone() };
        context.output.document(&to_json::message("gofer.api.v1.TestEventResponse", &answer)?)?;
    } else {
        context.output.line(&tested(&name, &answer))?;
    }
    Ok(exit_code(answer.result()))
}

/// What would become of an event, in words.
fn tested(name: &model::SubscriptionRef, answer: &api::TestEventResponse) -> String {
    let would = match answer.result() {
        EventResult::Fired => format!("it would start a run of {}/{}", name.namespace, name.pipeline),
        EventResult::Filtered => "it would not pass the filter".to_owned(),
        EventResult::Malformed => format!("it would be malformed: {}", tame(&answer.message)),
        EventResult::Refused => format!("it would start no run: {}", tame(&answer.message)),
        EventResult::Unspecified => "the node is newer, and says something unknown".to_owned(),
    };
    let mut text = would;
    for (name, pairs) in [("variable", &answer.variables), ("label", &answer.labels)] {
        for pair in pairs {
            let _ = write!(text, "\n{name:<10}{}", tame(&format!("{}={}", pair.name, pair.value)));
        }
    }
    if !answer.note.is_empty() {
        let _ = write!(text, "\n{:<10}{}", "note", tame(&answer.note));
    }
    if !answer.enabled {
        text.push_str("\nNow it would not be taken: the subscription is disabled.");
    }
    if let Some(broken) = &answer.broken {
        let _ = write!(text, "\nNow it would not be taken: {}; {}.", tame(&broken.message), tame(&broken.help));
    }
    text
}

async fn fire(
    context: &mut Context<'_>,
    name: model::SubscriptionRef,
    event: api::EventInput,
    mutation: MutationArgs,
) -> Result<u8, Error> {
    let id = mutation.id();
    let message = api::FireEventRequest {
        request_id: id.as_bytes().to_vec(),
        subscription: Some(name.clone()),
        event: Some(event),
    };
    let ask = async |channel, patience| subscriptions(channel).fire_event(request(message.clone(), patience)).await;
    let answer = context.client.call(Call::Mutate(id), ask).await?;
    if context.output.is_json() {
        context.output.document(&to_json::message("gofer.api.v1.FireEventResponse", &answer)?)?;
    } else {
        context.output.line(&fired(&name, &answer))?;
    }
    Ok(exit_code(answer.result()))
}

/// What has become of an event, in words.
fn fired(name: &model::SubscriptionRef, answer: &api::FireEventResponse) -> String {
    let why = match answer.message.as_str() {
        "" => format!("see `gofer subscription events {}`", subscription_text(Some(name))),
        message => tame(message),
    };
    let what = match answer.result() {
        EventResult::Fired => format!("started run {}/{}/{}", name.namespace, name.pipeline, answer.run),
        EventResult::Filtered => "did not pass the filter".to_owned(),
        EventResult::Malformed => format!("is malformed: {why}"),
        EventResult::Refused => format!("started no run: {why}"),
        EventResult::Unspecified => "has a result that only newer versions know".to_owned(),
    };
    let key = tame(&answer.key);
    if answer.duplicate { format!("event {key} was taken before; it {what}") } else { format!("event {key} {what}") }
}

fn exit_code(result: EventResult) -> u8 {
    if result == EventResult::Fired { EXIT_OK } else { EXIT_FAILED }
}

fn read(source: &str) -> Result<String, Error> {
    let (name, bytes) = match source {
        "-" => ("standard input", limited(io::stdin().lock())),
        path => (path, File::open(Path::new(path)).and_then(limited)),
    };
    let unusable = |message: String| Error::usage(message, "give a file with one JSON value, or - for standard input");
    let bytes = bytes.map_err(|error| unusable(format!("can't read {name}: {error}")))?;
    if bytes.len() > BYTES_MAX {
        return Err(unusable(format!("{name} is longer than {BYTES_MAX} bytes, the limit of a payload")));
    }
    String::from_utf8(bytes).map_err(|_| unusable(format!("{name} is not UTF-8")))
}

fn limited(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> model::SubscriptionRef {
        model::SubscriptionRef { namespace: "ns".into(), pipeline: "ci".into(), name: "push".into() }
    }

    #[test]
    fn what_became_of_an_event_is_told() {
        let of = |result: EventResult, message: &str, duplicate| {
            let answer = api::FireEventResponse {
                key: "k".into(),
                result: result.into(),
                run: 7,
                message: message.into(),
                duplicate,
                ..Default::default()
            };
            fired(&name(), &answer)
        };
        assert_eq!(of(EventResult::Fired, "", false), "event k started run ns/ci/7");
        assert_eq!(of(EventResult::Fired, "", true), "event k was taken before; it started run ns/ci/7");
        assert_eq!(of(EventResult::Filtered, "", false), "event k did not pass the filter");
        assert_eq!(of(EventResult::Refused, "no room", false), "event k started no run: no room");
        assert!(
            of(EventResult::Malformed, "", true)
                .ends_with("it is malformed: see `gofer subscription events ns/ci/push`")
        );
    }

    #[test]
    fn what_would_become_of_an_event_is_told_with_what_its_run_would_get() {
        let pair = |name: &str, value: &str| model::Variable { name: name.into(), value: value.into() };
        let mut answer = api::TestEventResponse {
            result: EventResult::Fired.into(),
            variables: vec![pair("A", "1\n2")],
            labels: vec![pair("b", "c")],
            note: "n".into(),
            enabled: true,
            ..Default::default()
        };
        assert_eq!(
            tested(&name(), &answer),
            "it would start a run of ns/ci\nvariable  A=1 2\nlabel     b=c\nnote      n"
        );
        answer.enabled = false;
        answer.broken = Some(api::BrokenSubscription {
            message: "trigger x is not installed".into(),
            help: "install it".into(),
            ..Default::default()
        });
        let text = tested(&name(), &answer);
        assert!(text.contains("the subscription is disabled."), "{text}");
        assert!(text.ends_with("not be taken: trigger x is not installed; install it."), "{text}");
    }

    #[test]
    fn payloads_are_bounded_text() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("payload");
        let of = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            read(path.to_str().unwrap()).map_err(|error| error.to_text())
        };
        assert_eq!(of(b"{}").unwrap(), "{}");
        assert_eq!(of(&vec![b'1'; BYTES_MAX]).unwrap().len(), BYTES_MAX);
        assert!(of(&vec![b'1'; BYTES_MAX + 1]).unwrap_err().contains("longer than 262144 bytes"));
        assert!(of(&[0xff]).unwrap_err().contains("not UTF-8"));
        assert!(read(directory.path().join("none").to_str().unwrap()).is_err());
    }
}
