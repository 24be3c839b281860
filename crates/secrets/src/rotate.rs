//! The rotation of the cluster key: a new key, first on a majority of the voters, then in force.

use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use gofer_consensus::{Proposal, ProposeError, Role};
use gofer_domain::{Actor, ClusterKey, Command, RequestId, Revision, SecretKey, WrappedKey};
use gofer_store::Outcome;
use tokio::time::{sleep, timeout};
use tracing::info;
use uuid::Uuid;

use crate::cipher::KeyBytes;
use crate::envelope::wrap_anew;
use crate::error::Error;
use crate::keeper::Keeper;

/// How long one voter may take to get the new key.
const OFFER: Duration = Duration::from_secs(5);
/// How often a rotation is begun anew because secrets were set or deleted meanwhile.
const TRIES: u32 = 5;
/// Longest wait until the rotation is known here.
const PATIENCE: Duration = Duration::from_secs(10);

/// A secret with its version and wrapped key.
type Live = (SecretKey, u64, Vec<u8>);

impl Keeper {
    /// Replaces the cluster key, and destroys the old one here; the other nodes destroy theirs when they apply the same.
    /// Answers the key in force, and the revision since when it is.
    ///
    /// # Errors
    /// [`Error::NoKey`] when live secrets can't be opened for want of the old key; [`Error::TooFewCopies`] when no
    /// majority has the new one; else when the cluster could not be asked, or refused.
    pub async fn rotate(&self) -> Result<(ClusterKey, Revision), Error> {
        let _one = self.0.rotating.lock().await;
        self.check_known()?;
        let mut refused = None;
        for _ in 0..TRIES {
            match self.rotate_once().await {
                Err(Error::Rejected(rejection)) => refused = Some(rejection),
                other => return other,
            }
            sleep(Duration::from_millis(200)).await;
        }
        Err(refused.map_or(Error::Interrupted, Error::Rejected))
    }

    async fn rotate_once(&self) -> Result<(ClusterKey, Revision), Error> {
        let (current, live) = self.0.store.read(|state| {
            let secrets = &state.secrets;
            let live =
                secrets.live.iter().map(|(key, secret)| (key.clone(), secret.version, secret.wrapped_key.clone()));
            (secrets.current.as_ref().map(|current| current.key), live.collect::<Vec<Live>>())
        });
        // Without live secrets the old key is not needed, and may be lost.
        let old = match current {
            Some(current) if !live.is_empty() => Some(self.key(current).await?),
            _ => None,
        };
        let new = KeyBytes::draw()?;
        let number = current.map_or(0, |current| current.number).saturating_add(1);
        let named = new.named(number);
        self.keep(number, new.clone()).await?;
        self.spread(named).await?;
        let count = live.len();
        let wrapped_keys = self.blocking(move || wrap_all(live, old.as_ref(), &new)).await?;
        let revision = self.put_in_force(named, wrapped_keys).await?;
        info!(key = number, secrets = count, "rotated the cluster key");
        Ok((named, revision))
    }

    /// Returns once a majority of the voters has a key durably, and the others that answer have it, too.
    async fn spread(&self, key: ClusterKey) -> Result<(), Error> {
        let status = self.0.raft.status();
        let voters: Vec<_> = status.members.iter().filter(|member| member.role == Role::Voter).collect();
        let own = status.id;
        let mut stored = usize::from(voters.iter().any(|voter| voter.id == own));
        let offers: FuturesUnordered<_> = voters
            .iter()
            .filter(|voter| voter.id != own)
            .map(|voter| async move {
                let offered = timeout(OFFER, self.0.peers.offer(&voter.address, key, own)).await;
                match offered {
                    Ok(Ok(())) => Ok(()),
                    Ok(Err(error)) => Err(format!("node {}: {error}", voter.id)),
                    Err(_) => Err(format!("node {} did not answer in {OFFER:?}", voter.id)),
                }
            })
            .collect();
        let mut failures = Vec::new();
        for offered in offers.collect::<Vec<_>>().await {
            match offered {
                Ok(()) => stored += 1,
                Err(why) => failures.push(why),
            }
        }
        if stored > voters.len() / 2 {
            return Ok(());
        }
        Err(Error::TooFewCopies { stored, voters: voters.len(), why: failures.join("; ") })
    }

    async fn put_in_force(&self, key: ClusterKey, wrapped_keys: Vec<WrappedKey>) -> Result<Revision, Error> {
        let own = self.0.store.identity().node_id;
        let request_id = RequestId(*Uuid::new_v4().as_bytes());
        let command = Command::RotateClusterKey { key, wrapped_keys };
        let proposal = Proposal { request_id, actor: Actor(format!("node:{own}")), command };
        let revision = match self.0.propose.propose(vec![proposal]).await?.into_iter().next() {
            Some(Outcome::Accepted { revision, .. }) => revision,
            Some(Outcome::Rejected(rejection)) => return Err(Error::Rejected(rejection)),
            None => return Err(ProposeError::Unknown("the answer is empty".into()).into()),
        };
        let mut progress = self.0.store.progress();
        let applied = progress.wait_for(|progress| progress.revision >= revision);
        if timeout(PATIENCE, applied).await.is_ok_and(|applied| applied.is_ok()) {
            self.settle().await?;
        }
        Ok(revision)
    }
}

fn wrap_all(live: Vec<Live>, old: Option<&KeyBytes>, new: &KeyBytes) -> Result<Vec<WrappedKey>, Error> {
    let wrap = |(key, version, wrapped): Live| {
        let old = old.ok_or(Error::Interrupted)?;
        let wrapped_key = wrap_anew(&key, version, &wrapped, old, new)?;
        Ok(WrappedKey { key, version, wrapped_key })
    };
    live.into_iter().map(wrap).collect()
}
