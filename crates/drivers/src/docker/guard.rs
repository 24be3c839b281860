//! The guard: a small process that outlives the node and kills its containers when the lease has run out.
//!
//! One per root, by a lock. It ends when no container of the node runs; the driver makes sure that there is one before
//! and after each start.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use bollard::Docker;
use bollard::query_parameters::ListContainersOptions;
use tokio::process::Command;
use tokio::time::sleep;

use super::container::{FENCED_FILE, LABEL_LAUNCH, LABEL_NODE};
use super::{connect, kill, node_name, unavailable};
use crate::driver::Error;
use crate::launch_dir::{LaunchDir, Lock, blocking, try_lock, write_atomic};
use crate::launch_id::LaunchId;
use crate::lease::Watch;

const DETACHED_VARIABLE: &str = "GOFER_GUARD_DETACHED";
/// How often the lease is looked at.
const POLL: Duration = Duration::from_millis(250);
/// How often the guard asks whether anything runs still.
const IDLE_POLL: Duration = Duration::from_secs(10);
/// How long a new guard may take to be at work.
const START_PATIENCE: Duration = Duration::from_secs(10);

/// Runs as the guard of a root: what `gofer __guard <root> <lease file> <socket>` does.
///
/// To be called before any runtime or thread is started.
pub fn guard_main(root: &Path, lease_file: &Path, socket: &Path) -> ExitCode {
    if std::env::var_os(DETACHED_VARIABLE).is_none() {
        let arguments = ["__guard".as_ref(), root.as_os_str(), lease_file.as_os_str(), socket.as_os_str()];
        return match detach(&arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    let _ = rustix::process::setsid();
    let _ = std::env::set_current_dir("/");
    let guard = Guard { root: root.to_owned(), socket: socket.to_owned() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.map(|runtime| runtime.block_on(guard.run(lease_file))) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(_)) | Err(_) => ExitCode::FAILURE,
    }
}

/// Starts this executable again, marked by an environment variable; the caller then ends. So the guard belongs to init, or
/// to whoever adopts orphans.
fn detach(arguments: &[&OsStr]) -> std::io::Result<()> {
    // By this link the executable is found also after an upgrade replaced its file.
    let mut command = std::process::Command::new("/proc/self/exe");
    command.args(arguments).env(DETACHED_VARIABLE, "1").stdin(Stdio::null()).stderr(Stdio::null());
    command.spawn().map(drop)
}

/// Makes sure that a guard is at work.
pub(super) async fn ensure(executable: &Path, root: &Path, lease_file: &Path, socket: &Path) -> Result<(), Error> {
    let is_at_work = || {
        let path = lock_path(root);
        blocking(move || match try_lock(&path) {
            Ok(lock) => Ok(lock.is_none()),
            Err(error) => Err(Error::io("can't lock", &path)(error)),
        })
    };
    let patience = Instant::now() + START_PATIENCE;
    while !is_at_work().await? {
        let failed = |message: String| Error::Unavailable { what: "can't start the guard of the containers", message };
        let mut command = Command::new(executable);
        command.arg("__guard").arg(root).arg(lease_file).arg(socket);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let status = command.status().await.map_err(|error| failed(format!("{}: {error}", executable.display())))?;
        if !status.success() || Instant::now() > patience {
            return Err(failed(format!("{} __guard: {status}", executable.display())));
        }
        sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

fn lock_path(root: &Path) -> PathBuf {
    root.join("guard.lock")
}

struct Guard {
    root: PathBuf,
    socket: PathBuf,
}

impl Guard {
    async fn run(&self, lease_file: &Path) -> Result<(), Error> {
        let node = node_name(&self.root)?;
        let Some(mut lock) = self.lock().await? else { return Ok(()) };
        let mut lease = Watch::new(lease_file);
        let mut docker = None;
        let mut idle_at = Instant::now() + IDLE_POLL;
        loop {
            sleep(POLL).await;
            let run_out = lease.has_run_out();
            if !run_out && Instant::now() < idle_at {
                continue;
            }
            // A daemon that does not answer may have containers that run: so never give up.
            let Ok(running) = self.running(&mut docker, &node).await else { continue };
            if run_out {
                self.kill_all(docker.as_ref(), &running).await;
            } else {
                idle_at = Instant::now() + IDLE_POLL;
            }
            if !running.is_empty() {
                continue;
            }
            // A driver that saw the lock starts a container, then looks at the lock again. So after giving the lock
            // away, look once more: what was started before is seen here, what is started after sees no lock.
            drop(lock);
            if self.running(&mut docker, &node).await.is_ok_and(|running| running.is_empty()) || !self.root.exists() {
                return Ok(());
            }
            match self.lock().await? {
                Some(taken) => lock = taken,
                None => return Ok(()),
            }
        }
    }

    /// The lock of guards. Who asks whether it is held holds it for an instant, so try for a while.
    async fn lock(&self) -> Result<Option<Lock>, Error> {
        let path = lock_path(&self.root);
        for _ in 0..20 {
            if let Some(lock) = try_lock(&path).map_err(Error::io("can't lock", &path))? {
                return Ok(Some(lock));
            }
            sleep(Duration::from_millis(5)).await;
        }
        Ok(None)
    }

    async fn running(&self, docker: &mut Option<Docker>, node: &str) -> Result<Vec<(String, Option<LaunchId>)>, Error> {
        let docker = match docker {
            Some(docker) => docker,
            None => docker.insert(connect(&self.socket).await?),
        };
        // Without `all`, those that run.
        let filters = [("label".to_owned(), vec![format!("{LABEL_NODE}={node}")])].into();
        let options = ListContainersOptions { filters: Some(filters), ..Default::default() };
        let containers = docker.list_containers(Some(options)).await.map_err(unavailable)?;
        let launch = |labels: Option<std::collections::HashMap<String, String>>| {
            labels.and_then(|labels| LaunchId::new(labels.get(LABEL_LAUNCH)?).ok())
        };
        Ok(containers.into_iter().filter_map(|each| Some((each.id?, launch(each.labels)))).collect())
    }

    async fn kill_all(&self, docker: Option<&Docker>, running: &[(String, Option<LaunchId>)]) {
        let Some(docker) = docker else { return };
        for (_, launch) in running {
            if let Some(launch) = launch {
                // Without the mark, the exit says only that it was killed.
                let _ = write_atomic(&LaunchDir::new(&self.root, launch).file(FENCED_FILE), b"", false);
            }
        }
        let kills = running.iter().map(|(container, _)| kill(docker, container, "SIGKILL"));
        // What could not be killed is tried again at the next look.
        futures::future::join_all(kills).await;
    }
}
