//! The places that a node knows, in the order in which they are asked.

use crate::Value;
use crate::error::Error;
use crate::files::{self, Files};
use crate::kubernetes::{self, Kubernetes};
use crate::scope::Scope;
use crate::vault::{self, Vault};

/// The places that a node knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configs {
    pub files: Option<files::Config>,
    pub vault: Option<vault::Config>,
    pub kubernetes: Option<kubernetes::Config>,
}

/// Places outside the cluster where secrets are.
#[derive(Clone, Debug, Default)]
pub struct Providers(Vec<Provider>);

#[derive(Clone, Debug)]
enum Provider {
    Files(Files),
    Vault(Vault),
    Kubernetes(Kubernetes),
}

impl Providers {
    /// The places of a configuration. Nothing is asked of them yet, so that a node starts without them.
    ///
    /// # Errors
    /// [`Error::Config`] when certificates are missing or can't be read.
    pub fn open(configs: &Configs) -> Result<Self, Error> {
        let files = configs.files.clone().map(Files::new).map(Provider::Files);
        let vault = configs.vault.as_ref().map(Vault::open).transpose()?.map(Provider::Vault);
        let kubernetes = configs.kubernetes.as_ref().map(Kubernetes::open).transpose()?.map(Provider::Kubernetes);
        Ok(Self([files, vault, kubernetes].into_iter().flatten().collect()))
    }

    /// The value that a pipeline gets under a name: of the first place that has it, and there of the narrowest scope.
    ///
    /// # Errors
    /// [`Error::Missing`] when no place has it, which says where it was looked for. Any other error of a place ends the search:
    /// a value of the next one may not be the one that somebody meant.
    pub async fn find(&self, namespace: &str, pipeline: &str, name: &str) -> Result<Value, Error> {
        let scopes = Scope::of(namespace, pipeline);
        let mut looked = Vec::new();
        for provider in &self.0 {
            for scope in scopes {
                if let Some(value) = provider.find(scope, name).await? {
                    return Ok(value);
                }
            }
            let paths: Vec<String> = scopes.iter().filter_map(|scope| provider.path(*scope, name)).collect();
            looked.push(format!(", nor in {} at {}", provider.place(), paths.join(", ")));
        }
        Err(Error::Missing(looked.concat()))
    }
}

impl Provider {
    fn place(&self) -> &str {
        match self {
            Self::Files(files) => files.place(),
            Self::Vault(vault) => vault.place(),
            Self::Kubernetes(kubernetes) => kubernetes.place(),
        }
    }

    fn path(&self, scope: Scope<'_>, name: &str) -> Option<String> {
        match self {
            Self::Files(files) => Some(files.path(scope, name).display().to_string()),
            Self::Vault(vault) => Some(vault.path(scope, name)),
            Self::Kubernetes(kubernetes) => kubernetes.path(scope, name),
        }
    }

    async fn find(&self, scope: Scope<'_>, name: &str) -> Result<Option<Value>, Error> {
        match self {
            Self::Files(files) => files.find(scope, name).await,
            Self::Vault(vault) => vault.find(scope, name).await,
            Self::Kubernetes(kubernetes) => kubernetes.find(scope, name).await,
        }
    }
}
