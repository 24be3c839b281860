//! SIGSTOP and SIGCONT: a process that does nothing for a while, and then believes that no time has passed.

use async_trait::async_trait;
use rustix::process::Signal;

use super::{Nemesis, Strike};
use crate::lab::names;

#[derive(Debug)]
pub(super) struct Pause;

#[async_trait]
impl Nemesis for Pause {
    fn name(&self) -> &'static str {
        "pause"
    }

    fn about(&self) -> &'static str {
        "SIGSTOP, then SIGCONT, of a minority or of the leader"
    }

    async fn strike(&self, strike: &mut Strike) -> anyhow::Result<bool> {
        let lab = strike.lab.clone();
        let leader = if strike.rng.percent(50) { lab.leader().await } else { None };
        let claims = match leader {
            Some(leader) => lab.machines[leader].claim().into_iter().collect(),
            None => {
                let most = lab.size() / 2;
                lab.claim(&mut strike.rng, most)
            }
        };
        if claims.is_empty() {
            return Ok(false);
        }
        let fault = lab.journal.fault(self.name(), names(claims.iter().map(|claim| &**claim)));
        for claim in &claims {
            claim.signal(Signal::STOP)?;
        }
        strike.hold().await;
        for claim in &claims {
            claim.signal(Signal::CONT)?;
        }
        drop(fault);
        Ok(true)
    }
}
