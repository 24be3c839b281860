//! Secrets as the log knows them: names, sealed values, and the keys that wrap the values' keys.
//!
//! Nothing here can be read without a cluster key, and no cluster key is ever part of a command, an event or the
//! state: only its number and its fingerprint are.

use std::collections::BTreeMap;
use std::fmt;

use crate::ids::{NamespaceId, PipelineKey, SecretName};
use crate::time::Timestamp;

/// Who may use a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretScope {
    Global,
    Namespace(NamespaceId),
    Pipeline(PipelineKey),
}

impl SecretScope {
    /// The namespace that it lies in.
    #[must_use]
    pub fn namespace(&self) -> Option<&NamespaceId> {
        match self {
            Self::Global => None,
            Self::Namespace(namespace) => Some(namespace),
            Self::Pipeline(pipeline) => Some(&pipeline.namespace),
        }
    }
}

impl fmt::Display for SecretScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.write_str("global"),
            Self::Namespace(namespace) => write!(f, "namespace {namespace}"),
            Self::Pipeline(pipeline) => write!(f, "pipeline {pipeline}"),
        }
    }
}

/// A secret in its scope.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretKey {
    pub scope: SecretScope,
    pub name: SecretName,
}

impl fmt::Display for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.scope)
    }
}

/// A value, encrypted under a key of its own, which is wrapped by a cluster key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSecret {
    pub key: SecretKey,
    /// Counts the values of a secret from 1; a secret that is set after its deletion begins anew.
    pub version: u64,
    /// Number of the cluster key that wraps the value's key.
    pub cluster_key: u64,
    pub wrapped_key: Vec<u8>,
    pub ciphertext: Vec<u8>,
}

/// The key of a live value, wrapped by another cluster key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    pub key: SecretKey,
    pub version: u64,
    pub wrapped_key: Vec<u8>,
}

/// A cluster key, as far as it may be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClusterKey {
    /// The first is 1.
    pub number: u64,
    /// A hash of the key, by which nodes know it.
    pub fingerprint: [u8; 32],
}

/// The cluster key that wraps the keys of all live values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentKey {
    pub key: ClusterKey,
    pub since: Timestamp,
    /// Values that were deleted or replaced, and can be read as long as some node has this key.
    pub superseded: u64,
    /// When the first of them was deleted; none while none was.
    pub deleted_at: Option<Timestamp>,
}

/// A live secret without its value, which is in the views only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    pub version: u64,
    /// By the current cluster key.
    pub wrapped_key: Vec<u8>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// All live secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secrets {
    /// None before the first secret was set.
    pub current: Option<CurrentKey>,
    pub live: BTreeMap<SecretKey, Secret>,
}

impl Secrets {
    /// The secret that a task of a pipeline gets under a name: the pipeline's own, else the namespace's, else the
    /// global one.
    #[must_use]
    pub fn find(&self, pipeline: &PipelineKey, name: &SecretName) -> Option<(SecretKey, &Secret)> {
        let scopes = [
            SecretScope::Pipeline(pipeline.clone()),
            SecretScope::Namespace(pipeline.namespace.clone()),
            SecretScope::Global,
        ];
        scopes.into_iter().find_map(|scope| {
            let key = SecretKey { scope, name: name.clone() };
            let secret = self.live.get(&key)?;
            Some((key, secret))
        })
    }

    /// How many live secrets a test on their scope holds for.
    #[must_use]
    pub fn count(&self, is_meant: impl Fn(&SecretScope) -> bool) -> usize {
        self.live.keys().filter(|key| is_meant(&key.scope)).count()
    }
}
