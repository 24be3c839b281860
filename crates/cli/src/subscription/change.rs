//! Subscriptions are made, deleted, enabled and disabled.

use clap::Args;
use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use serde_json::json;

use super::spec::{RemovalArgs, SpecArgs};
use crate::args::MutationArgs;
use crate::client::{Call, request, subscriptions};
use crate::command::Context;
use crate::error::Error;
use crate::reference::{self, subscription_text};

/// Arguments of `gofer subscription create`.
#[derive(Args, Clone, Debug)]
pub struct CreateSubscriptionArgs {
    /// PIPELINE/NAME or NAMESPACE/PIPELINE/NAME
    subscription: String,
    /// Trigger that tells of the events
    #[arg(long, value_name = "TRIGGER")]
    trigger: String,
    #[command(flatten)]
    spec: SpecArgs,
    /// It takes no events until it is enabled
    #[arg(long)]
    disabled: bool,
    #[command(flatten)]
    mutation: MutationArgs,
}

pub(super) async fn create(context: &mut Context<'_>, args: CreateSubscriptionArgs) -> Result<u8, Error> {
    let CreateSubscriptionArgs { subscription, trigger, spec: given, disabled, mutation } = args;
    let name = reference::subscription(context.args.namespace(), &subscription)?;
    let mut spec = model::SubscriptionSpec { trigger, ..Default::default() };
    given.write(&mut spec, &RemovalArgs::default())?;
    let id = mutation.id();
    let message = api::CreateSubscriptionRequest {
        request_id: id.as_bytes().to_vec(),
        subscription: Some(name.clone()),
        spec: Some(spec),
        disabled,
    };
    let ask =
        async |channel, patience| subscriptions(channel).create_subscription(request(message.clone(), patience)).await;
    let header = context.client.call(Call::Mutate(id), ask).await?.header.unwrap_or_default();
    let state = if disabled { "; it is disabled" } else { "" };
    changed(context, &format!("created subscription {}{state}", subscription_text(Some(&name))), &name, header.revision)
}

pub(super) async fn delete(context: &mut Context<'_>, name: &str, mutation: MutationArgs) -> Result<u8, Error> {
    let name = reference::subscription(context.args.namespace(), name)?;
    let id = mutation.id();
    let request_id = id.as_bytes().to_vec();
    let message = api::DeleteSubscriptionRequest { request_id, subscription: Some(name.clone()) };
    let ask =
        async |channel, patience| subscriptions(channel).delete_subscription(request(message.clone(), patience)).await;
    let header = context.client.call(Call::Mutate(id), ask).await?.header.unwrap_or_default();
    changed(context, &format!("deleted subscription {}", subscription_text(Some(&name))), &name, header.revision)
}

pub(super) async fn enable(
    context: &mut Context<'_>,
    name: &str,
    enabled: bool,
    mutation: MutationArgs,
) -> Result<u8, Error> {
    let name = reference::subscription(context.args.namespace(), name)?;
    let id = mutation.id();
    let request_id = id.as_bytes().to_vec();
    let message = api::SetSubscriptionEnabledRequest { request_id, subscription: Some(name.clone()), enabled };
    let ask = async |channel, patience| {
        subscriptions(channel).set_subscription_enabled(request(message.clone(), patience)).await
    };
    let header = context.client.call(Call::Mutate(id), ask).await?.header.unwrap_or_default();
    let done = if enabled { "enabled" } else { "disabled" };
    changed(context, &format!("{done} subscription {}", subscription_text(Some(&name))), &name, header.revision)
}

pub(super) fn changed(
    context: &Context<'_>,
    text: &str,
    name: &model::SubscriptionRef,
    revision: u64,
) -> Result<u8, Error> {
    let model::SubscriptionRef { namespace, pipeline, name } = name;
    let value = json!({ "namespace": namespace, "pipeline": pipeline, "subscription": name, "revision": revision });
    context.done(text, &value)
}
