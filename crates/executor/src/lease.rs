//! The node's lease: until when its attempts may run, in memory and in the lease file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use gofer_consensus::{Host, Work};
use gofer_domain::NodeId;
use gofer_drivers::lease as file;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::{debug, info, warn};

use crate::parts::LeaseClient;

/// Pause after a renewal that was not granted: with a new leader the next may be.
const RETRY: Duration = Duration::from_millis(200);
/// Longest wait for an answer, as other leaders may answer sooner.
const PATIENCE: Duration = Duration::from_secs(2);

/// When the lease ends, by two clocks. Both must allow what needs a lease: the second one goes on while the machine
/// sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    until: Instant,
    until_boot_ms: u64,
}

/// The lease of this node. It never gets shorter but by [`Lease::end`].
#[derive(Debug)]
pub(crate) struct Lease {
    held: watch::Sender<Option<Held>>,
    /// How long before the end everything stops.
    margin: Duration,
    path: PathBuf,
    host: Host,
}

impl Lease {
    pub(crate) fn new(path: &Path, margin: Duration, host: Host) -> Self {
        Self { held: watch::Sender::new(None), margin, path: path.to_owned(), host }
    }

    /// The clock that the lease file is written in.
    fn boot_ms(&self) -> u64 {
        match &self.host {
            Host::Machine => file::now_ms(),
            Host::Simulated(host) => host.boot_ms(),
        }
    }

