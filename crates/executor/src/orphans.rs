//! Launches that are over in the log, or were never there: left by a process that was killed in between.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use gofer_drivers::{Driver, LaunchId};
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::{info, warn};

use crate::context::{Context, launch_id};

/// Looks for orphans once the state is known to be new enough, then now and then.
pub(crate) async fn keep(context: Arc<Context>, mut registered: watch::Receiver<Option<u64>>) {
    loop {
        if registered.wait_for(Option::is_some).await.is_err() {
            return;
        }
        for driver in context.drivers.values() {
            sweep(&context, &**driver).await;
        }
        sleep(context.config.orphans_every).await;
    }
}

async fn sweep(context: &Context, driver: &dyn Driver) {
    // Listed before the state is read: what is launched in between is not in the list, and what the state lacks by
    // then has ended in the log, since nothing is launched before the state has it.
    let listed = match driver.list().await {
        Ok(listed) => listed,
        Err(error) => {
            warn!(driver = driver.kind(), %error, "launches can't be listed; they will be next time");
            return;
        }
    };
    let placed: Option<BTreeSet<LaunchId>> = context.parts.store.read(|state| {
        let cluster = state.cluster?.to_string();
        let keys = state.index.placed.get(&context.node).into_iter().flatten();
        Some(keys.map(|key| launch_id(&cluster, key)).collect())
    });
    let Some(placed) = placed else { return };
    for orphan in listed.iter().filter(|id| !placed.contains(*id)) {
        info!(%orphan, driver = driver.kind(), "removing a launch that is over in the log");
        let removed = match driver.stop(orphan, Duration::ZERO).await {
            Ok(()) => driver.remove(orphan).await,
            Err(error) => Err(error),
        };
        if let Err(error) = removed {
            warn!(%orphan, %error, "it can't be removed; the next look will try again");
        }
    }
}
