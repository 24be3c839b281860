//! `gofer secret`.

mod input;
mod keys;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use serde_json::json;

use crate::args::MutationArgs;
use crate::client::{Call, request, secrets};
use crate::command::Context;
use crate::error::{EXIT_OK, Error};
use crate::output::Style;
use crate::reference::secret_text;
use crate::table::Table;
use crate::{json as to_json, time};

/// Shorter values are not taken out of logs.
const REDACTED_BYTES_MIN: usize = 4;

/// Secrets are kept encrypted, and given to tasks by name.
#[derive(Subcommand, Clone, Debug)]
pub enum SecretCommand {
    /// Give a secret a value, new or another
    ///
    /// The value comes from a file, else from standard input (one line break at its end is taken off), else it is asked
    /// for. It is encrypted by the node that takes it, and never shown again.
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer secret set registry-token                        # asks for the value\n",
            "  pass show deploy | gofer secret set token -n team-a    # for the pipelines of a namespace\n",
            "  gofer secret set deploy-key --pipeline ci --from-file ~/.ssh/id_ed25519",
        )
    )]
    Set {
        /// Its name: 1 to 64 letters, digits, '_' or '-'
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        scope: ScopeArgs,
        /// Read the value from this file, byte for byte
        #[arg(long, value_name = "FILE")]
        from_file: Option<PathBuf>,
        #[command(flatten)]
        mutation: MutationArgs,
    },
    /// List secrets, without their values
    ///
    /// Those of one scope with --global, --namespace or --pipeline; else all.
    #[command(after_help = "Examples:\n  gofer secret list\n  gofer secret list --pipeline ci -o json")]
    List {
        #[command(flatten)]
        scope: ScopeArgs,
    },
    /// Show a secret, without its value
    #[command(after_help = "Examples:\n  gofer secret get registry-token\n  gofer secret get token -n team-a")]
    Get {
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        scope: ScopeArgs,
    },
    /// Delete a secret
    ///
    /// The cluster key is rotated by itself a few seconds later; from then on no node can read the value. Tasks that run
    /// keep what they were given.
    #[command(after_help = "Examples:\n  gofer secret delete token -n team-a")]
    Delete {
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        scope: ScopeArgs,
        #[command(flatten)]
        mutation: MutationArgs,
    },
    /// Replace the key that protects all secrets
    ///
    /// Live secrets stay readable. Values that were deleted or replaced before can't be read by any node any more, as
    /// each destroys the old key. Waits until all nodes that answer have done so.
    #[command(after_help = "Examples:\n  gofer secret rotate-key")]
    RotateKey,
    /// Show the key in force, and which node has which
    #[command(after_help = "Examples:\n  gofer secret status\n  gofer secret status -o json")]
    Status,
}

/// Whose secret. Without any of these, and without --namespace, the whole cluster's.
#[derive(Args, Clone, Debug)]
pub struct ScopeArgs {
    /// The secret of this pipeline alone, of --namespace or the namespace `default`
    #[arg(long, value_name = "PIPELINE", conflicts_with = "global")]
    pipeline: Option<String>,
    /// The secret of the whole cluster, also where --namespace or GOFER_NAMESPACE is set
    #[arg(long)]
    global: bool,
}

impl ScopeArgs {
    fn secret(&self, context: &Context<'_>, name: &str) -> model::SecretRef {
        let (namespace, pipeline) = match (&self.pipeline, self.global) {
            (_, true) => (String::new(), String::new()),
            (Some(pipeline), _) => (context.args.namespace().to_owned(), pipeline.clone()),
            (None, _) => (context.args.namespace.clone().unwrap_or_default(), String::new()),
        };
        model::SecretRef { namespace, pipeline, name: name.to_owned() }
    }

    fn is_given(&self, context: &Context<'_>) -> bool {
        self.global || self.pipeline.is_some() || context.args.namespace.is_some()
    }
}

