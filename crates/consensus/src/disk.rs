//! Notices when a database can't flush any more: its writers would wait for ever, and nothing else would tell.

use std::sync::Weak;
use std::time::Duration;

use gofer_store::{Store, background};

use crate::fatal::Fatal;
use crate::log_store;

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Watches both databases until the log is closed or one of them has failed, which closes the latch.
pub(crate) fn spawn_watch(store: Store, log: Weak<log_store::Core>, fatal: Fatal) {
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let Some(log) = log.upgrade() else { return };
            let dir = store.dir().join("raft");
            // Both are looked at, as both have to let go of their writers.
            for checked in [store.check_background(), background::check(&log.db, &dir)] {
                if let Err(error) = checked {
                    fatal.set(&format!("flushing to the disk failed: {error}"));
                }
            }
        }
    });
}
