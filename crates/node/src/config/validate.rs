//! From merged settings to a configuration, with every fault named.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use gofer_blobstore::{BucketOptions, Location};
use gofer_domain::ClusterId;

use super::{Config, DEFAULTS, Drivers, ObjectSettings, OutsideConfig, Settings, Start};

/// Shortest grace with a store outside: a put may go on for half of it with what is a quarter of it old, and has half a minute
/// to get into the log; the rest is how much the clocks of nodes and store may differ.
const OUTSIDE_GRACE_MIN: Duration = Duration::from_secs(600);

/// One thing that is wrong, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Key as it stands in the file.
    pub key: &'static str,
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.message)
    }
}

/// Collects faults while values are read.
#[derive(Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn add(&mut self, key: &'static str, message: impl Into<String>) {
        self.0.push(Fault { key, message: message.into() });
    }

    fn millis(&mut self, key: &'static str, value: Option<u64>, default: Duration, range: (u64, u64)) -> Duration {
        let Some(millis) = value else { return default };
        if millis < range.0 || millis > range.1 {
            self.add(key, format!("{millis} is out of range; use {} to {} milliseconds", range.0, range.1));
        }
        Duration::from_millis(millis)
    }
}

pub(super) fn check(settings: &Settings) -> Result<Config, Vec<Fault>> {
    let mut faults = Faults::default();
    let listen = listen(settings, &mut faults);
    let advertise = advertise(settings, listen, &mut faults);
    let config = Config {
        data_dir: settings.data_dir.clone().unwrap_or_else(|| {
            faults.add("data-dir", "not set; pass --data-dir, or set GOFER_DATA_DIR or data-dir in the file");
            PathBuf::new()
        }),
        listen,
        name: name(settings, &advertise, &mut faults),
        advertise,
        start: start(settings, &mut faults),
        labels: settings.labels.clone(),
        drivers: drivers(settings, &mut faults),
        docker_socket: settings.docker.socket.clone(),
        docker_mounts: mounts(settings, &mut faults),
        slots: settings.execution.slots.unwrap_or_else(default_slots),
        cpu_millis: settings.execution.cpu_millis.unwrap_or(0),
        memory_bytes: settings.execution.memory_bytes.unwrap_or(0),
        lease: faults.millis("execution.lease-ms", settings.execution.lease_ms, DEFAULTS.lease, (2_000, 600_000)),
        lease_margin: faults.millis(
            "execution.lease-margin-ms",
            settings.execution.lease_margin_ms,
            DEFAULTS.lease_margin,
            (500, 600_000),
        ),
        stop_grace: faults.millis(
            "execution.stop-grace-ms",
            settings.execution.stop_grace_ms,
            DEFAULTS.stop_grace,
            (0, 3_600_000),
        ),
        log_bytes_max: settings.execution.log_bytes_max.unwrap_or(DEFAULTS.log_bytes_max),
        heartbeat: faults.millis("raft.heartbeat-ms", settings.raft.heartbeat_ms, DEFAULTS.heartbeat, (20, 10_000)),
        election_min: faults.millis(
            "raft.election-min-ms",
            settings.raft.election_min_ms,
            DEFAULTS.election_min,
            (100, 60_000),
        ),
        election_max: faults.millis(
            "raft.election-max-ms",
            settings.raft.election_max_ms,
            DEFAULTS.election_max,
            (100, 60_000),
        ),
        snapshot_after: settings.raft.snapshot_after.unwrap_or(DEFAULTS.snapshot_after),
        keep_entries: settings.raft.keep_entries.unwrap_or(DEFAULTS.keep_entries),
        archive: archive(settings, &mut faults),
        objects: objects(settings, &mut faults),
        outside: outside(&settings.objects, &mut faults),
        secrets: gofer_secret_providers::Configs {
            files: settings.secret_files.check(&mut faults),
            vault: settings.vault.check(&mut faults),
            kubernetes: settings.kubernetes_secrets.check(&mut faults),
        },
        registries: settings.registry.clone(),
    };
    relations(&config, &mut faults);
    if faults.0.is_empty() { Ok(config) } else { Err(faults.0) }
}

