//! The contract between the executor and whatever runs programs.
//!
//! At most one launch per id, for ever, until the id is removed: across a SIGKILL of the node at any instruction and
//! with launchers that race. Whoever is unsure asks [`Driver::inspect`]; a time-out never means "not started".

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use futures::Stream;
use serde::{Deserialize, Serialize};

use crate::launch_id::LaunchId;
use crate::logfile::Record;
use crate::secrets::Secrets;

/// Launches programs, each at most once, and tells how they fare. All calls may be repeated and run at the same time.
#[async_trait]
pub trait Driver: Send + Sync + fmt::Debug {
    /// Name in configuration and on the wire: `process` or `docker`.
    fn kind(&self) -> &'static str;

    /// Launches the program unless that was done before under this id.
    ///
    /// Returns once the program runs, or ran. Dropping the future leaves the launch undecided: ask again.
    ///
    /// # Errors
    /// See [`LaunchError`]. After a final one ([`LaunchError::is_final`]) nothing ran and nothing runs under this id. A
    /// backend that finds out only later that the program can't be executed answers `Started`, and then an exit with
    /// [`Exit::command_not_found`].
    async fn launch(&self, spec: &LaunchSpec) -> Result<Launched, LaunchError>;

    /// How the launch stands.
    ///
    /// # Errors
    /// When the backend or the disk can't be asked.
    async fn inspect(&self, id: &LaunchId) -> Result<State, Error>;

    /// Waits for the end. The output is then complete.
    ///
    /// # Errors
    /// [`Error::NotLaunched`] when nothing was launched under this id; else when the backend can't be asked.
    async fn wait(&self, id: &LaunchId) -> Result<Exit, Error>;

    /// The output from `from` on: 0, or the `next` of an item. With `follow` the stream ends when the program has
    /// ended and all output was yielded; without, at the present end.
    ///
    /// # Errors
    /// [`Error::NotLaunched`] when there is no such launch.
    async fn logs(&self, id: &LaunchId, from: u64, follow: bool) -> Result<LogStream, Error>;

    /// Ends the program: SIGTERM, then SIGKILL after `grace`. Returns when nothing runs any more. An id that was never
    /// launched can't be launched afterwards: [`Driver::launch`] answers [`LaunchError::Fenced`].
    ///
    /// # Errors
    /// When the backend or the disk can't be asked; the order may stand nevertheless.
    async fn stop(&self, id: &LaunchId, grace: Duration) -> Result<(), Error>;

    /// Forgets a launch that does not run: its output, exit and tombstone. Its id counts as new afterwards. Removing
    /// what does not exist succeeds.
    ///
    /// # Errors
    /// [`Error::StillRunning`]; else when the backend or the disk can't be asked.
    async fn remove(&self, id: &LaunchId) -> Result<(), Error>;

    /// All ids this driver knows on this node, tombstones included, in order.
    ///
    /// # Errors
    /// When the backend or the disk can't be asked.
    async fn list(&self) -> Result<Vec<LaunchId>, Error>;

    /// The framed log file of a launch ([`crate::logfile`]), to be sealed after [`Driver::wait`] answered.
    fn log_path(&self, id: &LaunchId) -> PathBuf;
}

/// What to launch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchSpec {
    pub id: LaunchId,
    /// For people and tools that look at the backend.
    pub labels: BTreeMap<String, String>,
    /// Needed by `docker`, ignored by `process`.
    pub image: Option<String>,
    pub pull: Pull,
    /// Never written to disk.
    #[serde(skip)]
    pub registry_auth: Option<RegistryAuth>,
    /// Replaces the image's entrypoint when not empty.
    pub entrypoint: Vec<String>,
    /// Arguments of the entrypoint; with `process`, entrypoint and command together are the program.
    pub command: Vec<String>,
    pub environment: BTreeMap<String, String>,
    /// Never written to a disk by the driver. A launch that is adopted does not need them again.
    #[serde(skip)]
    pub secrets: Secrets,
    /// Absolute path.
    pub working_directory: Option<PathBuf>,
    /// Thousandths of a core; 0: no limit.
    pub cpu_millis: u64,
    /// 0: no limit.
    pub memory_bytes: u64,
    /// Output past this many bytes is dropped, with a notice in the log.
    pub log_bytes_max: u64,
    /// The node's lease ([`crate::lease`]): when it runs out, the program is killed, with or without a node.
    pub lease_file: Option<PathBuf>,
    /// A file on this machine that the program may append to. It finds it under the name in `GOFER_OUTPUTS`.
    #[serde(default)]
    pub outputs: Option<PathBuf>,
}

impl LaunchSpec {
    /// A spec that says only what to run, with 64 MiB of output allowed.
    #[must_use]
    pub fn new(id: LaunchId) -> Self {
        Self {
            id,
            labels: BTreeMap::new(),
            image: None,
            pull: Pull::IfNotPresent,
            registry_auth: None,
            entrypoint: Vec::new(),
            command: Vec::new(),
            environment: BTreeMap::new(),
            secrets: Secrets::default(),
            working_directory: None,
            cpu_millis: 0,
            memory_bytes: 0,
            log_bytes_max: 64 << 20,
            lease_file: None,
            outputs: None,
        }
    }

