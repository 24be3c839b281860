//! What goes wrong. A nemesis is one file with the trait below, and one line in [`ALL`].

mod clock;
mod crash;
mod damage;
mod disk_full;
mod io_error;
mod kill;
mod latency;
mod loss;
mod members;
mod partition;
mod pause;
mod plugins;
mod rolling;
mod surgery;
mod transfer;

pub(crate) use rolling::terminate;

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use gofer_rng::Rng;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::lab::Lab;

/// Every nemesis. `all` leaves out those that need another build of the binary.
pub(crate) static ALL: [&dyn Nemesis; 14] = [
    &kill::Kill,
    &crash::Crash,
    &pause::Pause,
    &partition::Partition,
    &loss::Loss,
    &latency::Latency,
    &disk_full::DiskFull,
    &io_error::IoError,
    &damage::Damage,
    &rolling::Rolling,
    &members::Members,
    &transfer::Transfer,
    &plugins::Plugins,
    &clock::Clock,
];

/// Most faults at the same time.
const AT_ONCE_MAX: usize = 3;
/// How long the faults of the end may take to heal.
const HEALING_PATIENCE: Duration = Duration::from_secs(180);

/// A kind of fault.
#[async_trait]
pub(crate) trait Nemesis: Send + Sync {
    fn name(&self) -> &'static str;

    fn about(&self) -> &'static str;

    /// Whether it works on the binary as it is handed out.
    fn works_on_any_build(&self) -> bool {
        true
    }

    /// Breaks something for a while, and mends it. False if it did nothing, as what it would break is in other hands.
    ///
    /// # Errors
    /// When it could not be done or mended: the run is not valid then.
    async fn strike(&self, strike: &mut Strike) -> anyhow::Result<bool>;
}

/// One time that a nemesis acts.
#[derive(Debug)]
pub(crate) struct Strike {
    pub(crate) lab: Arc<Lab>,
    pub(crate) rng: Rng,
    hold: Duration,
    stop: CancellationToken,
}

impl Strike {
    /// Waits as long as the fault is to last, or until all faults are to end.
    pub(crate) async fn hold(&self) {
        self.wait(self.hold).await;
    }

    /// Waits so long, or until all faults are to end.
    pub(crate) async fn wait(&self, time: Duration) {
        let _ = tokio::time::timeout(time, self.stop.cancelled()).await;
    }

    /// Whether all faults are to end.
    pub(crate) fn is_over(&self) -> bool {
        self.stop.is_cancelled()
    }
}

/// Lets these act, several at once, in waves with a calm between them, until the time is over; then all is mended.
pub(crate) async fn run(lab: &Arc<Lab>, kinds: &[&'static dyn Nemesis], mut rng: Rng, until: Instant) {
    let stop = CancellationToken::new();
    let mut deck: Vec<&'static dyn Nemesis> = Vec::new();
    while Instant::now() < until && !kinds.is_empty() {
        let wave_end = until.min(Instant::now() + rng.millis(15_000, 30_000));
        let mut active: JoinSet<(&'static dyn Nemesis, bool)> = JoinSet::new();
        let mut names: Vec<&'static str> = Vec::new();
        while Instant::now() < wave_end {
            while let Some(ended) = active.try_join_next() {
                let Ok((kind, acted)) = ended else { continue };
                names.retain(|name| *name != kind.name());
                if !acted {
                    deck.push(kind);
                }
            }
            if deck.is_empty() {
                deck = kinds.to_vec();
                rng.shuffle(&mut deck);
            }
            if names.len() < AT_ONCE_MAX
                && let Some(at) = deck.iter().position(|kind| !names.contains(&kind.name()))
            {
                let kind = deck.remove(at);
                names.push(kind.name());
                let hold = rng.millis(2_000, 9_000);
                let strike = Strike { lab: lab.clone(), rng: rng.fork(), hold, stop: stop.clone() };
                active.spawn(act(kind, strike));
            }
            let pause = rng.millis(500, 4_000).min(wave_end.saturating_duration_since(Instant::now()));
            tokio::time::sleep(pause.max(Duration::from_millis(10))).await;
        }
        if Instant::now() >= until {
            stop.cancel();
        }
        let all = async { while active.join_next().await.is_some() {} };
        if tokio::time::timeout(HEALING_PATIENCE, all).await.is_err() {
            lab.journal.find(format!("faults were not mended in {HEALING_PATIENCE:?}: {names:?}"));
        }
        if Instant::now() < until {
            tokio::time::sleep(rng.millis(3_000, 6_000)).await;
        }
    }
}

/// The kind, and whether it did anything.
async fn act(kind: &'static dyn Nemesis, mut strike: Strike) -> (&'static dyn Nemesis, bool) {
    let acted = kind.strike(&mut strike).await.unwrap_or_else(|error| {
        strike.lab.journal.find(format!("{}: {error:#}", kind.name()));
        true
    });
    (kind, acted)
}

/// Starts nodes and plug-ins that end by themselves though nothing is done to them, and says so.
pub(crate) async fn watch(lab: Arc<Lab>) {
    loop {
        tokio::time::sleep(Duration::from_millis(300)).await;
        for machine in &lab.machines {
            let Some(claim) = machine.claim() else { continue };
            let Some(status) = claim.ended() else { continue };
            lab.journal.find(format!("{} ended by itself with {status}: {}", claim.name, claim.log_tail(6)));
            if let Err(error) = claim.start(&[]) {
                lab.journal.find(format!("{error:#}"));
            }
        }
        for plugin in lab.plugins() {
            let Some(status) = plugin.ended() else { continue };
            lab.journal.find(format!("{} ended by itself with {status}: {}", plugin.name, plugin.log_tail(6)));
            if let Err(error) = plugin.start() {
                lab.journal.find(format!("{error:#}"));
            }
        }
    }
}