/// What must hold between values.
fn relations(config: &Config, faults: &mut Faults) {
    if config.election_min < config.heartbeat * 3 {
        faults.add("raft.election-min-ms", "must be at least three heartbeats, or slow disks cost leaders");
    }
    if config.election_max <= config.election_min {
        faults.add("raft.election-max-ms", "must be greater than raft.election-min-ms");
    }
    if config.snapshot_after == 0 {
        faults.add("raft.snapshot-after", "must be at least 1");
    }
    if config.log_bytes_max < 1024 {
        faults.add("execution.log-bytes-max", "must be at least 1024");
    }
    if config.outside.is_some() && config.objects.grace < OUTSIDE_GRACE_MIN {
        faults.add("objects.grace-ms", "must be at least 600000 with objects.url, as clocks differ and puts take time");
    }
    for registry in &config.registries {
        if registry.host.is_empty() || registry.username.is_empty() || registry.password_file.as_os_str().is_empty() {
            faults.add("registry", "needs all of host, username and password-file");
        }
    }
}

fn listen(settings: &Settings, faults: &mut Faults) -> SocketAddr {
    let text = settings.listen.as_deref().unwrap_or(DEFAULTS.listen);
    text.parse().unwrap_or_else(|_| {
        faults.add("listen", format!("{text:?} is not an address; use IP:PORT, such as {}", DEFAULTS.listen));
        SocketAddr::from(([127, 0, 0, 1], 0))
    })
}

fn advertise(settings: &Settings, listen: SocketAddr, faults: &mut Faults) -> String {
    let Some(text) = settings.advertise.clone() else {
        if listen.ip().is_unspecified() {
            faults.add(
                "advertise",
                format!("needed, as listen ({listen}) names no address others could reach; use HOST:PORT"),
            );
        }
        return listen.to_string();
    };
    let valid = text.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    if !valid || text.len() > 255 {
        faults.add("advertise", format!("{text:?} is not an address; use HOST:PORT"));
    }
    text
}

fn name(settings: &Settings, advertise: &str, faults: &mut Faults) -> String {
    let name = settings.name.clone().unwrap_or_else(|| advertise.replace([':', '.'], "-"));
    if gofer_domain::NamespaceId::new(&name).is_err() && settings.name.is_some() {
        faults.add("name", format!("{name:?}: use 1 to 64 ASCII letters, digits, '_' or '-'"));
    }
    name
}

fn start(settings: &Settings, faults: &mut Faults) -> Start {
    let seeds = settings.join.clone().unwrap_or_default();
    if settings.bootstrap == Some(true) {
        if !seeds.is_empty() {
            faults.add("join", "a node either bootstraps a new cluster or joins one; remove bootstrap or join");
        }
        return Start::Bootstrap;
    }
    if seeds.is_empty() {
        return Start::Wait;
    }
    Start::Join { seeds, learner: settings.learner.unwrap_or(false) }
}

fn drivers(settings: &Settings, faults: &mut Faults) -> Drivers {
    let Some(names) = &settings.execution.drivers else { return Drivers::Probe };
    for name in names {
        if gofer_domain::config::DriverKind::from_name(name).is_none() {
            faults.add("execution.drivers", format!("{name:?} is not a driver; use \"process\" or \"docker\""));
        }
    }
    Drivers::Named(names.clone())
}

fn archive(settings: &Settings, faults: &mut Faults) -> Option<gofer_archive::Config> {
    let archive = &settings.archive;
    let mut number = |key, value: Option<u64>, default, (least, most)| {
        let value = value.unwrap_or(default);
        if !(least..=most).contains(&value) {
            faults.add(key, format!("{value} is out of range; use {least} to {most}"));
        }
        value
    };
    let keep_events =
        number("archive.keep-events", archive.keep_events, DEFAULTS.archive_keep_events, (1_000, 1 << 50));
    let segment_events =
        number("archive.segment-events", archive.segment_events, DEFAULTS.archive_segment_events, (100, 10_000_000));
    let segment_bytes =
        number("archive.segment-bytes", archive.segment_bytes, DEFAULTS.archive_segment_bytes, (64 << 10, 1 << 30));
    match archive.url.as_ref()?.parse() {
        Ok(url) => Some(gofer_archive::Config { url, keep_events, segment_events, segment_bytes }),
        Err(why) => {
            faults.add("archive.url", why);
            None
        }
    }
}

