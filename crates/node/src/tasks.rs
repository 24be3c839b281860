//! The way of this node's tasks to the API: a socket in a directory of its own, which containers see, and tokens.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use gofer_domain::AttemptKey;
use gofer_domain::config::DriverKind;
use gofer_executor::TaskAccess;
use gofer_gateway::TaskTokens;
use tokio::net::UnixListener;
use tracing::warn;

/// Where containers see the directory.
const INSIDE: &str = "/run/gofer";
const SOCKET: &str = "api.sock";
/// Longest path of a socket that the kernel takes, its end included.
const PATH_BYTES_MAX: usize = 107;

/// The socket and the tokens of a node.
#[derive(Debug)]
pub(crate) struct Tasks {
    dir: PathBuf,
    pub(crate) tokens: TaskTokens,
    /// None where the path of the data directory is too long for a socket.
    pub(crate) listener: Option<UnixListener>,
}

impl Tasks {
    /// Makes the socket anew. Its directory stays, so that containers that run see the new one.
    pub(crate) fn open(data: &Path) -> anyhow::Result<Self> {
        let dir = data.join("tasks");
        let tokens = data.join("task.key");
        let tokens = TaskTokens::open(&tokens).with_context(|| format!("can't use {}", tokens.display()))?;
        let opened = std::fs::create_dir_all(&dir).and_then(|()| {
            // Who is let in is decided by tokens: programs in containers are of any user.
            std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o755))?;
            let dir = dir.canonicalize()?;
            let socket = dir.join(SOCKET);
            if socket.as_os_str().len() > PATH_BYTES_MAX {
                let path = socket.display();
                warn!(%path, "tasks can't reach the API: no socket can have so long a path; use a shorter --data-dir");
                return Ok((dir, None));
            }
            match std::fs::remove_file(&socket) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let listener = UnixListener::bind(&socket)?;
            std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o666))?;
            Ok((dir, Some(listener)))
        });
        let (dir, listener) = opened.with_context(|| format!("can't make the tasks' socket in {}", dir.display()))?;
        Ok(Self { dir, tokens, listener })
    }

    /// What containers need mounted.
    pub(crate) fn mount(&self) -> Option<String> {
        // A mount is written with colons.
        let dir = self.dir.to_str().filter(|dir| !dir.contains(':'));
        dir.filter(|_| self.listener.is_some()).map(|dir| format!("{dir}:{INSIDE}:ro"))
    }

    /// What tasks are told.
    pub(crate) fn access(&self) -> Access {
        let outside = self.listener.is_some().then(|| format!("unix://{}/{SOCKET}", self.dir.display()));
        let inside = self.mount().map(|_| format!("unix://{INSIDE}/{SOCKET}"));
        Access { tokens: self.tokens.clone(), outside, inside }
    }
}

/// Addresses by where a task runs, and its token.
pub(crate) struct Access {
    tokens: TaskTokens,
    outside: Option<String>,
    inside: Option<String>,
}

impl TaskAccess for Access {
    fn variables(&self, attempt: &AttemptKey, driver: DriverKind) -> Vec<(&'static str, String)> {
        let address = match driver {
            DriverKind::Process => &self.outside,
            DriverKind::Docker => &self.inside,
        };
        let address = address.iter().map(|address| ("GOFER_ADDRESS", address.clone()));
        let token = address.clone().map(|_| ("GOFER_TOKEN", self.tokens.token(attempt)));
        address.chain(token).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_is_made_anew_in_the_same_directory() {
        let dir = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let tasks = Tasks::open(dir.path()).unwrap();
            assert!(tasks.listener.is_some());
            assert!(tasks.mount().unwrap().ends_with("tasks:/run/gofer:ro"));
            tokio::net::UnixStream::connect(dir.path().join("tasks/api.sock")).await.unwrap();
        }
    }

    #[tokio::test]
    async fn too_long_a_path_leaves_tasks_without_a_way() {
        let dir = tempfile::tempdir().unwrap();
        let tasks = Tasks::open(&dir.path().join("x".repeat(120))).unwrap_err();
        assert!(tasks.to_string().contains("task.key"), "{tasks:#}");
        let long = dir.path().join("x".repeat(120));
        std::fs::create_dir(&long).unwrap();
        let tasks = Tasks::open(&long).unwrap();
        assert!(tasks.listener.is_none() && tasks.mount().is_none());
    }
}
