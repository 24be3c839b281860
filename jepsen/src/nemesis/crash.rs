//! The machine is gone: the node's process and everything it runs.

use async_trait::async_trait;

use super::{Nemesis, Strike};
use crate::net;

#[derive(Debug)]
pub(super) struct Crash;

#[async_trait]
impl Nemesis for Crash {
    fn name(&self) -> &'static str {
        "crash"
    }

    fn about(&self) -> &'static str {
        "kill -9 of a node and of everything it runs"
    }

    async fn strike(&self, strike: &mut Strike) -> anyhow::Result<bool> {
        let lab = strike.lab.clone();
        let claims = lab.claim(&mut strike.rng, 1);
        let Some(claim) = claims.first() else { return Ok(false) };
        let fault = lab.journal.fault(self.name(), claim.name.clone());
        claim.kill();
        net::kill_all_at(claim.index);
        strike.hold().await;
        lab.restart(claim).await?;
        drop(fault);
        Ok(true)
    }
}
