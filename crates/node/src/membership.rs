//! How a node comes to belong to a cluster.

use std::time::Duration;

use anyhow::Context;
use gofer_consensus::Raft;
use gofer_gateway::Cluster;
use gofer_store::Store;
use tracing::info;

use crate::config::{Config, Start};

/// How long a node asks to be admitted before it gives up.
const JOIN_PATIENCE: Duration = Duration::from_secs(120);

/// Bootstraps, joins or waits, as configured; a node that belongs to a cluster already does none of it.
pub(crate) async fn enter(config: &Config, store: &Store, raft: &Raft, cluster: &Cluster) -> anyhow::Result<()> {
    let is_member = raft.status().members.iter().any(|member| member.id == store.identity().node_id);
    if is_member {
        return Ok(());
    }
    match &config.start {
        Start::Bootstrap => {
            // Also after a bootstrap that was interrupted: it is repeated until the node is a member.
            raft.bootstrap(&config.advertise).await.context("can't bootstrap the cluster")?;
            info!(address = config.advertise, "bootstrapped a new cluster");
        }
        Start::Join { seeds, learner } => {
            info!(?seeds, "asking to join");
            let joined = cluster.join(seeds, &config.advertise, *learner, JOIN_PATIENCE).await?;
            info!(cluster = %joined, "joined");
        }
        Start::Wait => {
            info!(
                address = config.advertise,
                "this node belongs to no cluster yet; add it with `gofer cluster add {}` on a member, or start it with \
                 --bootstrap or --join",
                config.advertise
            );
        }
    }
    Ok(())
}
