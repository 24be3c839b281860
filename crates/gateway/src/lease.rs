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
