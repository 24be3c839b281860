//! What an operator sets: flags over environment over file over defaults.
//!
//! Reading flags and environment is the binary's work; here they arrive as [`Settings`], like the file's. No
//! globals, and nothing is read but the file that was named.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

mod merge;
mod outside_secrets;
mod validate;
mod vault;

pub use outside_secrets::{KubernetesSecretsSettings, SecretFilesSettings};
pub use validate::Fault;
pub use vault::VaultSettings;

/// Largest configuration file, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// The defaults, in one place.
pub const DEFAULTS: Defaults = Defaults {
    listen: "127.0.0.1:7600",
    slots_per_core: 4,
    lease: Duration::from_secs(6),
    lease_margin: Duration::from_millis(1_500),
    heartbeat: Duration::from_millis(100),
    election_min: Duration::from_millis(350),
    election_max: Duration::from_millis(600),
    snapshot_after: 20_000,
    keep_entries: 5_000,
    stop_grace: Duration::from_secs(10),
    log_bytes_max: 64 * 1024 * 1024,
    archive_keep_events: 1_000_000,
    archive_segment_events: 100_000,
    archive_segment_bytes: 64 * 1024 * 1024,
};

/// Values that hold where nobody set another.
#[derive(Clone, Copy, Debug)]
pub struct Defaults {
    pub listen: &'static str,
    pub slots_per_core: u32,
    pub lease: Duration,
    pub lease_margin: Duration,
    pub heartbeat: Duration,
    pub election_min: Duration,
    pub election_max: Duration,
    pub snapshot_after: u64,
    pub keep_entries: u64,
    pub stop_grace: Duration,
    pub log_bytes_max: u64,
    pub archive_keep_events: u64,
    pub archive_segment_events: u64,
    pub archive_segment_bytes: u64,
}

/// One source of settings: a file, or flags and environment. Every value is optional.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Settings {
    pub data_dir: Option<PathBuf>,
    /// Address to serve on, `ip:port`.
    pub listen: Option<String>,
    /// Address other nodes and clients reach this node at, `host:port`.
    pub advertise: Option<String>,
    pub name: Option<String>,
    /// Make a new cluster of this node when its data directory is empty.
    pub bootstrap: Option<bool>,
    /// Nodes to join when the data directory is empty.
    pub join: Option<Vec<String>>,
    /// Join as a learner: replicate and execute, don't vote.
    pub learner: Option<bool>,
    pub labels: BTreeMap<String, String>,
    pub execution: ExecutionSettings,
    pub docker: DockerSettings,
    pub raft: RaftSettings,
    pub archive: ArchiveSettings,
    pub objects: ObjectSettings,
    pub secret_files: SecretFilesSettings,
    pub vault: VaultSettings,
    pub kubernetes_secrets: KubernetesSecretsSettings,
    pub registry: Vec<RegistrySettings>,
}

/// What this node executes, and how much of it.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ExecutionSettings {
    /// Drivers to offer; absent: `process`, and `docker` where a daemon answers.
    pub drivers: Option<Vec<String>>,
    /// Most attempts at the same time; 0 keeps attempts away from this node.
    pub slots: Option<u32>,
    /// Thousandths of a core all attempts may ask for together; 0: not counted.
    pub cpu_millis: Option<u64>,
    /// Bytes of memory all attempts may ask for together; 0: not counted.
    pub memory_bytes: Option<u64>,
    pub lease_ms: Option<u64>,
    pub lease_margin_ms: Option<u64>,
    /// Time between the polite and the forced end of an attempt.
    pub stop_grace_ms: Option<u64>,
    /// Most output kept of one attempt.
    pub log_bytes_max: Option<u64>,
}

/// The Docker driver.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct DockerSettings {
    /// Path of the daemon's socket; absent: the first of Docker's and Podman's that answers.
    pub socket: Option<PathBuf>,
    /// Host paths mounted in every container of this node, as `/host/path:/container/path[:ro]`.
    pub mounts: Vec<String>,
}

/// Consensus.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct RaftSettings {
    pub heartbeat_ms: Option<u64>,
    pub election_min_ms: Option<u64>,
    pub election_max_ms: Option<u64>,
    /// Entries between two snapshots.
    pub snapshot_after: Option<u64>,
    /// Entries kept behind a snapshot, for followers that lag a little.
    pub keep_entries: Option<u64>,
}

/// Retention of the event log. Without a URL nothing is archived, and nothing dropped.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ArchiveSettings {
    /// `file:///DIRECTORY`, which all nodes share.
    pub url: Option<String>,
    /// Newest events that stay on the nodes.
    pub keep_events: Option<u64>,
    /// Events of a segment.
    pub segment_events: Option<u64>,
    /// Bytes of events after which a segment is sealed, however few they are.
    pub segment_bytes: Option<u64>,
}

