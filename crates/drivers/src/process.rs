//! The `process` driver: programs of the node's own, each under a [shim](crate::shims_main) that outlives the node.
//!
//! The driver keeps nothing in memory: the launch directory tells all, so any number of driver objects, in any number
//! of processes, may work on one root.

use std::os::unix::net::UnixStream as StdStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use crate::driver::{Driver, Error, Exit, LaunchError, LaunchSpec, Launched, LogStream, State};
use crate::launch_dir::{self, Claim, LaunchDir, blocking};
use crate::launch_id::LaunchId;
use crate::secrets::SecretDir;
use crate::shim::{ForkServer, Running, Stop, answer, handover};
use crate::{lease, logfile};

/// How long a shim may take to answer.
const SHIM_PATIENCE: Duration = Duration::from_secs(30);
/// Longest answer of a shim that is read.
const ANSWER_BYTES_MAX: u64 = 64 << 10;
/// How long a killed program may take to be gone, before a stop says so.
const KILL_PATIENCE: Duration = Duration::from_secs(30);
/// Longest pause between two looks at a launch.
const POLL_MAX: Duration = Duration::from_millis(100);

/// Launches processes.
#[derive(Clone, Debug)]
pub struct ProcessDriver {
    root: PathBuf,
    shims: Arc<ForkServer>,
}

impl ProcessDriver {
    /// A driver over the launches in `root`, which is made if missing. `executable __shims` must call
    /// [`shims_main`](crate::shims_main).
    ///
    /// # Errors
    /// When the root can't be made.
    pub fn new(root: &Path, executable: &Path) -> Result<Self, Error> {
        std::fs::create_dir_all(root).map_err(Error::io("can't make the directory of launches", root))?;
        let root = root.canonicalize().map_err(Error::io("can't find the directory of launches", root))?;
        Ok(Self { root, shims: Arc::new(ForkServer::new(executable)) })
    }

    fn dir(&self, id: &LaunchId) -> LaunchDir {
        LaunchDir::new(&self.root, id)
    }

    /// Has a shim made and waits until it has launched, or says why not (in the answer), or left it to another.
    async fn run_shim(&self, dir: &LaunchDir, token: &str, spec: &LaunchSpec) -> Result<String, LaunchError> {
        let unavailable = |message: String| LaunchError::Unavailable { message };
        let handed = handover::encode(spec)
            .map_err(|error| unavailable(format!("the spec can't be handed to a shim: {error}")))?;
        let (ours, shims_end) =
            StdStream::pair().map_err(|error| unavailable(format!("no pipe to a shim can be made: {error}")))?;
        let made = tokio::task::spawn_blocking({
            let (shims, dir, token) = (Arc::clone(&self.shims), dir.clone(), token.to_owned());
            move || shims.make(dir.path(), &token, &shims_end)
        });
        let made = made.await.map_err(std::io::Error::other).flatten();
        made.map_err(|error| unavailable(format!("no shim can be started: {error}")))?;
        // The end of the answer is when the shim has ended or hung up.
        let answered = async {
            ours.set_nonblocking(true)?;
            let mut stream = UnixStream::from_std(ours)?;
            // A shim that finds the launch taken does not read it.
            let _ = stream.write_all(&handed).await;
            let _ = stream.shutdown().await;
            let mut answer = Vec::new();
            match stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await {
                // It did not read what it was handed.
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
                other => drop(other?),
            }
            std::io::Result::Ok(answer)
        };
        match timeout(SHIM_PATIENCE, answered).await {
            Ok(Ok(answer)) => Ok(String::from_utf8_lossy(&answer).trim_end().to_owned()),
            Ok(Err(error)) => Err(unavailable(format!("the shim's answer can't be read: {error}"))),
            Err(_) => Err(unavailable(format!("the shim did not answer within {} s", SHIM_PATIENCE.as_secs()))),
        }
    }
}

