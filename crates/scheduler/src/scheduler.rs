//! The leader's loop: look, decide, wait for the decision to be applied, look again.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use gofer_consensus::{Leadership, Propose, ProposeError, Raft};
use gofer_domain::{Command, NodeId, Revision, Timestamp};
use gofer_store::Store;
use tokio::sync::watch;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::backfills::{self, Open};
use crate::decisions::Decisions;
use crate::follow::Follower;
use crate::keeper::Keeper;
use crate::lease_table::LeaseConfig;
use crate::leases::Leases;
use crate::plan::{Plan, earlier, plan};
use crate::slots::{News, Slots};

/// Pause after something that may pass was refused.
const PAUSE: Duration = Duration::from_millis(50);
/// Longest wait for one barrier.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest sleep towards a time of day, since the clock may be set.
const NAP_MAX: Duration = Duration::from_secs(30);

/// Settings of the scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    pub lease: LeaseConfig,
    /// Most commands proposed at once.
    pub plan_max: usize,
    /// Most schedules whose slots are settled at once, and about as many as runs are started for.
    pub settle_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { lease: LeaseConfig::default(), plan_max: 256, settle_max: 1024 }
    }
}

/// Why the scheduler stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Consensus has stopped for good; the process must exit.
    #[error("the scheduler has stopped, since consensus has: {0}")]
    Fatal(String),
}

/// Decides while this node leads.
pub struct Scheduler {
    store: Store,
    raft: Raft,
    propose: Arc<dyn Propose>,
    config: Config,
    leases: Leases,
}

impl fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheduler").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Scheduler {
    /// A scheduler over this node's replica. It does nothing until [`Scheduler::run`].
    #[must_use]
    pub fn new(store: Store, raft: Raft, propose: Arc<dyn Propose>, config: Config) -> Self {
        let leases = Leases::new(store.clone(), raft.clone(), config.lease);
        Self { store, raft, propose, config, leases }
    }

    /// The lease table, to be asked by nodes.
    #[must_use]
    pub fn leases(&self) -> Leases {
        self.leases.clone()
    }

    fn decisions(&self) -> Decisions<'_> {
        Decisions::new(&self.store, &self.raft, &*self.propose)
    }

    /// Runs until `shutdown`.
    ///
    /// # Errors
    /// [`Error::Fatal`] when consensus has stopped for good.
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
                    #[cfg(feature = "planted")]
                    None if gofer_store::planted::is(gofer_store::planted::Bug::SlotsAnywhere) => {
                        Term::new(&self, 0).settle().await
                    }
                    None => std::future::pending().await,
                }
            };
            let result = tokio::select! {
                biased;
                () = shutdown.cancelled() => Some(Ok(())),
                is_open = changed(&mut leadership, term) => if is_open { None } else { Some(Ok(())) },
                fatal = work => Some(Err(fatal)),
            };
            self.leases.end();
            if let Some(result) = result {
                return result;
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
    scheduler: &'a Scheduler,
    term: u64,
    decisions: Decisions<'a>,
    /// Nodes and incarnations whose lease was seen to have run out.
    run_out: BTreeSet<(NodeId, u64)>,
    slots: Slots,
}

/// What to do at one moment.
struct Agenda {
    revision: Revision,
    plan: Plan,
    now: Timestamp,
    lost: Vec<(NodeId, u64)>,
    news: News,
    backfills: Vec<Open>,
}

impl<'a> Term<'a> {
    fn new(scheduler: &'a Scheduler, term: u64) -> Self {
        Self { scheduler, term, decisions: scheduler.decisions(), run_out: BTreeSet::new(), slots: Slots::default() }
    }

    /// Leads until it is dropped, or until consensus stops for good.
    async fn lead(mut self) -> Error {
        let scheduler = self.scheduler;
        let lead = async {
            self.catch_up().await?;
            scheduler.leases.begin(self.term);
            info!(term = self.term, "this node leads and schedules");
            let follower = Follower::new(&scheduler.store, &scheduler.raft, scheduler.decisions());
            let keeper = Keeper::new(&scheduler.store, &scheduler.raft, scheduler.decisions());
            tokio::try_join!(self.lead_on(), follower.follow(), keeper.keep_on())
        };
        match lead.await {
            Ok((never, ..)) => match never {},
            Err(error) => error,
        }
    }

