//! Objects outside the nodes: which store it is, what is put there, and what comes from there.
//!
//! Each put has a folder for itself, named by its request id, so that another node can go on with it. A put that finds
//! files in its folder which are no longer new gives up: a sweep may be about to remove them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use gofer_blobstore::{BlobStore, Error, FolderId, Marker, Swept};
use gofer_domain::{ClusterId, ObjectPlace, Reason, RequestId};
use gofer_store::{Digest, Store};
use gofer_wire::model::v1 as model;
use tokio::time::Instant;
use tonic::{Code, Status};

use crate::errors::{Fault, reason};
use crate::server::Parts;

/// How long a bucket is taken for the one whose marker was read.
const TRUSTED: Duration = Duration::from_secs(60);
/// How long a put waits for the leader to mark a new store.
const MARK_PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(250);
/// How long somebody waits who only wants to know how it is.
const EXAMINE: Duration = Duration::from_secs(5);

/// A store outside the nodes, as a node of a cluster uses it.
#[derive(Clone, Debug)]
pub struct Outside(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: BlobStore,
    adopt: Option<ClusterId>,
    seen: Mutex<Option<(Instant, Marker)>>,
}

/// What one put has for itself.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    outside: Outside,
    place: ObjectPlace,
    /// What was there when it was opened.
    files: Arc<BTreeSet<[u8; 32]>>,
}

impl Outside {
    /// A store. Whose it is, is found out when it is used. What `adopt` owned becomes this cluster's.
    #[must_use]
    pub fn new(store: BlobStore, adopt: Option<ClusterId>) -> Self {
        Self(Arc::new(Inner { store, adopt, seen: Mutex::new(None) }))
    }

    /// Where it is.
    pub(crate) fn location(&self) -> String {
        self.0.store.location().to_string()
    }

    /// The store's id, if this cluster may put objects there and remove what it needs no more.
    pub(crate) async fn writable(&self, store: &Store) -> Result<[u8; 16], Fault> {
        let marker = self.marker().await?.ok_or_else(|| self.fault(Error::Unmarked))?;
        if store.identity().cluster_id != Some(ClusterId(marker.cluster)) {
            return Err(self.foreign(&marker));
        }
        self.check_only(store, Some(marker.store))?;
        Ok(marker.store)
    }

