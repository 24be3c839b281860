//! The leader's loop: look how much of the log is not archived, seal it, have that recorded, write the manifest.

use std::fmt;
use std::time::Duration;

use gofer_audit::Archive;
use gofer_consensus::{Leadership, Proposal, ProposeError, Raft, Work};
use gofer_domain::{ARCHIVE_LOGIC, Actor, ArchiveSegment, Command, Node, RequestId, Revision};
use gofer_store::{Outcome, Store};
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::config::Config;
use crate::error::Error;
use crate::health::chain;
use crate::seal::{self, Measure};

/// Pause between two looks at how much there is to archive.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Pause between two checks of the manifest, while nothing is archived.
const CHECK_EVERY: Duration = Duration::from_secs(60);
/// First and longest pause after the archive could not be used.
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// Longest wait for one barrier or for an applied decision.
const PATIENCE: Duration = Duration::from_secs(5);

/// Archives while this node leads.
pub struct Archiver {
    store: Store,
    raft: Raft,
    archive: Archive,
    config: Config,
}

impl fmt::Debug for Archiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archiver").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Archiver {
    /// An archiver over this node's replica. It does nothing until [`Archiver::run`].
    #[must_use]
    pub fn new(store: Store, raft: Raft, config: Config) -> Self {
        Self { store, raft, archive: Archive::at(&config.url), config }
    }

    /// Runs until `shutdown`. An archive that can't be used is tried again and again; meanwhile nothing is dropped.
    ///
    /// # Errors
    /// [`Error::Fatal`] when consensus has stopped for good; [`Error::Store`] when the store has.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), Error> {
        let mut leadership = self.raft.watch();
        loop {
            let term = {
                let now = leadership.borrow_and_update();
                now.is_self.then_some(now.term)
            };
            let work = async {
                match term {
                    Some(term) => Term::new(&self, term).lead().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return Ok(()),
                is_open = changed(&mut leadership, term) => if !is_open { return Ok(()) },
                fatal = work => return Err(fatal),
            }
        }
    }
}

/// Returns true when this node's leadership is another than in `term`, false when nothing more will be told.
async fn changed(leadership: &mut watch::Receiver<Leadership>, term: Option<u64>) -> bool {
    leadership.wait_for(|now| now.is_self.then_some(now.term) != term).await.is_ok()
}

/// One term in which this node leads.
struct Term<'a> {
    archiver: &'a Archiver,
    term: u64,
    /// Proposals so far.
    proposed: u64,
    measure: Measure,
    /// When the manifest was last known to be what the state says, and up to which revision.
    published: Option<(Instant, Revision)>,
    /// What was last told of the archive.
    trouble: Option<String>,
}

impl<'a> Term<'a> {
    fn new(archiver: &'a Archiver, term: u64) -> Self {
        Self { archiver, term, proposed: 0, measure: Measure::default(), published: None, trouble: None }
    }

    /// Leads until it is dropped, or until consensus or the store stops for good.
    async fn lead(mut self) -> Error {
        let mut pause = PAUSE;
        loop {
            match self.step().await {
                Ok(true) => {}
                Ok(false) => sleep(LOOK_EVERY).await,
                // Another leader has archived more, of which this one is about to hear.
                Err(Error::Store(gofer_store::Error::Archived { .. })) => {
                    sleep(LOOK_EVERY).await;
                    continue;
                }
                Err(error @ (Error::Fatal(_) | Error::Store(_))) => return error,
                Err(error) => {
                    self.tell(&error);
                    sleep(pause).await;
                    pause = PAUSE_MAX.min(pause * 2);
                    continue;
                }
            }
            pause = PAUSE;
            if self.trouble.take().is_some() {
                info!(archive = %self.archiver.config.url, "the archive can be used again");
            }
        }
    }

    fn tell(&mut self, error: &Error) {
        let text = chain(error);
        if self.trouble.as_ref() != Some(&text) {
            let archive = self.archiver.config.url.to_string();
            warn!(archive, error = text, "nothing can be archived, so nodes drop nothing; it is tried again");
            self.trouble = Some(text);
        }
    }

    /// Archives a segment, if one is due; whether it did.
    async fn step(&mut self) -> Result<bool, Error> {
        self.catch_up().await?;
        self.publish().await?;
        let Archiver { store, raft, archive, config } = self.archiver;
        // Until an upgrade is finished, a command that old nodes don't know would stop them. A member that never
        // registered may be one, and the state machine does not know of it.
        let members = raft.status().members;
        let archived = store.read(|state| {
            let knows = |node: &Node| node.spec.logic_version >= ARCHIVE_LOGIC;
            let all_know = state.nodes.values().all(knows)
                && members.iter().all(|member| state.nodes.get(&member.id).is_some_and(knows));
            let archived = state.archive.as_ref().map_or(Revision(0), |archive| archive.last);
            all_know.then_some(archived)
        });
        let Some(archived) = archived else { return Ok(false) };
        let (own, settings, mut measure) = (store.clone(), config.clone(), self.measure);
        let due = raft
            .host()
            .blocking(Work::Seal, move || measure.is_due(&own, &settings, archived).map(|due| (due, measure)));
        let (due, measure) = due.await??;
        self.measure = measure;
        if !due {
            return Ok(false);
        }
        let (own, archive, settings) = (store.clone(), archive.clone(), config.clone());
        let sealed = raft.host().blocking(Work::Seal, move || seal::seal(&own, &archive, &settings)).await??;
        let Some(segment) = sealed else { return Ok(false) };
        self.record(segment).await?;
        self.publish().await?;
        Ok(true)
    }

