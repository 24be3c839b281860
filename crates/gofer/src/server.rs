//! `gofer up`, `gofer server` and `gofer config`: from flags and environment to a running node.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use gofer_node::config::{
    ArchiveSettings, DockerSettings, ExecutionSettings, KubernetesSecretsSettings, ObjectSettings, RaftSettings,
    SecretFilesSettings, Settings, VaultSettings,
};
use gofer_node::{Config, Node};

/// Where the configuration file is looked for when none is named.
const SYSTEM_FILE: &str = "/etc/gofer/gofer.toml";

/// Flags of a node. Each may be set in the environment or in the file instead.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ServerArgs {
    /// Configuration file (TOML) [default: /etc/gofer/gofer.toml if it exists]
    #[arg(long, env = "GOFER_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Directory for all this node keeps
    #[arg(long, env = "GOFER_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Address to serve on [default: 127.0.0.1:7600]
    #[arg(long, env = "GOFER_LISTEN", value_name = "IP:PORT")]
    listen: Option<String>,
    /// Address at which others reach this node [default: the listen address]
    #[arg(long, env = "GOFER_ADVERTISE", value_name = "HOST:PORT")]
    advertise: Option<String>,
    /// Name of this node, unique in the cluster [default: from the advertised address]
    #[arg(long, env = "GOFER_NAME")]
    name: Option<String>,
    /// Make a new cluster of this node if its data directory is empty
    #[arg(long, env = "GOFER_BOOTSTRAP", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    bootstrap: Option<bool>,
    /// Node of a cluster to join if the data directory is empty (repeatable)
    #[arg(long, env = "GOFER_JOIN", value_delimiter = ',', value_name = "HOST:PORT")]
    join: Option<Vec<String>>,
    /// Join as a learner: replicate and execute, don't vote
    #[arg(long, env = "GOFER_LEARNER", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    learner: Option<bool>,
    /// Label that tasks can ask for (repeatable)
    #[arg(long = "label", env = "GOFER_LABELS", value_delimiter = ',', value_name = "NAME=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    /// Drivers to offer [default: process, and docker where a daemon answers]
    #[arg(long, env = "GOFER_DRIVERS", value_delimiter = ',', value_name = "DRIVER")]
    drivers: Option<Vec<String>>,
    /// Most attempts at the same time [default: four a core]
    #[arg(long, env = "GOFER_SLOTS", value_name = "N")]
    slots: Option<u32>,
    /// How long a node may execute without contact to the leader, in milliseconds [default: 6000]
    #[arg(long, env = "GOFER_LEASE_MS", value_name = "MS")]
    lease_ms: Option<u64>,
    /// Docker's socket [default: the first that answers]
    #[arg(long, env = "GOFER_DOCKER_SOCKET", value_name = "PATH")]
    docker_socket: Option<PathBuf>,
    /// Host path mounted in every container of this node, `/host:/container`, with `:ro` to protect it (repeatable)
    #[arg(long = "docker-mount", env = "GOFER_DOCKER_MOUNTS", value_delimiter = ',', value_name = "MOUNT")]
    docker_mounts: Vec<String>,
    /// Log entries between two snapshots [default: 20000]
    #[arg(long, env = "GOFER_SNAPSHOT_AFTER", value_name = "N")]
    snapshot_after: Option<u64>,
    /// Log entries kept behind a snapshot [default: 5000]
    #[arg(long, env = "GOFER_KEEP_ENTRIES", value_name = "N")]
    keep_entries: Option<u64>,
    /// Directory that all nodes share, to which older events are moved: file:///DIRECTORY [default: none, all stay]
    #[arg(long, env = "GOFER_ARCHIVE_URL", value_name = "URL")]
    archive_url: Option<String>,
    /// Newest events that stay on the nodes when older ones are archived [default: 1000000]
    #[arg(long, env = "GOFER_ARCHIVE_KEEP_EVENTS", value_name = "N")]
    archive_keep_events: Option<u64>,
    /// Events of an archived segment [default: 100000]
    #[arg(long, env = "GOFER_ARCHIVE_SEGMENT_EVENTS", value_name = "N")]
    archive_segment_events: Option<u64>,
    /// Bytes of events after which a segment is archived, however few they are [default: 67108864]
    #[arg(long, env = "GOFER_ARCHIVE_SEGMENT_BYTES", value_name = "BYTES")]
    archive_segment_bytes: Option<u64>,
    #[command(flatten)]
    objects: ObjectArgs,
}

