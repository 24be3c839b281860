//! A node inside another program, for as long as that needs one. It hears no signals, and leaves nothing running.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use gofer_drivers::Driver;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::advice::advise;
use crate::config::Config;
use crate::node::Node;

/// How long an end waits until what has ended in the log is cleared away.
const SETTLE_PATIENCE: Duration = Duration::from_secs(5);
/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A node of this process that belongs to a cluster.
pub struct Embedded {
    id: u64,
    address: String,
    drivers: Vec<Arc<dyn Driver>>,
    stop: CancellationToken,
    running: JoinHandle<anyhow::Result<()>>,
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Embedded").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Embedded {
    /// Starts a node, and waits until it belongs to a cluster.
    ///
    /// # Errors
    /// What kept it from that.
    pub async fn start(config: Config) -> anyhow::Result<Self> {
        let told = config.clone();
        let node = Node::start(config).await.map_err(|error| advise(error, &told))?;
        let (id, address, drivers) = (node.id(), node.address().to_owned(), node.drivers().to_vec());
        let stop = CancellationToken::new();
        let (entered, has_entered) = oneshot::channel();
        let running = tokio::spawn({
            let stop = stop.clone();
            async move { node.run_until(entered, stop).await.map_err(|error| advise(error, &told)) }
        });
        let mut embedded = Self { id, address, drivers, stop, running };
        match has_entered.await {
            Ok(()) => Ok(embedded),
            Err(_) => Err(embedded.failed().await),
        }
    }

    /// Its id in the cluster.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Where it serves, `ip:port`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Names of the drivers that it offers.
    #[must_use]
    pub fn drivers(&self) -> Vec<&'static str> {
        self.drivers.iter().map(|driver| driver.kind()).collect()
    }

    /// Returns when it has failed.
    pub async fn failed(&mut self) -> anyhow::Error {
        match (&mut self.running).await {
            Ok(Err(error)) => error,
            Ok(Ok(())) => anyhow::anyhow!("the node ended unasked"),
            Err(error) => anyhow::Error::new(error).context("the node panicked"),
        }
    }

    /// Stops the node. What attempts have left behind is removed, and what still runs is killed.
    ///
    /// # Errors
    /// What can't be removed.
    pub async fn end(self) -> anyhow::Result<()> {
        if !self.running.is_finished() {
            // The executor does it by itself, once the log has the end of an attempt.
            let _ = tokio::time::timeout(SETTLE_PATIENCE, settled(&self.drivers)).await;
            self.stop.cancel();
            // It has told already why it failed, if it did.
            let _ = self.running.await;
        }
        for driver in &self.drivers {
            clear(&**driver).await.with_context(|| format!("the {} driver has something left", driver.kind()))?;
        }
        Ok(())
    }
}

/// Returns once no driver holds a launch.
async fn settled(drivers: &[Arc<dyn Driver>]) {
    for driver in drivers {
        while !driver.list().await.is_ok_and(|launches| launches.is_empty()) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

async fn clear(driver: &dyn Driver) -> anyhow::Result<()> {
    for launch in driver.list().await? {
        driver.stop(&launch, Duration::ZERO).await?;
        driver.remove(&launch).await?;
    }
    Ok(())
}
