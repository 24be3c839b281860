//! How Kubernetes is reached, and what is read there.

use std::path::PathBuf;

use super::is_object_name;
use crate::address;

/// Longest prefix, so that what comes after it fits in a name.
const PREFIX_BYTES_MAX: usize = 63;

/// How Kubernetes is reached. It holds no secret, only where one is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `https://` or `http://` and a host.
    pub address: String,
    /// Namespace of the objects.
    pub namespace: String,
    /// What the names of the objects begin with.
    pub prefix: String,
    /// File with the token of a service account, which somebody else renews; it is read for each value.
    pub token_file: PathBuf,
    /// File with the PEM certificates that are trusted instead of the system's.
    pub ca_file: Option<PathBuf>,
}

impl Config {
    /// The API as pods see it.
    pub const ADDRESS: &str = "https://kubernetes.default.svc";
    /// Where pods find their token.
    pub const TOKEN_FILE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";
    /// Where pods find the certificate of the API.
    pub const CA_FILE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";

    /// What is wrong with an address, if anything.
    ///
    /// # Errors
    /// The rule.
    pub fn check_address(address: &str) -> Result<(), String> {
        address::check(address, "Kubernetes API")
    }

    /// What is wrong with a namespace or a prefix, if anything.
    ///
    /// # Errors
    /// The rule.
    pub fn check_label(label: &str) -> Result<(), String> {
        if label.len() <= PREFIX_BYTES_MAX && !label.contains('.') && is_object_name(label) {
            return Ok(());
        }
        Err(format!(
            "{label:?} is no name in Kubernetes; use at most {PREFIX_BYTES_MAX} lower-case ASCII letters, digits and '-', \
             with a letter or a digit at both ends"
        ))
    }
}
