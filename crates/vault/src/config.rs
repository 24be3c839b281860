//! How a Vault is reached, and what is read there.

use std::fmt;
use std::path::PathBuf;

/// Longest mount or prefix, in bytes.
const PATH_BYTES_MAX: usize = 256;

/// How a Vault is reached. It holds no secret, only where one is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `https://` or `http://` and a host.
    pub address: String,
    /// Where the engine KV version 2 is mounted.
    pub mount: String,
    /// What comes before the scope in a path; empty: nothing.
    pub prefix: String,
    /// A namespace of the Vault; none: its root.
    pub namespace: Option<String>,
    pub login: Login,
    /// File with the PEM certificates that are trusted instead of the system's.
    pub ca_file: Option<PathBuf>,
}

/// How this node proves itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// A file with a token, which somebody else renews; it is read for each value.
    TokenFile(PathBuf),
    /// Role and secret of the method `approle`, mounted at `mount`; the file with the secret is read for each login.
    AppRole { mount: String, role_id: String, secret_id_file: PathBuf },
}

impl Config {
    /// What is wrong with an address, if anything.
    ///
    /// # Errors
    /// The rule.
    pub fn check_address(address: &str) -> Result<(), String> {
        let host = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
        match host.map(|host| host.trim_end_matches('/')) {
            Some(host) if !host.is_empty() && host.len() <= 255 && host.chars().all(allowed) => Ok(()),
            _ => Err(format!("{address:?} is no address of a Vault; use https://HOST:PORT or http://HOST:PORT")),
        }
    }

    /// What is wrong with a mount, a prefix or a namespace, if anything.
    ///
    /// # Errors
    /// The rule.
    pub fn check_path(path: &str) -> Result<(), String> {
        let is_word = |word: &str| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
            !matches!(word, "" | "." | "..") && word.chars().all(allowed)
        };
        if path.len() <= PATH_BYTES_MAX && path.split('/').all(is_word) {
            return Ok(());
        }
        Err(format!(
            "{path:?} is no path in a Vault; use ASCII letters, digits, '.', '_', '-', and '/' between words, at most \
             {PATH_BYTES_MAX} bytes"
        ))
    }
}

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address.trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_paths_are_checked() {
        for good in ["https://vault.example.com:8200", "http://127.0.0.1:8200/", "http://[::1]:8200"] {
            Config::check_address(good).unwrap();
        }
        for bad in ["", "vault:8200", "https://", "https://a/b", "https://u:p@a", "ftp://a"] {
            assert!(Config::check_address(bad).unwrap_err().contains("https://HOST:PORT"), "{bad}");
        }
        for good in ["secret", "team-a/kv.2", "A_b"] {
            Config::check_path(good).unwrap();
        }
        let long = "a".repeat(PATH_BYTES_MAX + 1);
        for bad in ["", "/secret", "secret/", "a//b", "a/../b", "a b", "a?b", "ä", &long] {
            assert!(Config::check_path(bad).unwrap_err().contains("between words"), "{bad}");
        }
    }
}
