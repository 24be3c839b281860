//! `backup.json`: what a backup amounts to. It is written last, and a directory without it is no backup.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use gofer_audit::Hash;
use gofer_store::durable;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Name of the file.
pub(crate) const FILE: &str = "backup.json";
/// Format of backups that this code reads and writes.
pub(crate) const FORMAT: u64 = 2;
/// Format of those without objects, as they were before there were any.
const FORMAT_WITHOUT_OBJECTS: u64 = 1;
/// Largest file, in bytes: room for the digests of all blobs that may be missing.
const BYTES_MAX: u64 = 16 << 20;
/// Most blobs that a backup may do without.
pub(crate) const MISSING_MAX: usize = 100_000;

/// The whole file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    pub format: u64,
    /// Digest of the content as JSON without white space, its fields in their order.
    pub digest: Hash,
    pub content: Content,
}

/// What it states.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// 32 hexadecimal digits.
    pub cluster_id: String,
    /// Revision of the last event that belongs to it. The export may have gone further in a later try.
    pub revision: u64,
    /// Hash of that event.
    pub head: Hash,
    /// Time of that event, in milliseconds since the Unix epoch.
    pub time_ms: u64,
    /// Digest of the state at that revision.
    pub state_digest: Hash,
    /// Attempts whose output is among the blobs, or should be.
    pub logs: u64,
    /// Objects that the state names; their manifests and chunks are among the blobs, or should be. Absent: none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub objects: u64,
    /// Blobs that no node had any more, sorted.
    pub missing_blobs: Vec<Hash>,
    /// When it was made, in milliseconds since the Unix epoch.
    pub created_ms: u64,
    /// What it was made from, for people.
    pub source: String,
    /// Version of the program that made it.
    pub build: String,
}

#[derive(Deserialize)]
struct Format {
    format: u64,
}

impl Statement {
    /// A statement of this content.
    pub(crate) fn new(content: Content) -> Self {
        let digest = digest(&content);
        Self { format: format_of(&content), digest, content }
    }

    /// Reads the statement of a backup.
    ///
    /// # Errors
    /// [`Error::NotABackup`] when there is none; [`Error::Damaged`] when it contradicts itself.
    pub fn read(dir: &Path) -> Result<Self, Error> {
        let path = dir.join(FILE);
        let damaged = |detail: String| Error::damaged(FILE, detail);
        let mut text = Vec::new();
        match File::open(&path).and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut text)) {
            Ok(_) if text.len() as u64 > BYTES_MAX => {
                return Err(damaged(format!("it has more than {BYTES_MAX} bytes, the limit")));
            }
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::NotABackup(dir.to_owned()));
            }
            Err(error) => return Err(Error::io(path, error)),
        }
        if let Ok(Format { format }) = serde_json::from_slice(&text)
            && format > FORMAT
        {
            return Err(Error::NewerFormat { path, found: format, known: FORMAT });
        }
        let statement: Self = serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        let (format, needed) = (statement.format, format_of(&statement.content));
        if format != needed {
            return Err(damaged(format!("it says format {format}, and its content has format {needed}")));
        }
        let found = digest(&statement.content);
        if found != statement.digest {
            return Err(damaged(format!("its content has the digest {found}, and it says {}", statement.digest)));
        }
        Ok(statement)
    }

    /// Writes it, durably.
    pub(crate) fn write(&self, dir: &Path) -> Result<(), Error> {
        let path = dir.join(FILE);
        let mut text = serde_json::to_vec_pretty(self).map_err(|error| Error::io(&path, error.into()))?;
        text.push(b'\n');
        Ok(durable::write(&path, &text)?)
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Older programs read whatever they understand.
fn format_of(content: &Content) -> u64 {
    if content.objects == 0 { FORMAT_WITHOUT_OBJECTS } else { FORMAT }
}

fn digest(content: &Content) -> Hash {
    // Numbers, texts and lists of them always encode.
    Hash::of(&serde_json::to_vec(content).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement() -> Statement {
        Statement::new(Content {
            cluster_id: "ab".repeat(16),
            revision: 7,
            head: Hash::of(b"head"),
            time_ms: 1_753_000_000_123,
            state_digest: Hash::of(b"state"),
            logs: 2,
            objects: 0,
            missing_blobs: vec![Hash::of(b"gone")],
            created_ms: 1_753_000_001_000,
            source: "the cluster at 127.0.0.1:7600".into(),
            build: "0.1.0".into(),
        })
    }

    #[test]
    fn a_statement_comes_back_as_written_and_no_other_does() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(Statement::read(dir.path()), Err(Error::NotABackup(_))));
        statement().write(dir.path()).unwrap();
        assert_eq!(Statement::read(dir.path()).unwrap(), statement());
        let text = std::fs::read_to_string(dir.path().join(FILE)).unwrap();
        for (from, to) in [("7,", "8,"), ("abab", "acab"), ("\"logs\"", "\"lags\""), ("}", ""), ("0.1.0", "0.1.1")] {
            std::fs::write(dir.path().join(FILE), text.replacen(from, to, 1)).unwrap();
            let error = Statement::read(dir.path()).unwrap_err();
            assert!(error.is_fault() && error.to_string().contains(FILE), "{from} {to}: {error}");
        }
        std::fs::write(dir.path().join(FILE), text.replace("\"format\": 1", "\"format\": 9")).unwrap();
        assert!(matches!(Statement::read(dir.path()), Err(Error::NewerFormat { found: 9, .. })));
    }

    #[test]
    fn a_backup_with_objects_is_of_a_format_that_older_programs_refuse() {
        let dir = tempfile::tempdir().unwrap();
        let with = Statement::new(Content { objects: 3, ..statement().content });
        with.write(dir.path()).unwrap();
        assert_eq!((Statement::read(dir.path()).unwrap(), with.format), (with.clone(), 2));
        assert_eq!(statement().format, 1);
    }

    /// It lies in backups that are kept for years.
    #[test]
    fn the_digest_of_a_statement_does_not_change() {
        let content = serde_json::to_string(&statement().content).unwrap();
        assert!(
            content.starts_with("{\"cluster_id\":\"abab") && content.ends_with(",\"build\":\"0.1.0\"}"),
            "{content}"
        );
        assert_eq!(statement().digest, Hash::of(content.as_bytes()));
    }
}
