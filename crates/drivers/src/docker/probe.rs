//! Finding a daemon.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::timeout;

use super::connect;

/// How long a daemon may take to answer the probe.
const PATIENCE: Duration = Duration::from_secs(3);

/// A daemon that answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    pub socket: PathBuf,
    /// What it says it is.
    pub version: String,
}

/// The first daemon that answers: that of `DOCKER_HOST` if set (a `unix://` address; no other is looked for then),
/// Docker's, the user's Podman, the system's Podman.
pub async fn probe() -> Option<Probe> {
    for socket in candidates(|name| std::env::var(name).ok()) {
        if let Ok(Some(version)) = timeout(PATIENCE, ask(&socket)).await {
            return Some(Probe { socket, version });
        }
    }
    None
}

async fn ask(socket: &Path) -> Option<String> {
    let docker = connect(socket).await.ok()?;
    docker.ping().await.ok()?;
    docker.version().await.ok()?.version
}

fn candidates(variable: impl Fn(&str) -> Option<String>) -> Vec<PathBuf> {
    if let Some(host) = variable("DOCKER_HOST").filter(|host| !host.is_empty()) {
        return host.strip_prefix("unix://").map(PathBuf::from).into_iter().collect();
    }
    let uid = rustix::process::getuid().as_raw();
    let runtime = variable("XDG_RUNTIME_DIR").map_or_else(|| PathBuf::from(format!("/run/user/{uid}")), PathBuf::from);
    vec!["/var/run/docker.sock".into(), runtime.join("podman/podman.sock"), "/run/podman/podman.sock".into()]
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::candidates;

    #[test]
    fn the_environment_decides_alone() {
        let host = |name: &str| (name == "DOCKER_HOST").then(|| "unix:///tmp/d.sock".to_owned());
        assert_eq!(candidates(host), [PathBuf::from("/tmp/d.sock")]);
        assert!(candidates(|name| (name == "DOCKER_HOST").then(|| "tcp://other:2375".to_owned())).is_empty());
        assert_eq!(candidates(|_| None)[0], PathBuf::from("/var/run/docker.sock"));
    }
}