    /// Settles slots without leading.
    #[cfg(feature = "planted")]
    async fn settle(mut self) -> Error {
        loop {
            let agenda = self.look();
            self.slots.learn(agenda.news);
            let settlements = self.slots.settle(agenda.now, self.scheduler.config.settle_max);
            if settlements.is_empty() {
                sleep(PAUSE).await;
            } else if let Err(error) = self.decisions.take(agenda.revision, settlements).await {
                return error;
            }
        }
    }

    async fn lead_on(&mut self) -> Result<Infallible, Error> {
        let store = &self.scheduler.store;
        let mut progress = store.progress();
        loop {
            progress.mark_unchanged();
            let agenda = self.look();
            let is_behind = agenda.news.are_cut;
            self.slots.learn(agenda.news);
            // First, and more of them at once than of others: they are late already.
            let settlements = self.slots.settle(agenda.now, self.scheduler.config.settle_max);
            let backfills = backfills::advance(agenda.backfills, self.scheduler.config.settle_max);
            let commands = [settlements, backfills, agenda.plan.commands].concat();
            if !agenda.lost.is_empty() {
                self.declare_lost(agenda.revision, &agenda.lost).await?;
            } else if !commands.is_empty() {
                self.decisions.take(agenda.revision, commands).await?;
            } else if is_behind {
                yield_now().await;
            } else {
                let next = earlier(agenda.plan.next, self.slots.next());
                self.wait(&mut progress, next.map(|next| (agenda.now, next))).await?;
            }
        }
    }

    /// Waits until all that earlier leaders decided is applied here.
    async fn catch_up(&self) -> Result<(), Error> {
        let raft = &self.scheduler.raft;
        loop {
            let caught_up = async { raft.wait_applied(raft.read_index().await?, PATIENCE).await };
            match caught_up.await {
                Ok(()) => return Ok(()),
                Err(ProposeError::Fatal(why)) => return Err(Error::Fatal(why)),
                Err(error) => debug!(%error, "waiting for the state of the earlier leaders"),
            }
            sleep(PAUSE).await;
        }
    }

    fn look(&self) -> Agenda {
        let Scheduler { store, raft, leases, config, .. } = self.scheduler;
        store.read(|state| {
            let now = Timestamp(raft.host().unix_ms()).max(state.time);
            let lost = leases.run_out(state);
            let plan = plan(state, now, &leases.plan_input(state, config.plan_max));
            let (news, backfills) = (self.slots.news(state), backfills::open(state));
            Agenda { revision: state.revision, plan, now, lost, news, backfills }
        })
    }

    /// Waits until there may be something to do.
    async fn wait(
        &self,
        progress: &mut watch::Receiver<gofer_store::Progress>,
        next: Option<(Timestamp, Timestamp)>,
    ) -> Result<(), Error> {
        let nap = next.map_or(NAP_MAX, |(now, next)| next.since(now).clamp(Duration::from_millis(1), NAP_MAX));
        let mut until = Instant::now() + nap;
        if let Some(lease) = self.scheduler.leases.next() {
            until = until.min(lease);
        }
        tokio::select! {
            changed = progress.changed() => {
                changed.map_err(|_| Error::Fatal("the store is closed".into()))
            }
            () = self.scheduler.leases.granted() => Ok(()),
            () = sleep_until(until) => Ok(()),
        }
    }

    /// Through this node's own consensus only: handed on to another leader, which has granted leases meanwhile, the
    /// declaration would be wrong.
    async fn declare_lost(&mut self, revision: Revision, lost: &[(NodeId, u64)]) -> Result<(), Error> {
        for (node, incarnation) in lost {
            // Without a majority this is tried again and again.
            if self.run_out.insert((*node, *incarnation)) {
                warn!(%node, incarnation, "the node's lease ran out; declaring it lost");
            }
        }
        let lost =
            lost.iter().map(|(node, incarnation)| Command::DeclareNodeLost { node: *node, incarnation: *incarnation });
        self.decisions.take_here(revision, lost.collect()).await?;
        Ok(())
    }
}
