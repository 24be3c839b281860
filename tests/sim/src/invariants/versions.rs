//! Claim: no node is given what its logic version does not know. Source: what a new version can do is refused until all
//! nodes have it, so that a cluster is upgraded node by node. Check: no process of an old version has applied an event of
//! a newer one.

use std::collections::BTreeMap;

use gofer_domain::event::Standing;
use gofer_domain::{Event, NodeId};

use super::Invariant;
use crate::history::Fact;

/// The logic version since which there is an event.
fn since(event: &Event) -> u32 {
    match event {
        Event::ObjectPut { .. } | Event::ObjectDeleted { .. } | Event::ObjectsDropped { .. } => 3,
        Event::EventsArchived { .. } => 2,
        Event::RunAnnotated { .. } | Event::TaskWaiting { .. } | Event::TaskKept { .. } => 3,
        Event::PipelineRegistered { standing: Standing::Released { .. } | Standing::Held, .. }
        | Event::RunCreated { release: Some(_), .. }
        | Event::ReleaseStarted { .. }
        | Event::ReleaseAdvanced { .. }
        | Event::ReleaseSwitched { .. }
        | Event::ReleasePromoted { .. }
        | Event::ReleaseRolledBack { .. }
        | Event::LiveVersionChanged { .. }
        | Event::PipelinePinned { .. }
        | Event::PipelineUnpinned { .. }
        | Event::RunMoved { .. } => 3,
        Event::SecretSet { .. } | Event::SecretDeleted { .. } | Event::ClusterKeyRotated { .. } => 3,
        Event::ScheduleCreated { .. }
        | Event::ScheduleUpdated { .. }
        | Event::ScheduleDeleted { .. }
        | Event::ScheduleEnabled { .. }
        | Event::ScheduleDisabled { .. }
        | Event::SlotsSettled { .. }
        | Event::BackfillStarted { .. }
        | Event::BackfillAdvanced { .. }
        | Event::BackfillRunEnded { .. }
        | Event::BackfillCancelled { .. } => 4,
        Event::TriggerInstalled { .. }
        | Event::TriggerUpdated { .. }
        | Event::TriggerUninstalled { .. }
        | Event::TriggerEnabled { .. }
        | Event::TriggerDisabled { .. }
        | Event::TriggerReported { .. }
        | Event::SubscriptionCreated { .. }
        | Event::SubscriptionUpdated { .. }
        | Event::SubscriptionDeleted { .. }
        | Event::SubscriptionEnabled { .. }
        | Event::SubscriptionDisabled { .. }
        | Event::EventsTaken { .. }
        | Event::EventsFollowed { .. } => 4,
        _ => 1,
    }
}

#[derive(Default)]
pub(super) struct Versions {
    /// That of each node's newest process.
    of: BTreeMap<NodeId, u32>,
    /// The first event of each version.
    first: BTreeMap<u32, u64>,
}

impl Invariant for Versions {
    fn name(&self) -> &'static str {
        "versions-known"
    }

    fn see(&mut self, _at: u64, fact: &Fact) -> Result<(), String> {
        match fact {
            Fact::Started { node, logic_version } => {
                self.of.insert(*node, *logic_version);
            }
            Fact::Recorded { revision, event, .. } => {
                self.first.entry(since(event)).or_insert(*revision);
            }
            Fact::Applied { node, revision, .. } => {
                let own = self.of.get(node).copied().unwrap_or_default();
                let unknown = self.first.range(own + 1..).find(|(_, first)| *first <= revision);
                if let Some((version, first)) = unknown {
                    return Err(format!(
                        "node {node} of logic version {own} has applied revision {first}, which is of version {version}"
                    ));
                }
            }
            _ => {}
        }
        Ok(())
    }
}
