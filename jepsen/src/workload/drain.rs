//! Nodes are drained and let in again while short tasks want to run somewhere.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use gofer_tests::{pipeline, shell_task};
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::cluster_service_client::ClusterServiceClient;
use tonic::Status;

use super::{Workload, all_ended, start_run, within};
use crate::check::Verdict;
use crate::check::events::Facts;
use crate::client::{Answer, Client, Invocation, PATIENCE};
use crate::history::{Op, Value};
use crate::lab::Lab;

const NAME: &str = "drain-load";

#[derive(Debug, Default)]
struct Drain(AtomicU64);

pub(super) fn make(_: &Path) -> Arc<dyn Workload> {
    Arc::new(Drain::default())
}

/// Ids of the registered nodes, and whether they are draining.
async fn nodes(lab: &Lab, through: usize) -> Result<Vec<(u64, bool)>, Status> {
    let request = api::ListNodesRequest { consistency: api::Consistency::Local.into() };
    let mut client = ClusterServiceClient::new(lab.machines[through].channel.clone());
    let found = client.list_nodes(within(request, PATIENCE)).await?.into_inner().nodes;
    Ok(found.into_iter().filter_map(|node| node.node).map(|node| (node.id, node.draining)).collect())
}

async fn drain(client: &mut Client, id: u64, undo: bool) -> bool {
    let node = client.any_node();
    let (request_id, lab) = (client.rng.bytes().to_vec(), client.lab.clone());
    let f = if undo { "undrain" } else { "drain" };
    let what = Invocation { f, key: 0, value: Value::Int(id), is_read: false };
    let call = async move {
        let mut client = ClusterServiceClient::new(lab.machines[node].channel.clone());
        client.drain_node(within(api::DrainNodeRequest { request_id, node: id, undo }, PATIENCE)).await?;
        Ok(Answer::default())
    };
    client.record(node, what, PATIENCE, call).await.is_ok()
}

/// Lets all nodes in again; true if that is known to have worked.
async fn let_in_again(client: &mut Client) -> bool {
    let through = client.any_node();
    let listed = tokio::time::timeout(PATIENCE, nodes(&client.lab, through)).await;
    let Ok(Ok(nodes)) = listed else { return false };
    let mut done = true;
    for (id, _) in nodes.into_iter().filter(|(_, draining)| *draining) {
        done &= drain(client, id, true).await;
    }
    done
}

#[async_trait]
impl Workload for Drain {
    fn clients(&self) -> usize {
        2
    }

    fn pause(&self) -> (u64, u64) {
        (400, 1200)
    }

    async fn set_up(&self, lab: &Lab) -> anyhow::Result<()> {
        let config = pipeline(NAME, vec![shell_task("short", "sleep 0.2", &[])]);
        super::register(lab, 0, config, b"drain-set-up----".to_vec()).await?;
        Ok(())
    }

    async fn invoke(&self, client: &mut Client) {
        if client.index > 0 {
            let token = self.0.fetch_add(1, Ordering::SeqCst) + 1;
            let (node, id, lab) = (client.any_node(), client.rng.bytes().to_vec(), client.lab.clone());
            let what = Invocation { f: "start", key: 0, value: Value::Int(token), is_read: false };
            let call = async move {
                let run = start_run(&lab, node, NAME, token, id).await?;
                Ok(Answer { value: Value::Int(run), version: 0 })
            };
            let _ = client.record(node, what, PATIENCE, call).await;
            return;
        }
        let through = client.any_node();
        let listed = tokio::time::timeout(PATIENCE, nodes(&client.lab, through)).await;
        let Ok(Ok(nodes)) = listed else { return };
        let at = client.rng.below(nodes.len());
        let Some((id, _)) = nodes.get(at).copied() else { return };
        drain(client, id, false).await;
        tokio::time::sleep(client.rng.millis(500, 3000)).await;
        for _ in 0..20 {
            if let_in_again(client).await {
                break;
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    async fn finish(&self, client: &mut Client) -> anyhow::Result<()> {
        anyhow::ensure!(let_in_again(client).await, "a node is still draining");
        all_ended(client, &[NAME]).await
    }

    fn check(&self, _: &[Op], facts: &Facts) -> Vec<Verdict> {
        vec![facts.well_placed()]
    }
}