#[async_trait]
impl Driver for ProcessDriver {
    fn kind(&self) -> &'static str {
        "process"
    }

    async fn launch(&self, spec: &LaunchSpec) -> Result<Launched, LaunchError> {
        spec.check()?;
        let Some(program) = spec.entrypoint.first().or(spec.command.first()).cloned() else {
            return Err(LaunchError::Invalid { message: "neither entrypoint nor command names a program".into() });
        };
        let dir = self.dir(&spec.id);
        let prepared = blocking({
            let dir = dir.clone();
            move || {
                dir.create()?;
                dir.claimed()
            }
        });
        let token = Uuid::new_v4().to_string();
        let answer = match prepared.await? {
            Some(_) => String::new(),
            None => self.run_shim(&dir, &token, spec).await?,
        };
        let claim = blocking({
            let dir = dir.clone();
            move || dir.claimed()
        });
        let launched = match claim.await? {
            Some(Claim::Fence) => return Err(LaunchError::Fenced),
            Some(Claim::Run(winner)) if winner == token => Launched::Started,
            Some(Claim::Run(_)) => Launched::Adopted,
            None => return Err(refusal(&answer)),
        };
        let exit = blocking(move || settled(&dir)).await?;
        exit.and_then(|exit| exit.launch_error(&program)).map_or(Ok(launched), Err)
    }

    async fn inspect(&self, id: &LaunchId) -> Result<State, Error> {
        let dir = self.dir(id);
        blocking(move || look(&dir)).await
    }

    async fn wait(&self, id: &LaunchId) -> Result<Exit, Error> {
        let mut pause = Duration::from_millis(5);
        loop {
            match self.inspect(id).await? {
                State::Exited(exit) => return Ok(exit),
                State::Absent | State::Fenced => return Err(Error::NotLaunched(id.clone())),
                State::Created | State::Running => sleep(pause).await,
            }
            pause = POLL_MAX.min(pause * 2);
        }
    }

    async fn logs(&self, id: &LaunchId, from: u64, follow: bool) -> Result<LogStream, Error> {
        let dir = self.dir(id);
        if !dir.exists() {
            return Err(Error::NotLaunched(id.clone()));
        }
        let log = dir.log();
        Ok(logfile::follow(&log, from, move || !follow || !matches!(look(&dir), Ok(State::Created | State::Running))))
    }

    async fn stop(&self, id: &LaunchId, grace: Duration) -> Result<(), Error> {
        let dir = self.dir(id);
        let grace_ms = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX);
        let fenced = blocking({
            let dir = dir.clone();
            move || {
                dir.create()?;
                if dir.claim(&Claim::Fence)? == Claim::Fence {
                    return Ok(true);
                }
                let stop = Stop { kill_at_ms: lease::now_ms().saturating_add(grace_ms) };
                if matches!(look(&dir)?, State::Exited(_)) {
                    return Ok(true);
                }
                // A repeated order may shorten the grace, never lengthen it.
                if dir.read_json::<Stop>("stop.json").ok().flatten().is_none_or(|old| old.kill_at_ms > stop.kill_at_ms)
                {
                    dir.write_json("stop.json", &stop, false)?;
                }
                Ok(false)
            }
        });
        if fenced.await? {
            return Ok(());
        }
        match timeout(grace.saturating_add(KILL_PATIENCE), self.wait(id)).await {
            Ok(Ok(_) | Err(Error::NotLaunched(_))) => Ok(()),
            Ok(Err(error)) => Err(error),
            Err(_) => {
                let message = format!("{id} was killed but is not gone after {} s", KILL_PATIENCE.as_secs());
                Err(Error::Unavailable { what: "can't stop", message })
            }
        }
    }

    async fn remove(&self, id: &LaunchId) -> Result<(), Error> {
        let (dir, id) = (self.dir(id), id.clone());
        blocking(move || {
            if !dir.exists() {
                return Ok(());
            }
            // Whoever is about to launch must not find the directory gone and the name free.
            if !dir.has_exit() && dir.claim(&Claim::Fence)? != Claim::Fence && !matches!(look(&dir)?, State::Exited(_))
            {
                return Err(Error::StillRunning(id));
            }
            SecretDir::of(dir.path()).remove().map_err(Error::io("can't remove the secret files of", dir.path()))?;
            dir.remove()
        })
        .await
    }

    async fn list(&self) -> Result<Vec<LaunchId>, Error> {
        let root = self.root.clone();
        blocking(move || launch_dir::list(&root)).await
    }

    fn log_path(&self, id: &LaunchId) -> PathBuf {
        self.dir(id).log()
    }
}

/// Why a shim did not claim, from its answer.
fn refusal(answer: &str) -> LaunchError {
    match answer.strip_prefix(answer::INVALID) {
        Some(message) => LaunchError::Invalid { message: message.to_owned() },
        None => {
            let message = answer.strip_prefix(answer::REFUSED).unwrap_or(answer);
            let message = if message.is_empty() { "the shim ended before it launched" } else { message };
            LaunchError::Unavailable { message: message.to_owned() }
        }
    }
}

fn look(dir: &LaunchDir) -> Result<State, Error> {
    let Some(claim) = dir.claimed()? else {
        return Ok(if dir.is_locked()? { State::Created } else { State::Absent });
    };
    if claim == Claim::Fence {
        return Ok(State::Fenced);
    }
    if let Some(exit) = dir.exit()? {
        return Ok(State::Exited(exit));
    }
    if dir.is_locked()? {
        return Ok(State::Running);
    }
    // It may have ended between the two questions.
    if let Some(exit) = dir.exit()? {
        return Ok(State::Exited(exit));
    }
    if !dir.exists() {
        return Ok(State::Absent);
    }
    let running = dir.running::<Running>().ok().flatten();
    let _ = SecretDir::of(dir.path()).remove();
    if let Some(cgroup) = running.as_ref().and_then(|running| running.cgroup.as_ref()) {
        // The program died with its shim; its descendants may not have.
        cgroup.kill();
        cgroup.remove();
    }
    let started_at_ms = running.map_or(0, |running| running.started_at_ms);
    let message = "it was launched, and its shim ended without a record: killed, or the machine went down";
    Ok(State::Exited(Exit { started_at_ms, ..Exit::unknown(message) }))
}

/// Waits until a claimed launch runs or has ended; answers the exit if it is there.
fn settled(dir: &LaunchDir) -> Result<Option<Exit>, Error> {
    let patience = Instant::now() + SHIM_PATIENCE;
    loop {
        let exit = dir.exit()?;
        let is_settled = exit.is_some() || dir.running::<Running>()?.is_some() || !dir.is_locked()?;
        if is_settled || Instant::now() > patience {
            return Ok(exit);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
