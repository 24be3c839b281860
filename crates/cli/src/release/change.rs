//! What ends or moves a release, and pins.

use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use serde_json::json;

use crate::args::MutationArgs;
use crate::client::{Call, releases, request};
use crate::command::Context;
use crate::error::Error;
use crate::reference;

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Promote(model::Promotion),
    Switch { version: u64 },
    RollBack { version: u64, message: String },
    Pin { version: u64, message: String },
    Unpin,
}

pub(super) async fn execute(
    context: &mut Context<'_>,
    name: &str,
    change: Change,
    mutation: MutationArgs,
) -> Result<u8, Error> {
    let name = reference::pipeline(context.args.namespace(), name)?;
    let id = mutation.id();
    let (request_id, pipeline) = (id.as_bytes().to_vec(), Some(name.clone()));
    let call = Call::Mutate(id);
    let (done, header, release) = match change {
        Change::Promote(promotion) => {
            let message = api::PromoteReleaseRequest { request_id, pipeline, promotion: promotion.into() };
            let ask =
                async |channel, patience| releases(channel).promote_release(request(message.clone(), patience)).await;
            let answer = context.client.call(call, ask).await?;
            let done = match promotion {
                model::Promotion::NextStep => "took to its next step",
                model::Promotion::Serving => "finished",
                model::Promotion::Full | model::Promotion::Unspecified => "promoted",
            };
            (done, answer.header, answer.release)
        }
        Change::Switch { version } => {
            let message = api::SwitchReleaseRequest { request_id, pipeline, version };
            let ask =
                async |channel, patience| releases(channel).switch_release(request(message.clone(), patience)).await;
            let answer = context.client.call(call, ask).await?;
            ("switched", answer.header, answer.release)
        }
        Change::RollBack { version, message } => {
            let message = api::RollBackPipelineRequest { request_id, pipeline, version, message };
            let ask = async |channel, patience| {
                releases(channel).roll_back_pipeline(request(message.clone(), patience)).await
            };
            let answer = context.client.call(call, ask).await?;
            ("rolled back", answer.header, answer.release)
        }
        Change::Pin { version, message } => {
            let message = api::PinPipelineRequest { request_id, pipeline, version, message };
            let ask =
                async |channel, patience| releases(channel).pin_pipeline(request(message.clone(), patience)).await;
            ("pinned", context.client.call(call, ask).await?.header, 0)
        }
        Change::Unpin => {
            let message = api::UnpinPipelineRequest { request_id, pipeline };
            let ask =
                async |channel, patience| releases(channel).unpin_pipeline(request(message.clone(), patience)).await;
            ("unpinned", context.client.call(call, ask).await?.header, 0)
        }
    };
    let name = reference::pipeline_text(Some(&name));
    let revision = header.unwrap_or_default().revision;
    let text = match release {
        0 => format!("{done} {name}"),
        release => format!("{done} {name} (release {release})"),
    };
    let release = (release != 0).then_some(release);
    context.done(&text, &json!({ "pipeline": name, "done": done, "release": release, "revision": revision }))
}