    /// Waits until the lease allows a launch.
    pub(crate) async fn held(&self) {
        let mut changes = self.held.subscribe();
        loop {
            let held = *changes.borrow_and_update();
            if self.allows(held) || changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// Waits until attempts must stop.
    pub(crate) async fn ending(&self) {
        let mut changes = self.held.subscribe();
        loop {
            let held = *changes.borrow_and_update();
            let Some(Held { until, .. }) = held.filter(|_| self.allows(held)) else { return };
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = sleep_until(until - self.margin) => {}
            }
        }
    }

    fn allows(&self, held: Option<Held>) -> bool {
        let margin_ms = millis(self.margin);
        held.is_some_and(|held| {
            Instant::now() + self.margin < held.until && self.boot_ms() + margin_ms < held.until_boot_ms
        })
    }

    async fn extend(&self, held: Held) {
        let longer = self.held.borrow().is_none_or(|known| known.until < held.until);
        // The file first: a shim that starts under the new lease must find it.
        if longer && self.write(held.until_boot_ms).await {
            self.held.send_replace(Some(held));
        }
    }

    /// Ends it at once.
    async fn end(&self) {
        self.held.send_replace(None);
        self.write(0).await;
    }

    async fn write(&self, until_boot_ms: u64) -> bool {
        let path = self.path.clone();
        let written = self.host.blocking(Work::Lease, move || file::write(&path, until_boot_ms)).await;
        match written {
            Ok(Ok(())) => return true,
            Ok(Err(error)) => warn!(%error, path = %self.path.display(), "the lease file can't be written"),
            Err(error) => debug!(%error, "the lease file was not written"),
        }
        false
    }
}

/// Renews the lease of whichever incarnation is registered, for ever. Without one there is no lease.
pub(crate) async fn keep(
    lease: &Lease,
    client: &dyn LeaseClient,
    node: NodeId,
    mut registered: watch::Receiver<Option<u64>>,
    every: Duration,
) {
    let mut ended = true;
    let mut refused = false;
    loop {
        let incarnation = *registered.borrow_and_update();
        let Some(incarnation) = incarnation else {
            if !std::mem::replace(&mut ended, true) {
                lease.end().await;
            }
            if registered.changed().await.is_err() {
                return;
            }
            continue;
        };
        ended = false;
        let sent = Instant::now();
        let sent_boot_ms = lease.boot_ms();
        let answer = tokio::select! {
            changed = registered.changed() => if changed.is_err() { return } else { continue },
            answer = timeout(PATIENCE, client.renew(node, incarnation)) => answer,
        };
        let granted = match answer {
            Ok(Ok(granted)) => granted,
            Ok(Err(error)) => {
                debug!(%error, "no lease");
                None
            }
            Err(_) => None,
        };
        if granted.is_none() != refused {
            refused = !refused;
            if refused { warn!("the lease is not being renewed") } else { info!("the lease is renewed again") }
        }
        let pause = match granted {
            Some(duration) => {
                #[cfg(feature = "planted")]
                let duration = match gofer_store::planted::is(gofer_store::planted::Bug::LeaseTooLong) {
                    true => duration * 3,
                    false => duration,
                };
                let until_boot_ms = sent_boot_ms.saturating_add(millis(duration));
                lease.extend(Held { until: sent + duration, until_boot_ms }).await;
                every.saturating_sub(sent.elapsed())
            }
            None => RETRY,
        };
        tokio::select! {
            changed = registered.changed() => if changed.is_err() { return },
            () = sleep(pause) => {}
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;

    use super::*;
    use crate::parts::LeaseError;

    /// Grants so many leases of 600 ms, each after 100 ms on the way.
    struct Few(AtomicUsize);

    #[async_trait]
    impl LeaseClient for Few {
        async fn renew(&self, _: NodeId, incarnation: u64) -> Result<Option<Duration>, LeaseError> {
            assert_eq!(incarnation, 3);
            sleep(Duration::from_millis(100)).await;
            let left = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            Ok(left.ok().map(|_| Duration::from_millis(600)))
        }
    }

    fn start(grants: usize) -> (tempfile::TempDir, Arc<Lease>, watch::Sender<Option<u64>>) {
        let dir = tempfile::tempdir().unwrap();
        let lease = Arc::new(Lease::new(&dir.path().join("lease"), Duration::from_millis(200), Host::Machine));
        let (incarnation, registered) = watch::channel(None);
        let kept = Arc::clone(&lease);
        tokio::spawn(async move {
            let client = Few(AtomicUsize::new(grants));
            keep(&kept, &client, NodeId(1), registered, Duration::from_millis(200)).await;
        });
        (dir, lease, incarnation)
    }

    async fn within<T>(limit: u64, what: impl Future<Output = T>) -> T {
        timeout(Duration::from_millis(limit), what).await.expect("in time")
    }

    #[tokio::test]
    async fn attempts_are_told_to_end_before_the_lease_does_and_it_counts_from_the_request() {
        let (_dir, lease, incarnation) = start(1);
        assert!(timeout(Duration::from_millis(50), lease.held()).await.is_err(), "nothing is registered");
        within(10, lease.ending()).await;
        let asked = Instant::now();
        incarnation.send_replace(Some(3));
        within(1000, lease.held()).await;
        let until = file::read(&lease.path).unwrap();
        assert!(until <= file::now_ms() + 500, "the way counts");
        within(1000, lease.ending()).await;
        let took = asked.elapsed();
        assert!(took >= Duration::from_millis(390) && took < Duration::from_millis(550), "{took:?}");
        assert!(file::now_ms() < until, "there is time left to stop");
    }

    #[tokio::test]
    async fn renewals_prolong_it() {
        let (_dir, lease, incarnation) = start(5);
        let asked = Instant::now();
        incarnation.send_replace(Some(3));
        within(1000, lease.held()).await;
        within(3000, lease.ending()).await;
        assert!(asked.elapsed() >= Duration::from_millis(4 * 200 + 390), "{:?}", asked.elapsed());
    }

    #[tokio::test]
    async fn a_lost_node_has_no_lease_at_once() {
        let (_dir, lease, incarnation) = start(usize::MAX);
        incarnation.send_replace(Some(3));
        within(1000, lease.held()).await;
        incarnation.send_replace(None);
        within(100, lease.ending()).await;
        sleep(Duration::from_millis(50)).await;
        assert_eq!(file::read(&lease.path).unwrap(), 0, "shims know");
    }
}
