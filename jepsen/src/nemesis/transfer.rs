//! The leadership is handed on, again and again.

use std::time::Duration;

use async_trait::async_trait;
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::cluster_service_client::ClusterServiceClient;

use super::{Nemesis, Strike};

/// How long a transfer may take before the next is tried.
const CALL_PATIENCE: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub(super) struct Transfer;

#[async_trait]
impl Nemesis for Transfer {
    fn name(&self) -> &'static str {
        "transfer"
    }

    fn about(&self) -> &'static str {
        "the leadership is handed on a few times"
    }

    async fn strike(&self, strike: &mut Strike) -> anyhow::Result<bool> {
        let lab = strike.lab.clone();
        let times = strike.rng.range(2, 6);
        let fault = lab.journal.fault(self.name(), format!("{times} times"));
        for _ in 0..times {
            let through = strike.rng.below(lab.size());
            let mut client = ClusterServiceClient::new(lab.machines[through].channel.clone());
            // During other faults there may be nobody to hand it to.
            let _ = tokio::time::timeout(CALL_PATIENCE, client.transfer_leader(api::TransferLeaderRequest { node: 0 }))
                .await;
            let pause = strike.rng.millis(200, 1200);
            strike.wait(pause).await;
            if strike.is_over() {
                break;
            }
        }
        drop(fault);
        Ok(true)
    }
}
