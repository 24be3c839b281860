//! A backup made into the data directory of the first node of another cluster.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;

use gofer_audit::{Envelope, Hash, Meter, read_checked, state_digest};
use gofer_consensus::offline::begin_alone;
use gofer_domain::{ClusterId, Command, CommandEnvelope, NodeId, RequestId, Revision};
use gofer_store::{Blobs, Digest, Options, PlacedEvent, Restorer, SealedEvent, Store, unfinished};

use crate::Operator;
use crate::blobs::{copy, named};
use crate::create::BLOBS;
use crate::error::Error;
use crate::objects::manifests;
use crate::statement::{Content, Statement};
use crate::verify::{check_logs, check_objects, check_state, open_export, same_head};

/// Most events that are folded in together.
const BATCH: usize = 4_000;
/// A batch is closed when its events have this many bytes.
const BATCH_BYTES: usize = 4 << 20;

/// What was made of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    pub node: NodeId,
    /// The cluster that the directory is of now.
    pub cluster: ClusterId,
    /// Revision of the newest event: those that record the restoration included.
    pub revision: Revision,
    pub content: Content,
    pub blobs: u64,
}

/// Makes a data directory of a backup. All of the backup is checked on the way. The directory is that of the only
/// member of a new cluster: a node that is started on it goes on where the backup ends.
///
/// # Errors
/// The first fault of the backup, by name; when the directory is not empty; else when it can't be written. What is left
/// then is no data directory, and the same command begins anew.
pub fn restore(backup: &Path, data: &Path, operator: &Operator, meter: &Meter) -> Result<Restored, Error> {
    let Statement { content, .. } = Statement::read(backup)?;
    let mut restorer = Restorer::begin(data, Options::default())?;
    let blobs = fill(&mut restorer, backup, data, &content, meter)?;
    let (revision, _, head) = restorer.newest();
    same_head(&content, Hash(head))?;
    check_state(&content, state_digest(revision, restorer.views().scan()?)?)?;
    let store = restorer.finish()?;
    let (objects, count) = store.read(|state| (manifests(state), state.objects.count() as u64));
    check_objects(&content, count)?;
    let missing = content.missing_blobs.iter().map(|hash| Digest(hash.0)).collect();
    let blobs = blobs + crate::objects::restore(&objects, &Blobs::at(&backup.join(BLOBS)), store.objects(), &missing)?;
    let cluster = ClusterId(uuid::Uuid::new_v4().into_bytes());
    let command = CommandEnvelope {
        request_id: RequestId(cluster.0),
        actor: operator.actor(),
        time: operator.now,
        command: Command::RestoreCluster { cluster, revision, head },
    };
    // The node says where it is when it starts.
    begin_alone(&store, "", command)?;
    finish(store, data, content, blobs)
}

fn finish(store: Store, data: &Path, content: Content, blobs: u64) -> Result<Restored, Error> {
    let cluster = store.adopt_cluster()?;
    let node = store.identity().node_id;
    let revision = store.progress().borrow().revision;
    drop(store);
    unfinished::clear(data)?;
    Ok(Restored { node, cluster, revision, content, blobs })
}

/// Events and blobs; how many blobs were copied.
fn fill(restorer: &mut Restorer, backup: &Path, data: &Path, content: &Content, meter: &Meter) -> Result<u64, Error> {
    let export = open_export(backup, content)?;
    let (from, into) = (Blobs::at(&backup.join(BLOBS)), Blobs::open(&data.join(BLOBS))?);
    let missing: BTreeSet<Hash> = content.missing_blobs.iter().copied().collect();
    let (mut batch, mut bytes) = (Vec::with_capacity(BATCH), 0);
    let (mut logs, mut copied) = (0, 0);
    let mut failed = None;
    read_checked(&export, 1, content.revision, &mut |envelope| {
        let mut take = || -> Result<(), Error> {
            if let Some(digest) = named(envelope.payload, || envelope.decode()) {
                logs += 1;
                if !missing.contains(&Hash(digest.0)) && !into.has(digest) {
                    copy_named(&from, digest, &into)?;
                    copied += 1;
                }
            }
            batch.push(seal(envelope)?);
            bytes += envelope.bytes.len();
            if batch.len() >= BATCH || bytes >= BATCH_BYTES {
                meter.add(batch.len() as u64);
                restorer.push(&batch)?;
                batch.clear();
                bytes = 0;
            }
            Ok(())
        };
        failed = take().err();
        Ok(if failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    failed.map_or(Ok(()), Err)?;
    restorer.push(&batch)?;
    check_logs(content, logs)?;
    Ok(copied)
}

pub(crate) fn copy_named(from: &Blobs, digest: Digest, into: &Blobs) -> Result<(), Error> {
    copy(from, digest, into).map_err(|error| match error {
        Error::Store(gofer_store::Error::NoBlob(_)) => Error::damaged(format!("blob {digest}"), "it is missing"),
        Error::Store(gofer_store::Error::Corrupt { detail, .. }) => Error::damaged(format!("blob {digest}"), detail),
        error => error,
    })
}

fn seal(envelope: &Envelope<'_>) -> Result<SealedEvent, Error> {
    let at = envelope.revision;
    let event = envelope.decode().map_err(|why| Error::damaged(format!("revision {at}"), why))?;
    let request_id = envelope.request_id.try_into();
    let request_id = request_id.map_err(|_| Error::damaged(format!("revision {at}"), "its request id is malformed"))?;
    Ok(SealedEvent {
        placed: PlacedEvent { revision: Revision(at), time: envelope.time, event },
        cause: Revision(envelope.cause),
        request_id: RequestId(request_id),
        hash: envelope.hash.0,
        bytes: envelope.bytes.to_vec(),
    })
}
