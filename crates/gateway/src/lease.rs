//! Leases: the right of a node to execute for a while, granted by the leader.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use gofer_domain::NodeId;

use crate::cluster::Cluster;

/// The leader's side.
#[async_trait]
pub trait GrantLease: Send + Sync + 'static {
    /// How long the lease of this incarnation of a node lasts, counted from when the node sent its request; `None`
    /// when none is granted, be it because this node does not lead.
    async fn renew(&self, node: NodeId, incarnation: u64) -> Option<Duration>;

    /// How the leases of the nodes that are not lost stand; none while this node does not lead.
    fn report(&self) -> Vec<LeaseReport>;
}

/// How a node's lease stands, as the leader sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseReport {
    pub node: NodeId,
    pub standing: LeaseStanding,
    /// The longest that a lease lasts.
    pub full: Duration,
    /// How long after its last renewal the node is declared lost.
    pub lost_after: Duration,
}

/// What is known of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseStanding {
    /// It is held, and so much is left of it.
    Held { left: Duration },
    /// This leader has granted none so far; an earlier one may have.
    Unknown,
    /// It has ended, and the node was not declared lost so far.
    RunOut,
}

/// No leader answered. The lease goes on as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the leader can't be asked for a lease: {0}")]
pub struct RenewError(pub String);

/// The executing node's side: asks whoever leads. Cloning is cheap.
#[derive(Clone)]
pub struct LeaseRenewer {
    cluster: Cluster,
    local: Arc<dyn GrantLease>,
}

impl fmt::Debug for LeaseRenewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeaseRenewer").finish_non_exhaustive()
    }
}

impl LeaseRenewer {
    /// `local` is asked while this node leads.
    #[must_use]
    pub fn new(cluster: Cluster, local: Arc<dyn GrantLease>) -> Self {
        Self { cluster, local }
    }

    /// Renews the lease. It lasts for the returned time, counted from when this was called. One try, of at most two
    /// seconds: the caller knows how much time is left.
    ///
    /// # Errors
    /// [`RenewError`] when there is no leader or it can't be reached.
    pub async fn renew(&self, node: NodeId, incarnation: u64) -> Result<Option<Duration>, RenewError> {
        self.cluster.renew_lease(&*self.local, node, incarnation).await
    }
}
