//! How a node comes to belong to a cluster, and whether it still is who the cluster takes it for.

use std::time::Duration;

use anyhow::Context;
use gofer_consensus::{Member, Raft};
use gofer_gateway::Cluster;
use gofer_store::Store;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::config::{Config, Start};

/// How long a node asks to be admitted before it gives up.
const JOIN_PATIENCE: Duration = Duration::from_secs(120);
/// How often a node looks whether the cluster goes on without it.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// How long consensus may take to say what it knows.
const MEMBERS_PATIENCE: Duration = Duration::from_secs(2);

/// Refuses a data directory that was copied or moved: the cluster reaches each member at the address it came with, and
/// two processes under one id could vote twice. Nobody looks for the only member of a cluster, so that one may move.
pub(crate) async fn check_address(config: &Config, store: &Store, raft: &Raft) -> anyhow::Result<()> {
    let node = store.identity().node_id;
    let members = members(store, raft).await;
    let Some(known) = members.iter().find(|member| member.id == node && member.address != config.advertise) else {
        return Ok(());
    };
    if members.len() == 1 {
        return Ok(());
    }
    let (data, address, own) = (config.data_dir.display(), &known.address, &config.advertise);
    anyhow::bail!(
        "the data directory {data} is that of node {node}, a member of the cluster at {address}, and this process is at \
         {own}; if the directory is a copy, use an empty one; if the node is to move, run `gofer cluster remove {node}` on \
         another node, empty the directory, and start it with --join; else start it with --advertise {address}"
    )
}

/// The members as this node knows them. Consensus tells them a moment after its start: a node that was in a cluster
/// waits for that, or it would take itself for a new one.
async fn members(store: &Store, raft: &Raft) -> Vec<Member> {
    if store.identity().cluster_id.is_some() || store.applied().index > 0 {
        let mut leadership = raft.watch();
        // Whoever has heard of a cluster may not have heard of its members yet.
        let _ = tokio::time::timeout(MEMBERS_PATIENCE, leadership.wait_for(|leadership| leadership.term > 0)).await;
    }
    raft.status().members
}

/// Watches for members that have gone on without this node, as another cluster: then nothing that this node has counts
/// any more. Asks one member after the other, also while a leader is known, as that may be an earlier one.
///
/// # Errors
/// Once a member has.
pub(crate) async fn watch_expulsion(
    config: &Config,
    store: &Store,
    raft: &Raft,
    cluster: &Cluster,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let node = store.identity().node_id;
    for turn in 0.. {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let Some(own) = store.identity().cluster_id else { continue };
        let others: Vec<Member> = raft.status().members.into_iter().filter(|member| member.id != node).collect();
        let Some(member) = others.get(turn % others.len().max(1)) else { continue };
        if let Some((id, other)) = cluster.found_at(&member.address).await
            && id == member.id
            && other != own
        {
            let (address, data) = (&member.address, config.data_dir.display());
            anyhow::bail!(
                "node {id} at {address} goes on as cluster {other}: the cluster {own}, to which this node belongs, was \
                 recovered without it; empty {data} and start this node with --join {address}"
            );
        }
    }
    Ok(())
}

/// Bootstraps, joins or waits, as configured; a node that belongs to a cluster already does none of it.
pub(crate) async fn enter(config: &Config, store: &Store, raft: &Raft, cluster: &Cluster) -> anyhow::Result<()> {
    let node = store.identity().node_id;
    let known = members(store, raft).await;
    let is_member = known.iter().any(|member| member.id == node);
    if let [only] = &known[..]
        && only.id == node
        && only.address != config.advertise
    {
        // Whoever joins is told to look for it there.
        raft.move_alone(&config.advertise).await.context("can't tell the cluster this node's address")?;
        info!(from = only.address, to = config.advertise, "this node has moved");
    }
    match &config.start {
        Start::Join { seeds, .. } if is_member => cluster.check_seeds(seeds).await?,
        _ if is_member => {}
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
