//! The disk of a node fills up, and has room again later.

use std::time::Duration;

use async_trait::async_trait;

use super::{Nemesis, Strike};

/// How long a node is given to notice.
const STOP_PATIENCE: Duration = Duration::from_secs(8);
/// How long one is given that noticed at the very end.
const LATE: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub(super) struct DiskFull;

#[async_trait]
impl Nemesis for DiskFull {
    fn name(&self) -> &'static str {
        "disk-full"
    }

    fn about(&self) -> &'static str {
        "a node's disk is full; it may stop, and must say why"
    }

    async fn strike(&self, strike: &mut Strike) -> anyhow::Result<bool> {
        let lab = strike.lab.clone();
        let claims = lab.claim(&mut strike.rng, 1);
        let Some(claim) = claims.first() else { return Ok(false) };
        let left = strike.rng.range(0, 48) * 1024;
        let fault = lab.journal.fault(self.name(), format!("{}, {} KiB left", claim.name, left / 1024));
        claim.fill(left)?;
        // Cut off or idle, it may have nothing to write.
        let ended = claim.ends_within(STOP_PATIENCE).await;
        if let Some(status) = ended {
            let log = claim.log_tail(30);
            lab.journal.say(&format!("{} stopped on its full disk, with {status}", claim.name));
            if status.success() || !log.contains("make room") {
                lab.journal.find(format!("{} stopped on a full disk and does not say what to do: {log}", claim.name));
            }
            strike.hold().await;
        }
        claim.make_room()?;
        if ended.is_some() || claim.ends_within(LATE).await.is_some() {
            lab.restart(claim).await?;
        }
        drop(fault);
        Ok(true)
    }
}
