//! A Vault that holds secrets: its settings, and back.

use std::path::PathBuf;

use gofer_secret_providers::vault::{Config, Login};
use serde::{Deserialize, Serialize};

use super::validate::Faults;

const MOUNT: &str = "secret";
const PREFIX: &str = "gofer";
const APPROLE_MOUNT: &str = "approle";

/// A HashiCorp Vault or an OpenBao, in which secrets are looked for that the cluster does not hold itself.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct VaultSettings {
    /// `https://HOST:PORT`; absent: there is none.
    pub address: Option<String>,
    /// Where the engine KV version 2 is mounted.
    pub mount: Option<String>,
    /// What comes before the scope in a path; may be empty.
    pub prefix: Option<String>,
    /// Namespace of the Vault.
    pub namespace: Option<String>,
    /// File that holds a token, which somebody else renews.
    pub token_file: Option<PathBuf>,
    /// Role of the method AppRole, instead of a token.
    pub role_id: Option<String>,
    /// File that holds the secret of the role.
    pub secret_id_file: Option<PathBuf>,
    /// Where the method AppRole is mounted.
    pub approle_mount: Option<String>,
    /// File with the certificates that are trusted instead of the system's.
    pub ca_file: Option<PathBuf>,
}

impl VaultSettings {
    /// These where they say something, else others.
    pub(super) fn over(self, weak: Self) -> Self {
        Self {
            address: self.address.or(weak.address),
            mount: self.mount.or(weak.mount),
            prefix: self.prefix.or(weak.prefix),
            namespace: self.namespace.or(weak.namespace),
            token_file: self.token_file.or(weak.token_file),
            role_id: self.role_id.or(weak.role_id),
            secret_id_file: self.secret_id_file.or(weak.secret_id_file),
            approle_mount: self.approle_mount.or(weak.approle_mount),
            ca_file: self.ca_file.or(weak.ca_file),
        }
    }

    pub(super) fn check(&self, faults: &mut Faults) -> Option<Config> {
        let Some(address) = self.address.clone() else {
            if *self != Self::default() {
                faults.add("vault.address", "is missing; name the Vault that the other settings of [vault] are for");
            }
            return None;
        };
        if let Err(why) = Config::check_address(&address) {
            faults.add("vault.address", why);
        }
        let mut path = |key, value: &Option<String>, default: &str| {
            let value = value.clone().unwrap_or_else(|| default.to_owned());
            // Only a prefix may be none.
            if !(value.is_empty() && key == "vault.prefix")
                && let Err(why) = Config::check_path(&value)
            {
                faults.add(key, why);
            }
            value
        };
        let mount = path("vault.mount", &self.mount, MOUNT);
        let prefix = path("vault.prefix", &self.prefix, PREFIX);
        let approle_mount = path("vault.approle-mount", &self.approle_mount, APPROLE_MOUNT);
        let namespace = self.namespace.is_some().then(|| path("vault.namespace", &self.namespace, ""));
        let login = match (&self.token_file, &self.role_id, &self.secret_id_file) {
            (Some(file), None, None) if self.approle_mount.is_none() => Login::TokenFile(file.clone()),
            (None, Some(role_id), Some(file)) if !role_id.is_empty() => {
                Login::AppRole { mount: approle_mount, role_id: role_id.clone(), secret_id_file: file.clone() }
            }
            _ => {
                faults.add(
                    "vault",
                    "needs either token-file, or role-id and secret-id-file, to prove this node to the Vault",
                );
                return None;
            }
        };
        Some(Config { address, mount, prefix, namespace, login, ca_file: self.ca_file.clone() })
    }

    pub(super) fn of(config: &Config) -> Self {
        let (token_file, role_id, secret_id_file, approle_mount) = match config.login.clone() {
            Login::TokenFile(file) => (Some(file), None, None, None),
            Login::AppRole { mount, role_id, secret_id_file } => {
                (None, Some(role_id), Some(secret_id_file), Some(mount))
            }
        };
        Self {
            address: Some(config.address.clone()),
            mount: Some(config.mount.clone()),
            prefix: Some(config.prefix.clone()),
            namespace: config.namespace.clone(),
            token_file,
            role_id,
            secret_id_file,
            approle_mount,
            ca_file: config.ca_file.clone(),
        }
    }
}
