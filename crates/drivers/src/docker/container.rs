//! What the daemon says about a container, and what it is told when one is made.

use bollard::Docker;
use bollard::errors::Error as DockerError;
use bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, ContainerStateStatusEnum, HostConfig, HostConfigLogConfig,
    RestartPolicy, RestartPolicyNameEnum,
};
use bollard::query_parameters::{InspectContainerOptions, RemoveContainerOptions};

use super::unavailable;
use crate::driver::{Error, Exit, LaunchSpec};
use crate::launch_dir::LaunchDir;
use crate::launch_id::LaunchId;
use crate::secrets::{DIR_VARIABLE, SecretDir};

pub(super) const LABEL_LAUNCH: &str = "gofer.launch";
pub(super) const LABEL_NODE: &str = "gofer.node";
/// In the launch directory once the guard killed the container.
pub(super) const FENCED_FILE: &str = "fenced";
/// Most processes of one container.
const PIDS_MAX: i64 = 4096;
/// Where secret files are in a container.
const SECRETS_PATH: &str = "/run/gofer-secrets";
/// Least and most bytes of output that the daemon keeps per file, of two.
const DAEMON_LOG_BYTES: (u64, u64) = (16 << 20, 1 << 30);

/// How far a container is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Made, and never started.
    New,
    /// A start was tried and failed before the program ran.
    Failed,
    Running,
    Ended,
}

/// What counts about a container.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// The daemon's id, which is never used again.
    pub(super) id: String,
    launch: String,
    node: String,
    pub(super) stop_signal: String,
    status: ContainerStateStatusEnum,
    code: i64,
    error: String,
    out_of_memory: bool,
    started_at_ms: u64,
    finished_at_ms: u64,
}

impl Facts {
    fn new(response: ContainerInspectResponse) -> Self {
        let state = response.state.unwrap_or_default();
        let config = response.config.unwrap_or_default();
        let labels = config.labels.unwrap_or_default();
        let label = |name: &str| labels.get(name).cloned().unwrap_or_default();
        Self {
            id: response.id.unwrap_or_default(),
            launch: label(LABEL_LAUNCH),
            node: label(LABEL_NODE),
            stop_signal: config.stop_signal.filter(|name| !name.is_empty()).unwrap_or_else(|| "SIGTERM".into()),
            status: state.status.unwrap_or(ContainerStateStatusEnum::EMPTY),
            code: state.exit_code.unwrap_or(0),
            error: state.error.unwrap_or_default(),
            out_of_memory: state.oom_killed.unwrap_or(false),
            started_at_ms: time_ms(state.started_at.as_deref()),
            finished_at_ms: time_ms(state.finished_at.as_deref()),
        }
    }

    /// Whether it is the container of a launch of this node.
    pub(super) fn is_of(&self, id: &LaunchId, node: &str) -> bool {
        self.launch == id.as_str() && self.node == node
    }

    pub(super) fn stage(&self) -> Stage {
        use ContainerStateStatusEnum as Status;
        match self.status {
            Status::RUNNING | Status::PAUSED | Status::RESTARTING | Status::STOPPING => Stage::Running,
            // Podman notes a failed start without a start time as exited.
            _ if self.started_at_ms == 0 && (self.code != 0 || !self.error.is_empty()) => Stage::Failed,
            _ if self.started_at_ms == 0 => Stage::New,
            // An exit code counts only with the time of the exit.
            _ if self.finished_at_ms == 0 => Stage::Running,
            _ => Stage::Ended,
        }
    }

    /// The exit, of a container that failed or ended.
    pub(super) fn exit(&self, dir: &LaunchDir) -> Exit {
        if self.stage() == Stage::Failed {
            let missing = ["executable file not found", "no such file or directory", "permission denied"];
            let command_not_found =
                matches!(self.code, 126 | 127) && missing.iter().any(|text| self.error.contains(text));
            let code = command_not_found.then(|| i32::try_from(self.code).unwrap_or(127));
            let message = format!("the container could not be started: {}", self.error);
            return Exit { code, command_not_found, never_started: true, ..Exit::unknown(message) };
        }
        let code = i32::try_from(self.code).unwrap_or(-1);
        let signal = (129..=128 + 64).contains(&code).then_some(code - 128);
        // The guard may have been too late.
        let fenced = code == 137 && dir.file(FENCED_FILE).exists();
        let message = match (fenced, self.out_of_memory, signal) {
            (true, _, _) => "lease ran out".to_owned(),
            (_, true, _) => "out of memory".to_owned(),
            (_, _, Some(signal)) => format!("ended by signal {signal}"),
            _ => self.error.clone(),
        };
        Exit {
            code: Some(code),
            signal,
            out_of_memory: self.out_of_memory && code != 0,
            fenced,
            command_not_found: false,
            never_started: false,
            outputs_fault: String::new(),
            started_at_ms: self.started_at_ms,
            finished_at_ms: self.finished_at_ms,
            message,
        }
    }
}

