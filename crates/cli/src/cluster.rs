//! `gofer cluster`.

use clap::Subcommand;
use gofer_wire::api::v1 as api;
use serde_json::json;

use crate::client::{Call, clusters, request};
use crate::command::Context;
use crate::error::{EXIT_OK, Error};
use crate::output::Style;
use crate::table::Table;
use crate::{json as to_json, reference};

/// The members of the cluster.
#[derive(Subcommand, Clone, Debug)]
pub enum ClusterCommand {
    /// Show the leader and the members as the asked node sees them
    ///
    /// Works without a leader too: then the leader is shown as none.
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer cluster status\n",
            "  gofer cluster status -o json\n",
            "  gofer cluster status --address 10.0.0.2:7600",
        )
    )]
    Status,
    /// Make a started, empty node a member
    ///
    /// It replicates as a learner until it has caught up, then it gets a vote. Repeating the command is harmless.
    #[command(after_help = "Examples:\n  gofer cluster add 10.0.0.4:7600\n  gofer cluster add 10.0.0.5:7600 --learner")]
    Add {
        /// Where the new node serves
        #[arg(value_name = "HOST:PORT")]
        member_address: String,
        /// Keep it a learner: it replicates and executes, and doesn't vote
        #[arg(long)]
        learner: bool,
    },
    /// Take a member out for ever
    ///
    /// Its id is never used again. To bring the machine back, empty its data directory and add it. A node that holds
    /// attempts is refused: drain it and wait, or if it is gone, wait until it was declared lost, 16 s at most with the
    /// default lease.
    #[command(after_help = "Examples:\n  gofer cluster remove n3\n  gofer cluster remove 3")]
    Remove {
        /// Name or id
        node: String,
    },
    /// Hand leadership to another member
    #[command(after_help = "Examples:\n  gofer cluster transfer-leader\n  gofer cluster transfer-leader n2")]
    TransferLeader {
        /// Name or id of the next leader [default: any voter that is up to date]
        node: Option<String>,
    },
}

pub(crate) async fn execute(context: &mut Context<'_>, command: ClusterCommand) -> Result<u8, Error> {
    match command {
        ClusterCommand::Status => status(context).await,
        ClusterCommand::Add { member_address, learner } => {
            let message = api::AddMemberRequest { address: member_address.clone(), learner };
            let ask = async |channel, patience| clusters(channel).add_member(request(message.clone(), patience)).await;
            let node = context.client.call(Call::Administer, ask).await?.node;
            let role = if learner { "learner" } else { "voter" };
            let text = format!("{member_address} is a member now: node {node}, a {role}");
            context.done(&text, &json!({ "node": node, "address": member_address, "role": role }))
        }
        ClusterCommand::Remove { node } => {
            let id = reference::node(&mut context.client, &node).await?;
            let calls = std::cell::Cell::new(0_u32);
            let ask = async |channel, patience| {
                calls.set(calls.get() + 1);
                clusters(channel).remove_member(request(api::RemoveMemberRequest { node: id }, patience)).await
            };
            match context.client.call(Call::Administer, ask).await {
                // The first call did it, and only its answer was lost.
                Err(error) if error.is_not_found() && calls.get() > 1 => {}
                result => drop(result?),
            }
            context.done(&format!("removed node {node}"), &json!({ "node": id }))
        }
        ClusterCommand::TransferLeader { node } => {
            let id = match &node {
                Some(node) => reference::node(&mut context.client, node).await?,
                None => 0,
            };
            let ask = async |channel, patience| {
                clusters(channel).transfer_leader(request(api::TransferLeaderRequest { node: id }, patience)).await
            };
            let leader = context.client.call(Call::Administer, ask).await?.leader;
            let names = reference::nodes(&mut context.client).await.unwrap_or_default();
            let found = names.into_iter().filter_map(|info| info.node).find(|node| node.id == leader);
            let name = found.and_then(|node| node.spec).map_or_else(|| leader.to_string(), |spec| spec.name);
            context.done(&format!("the leader is {name} now"), &json!({ "leader": leader, "leader_name": name }))
        }
    }
}

async fn status(context: &mut Context<'_>) -> Result<u8, Error> {
    let ask = async |channel, patience| clusters(channel).get_status(request(api::GetStatusRequest {}, patience)).await;
    let status = context.client.call(Call::Read, ask).await?;
    let name = |id: u64| {
        let member = status.members.iter().find(|member| member.id == id);
        member.map_or_else(|| id.to_string(), |m| if m.name.is_empty() { id.to_string() } else { m.name.clone() })
    };
    let header = status.header.unwrap_or_default();
    let leader_name = (status.leader != 0).then(|| name(status.leader));
    if context.output.is_json() {
        let mut value = to_json::message("gofer.api.v1.GetStatusResponse", &status)?;
        if let Some(object) = value.as_object_mut() {
            object.insert("leader_name".into(), leader_name.into());
        }
        context.output.document(&value)?;
        return Ok(EXIT_OK);
    }
    let leader = match &leader_name {
        Some(name) => context.output.paint(Style::Good, name),
        None => context.output.paint(Style::Bad, "none"),
    };
    let cluster = if status.cluster_id.is_empty() { "not a member of any yet" } else { &status.cluster_id };
    let lines = format!(
        "cluster   {cluster}\nleader    {leader} (term {})\n\
         revision  {}, committed {}, applied {}\nseen by   {} ({}), build {}\n",
        status.term,
        header.revision,
        status.committed_index,
        status.applied_index,
        name(header.node),
        context.client.address(),
        status.build,
    );
    context.output.line(&lines)?;
    let mut table = Table::new(&["NAME", "ROLE", "ADDRESS", "BEHIND", "ID"], 1);
    for member in &status.members {
        let (role, style) = match member.role() {
            api::MemberRole::Leader => ("leader", Style::Good),
            api::MemberRole::Follower => ("follower", Style::Plain),
            api::MemberRole::Learner => ("learner", Style::Busy),
            api::MemberRole::Unspecified => ("unknown", Style::Warning),
        };
        let behind = member.matched_index.map(|matched| status.committed_index.saturating_sub(matched).to_string());
        let cells = [
            member.name.clone(),
            role.to_owned(),
            member.address.clone(),
            behind.unwrap_or_default(),
            member.id.to_string(),
        ];
        table.row(cells, style);
    }
    table.show(&context.output, "the node knows no members; make a cluster of it with `gofer server --bootstrap`")?;
    Ok(EXIT_OK)
}
