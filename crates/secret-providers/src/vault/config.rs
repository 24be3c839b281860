//! How a Vault is reached, and what is read there.

use std::path::PathBuf;

use crate::address;

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
        address::check(address, "Vault")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_checked() {
        for good in ["secret", "team-a/kv.2", "A_b"] {
            Config::check_path(good).unwrap();
        }
        let long = "a".repeat(PATH_BYTES_MAX + 1);
        for bad in ["", "/secret", "secret/", "a//b", "a/../b", "a b", "a?b", "ä", &long] {
            assert!(Config::check_path(bad).unwrap_err().contains("between words"), "{bad}");
        }
    }
}