/// A daemon's time; 0 for "never", which it writes as the year 1.
fn time_ms(text: Option<&str>) -> u64 {
    let time = text.and_then(|text| text.parse::<jiff::Timestamp>().ok());
    time.map_or(0, |time| u64::try_from(time.as_millisecond()).unwrap_or(0))
}

/// The container of a name or id, if there is one.
pub(super) async fn find(docker: &Docker, name: &str) -> Result<Option<Facts>, Error> {
    match docker.inspect_container(name, None::<InspectContainerOptions>).await {
        Ok(response) => Ok(Some(Facts::new(response))),
        Err(DockerError::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
        Err(error) => Err(unavailable(error)),
    }
}

/// Removes a container that does not run. False when it runs.
pub(super) async fn remove(docker: &Docker, id: &str) -> Result<bool, Error> {
    let options = RemoveContainerOptions { v: true, force: false, link: false };
    let Err(error) = docker.remove_container(id, Some(options)).await else { return Ok(true) };
    // Not every daemon answers 409 for one that runs, and another removal may be under way: so ask.
    match find(docker, id).await? {
        None => Ok(true),
        Some(facts) if facts.stage() == Stage::Running => Ok(false),
        Some(_) => Err(unavailable(error)),
    }
}

/// Where a container finds the file for its outputs.
const OUTPUTS: &str = "/run/gofer-outputs";

/// What to make for a launch.
pub(super) fn body(
    spec: &LaunchSpec,
    image: &str,
    node: &str,
    mounts: &[String],
    secrets: Option<&SecretDir>,
) -> ContainerCreateBody {
    let mut mounts = mounts.to_vec();
    let plain = spec.environment.iter().filter(|(name, _)| !spec.secrets.env.contains_key(*name));
    let mut env: Vec<String> = plain.map(|(name, value)| format!("{name}={value}")).collect();
    env.extend(spec.secrets.env.iter().map(|(name, value)| format!("{name}={}", value.as_str())));
    if let Some(secrets) = secrets.filter(|_| !spec.secrets.files.is_empty()) {
        mounts.push(format!("{}:{SECRETS_PATH}:ro", secrets.files().display()));
        env.push(format!("{DIR_VARIABLE}={SECRETS_PATH}"));
    }
    if let Some(outputs) = &spec.outputs {
        mounts.push(format!("{}:{OUTPUTS}", outputs.display()));
        env.push(format!("GOFER_OUTPUTS={OUTPUTS}"));
    }
    let mut labels: std::collections::HashMap<_, _> = spec.labels.clone().into_iter().collect();
    labels.insert(LABEL_LAUNCH.into(), spec.id.to_string());
    labels.insert(LABEL_NODE.into(), node.to_owned());
    let words = |words: &[String]| (!words.is_empty()).then(|| words.to_vec());
    let memory = (spec.memory_bytes > 0).then(|| i64::try_from(spec.memory_bytes).unwrap_or(i64::MAX));
    let log_bytes = spec.log_bytes_max.saturating_mul(4).clamp(DAEMON_LOG_BYTES.0, DAEMON_LOG_BYTES.1);
    let log_options = [("max-size".to_owned(), log_bytes.to_string()), ("max-file".to_owned(), "2".to_owned())];
    ContainerCreateBody {
        image: Some(image.to_owned()),
        entrypoint: words(&spec.entrypoint),
        cmd: words(&spec.command),
        env: Some(env),
        working_dir: spec.working_directory.as_ref().map(|path| path.to_string_lossy().into_owned()),
        labels: Some(labels),
        tty: Some(false),
        host_config: Some(HostConfig {
            auto_remove: Some(false),
            restart_policy: Some(RestartPolicy { name: Some(RestartPolicyNameEnum::NO), maximum_retry_count: None }),
            init: Some(true),
            binds: words(&mounts),
            memory,
            memory_swap: memory,
            nano_cpus: (spec.cpu_millis > 0)
                .then(|| i64::try_from(spec.cpu_millis.saturating_mul(1_000_000)).unwrap_or(i64::MAX)),
            pids_limit: Some(PIDS_MAX),
            security_opt: Some(vec!["no-new-privileges".to_owned()]),
            log_config: Some(HostConfigLogConfig {
                typ: Some("json-file".to_owned()),
                config: Some(log_options.into()),
            }),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}
