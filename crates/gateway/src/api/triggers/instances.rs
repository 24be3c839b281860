//! What is connected for a trigger, to any node.

use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesOrdered;
use gofer_consensus::Member;
use gofer_domain::TriggerName;
use gofer_wire::model::v1 as model;
use gofer_wire::peer::v1 as peer;
use tonic::{Request, Status};

use crate::api::Api;
use crate::peers::{Client, Lane};

/// How long a node may take to say what is connected to it.
const PATIENCE: Duration = Duration::from_secs(1);

/// The instances, by node, and the nodes that did not answer.
pub(super) async fn of(api: &Api, trigger: &TriggerName) -> (Vec<model::PluginInstance>, Vec<u64>) {
    let members = api.parts.raft.status().members;
    let asked: FuturesOrdered<_> = members.iter().map(|member| on(api, trigger, member)).collect();
    let (mut instances, mut silent) = (Vec::new(), Vec::new());
    for (member, answer) in members.iter().zip(asked.collect::<Vec<_>>().await) {
        match answer {
            Ok(found) => instances.extend(found),
            Err(error) => {
                tracing::debug!(node = %member.id, error = error.message(), "a node does not say which plug-ins it has");
                silent.push(member.id.0);
            }
        }
    }
    (instances, silent)
}

async fn on(api: &Api, trigger: &TriggerName, member: &Member) -> Result<Vec<model::PluginInstance>, Status> {
    if member.id == api.node {
        return Ok(api.parts.attached.instances(trigger.as_str(), member.id.0));
    }
    let call = async |mut client: Client, request: Request<_>| client.list_plugin_instances(request).await;
    let message = peer::ListPluginInstancesRequest { trigger: trigger.to_string() };
    let answer = api.parts.peers.call(Lane::Calls, &member.address, message, PATIENCE, call).await?;
    Ok(answer.instances)
}
