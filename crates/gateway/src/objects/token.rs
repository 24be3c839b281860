//! Tokens of tasks: what lets a running attempt at the objects of its run and pipeline, and at nothing else.
//!
//! A token names its attempt, and proves by a key that only this node has that this node gave it out. It is computed, not
//! kept: the same attempt has the same token after a restart of the node. It ends with the attempt, which the caller
//! looks up in the state.

use std::fmt;
use std::path::Path;

use gofer_domain::{AttemptKey, NamespaceId, PipelineId, PipelineKey, RunKey, TaskId, TaskKey};
use gofer_store::durable;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// How tokens begin.
const PREFIX: &str = "gofer-task.";
/// Longest token.
const TOKEN_BYTES_MAX: usize = 512;

/// Makes and checks tokens of this node.
#[derive(Clone)]
pub struct TaskTokens {
    key: [u8; 32],
}

impl fmt::Debug for TaskTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskTokens").finish_non_exhaustive()
    }
}

impl TaskTokens {
    /// With the key in a file, which is drawn if it is missing, and readable for this user alone.
    ///
    /// # Errors
    /// When it can't be read or written.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        match std::fs::read(path) {
            Ok(bytes) => {
                let key = bytes.try_into().map_err(|_| std::io::Error::other("a key has 32 bytes"))?;
                return Ok(Self { key });
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let mut key = [0; 32];
        for half in key.chunks_mut(16) {
            half.copy_from_slice(uuid::Uuid::new_v4().as_bytes());
        }
        durable::write_private(path, &key).map_err(std::io::Error::other)?;
        Ok(Self { key })
    }

    /// The token of an attempt.
    #[must_use]
    pub fn token(&self, attempt: &AttemptKey) -> String {
        let run = &attempt.task.run;
        let parts = [run.pipeline.namespace.as_str(), run.pipeline.pipeline.as_str(), attempt.task.task.as_str()];
        let subject = format!("{}.{}.{}", parts.join("."), run.run, attempt.attempt);
        let proof = self.mac(&subject).finalize().into_bytes();
        let proof: String = proof.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{PREFIX}{subject}.{proof}")
    }

    /// The attempt that a token was made for; none when this node did not make it.
    #[must_use]
    pub fn attempt(&self, token: &str) -> Option<AttemptKey> {
        let (subject, proof) = token.get(..TOKEN_BYTES_MAX.min(token.len()))?.strip_prefix(PREFIX)?.rsplit_once('.')?;
        let proof = gofer_store::Digest::from_hex(proof)?;
        self.mac(subject).verify_slice(&proof.0).ok()?;
        let mut parts = subject.split('.');
        let mut next = || parts.next();
        let (namespace, pipeline, task) = (next()?, next()?, next()?);
        let pipeline =
            PipelineKey { namespace: NamespaceId::new(namespace).ok()?, pipeline: PipelineId::new(pipeline).ok()? };
        let task = TaskId::new(task).ok()?;
        let run = RunKey { pipeline, run: next()?.parse().ok()? };
        Some(AttemptKey { task: TaskKey { run, task }, attempt: next()?.parse().ok()? })
    }

    fn mac(&self, subject: &str) -> Hmac<Sha256> {
        // As HMAC pads a key that is shorter than a block.
        let mut block = [0; 64];
        block[..32].copy_from_slice(&self.key);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(subject.as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(number: u32) -> AttemptKey {
        let pipeline =
            PipelineKey { namespace: NamespaceId::new("n-1").unwrap(), pipeline: PipelineId::new("p_2").unwrap() };
        let task = TaskKey { run: RunKey { pipeline, run: u64::MAX }, task: TaskId::new("t").unwrap() };
        AttemptKey { task, attempt: number }
    }

    #[test]
    fn a_token_is_that_of_its_attempt_on_its_node() {
        let dir = tempfile::tempdir().unwrap();
        let tokens = TaskTokens::open(&dir.path().join("key")).unwrap();
        let token = tokens.token(&attempt(3));
        assert_eq!(tokens.attempt(&token), Some(attempt(3)));
        let again = TaskTokens::open(&dir.path().join("key")).unwrap();
        assert_eq!(again.token(&attempt(3)), token, "after a restart");
        let other = TaskTokens::open(&dir.path().join("other")).unwrap();
        assert_eq!(other.attempt(&token), None, "of another node");
        for (index, _) in token.char_indices() {
            let mut bytes = token.clone().into_bytes();
            bytes[index] ^= 1;
            assert_eq!(tokens.attempt(&String::from_utf8(bytes).unwrap()), None, "byte {index}");
        }
        assert_eq!(tokens.attempt(&"x".repeat(10_000)), None);
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(dir.path().join("key")).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn strange_tokens_are_none() {
        let dir = tempfile::tempdir().unwrap();
        let tokens = TaskTokens::open(&dir.path().join("key")).unwrap();
        gofer_fuzz::fuzz("task-token", &[tokens.token(&attempt(1)).into_bytes()], |bytes| {
            if let Ok(text) = std::str::from_utf8(bytes)
                && let Some(found) = tokens.attempt(text)
            {
                assert_eq!(tokens.token(&found), text);
            }
        });
    }
}