/// Where objects are kept.
#[derive(Args, Clone, Debug, Default)]
struct ObjectArgs {
    /// Where objects are kept instead of on the nodes, alike on all of them: file:///DIRECTORY or s3://BUCKET/PREFIX
    #[arg(long = "objects-url", env = "GOFER_OBJECTS_URL", value_name = "URL")]
    url: Option<String>,
    /// Server of the bucket, http(s)://HOST:PORT [default: Amazon's]
    #[arg(long = "objects-endpoint", env = "GOFER_OBJECTS_ENDPOINT", value_name = "URL")]
    endpoint: Option<String>,
    /// Region of the bucket [default: us-east-1]
    #[arg(long = "objects-region", env = "GOFER_OBJECTS_REGION", value_name = "REGION")]
    region: Option<String>,
    /// Whether requests name the bucket in their path instead of the host [default: where an endpoint is set]
    #[arg(long = "objects-path-style", env = "GOFER_OBJECTS_PATH_STYLE", value_name = "BOOL")]
    path_style: Option<bool>,
    /// File with aws_access_key_id and aws_secret_access_key [default: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY]
    #[arg(long = "objects-credentials-file", env = "GOFER_OBJECTS_CREDENTIALS_FILE", value_name = "FILE")]
    credentials_file: Option<PathBuf>,
    /// File with the certificates (PEM) that the bucket's server is checked with [default: the system's]
    #[arg(long = "objects-ca-file", env = "GOFER_OBJECTS_CA_FILE", value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Take over the store of a cluster that is gone, after this one was restored or recovered from it
    #[arg(long = "objects-adopt", env = "GOFER_OBJECTS_ADOPT", value_name = "CLUSTER")]
    adopt: Option<String>,
}

/// `gofer config`.
#[derive(Subcommand, Clone, Debug)]
pub(crate) enum ConfigCommand {
    /// Print the configuration a node would run with, from all sources together, as TOML
    #[command(
        after_help = "Examples:\n  gofer config print\n  gofer config print --config ./gofer.toml --listen 0.0.0.0:7600 --advertise n1:7600"
    )]
    Print(Box<ServerArgs>),
}

impl ServerArgs {
    fn settings(&self) -> Settings {
        let args = self.clone();
        Settings {
            data_dir: args.data_dir,
            listen: args.listen,
            advertise: args.advertise,
            name: args.name,
            bootstrap: args.bootstrap,
            join: args.join,
            learner: args.learner,
            labels: args.labels.into_iter().collect::<BTreeMap<_, _>>(),
            execution: ExecutionSettings {
                drivers: args.drivers,
                slots: args.slots,
                lease_ms: args.lease_ms,
                ..ExecutionSettings::default()
            },
            docker: DockerSettings { socket: args.docker_socket, mounts: args.docker_mounts },
            raft: RaftSettings {
                snapshot_after: args.snapshot_after,
                keep_entries: args.keep_entries,
                ..RaftSettings::default()
            },
            archive: ArchiveSettings {
                url: args.archive_url,
                keep_events: args.archive_keep_events,
                segment_events: args.archive_segment_events,
                segment_bytes: args.archive_segment_bytes,
            },
            objects: ObjectSettings {
                url: args.objects.url,
                endpoint: args.objects.endpoint,
                region: args.objects.region,
                path_style: args.objects.path_style,
                credentials_file: args.objects.credentials_file,
                ca_file: args.objects.ca_file,
                adopt: args.objects.adopt,
                ..ObjectSettings::default()
            },
            secret_files: SecretFilesSettings::default(),
            vault: VaultSettings::default(),
            kubernetes_secrets: KubernetesSecretsSettings::default(),
            registry: Vec::new(),
        }
    }

    /// The file's settings: of the named file, else of the system's if there is one.
    fn file(&self) -> anyhow::Result<Settings> {
        match &self.config {
            Some(path) => Ok(Settings::read(path)?),
            None if std::path::Path::new(SYSTEM_FILE).exists() => Ok(Settings::read(SYSTEM_FILE.as_ref())?),
            None => Ok(Settings::default()),
        }
    }

    fn resolve(&self) -> anyhow::Result<Config> {
        Ok(Config::resolve(&self.settings(), &self.file()?)?)
    }
}

/// Runs a node until it is told to stop.
pub(crate) fn serve(args: &ServerArgs) -> anyhow::Result<()> {
    run(args.resolve()?)
}

/// Runs a cluster of one node in the user's own data directory, without any configuration.
pub(crate) fn up(mut args: ServerArgs) -> anyhow::Result<()> {
    if args.data_dir.is_none() {
        args.data_dir = Some(user_data_dir()?);
    }
    if args.bootstrap.is_none() && args.join.is_none() {
        args.bootstrap = Some(true);
    }
    run(args.resolve()?)
}

/// Prints what a node would run with.
pub(crate) fn config(command: &ConfigCommand) -> anyhow::Result<()> {
    let ConfigCommand::Print(args) = command;
    let mut args = args.as_ref().clone();
    if args.data_dir.is_none() && args.file()?.data_dir.is_none() {
        args.data_dir = Some(user_data_dir()?);
    }
    let text = toml::to_string(&args.resolve()?.effective())?;
    Ok(std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes())?)
}

fn run(config: Config) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(Node::run(config))
}

/// `$XDG_DATA_HOME/gofer`, else `~/.local/share/gofer`.
fn user_data_dir() -> anyhow::Result<PathBuf> {
    let home = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    home("XDG_DATA_HOME")
        .map(|data| data.join("gofer"))
        .or_else(|| home("HOME").map(|home| home.join(".local/share/gofer")))
        .ok_or_else(|| anyhow::anyhow!("neither XDG_DATA_HOME nor HOME is set; pass --data-dir"))
}

fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("use NAME=VALUE".to_owned()),
    }
}
