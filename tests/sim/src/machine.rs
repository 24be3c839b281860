//! A machine: its clocks, its disk's speed, and the containers on it, which outlive the node's process.
//!
//! A guard on it reads the lease file, as the real ones do, and ends the containers when the lease has run out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gofer_domain::{AttemptKey, LOGIC_VERSION, NodeId};
use gofer_drivers::{Exit, LaunchId, State};
use gofer_rng::Rng;
use tokio::sync::watch;

use crate::history::{Fact, History};

/// How often the guard looks at the lease.
const GUARD_MS: u64 = 100;

/// Shared by the machine's guard, its driver and its disk. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct Machine {
    pub(crate) node: NodeId,
    pub(crate) lease_file: Arc<PathBuf>,
    inner: Arc<Mutex<Inner>>,
    changed: watch::Sender<u64>,
}

pub(crate) struct Inner {
    history: History,
    rng: Rng,
    /// How much faster than true time its clock runs, in millionths.
    drift: i64,
    /// How far the time of day is off, in milliseconds.
    pub(crate) skew: i64,
    /// The logic version of the program that is started on it.
    pub(crate) logic_version: u32,
    /// Longest delay of a write to the disk, and of other work on it, in milliseconds.
    pub(crate) flush_ms: u64,
    pub(crate) work_ms: u64,
    /// Longest delay of a write when nothing is wrong with the disk.
    calm_flush_ms: u64,
    containers: BTreeMap<LaunchId, Container>,
    guard_at: u64,
}

struct Container {
    attempt: AttemptKey,
    state: State,
    /// In true time.
    ends: u64,
    code: i32,
}

impl std::fmt::Debug for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Machine").field("node", &self.node).finish_non_exhaustive()
    }
}

impl Machine {
    /// Its clock is right from now on, and shows a time of day that is so many milliseconds ahead.
    pub(crate) fn set_right(&self, ahead: i64) {
        let mut inner = self.lock();
        (inner.drift, inner.skew) = (0, ahead);
    }

    pub(crate) fn new(node: NodeId, dir: &Path, mut rng: Rng, history: History) -> Self {
        let drift = i64::try_from(rng.range(0, 20_000)).unwrap_or(0) - 10_000;
        let skew = i64::try_from(rng.range(0, 2_000)).unwrap_or(0) - 1_000;
        let calm_flush_ms = rng.range(1, 30);
        let inner = Inner {
            history,
            rng,
            drift,
            skew,
            logic_version: LOGIC_VERSION,
            flush_ms: calm_flush_ms,
            work_ms: 0,
            calm_flush_ms,
            containers: BTreeMap::new(),
            guard_at: 0,
        };
        let lease_file = Arc::new(dir.join(format!("lease-{node}")));
        Self { node, lease_file, inner: Arc::new(Mutex::new(inner)), changed: watch::Sender::new(0) }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The disk is as fast as it can be again.
    pub(crate) fn calm(&self) {
        let mut inner = self.lock();
        (inner.flush_ms, inner.work_ms) = (inner.calm_flush_ms, 0);
    }

    /// What its own clock shows at a true time.
    pub(crate) fn local_ms(&self, now: u64) -> u64 {
        let off = i64::try_from(now).unwrap_or(0) * self.lock().drift / 1_000_000;
        now.saturating_add_signed(off)
    }

    /// Told whenever a container changes.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    pub(crate) fn state(&self, id: &LaunchId) -> State {
        self.lock().containers.get(id).map_or(State::Absent, |container| container.state.clone())
    }

    pub(crate) fn ids(&self) -> Vec<LaunchId> {
        self.lock().containers.keys().cloned().collect()
    }

    /// Makes a container that does not run yet, if there is none of that name.
    pub(crate) fn create(&self, id: &LaunchId, attempt: &AttemptKey) -> State {
        let absent = Container { attempt: attempt.clone(), state: State::Created, ends: 0, code: 0 };
        self.lock().containers.entry(id.clone()).or_insert(absent).state.clone()
    }

