//! Members leave and others come: a node is removed while it runs, and joins again empty under a new id.

use async_trait::async_trait;

use super::{Nemesis, Strike, surgery};

#[derive(Debug)]
pub(super) struct Members;

#[async_trait]
impl Nemesis for Members {
    fn name(&self) -> &'static str {
        "members"
    }

    fn about(&self) -> &'static str {
        "a node is removed from the cluster, emptied, and joins again"
    }

    async fn strike(&self, strike: &mut Strike) -> anyhow::Result<bool> {
        let lab = strike.lab.clone();
        let Ok(_alone) = lab.surgery.try_lock() else { return Ok(false) };
        let claims = lab.claim(&mut strike.rng, 1);
        let Some(claim) = claims.first() else { return Ok(false) };
        let fault = lab.journal.fault(self.name(), claim.name.clone());
        let removed = surgery::remove(&lab, claim).await;
        claim.kill();
        removed?;
        claim.empty()?;
        strike.hold().await;
        surgery::join(&lab, claim).await?;
        drop(fault);
        Ok(true)
    }
}
