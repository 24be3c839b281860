//! Where the leader is, and how long to wait before asking again.

use std::time::Duration;

use gofer_consensus::{Leadership, Raft};
use gofer_domain::NodeId;
use tokio::sync::watch;
use tokio::time::Instant;

const PAUSE_MIN: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_millis(400);

/// Where to send what only the leader can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Local,
    /// An address.
    Remote(String),
    /// No leader is known.
    Nowhere,
}

impl Route {
    /// `hint` is what a node that does not lead said; it may know more than this one.
    pub(crate) fn of(raft: &Raft, hint: Option<(NodeId, String)>) -> Self {
        let leadership = raft.watch();
        let leadership = leadership.borrow();
        if leadership.is_self {
            return Self::Local;
        }
        let own = raft.status().id;
        if let Some((id, address)) = hint
            && id != own
            && !address.is_empty()
        {
            return Self::Remote(address);
        }
        match leadership.leader {
            Some(id) if id != own && !leadership.address.is_empty() => Self::Remote(leadership.address.clone()),
            _ => Self::Nowhere,
        }
    }
}

/// Waits for a leader to appear elsewhere than at `address`.
pub(crate) async fn moved(raft: &Raft, address: &str) {
    let mut leadership = raft.watch();
    let elsewhere = |now: &Leadership| now.leader.is_some() && now.address != address;
    if leadership.wait_for(elsewhere).await.is_err() {
        // Consensus has stopped here; the call itself will tell.
        std::future::pending::<()>().await;
    }
}

/// Growing, jittered pauses that a change of the leadership ends early.
#[derive(Debug)]
pub(crate) struct Backoff {
    leadership: watch::Receiver<Leadership>,
    pause: Duration,
}

impl Backoff {
    pub(crate) fn new(raft: &Raft) -> Self {
        let mut leadership = raft.watch();
        leadership.mark_unchanged();
        Self { leadership, pause: PAUSE_MIN }
    }

    /// Waits before the next try; `soon` when it is known where to go. False: the deadline comes first.
    pub(crate) async fn pause(&mut self, soon: bool, deadline: Instant) -> bool {
        let most = if soon { PAUSE_MIN } else { self.pause };
        let pause = jitter(most);
        if Instant::now() + pause >= deadline {
            return false;
        }
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            changed = self.leadership.changed() => {
                if changed.is_err() {
                    tokio::time::sleep(pause).await;
                }
            }
        }
        true
    }
}

/// Between a half and the whole.
fn jitter(most: Duration) -> Duration {
    let random = uuid::Uuid::new_v4().as_u64_pair().1 & 0xffff;
    most / 2 + most.mul_f64(random as f64 / 65536.0 / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_stays_in_its_range() {
        for _ in 0..100 {
            let pause = jitter(Duration::from_millis(100));
            assert!((50..=100).contains(&pause.as_millis()));
        }
    }
}
