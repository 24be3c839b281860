//! The disk gives an error when it is to keep what was written. A node that went on would acknowledge what it may not
//! have; it has to stop.

use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use tokio::process::Command;

use super::{Nemesis, Strike};

/// How long a node that gets errors may go on.
const STOP_PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(super) struct IoError;

#[async_trait]
impl Nemesis for IoError {
    fn name(&self) -> &'static str {
        "io-error"
    }

    fn about(&self) -> &'static str {
        "fdatasync of a node fails with EIO (strace); the node must stop"
    }

    async fn strike(&self, strike: &mut Strike) -> anyhow::Result<bool> {
        let lab = strike.lab.clone();
        let claims = lab.claim(&mut strike.rng, 1);
        let Some(claim) = claims.first() else { return Ok(false) };
        let pid = claim.pid()?.as_raw_nonzero().to_string();
        let trace = lab.out.join(format!("{}.strace", claim.name));
        let fault = lab.journal.fault(self.name(), claim.name.clone());
        let mut strace = Command::new("strace")
            .args(["-f", "-qq", "-p", &pid, "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO", "-o"])
            .arg(&trace)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("can't run strace; `scripts/install-deps --test` installs it")?;
        // It is cut off or idle if it has nothing to write; then nothing fails.
        let ended = claim.ends_within(STOP_PATIENCE).await;
        strace.start_kill()?;
        strace.wait().await?;
        let injected = std::fs::read_to_string(&trace).unwrap_or_default().contains("INJECTED");
        match ended {
            Some(status) => {
                let log = claim.log_tail(30);
                lab.journal.say(&format!("{} stopped after an I/O error, with {status}", claim.name));
                if injected && (status.success() || !log.contains("once the disk is sound")) {
                    lab.journal
                        .find(format!("{} stopped on an I/O error and does not say what to do: {log}", claim.name));
                }
            }
            None if injected => {
                lab.journal.find(format!("{} went on for {STOP_PATIENCE:?} though fdatasync failed", claim.name));
                claim.kill();
            }
            None => lab.journal.say(&format!("{} wrote nothing meanwhile, so no write failed", claim.name)),
        }
        strike.hold().await;
        if !claim.is_started() {
            lab.restart(claim).await?;
        }
        drop(fault);
        Ok(true)
    }
}
