//! Copying a container's output into the launch's log, and noting its exit.
//!
//! One monitor works per launch, whatever the number of driver objects. A new one goes on where the last stopped: the
//! records carry the daemon's times, so it asks for the output from shortly before the last record on, and skips as
//! many bytes of each stream as the log has from then on.
//!
//! A daemon's stream that follows a container may end before its last piece: in Docker 20.10 the end of the container
//! and the notice of new output race. So, after the end, the output is read once more without following it.

use std::time::Duration;

use bollard::Docker;
use bollard::query_parameters::LogsOptions;
use futures::StreamExt as _;
use tokio::time::{sleep, timeout};

use super::container::{self, Facts, Stage};
use super::launch::Meta;
use super::output::Copy;
use crate::driver::{Error, Exit};
use crate::launch_dir::{LaunchDir, blocking, try_lock};
use crate::launch_id::LaunchId;
use crate::outputs;
use crate::secrets::SecretDir;

/// After so long without output the daemon is asked whether the container has ended.
const QUIET: Duration = Duration::from_secs(2);
/// Pause after a failure.
const RETRY: Duration = Duration::from_millis(500);
/// How an init process in a container says that it could not execute the program.
const INIT_FAILED: &[u8] = b"[FATAL tini";

pub(super) struct Monitor {
    docker: Docker,
    dir: LaunchDir,
    id: LaunchId,
}

impl Monitor {
    pub(super) fn new(docker: Docker, dir: LaunchDir, id: LaunchId) -> Self {
        Self { docker, dir, id }
    }

    /// Works until the exit is noted, or another monitor is found at work.
    pub(super) async fn run(self) {
        let lock = {
            let path = self.dir.file("monitor.lock");
            blocking(move || try_lock(&path).map_err(Error::io("can't lock", &path))).await
        };
        let Ok(Some(_lock)) = lock else { return };
        loop {
            match self.follow_to_the_end().await {
                Ok(()) => return,
                Err(_) if !self.dir.exists() => return,
                Err(error) => {
                    tracing::warn!(launch = %self.id, %error, "can't follow a container; trying again");
                    sleep(RETRY).await;
                }
            }
        }
    }

    async fn follow_to_the_end(&self) -> Result<(), Error> {
        let Some(mut copy) = self.open().await? else { return Ok(()) };
        let clean = self.copy(&mut copy, true).await?;
        let Some(facts) = container::find(&self.docker, self.id.as_str()).await? else {
            let exit = Exit::unknown("its container was removed by somebody else before its exit was noted");
            return self.finish(copy, exit).await;
        };
        match facts.stage() {
            Stage::Ended if clean => {
                drop(copy);
                let Some(mut copy) = self.open().await? else { return Ok(()) };
                if !self.copy(&mut copy, false).await? {
                    return Err(broke_off());
                }
                let exit = self.exit(&facts, &copy);
                self.finish(copy, exit).await
            }
            Stage::New | Stage::Failed => Ok(()),
            Stage::Ended | Stage::Running => Err(broke_off()),
        }
    }

    /// Where the copy stands; none when the exit is noted already.
    async fn open(&self) -> Result<Option<Copy>, Error> {
        let dir = self.dir.clone();
        blocking(move || if dir.has_exit() { Ok(None) } else { Copy::open(&dir).map(Some) }).await
    }

    /// Copies until the daemon says that there is no more; false when it broke off.
    async fn copy(&self, copy: &mut Copy, follow: bool) -> Result<bool, Error> {
        let options = LogsOptions {
            follow,
            stdout: true,
            stderr: true,
            since: i32::try_from(copy.since_ms / 1_000).unwrap_or(0),
            timestamps: true,
            tail: "all".to_owned(),
            ..LogsOptions::default()
        };
        let mut output = std::pin::pin!(self.docker.logs(self.id.as_str(), Some(options)));
        let mut ended = false;
        loop {
            match timeout(QUIET, output.next()).await {
                Ok(None) => break,
                Ok(Some(Ok(piece))) => {
                    ended = false;
                    copy.put(piece).map_err(Error::io("can't write the log", &self.dir.log()))?;
                }
                Ok(Some(Err(_))) => return Ok(false),
                // Some daemons keep the stream open although the container has ended.
                Err(_) if ended => break,
                Err(_) => {
                    let facts = container::find(&self.docker, self.id.as_str()).await?;
                    ended = facts.is_none_or(|facts| facts.stage() == Stage::Ended);
                }
            }
        }
        if !follow {
            // Only now is it known that no more comes.
            copy.release().map_err(Error::io("can't write the log", &self.dir.log()))?;
        }
        Ok(true)
    }

    fn exit(&self, facts: &Facts, copy: &Copy) -> Exit {
        let mut exit = facts.exit(&self.dir);
        if matches!(exit.code, Some(126 | 127)) && copy.last_stderr.starts_with(INIT_FAILED) {
            exit.command_not_found = true;
            exit.never_started = true;
            exit.message = String::from_utf8_lossy(&copy.last_stderr).trim().to_owned();
        }
        exit
    }

    async fn finish(&self, copy: Copy, exit: Exit) -> Result<(), Error> {
        let dir = self.dir.clone();
        blocking(move || {
            copy.writer.sync().map_err(Error::io("can't sync the log", &dir.log()))?;
            dir.write_exit(&searched(&dir, exit)?)?;
            // Nobody needs the secrets any more; a removal would try again.
            let _ = SecretDir::of(dir.path()).remove();
            Ok(())
        })
        .await
    }
}

/// The exit of a container that has ended, with what is wrong with its outputs; the noted one, if there is one by now.
pub(super) fn searched(dir: &LaunchDir, exit: Exit) -> Result<Exit, Error> {
    let meta = Meta::read(dir)?;
    let Some(path) = meta.outputs.filter(|_| meta.has_secrets) else { return Ok(exit) };
    let secrets = SecretDir::of(dir.path()).values();
    let secrets = secrets.map_err(Error::io("can't read the secrets of", dir.path()))?;
    // Asked after the secrets, which are destroyed when the exit is noted.
    if let Some(noted) = dir.exit()? {
        return Ok(noted);
    }
    Ok(Exit { outputs_fault: outputs::search(&path, secrets.as_ref()).unwrap_or_default(), ..exit })
}

fn broke_off() -> Error {
    Error::Unavailable { what: "the container daemon did not do as asked", message: "the output broke off".to_owned() }
}