    /// Checks what every driver needs.
    pub(crate) fn check(&self) -> Result<(), LaunchError> {
        let invalid = |message: String| Err(LaunchError::Invalid { message });
        if let Some(name) = self.environment.keys().find(|name| name.is_empty() || name.contains(['=', '\0'])) {
            return invalid(format!("environment variable {name:?}: a name is not empty and has neither '=' nor NUL"));
        }
        if let Some((name, _)) = self.environment.iter().find(|(_, value)| value.contains('\0')) {
            return invalid(format!("environment variable {name}: its value contains a NUL byte; remove it"));
        }
        if let Some((name, _)) = self.secrets.env.iter().find(|(_, value)| value.contains('\0')) {
            return invalid(format!("the secret for variable {name} contains a NUL byte; use a file for it"));
        }
        if let Some(name) = self.secrets.files.keys().find(|name| name.is_empty() || name.contains('/')) {
            return invalid(format!("the secret file {name:?} is not named plainly"));
        }
        if self.entrypoint.iter().chain(&self.command).any(|word| word.contains('\0')) {
            return invalid("entrypoint or command contains a NUL byte; remove it".into());
        }
        match &self.working_directory {
            Some(path) if !path.is_absolute() => {
                invalid(format!("working directory {} is relative; give an absolute path", path.display()))
            }
            _ => Ok(()),
        }
    }
}

/// When an image is fetched from its registry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pull {
    #[default]
    IfNotPresent,
    Always,
    Never,
}

/// Login at an image's registry.
#[derive(Clone, PartialEq, Eq)]
pub struct RegistryAuth {
    pub username: String,
    pub password: String,
}

impl fmt::Debug for RegistryAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistryAuth").field("username", &self.username).field("password", &"<redacted>").finish()
    }
}

/// What a launch did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Launched {
    /// This call started it.
    Started,
    /// An earlier call did; it may run or have ended.
    Adopted,
}

/// How a launch stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing was started under this id so far.
    Absent,
    /// It is being prepared; the program was not started so far.
    Created,
    Running,
    Exited(Exit),
    /// It was stopped before it was ever started: nothing ran and nothing will.
    Fenced,
}

/// How a program ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// The exit code; 128 + n when signal n ended it. None: nobody can tell, `message` says why.
    pub code: Option<i32>,
    /// The signal that ended it. With `docker` it is inferred from codes over 128.
    pub signal: Option<i32>,
    /// The memory limit killed it.
    pub out_of_memory: bool,
    /// The lease ran out, so it was killed.
    pub fenced: bool,
    /// The program could not be found or executed, so nothing ran.
    pub command_not_found: bool,
    /// Nothing ran, and nothing will; `message` says why.
    pub never_started: bool,
    /// Why its outputs must not be used, for people: they hold a secret, or may hold one. Empty: they may be used.
    #[serde(default)]
    pub outputs_fault: String,
    /// Unix time; 0: unknown.
    pub started_at_ms: u64,
    /// Unix time; 0: unknown.
    pub finished_at_ms: u64,
    /// For people; empty when there is nothing to say.
    pub message: String,
}

impl Exit {
    /// Nobody can tell how it ended.
    #[must_use]
    pub fn unknown(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    /// What a launch of a program with this exit answers.
    pub(crate) fn launch_error(&self, program: &str) -> Option<LaunchError> {
        let message = self.message.clone();
        if self.command_not_found {
            return Some(LaunchError::CommandNotFound { program: program.to_owned(), message });
        }
        self.never_started.then_some(LaunchError::Invalid { message })
    }

    /// Whether it ended with code 0.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.code == Some(0)
    }
}

/// Why a launch did not happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LaunchError {
    #[error("image {image:?} can't be had: {message}")]
    ImagePull { image: String, message: String },
    #[error("program {program:?} can't be executed: {message}")]
    CommandNotFound { program: String, message: String },
    #[error("launch refused: {message}")]
    Invalid { message: String },
    /// A secret that it asks for is not there, or not fit for its use.
    #[error("{message}")]
    Secret { message: String },
    /// The backend can't be asked, or did not answer: it may have started or not. Launch again with the same id.
    #[error("launch undecided: {message}")]
    Unavailable { message: String },
    #[error("it was stopped before it was launched, so it must not be launched any more")]
    Fenced,
}

impl LaunchError {
    /// Whether another call would answer the same. If not, repeat the launch.
    #[must_use]
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Unavailable { .. })
    }
}

/// Why a driver can't answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("nothing was launched as {0}")]
    NotLaunched(LaunchId),
    #[error("{0} still runs; stop it first")]
    StillRunning(LaunchId),
    /// Worth another try.
    #[error("{what}: {message}")]
    Unavailable { what: &'static str, message: String },
    /// A file does not have the form this version writes.
    #[error("{} can't be understood: {message}", path.display())]
    Corrupt { path: PathBuf, message: String },
    #[error("{what} {}", path.display())]
    Io { what: &'static str, path: PathBuf, source: std::io::Error },
}

impl Error {
    pub(crate) fn io(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { what, path: path.to_owned(), source }
    }
}

impl From<Error> for LaunchError {
    fn from(error: Error) -> Self {
        let message = match std::error::Error::source(&error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        Self::Unavailable { message }
    }
}

/// One record of the output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogItem {
    pub record: Record,
    /// Where the next record begins; give it as `from` to resume.
    pub next: u64,
}

/// Output as it comes.
pub type LogStream = Pin<Box<dyn Stream<Item = Result<LogItem, Error>> + Send>>;
