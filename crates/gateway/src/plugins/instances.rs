//! What is connected for a trigger, to any node.

use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesOrdered;
use gofer_consensus::Member;
use gofer_domain::TriggerName;
use gofer_wire::model::v1 as model;
use gofer_wire::peer::v1 as peer;
use tonic::{Request, Status};

use crate::peers::{Client, Lane};
use crate::server::Parts;

/// How long a node may take to say what is connected to it.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the nodes say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Instances {
    /// By node.
    pub(crate) instances: Vec<model::PluginInstance>,
    /// Nodes that did not answer.
    pub(crate) silent: Vec<u64>,
}

/// Asks all nodes.
pub(crate) async fn of(parts: &Parts, trigger: &TriggerName) -> Instances {
    let members = parts.raft.status().members;
    let asked: FuturesOrdered<_> = members.iter().map(|member| on(parts, trigger, member)).collect();
    let mut found = Instances::default();
    for (member, answer) in members.iter().zip(asked.collect::<Vec<_>>().await) {
        match answer {
            Ok(instances) => found.instances.extend(instances),
            Err(error) => {
                tracing::debug!(node = %member.id, error = error.message(), "a node does not say which plug-ins it has");
                found.silent.push(member.id.0);
            }
        }
    }
    found
}

async fn on(parts: &Parts, trigger: &TriggerName, member: &Member) -> Result<Vec<model::PluginInstance>, Status> {
    if member.id == parts.store.identity().node_id {
        return Ok(parts.attached.instances(trigger.as_str(), member.id.0));
    }
    let call = async |mut client: Client, request: Request<_>| client.list_plugin_instances(request).await;
    let message = peer::ListPluginInstancesRequest { trigger: trigger.to_string() };
    let answer = parts.peers.call(Lane::Calls, &member.address, message, PATIENCE, call).await?;
    Ok(answer.instances)
}