fn objects(settings: &Settings, faults: &mut Faults) -> gofer_gateway::ObjectSettings {
    let (objects, default) = (&settings.objects, gofer_gateway::ObjectSettings::default());
    let mut small = |key, value: Option<u32>, default, most| {
        let value = value.unwrap_or(default);
        if !(1..=most).contains(&value) {
            faults.add(key, format!("{value} is out of range; use 1 to {most}"));
        }
        value
    };
    let limits = gofer_domain::ObjectLimits {
        pipeline_objects: small(
            "objects.pipeline-objects",
            objects.pipeline_objects,
            default.limits.pipeline_objects,
            10_000,
        ),
        run_objects: small("objects.run-objects", objects.run_objects, default.limits.run_objects, 10_000),
        runs: small("objects.runs", objects.runs, default.limits.runs, 10_000),
        pipeline_bytes: objects.pipeline_bytes.unwrap_or(default.limits.pipeline_bytes),
        run_bytes: objects.run_bytes.unwrap_or(default.limits.run_bytes),
    };
    gofer_gateway::ObjectSettings {
        limits,
        grace: faults.millis("objects.grace-ms", objects.grace_ms, default.grace, (2_000, 30 * 24 * 3_600_000)),
        sweep_every: faults.millis(
            "objects.sweep-every-ms",
            objects.sweep_every_ms,
            default.sweep_every,
            (100, 24 * 3_600_000),
        ),
    }
}

fn outside(objects: &ObjectSettings, faults: &mut Faults) -> Option<OutsideConfig> {
    let adopt = objects.adopt.as_ref().and_then(|text| {
        let id = cluster_id(text);
        if id.is_none() {
            faults.add("objects.adopt", format!("{text:?} is no id of a cluster; use the 32 digits that errors name"));
        }
        id
    });
    let bucket = BucketOptions {
        endpoint: objects.endpoint.clone(),
        region: objects.region.clone(),
        path_style: objects.path_style,
        credentials_file: objects.credentials_file.clone(),
        ca_file: objects.ca_file.clone(),
    };
    if let Some(Err(why)) = bucket.endpoint.as_deref().map(BucketOptions::check_endpoint) {
        faults.add("objects.endpoint", why);
    }
    let location = match objects.url.as_ref().map(|url| url.parse::<Location>()) {
        Some(Ok(location)) => Some(location),
        Some(Err(why)) => {
            faults.add("objects.url", why);
            return None;
        }
        None => None,
    };
    if bucket != BucketOptions::default() && !matches!(location, Some(Location::Bucket { .. })) {
        let message = "endpoint, region, path-style, credentials-file and ca-file need objects.url = \"s3://…\"";
        faults.add("objects.url", message);
    }
    let store = gofer_blobstore::Config { location: location?, bucket };
    Some(OutsideConfig { store, adopt })
}

fn cluster_id(text: &str) -> Option<ClusterId> {
    let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| u128::from_str_radix(text, 16).ok()).flatten().map(|id| ClusterId(id.to_be_bytes()))
}

fn mounts(settings: &Settings, faults: &mut Faults) -> Vec<String> {
    for mount in &settings.docker.mounts {
        let parts: Vec<&str> = mount.split(':').collect();
        let valid = matches!(parts.as_slice(), [from, to] | [from, to, "ro" | "rw"] if from.starts_with('/') && to.starts_with('/'));
        if !valid {
            faults.add("docker.mounts", format!("{mount:?}: use /host/path:/container/path, with :ro to protect it"));
        }
    }
    settings.docker.mounts.clone()
}

fn default_slots() -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    u32::try_from(cores).unwrap_or(1).saturating_mul(DEFAULTS.slots_per_core)
}
