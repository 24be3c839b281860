//! Whose data a directory holds: its lock, its format, its node and its cluster.
//!
//! `identity.json` is the last file that is made in a new directory, so where it is, all the rest must be.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use gofer_domain::{ClusterId, NodeId};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use crate::durable;
use crate::error::Error;

/// Format of the data directory that this code reads and writes.
pub const FORMAT: u64 = 1;
const FILE: &str = "identity.json";
pub(crate) const LOCK: &str = "lock";
/// Bits of a node id: few enough to be exact as a number in JSON.
const NODE_BITS: u32 = 48;

/// Who keeps this data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    pub node_id: NodeId,
    /// None before the node belongs to a cluster.
    pub cluster_id: Option<ClusterId>,
}

#[derive(Serialize, Deserialize)]
struct OnDisk {
    format: u64,
    node_id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster_id: Option<String>,
}

#[derive(Deserialize)]
struct Format {
    format: u64,
}

/// Makes the directory if need be and takes it for this process. The lock lasts as long as the file is open.
pub(crate) fn lock(dir: &Path) -> Result<File, Error> {
    durable::make_dir(dir)?;
    let path = dir.join(LOCK);
    if !path.exists() && !is_empty(dir)? {
        return Err(Error::NotAStore(dir.to_owned()));
    }
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(|error| Error::io(&path, error))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(Error::Locked(dir.to_owned())),
        Err(error) => Err(Error::io(path, error.into())),
    }
}

/// Takes the data directory of a stopped node for this process, as long as the file is open.
///
/// # Errors
/// `NotAStore`, `Locked` while its node runs, or when it can't be read.
pub fn hold(dir: &Path) -> Result<File, Error> {
    identity_of(dir)?;
    lock(dir)
}

/// Whose data a directory holds, whether its node runs or not.
///
/// # Errors
/// `NotAStore`, or when it can't be read.
pub fn identity_of(dir: &Path) -> Result<Identity, Error> {
    read(dir)?.ok_or_else(|| Error::NotAStore(dir.to_owned()))
}

/// A file system of its own may come with a `lost+found`.
fn is_empty(dir: &Path) -> Result<bool, Error> {
    for entry in fs::read_dir(dir).map_err(|error| Error::io(dir, error))? {
        let entry = entry.map_err(|error| Error::io(dir, error))?;
        if entry.file_name() != "lost+found" {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Reads the identity; none in a directory that is new, or whose making was cut short.
pub(crate) fn read(dir: &Path) -> Result<Option<Identity>, Error> {
    let path = dir.join(FILE);
    match fs::read_to_string(&path) {
        Ok(text) => parse(&path, &text).map(Some),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(path, error)),
    }
}

/// Draws the identity of a new directory.
pub(crate) fn draw(dir: &Path) -> Result<Identity, Error> {
    let identity = Identity { node_id: draw_node_id(), cluster_id: None };
    write(dir, identity)?;
    Ok(identity)
}

/// The error for a directory that holds data but does not say whose.
pub(crate) fn missing(dir: &Path) -> Error {
    Error::corrupt(dir.join(FILE).display().to_string(), "it is missing, though the directory holds data")
}

fn parse(path: &Path, text: &str) -> Result<Identity, Error> {
    let corrupt = |detail: String| Error::corrupt(path.display().to_string(), detail);
    let Format { format } = serde_json::from_str(text).map_err(|error| corrupt(error.to_string()))?;
    if format > FORMAT {
        return Err(Error::NewerFormat { path: path.to_owned(), found: format, known: FORMAT });
    }
    let stored: OnDisk = serde_json::from_str(text).map_err(|error| corrupt(error.to_string()))?;
    if stored.node_id == 0 || stored.node_id >> NODE_BITS != 0 {
        return Err(corrupt(format!("{} is no node id", stored.node_id)));
    }
    let cluster_id = match stored.cluster_id {
        None => None,
        Some(hex) => Some(cluster_from_hex(&hex).ok_or_else(|| corrupt(format!("{hex:?} is no cluster id")))?),
    };
    Ok(Identity { node_id: NodeId(stored.node_id), cluster_id })
}

pub(crate) fn write(dir: &Path, identity: Identity) -> Result<(), Error> {
    let cluster_id = identity.cluster_id.map(|cluster| cluster.to_string());
    let stored = OnDisk { format: FORMAT, node_id: identity.node_id.0, cluster_id };
    let path = dir.join(FILE);
    let text = serde_json::to_vec(&stored).map_err(|error| Error::io(&path, error.into()))?;
    durable::write(&path, &text)
}

/// Random and never 0: unique among all nodes that ever were, as an emptied directory comes back as another node.
pub(crate) fn draw_node_id() -> NodeId {
    // Above its lowest 62 bits, a UUID says how it was made.
    let random = uuid::Uuid::new_v4().as_u128() & ((1 << NODE_BITS) - 1);
    NodeId(u64::try_from(random).unwrap_or(0).max(1))
}

fn cluster_from_hex(hex: &str) -> Option<ClusterId> {
    let mut bytes = [0; 16];
    if hex.len() != 32 || !hex.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(hex.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(ClusterId(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_ids_are_small_and_never_zero() {
        for _ in 0..1_000 {
            let NodeId(id) = draw_node_id();
            assert!(id != 0 && id < 1 << 48, "{id}");
        }
    }

    #[test]
    fn an_identity_comes_back_as_written() {
        let dir = tempfile::tempdir().unwrap();
        let identity = Identity { node_id: NodeId(7), cluster_id: Some(ClusterId([0xa5; 16])) };
        write(dir.path(), identity).unwrap();
        assert_eq!(read(dir.path()).unwrap(), Some(identity));
    }

    #[test]
    fn a_damaged_identity_is_named() {
        for text in
            ["", "{", r#"{"format":1}"#, r#"{"format":1,"node_id":0}"#, r#"{"format":1,"node_id":281474976710656}"#]
        {
            let error = parse(Path::new("/data/identity.json"), text).unwrap_err();
            assert!(matches!(&error, Error::Corrupt { what, .. } if what == "/data/identity.json"), "{text}: {error}");
        }
        let text = r#"{"format":1,"node_id":1,"cluster_id":"+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1"}"#;
        assert!(parse(Path::new("x"), text).is_err());
    }

    #[test]
    fn a_damaged_identity_panics_nobody() {
        let text = br#"{"format":1,"node_id":77,"cluster_id":"000102030405060708090a0b0c0d0e0f"}"#;
        gofer_fuzz::fuzz("identity", &[text.to_vec()], |bytes| {
            if let Ok(text) = std::str::from_utf8(bytes) {
                let _ = parse(Path::new("identity.json"), text);
            }
        });
    }
}