    /// Waits a little for the leader to mark a new store.
    async fn marked(&self) {
        let deadline = Instant::now() + MARK_PATIENCE;
        while matches!(self.marker().await, Ok(None)) && Instant::now() < deadline {
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Marks a new store as this cluster's. Only the leader may do that.
    pub(crate) async fn prepare(&self, store: &Store) -> Result<(), Status> {
        // Without an id a node belongs to no cluster, and leads none.
        let Some(own) = store.identity().cluster_id else { return Ok(()) };
        let found = self.marker().await?;
        self.check_only(store, found.map(|marker| marker.store))?;
        let (mark, replaces) = match found {
            Some(marker) if marker.cluster == own.0 => return Ok(()),
            Some(marker) if self.0.adopt == Some(ClusterId(marker.cluster)) => (marker.store, true),
            Some(marker) => return Err(self.foreign(&marker).into()),
            None => (uuid::Uuid::new_v4().into_bytes(), false),
        };
        let wanted = Marker { store: mark, cluster: own.0 };
        let marked = self.0.store.mark(&wanted, replaces).await.map_err(|error| self.fault(error))?;
        *self.0.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), marked));
        let (location, store) = (self.location(), ClusterId(marked.store));
        tracing::info!(location, %store, "marked the store of objects");
        Ok(())
    }

    /// Removes what was put before a time and is in no folder that the state names.
    pub(crate) async fn sweep(&self, store: &Store, before: SystemTime) -> Result<Swept, Status> {
        let id = self.writable(store).await?;
        let named = store.read(|state| {
            let places = state.objects.iter().filter_map(|(_, _, object)| object.content.place);
            places.filter(|place| place.store == id).map(|place| FolderId(place.folder)).collect()
        });
        Ok(self.0.store.sweep(named, before).await.map_err(|error| self.fault(error))?)
    }

    /// What is stored under a name; the caller checks that it is that.
    pub(crate) async fn get(&self, place: ObjectPlace, digest: Digest, most: usize) -> Result<Bytes, Status> {
        let got = self.0.store.get(FolderId(place.folder), &digest.0, most as u64).await;
        Ok(got.map_err(|error| self.fault(error))?)
    }

    /// Refuses to look for what another store holds.
    pub(crate) async fn check_holds(&self, place: ObjectPlace) -> Result<(), Status> {
        let Some(marker) = self.marker().await? else { return Err(self.fault(Error::Unmarked).into()) };
        match marker.store == place.store {
            true => Ok(()),
            false => Err(self.other(marker.store, place.store).into()),
        }
    }

    /// How it looks from this node: its id, or what keeps it from being used.
    pub(crate) async fn examine(&self, store: &Store) -> Result<[u8; 16], String> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
        match tokio::time::timeout(EXAMINE, self.writable(store)).await {
            Ok(found) => found.map_err(|fault| Status::from(fault).message().to_owned()),
            Err(_) => Err(format!("{} did not answer in {EXAMINE:?}", self.location())),
        }
    }

    async fn marker(&self) -> Result<Option<Marker>, Fault> {
        let known = *self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, marker)) = known
            && at.elapsed() < TRUSTED
            && !self.0.store.may_vanish()
        {
            return Ok(Some(marker));
        }
        let marker = self.0.store.marker().await.map_err(|error| self.fault(error))?;
        *self.0.seen.lock().unwrap_or_else(PoisonError::into_inner) = marker.map(|marker| (Instant::now(), marker));
        Ok(marker)
    }

    /// Refuses while the state names objects in another store than the one with this id.
    fn check_only(&self, store: &Store, id: Option<[u8; 16]>) -> Result<(), Fault> {
        let other = store.read(|state| {
            let places = state.objects.iter().filter_map(|(_, _, object)| object.content.place);
            places.map(|place| place.store).find(|store| Some(*store) != id)
        });
        match (other, id) {
            (None, _) => Ok(()),
            (Some(_), None) => Err(self.fault(Error::Unmarked)),
            (Some(other), Some(id)) => Err(self.other(id, other)),
        }
    }

    fn other(&self, found: [u8; 16], wanted: [u8; 16]) -> Fault {
        let message = format!(
            "{} is the store {} of objects, and the cluster has objects in the store {}",
            self.0.store.location(),
            ClusterId(found),
            ClusterId(wanted)
        );
        failed(message).help(
            "give all nodes the same objects.url; to move objects elsewhere, copy all files of their store, the marker \
             among them",
        )
    }

    fn foreign(&self, marker: &Marker) -> Fault {
        let owner = ClusterId(marker.cluster);
        let message = format!("{} is the store of objects of cluster {owner}", self.0.store.location());
        failed(message).help(format!(
            "name another directory or prefix; if that cluster is gone, and this one was restored or recovered from it, \
             set objects.adopt to {owner} on all nodes"
        ))
    }

    /// What is wrong with the store, and what to do.
    fn fault(&self, error: Error) -> Fault {
        let message = format!("the store of objects {}: {error}", self.0.store.location());
        match error {
            Error::Unreachable(_) | Error::Slow(_) => Fault::new(Code::Unavailable, reason::UNREACHABLE, message)
                .help("retry; `gofer doctor` says which nodes reach it"),
            Error::Denied(_) => failed(message).help("check the nodes' credentials, and what these allow"),
            Error::Absent(_) => failed(message).help("mount the directory on the node, or make the bucket"),
            Error::Full(_) => Fault::new(Code::ResourceExhausted, Reason::ResourceExhausted.name(), message)
                .help("give it more room, or delete objects and wait until they are removed"),
            Error::Unmarked => failed(message).help(
                "mount it on this node, and check that objects.url is the same on all nodes; a new one is marked by the \
                 leader once it can write there",
            ),
            Error::Missing(_) => Fault::new(Code::DataLoss, reason::DAMAGED, message)
                .help("delete the object and put it again, or restore the store's files"),
            Error::Damaged(_) => Fault::new(Code::DataLoss, reason::DAMAGED, message)
                .help("restore the file, or delete the object and put it again"),
            _ => Fault::new(Code::Internal, reason::STORAGE, message).help("see this node's log, and `gofer doctor`"),
        }
    }
}

