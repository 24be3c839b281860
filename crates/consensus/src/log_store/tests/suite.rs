//! openraft's conformance suite on the real log and the real store.

use std::sync::Arc;

use openraft::StorageError;
use openraft::testing::log::{StoreBuilder, Suite};
use tempfile::TempDir;

use super::LIMITS;
use crate::applier::Applier;
use crate::fatal::Fatal;
use crate::log_store::LogStore;
use crate::snapshots::Snapshots;
use crate::types::TypeConfig;

struct Builder;

impl StoreBuilder<TypeConfig, LogStore, Applier, TempDir> for Builder {
    async fn build(&self) -> Result<(TempDir, LogStore, Applier), StorageError<TypeConfig>> {
        let dir = tempfile::tempdir().unwrap();
        let store = gofer_store::Store::open(dir.path(), gofer_store::Options::default()).unwrap();
        let fatal = Fatal::new();
        // The suite purges entries that it never applied, which consensus never does.
        let durable = Arc::new(|| Ok(u64::MAX));
        let log =
            LogStore::open(&dir.path().join("raft"), LIMITS, None, durable, fatal.clone(), crate::host::Host::Machine)
                .unwrap();
        let snapshots = Arc::new(Snapshots::open(store.clone()).unwrap());
        Ok((dir, log, Applier::new(store, snapshots, fatal, crate::host::Host::Machine)))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openrafts_suite_passes() {
    Suite::test_all(Builder).await.unwrap();
}