    /// Waits until what earlier leaders archived is known here.
    async fn catch_up(&self) -> Result<(), Error> {
        if self.published.is_some() {
            return Ok(());
        }
        let raft = &self.archiver.raft;
        loop {
            let caught_up = async { raft.wait_applied(raft.read_index().await?, PATIENCE).await };
            match caught_up.await {
                Ok(()) => return Ok(()),
                Err(ProposeError::Fatal(why)) => return Err(Error::Fatal(why)),
                Err(error) => debug!(%error, "waiting for the state of the earlier leaders"),
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Writes the manifest that the state leads to, unless it was found to be there a moment ago.
    async fn publish(&mut self) -> Result<(), Error> {
        let Archiver { store, raft, archive, .. } = self.archiver;
        let (cluster, last) = store.read(|state| (state.cluster, state.archive.as_ref().map(|archive| archive.last)));
        let last = last.unwrap_or(Revision(0));
        let is_recent = |(at, upto): (Instant, Revision)| upto == last && at.elapsed() < CHECK_EVERY;
        let Some(cluster) = cluster.filter(|_| !self.published.is_some_and(is_recent)) else { return Ok(()) };
        let (own, archive) = (store.clone(), archive.clone());
        let publishing = raft.host().blocking(Work::Seal, move || {
            let segments = own.archive_segments()?;
            // An archive that was never written to gets its manifest with the first segment.
            match segments.is_empty() {
                true => archive.check(cluster, &segments).map(|_| ())?,
                false => archive.publish(cluster, &segments)?,
            }
            Ok::<_, Error>(())
        });
        publishing.await??;
        self.published = Some((Instant::now(), last));
        Ok(())
    }

    /// Has the cluster record a segment, through this node's own consensus only: another leader goes on from its own
    /// state.
    async fn record(&mut self, segment: ArchiveSegment) -> Result<(), Error> {
        let Archiver { store, raft, config, .. } = self.archiver;
        let (first, last, bytes, stored) = (segment.first, segment.last, segment.bytes, segment.stored_bytes);
        self.proposed += 1;
        let subject = format!("gofer archive/{}/{}/{first}/{last}", self.term, self.proposed);
        let mut request_id = RequestId([0; 16]);
        request_id.0.copy_from_slice(&Sha256::digest(subject)[..16]);
        let command = Command::ArchiveEvents { segment: Box::new(segment), keep: config.keep_events };
        let actor = Actor(format!("leader:{}", store.identity().node_id));
        let outcome = match raft.propose(vec![Proposal { request_id, actor, command }]).await {
            Ok(outcomes) => outcomes.into_iter().next(),
            Err(ProposeError::Fatal(why)) => return Err(Error::Fatal(why)),
            Err(error) => {
                // The segment lies there, named by nothing; whether it was recorded, the next look tells.
                debug!(%error, "a segment was not recorded");
                sleep(LOOK_EVERY).await;
                return Ok(());
            }
        };
        match outcome {
            Some(Outcome::Accepted { revision, .. }) => {
                let mut progress = store.progress();
                let applied = progress.wait_for(|progress| progress.revision >= revision);
                if timeout(PATIENCE, applied).await.is_err() {
                    warn!(%revision, "a segment is not recorded here yet");
                }
                info!(%first, %last, bytes, stored, "archived a segment of the event log");
            }
            Some(Outcome::Rejected(rejection)) => {
                warn!(%rejection, "a segment was refused");
                sleep(LOOK_EVERY).await;
            }
            None => {}
        }
        Ok(())
    }
}

/// Gives the room of dropped events back to the file system, on every node, until `shutdown`.
///
/// # Errors
/// [`Error::Store`] when the store has stopped.
pub async fn reclaim(store: Store, raft: Raft, shutdown: CancellationToken) -> Result<(), Error> {
    let mut progress = store.progress();
    let mut done = progress.borrow().first;
    loop {
        let trimmed = tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            trimmed = progress.wait_for(|progress| progress.first > done) => trimmed.map(|progress| progress.first),
        };
        let Ok(first) = trimmed else { return Ok(()) };
        let own = store.clone();
        raft.host().blocking(Work::Seal, move || own.reclaim()).await??;
        done = first;
    }
}
