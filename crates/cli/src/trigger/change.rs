//! Triggers are installed, taken away, enabled and disabled.

use clap::Args;
use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use serde_json::{Value, json};

use super::launch::LaunchArgs;
use super::token::{Token, TokenArgs};
use crate::args::MutationArgs;
use crate::client::{Call, request, triggers};
use crate::command::Context;
use crate::error::{EXIT_OK, Error};

/// Arguments of `gofer trigger install`.
#[derive(Args, Clone, Debug)]
pub struct InstallTriggerArgs {
    /// Its name: 1 to 64 letters, digits, '_' or '-'
    trigger: String,
    /// Which events it tells of
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    description: String,
    #[command(flatten)]
    token: TokenArgs,
    #[command(flatten)]
    launch: LaunchArgs,
    #[command(flatten)]
    mutation: MutationArgs,
}

pub(super) async fn install(context: &mut Context<'_>, args: InstallTriggerArgs) -> Result<u8, Error> {
    let InstallTriggerArgs { trigger, description, token, launch, mutation } = args;
    let token = match token.token()? {
        None if !launch.is_given() => Some(Token::draw()),
        token => token,
    };
    let mut spec = model::TriggerSpec { description, token_digest: token.as_ref().map(Token::digest), launch: None };
    if launch.is_given() {
        launch.write(spec.launch.insert(model::Launch::default()), &[])?;
    }
    let id = mutation.id();
    let request_id = id.as_bytes().to_vec();
    let message = api::InstallTriggerRequest { request_id, trigger: trigger.clone(), spec: Some(spec) };
    let ask = async |channel, patience| triggers(channel).install_trigger(request(message.clone(), patience)).await;
    let header = context.client.call(Call::Mutate(id), ask).await?.header.unwrap_or_default();
    changed(context, "installed", &trigger, token.as_ref(), header.revision).await
}

pub(super) async fn uninstall(context: &mut Context<'_>, trigger: &str, mutation: MutationArgs) -> Result<u8, Error> {
    let id = mutation.id();
    let message = api::UninstallTriggerRequest { request_id: id.as_bytes().to_vec(), trigger: trigger.to_owned() };
    let ask = async |channel, patience| triggers(channel).uninstall_trigger(request(message.clone(), patience)).await;
    let header = context.client.call(Call::Mutate(id), ask).await?.header.unwrap_or_default();
    changed(context, "uninstalled", trigger, None, header.revision).await
}

pub(super) async fn enable(
    context: &mut Context<'_>,
    trigger: &str,
    enabled: bool,
    mutation: MutationArgs,
) -> Result<u8, Error> {
    let id = mutation.id();
    let request_id = id.as_bytes().to_vec();
    let message = api::SetTriggerEnabledRequest { request_id, trigger: trigger.to_owned(), enabled };
    let ask = async |channel, patience| triggers(channel).set_trigger_enabled(request(message.clone(), patience)).await;
    let header = context.client.call(Call::Mutate(id), ask).await?.header.unwrap_or_default();
    let done = if enabled { "enabled" } else { "disabled" };
    changed(context, done, trigger, None, header.revision).await
}

/// Says what was done, and shows a token that was drawn for it.
pub(super) async fn changed(
    context: &mut Context<'_>,
    done: &str,
    trigger: &str,
    token: Option<&Token>,
    revision: u64,
) -> Result<u8, Error> {
    let token = match token {
        Some(token) => token.to_show(context, trigger).await?,
        None => None,
    };
    let mut value = json!({ "trigger": trigger, "revision": revision });
    if let (Some(object), Some(token)) = (value.as_object_mut(), &token) {
        object.insert("token".into(), Value::String(token.clone()));
    }
    let Some(token) = token.filter(|_| !context.output.is_json()) else {
        return context.done(&format!("{done} trigger {trigger}"), &value);
    };
    // The token alone is what can be sent to a file.
    context.output.notice(&format!("{done} trigger {trigger}; its plug-in needs this as GOFER_PLUGIN_TOKEN:"));
    context.output.line(&token)?;
    context.output.notice("It is not shown again.");
    Ok(EXIT_OK)
}
