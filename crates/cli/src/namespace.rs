//! `gofer namespace`.

use clap::Subcommand;
use gofer_wire::api::v1 as api;
use serde_json::json;

use crate::args::MutationArgs;
use crate::client::{Call, namespaces, request};
use crate::command::Context;
use crate::error::{EXIT_OK, Error};
use crate::output::Style;
use crate::table::Table;
use crate::{json as to_json, time};

/// Namespaces keep the pipelines of different owners apart.
#[derive(Subcommand, Clone, Debug)]
pub enum NamespaceCommand {
    /// Create a namespace
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer namespace create team-a\n",
            "  gofer namespace create team-a --description 'Builds of team A'",
        )
    )]
    Create {
        /// Its name: 1 to 64 letters, digits, '_' or '-'
        #[arg(value_name = "NAME")]
        name: String,
        /// What it is for
        #[arg(long, default_value = "")]
        description: String,
        #[command(flatten)]
        mutation: MutationArgs,
    },
    /// List all namespaces
    #[command(after_help = "Examples:\n  gofer namespace list\n  gofer namespace list -o json")]
    List,
    /// Delete an empty namespace
    ///
    /// Its pipelines have to be deleted first; the event log keeps its history.
    #[command(after_help = "Examples:\n  gofer namespace delete team-a")]
    Delete {
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        mutation: MutationArgs,
    },
}

pub(crate) async fn execute(context: &mut Context<'_>, command: NamespaceCommand) -> Result<u8, Error> {
    match command {
        NamespaceCommand::Create { name, description, mutation } => {
            let id = mutation.id();
            let request_id = id.as_bytes().to_vec();
            let message = api::CreateNamespaceRequest { request_id, namespace: name.clone(), description };
            let ask = async |channel, patience| {
                namespaces(channel).create_namespace(request(message.clone(), patience)).await
            };
            let header = context.client.call(Call::Mutate(id), ask).await?.header.unwrap_or_default();
            let value = json!({ "namespace": name, "revision": header.revision });
            context.done(&format!("created namespace {name}"), &value)
        }
        NamespaceCommand::Delete { name, mutation } => {
            let id = mutation.id();
            let message = api::DeleteNamespaceRequest { request_id: id.as_bytes().to_vec(), namespace: name.clone() };
            let ask = async |channel, patience| {
                namespaces(channel).delete_namespace(request(message.clone(), patience)).await
            };
            let header = context.client.call(Call::Mutate(id), ask).await?.header.unwrap_or_default();
            let value = json!({ "namespace": name, "revision": header.revision });
            context.done(&format!("deleted namespace {name}"), &value)
        }
        NamespaceCommand::List => list(context).await,
    }
}

async fn list(context: &mut Context<'_>) -> Result<u8, Error> {
    let mut all = Vec::new();
    let mut page_token = String::new();
    loop {
        let message =
            api::ListNamespacesRequest { consistency: context.client.consistency, page_size: 1_000, page_token };
        let ask =
            async |channel, patience| namespaces(channel).list_namespaces(request(message.clone(), patience)).await;
        let page = context.client.call(Call::Read, ask).await?;
        all.extend(page.namespaces);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    if context.output.is_json() {
        context.output.document(&json!({ "namespaces": to_json::messages("gofer.model.v1.Namespace", &all)? }))?;
        return Ok(EXIT_OK);
    }
    let now = time::now();
    let mut table = Table::new(&["NAME", "CREATED", "DESCRIPTION"], 0);
    for namespace in all {
        table.row([namespace.id, time::age(namespace.created_at.as_ref(), now), namespace.description], Style::Bold);
    }
    table.show(&context.output, "there are no namespaces")?;
    Ok(EXIT_OK)
}
