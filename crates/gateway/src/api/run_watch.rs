//! A run, now and after each change.

use std::time::Duration;

use futures::Stream;
use gofer_domain::{Revision, RunKey};
use gofer_store::{Progress, codec};
use gofer_wire::api::v1 as wire;
use tokio::sync::watch;
use tokio::time::Instant;
use tonic::Status;

use super::Api;
use super::runs::no_run;
use crate::errors;

/// Time between two messages in the long run: what changes meanwhile is told together.
const PACE: Duration = Duration::from_millis(20);
/// Messages that may go out ahead of that pace, so that the steps of a short run are told as they happen.
const BURST: u32 = 8;

struct Watch {
    api: Api,
    key: RunKey,
    progress: watch::Receiver<Progress>,
    /// Revision sent last.
    sent: Option<Revision>,
    /// When the next message would go out if each kept to the pace.
    due: Instant,
    is_over: bool,
}

/// Follows a run until it has ended.
pub(super) async fn watch(
    api: Api,
    key: RunKey,
) -> Result<impl Stream<Item = Result<wire::WatchRunResponse, Status>>, Status> {
    let progress = api.store().progress();
    if api.run(&key).await?.is_none() {
        return Err(no_run(&key).into());
    }
    let watch = Watch { api, key, progress, sent: None, due: Instant::now(), is_over: false };
    Ok(futures::stream::try_unfold(watch, Watch::next))
}

impl Watch {
    async fn next(mut self) -> Result<Option<(wire::WatchRunResponse, Self)>, Status> {
        if self.is_over {
            return Ok(None);
        }
        tokio::time::sleep(self.due.saturating_duration_since(Instant::now()).saturating_sub(PACE * BURST)).await;
        loop {
            self.progress.mark_unchanged();
            if self.has_changed() {
                let header = self.api.header(self.api.revision());
                let run = self.api.run(&self.key).await?.ok_or_else(|| Status::from(no_run(&self.key)))?;
                if self.sent != Some(run.revision) {
                    self.sent = Some(run.revision);
                    self.due = self.due.max(Instant::now()) + PACE;
                    self.is_over = run.status.is_final();
                    return Ok(Some((wire::WatchRunResponse { header, run: Some(codec::run_to_wire(&run)) }, self)));
                }
            }
            let closed = tokio::select! {
                changed = self.progress.changed() => changed.is_err(),
                () = self.api.shutdown.cancelled() => true,
            };
            if closed {
                return Err(errors::shutting_down("watch the run on another node").into());
            }
        }
    }

    /// A look at the hot state; a run that is not there has ended, or was never live.
    fn has_changed(&self) -> bool {
        self.api.store().read(|state| state.runs.get(&self.key).map(|live| live.run.revision)) != self.sent
            || self.sent.is_none()
    }
}
