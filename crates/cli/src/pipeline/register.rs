//! `gofer pipeline register` and `validate`.

use gofer_wire::api::v1 as api;
use serde_json::json;

use super::source::{self, SourceArgs};
use crate::args::MutationArgs;
use crate::client::{Call, pipelines, request};
use crate::command::Context;
use crate::error::Error;

pub(super) async fn register(
    context: &mut Context<'_>,
    source: &SourceArgs,
    (validate_only, hold): (bool, bool),
    mutation: MutationArgs,
) -> Result<u8, Error> {
    let loaded = source::load(source, &context.output).await?;
    let config = loaded.pipeline.config.clone();
    let name = format!("{}/{}", context.args.namespace(), config.id);
    let id = mutation.id();
    let message = api::RegisterPipelineRequest {
        request_id: id.as_bytes().to_vec(),
        namespace: context.args.namespace().into(),
        config: Some(config),
        validate_only,
        hold,
    };
    let ask = async |channel, patience| pipelines(channel).register_pipeline(request(message.clone(), patience)).await;
    let call = if validate_only { Call::Read } else { Call::Mutate(id) };
    let answer = context.client.call(call, ask).await.map_err(|error| loaded.placed(error))?;
    let text = match (validate_only, answer.version) {
        (true, 0) => format!("{name} is valid; it is not registered yet"),
        (true, version) => format!("{name} is valid; the newest registered version is {version}"),
        (false, version) if answer.live_version == 0 || answer.live_version == version => {
            format!("registered {name} version {version}")
        }
        (false, version) => {
            let live = answer.live_version;
            let next = format!("gofer release start {name} --version {version}");
            format!("registered {name} version {version}; version {live} stays live until that is released: {next}")
        }
    };
    let revision = answer.header.unwrap_or_default().revision;
    let value = json!({ "pipeline": name, "version": answer.version, "live_version": answer.live_version,
        "validate_only": validate_only, "revision": revision });
    context.done(&text, &value)
}

/// Checks by the rules that are built in, which are the cluster's of the same version.
pub(super) async fn validate(context: &Context<'_>, source: &SourceArgs) -> Result<u8, Error> {
    let loaded = source::load(source, &context.output).await?;
    loaded.check()?;
    let (id, tasks) = (&loaded.pipeline.declared.id, loaded.pipeline.declared.tasks.len());
    let counted = if tasks == 1 { "1 task".to_owned() } else { format!("{tasks} tasks") };
    context.done(&format!("{id} is valid: {counted}"), &json!({ "pipeline": id, "tasks": tasks, "valid": true }))
}
