//! How a store is reached.

use std::path::PathBuf;

use crate::location::Location;

/// How a store is reached. It holds no secret, only where one is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub location: Location,
    /// Of no use for a directory.
    pub bucket: BucketOptions,
}

/// How a bucket is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BucketOptions {
    /// `http://` or `https://` and a host; absent: Amazon's.
    pub endpoint: Option<String>,
    /// Absent: `us-east-1`, which most other servers take for theirs.
    pub region: Option<String>,
    /// Whether the bucket is in the path instead of the host's name; absent: where an endpoint is set.
    pub path_style: Option<bool>,
    /// File with credentials; absent: those of the environment.
    pub credentials_file: Option<PathBuf>,
    /// File with the PEM certificates that are trusted instead of the system's.
    pub ca_file: Option<PathBuf>,
}

impl BucketOptions {
    /// What is wrong with an endpoint, if anything.
    ///
    /// # Errors
    /// The rule.
    pub fn check_endpoint(endpoint: &str) -> Result<(), String> {
        let host = endpoint.strip_prefix("https://").or_else(|| endpoint.strip_prefix("http://"));
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
        match host.map(|host| host.trim_end_matches('/')) {
            Some(host) if !host.is_empty() && host.len() <= 255 && host.chars().all(allowed) => Ok(()),
            _ => Err(format!("{endpoint:?} is no endpoint; use http://HOST:PORT or https://HOST:PORT")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_a_scheme_and_a_host() {
        for good in ["https://s3.example.com", "http://127.0.0.1:9000", "http://[::1]:9000/"] {
            BucketOptions::check_endpoint(good).unwrap();
        }
        for bad in ["", "s3.example.com", "http://", "ftp://a", "http://user:word@host", "https://host/path"] {
            assert!(BucketOptions::check_endpoint(bad).unwrap_err().contains("http://HOST:PORT"), "{bad}");
        }
    }
}
