//! Looks after the plug-ins that run on this node for the cluster: one that is not connected, or says that it is not well, is
//! ended, and so started anew.

use std::collections::BTreeMap;
use std::time::Duration;

use gofer_consensus::Proposal;
use gofer_domain::plugin::plugin_trigger;
use gofer_domain::{Actor, AttemptKey, Command};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::api::propose;
use crate::convert;
use crate::server::Parts;

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(2);
/// How long a plug-in may be without a stream.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the log may take to say that a run is to end.
const ENDING: Duration = Duration::from_secs(10);

/// Watches until the shutdown.
pub(crate) async fn watch(parts: Parts, shutdown: CancellationToken) {
    let mut missing = BTreeMap::new();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = sleep(EVERY) => {}
        }
        for (attempt, why) in overdue(&parts, &mut missing, Instant::now()) {
            tracing::warn!(%attempt, "{why}; it is started anew");
            end(&parts, attempt, why).await;
        }
    }
}

/// Plug-ins that have been without a stream, or not well, for too long, with why each is to end. Each is told of once in a
/// while.
fn overdue(parts: &Parts, missing: &mut BTreeMap<AttemptKey, Instant>, now: Instant) -> Vec<(AttemptKey, String)> {
    let placed = running(parts);
    missing.retain(|attempt, _| placed.contains(attempt));
    let mut overdue = Vec::new();
    for attempt in placed {
        let stream = parts.attached.of(&attempt);
        let (since, why) = match stream.map(|stream| stream.problem) {
            Some(None) => {
                missing.remove(&attempt);
                continue;
            }
            Some(Some((problem, since))) => (since, format!("the plug-in says that it is not well: {problem}")),
            None => {
                let since = *missing.entry(attempt.clone()).or_insert(now);
                (since, format!("the plug-in was not connected for {} seconds", PATIENCE.as_secs()))
            }
        };
        if now.duration_since(since) >= PATIENCE {
            missing.insert(attempt.clone(), now);
            overdue.push((attempt, why));
        }
    }
    overdue
}

/// Attempts of plug-ins that run on this node, and are to go on.
fn running(parts: &Parts) -> Vec<AttemptKey> {
    let node = parts.store.identity().node_id;
    parts.store.read(|state| {
        let placed = state.index.placed.get(&node).into_iter().flatten();
        let plugins = placed.filter(|attempt| plugin_trigger(&attempt.task.run.pipeline).is_some());
        let runs = plugins.filter(|attempt| {
            let live = state.runs.get(&attempt.task.run);
            let found = live.and_then(|live| {
                let number = usize::try_from(attempt.attempt).ok()?.checked_sub(1)?;
                live.run.tasks.get(&attempt.task.task)?.attempts.get(number)
            });
            found.is_some_and(|found| found.started_at.is_some() && found.stopping.is_none())
        });
        runs.cloned().collect()
    })
}

async fn end(parts: &Parts, attempt: AttemptKey, message: String) {
    let Ok(request_id) = convert::request_id(&[]) else { return };
    let actor = Actor(format!("node:{}", parts.store.identity().node_id));
    let proposal = Proposal { request_id, actor, command: Command::CancelRun { run: attempt.task.run, message } };
    if let Err(error) = propose(parts, proposal, Instant::now() + ENDING).await {
        tracing::warn!(error = error.message(), "a plug-in was not ended; that is tried again");
    }
}