/// Objects of pipelines and runs. Limits hold for what is put through this node; all nodes should have the same, and must
/// have the same store.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ObjectSettings {
    /// Where objects are kept instead of on the nodes: `file:///DIRECTORY` or `s3://BUCKET/PREFIX`.
    pub url: Option<String>,
    /// `http://` or `https://` and the host of an S3-compatible server; absent: Amazon's.
    pub endpoint: Option<String>,
    pub region: Option<String>,
    /// Whether the bucket is in the path of requests instead of the host's name; absent: where an endpoint is set.
    pub path_style: Option<bool>,
    /// File that holds the credentials; absent: those of the environment.
    pub credentials_file: Option<PathBuf>,
    /// File with the certificates that are trusted instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Id of a cluster that is gone, whose store becomes this cluster's.
    pub adopt: Option<String>,
    /// Most objects of a pipeline, besides those of its runs.
    pub pipeline_objects: Option<u32>,
    /// Most bytes of them together.
    pub pipeline_bytes: Option<u64>,
    /// Most objects of a run.
    pub run_objects: Option<u32>,
    /// Most bytes of them together.
    pub run_bytes: Option<u64>,
    /// Most runs of a pipeline that hold objects.
    pub runs: Option<u32>,
    /// How long bytes that no object names stay after they were put last.
    pub grace_ms: Option<u64>,
    /// How often a node looks for what it lacks, and for what nobody needs.
    pub sweep_every_ms: Option<u64>,
}

/// Credentials of an image registry. They stay on this node.
#[derive(Clone, Default, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct RegistrySettings {
    /// Host as it stands in image references, such as `registry.example.com:5000`.
    pub host: String,
    pub username: String,
    /// File that holds the password.
    pub password_file: PathBuf,
}

impl std::fmt::Debug for RegistrySettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegistrySettings").field("host", &self.host).field("username", &self.username).finish()
    }
}

/// The configuration a node runs with.
#[derive(Clone, Debug)]
pub struct Config {
    pub data_dir: PathBuf,
    pub listen: SocketAddr,
    pub advertise: String,
    pub name: String,
    pub start: Start,
    pub labels: BTreeMap<String, String>,
    pub drivers: Drivers,
    pub docker_socket: Option<PathBuf>,
    pub docker_mounts: Vec<String>,
    pub slots: u32,
    pub cpu_millis: u64,
    pub memory_bytes: u64,
    pub lease: Duration,
    pub lease_margin: Duration,
    pub stop_grace: Duration,
    pub log_bytes_max: u64,
    pub heartbeat: Duration,
    pub election_min: Duration,
    pub election_max: Duration,
    pub snapshot_after: u64,
    pub keep_entries: u64,
    pub archive: Option<gofer_archive::Config>,
    pub objects: gofer_gateway::ObjectSettings,
    pub outside: Option<OutsideConfig>,
    pub secrets: gofer_secret_providers::Configs,
    pub registries: Vec<RegistrySettings>,
}

/// Where objects are kept instead of on the nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutsideConfig {
    pub store: gofer_blobstore::Config,
    /// A cluster that is gone, whose store becomes this cluster's.
    pub adopt: Option<gofer_domain::ClusterId>,
}

/// What a node with an empty data directory does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// It makes a cluster of its own.
    Bootstrap,
    /// It asks one of these addresses for admission.
    Join { seeds: Vec<String>, learner: bool },
    /// It waits until somebody adds it.
    Wait,
}

/// Which drivers a node offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drivers {
    /// `process`, and `docker` where a daemon answers.
    Probe,
    Named(Vec<String>),
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("can't read the configuration file {path}: check that it exists and is readable")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("the configuration file {path} has {bytes} bytes, the limit is {FILE_BYTES_MAX}")]
    TooLarge { path: PathBuf, bytes: u64 },
    #[error("the configuration file {path} is not valid:\n{message}")]
    Parse { path: PathBuf, message: String },
    #[error("the configuration is not valid:\n{}", list(.0))]
    Invalid(Vec<Fault>),
}

impl Config {
    /// Merges the sources, strongest first, and checks the result.
    ///
    /// # Errors
    /// Everything that is wrong with the settings, not only the first fault.
    pub fn resolve(flags: &Settings, file: &Settings) -> Result<Self, Error> {
        validate::check(&merge::merge(flags, file)).map_err(Error::Invalid)
    }

    /// The same where it came to listen, which for port 0 is any free one.
    pub(crate) fn listening_at(mut self, address: SocketAddr) -> Self {
        if self.advertise == self.listen.to_string() {
            self.advertise = address.to_string();
        }
        self.listen = address;
        self
    }

    /// The configuration as settings: what `config print` shows.
    #[must_use]
    pub fn effective(&self) -> Settings {
        merge::effective(self)
    }
}

impl Settings {
    /// Reads a TOML file.
    ///
    /// # Errors
    /// When it can't be read, is too large, or has a key or a value that is not known.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Read { path: path.to_owned(), source };
        let bytes = std::fs::metadata(path).map_err(failed)?.len();
        if bytes > FILE_BYTES_MAX {
            return Err(Error::TooLarge { path: path.to_owned(), bytes });
        }
        let text = std::fs::read_to_string(path).map_err(failed)?;
        toml::from_str(&text).map_err(|error| Error::Parse { path: path.to_owned(), message: error.to_string() })
    }
}

fn list(faults: &[Fault]) -> String {
    faults.iter().map(|fault| format!("  {fault}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;
