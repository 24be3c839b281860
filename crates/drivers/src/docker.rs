//! The `docker` driver: containers of a Docker or Podman daemon on this machine.
//!
//! A container is named after its launch. A daemon runs an exited container again when it is told to start it, and a
//! killed node's last request may be carried out late; the launch module says how a second run is excluded
//! all the same. What is durable lies in the launch directory; driver objects only copy the output
//! and note the exit there.

mod container;
mod guard;
mod launch;
mod monitor;
mod output;
mod probe;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bollard::Docker;
use bollard::query_parameters::{KillContainerOptions, ListContainersOptions};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use crate::driver::{Driver, Error, Exit, LaunchError, LaunchSpec, Launched, LogStream, State};
use crate::launch_dir::{self, Claim, LaunchDir, Lock, blocking, write_atomic};
use crate::launch_id::LaunchId;
use crate::logfile;
use crate::secrets::SecretDir;
use container::{Facts, LABEL_LAUNCH, LABEL_NODE, Stage};
use launch::{Sent, quiesce};
use monitor::Monitor;

pub use guard::guard_main;
pub use probe::{Probe, probe};

/// How long the daemon may take to answer one request.
const REQUEST_SECONDS: u64 = 120;
/// How long the output of a container that has ended may take to be copied.
const DRAIN_PATIENCE: Duration = Duration::from_secs(15);
/// How long a killed container may take to be gone, before a stop says so.
const KILL_PATIENCE: Duration = Duration::from_secs(30);
/// How often the daemon is asked while an end is awaited.
const ASK_EVERY: Duration = Duration::from_secs(5);

/// Launches containers.
#[derive(Debug)]
pub struct DockerDriver {
    root: PathBuf,
    executable: PathBuf,
    socket: PathBuf,
    /// Tells our containers from those of other nodes that use the same daemon.
    node: String,
    docker: Docker,
    /// Host paths in every container, as `/host:/container[:ro]`.
    mounts: Vec<String>,
    monitors: Mutex<BTreeMap<LaunchId, JoinHandle<()>>>,
}

impl DockerDriver {
    /// A driver over the launches in `root`, which is made if missing, and the daemon behind a Unix socket
    /// ([`probe`] finds one). `executable __guard <root> <lease file> <socket>` must call [`guard_main`].
    ///
    /// # Errors
    /// When the root can't be made, or the daemon does not answer.
    pub async fn connect(root: &Path, executable: &Path, socket: &Path) -> Result<Self, Error> {
        let docker = connect(socket).await?;
        let root = root.to_owned();
        let (root, node) = blocking(move || {
            std::fs::create_dir_all(&root).map_err(Error::io("can't make the directory of launches", &root))?;
            let root = root.canonicalize().map_err(Error::io("can't find the directory of launches", &root))?;
            let node = node_name(&root)?;
            Ok((root, node))
        })
        .await?;
        let (executable, socket) = (executable.to_owned(), socket.to_owned());
        Ok(Self { root, executable, socket, node, docker, mounts: Vec::new(), monitors: Mutex::default() })
    }

    /// Mounts these host paths, each `/host:/container` with `:ro` to protect it, in every container from now on.
    #[must_use]
    pub fn with_mounts(mut self, mounts: Vec<String>) -> Self {
        self.mounts = mounts;
        self
    }

    fn dir(&self, id: &LaunchId) -> LaunchDir {
        LaunchDir::new(&self.root, id)
    }