pub(crate) async fn execute(context: &mut Context<'_>, command: SecretCommand) -> Result<u8, Error> {
    match command {
        SecretCommand::Set { name, scope, from_file, mutation } => {
            let value = input::read(from_file.as_deref())?;
            let secret = scope.secret(context, &name);
            set(context, secret, value, mutation).await
        }
        SecretCommand::List { scope } => list(context, &scope).await,
        SecretCommand::Get { name, scope } => {
            let secret = scope.secret(context, &name);
            get(context, secret).await
        }
        SecretCommand::Delete { name, scope, mutation } => {
            let id = mutation.id();
            let secret = scope.secret(context, &name);
            let text = secret_text(Some(&secret));
            let message = api::DeleteSecretRequest { request_id: id.as_bytes().to_vec(), secret: Some(secret) };
            let ask =
                async |channel, patience| secrets(channel).delete_secret(request(message.clone(), patience)).await;
            let header = context.client.call(Call::Mutate(id), ask).await?.header.unwrap_or_default();
            context.done(&format!("deleted secret {text}"), &json!({ "secret": text, "revision": header.revision }))
        }
        SecretCommand::RotateKey => keys::rotate(context).await,
        SecretCommand::Status => keys::status(context).await,
    }
}

async fn set(
    context: &mut Context<'_>,
    secret: model::SecretRef,
    value: Vec<u8>,
    mutation: MutationArgs,
) -> Result<u8, Error> {
    let id = mutation.id();
    let text = secret_text(Some(&secret));
    if value.len() < REDACTED_BYTES_MIN {
        let notice = format!("a value of less than {REDACTED_BYTES_MIN} bytes is not taken out of logs");
        context.output.notice(&notice);
    }
    let message = api::SetSecretRequest { request_id: id.as_bytes().to_vec(), secret: Some(secret), value };
    let ask = async |channel, patience| secrets(channel).set_secret(request(message.clone(), patience)).await;
    let answer = context.client.call(Call::Mutate(id), ask).await?;
    let (version, revision) = (answer.version, answer.header.unwrap_or_default().revision);
    let value = json!({ "secret": text, "version": version, "revision": revision });
    context.done(&format!("set secret {text}, version {version}"), &value)
}

async fn get(context: &mut Context<'_>, secret: model::SecretRef) -> Result<u8, Error> {
    let message = api::GetSecretRequest { consistency: context.client.consistency, secret: Some(secret) };
    let ask = async |channel, patience| secrets(channel).get_secret(request(message.clone(), patience)).await;
    let secret = context.client.call(Call::Read, ask).await?.secret.unwrap_or_default();
    if context.output.is_json() {
        context.output.document(&to_json::message("gofer.model.v1.Secret", &secret)?)?;
        return Ok(EXIT_OK);
    }
    show(context, &[secret])
}

async fn list(context: &mut Context<'_>, scope: &ScopeArgs) -> Result<u8, Error> {
    let scope = scope.is_given(context).then(|| scope.secret(context, ""));
    let mut all = Vec::new();
    let mut page_token = String::new();
    loop {
        let consistency = context.client.consistency;
        let message = api::ListSecretsRequest { consistency, page_size: 1_000, page_token, scope: scope.clone() };
        let ask = async |channel, patience| secrets(channel).list_secrets(request(message.clone(), patience)).await;
        let page = context.client.call(Call::Read, ask).await?;
        all.extend(page.secrets);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    if context.output.is_json() {
        context.output.document(&json!({ "secrets": to_json::messages("gofer.model.v1.Secret", &all)? }))?;
        return Ok(EXIT_OK);
    }
    show(context, &all)
}

fn show(context: &Context<'_>, secrets: &[model::Secret]) -> Result<u8, Error> {
    let now = time::now();
    let mut table = Table::new(&["NAME", "SCOPE", "VERSION", "CREATED", "UPDATED"], 0);
    for secret in secrets {
        let of = secret.r#ref.clone().unwrap_or_default();
        let scope = match (of.namespace.as_str(), of.pipeline.as_str()) {
            ("", _) => "global".to_owned(),
            (namespace, "") => format!("namespace {namespace}"),
            (namespace, pipeline) => format!("pipeline {namespace}/{pipeline}"),
        };
        let [created, updated] = [&secret.created_at, &secret.updated_at].map(|at| time::age(at.as_ref(), now));
        table.row([of.name, scope, secret.version.to_string(), created, updated], Style::Bold);
    }
    table.show(&context.output, "there are no secrets")?;
    Ok(EXIT_OK)
}
