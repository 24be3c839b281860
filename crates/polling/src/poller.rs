//! The loop: which subscription is due, and a look for it, a few at a time.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use gofer_consensus::{Propose, Raft};
use gofer_domain::{PipelineKey, SecretName};
use gofer_git::pulls::Memory;
use gofer_store::Store;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};
use zeroize::Zeroizing;

use crate::agenda::{Agenda, Due};
use crate::look::{Looked, look};
use crate::pulls::Rests;

/// How often it is looked which subscriptions are due.
const TICK: Duration = Duration::from_secs(1);
/// Looks at the same time.
const AT_ONCE: usize = 8;

/// Reads secrets that repositories ask for.
#[async_trait]
pub trait ReadSecrets: Send + Sync + 'static {
    /// The value that a pipeline's tasks would get under a name.
    ///
    /// # Errors
    /// Why there is none, without any value.
    async fn read(&self, pipeline: &PipelineKey, name: &SecretName) -> Result<Zeroizing<Vec<u8>>, String>;
}

/// What a look needs. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) raft: Raft,
    pub(crate) propose: Arc<dyn Propose>,
    pub(crate) secrets: Arc<dyn ReadSecrets>,
    pub(crate) rests: Arc<Rests>,
}

impl Parts {
    /// The token that a secret holds, if one is named.
    pub(crate) async fn token(
        &self,
        due: &Due,
        name: Option<&SecretName>,
    ) -> Result<Option<Zeroizing<String>>, String> {
        let Some(name) = name else { return Ok(None) };
        let value = self.secrets.read(&due.key.pipeline, name).await?;
        Ok(Some(Zeroizing::new(String::from_utf8_lossy(&value).trim_end().to_owned())))
    }
}

/// Looks for subscriptions while this node leads.
pub struct Poller(Parts);

impl fmt::Debug for Poller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poller").finish_non_exhaustive()
    }
}

impl Poller {
    /// A poller over this node's replica. It does nothing until [`Poller::run`].
    #[must_use]
    pub fn new(store: Store, raft: Raft, propose: Arc<dyn Propose>, secrets: Arc<dyn ReadSecrets>) -> Self {
        Self(Parts { store, raft, propose, secrets, rests: Arc::default() })
    }

    /// Runs until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut leadership = self.0.raft.watch();
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                leads = leadership.wait_for(|now| now.is_self) => if leads.is_err() { return },
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = leadership.wait_for(|now| !now.is_self) => {}
                () = self.lead() => {}
            }
        }
    }

    /// Looks at what is due, until it is dropped.
    async fn lead(&self) {
        let mut agenda = Agenda::default();
        let mut looks: JoinSet<(Looked, Option<Memory>)> = JoinSet::new();
        let mut under_way: HashMap<Id, Due> = HashMap::new();
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                Some(looked) = looks.join_next_with_id() => {
                    let failed = |error: JoinError| (error.id(), (Looked::Failed(error.to_string()), None));
                    let (id, (looked, memory)) = looked.unwrap_or_else(failed);
                    if let Some(due) = under_way.remove(&id) {
                        note(&due, &looked);
                        agenda.looked(&due.key, Instant::now(), &looked, memory);
                    }
                }
            }
            let room = AT_ONCE.saturating_sub(looks.len());
            let now = Instant::now();
            let next = self.0.store.read(|state| agenda.due(state, now, room));
            for due in next {
                let (parts, looked_at) = (self.0.clone(), due.clone());
                let task = looks.spawn(async move { look(&parts, &looked_at).await });
                under_way.insert(task.id(), due);
            }
        }
    }
}

fn note(due: &Due, looked: &Looked) {
    let subscription = &due.key;
    match looked {
        Looked::Nothing => debug!(%subscription, "nothing has changed"),
        Looked::Began => info!(%subscription, "the repository was looked at for the first time"),
        Looked::Told { changes } => info!(%subscription, changes, "the repository has changed"),
        // It is tried again from where the log is by then.
        Looked::NotTaken(why) => debug!(%subscription, %why, "what has changed was not taken"),
        Looked::Rests { why, wait } => {
            let seconds = wait.as_secs();
            info!(%subscription, %why, seconds, "the service wants to be left alone; it is looked again after that");
        }
        Looked::Failed(why) => warn!(%subscription, %why, "the repository can't be looked at; it is tried again"),
    }
}
