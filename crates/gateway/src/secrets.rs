//! What the gateway needs of whoever keeps the cluster keys.

use async_trait::async_trait;
use gofer_consensus::ProposeError;
use gofer_domain::{ClusterKey, NodeId, PipelineKey, Rejection, Revision, SealedSecret, SecretKey, SecretName};
use gofer_wire::peer::v1 as wire;
use tonic::{Code, Request};
use zeroize::Zeroizing;

use crate::errors::{self, Fault, reason};
use crate::peers::{Lane, Peers};

/// How long a node may take to fetch and keep a key, or to hand one over.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// Keeps the cluster keys of this node.
#[async_trait]
pub trait KeepKeys: Send + Sync + 'static {
    /// Seals a value for the version that comes next.
    ///
    /// # Errors
    /// See [`KeysError`].
    async fn seal(&self, key: &SecretKey, value: &[u8]) -> Result<SealedSecret, KeysError>;

    /// Replaces the cluster key.
    ///
    /// # Errors
    /// See [`KeysError`].
    async fn rotate(&self) -> Result<(ClusterKey, Revision), KeysError>;

    /// Fetches a key from a member, and keeps it.
    ///
    /// # Errors
    /// See [`KeysError`].
    async fn take(&self, key: ClusterKey, from: NodeId) -> Result<(), KeysError>;

    /// A key, encrypted for whoever drew a public key: the public key of this side, and the sealed key. None when it is
    /// not here.
    fn hand_out(&self, key: ClusterKey, public_key: &[u8]) -> Option<(Vec<u8>, Vec<u8>)>;

    /// What this node has.
    fn keys(&self) -> Vec<ClusterKey>;
}

/// Reads secrets that webhooks are signed with.
#[async_trait]
pub trait ReadSecrets: Send + Sync + 'static {
    /// The value that a pipeline's tasks would get under a name.
    ///
    /// # Errors
    /// Why there is none, without any value.
    async fn read(&self, pipeline: &PipelineKey, name: &SecretName) -> Result<Zeroizing<Vec<u8>>, String>;
}

/// Why the keys did not do. No message holds a value or a key.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    #[error("{message}")]
    Invalid { message: String, help: &'static str },
    /// Worth another try.
    #[error("{0}")]
    Unavailable(String),
    #[error("{0}")]
    Rejected(Rejection),
    #[error(transparent)]
    Propose(#[from] ProposeError),
}

impl From<KeysError> for Fault {
    fn from(error: KeysError) -> Self {
        match error {
            KeysError::Invalid { message, help } => Self::invalid("value", message).help(help),
            KeysError::Unavailable(why) => Self::new(Code::FailedPrecondition, reason::NO_KEY, why)
                .help("look at `gofer secret status`, and start nodes that are down; then try again"),
            KeysError::Rejected(rejection) => errors::rejected(&rejection),
            KeysError::Propose(error) => errors::unanswered(&error, None),
        }
    }
}

/// Reaches the keys of other nodes. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct KeyClient(Peers);

impl KeyClient {
    #[must_use]
    pub fn new(peers: Peers) -> Self {
        Self(peers)
    }

    /// Has a node fetch a key from this one.
    ///
    /// # Errors
    /// Why it does not have it, for the record.
    pub async fn offer(&self, address: &str, key: ClusterKey, own: NodeId) -> Result<(), String> {
        let message =
            wire::OfferClusterKeyRequest { key: Some(gofer_store::codec::cluster_key_to_wire(key)), node: own.0 };
        let call =
            async |mut client: crate::peers::Client, request: Request<_>| client.offer_cluster_key(request).await;
        let answer = self.0.call(Lane::Calls, address, message, PATIENCE, call).await;
        answer.map(drop).map_err(|status| status.message().to_owned())
    }

    /// Asks a node for a key: its public key of this exchange, and the sealed key.
    ///
    /// # Errors
    /// Why there is none, for the record.
    pub async fn fetch(&self, address: &str, key: ClusterKey, public: &[u8]) -> Result<(Vec<u8>, Vec<u8>), String> {
        let key = Some(gofer_store::codec::cluster_key_to_wire(key));
        let message = wire::FetchClusterKeyRequest { key, public_key: public.to_vec().into() };
        let call =
            async |mut client: crate::peers::Client, request: Request<_>| client.fetch_cluster_key(request).await;
        let answer = self.0.call(Lane::Calls, address, message, PATIENCE, call).await;
        let answer = answer.map_err(|status| status.message().to_owned())?;
        Ok((answer.public_key.to_vec(), answer.sealed_key.to_vec()))
    }
}
