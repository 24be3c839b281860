//! The executor's loop: what the log has placed here against what is being worked on here.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use gofer_domain::config::DriverKind;
use gofer_domain::{AttemptKey, State};
use tokio::sync::{Semaphore, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::attempt::{self, Order};
use crate::config::Config;
use crate::context::Context;
use crate::lease::{self, Lease};
use crate::logs::Logs;
use crate::parts::Parts;
use crate::spec::{self, Placed};
use crate::{orphans, register, seal};

/// How long a shutdown waits for attempts to let go.
const LET_GO: Duration = Duration::from_secs(2);

/// Why there is no executor.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Correct the settings.
    #[error("the executor's settings are not usable: {}", .0.join("; "))]
    Config(Vec<String>),
    /// A component panicked; the process should be started again.
    #[error("a part of the executor ended unexpectedly: {0}")]
    Broken(String),
}

/// Runs attempts on this node.
pub struct Executor {
    context: Arc<Context>,
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor").field("config", &self.context.config).finish_non_exhaustive()
    }
}

impl Executor {
    /// An executor for the node whose store it is given. It does nothing until [`Executor::run`].
    ///
    /// # Errors
    /// [`Error::Config`] when the settings, or the drivers and what the node's spec says of them, do not fit.
    pub fn new(parts: Parts, config: Config) -> Result<Self, Error> {
        let mut faults = config.validate().err().unwrap_or_default();
        let mut drivers = BTreeMap::new();
        for driver in &parts.drivers {
            match DriverKind::from_name(driver.kind()) {
                Some(kind) => {
                    drivers.insert(kind, Arc::clone(driver));
                }
                None => faults.push(format!("the driver kind {} is not known", driver.kind())),
            }
        }
        for kind in config.spec.drivers.iter().filter(|kind| !drivers.contains_key(kind)) {
            faults.push(format!("the node is said to have the {} driver, which it has not", kind.name()));
        }
        if !faults.is_empty() {
            return Err(Error::Config(faults));
        }
        let node = parts.store.identity().node_id;
        let lease = Lease::new(&config.lease_file, config.stop_before_lease_end, parts.host.clone());
        let shutdown = CancellationToken::new();
        let seal_memory = Semaphore::new(seal::MEMORY_UNITS as usize);
        Ok(Self { context: Arc::new(Context { node, config, parts, drivers, lease, seal_memory, shutdown }) })
    }

    /// The output of attempts that this node still holds.
    #[must_use]
    pub fn logs(&self) -> Logs {
        Logs::new(Arc::clone(&self.context))
    }

    /// Runs until `shutdown`, then lets go at once: what runs goes on, and the next start takes it over.
    ///
    /// # Errors
    /// [`Error::Broken`] when a part of it panicked.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), Error> {
        let context = self.context;
        let (incarnation, registered) = watch::channel(None);
        let (count, counted) = watch::channel(0);
        let mut works = JoinSet::new();
        works.spawn({
            let context = Arc::clone(&context);
            async move { register::keep(&context, &incarnation, counted).await }
        });
        works.spawn({
            let (context, registered) = (Arc::clone(&context), registered.clone());
            async move {
                let every = context.config.renew_every;
                lease::keep(&context.lease, &*context.parts.leases, context.node, registered, every).await;
            }
        });
        works.spawn(orphans::keep(Arc::clone(&context), registered.clone()));
        let mut attempts = Attempts { context: Arc::clone(&context), known: BTreeMap::new(), tasks: JoinSet::new() };
        let ended = tokio::select! {
            biased;
            () = shutdown.cancelled() => Ok(()),
            ended = works.join_next() => broken(ended),
            () = attempts.reconcile(registered, count) => Err(Error::Broken("the store is closed".into())),
        };
        context.shutdown.cancel();
        works.shutdown().await;
        let _ = timeout(LET_GO, async { while attempts.tasks.join_next().await.is_some() {} }).await;
        attempts.tasks.shutdown().await;
        ended
    }
}

fn broken(ended: Option<Result<(), JoinError>>) -> Result<(), Error> {
    let why = match ended {
        Some(Err(error)) => error.to_string(),
        Some(Ok(())) | None => "the store is closed".to_owned(),
    };
    Err(Error::Broken(why))
}

/// The attempts that are being worked on.
struct Attempts {
    context: Arc<Context>,
    known: BTreeMap<AttemptKey, Known>,
    tasks: JoinSet<AttemptKey>,
}

struct Known {
    orders: watch::Sender<Order>,
    task: Id,
}

impl Attempts {
    async fn reconcile(&mut self, mut registered: watch::Receiver<Option<u64>>, count: watch::Sender<usize>) {
        let mut progress = self.context.parts.store.progress();
        loop {
            progress.mark_unchanged();
            // Until it is registered, the state may be too old to launch from.
            let may_begin = registered.borrow_and_update().is_some();
            for placed in self.give_orders(may_begin) {
                self.begin(placed);
            }
            count.send_replace(self.known.len());
            tokio::select! {
                changed = progress.changed() => if changed.is_err() { return },
                changed = registered.changed() => if changed.is_err() { return },
                Some(ended) = self.tasks.join_next_with_id() => self.forget(ended),
            }
        }
    }

    /// Tells each known attempt what the log wants of it; returns those that are to begin.
    fn give_orders(&mut self, may_begin: bool) -> Vec<Placed> {
        let Self { context, known, .. } = self;
        context.parts.store.read(|state| {
            let placed = state.index.placed.get(&context.node);
            for (key, known) in &*known {
                let order = match placed.is_some_and(|placed| placed.contains(key)) {
                    true => order(state, key),
                    false => Order::Discard,
                };
                known.orders.send_if_modified(|now| {
                    let news = *now != order && *now != Order::Discard;
                    if news {
                        *now = order;
                    }
                    news
                });
            }
            let new = placed.into_iter().flatten().filter(|key| may_begin && !known.contains_key(*key));
            let outside = (&*context.parts.registries, &*context.parts.access);
            new.filter_map(|key| Placed::find(state, context.node, key, &context.config, outside)).collect()
        })
    }

    fn begin(&mut self, placed: Placed) {
        let key = placed.key.clone();
        let order = placed.stopping.clone().map_or(Order::Run, Order::Stop);
        let (orders, receiver) = watch::channel(order);
        let task = self.tasks.spawn(attempt::run(Arc::clone(&self.context), placed, receiver)).id();
        self.known.insert(key, Known { orders, task });
    }

    fn forget(&mut self, ended: Result<(Id, AttemptKey), JoinError>) {
        match ended {
            Ok((_, key)) => {
                self.known.remove(&key);
            }
            Err(error) => {
                // It is begun anew, and adopts what runs.
                error!(%error, "the work on an attempt broke off");
                self.known.retain(|_, known| known.task != error.id());
            }
        }
    }
}

fn order(state: &State, key: &AttemptKey) -> Order {
    let stopping = spec::find(state, key).and_then(|attempt| attempt.stopping.clone());
    stopping.map_or(Order::Run, Order::Stop)
}
