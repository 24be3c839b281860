//! Verification of a backup: everything in it, as a restoration would need it.

use std::collections::BTreeSet;
use std::path::Path;

use gofer_audit::{Envelope, EventSource, Export, Hash, Meter, Replay, Until};
use gofer_store::{Blobs, Digest};

use crate::blobs::each_named;
use crate::create::BLOBS;
use crate::error::Error;
use crate::objects::{each, manifests};
use crate::statement::{Content, Statement};

/// What was found to be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub content: Content,
    /// Events that were checked; those after the backup's revision included.
    pub events: u64,
}

/// Checks a backup: its statement, the digest of each segment and blob, the chain of events, and that they add up to
/// the state it was made of.
///
/// # Errors
/// The first fault ([`Error::is_fault`]), by name; else when it can't be read.
pub fn verify(dir: &Path, scratch: &Path, meter: &Meter) -> Result<Verified, Error> {
    let Statement { content, .. } = Statement::read(dir)?;
    let export = open_export(dir, &content)?;
    let checked = gofer_audit::verify(&export, None, meter)?;
    if let Some(fault) = checked.fault {
        return Err(gofer_audit::Error::Fault(fault).into());
    }
    check_head(&export, &content)?;
    let blobs = Blobs::at(&dir.join(BLOBS));
    let missing: BTreeSet<Digest> = content.missing_blobs.iter().map(|hash| Digest(hash.0)).collect();
    let logs = each_named(&export, content.revision, meter, &mut |named| {
        named.iter().filter(|digest| !missing.contains(digest)).try_for_each(|digest| check_blob(&blobs, *digest))
    })?;
    check_logs(&content, logs)?;
    let mut replay = Replay::new(scratch)?;
    replay.advance(&export, Until::Revision(content.revision), meter)?;
    check_state(&content, replay.digest()?)?;
    let objects = manifests(replay.state());
    each(&objects, &blobs, &missing, &mut |digest| check_blob(&blobs, digest))?;
    check_objects(&content, replay.state().objects.count() as u64)?;
    Ok(Verified { content, events: checked.events })
}

/// Opens the events of a backup, which must be of the cluster and reach as far as it says.
pub(crate) fn open_export(dir: &Path, content: &Content) -> Result<Export, Error> {
    let export = match Export::open(dir) {
        Err(gofer_audit::Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            return Err(Error::damaged("manifest.json", "it is missing"));
        }
        export => export?,
    };
    let extent = export.extent();
    let cluster = extent.cluster.map(|cluster| cluster.to_string()).unwrap_or_default();
    if cluster != content.cluster_id {
        let detail = format!("it is of cluster {cluster}, the backup of {}", content.cluster_id);
        return Err(Error::damaged("manifest.json", detail));
    }
    if extent.first != 1 || extent.last < content.revision {
        let detail =
            format!("it has revisions {} to {}, the backup 1 to {}", extent.first, extent.last, content.revision);
        return Err(Error::damaged("manifest.json", detail));
    }
    Ok(export)
}

fn check_head(export: &Export, content: &Content) -> Result<(), Error> {
    let bytes = export.event(content.revision)?.unwrap_or_default();
    let found = Envelope::parse(&bytes).map_or(Hash::GENESIS, |envelope| envelope.hash);
    same_head(content, found)
}

pub(crate) fn same_head(content: &Content, found: Hash) -> Result<(), Error> {
    if found == content.head {
        return Ok(());
    }
    let detail = format!("the event has the hash {found}, the backup was made with {}", content.head);
    Err(Error::damaged(format!("revision {}", content.revision), detail))
}

pub(crate) fn check_logs(content: &Content, logs: u64) -> Result<(), Error> {
    if logs == content.logs {
        return Ok(());
    }
    let detail = format!("its events name {logs} logs, it says {}", content.logs);
    Err(Error::damaged(crate::statement::FILE, detail))
}

pub(crate) fn check_objects(content: &Content, objects: u64) -> Result<(), Error> {
    if objects == content.objects {
        return Ok(());
    }
    let detail = format!("its state names {objects} objects, it says {}", content.objects);
    Err(Error::damaged(crate::statement::FILE, detail))
}

pub(crate) fn check_state(content: &Content, found: Hash) -> Result<(), Error> {
    if found == content.state_digest {
        return Ok(());
    }
    let detail = format!("its digest is {found}, and it was {}", content.state_digest);
    Err(Error::damaged(format!("the state at revision {}", content.revision), detail))
}

fn check_blob(blobs: &Blobs, digest: Digest) -> Result<(), Error> {
    let wrong = |detail: &str| Err(Error::damaged(format!("blob {digest}"), detail));
    match blobs.open_checked(digest) {
        Ok(_) => Ok(()),
        Err(gofer_store::Error::NoBlob(_)) => wrong("it is missing"),
        Err(gofer_store::Error::Corrupt { detail, .. }) => wrong(&detail),
        Err(error) => Err(error.into()),
    }
}
