//! Where a cluster begins: with nothing, with a backup, or with what one node was left with.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Context, Decision, Verdict, node, precondition};
use crate::event::Event;
use crate::ids::{ClusterId, NamespaceId, NodeId, Revision};
use crate::limits::{DURATION_MAX, NODES_MAX};
use crate::node::Node;
use crate::rejection::{Reason, Rejection};

/// Creates the cluster and its namespace `default`. Creating the same one again changes nothing.
pub(super) fn create(context: Context<'_>, cluster: ClusterId) -> Verdict {
    match context.state.cluster {
        Some(known) if known == cluster => Ok(Decision::done(Vec::new())),
        Some(known) => Err(Rejection::new(Reason::AlreadyExists, format!("this is cluster {known} already"))
            .field("cluster")
            .help("bootstrap another cluster with empty data directories")),
        None => {
            let namespace = NamespaceId::new("default")?;
            let description = "The namespace that is used when none is named.".to_owned();
            Ok(Decision::done(vec![
                Event::ClusterCreated { cluster },
                Event::NamespaceCreated { namespace, description },
            ]))
        }
    }
}

/// Goes on with a backup as another cluster. Its old nodes are no part of that.
pub(super) fn restore(context: Context<'_>, cluster: ClusterId, revision: Revision, head: [u8; 32]) -> Verdict {
    let Some(from) = older(context, cluster)? else { return Ok(Decision::done(Vec::new())) };
    if revision != context.state.revision {
        let message = format!("the state is of revision {}, the backup of {revision}", context.state.revision);
        return Err(precondition(message).field("revision").help("restore the backup into an empty data directory"));
    }
    let mut events = vec![Event::ClusterRestored { cluster, from, revision, head }];
    let all: Vec<&Node> = context.state.nodes.values().collect();
    node::remove_all(context, &all, "the cluster was restored from a backup", &mut events);
    Ok(Decision::done(events))
}

/// Goes on with what a node has as another cluster, of which no other node is part. What was lost with them may be
/// tried again once `grace` has passed.
pub(super) fn recover(
    context: Context<'_>,
    cluster: ClusterId,
    survivor: NodeId,
    dropped: &BTreeSet<NodeId>,
    grace: Duration,
) -> Verdict {
    let Some(from) = older(context, cluster)? else { return Ok(Decision::done(Vec::new())) };
    if grace > DURATION_MAX || dropped.len() > NODES_MAX || dropped.contains(&survivor) {
        let message = format!("at most {NODES_MAX} other nodes can be dropped, with at most {DURATION_MAX:?} of grace");
        return Err(Rejection::new(Reason::InvalidArgument, message).field("dropped"));
    }
    let revision = context.state.revision;
    let mut events = vec![Event::ClusterRecovered { cluster, from, survivor, dropped: dropped.clone(), revision }];
    let others: Vec<&Node> = context.state.nodes.values().filter(|node| node.id != survivor).collect();
    let later = Context { time: context.time.after(grace), ..context };
    node::remove_all(later, &others, "the cluster was recovered without it", &mut events);
    Ok(Decision::done(events))
}

/// The cluster that another one goes on from; none when it did so already.
fn older(context: Context<'_>, cluster: ClusterId) -> Result<Option<ClusterId>, Rejection> {
    match context.state.cluster {
        Some(known) if known == cluster => Ok(None),
        Some(known) => Ok(Some(known)),
        None => Err(precondition("there is no cluster to go on from").field("cluster")),
    }
}
