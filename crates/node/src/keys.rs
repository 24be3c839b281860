//! The keeper of keys, for the parts that need it and don't know it.

use std::sync::Arc;

use async_trait::async_trait;
use gofer_consensus::{Propose, Raft};
use gofer_domain::{ClusterKey, NodeId, PipelineKey, Revision, SealedSecret, SecretKey, SecretName};
use gofer_executor::{FindError, FindSecrets};
use gofer_gateway::{KeepKeys, KeyClient, KeysError, Peers, ReadSecrets};
use gofer_secret_providers::{Configs, Providers};
use gofer_secrets::{Error, Keeper, KeyPeers, PeerError, SealedKey, Zeroizing};
use gofer_store::Store;
use tokio_util::sync::CancellationToken;

use crate::config::Config;

/// The keeper of the keys in a node's data directory.
pub(crate) fn open(
    config: &Config,
    store: &Store,
    raft: &Raft,
    propose: Arc<dyn Propose>,
    peers: &Peers,
) -> anyhow::Result<Keeper> {
    let others = Arc::new(Others(KeyClient::new(peers.clone())));
    Ok(Keeper::open(&config.data_dir.join(gofer_secrets::DIRECTORY), store.clone(), raft.clone(), propose, others)?)
}

/// Looks after the keys until the stop.
pub(crate) async fn keep(keeper: Keeper, stop: CancellationToken) -> anyhow::Result<()> {
    keeper.run(stop).await;
    Ok(())
}

/// The gateway's way to the keys of other nodes.
pub(crate) struct Others(pub(crate) KeyClient);

#[async_trait]
impl KeyPeers for Others {
    async fn offer(&self, address: &str, key: ClusterKey, own: NodeId) -> Result<(), PeerError> {
        self.0.offer(address, key, own).await.map_err(PeerError)
    }

    async fn fetch(&self, address: &str, key: ClusterKey, public_key: &[u8]) -> Result<SealedKey, PeerError> {
        let (public_key, sealed_key) = self.0.fetch(address, key, public_key).await.map_err(PeerError)?;
        Ok(SealedKey { public_key, sealed_key })
    }
}

/// The keeper, for the gateway.
pub(crate) struct Kept(pub(crate) Keeper);

#[async_trait]
impl KeepKeys for Kept {
    async fn seal(&self, key: &SecretKey, value: &[u8]) -> Result<SealedSecret, KeysError> {
        self.0.seal(key, value).await.map_err(told)
    }

    async fn rotate(&self) -> Result<(ClusterKey, Revision), KeysError> {
        self.0.rotate().await.map_err(told)
    }

    async fn take(&self, key: ClusterKey, from: NodeId) -> Result<(), KeysError> {
        self.0.take(key, from).await.map_err(told)
    }

    fn hand_out(&self, key: ClusterKey, public_key: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
        self.0.hand_out(key, public_key).map(|sealed| (sealed.public_key, sealed.sealed_key))
    }

    fn keys(&self) -> Vec<ClusterKey> {
        self.0.keys()
    }
}

fn told(error: Error) -> KeysError {
    match error {
        Error::Invalid { message, help } => KeysError::Invalid { message, help },
        Error::Rejected(rejection) => KeysError::Rejected(rejection),
        Error::Propose(error) => KeysError::Propose(error),
        other => KeysError::Unavailable(chain(&other)),
    }
}

/// The keeper, for the executor.
pub(crate) struct Found {
    keeper: Keeper,
    /// Where secrets are looked for that the cluster does not hold.
    outside: Providers,
}

impl Found {
    pub(crate) fn open(keeper: Keeper, outside: &Configs) -> anyhow::Result<Self> {
        Ok(Self { keeper, outside: Providers::open(outside)? })
    }
}

#[async_trait]
impl FindSecrets for Found {
    async fn find(&self, pipeline: &PipelineKey, name: &str) -> Result<Zeroizing<Vec<u8>>, FindError> {
        // Names were checked with the pipeline.
        let name = SecretName::new(name).map_err(|rejection| FindError::Missing(rejection.to_string()))?;
        match self.keeper.find(pipeline, &name).await {
            Ok(Some((_, value))) => Ok(value),
            Ok(None) => outside(&self.outside, pipeline, &name).await,
            Err(error @ Error::Damaged { .. }) => Err(FindError::Missing(error.to_string())),
            Err(error) => Err(FindError::Unavailable(chain(&error))),
        }
    }
}

#[async_trait]
impl ReadSecrets for Found {
    async fn read(&self, pipeline: &PipelineKey, name: &SecretName) -> Result<Zeroizing<Vec<u8>>, String> {
        self.find(pipeline, name.as_str()).await.map_err(|error| error.to_string())
    }
}

#[async_trait]
impl gofer_polling::ReadSecrets for Found {
    async fn read(&self, pipeline: &PipelineKey, name: &SecretName) -> Result<Zeroizing<Vec<u8>>, String> {
        self.find(pipeline, name.as_str()).await.map_err(|error| error.to_string())
    }
}

/// The value of a secret that the cluster does not hold.
async fn outside(
    providers: &Providers,
    pipeline: &PipelineKey,
    name: &SecretName,
) -> Result<Zeroizing<Vec<u8>>, FindError> {
    use gofer_secret_providers::Error;
    let (namespace, id) = (pipeline.namespace.as_str(), pipeline.pipeline.as_str());
    providers.find(namespace, id, name.as_str()).await.map_err(|error| match error {
        Error::Missing(looked) => FindError::Missing(format!(
            "there is no secret {name}: not of pipeline {pipeline}, not of namespace {namespace}, not global{looked}; set it \
             with `gofer secret set {name}` and run again"
        )),
        error @ Error::Unavailable { .. } => FindError::Unavailable(error.to_string()),
        error => FindError::Missing(error.to_string()),
    })
}

fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
