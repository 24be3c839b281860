//! Files and Kubernetes as places of secrets: their settings, and back.

use std::path::PathBuf;

use gofer_secret_providers::{files, kubernetes};
use serde::{Deserialize, Serialize};

use super::validate::Faults;

const PREFIX: &str = "gofer";

/// A directory in which secrets are looked for that the cluster does not hold itself.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct SecretFilesSettings {
    /// Absent: there is none.
    pub directory: Option<PathBuf>,
    /// File with the keys of age that decrypt files whose names end with `.age`.
    pub identity_file: Option<PathBuf>,
}

impl SecretFilesSettings {
    /// These where they say something, else others.
    pub(super) fn over(self, weak: Self) -> Self {
        Self { directory: self.directory.or(weak.directory), identity_file: self.identity_file.or(weak.identity_file) }
    }

    pub(super) fn check(&self, faults: &mut Faults) -> Option<files::Config> {
        let Some(directory) = self.directory.clone() else {
            if self.identity_file.is_some() {
                faults.add("secret-files.directory", "is missing; name the directory that the identity-file is for");
            }
            return None;
        };
        if !directory.is_absolute() {
            faults.add("secret-files.directory", format!("{} is no absolute path", directory.display()));
        }
        Some(files::Config { directory, identity_file: self.identity_file.clone() })
    }

    pub(super) fn of(config: &files::Config) -> Self {
        Self { directory: Some(config.directory.clone()), identity_file: config.identity_file.clone() }
    }
}

/// A namespace of Kubernetes in which secrets are looked for that the cluster does not hold itself.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct KubernetesSecretsSettings {
    /// Namespace of the Secret objects; absent: there is none.
    pub namespace: Option<String>,
    /// What the names of the objects begin with.
    pub prefix: Option<String>,
    /// `https://HOST:PORT`; absent: the API as pods see it.
    pub address: Option<String>,
    /// File with the token of a service account; absent: the pod's own.
    pub token_file: Option<PathBuf>,
    /// File with the certificates that are trusted; absent: the pod's own, or the system's for another address.
    pub ca_file: Option<PathBuf>,
}

impl KubernetesSecretsSettings {
    /// These where they say something, else others.
    pub(super) fn over(self, weak: Self) -> Self {
        Self {
            namespace: self.namespace.or(weak.namespace),
            prefix: self.prefix.or(weak.prefix),
            address: self.address.or(weak.address),
            token_file: self.token_file.or(weak.token_file),
            ca_file: self.ca_file.or(weak.ca_file),
        }
    }

    pub(super) fn check(&self, faults: &mut Faults) -> Option<kubernetes::Config> {
        use kubernetes::Config;
        let Some(namespace) = self.namespace.clone() else {
            if *self != Self::default() {
                faults
                    .add("kubernetes-secrets.namespace", "is missing; name the namespace that has the Secret objects");
            }
            return None;
        };
        let prefix = self.prefix.clone().unwrap_or_else(|| PREFIX.to_owned());
        for (key, label) in [("kubernetes-secrets.namespace", &namespace), ("kubernetes-secrets.prefix", &prefix)] {
            if let Err(why) = Config::check_label(label) {
                faults.add(key, why);
            }
        }
        let (address, own_ca) = match &self.address {
            Some(address) => (address.clone(), None),
            None => (Config::ADDRESS.to_owned(), Some(Config::CA_FILE.into())),
        };
        if let Err(why) = Config::check_address(&address) {
            faults.add("kubernetes-secrets.address", why);
        }
        let token_file = self.token_file.clone().unwrap_or_else(|| Config::TOKEN_FILE.into());
        Some(Config { address, namespace, prefix, token_file, ca_file: self.ca_file.clone().or(own_ca) })
    }

    pub(super) fn of(config: &kubernetes::Config) -> Self {
        Self {
            namespace: Some(config.namespace.clone()),
            prefix: Some(config.prefix.clone()),
            address: Some(config.address.clone()),
            token_file: Some(config.token_file.clone()),
            ca_file: config.ca_file.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::super::{Config, Settings};
    use super::*;

    fn resolve(text: &str) -> Result<Config, String> {
        let file: Settings = toml::from_str(text).unwrap();
        let data = Settings { data_dir: Some("/d".into()), ..Settings::default() };
        Config::resolve(&data, &file).map_err(|error| error.to_string())
    }

    #[test]
    fn places_are_named_whole_or_refused() {
        let none = resolve("[secret-files]\n[kubernetes-secrets]\n").unwrap();
        assert_eq!(none.secrets, gofer_secret_providers::Configs::default());
        let pod = resolve("[kubernetes-secrets]\nnamespace = 'ci'\n").unwrap().secrets.kubernetes.unwrap();
        assert_eq!((pod.prefix.as_str(), pod.address.as_str()), ("gofer", "https://kubernetes.default.svc"));
        assert_eq!(pod.ca_file, Some(kubernetes::Config::CA_FILE.into()));
        let other = "[secret-files]\ndirectory = '/s'\nidentity-file = '/k'\n[kubernetes-secrets]\nnamespace = 'ci'\n\
                     address = 'https://k:6443'\ntoken-file = '/t'\n";
        let config = resolve(other).unwrap();
        assert_eq!(config.secrets.kubernetes.as_ref().unwrap().ca_file, None);
        let printed = toml::to_string(&config.effective()).unwrap();
        assert_eq!(resolve(&printed).unwrap().secrets, config.secrets);
        for (text, why) in [
            ("[secret-files]\nidentity-file = '/k'", "secret-files.directory: is missing"),
            ("[secret-files]\ndirectory = 's'", "s is no absolute path"),
            ("[kubernetes-secrets]\nprefix = 'a'", "kubernetes-secrets.namespace: is missing"),
            ("[kubernetes-secrets]\nnamespace = 'A'", "kubernetes-secrets.namespace: \"A\" is no name"),
            ("[kubernetes-secrets]\nnamespace = 'a'\nprefix = 'a.b'", "kubernetes-secrets.prefix: \"a.b\" is no name"),
            ("[kubernetes-secrets]\nnamespace = 'a'\naddress = 'k'", "kubernetes-secrets.address: \"k\" is no address"),
        ] {
            let fault = resolve(text).unwrap_err();
            assert!(fault.contains(why), "{text}: {fault}");
        }
    }
}
