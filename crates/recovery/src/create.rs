//! Making a backup, once its events are exported: their blobs, and the statement.

use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use gofer_audit::{EventSource, Export, Hash, Meter, Replay, Until};
use gofer_domain::Timestamp;
use gofer_store::{Blobs, Digest};

use crate::blobs::{BlobSource, each_named};
use crate::error::Error;
use crate::objects::{fetch, manifests};
use crate::statement::{Content, MISSING_MAX, Statement};

/// What to make a backup with.
#[derive(Clone, Debug)]
pub struct Create {
    /// An export that is complete; it becomes the backup.
    pub dir: PathBuf,
    /// Directory for the replay, with room for the state.
    pub scratch: PathBuf,
    /// What the events came from, for people.
    pub source: String,
    /// Version of this program.
    pub build: String,
    pub now: Timestamp,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    pub statement: Statement,
    /// Blobs that were fetched now; others were there already.
    pub fetched: u64,
}

/// Makes a backup of an export: fetches the blobs that its events name, replays it, and states what it amounts to.
/// Repeated, it fetches only what is not there, also what was missing before.
///
/// # Errors
/// When the events are not right, or anything can't be read or written. Until all of it is durable, the directory is
/// no backup; or it is still the one that it was before.
pub fn create(options: &Create, from: &mut dyn BlobSource, meter: &Meter) -> Result<Created, Error> {
    let _lock = lock(&options.dir)?;
    let export = Export::open(&options.dir)?;
    let extent = export.extent();
    let (Some(cluster), 1) = (extent.cluster, extent.first) else {
        let why = format!("{} does not begin with the first event of a cluster", export.name());
        return Err(Error::Refused(why));
    };
    if extent.last == 0 {
        return Err(Error::Refused(format!("{} holds no events", export.name())));
    }
    let blobs = blobs_of(&options.dir)?;
    let (mut missing, mut fetched) = (BTreeSet::new(), 0);
    let logs = each_named(&export, extent.last, meter, &mut |named| {
        let wanted: Vec<Digest> = named.iter().copied().filter(|digest| !blobs.has(*digest)).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let absent = from.fetch(&wanted, &blobs).map_err(Error::Blobs)?;
        fetched += (wanted.len() - absent.len()) as u64;
        missing.extend(absent.into_iter().map(|digest| Hash(digest.0)));
        if missing.len() > MISSING_MAX {
            return Err(Error::Refused(format!("more than {MISSING_MAX} logs are missing, the limit of a backup")));
        }
        Ok(())
    })?;
    let mut replay = Replay::new(&options.scratch)?;
    replay.advance(&export, Until::End, meter)?;
    let objects = manifests(replay.state());
    fetched += fetch(&objects, from, &blobs, &mut missing)?;
    if missing.len() > MISSING_MAX {
        return Err(Error::Refused(format!("more than {MISSING_MAX} blobs are missing, the limit of a backup")));
    }
    let content = Content {
        cluster_id: cluster.to_string(),
        revision: extent.last,
        head: replay.head(),
        time_ms: replay.state().time.0,
        state_digest: replay.digest()?,
        logs,
        objects: replay.state().objects.count() as u64,
        missing_blobs: missing.into_iter().collect(),
        created_ms: options.now.0,
        source: options.source.clone(),
        build: options.build.clone(),
    };
    let statement = Statement::new(content);
    statement.write(&options.dir)?;
    Ok(Created { statement, fetched })
}

/// Keeps others from writing to the same backup, as long as the file is open.
fn lock(dir: &Path) -> Result<File, Error> {
    let lock = File::open(dir).map_err(|error| Error::io(dir, error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(gofer_audit::Error::InUse(dir.to_owned()).into()),
        Err(TryLockError::Error(error)) => Err(Error::io(dir, error)),
    }
}

/// The blobs of a backup, without what an interruption left of one.
fn blobs_of(dir: &Path) -> Result<Blobs, Error> {
    Ok(Blobs::open(&dir.join(BLOBS))?)
}

/// Name of the directory of the blobs.
pub(crate) const BLOBS: &str = "blobs";
