//! From the state to what a driver launches.

use std::collections::BTreeMap;
use std::path::PathBuf;

use gofer_domain::config::{DriverKind, PullPolicy};
use gofer_domain::plugin::plugin_trigger;
use gofer_domain::run::StopReason;
use gofer_domain::state::LiveRun;
use gofer_domain::{Attempt, AttemptKey, NodeId, PipelineKey, State, shared};
use gofer_drivers::{LaunchId, LaunchSpec, Pull};

use crate::config::Config;
use crate::context::launch_id;
use crate::outputs;
use crate::parts::{RegistryCredentials, TaskAccess};
use crate::trace;

/// An attempt that the log has placed on this node.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) key: AttemptKey,
    pub(crate) driver: DriverKind,
    /// Without its secrets, which are looked up for the launch.
    pub(crate) spec: LaunchSpec,
    /// Variables and files, with the names of their secrets.
    pub(crate) secret_env: BTreeMap<String, String>,
    pub(crate) secret_files: BTreeMap<String, String>,
    /// The pipeline whose secrets they are.
    pub(crate) secret_scope: PipelineKey,
    pub(crate) stopping: Option<StopReason>,
}

impl Placed {
    /// The attempt as the state has it; none when it is not placed on this node, or has ended.
    pub(crate) fn find(
        state: &State,
        node: NodeId,
        key: &AttemptKey,
        config: &Config,
        (registries, access): (&dyn RegistryCredentials, &dyn TaskAccess),
    ) -> Option<Self> {
        let attempt = find(state, key).filter(|attempt| attempt.node == node && !attempt.status.is_final())?;
        let live = state.runs.get(&key.task.run)?;
        let task = shared::container(live, &key.task.task)?;
        let cluster = state.cluster?.to_string();
        let image = task.image.clone().filter(|_| attempt.driver == DriverKind::Docker);
        let spec = LaunchSpec {
            labels: labels(&cluster, key),
            registry_auth: image.as_deref().and_then(|image| registries.credentials(registry(image))),
            image,
            pull: match task.pull {
                PullPolicy::IfNotPresent => Pull::IfNotPresent,
                PullPolicy::Always => Pull::Always,
                PullPolicy::Never => Pull::Never,
            },
            entrypoint: task.entrypoint.clone(),
            command: task.command.clone(),
            environment: environment(live, key, system(state, live, node, key, attempt.driver, access)),
            working_directory: task.working_directory.as_ref().map(PathBuf::from),
            cpu_millis: task.resources.cpu_millis,
            memory_bytes: task.resources.memory_bytes,
            log_bytes_max: config.log_bytes_max,
            lease_file: Some(config.lease_file.clone()),
            outputs: Some(outputs::path(config, &launch_id(&cluster, key))),
            ..LaunchSpec::new(launch_id(&cluster, key))
        };
        Some(Self {
            key: key.clone(),
            driver: attempt.driver,
            spec,
            secret_env: task.secret_env.clone(),
            secret_files: task.secret_files.clone(),
            secret_scope: shared::secret_scope(live, &key.task.task),
            stopping: attempt.stopping.clone(),
        })
    }

    pub(crate) fn id(&self) -> &LaunchId {
        &self.spec.id
    }
}

/// An attempt of a live run.
pub(crate) fn find<'a>(state: &'a State, key: &AttemptKey) -> Option<&'a Attempt> {
    let task = state.runs.get(&key.task.run)?.run.tasks.get(&key.task.task)?;
    task.attempts.get(usize::try_from(key.attempt).ok()?.checked_sub(1)?)
}

/// What the pipeline says wins over what Gofer says.
fn environment(
    live: &LiveRun,
    key: &AttemptKey,
    mut environment: BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    environment.extend(shared::environment(live, &key.task.task));
    environment
}

/// What Gofer says to every attempt; docs/pipelines.md lists it.
fn system(
    state: &State,
    live: &LiveRun,
    node: NodeId,
    key: &AttemptKey,
    driver: DriverKind,
    access: &dyn TaskAccess,
) -> BTreeMap<String, String> {
    let run = &live.run.key;
    let name = state.nodes.get(&node).map(|node| node.spec.name.clone()).unwrap_or_default();
    let mut system = vec![
        ("GOFER_NAMESPACE", run.pipeline.namespace.to_string()),
        ("GOFER_PIPELINE", run.pipeline.pipeline.to_string()),
        ("GOFER_VERSION", live.run.version.to_string()),
        ("GOFER_RUN", run.run.to_string()),
        ("GOFER_TASK", key.task.task.to_string()),
        ("GOFER_ATTEMPT", key.attempt.to_string()),
        ("GOFER_NODE", name),
    ];
    system.extend(plugin_trigger(&run.pipeline).map(|trigger| ("GOFER_TRIGGER", trigger.to_string())));
    if let Some((name, version)) = shared::used(live, &key.task.task) {
        system.push(("GOFER_SHARED_TASK", name.to_string()));
        system.push(("GOFER_SHARED_TASK_VERSION", version.to_string()));
    }
    system.extend(state.cluster.map(|cluster| ("TRACEPARENT", trace::parent(cluster, key))));
    system.extend(access.variables(key, driver));
    system.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn labels(cluster: &str, key: &AttemptKey) -> BTreeMap<String, String> {
    let run = &key.task.run;
    let labels = [
        ("gofer.cluster", cluster.to_owned()),
        ("gofer.namespace", run.pipeline.namespace.to_string()),
        ("gofer.pipeline", run.pipeline.pipeline.to_string()),
        ("gofer.run", run.run.to_string()),
        ("gofer.task", key.task.task.to_string()),
        ("gofer.attempt", key.attempt.to_string()),
    ];
    labels.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The registry an image comes from: what stands before the first '/' if it looks like a host.
fn registry(image: &str) -> &str {
    match image.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
        _ => "docker.io",
    }
}

#[cfg(test)]
mod tests {
    use super::registry;

    #[test]
    fn registries_are_told_from_names() {
        for (image, wanted) in [
            ("alpine", "docker.io"),
            ("library/alpine:3", "docker.io"),
            ("localhost/x", "localhost"),
            ("registry:5000/x/y@sha256:00", "registry:5000"),
            ("ghcr.io/a/b", "ghcr.io"),
        ] {
            assert_eq!(registry(image), wanted, "{image}");
        }
    }
}
