//! The disk of a node fills up, and has room again later.

use async_trait::async_trait;

use super::{Nemesis, Strike};
use crate::machine::Machine;

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

    async fn strike(&self, strike: &mut Strike) -> anyhow::Result<()> {
        let lab = strike.lab.clone();
        let claims = lab.claim(&mut strike.rng, 1);
        let Some(claim) = claims.first() else { return Ok(()) };
        let left = strike.rng.range(0, 512) * 1024;
        let fault = lab.journal.fault(self.name(), format!("{}, {} KiB left", claim.name, left / 1024));
        claim.fill(left)?;
        strike.hold().await;
        let ended = claim.ended().is_some();
        if ended {
            let log = claim.log_tail(30);
            check_words(&lab.journal, claim, &log);
        }
        claim.make_room()?;
        match (ended, claim.ended()) {
            (true, _) | (_, Some(_)) => lab.restart(claim).await?,
            _ => stop_if_broken(&lab, claim).await?,
        }
        drop(fault);
        Ok(())
    }
}

fn check_words(journal: &crate::journal::Journal, machine: &Machine, log: &str) {
    if !log.contains("make room") {
        journal.find(format!("{} stopped on a full disk and does not say what to do: {log}", machine.name));
    }
}

/// A node that has not stopped yet may do so only now, as it writes the next time.
async fn stop_if_broken(lab: &crate::lab::Lab, machine: &Machine) -> anyhow::Result<()> {
    if machine.ends_within(std::time::Duration::from_secs(2)).await.is_some() {
        check_words(&lab.journal, machine, &machine.log_tail(30));
        lab.restart(machine).await?;
    }
    Ok(())
}
