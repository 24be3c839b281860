//! The driver for simulated containers. Like a real backend it takes its time, and calls may be broken off anywhere.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use gofer_drivers::{Driver, Error, Exit, LaunchError, LaunchId, LaunchSpec, Launched, LogStream, State};
use tokio::time::sleep;

use crate::machine::Machine;
use crate::workload;

/// How long making a container takes.
const CREATE: Duration = Duration::from_millis(15);

/// Of one machine.
#[derive(Clone, Debug)]
pub(crate) struct SimDriver(pub(crate) Machine);

impl SimDriver {
    async fn until(&self, id: &LaunchId, done: impl Fn(&State) -> bool) -> State {
        let mut changes = self.0.changes();
        loop {
            changes.mark_unchanged();
            let state = self.0.state(id);
            if done(&state) || changes.changed().await.is_err() {
                return state;
            }
        }
    }
}

#[async_trait]
impl Driver for SimDriver {
    fn kind(&self) -> &'static str {
        "docker"
    }

    async fn launch(&self, spec: &LaunchSpec) -> Result<Launched, LaunchError> {
        let Some((attempt, lasts_ms, code)) = workload::read(spec) else {
            return Err(LaunchError::Invalid { message: "it is none of the simulation's tasks".into() });
        };
        match self.0.create(&spec.id, &attempt) {
            State::Running | State::Exited(_) => return Ok(Launched::Adopted),
            State::Fenced => return Err(LaunchError::Fenced),
            State::Absent | State::Created => {}
        }
        sleep(CREATE).await;
        self.0.run(&spec.id, lasts_ms, code);
        match self.0.state(&spec.id) {
            State::Fenced => Err(LaunchError::Fenced),
            _ => Ok(Launched::Started),
        }
    }

    async fn inspect(&self, id: &LaunchId) -> Result<State, Error> {
        Ok(self.0.state(id))
    }

    async fn wait(&self, id: &LaunchId) -> Result<Exit, Error> {
        match self.until(id, |state| matches!(state, State::Exited(_) | State::Absent | State::Fenced)).await {
            State::Exited(exit) => Ok(exit),
            _ => Err(Error::NotLaunched(id.clone())),
        }
    }

    async fn logs(&self, id: &LaunchId, _from: u64, _follow: bool) -> Result<LogStream, Error> {
        Err(Error::NotLaunched(id.clone()))
    }

    async fn stop(&self, id: &LaunchId, grace: Duration) -> Result<(), Error> {
        self.0.stop(id, u64::try_from(grace.as_millis()).unwrap_or(u64::MAX));
        self.until(id, |state| *state != State::Running).await;
        Ok(())
    }

    async fn remove(&self, id: &LaunchId) -> Result<(), Error> {
        if self.0.remove(id) { Ok(()) } else { Err(Error::StillRunning(id.clone())) }
    }

    async fn list(&self) -> Result<Vec<LaunchId>, Error> {
        Ok(self.0.ids())
    }

    /// Containers write nothing.
    fn log_path(&self, id: &LaunchId) -> PathBuf {
        self.0.lease_file.with_extension(id.to_string())
    }
}
