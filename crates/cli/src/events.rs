//! `gofer events`: the log as it grows, without gaps or repeats whatever node is lost on the way.

mod copy;
mod describe;

use clap::Subcommand;
use gofer_wire::api::v1 as api;
use gofer_wire::log::v1::EventEnvelope;

use crate::client::{Call, Client, Next, events, namespaces, request};
use crate::command::Context;
use crate::error::{EXIT_OK, Error};
use crate::losses::Losses;
use crate::output::Style;
use crate::{json, reference, time};

pub use copy::{ClientError, CopyError, EventSink, LogEnd, copy_events, log_end};

/// The event log.
#[derive(Subcommand, Clone, Debug)]
pub enum EventsCommand {
    /// Print events as they happen, each once and in order
    ///
    /// All events are shown unless a run, a pipeline or (with -n) a namespace is named. When the node is lost, the
    /// watch goes on with the next one from the revision after the last it showed.
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer events watch\n",
            "  gofer events watch --from 1 --until-end -o json\n",
            "  gofer events watch --run release/latest --from 1",
        )
    )]
    Watch {
        /// First revision wanted [default: what happens from now on]
        #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "REVISION")]
        from: u64,
        /// Only events about this run
        #[arg(long, value_name = "RUN", conflicts_with = "pipeline")]
        run: Option<String>,
        /// Only events about this pipeline
        #[arg(long, value_name = "PIPELINE")]
        pipeline: Option<String>,
        /// Stop at the log's present end instead of waiting for more
        #[arg(long)]
        until_end: bool,
    },
}

pub(crate) async fn execute(context: &mut Context<'_>, command: EventsCommand) -> Result<u8, Error> {
    let EventsCommand::Watch { from, run, pipeline, until_end } = command;
    let mut message = api::WatchRequest {
        from_revision: from,
        namespace: context.args.namespace.clone().unwrap_or_default(),
        stop_at_end: until_end,
        ..Default::default()
    };
    if let Some(run) = run {
        let name = reference::whole_run(context.args.namespace(), &[run])?;
        let run = reference::resolve(&mut context.client, name).await?;
        message = api::WatchRequest { namespace: run.namespace, pipeline: run.pipeline, run: run.run, ..message };
    } else if let Some(pipeline) = pipeline {
        let name = reference::pipeline(context.args.namespace(), &pipeline)?;
        message = api::WatchRequest { namespace: name.namespace, pipeline: name.pipeline, ..message };
    }
    // Pinned before the watch begins, so that one that is lost at once still knows where it was to start.
    if message.from_revision == 0 {
        message.from_revision = revision(&mut context.client).await? + 1;
    }
    tokio::select! {
        result = watch(context, message) => result,
        _ = tokio::signal::ctrl_c() => Err(Error::Interrupted),
    }
}

async fn watch(context: &mut Context<'_>, mut message: api::WatchRequest) -> Result<u8, Error> {
    let mut losses = Losses::new();
    loop {
        let ask = async |channel, _| events(channel).watch(message.clone()).await;
        let mut stream = context.client.call(Call::Read, ask).await?;
        loop {
            let why = match Client::next(&mut stream).await? {
                Next::Item(response) => {
                    let fresh = response.events.iter().filter(|event| event.revision >= message.from_revision);
                    for event in fresh {
                        show(context, event)?;
                    }
                    let last = response.events.last().map_or(0, |event| event.revision).max(response.revision);
                    message.from_revision = message.from_revision.max(last + 1);
                    continue;
                }
                Next::End if message.stop_at_end => return Ok(EXIT_OK),
                Next::End => "it ended the watch".to_owned(),
                Next::Lost(why) => why,
            };
            let lost = losses.next_node(&mut context.client, &why).await?;
            let at = message.from_revision;
            context
                .output
                .notice(&format!("lost {lost} ({why}); going on from revision {at} with {}", context.client.address()));
            break;
        }
    }
}

fn show(context: &Context<'_>, envelope: &EventEnvelope) -> Result<(), Error> {
    if context.output.is_json() {
        return context.output.record(&json::event(envelope)?);
    }
    context.output.line(&line(envelope, |style, text| context.output.paint(style, text)))
}

/// An event in one line.
pub(crate) fn line(envelope: &EventEnvelope, paint: impl Fn(Style, &str) -> String) -> String {
    let described = describe::describe(envelope);
    let clock = time::timestamp(envelope.time.as_ref()).map_or("-".into(), |time| time.strftime("%F %TZ").to_string());
    let line = format!(
        "{:>7}  {}  {}  {}  {}",
        envelope.revision,
        paint(Style::Dim, &clock),
        paint(described.style, &format!("{:<22}", described.kind)),
        described.subject,
        paint(Style::Dim, &crate::output::tame(&described.details)),
    );
    line.trim_end().to_owned()
}

/// The newest revision that is acknowledged.
async fn revision(client: &mut Client) -> Result<u64, Error> {
    let message =
        api::ListNamespacesRequest { consistency: client.consistency, page_size: 1, page_token: String::new() };
    let ask = async |channel, patience| namespaces(channel).list_namespaces(request(message.clone(), patience)).await;
    Ok(client.call(Call::Read, ask).await?.header.unwrap_or_default().revision)
}
