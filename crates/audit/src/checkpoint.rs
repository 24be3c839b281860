//! Signed heads: what somebody vouches for that a log held at a revision. Kept elsewhere, one proves that history was
//! neither cut off nor written anew, which a log alone can't.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gofer_domain::ClusterId;

use crate::error::Error;
use crate::hash::{Hash, from_hex};
use crate::key::NodeKey;
use crate::note::Note;

/// Before the cluster's id, in the first line.
const ORIGIN: &str = "gofer/";

/// A head of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub cluster: ClusterId,
    pub revision: u64,
    /// Hash of the event at that revision.
    pub head: Hash,
}

impl Checkpoint {
    /// Takes the text of a note apart. Lines after the third are allowed, and not looked at.
    ///
    /// # Errors
    /// [`Error::Untrusted`] when it is none.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |why: &str| Error::Untrusted(format!("it is no checkpoint: {why}"));
        let text = text.strip_suffix('\n').ok_or_else(|| wrong("it does not end with a line break"))?;
        let mut lines = text.split('\n');
        let mut line = || lines.next().filter(|line| !line.is_empty());
        let cluster = line().and_then(|line| line.strip_prefix(ORIGIN)).and_then(from_hex);
        let cluster = cluster.ok_or_else(|| wrong("its first line is not gofer/ and a cluster's id"))?;
        let revision = line().filter(|line| line.bytes().all(|byte| byte.is_ascii_digit()) && !line.starts_with('0'));
        let revision =
            revision.and_then(|line| line.parse().ok()).ok_or_else(|| wrong("its second line is no revision"))?;
        let head = line().and_then(|line| STANDARD.decode(line).ok()?.try_into().ok());
        let head = head.ok_or_else(|| wrong("its third line is no hash"))?;
        Ok(Self { cluster: ClusterId(cluster), revision, head: Hash(head) })
    }

    /// Its text, which is what is signed.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin(), self.revision, STANDARD.encode(self.head.0))
    }

    /// Its first line: whose log it is of.
    #[must_use]
    pub fn origin(&self) -> String {
        origin(self.cluster)
    }

    /// It, signed.
    #[must_use]
    pub fn sign(&self, key: &NodeKey) -> Note {
        key.sign(self.text())
    }
}

/// The first line of the checkpoints of a cluster.
pub(crate) fn origin(cluster: ClusterId) -> String {
    format!("{ORIGIN}{cluster}")
}

impl NodeKey {
    /// The key of a node: it is named after the node and its cluster.
    ///
    /// # Errors
    /// As [`NodeKey::open`]; and when the node belongs to no cluster yet.
    pub fn of(store: &gofer_store::ReadOnlyStore) -> Result<Self, Error> {
        let cluster =
            store.cluster().ok_or_else(|| Error::Refused("this node belongs to no cluster yet".to_owned()))?;
        Self::open(store.dir(), &format!("{}/{}", origin(cluster), store.identity().node_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_comes_back_as_written_and_no_other_does() {
        let checkpoint = Checkpoint { cluster: ClusterId([0xab; 16]), revision: 12, head: Hash::of(b"x") };
        let text = checkpoint.text();
        assert_eq!(Checkpoint::parse(&text).unwrap(), checkpoint);
        assert_eq!(Checkpoint::parse(&format!("{text}more\n")).unwrap(), checkpoint);
        for (from, to) in [("gofer/", "other/"), ("12", "012"), ("12", "-1"), ("12", ""), ("=\n", "\n"), ("=\n", "=")] {
            assert!(Checkpoint::parse(&text.replace(from, to)).is_err(), "{from:?} {to:?}");
        }
    }

    #[test]
    fn signatures_are_checked() {
        let dir = tempfile::tempdir().unwrap();
        let key = NodeKey::open(dir.path(), "gofer/x/7").unwrap();
        let checkpoint = Checkpoint { cluster: ClusterId([1; 16]), revision: 9, head: Hash::of(b"y") };
        let text = checkpoint.sign(&key).to_string();
        let note = Note::parse(&text).unwrap();
        assert_eq!(note.verify(&[key.public()]).unwrap(), ["gofer/x/7"]);
        assert_eq!(Checkpoint::parse(&note.text).unwrap(), checkpoint);
        let forged = Note::parse(&text.replace("\n9\n", "\n8\n")).unwrap();
        let error = forged.verify(&[key.public()]).unwrap_err();
        assert!(error.to_string().contains("wrong"), "{error}");
        let stranger = NodeKey::open(tempfile::tempdir().unwrap().path(), "gofer/x/7").unwrap();
        let error = note.verify(&[stranger.public()]).unwrap_err();
        assert!(error.to_string().contains("no trusted key"), "{error}");
        assert!(note.verify(&[stranger.public(), key.public()]).is_ok());
    }
}
