//! The drivers that a node offers.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use gofer_drivers::{DockerDriver, Driver, ProcessDriver, docker};
use tracing::info;

use crate::config::{Config, Drivers};

/// Opens the drivers that the configuration names, or all that work here.
///
/// # Errors
/// When a driver that was asked for by name does not work.
pub(crate) async fn open(config: &Config, mount: Option<String>) -> anyhow::Result<Vec<Arc<dyn Driver>>> {
    let executable = std::env::current_exe().context("can't find the path of this program")?;
    let root = config.data_dir.join("attempts");
    let wants = |name: &str| match &config.drivers {
        Drivers::Probe => true,
        Drivers::Named(names) => names.iter().any(|named| named == name),
    };
    let mut drivers: Vec<Arc<dyn Driver>> = Vec::new();
    if wants("process") {
        drivers.push(Arc::new(ProcessDriver::new(&root.join("process"), &executable)?));
    }
    if wants("docker")
        && let Some(driver) = open_docker(config, &root.join("docker"), &executable, mount).await?
    {
        drivers.push(Arc::new(driver));
    }
    Ok(drivers)
}

/// `mount` is that of the way to the API.
async fn open_docker(
    config: &Config,
    root: &Path,
    executable: &Path,
    mount: Option<String>,
) -> anyhow::Result<Option<DockerDriver>> {
    let is_named = matches!(&config.drivers, Drivers::Named(_));
    let socket = match &config.docker_socket {
        Some(socket) => socket.clone(),
        None => match docker::probe().await {
            Some(found) => {
                info!(socket = %found.socket.display(), version = found.version, "found a container daemon");
                found.socket
            }
            None if is_named => anyhow::bail!(
                "the docker driver was asked for, but no Docker or Podman daemon answers: start one, or name its \
                 socket with --docker-socket"
            ),
            None => return Ok(None),
        },
    };
    let driver = DockerDriver::connect(root, executable, &socket).await;
    let driver = driver.with_context(|| format!("can't use the container daemon at {}", socket.display()))?;
    Ok(Some(driver.with_mounts(config.docker_mounts.iter().cloned().chain(mount).collect())))
}
