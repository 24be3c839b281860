//! A rolling restart, as an upgrade does it: one node after the other, each stopped politely.

use std::time::Duration;

use async_trait::async_trait;
use rustix::process::Signal;

use super::{Nemesis, Strike};
use crate::machine::Machine;

/// How long a node may take to stop.
const STOP_PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Rolling;

#[async_trait]
impl Nemesis for Rolling {
    fn name(&self) -> &'static str {
        "rolling"
    }

    fn about(&self) -> &'static str {
        "a rolling restart with SIGTERM"
    }

    async fn strike(&self, strike: &mut Strike) -> anyhow::Result<bool> {
        let lab = strike.lab.clone();
        let machines = lab.machines.clone();
        let fault = lab.journal.fault(self.name(), "one node after the other".into());
        for machine in &machines {
            if strike.is_over() {
                break;
            }
            let Some(claim) = machine.claim() else { continue };
            terminate(&lab.journal, &claim).await?;
            lab.restart(&claim).await?;
            drop(claim);
            strike.wait(Duration::from_millis(500)).await;
        }
        drop(fault);
        Ok(true)
    }
}

/// SIGTERM; the node must end well.
pub(crate) async fn terminate(journal: &crate::journal::Journal, machine: &Machine) -> anyhow::Result<()> {
    machine.signal(Signal::TERM)?;
    match machine.ends_within(STOP_PATIENCE).await {
        Some(status) if status.success() => {}
        Some(status) => {
            journal.find(format!("{} ended after SIGTERM with {status}: {}", machine.name, machine.log_tail(6)));
        }
        None => {
            journal.find(format!(
                "{} did not end {STOP_PATIENCE:?} after SIGTERM: {}",
                machine.name,
                machine.log_tail(6)
            ));
            machine.kill();
        }
    }
    Ok(())
}