    /// Runs a container that was made and never ran.
    pub(crate) fn run(&self, id: &LaunchId, lasts_ms: u64, code: i32) {
        // A shim looks at the lease before it lets the program run.
        let fenced = self.lease_is_over();
        let mut inner = self.lock();
        let now = inner.history.now();
        let Some(container) = inner.containers.get_mut(id).filter(|it| it.state == State::Created) else { return };
        if fenced {
            container.state = State::Exited(Exit { fenced: true, ..Exit::unknown("no lease") });
        } else {
            (container.state, container.ends, container.code) = (State::Running, now + lasts_ms, code);
            let fact = Fact::Launched { node: self.node, attempt: container.attempt.clone() };
            inner.history.tell(fact);
        }
        drop(inner);
        self.changed.send_modify(|count| *count += 1);
    }

    /// Has a container end within `grace_ms`, or never begin.
    pub(crate) fn stop(&self, id: &LaunchId, grace_ms: u64) {
        let mut inner = self.lock();
        let now = inner.history.now();
        let takes = inner.rng.range(0, grace_ms);
        match inner.containers.get_mut(id) {
            Some(container) if container.state == State::Running && container.ends > now + takes => {
                (container.ends, container.code) = (now + takes, 143);
            }
            Some(container) if container.state == State::Created => container.state = State::Fenced,
            Some(_) => {}
            None => {
                let attempt = crate::workload::no_attempt();
                let fenced = Container { attempt, state: State::Fenced, ends: 0, code: 0 };
                inner.containers.insert(id.clone(), fenced);
            }
        }
        drop(inner);
        self.changed.send_modify(|count| *count += 1);
    }

    /// Forgets a container; false when it runs.
    pub(crate) fn remove(&self, id: &LaunchId) -> bool {
        let mut inner = self.lock();
        let runs = inner.containers.get(id).is_some_and(|container| container.state == State::Running);
        if !runs {
            inner.containers.remove(id);
        }
        !runs
    }

    /// Ends what has run its time, and what runs without a lease.
    pub(crate) fn tick(&self, now: u64) {
        let guard = now >= self.lock().guard_at;
        let fenced = guard && self.lease_is_over();
        let mut inner = self.lock();
        if guard {
            inner.guard_at = now + GUARD_MS;
        }
        let mut ended = Vec::new();
        for container in inner.containers.values_mut().filter(|container| container.state == State::Running) {
            let exit = match (container.ends <= now, fenced) {
                (true, _) => Exit { code: Some(container.code), ..Exit::default() },
                (false, true) => Exit { code: Some(137), signal: Some(9), fenced: true, ..Exit::default() },
                (false, false) => continue,
            };
            ended.push((container.attempt.clone(), exit.code));
            container.state = State::Exited(exit);
        }
        self.tell_ends(inner, ended);
    }

    /// The power is gone: nothing runs any more, and nobody can tell how it ended.
    pub(crate) fn power_off(&self) {
        let mut inner = self.lock();
        let mut ended = Vec::new();
        for container in inner.containers.values_mut().filter(|container| container.state == State::Running) {
            ended.push((container.attempt.clone(), None));
            container.state = State::Exited(Exit::unknown("the machine was started again"));
        }
        self.tell_ends(inner, ended);
        // A lease of an earlier boot counts as over.
        drop(std::fs::remove_file(&*self.lease_file));
    }

    fn tell_ends(&self, inner: MutexGuard<'_, Inner>, ended: Vec<(AttemptKey, Option<i32>)>) {
        let news = !ended.is_empty();
        for (attempt, code) in ended {
            inner.history.tell(Fact::Ended { node: self.node, attempt, code });
        }
        drop(inner);
        if news {
            self.changed.send_modify(|count| *count += 1);
        }
    }

    fn lease_is_over(&self) -> bool {
        let until = gofer_drivers::lease::read(&self.lease_file).unwrap_or(0);
        let now = self.lock().history.now();
        self.local_ms(now) > until
    }
}