impl Folder {
    /// The folder of a put, which may have been begun by another node. What is in it must be new enough to stay until the
    /// put's end, `grace` being what sweeps leave alone and half of it the longest put.
    pub(crate) async fn open(outside: &Outside, store: &Store, id: RequestId, grace: Duration) -> Result<Self, Status> {
        outside.marked().await;
        let place = ObjectPlace { store: outside.writable(store).await?, folder: id.0 };
        let files = outside.0.store.files(FolderId(id.0)).await.map_err(|error| outside.fault(error))?;
        let oldest = SystemTime::now().checked_sub(grace / 4).unwrap_or(SystemTime::UNIX_EPOCH);
        if files.values().any(|written| *written < oldest) {
            let message = format!("a put with the request id {id} was begun more than {:?} ago", grace / 4);
            return Err(Fault::new(Code::Aborted, reason::TIMEOUT, message).help("put it again, with a new id").into());
        }
        Ok(Self { outside: outside.clone(), place, files: Arc::new(files.into_keys().collect()) })
    }

    pub(crate) fn place(&self) -> ObjectPlace {
        self.place
    }

    /// Whether it was there before.
    pub(crate) fn holds(&self, digest: Digest) -> bool {
        self.files.contains(&digest.0)
    }

    /// Keeps a file durably, also in place of a damaged one.
    pub(crate) async fn put(&self, digest: Digest, bytes: Bytes) -> Result<(), Status> {
        let outside = &self.outside;
        let put = outside.0.store.put(FolderId(self.place.folder), &digest.0, bytes).await;
        Ok(put.map_err(|error| outside.fault(error))?)
    }
}

fn failed(message: String) -> Fault {
    Fault::new(Code::FailedPrecondition, reason::FAILED_PRECONDITION, message)
}

/// Refuses to keep objects on the nodes while others are outside: this node is not told what the others are.
pub(crate) fn check_none(store: &Store) -> Result<(), Fault> {
    let place = store.read(|state| state.objects.iter().find_map(|(_, _, object)| object.content.place));
    place.map_or(Ok(()), |place| {
        let id = ClusterId(place.store);
        Err(failed(format!("the cluster keeps objects in the store {id}, and this node has none outside")).help(
            "give all nodes the same objects.url; to keep objects on the nodes again, delete those in that store first",
        ))
    })
}

/// How this node reaches the store outside; none when there is none.
pub(crate) async fn diagnose(parts: &Parts) -> Option<model::ObjectStoreDiagnosis> {
    let (url, found) = match &parts.outside {
        Some(outside) => (outside.location(), outside.examine(&parts.store).await),
        None => match check_none(&parts.store) {
            Ok(()) => return None,
            Err(fault) => (String::new(), Err(Status::from(fault).message().to_owned())),
        },
    };
    let (store, error) = match found {
        Ok(store) => (store.to_vec(), String::new()),
        Err(error) => (Vec::new(), error),
    };
    Some(model::ObjectStoreDiagnosis { url, error, store })
}

/// What a node says that has no store for what is outside.
pub(crate) fn none(place: ObjectPlace) -> Fault {
    let message = format!("the object is in the store {}, and this node has none outside", ClusterId(place.store));
    failed(message).help("give all nodes the same objects.url")
}