    /// The launch lock, once nobody else has it.
    async fn lock(&self, dir: &LaunchDir) -> Result<Lock, Error> {
        loop {
            let dir = dir.clone();
            if let Some(lock) = blocking(move || dir.try_lock()).await? {
                return Ok(lock);
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// The container of a launch; one of that name which this node did not make is none.
    async fn find(&self, id: &LaunchId) -> Result<Option<Facts>, Error> {
        Ok(container::find(&self.docker, id.as_str()).await?.filter(|facts| facts.is_of(id, &self.node)))
    }

    /// Makes sure that somebody copies the output and notes the exit.
    fn monitor(&self, id: &LaunchId) {
        let mut monitors = self.monitors.lock().unwrap_or_else(PoisonError::into_inner);
        monitors.retain(|_, task| !task.is_finished());
        monitors
            .entry(id.clone())
            .or_insert_with(|| tokio::spawn(Monitor::new(self.docker.clone(), self.dir(id), id.clone()).run()));
    }

    /// The exit as the monitor notes it; if that takes too long, as the daemon tells it.
    async fn exit_of(&self, id: &LaunchId, facts: &Facts) -> Result<Exit, Error> {
        let patience = Instant::now() + DRAIN_PATIENCE;
        while Instant::now() < patience {
            self.monitor(id);
            let dir = self.dir(id);
            if let Some(exit) = blocking(move || dir.exit()).await? {
                return Ok(exit);
            }
            sleep(Duration::from_millis(20)).await;
        }
        let (dir, exit) = (self.dir(id), facts.exit(&self.dir(id)));
        blocking(move || monitor::searched(&dir, exit)).await
    }

    /// Notes an exit that no monitor can.
    async fn note(&self, id: &LaunchId, exit: Exit) -> Result<Exit, Error> {
        let dir = self.dir(id);
        blocking(move || dir.write_exit(&exit).map(|()| exit)).await
    }
}

impl Drop for DockerDriver {
    fn drop(&mut self) {
        let monitors = self.monitors.get_mut().unwrap_or_else(PoisonError::into_inner);
        monitors.values().for_each(JoinHandle::abort);
    }
}

#[async_trait]
impl Driver for DockerDriver {
    fn kind(&self) -> &'static str {
        "docker"
    }

    async fn launch(&self, spec: &LaunchSpec) -> Result<Launched, LaunchError> {
        spec.check()?;
        self.launch_container(spec).await
    }

    async fn inspect(&self, id: &LaunchId) -> Result<State, Error> {
        let dir = self.dir(id);
        let known =
            blocking(move || Ok((dir.claimed()?, dir.exit()?, dir.read_json::<Sent>("start.json")?, dir.exists())));
        let (claim, exit, sent, exists) = known.await?;
        if let Some(exit) = exit {
            return Ok(State::Exited(exit));
        }
        if claim == Some(Claim::Fence) {
            return Ok(State::Fenced);
        }
        if !exists {
            return Ok(State::Absent);
        }
        let Some(facts) = self.find(id).await? else {
            // A launcher may have retired it meanwhile.
            let dir = self.dir(id);
            let again = blocking(move || dir.read_json::<Sent>("start.json")).await?;
            if again != sent || sent.is_none_or(|sent| sent.retired) {
                return Ok(State::Absent);
            }
            let exit = Exit::unknown("its container was removed by somebody else before its exit was noted");
            return self.note(id, exit).await.map(State::Exited);
        };
        match facts.stage() {
            Stage::New => Ok(State::Created),
            Stage::Failed => Ok(State::Exited(facts.exit(&self.dir(id)))),
            Stage::Running => {
                self.monitor(id);
                Ok(State::Running)
            }
            Stage::Ended => self.exit_of(id, &facts).await.map(State::Exited),
        }
    }

    async fn wait(&self, id: &LaunchId) -> Result<Exit, Error> {
        loop {
            match self.inspect(id).await? {
                State::Exited(exit) => return Ok(exit),
                State::Absent | State::Fenced => return Err(Error::NotLaunched(id.clone())),
                State::Created | State::Running => {}
            }
            let ask_at = Instant::now() + ASK_EVERY;
            while Instant::now() < ask_at {
                sleep(Duration::from_millis(50)).await;
                let dir = self.dir(id);
                if let Some(exit) = blocking(move || dir.exit()).await? {
                    return Ok(exit);
                }
            }
        }
    }

    async fn logs(&self, id: &LaunchId, from: u64, follow: bool) -> Result<LogStream, Error> {
        let dir = self.dir(id);
        if !dir.exists() {
            return Err(Error::NotLaunched(id.clone()));
        }
        // Starts the copying if nobody does it yet.
        let state = self.inspect(id).await?;
        let follow = follow && matches!(state, State::Created | State::Running);
        Ok(logfile::follow(&dir.log(), from, move || !follow || dir.is_complete()))
    }

    async fn stop(&self, id: &LaunchId, grace: Duration) -> Result<(), Error> {
        let dir = self.dir(id);
        let claim = blocking({
            let dir = dir.clone();
            move || {
                dir.create()?;
                dir.claim(&Claim::Fence)
            }
        });
        if claim.await? == Claim::Fence {
            return Ok(());
        }
        let lock = self.lock(&dir).await?;
        let Some(facts) = self.find(id).await? else { return Ok(()) };
        let Some(facts) = quiesce(&self.docker, &dir, facts).await? else {
            let exit = Exit { never_started: true, ..Exit::unknown("it was stopped before it was started") };
            return self.note(id, exit).await.map(drop);
        };
        drop(lock);
        match facts.stage() {
            Stage::Running => self.end(id, &facts, grace).await,
            Stage::New | Stage::Failed | Stage::Ended => Ok(()),
        }
    }

    async fn remove(&self, id: &LaunchId) -> Result<(), Error> {
        let dir = self.dir(id);
        if !dir.exists() && self.find(id).await?.is_none() {
            return Ok(());
        }
        let claim = blocking({
            let dir = dir.clone();
            move || {
                dir.create()?;
                dir.claim(&Claim::Fence)
            }
        });
        let claim = claim.await?;
        let _lock = self.lock(&dir).await?;
        if claim != Claim::Fence && !matches!(self.inspect(id).await?, State::Exited(_) | State::Absent) {
            return Err(Error::StillRunning(id.clone()));
        }
        if let Some(task) = self.monitors.lock().unwrap_or_else(PoisonError::into_inner).remove(id) {
            task.abort();
        }
        if let Some(facts) = self.find(id).await?
            && !container::remove(&self.docker, &facts.id).await?
        {
            return Err(Error::StillRunning(id.clone()));
        }
        blocking(move || {
            SecretDir::of(dir.path()).remove().map_err(Error::io("can't remove the secret files of", dir.path()))?;
            dir.remove()
        })
        .await
    }

    async fn list(&self) -> Result<Vec<LaunchId>, Error> {
        let root = self.root.clone();
        let mut ids = blocking(move || launch_dir::list(&root)).await?;
        let filters = [("label".to_owned(), vec![format!("{LABEL_NODE}={}", self.node)])].into();
        let options = ListContainersOptions { all: true, filters: Some(filters), ..Default::default() };
        let containers = self.docker.list_containers(Some(options)).await.map_err(unavailable)?;
        ids.extend(containers.iter().filter_map(|each| LaunchId::new(each.labels.as_ref()?.get(LABEL_LAUNCH)?).ok()));
        ids.sort();
        ids.dedup();
        Ok(ids)
    }

    fn log_path(&self, id: &LaunchId) -> PathBuf {
        self.dir(id).log()
    }
}

impl DockerDriver {
    /// Ends a running container: its stop signal, then SIGKILL after the grace.
    async fn end(&self, id: &LaunchId, facts: &Facts, grace: Duration) -> Result<(), Error> {
        if !grace.is_zero() {
            kill(&self.docker, &facts.id, &facts.stop_signal).await?;
            if timeout(grace, self.wait(id)).await.is_ok_and(|exit| exit.is_ok()) {
                return Ok(());
            }
        }
        kill(&self.docker, &facts.id, "SIGKILL").await?;
        match timeout(KILL_PATIENCE, self.wait(id)).await {
            Ok(exit) => exit.map(drop),
            Err(_) => {
                let message = format!("{id} was killed but is not gone after {} s", KILL_PATIENCE.as_secs());
                Err(Error::Unavailable { what: "can't stop", message })
            }
        }
    }
}

/// Sends a signal; to a container that has ended, nothing.
async fn kill(docker: &Docker, container: &str, signal: &str) -> Result<(), Error> {
    let options = KillContainerOptions { signal: signal.to_owned() };
    match docker.kill_container(container, Some(options)).await {
        Ok(()) => Ok(()),
        // Gone, or not running.
        Err(bollard::errors::Error::DockerResponseServerError { status_code: 404 | 409, .. }) => Ok(()),
        Err(error) => Err(unavailable(error)),
    }
}

async fn connect(socket: &Path) -> Result<Docker, Error> {
    let path = socket.to_string_lossy();
    let docker =
        Docker::connect_with_unix(&path, REQUEST_SECONDS, bollard::API_DEFAULT_VERSION).map_err(unavailable)?;
    docker.negotiate_version().await.map_err(unavailable)
}

/// The name of a root, drawn once. Its path would not do: nodes in containers may share both path and daemon.
fn node_name(root: &Path) -> Result<String, Error> {
    let path = root.join("node");
    let make = || {
        if !path.exists() {
            let draft = root.join(format!(".node-{}", Uuid::new_v4()));
            write_atomic(&draft, Uuid::new_v4().to_string().as_bytes(), true)?;
            let linked = std::fs::hard_link(&draft, &path);
            std::fs::remove_file(&draft)?;
            match linked {
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                other => other?,
            }
        }
        std::fs::read_to_string(&path)
    };
    make().map_err(Error::io("can't name the node by", &path))
}

fn unavailable(error: bollard::errors::Error) -> Error {
    Error::Unavailable { what: "the container daemon did not do as asked", message: error.to_string() }
}
