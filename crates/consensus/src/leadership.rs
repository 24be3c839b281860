//! Watches openraft and publishes who leads; picks up changes of the membership that a dead leader left half done.

use std::time::Duration;

use gofer_domain::NodeId;
use openraft::ChangeMembers;
use openraft::async_runtime::watch::WatchReceiver;
use tokio::sync::watch;

use crate::fatal::Fatal;
use crate::status::Leadership;
use crate::types::{Core, Metrics};

/// Pause between attempts to finish a half-done change.
const REPAIR_PAUSE: Duration = Duration::from_secs(1);

pub(crate) fn leadership(metrics: &Metrics) -> Leadership {
    let leader = metrics.current_leader.map(NodeId);
    let is_self = metrics.state.is_leader() && leader == Some(NodeId(metrics.id));
    let address = metrics
        .current_leader
        .and_then(|leader| metrics.membership_config.membership().get_node(&leader))
        .map(|node| node.addr.clone())
        .unwrap_or_default();
    Leadership { term: metrics.current_term, leader, address, is_self }
}

/// Publishes changes until openraft stops.
pub(crate) fn spawn(raft: &Core, fatal: Fatal) -> watch::Receiver<Leadership> {
    let mut metrics = raft.metrics();
    let first = leadership(&metrics.borrow_watched());
    let (sender, receiver) = watch::channel(first);
    tokio::spawn(async move {
        loop {
            let (now, stopped) = {
                let metrics = metrics.borrow_and_update();
                (leadership(&metrics), metrics.running_state.clone().err())
            };
            if let Some(stopped) = stopped {
                if !matches!(stopped, openraft::errors::Fatal::Stopped) {
                    fatal.set(&stopped.to_string());
                }
                let term = now.term;
                sender.send_replace(Leadership { term, ..Leadership::default() });
                return;
            }
            sender.send_if_modified(|published| {
                let changed = *published != now;
                if changed {
                    *published = now;
                }
                changed
            });
            if metrics.changed().await.is_err() {
                sender.send_replace(Leadership::default());
                return;
            }
        }
    });
    receiver
}

/// Finishes a joint configuration that an earlier leader did not live to finish.
pub(crate) fn spawn_repair(raft: Core) {
    tokio::spawn(async move {
        let mut metrics = raft.metrics();
        loop {
            let (leads, joint) = {
                let metrics = metrics.borrow_and_update();
                (metrics.state.is_leader(), metrics.membership_config.get_joint_config().len() > 1)
            };
            if leads && joint {
                // The change may be this leader's own and under way: give it time first.
                tokio::time::sleep(REPAIR_PAUSE).await;
                finish_joint(&raft).await;
            }
            if metrics.changed().await.is_err() {
                return;
            }
        }
    });
}

async fn finish_joint(raft: &Core) {
    let before = raft.metrics().borrow_watched().membership_config.clone();
    if before.get_joint_config().len() < 2 {
        return;
    }
    tracing::info!(membership = %before, "finishing a change of the membership that was interrupted");
    // An empty change leaves a joint configuration for its target.
    if let Err(error) = raft.change_membership(ChangeMembers::AddVoterIds([].into()), true).await {
        tracing::info!(%error, "the interrupted change of the membership is not finished yet");
    }
}
