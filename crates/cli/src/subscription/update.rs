//! `gofer subscription update`: a change of some of what a subscription says, which loses nothing that others change.

use clap::Args;
use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use uuid::Uuid;

use super::change::changed;
use super::show::fetch;
use super::spec::{RemovalArgs, SpecArgs};
use crate::args::MutationArgs;
use crate::client::{Call, request, subscriptions};
use crate::command::Context;
use crate::error::Error;
use crate::reference::{self, subscription_text};
use crate::update::{is_conflict, second};

/// Arguments of `gofer subscription update`.
#[derive(Args, Clone, Debug)]
pub struct UpdateSubscriptionArgs {
    /// PIPELINE/NAME or NAMESPACE/PIPELINE/NAME
    subscription: String,
    #[command(flatten)]
    given: SpecArgs,
    #[command(flatten)]
    removed: RemovalArgs,
    #[command(flatten)]
    mutation: MutationArgs,
}

pub(super) async fn execute(context: &mut Context<'_>, args: UpdateSubscriptionArgs) -> Result<u8, Error> {
    let name = reference::subscription(context.args.namespace(), &args.subscription)?;
    if !args.given.is_given() && !args.removed.is_given() {
        let help = "give one of the flags that `gofer subscription update --help` lists";
        return Err(Error::usage("there is nothing to change", help));
    }
    let id = args.mutation.id();
    let revision = match change(context, &name, &args, id).await {
        // Somebody was faster.
        Err(error) if is_conflict(&error) => change(context, &name, &args, second(id)).await?,
        done => done?,
    };
    changed(context, &format!("updated subscription {}", subscription_text(Some(&name))), &name, revision)
}

async fn change(
    context: &mut Context<'_>,
    name: &model::SubscriptionRef,
    args: &UpdateSubscriptionArgs,
    id: Uuid,
) -> Result<u64, Error> {
    let consistency = api::Consistency::Linearizable.into();
    let known = fetch(&mut context.client, name, consistency).await?.subscription.unwrap_or_default();
    let mut spec = known.spec.unwrap_or_default();
    args.given.write(&mut spec, &args.removed)?;
    let message = api::UpdateSubscriptionRequest {
        request_id: id.as_bytes().to_vec(),
        subscription: Some(name.clone()),
        spec: Some(spec),
        generation: known.generation,
    };
    let ask =
        async |channel, patience| subscriptions(channel).update_subscription(request(message.clone(), patience)).await;
    let header = context.client.call(Call::Mutate(id), ask).await?.header.unwrap_or_default();
    Ok(header.revision)
}
