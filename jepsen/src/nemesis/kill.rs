//! SIGKILL: the node's process is gone, what it runs goes on.

use async_trait::async_trait;

use super::{Nemesis, Strike};
use crate::lab::names;

#[derive(Debug)]
pub(super) struct Kill;

#[async_trait]
impl Nemesis for Kill {
    fn name(&self) -> &'static str {
        "kill"
    }

    fn about(&self) -> &'static str {
        "kill -9 of one node, some, or all"
    }

    async fn strike(&self, strike: &mut Strike) -> anyhow::Result<bool> {
        let size = strike.lab.size();
        let most = [1, 1, size / 2, size][strike.rng.below(4)];
        let lab = strike.lab.clone();
        let claims = lab.claim(&mut strike.rng, most);
        if claims.is_empty() {
            return Ok(false);
        }
        let fault = lab.journal.fault(self.name(), names(claims.iter().map(|claim| &**claim)));
        for claim in &claims {
            claim.kill();
        }
        strike.hold().await;
        // All first: a node may wait for the others before it answers.
        for claim in &claims {
            claim.start(&[])?;
        }
        for claim in &claims {
            lab.wait_up(claim).await?;
        }
        drop(fault);
        Ok(true)
    }
}
