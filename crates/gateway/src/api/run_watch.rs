//! A run, now and after each change.

use std::time::Duration;

use futures::Stream;
use gofer_domain::{Revision, RunKey};
use gofer_store::{Progress, codec};
use gofer_wire::api::v1 as wire;
use tokio::sync::watch;
use tonic::Status;

use super::Api;
use super::runs::no_run;
use crate::errors;

/// Shortest time between two messages: what changes meanwhile is told together.
const PACE: Duration = Duration::from_millis(20);

struct Watch {
    api: Api,
    key: RunKey,
    progress: watch::Receiver<Progress>,
    /// Revision sent last.
    sent: Option<Revision>,
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
    let watch = Watch { api, key, progress, sent: None, is_over: false };
    Ok(futures::stream::try_unfold(watch, Watch::next))
}

impl Watch {
    async fn next(mut self) -> Result<Option<(wire::WatchRunResponse, Self)>, Status> {
        if self.is_over {
            return Ok(None);
        }
        if self.sent.is_some() {
            tokio::time::sleep(PACE).await;
        }
        loop {
            self.progress.mark_unchanged();
            if self.has_changed() {
                let header = self.api.header(self.api.revision());
                let run = self.api.run(&self.key).await?.ok_or_else(|| Status::from(no_run(&self.key)))?;
                if self.sent != Some(run.revision) {
                    self.sent = Some(run.revision);
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
