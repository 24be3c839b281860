//! The keys of one node: which it has, which it lacks, which it must destroy.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use gofer_consensus::{Encoded, Proposal, Propose, Raft, Work};
use gofer_domain::{Actor, ClusterKey, Command, NodeId, PipelineKey, RequestId, SealedSecret, SecretKey, SecretName};
use gofer_store::Store;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use zeroize::Zeroizing;

use crate::cipher::KeyBytes;
use crate::envelope;
use crate::error::Error;
use crate::exchange::{Asking, SealedKey, hand_over};
use crate::key_ring::KeyRing;

/// Pause between two looks at what the state says of keys.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long deletions are gathered before one rotation shreds them all.
const GATHER: Duration = Duration::from_secs(2);
/// First and longest pause after a rotation or a search for a key that failed.
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Reaches the key rings of other nodes.
#[async_trait]
pub trait KeyPeers: Send + Sync {
    /// Has a node fetch a key from this one; returns once it keeps the key durably.
    ///
    /// # Errors
    /// When it does not.
    async fn offer(&self, address: &str, key: ClusterKey, own: NodeId) -> Result<(), PeerError>;

    /// Asks a node for a key, to be encrypted for a public key.
    ///
    /// # Errors
    /// When it can't be asked or does not have it.
    async fn fetch(&self, address: &str, key: ClusterKey, public_key: &[u8]) -> Result<SealedKey, PeerError>;
}

/// Why another node could not help; for the record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PeerError(pub String);

/// Keeps the keys of this node, and seals and opens with them. Cloning is cheap.
#[derive(Clone)]
pub struct Keeper(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) raft: Raft,
    /// Reaches the leader, wherever it is.
    pub(crate) propose: Arc<dyn Propose>,
    pub(crate) peers: Arc<dyn KeyPeers>,
    pub(crate) ring: KeyRing,
    /// One rotation at a time.
    pub(crate) rotating: Mutex<()>,
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("ring", &self.0.ring).finish_non_exhaustive()
    }
}

impl Keeper {
    /// A keeper of the keys in a directory. It hands out what it has at once, and looks after it in [`Keeper::run`].
    ///
    /// # Errors
    /// As [`KeyRing::open`].
    pub fn open(
        dir: &Path,
        store: Store,
        raft: Raft,
        propose: Arc<dyn Propose>,
        peers: Arc<dyn KeyPeers>,
    ) -> Result<Self, Error> {
        let ring = KeyRing::open(dir)?;
        Ok(Self(Arc::new(Inner { store, raft, propose, peers, ring, rotating: Mutex::new(()) })))
    }

    /// What this node has, in the order of numbers.
    #[must_use]
    pub fn keys(&self) -> Vec<ClusterKey> {
        self.0.ring.list()
    }

    /// Whether every member knows secrets. One that does not would stop at the first command about them, and hands out
    /// no keys.
    ///
    /// # Errors
    /// [`Error::Propose`] that names a member which does not, or has not said so yet.
    pub(crate) fn check_known(&self) -> Result<(), Error> {
        let key = ClusterKey { number: 0, fingerprint: [0; 32] };
        let command = Command::RotateClusterKey { key, wrapped_keys: Vec::new() };
        let proposal = Proposal { request_id: RequestId::default(), actor: Actor(String::new()), command };
        Ok(self.0.raft.check_known(&[Encoded::new(proposal)])?)
    }

