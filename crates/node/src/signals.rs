//! What the process is told from outside.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::info;

/// The signals that ask for a stop. To be made once and kept: between two of them a signal would be lost, since the
/// first one replaces the process's default reaction for good.
#[derive(Debug)]
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Receives signals from now on.
    ///
    /// # Errors
    /// When they can't be received.
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Returns when the process is asked to stop: SIGTERM, SIGINT.
    pub(crate) async fn asked_to_stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => info!("asked to stop (SIGTERM)"),
            _ = self.interrupt.recv() => info!("asked to stop (SIGINT)"),
        }
    }
}

/// Tells systemd, where it is there, how the service stands.
pub(crate) fn tell_systemd(state: sd_notify::NotifyState<'_>) {
    // Without systemd there is nobody to tell.
    let _ = sd_notify::notify(&[state]);
}
