//! `gofer trigger update`: a change of some of what an operator says of a plug-in.

use clap::Args;
use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use uuid::Uuid;

use super::change::changed;
use super::launch::LaunchArgs;
use super::show::fetch;
use super::token::{Token, TokenArgs};
use crate::args::MutationArgs;
use crate::client::{Call, request, triggers};
use crate::command::Context;
use crate::error::Error;
use crate::update::{is_conflict, second};

/// Arguments of `gofer trigger update`.
#[derive(Args, Clone, Debug)]
pub struct UpdateTriggerArgs {
    /// Its name
    trigger: String,
    #[command(flatten)]
    changes: Changes,
    #[command(flatten)]
    mutation: MutationArgs,
}

/// What is to become different.
#[derive(Args, Clone, Debug)]
struct Changes {
    /// Which events it tells of; empty takes it away
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    token: TokenArgs,
    /// Without a token: nobody but what the cluster launches speaks for it
    #[arg(long, conflicts_with_all = ["new_token", "token_file"])]
    no_token: bool,
    #[command(flatten)]
    launch: LaunchArgs,
    /// Variable of its environment to take away, secret or not; may be given again
    #[arg(long, value_name = "NAME")]
    remove_env: Vec<String>,
    /// It runs by itself from now on
    #[arg(long, conflicts_with_all = ["image", "pull", "entrypoint", "env", "cpu", "memory", "driver", "command", "remove_env", "secret_env"])]
    no_launch: bool,
}

pub(super) async fn execute(context: &mut Context<'_>, args: UpdateTriggerArgs) -> Result<u8, Error> {
    let UpdateTriggerArgs { trigger, changes, mutation } = args;
    if changes.is_empty() {
        let help = "give one of the flags that `gofer trigger update --help` lists";
        return Err(Error::usage("there is nothing to change", help));
    }
    let token = changes.token.token()?;
    let id = mutation.id();
    let revision = match change(context, &trigger, &changes, token.as_ref(), id).await {
        // Somebody was faster.
        Err(error) if is_conflict(&error) => change(context, &trigger, &changes, token.as_ref(), second(id)).await?,
        done => done?,
    };
    changed(context, "updated", &trigger, token.as_ref(), revision).await
}

async fn change(
    context: &mut Context<'_>,
    trigger: &str,
    changes: &Changes,
    token: Option<&Token>,
    id: Uuid,
) -> Result<u64, Error> {
    let consistency = api::Consistency::Linearizable.into();
    let known = fetch(&mut context.client, trigger, consistency).await?.installed.unwrap_or_default();
    let mut spec = known.spec.unwrap_or_default();
    changes.write(&mut spec, token)?;
    let message = api::UpdateTriggerRequest {
        request_id: id.as_bytes().to_vec(),
        trigger: trigger.to_owned(),
        spec: Some(spec),
        generation: known.generation,
    };
    let ask = async |channel, patience| triggers(channel).update_trigger(request(message.clone(), patience)).await;
    let header = context.client.call(Call::Mutate(id), ask).await?.header.unwrap_or_default();
    Ok(header.revision)
}

impl Changes {
    fn is_empty(&self) -> bool {
        let Self { description, token, no_token, launch, remove_env, no_launch } = self;
        let program = launch.is_given() || !remove_env.is_empty() || *no_launch;
        description.is_none() && !token.is_given() && !no_token && !program
    }

    fn write(&self, spec: &mut model::TriggerSpec, token: Option<&Token>) -> Result<(), Error> {
        if let Some(description) = &self.description {
            spec.description.clone_from(description);
        }
        if self.no_token {
            spec.token_digest = None;
        }
        if let Some(token) = token {
            spec.token_digest = Some(token.digest());
        }
        if self.no_launch {
            spec.launch = None;
        }
        if self.launch.is_given() || !self.remove_env.is_empty() {
            self.launch.write(spec.launch.get_or_insert_default(), &self.remove_env)?;
        }
        Ok(())
    }
}
