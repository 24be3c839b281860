//! grpc.health.v1: serving while a leader is known and this node has applied nearly all it knows to be committed.

use std::time::Duration;

use gofer_consensus::Raft;
use tokio_util::sync::CancellationToken;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

/// Names that are reported; the empty one stands for the whole node.
const SERVICES: [&str; 2] = ["", "gofer.api.v1"];
/// So many entries behind count as applied: what is on its way while a cluster is busy.
const LAG_MAX: u64 = 2_000;
/// How often the lag is looked at.
const EVERY: Duration = Duration::from_millis(500);

/// Keeps the statuses up to date until the shutdown; then ends what watches them.
pub(crate) async fn report(raft: Raft, mut reporter: HealthReporter, shutdown: CancellationToken) {
    let mut leadership = raft.watch();
    let mut published = None;
    loop {
        let status = raft.status();
        let caught_up = status.applied + LAG_MAX >= status.committed;
        let serving = status.leader.is_some() && caught_up && status.fatal.is_none();
        if published != Some(serving) {
            published = Some(serving);
            let status = if serving { ServingStatus::Serving } else { ServingStatus::NotServing };
            for name in SERVICES {
                reporter.set_service_status(name, status).await;
            }
        }
        tokio::select! {
            // First, since a watch that is closed is always ready.
            biased;
            () = shutdown.cancelled() => break,
            () = tokio::time::sleep(EVERY) => {}
            changed = leadership.changed() => {
                if changed.is_err() {
                    tokio::time::timeout(EVERY, shutdown.cancelled()).await.ok();
                }
            }
        }
    }
    for name in SERVICES {
        reporter.set_service_status(name, ServingStatus::NotServing).await;
    }
    for name in SERVICES {
        reporter.clear_service_status(name).await;
    }
}
