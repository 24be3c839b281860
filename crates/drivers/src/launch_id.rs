//! The name of a launch, which is at the same time the idempotency key of the backend.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Longest id, in bytes: what Docker, Nomad and Kubernetes all take as a name.
const BYTES_MAX: usize = 63;
/// Bytes of the digest in a derived id; 80 bits, twice as many hexadecimal digits.
const DIGEST_BYTES: usize = 10;
/// What is left for the readable part and a '-'.
const READABLE_MAX: usize = BYTES_MAX - 2 * DIGEST_BYTES - 1;

/// Name of one launch: 1 to 63 of `a-z`, `A-Z`, `0-9`, `_`, `.`, `-`, starting with a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LaunchId(String);

impl LaunchId {
    /// Checks and wraps a name.
    ///
    /// # Errors
    /// [`InvalidId`] when the name is empty, too long, or not made of the allowed characters.
    pub fn new(text: &str) -> Result<Self, InvalidId> {
        let fits = (1..=BYTES_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
            && text.starts_with(|first: char| first.is_ascii_alphanumeric());
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidId(text.chars().take(80).collect())) }
    }

    /// The id of an attempt: readable, and different for different attempts.
    ///
    /// `cluster` is the whole name of the cluster, of which the first 8 characters are shown. The parts may contain
    /// '-', so the readable form alone could name two attempts; the digest of the length-prefixed parts tells them
    /// apart.
    #[must_use]
    pub fn derive(cluster: &str, namespace: &str, pipeline: &str, run: u64, task: &str, attempt: u32) -> Self {
        let (run, attempt) = (run.to_string(), attempt.to_string());
        let mut hash = Sha256::new();
        for part in [cluster, namespace, pipeline, &run, task, &attempt] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        let digest: String = hash.finalize()[..DIGEST_BYTES].iter().map(|byte| format!("{byte:02x}")).collect();
        let cluster = shown(cluster, 8);
        let numbers = cluster.len() + run.len() + attempt.len() + 5;
        let names = [namespace, pipeline, task];
        let whole: usize = names.iter().map(|name| name.len()).sum();
        let room = READABLE_MAX.saturating_sub(numbers);
        let each = if whole <= room { usize::MAX } else { room / names.len() };
        let [namespace, pipeline, task] = names.map(|name| shown(name, each));
        let readable = shown(&format!("{cluster}-{namespace}-{pipeline}-{run}-{task}-{attempt}"), READABLE_MAX);
        // An empty or odd cluster name must not make the id start with a separator.
        let readable = readable.trim_start_matches(['-', '_', '.']);
        Self(if readable.is_empty() { digest } else { format!("{readable}-{digest}") })
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The first `max` characters that an id may contain.
fn shown(text: &str, max: usize) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')).take(max).collect()
}

impl fmt::Display for LaunchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<LaunchId> for String {
    fn from(id: LaunchId) -> Self {
        id.0
    }
}

impl TryFrom<String> for LaunchId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::new(&text)
    }
}

/// A text that is no launch id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no launch id: use 1 to 63 ASCII letters, digits, '_', '.' or '-', starting with a letter or digit")]
pub struct InvalidId(String);

#[cfg(test)]
mod tests {
    use super::LaunchId;

    #[test]
    fn derived_ids_are_readable_and_valid() {
        let id = LaunchId::derive("0123456789abcdef", "prod", "build", 7, "compile", 2);
        assert!(id.as_str().starts_with("01234567-prod-build-7-compile-2-"), "{id}");
        assert_eq!(LaunchId::new(id.as_str()), Ok(id));
    }

    #[test]
    fn dashes_do_not_make_two_attempts_one() {
        let left = LaunchId::derive("c", "a-b", "c", 1, "t", 1);
        let right = LaunchId::derive("c", "a", "b-c", 1, "t", 1);
        assert_ne!(left, right);
    }

    #[test]
    fn long_names_stay_within_the_limit_and_apart() {
        let long = "x".repeat(64);
        let ids: std::collections::BTreeSet<_> = (1..=100)
            .flat_map(|run| {
                (1..=3).map({
                    let long = long.clone();
                    move |attempt| LaunchId::derive("cluster0", &long, &long, run, &long, attempt)
                })
            })
            .collect();
        assert_eq!(ids.len(), 300);
        assert!(ids.iter().all(|id| LaunchId::new(id.as_str()).is_ok()));
        let extreme = LaunchId::derive(&long, &long, &long, u64::MAX, &long, u32::MAX);
        assert!(LaunchId::new(extreme.as_str()).is_ok(), "{extreme}");
    }

    #[test]
    fn bad_names_are_refused() {
        for bad in ["", ".", "..", "-a", "a/b", "a b", "ä", &"x".repeat(64)] {
            assert!(LaunchId::new(bad).is_err(), "{bad}");
        }
    }
}
