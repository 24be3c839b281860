//! What the executor works with.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use gofer_consensus::{Host, Propose};
use gofer_domain::config::DriverKind;
use gofer_domain::{AttemptKey, NodeId, PipelineKey};
use gofer_drivers::{Driver, RegistryAuth, Zeroizing};
use gofer_store::Store;

/// What the composition root gives to an executor.
#[derive(Clone)]
pub struct Parts {
    pub store: Store,
    /// Reaches the leader, wherever it is.
    pub propose: Arc<dyn Propose>,
    /// At most one of each kind.
    pub drivers: Vec<Arc<dyn Driver>>,
    pub leases: Arc<dyn LeaseClient>,
    pub replicate: Arc<dyn Replicate>,
    pub registries: Arc<dyn RegistryCredentials>,
    pub access: Arc<dyn TaskAccess>,
    pub secrets: Arc<dyn FindSecrets>,
    /// Where the node runs.
    pub host: Host,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("drivers", &self.drivers).finish_non_exhaustive()
    }
}

/// Asks the leader for leases.
#[async_trait]
pub trait LeaseClient: Send + Sync {
    /// Renews the lease of a node's incarnation; it ends so long after this call began. `None`: the leader grants
    /// none for now.
    ///
    /// # Errors
    /// When no leader answered.
    async fn renew(&self, node: NodeId, incarnation: u64) -> Result<Option<Duration>, LeaseError>;
}

/// Why no answer came; for the record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the lease could not be renewed: {0}")]
pub struct LeaseError(pub String);

/// Copies blobs to other nodes.
#[async_trait]
pub trait Replicate: Send + Sync {
    /// Returns once a majority of the voters holds the blob, which this node's store has.
    ///
    /// # Errors
    /// When that did not come about in time. Worth another try.
    async fn replicate(&self, digest: [u8; 32]) -> Result<(), ReplicateError>;
}

/// Why a blob has too few copies.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the blob could not be copied to a majority: {0}")]
pub struct ReplicateError(pub String);

/// Finds the secrets that tasks ask for.
#[async_trait]
pub trait FindSecrets: Send + Sync {
    /// The value that a task of a pipeline gets under a name.
    ///
    /// # Errors
    /// See [`FindError`].
    async fn find(&self, pipeline: &PipelineKey, name: &str) -> Result<Zeroizing<Vec<u8>>, FindError>;
}

/// Why there is no value. The text holds none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// There is none, and another try would not find one.
    #[error("{0}")]
    Missing(String),
    /// It can't be had for now.
    #[error("{0}")]
    Unavailable(String),
}

/// Finds nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSecrets;

#[async_trait]
impl FindSecrets for NoSecrets {
    async fn find(&self, _: &PipelineKey, name: &str) -> Result<Zeroizing<Vec<u8>>, FindError> {
        Err(FindError::Missing(format!("this node keeps no secrets, so not {name}")))
    }
}

/// Logins at image registries.
pub trait RegistryCredentials: Send + Sync {
    /// The login at a registry (`host` or `host:port`; `docker.io` for images that name none).
    fn credentials(&self, registry: &str) -> Option<RegistryAuth>;
}

impl RegistryCredentials for BTreeMap<String, RegistryAuth> {
    fn credentials(&self, registry: &str) -> Option<RegistryAuth> {
        self.get(registry).cloned()
    }
}

/// The way of tasks to the API.
pub trait TaskAccess: Send + Sync {
    /// Variables that tell an attempt where the API is, and let it in. The same at each call.
    fn variables(&self, attempt: &AttemptKey, driver: DriverKind) -> Vec<(&'static str, String)>;
}

/// Lets no task in.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoAccess;

impl TaskAccess for NoAccess {
    fn variables(&self, _: &AttemptKey, _: DriverKind) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// Logs in nowhere.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCredentials;

impl RegistryCredentials for NoCredentials {
    fn credentials(&self, _: &str) -> Option<RegistryAuth> {
        None
    }
}
