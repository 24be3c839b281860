//! The latch of the fail-stop: once something durable failed, nothing on this node is trusted any more.

use std::sync::Arc;

use tokio::sync::watch;

/// Shared by everything that touches the log or the store. It closes once and never opens again.
#[derive(Clone, Debug)]
pub(crate) struct Fatal(Arc<watch::Sender<Option<String>>>);

impl Fatal {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }

    /// Closes the latch. Only the first reason is kept: the later ones follow from it.
    pub(crate) fn set(&self, why: &str) {
        let first = self.0.send_if_modified(|reason| {
            let first = reason.is_none();
            if first {
                *reason = Some(why.to_owned());
            }
            first
        });
        if first {
            tracing::error!(reason = why, "consensus stops for good; the process has to exit");
        }
    }

    pub(crate) fn reason(&self) -> Option<String> {
        self.0.borrow().clone()
    }

    /// Refuses once the latch is closed.
    pub(crate) fn check(&self) -> std::io::Result<()> {
        match self.reason() {
            Some(reason) => Err(std::io::Error::other(format!("refused after an earlier failure: {reason}"))),
            None => Ok(()),
        }
    }

    /// Waits until the latch closes.
    pub(crate) async fn wait(&self) -> String {
        let mut receiver = self.0.subscribe();
        loop {
            if let Some(reason) = receiver.borrow_and_update().clone() {
                return reason;
            }
            if receiver.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}
