//! `gofer node`.

use clap::Subcommand;
use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use serde_json::json;

use crate::args::MutationArgs;
use crate::client::{Call, clusters, request};
use crate::command::Context;
use crate::error::{EXIT_OK, Error};
use crate::output::Style;
use crate::size::rough;
use crate::table::Table;
use crate::{json as to_json, reference, time};

/// The nodes that execute.
#[derive(Subcommand, Clone, Debug)]
pub enum NodeCommand {
    /// List the nodes with their state, their load and what they offer
    #[command(after_help = "Examples:\n  gofer node list\n  gofer node list --consistency local -o json")]
    List,
    /// Keep new attempts away from a node; those on it go on, but plug-ins that the cluster keeps running move
    ///
    /// The node stays a member of the cluster. Wait until `gofer node list` shows 0 attempts before you stop it.
    #[command(after_help = "Examples:\n  gofer node drain n2\n  gofer node drain n2 --undo")]
    Drain {
        /// Name or id
        node: String,
        /// Let attempts come again instead
        #[arg(long)]
        undo: bool,
        #[command(flatten)]
        mutation: MutationArgs,
    },
}

pub(crate) async fn execute(context: &mut Context<'_>, command: NodeCommand) -> Result<u8, Error> {
    match command {
        NodeCommand::List => list(context).await,
        NodeCommand::Drain { node, undo, mutation } => {
            let node_id = reference::node(&mut context.client, &node).await?;
            let id = mutation.id();
            let message = api::DrainNodeRequest { request_id: id.as_bytes().to_vec(), node: node_id, undo };
            let ask = async |channel, patience| clusters(channel).drain_node(request(message.clone(), patience)).await;
            let header = context.client.call(Call::Mutate(id), ask).await?.header.unwrap_or_default();
            let text = if undo { format!("node {node} takes attempts again") } else { format!("draining node {node}") };
            context.done(&text, &json!({ "node": node_id, "draining": !undo, "revision": header.revision }))
        }
    }
}

async fn list(context: &mut Context<'_>) -> Result<u8, Error> {
    let nodes = reference::nodes(&mut context.client).await?;
    if context.output.is_json() {
        context.output.document(&json!({ "nodes": to_json::messages("gofer.api.v1.NodeInfo", &nodes)? }))?;
        return Ok(EXIT_OK);
    }
    let now = time::now();
    let headers =
        &["NAME", "STATUS", "ATTEMPTS", "CPU", "MEMORY", "DRIVERS", "LABELS", "SINCE", "ADDRESS", "BUILD", "ID"];
    let mut table = Table::new(headers, 1);
    for info in nodes {
        let node = info.node.unwrap_or_default();
        let (status, style) = match (node.status(), node.draining) {
            (model::NodeStatus::Lost, _) => ("lost", Style::Bad),
            (model::NodeStatus::Ready, true) => ("draining", Style::Warning),
            (model::NodeStatus::Ready, false) => ("ready", Style::Good),
            (model::NodeStatus::Unspecified, _) => ("unknown", Style::Warning),
        };
        let spec = node.spec.unwrap_or_default();
        let capacity = spec.capacity.unwrap_or_default();
        let drivers = spec.drivers().map(|driver| match driver {
            model::Driver::Process => "process",
            model::Driver::Docker => "docker",
            model::Driver::Unspecified => "unknown",
        });
        let drivers = drivers.collect::<Vec<_>>().join(",");
        let labels = spec.labels.iter().map(|label| format!("{}={}", label.name, label.value));
        let labels = labels.collect::<Vec<_>>().join(",");
        let cpu = if capacity.cpu_millis == 0 {
            String::new()
        } else {
            crate::pipeline_file::values::format_cpu(capacity.cpu_millis)
        };
        let memory = if capacity.memory_bytes == 0 { String::new() } else { rough(capacity.memory_bytes) };
        table.row(
            [
                spec.name,
                status.into(),
                format!("{}/{}", info.attempts, spec.slots),
                cpu,
                memory,
                drivers,
                labels,
                time::age(node.since.as_ref(), now),
                spec.address,
                spec.build,
                node.id.to_string(),
            ],
            style,
        );
    }
    table.show(&context.output, "no node has registered yet")?;
    Ok(EXIT_OK)
}
