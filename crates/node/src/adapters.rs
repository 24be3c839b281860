//! Traits of one part, implemented by another that does not know it.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use gofer_domain::{AttemptKey, NodeId, Timestamp};
use gofer_drivers::RegistryAuth;
use gofer_drivers::logfile::Stream;
use gofer_gateway::{
    ArchiveHealth, ArchiveReport, AttemptLogs, BlobReplicator, GrantLease, LeaseRenewer, LeaseReport, LeaseStanding,
    LogRecord, LogRecords, LogSource, LogsError,
};
use gofer_scheduler::{Leases, Standing};

use crate::config::RegistrySettings;

/// How long a look at the archive may take.
const ARCHIVE_PATIENCE: Duration = Duration::from_secs(5);

/// The scheduler's lease table, for the gateway.
pub(crate) struct Grants(pub(crate) Leases);

#[async_trait]
impl GrantLease for Grants {
    async fn renew(&self, node: NodeId, incarnation: u64) -> Option<Duration> {
        self.0.renew(node, incarnation).await
    }

    fn report(&self) -> Vec<LeaseReport> {
        let report = self.0.report().into_iter().map(|lease| LeaseReport {
            node: lease.node,
            standing: match lease.standing {
                Standing::Live => LeaseStanding::Held { left: lease.left },
                Standing::Unknown => LeaseStanding::Unknown,
                Standing::RunOut => LeaseStanding::RunOut,
            },
            full: lease.config.duration,
            lost_after: lease.config.duration + lease.config.margin,
        });
        report.collect()
    }
}

/// The gateway's way to the leader, for the executor's lease.
pub(crate) struct Renewals(pub(crate) LeaseRenewer);

#[async_trait]
impl gofer_executor::LeaseClient for Renewals {
    async fn renew(&self, node: NodeId, incarnation: u64) -> Result<Option<Duration>, gofer_executor::LeaseError> {
        let renewed = self.0.renew(node, incarnation).await;
        renewed.map_err(|error| gofer_executor::LeaseError(error.to_string()))
    }
}

/// The gateway's replication of blobs, for the executor.
pub(crate) struct Copies(pub(crate) BlobReplicator);

#[async_trait]
impl gofer_executor::Replicate for Copies {
    async fn replicate(&self, digest: [u8; 32]) -> Result<(), gofer_executor::ReplicateError> {
        let copied = self.0.replicate(digest).await;
        copied.map_err(|error| gofer_executor::ReplicateError(error.to_string()))
    }
}

/// The executor's output of live attempts, for the gateway.
pub(crate) struct LocalLogs(pub(crate) gofer_executor::Logs);

#[async_trait]
impl AttemptLogs for LocalLogs {
    async fn stream(&self, attempt: &AttemptKey, from: u64, follow: bool) -> Result<LogRecords, LogsError> {
        let items = self.0.stream(attempt, from, follow).await.map_err(|error| match error {
            gofer_executor::LogsError::NotHere(attempt) => LogsError::NotHere(attempt),
            other => LogsError::Failed(chain(&other)),
        })?;
        let records = items.map(|item| {
            let item = item.map_err(|error| LogsError::Failed(chain(&error)))?;
            let source = match item.record.stream {
                Stream::Stdout => LogSource::Stdout,
                Stream::Stderr => LogSource::Stderr,
                Stream::Notice => LogSource::Notice,
            };
            Ok(LogRecord { source, time: Timestamp(item.record.unix_ms), data: item.record.bytes, next: item.next })
        });
        Ok(records.boxed())
    }
}

/// The archive, for the gateway.
pub(crate) struct LookedAt(pub(crate) gofer_archive::Health);

#[async_trait]
impl ArchiveHealth for LookedAt {
    fn url(&self) -> Option<String> {
        self.0.url()
    }

    async fn examine(&self) -> Option<ArchiveReport> {
        let health = self.0.clone();
        let looking = tokio::task::spawn_blocking(move || health.examine());
        let report = match tokio::time::timeout(ARCHIVE_PATIENCE, looking).await {
            Ok(looked) => looked.ok()??,
            Err(_) => gofer_archive::Report {
                url: self.0.url().unwrap_or_default(),
                error: Some(format!("it did not answer in {ARCHIVE_PATIENCE:?}")),
                ..gofer_archive::Report::default()
            },
        };
        Some(ArchiveReport {
            url: report.url,
            error: report.error.unwrap_or_default(),
            manifest: report.manifest,
            archived: report.archived,
            trimmed: report.trimmed,
            segment_events: report.segment_events,
        })
    }
}

/// An error with what caused it, on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Reads the passwords of the registries.
pub(crate) fn credentials(registries: &[RegistrySettings]) -> anyhow::Result<BTreeMap<String, RegistryAuth>> {
    let mut credentials = BTreeMap::new();
    for registry in registries {
        let password = std::fs::read_to_string(&registry.password_file).map_err(|error| {
            let path = registry.password_file.display();
            anyhow::anyhow!("can't read the password file {path} of registry {}: {error}", registry.host)
        })?;
        let password = password.trim_end_matches(['\r', '\n']).to_owned();
        let auth = RegistryAuth { username: registry.username.clone(), password };
        credentials.insert(registry.host.clone(), auth);
    }
    Ok(credentials)
}