    /// Seals a value, under the cluster key in force; makes the first if there is none.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the value is not acceptable; [`Error::NoKey`] when this node lacks the key; as
    /// [`Keeper::rotate`] while there is none.
    pub async fn seal(&self, key: &SecretKey, value: &[u8]) -> Result<SealedSecret, Error> {
        if self.current().is_none() {
            match self.rotate().await {
                // Another node may have been first.
                Ok(_) | Err(Error::Rejected(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let current = self.current().ok_or(Error::NoKey { number: 1 })?;
        let cluster_key = self.key(current).await?;
        let known = self.0.store.read(|state| state.secrets.live.get(key).map_or(0, |secret| secret.version));
        envelope::seal(key, known.saturating_add(1), value, current.number, &cluster_key)
    }

    /// The value that a task of a pipeline gets under a name, and the secret that it is of. None when there is none in
    /// any scope.
    ///
    /// # Errors
    /// [`Error::NoKey`] when this node lacks the key; [`Error::Damaged`] when the value does not fit it.
    pub async fn find(
        &self,
        pipeline: &PipelineKey,
        name: &SecretName,
    ) -> Result<Option<(SecretKey, Zeroizing<Vec<u8>>)>, Error> {
        let mut fault = Error::Interrupted;
        for _ in 0..LOOKS {
            let found = self.0.store.read(|state| {
                let (key, secret) = state.secrets.find(pipeline, name)?;
                let current = state.secrets.current.as_ref()?.key;
                Some((key, secret.clone(), current, state.revision))
            });
            let Some((key, secret, current, revision)) = found else { return Ok(None) };
            // The state may be a moment ahead of the views, which have the value.
            let mut progress = self.0.store.progress();
            if progress.wait_for(|progress| progress.revision >= revision).await.is_err() {
                return Err(Error::Interrupted);
            }
            let (store, wanted) = (self.0.store.clone(), key.clone());
            let sealed = self.blocking(move || Ok(store.sealed_secret(&wanted)?)).await?;
            // Set or deleted between the two looks: look again.
            let Some(sealed) = sealed.filter(|sealed| sealed.version == secret.version) else { continue };
            let cluster_key = self.key(current).await?;
            match envelope::open_with(&sealed, &secret.wrapped_key, &cluster_key) {
                Ok(value) => return Ok(Some((key, value))),
                // It may have been deleted and set anew in between.
                Err(error) => fault = error,
            }
        }
        Err(fault)
    }

    /// Fetches a key that a member offers, and keeps it.
    ///
    /// # Errors
    /// [`Error::NoKey`] when the member is none, or does not hand it over.
    pub async fn take(&self, key: ClusterKey, from: NodeId) -> Result<(), Error> {
        if self.0.ring.get(&key).is_some() {
            return Ok(());
        }
        let member = self.0.raft.status().members.into_iter().find(|member| member.id == from);
        let Some(member) = member else { return Err(Error::NoKey { number: key.number }) };
        self.fetch(key, &member.address).await
    }

    /// Encrypts a key for whoever drew a public key; none when it is not here.
    #[must_use]
    pub fn hand_out(&self, key: ClusterKey, public_key: &[u8]) -> Option<SealedKey> {
        hand_over(key, &self.0.ring.get(&key)?, public_key)
    }

    pub(crate) fn current(&self) -> Option<ClusterKey> {
        self.0.store.read(|state| state.secrets.current.as_ref().map(|current| current.key))
    }

    /// A key, if need be from another node.
    pub(crate) async fn key(&self, named: ClusterKey) -> Result<KeyBytes, Error> {
        if let Some(key) = self.0.ring.get(&named) {
            return Ok(key);
        }
        self.search(named).await?;
        self.0.ring.get(&named).ok_or(Error::NoKey { number: named.number })
    }

    /// Asks the other members for a key, one after the other.
    async fn search(&self, named: ClusterKey) -> Result<(), Error> {
        let status = self.0.raft.status();
        for member in status.members.iter().filter(|member| member.id != status.id) {
            if self.fetch(named, &member.address).await.is_ok() {
                info!(key = named.number, from = %member.id, "got a cluster key");
                return Ok(());
            }
        }
        Err(Error::NoKey { number: named.number })
    }

    async fn fetch(&self, named: ClusterKey, address: &str) -> Result<(), Error> {
        let missing = || Error::NoKey { number: named.number };
        let asking = Asking::new()?;
        let sealed = self.0.peers.fetch(address, named, asking.public_key()).await.map_err(|_| missing())?;
        let key = asking.receive(named, &sealed).ok_or_else(missing)?;
        self.keep(named.number, key).await
    }

    pub(crate) async fn keep(&self, number: u64, key: KeyBytes) -> Result<(), Error> {
        let inner = Arc::clone(&self.0);
        self.blocking(move || inner.ring.add(number, &key).map(drop)).await
    }

    /// Does work that blocks, off the threads that must not.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.0.raft.host().blocking(Work::Keys, work).await.unwrap_or(Err(Error::Interrupted))
    }

    /// Destroys what the key in force has replaced.
    pub(crate) async fn settle(&self) -> Result<(), Error> {
        let Some(current) = self.current() else { return Ok(()) };
        let is_over = |key: &ClusterKey| key.number <= current.number && *key != current;
        if !self.0.ring.list().iter().any(is_over) {
            return Ok(());
        }
        let inner = Arc::clone(&self.0);
        for key in self.blocking(move || inner.ring.settle(&current)).await? {
            info!(key = key.number, "destroyed a cluster key");
        }
        Ok(())
    }

    /// Looks after the keys until `shutdown`: gets the one in force, destroys those before it, and, on the leader,
    /// rotates after deletions.
    pub async fn run(self, shutdown: CancellationToken) {
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = self.look_after() => {}
        }
    }

    async fn look_after(&self) {
        let (mut search, mut shred) = (Tries::default(), Tries::default());
        let mut deleted_since = None;
        loop {
            sleep(LOOK_EVERY).await;
            if let Err(error) = self.settle().await {
                warn!(%error, "a replaced cluster key can't be destroyed yet");
            }
            if let Some(current) = self.current()
                && self.0.ring.get(&current).is_none()
                && search.is_due()
            {
                search
                    .note(self.search(current).await, "the cluster key is not here, and no member has handed it over");
            }
            let is_pending = self.0.raft.watch().borrow().is_self
                && self
                    .0
                    .store
                    .read(|state| state.secrets.current.as_ref().is_some_and(|current| current.deleted_at.is_some()));
            if !is_pending {
                deleted_since = None;
                continue;
            }
            let since = *deleted_since.get_or_insert_with(Instant::now);
            if since.elapsed() >= GATHER && shred.is_due() {
                let rotated = self.rotate().await.map(drop);
                shred.note(rotated, "deleted secrets can't be shredded yet");
            }
        }
    }
}

/// How often a look at the state and at the disk may be overtaken.
const LOOKS: usize = 10;

/// Tries of the same thing, further and further apart while they fail.
#[derive(Debug, Default)]
struct Tries {
    next: Option<Instant>,
    pause: Duration,
    told: Option<String>,
}

impl Tries {
    fn is_due(&self) -> bool {
        self.next.is_none_or(|next| Instant::now() >= next)
    }

    /// Tells a failure once, until it is another or over.
    fn note(&mut self, result: Result<(), Error>, what: &str) {
        match result {
            Ok(()) => *self = Self::default(),
            Err(error) => {
                self.pause = (self.pause * 2).clamp(PAUSE, PAUSE_MAX);
                self.next = Some(Instant::now() + self.pause);
                let text = error.to_string();
                if self.told.as_ref() != Some(&text) {
                    warn!(error = text, "{what}; trying again");
                    self.told = Some(text);
                }
            }
        }
    }
}
