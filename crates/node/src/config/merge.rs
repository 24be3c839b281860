//! Settings over settings, and back from a configuration to settings.

use super::{
    ArchiveSettings, Config, DockerSettings, Drivers, ExecutionSettings, KubernetesSecretsSettings, ObjectSettings,
    OutsideConfig, RaftSettings, SecretFilesSettings, Settings, Start, VaultSettings,
};

/// `strong` where it says something, else `weak`. Lists and maps are taken whole, not mixed.
pub(super) fn merge(strong: &Settings, weak: &Settings) -> Settings {
    let (strong, weak) = (strong.clone(), weak.clone());
    Settings {
        data_dir: strong.data_dir.or(weak.data_dir),
        listen: strong.listen.or(weak.listen),
        advertise: strong.advertise.or(weak.advertise),
        name: strong.name.or(weak.name),
        bootstrap: strong.bootstrap.or(weak.bootstrap),
        join: strong.join.or(weak.join),
        learner: strong.learner.or(weak.learner),
        labels: if strong.labels.is_empty() { weak.labels } else { strong.labels },
        execution: execution(strong.execution, weak.execution),
        docker: DockerSettings {
            socket: strong.docker.socket.or(weak.docker.socket),
            mounts: if strong.docker.mounts.is_empty() { weak.docker.mounts } else { strong.docker.mounts },
        },
        raft: raft(&strong.raft, &weak.raft),
        archive: ArchiveSettings {
            url: strong.archive.url.or(weak.archive.url),
            keep_events: strong.archive.keep_events.or(weak.archive.keep_events),
            segment_events: strong.archive.segment_events.or(weak.archive.segment_events),
            segment_bytes: strong.archive.segment_bytes.or(weak.archive.segment_bytes),
        },
        objects: objects(strong.objects, weak.objects),
        secret_files: strong.secret_files.over(weak.secret_files),
        vault: strong.vault.over(weak.vault),
        kubernetes_secrets: strong.kubernetes_secrets.over(weak.kubernetes_secrets),
        registry: if strong.registry.is_empty() { weak.registry } else { strong.registry },
    }
}

fn execution(strong: ExecutionSettings, weak: ExecutionSettings) -> ExecutionSettings {
    ExecutionSettings {
        drivers: strong.drivers.or(weak.drivers),
        slots: strong.slots.or(weak.slots),
        cpu_millis: strong.cpu_millis.or(weak.cpu_millis),
        memory_bytes: strong.memory_bytes.or(weak.memory_bytes),
        lease_ms: strong.lease_ms.or(weak.lease_ms),
        lease_margin_ms: strong.lease_margin_ms.or(weak.lease_margin_ms),
        stop_grace_ms: strong.stop_grace_ms.or(weak.stop_grace_ms),
        log_bytes_max: strong.log_bytes_max.or(weak.log_bytes_max),
    }
}

fn objects(strong: ObjectSettings, weak: ObjectSettings) -> ObjectSettings {
    ObjectSettings {
        url: strong.url.or(weak.url),
        endpoint: strong.endpoint.or(weak.endpoint),
        region: strong.region.or(weak.region),
        path_style: strong.path_style.or(weak.path_style),
        credentials_file: strong.credentials_file.or(weak.credentials_file),
        ca_file: strong.ca_file.or(weak.ca_file),
        adopt: strong.adopt.or(weak.adopt),
        pipeline_objects: strong.pipeline_objects.or(weak.pipeline_objects),
        pipeline_bytes: strong.pipeline_bytes.or(weak.pipeline_bytes),
        run_objects: strong.run_objects.or(weak.run_objects),
        run_bytes: strong.run_bytes.or(weak.run_bytes),
        runs: strong.runs.or(weak.runs),
        grace_ms: strong.grace_ms.or(weak.grace_ms),
        sweep_every_ms: strong.sweep_every_ms.or(weak.sweep_every_ms),
    }
}

fn raft(strong: &RaftSettings, weak: &RaftSettings) -> RaftSettings {
    RaftSettings {
        heartbeat_ms: strong.heartbeat_ms.or(weak.heartbeat_ms),
        election_min_ms: strong.election_min_ms.or(weak.election_min_ms),
        election_max_ms: strong.election_max_ms.or(weak.election_max_ms),
        snapshot_after: strong.snapshot_after.or(weak.snapshot_after),
        keep_entries: strong.keep_entries.or(weak.keep_entries),
    }
}

/// The settings that lead to this configuration.
pub(super) fn effective(config: &Config) -> Settings {
    let millis = |duration: std::time::Duration| u64::try_from(duration.as_millis()).ok();
    let (join, learner) = match &config.start {
        Start::Join { seeds, learner } => (Some(seeds.clone()), Some(*learner)),
        Start::Bootstrap | Start::Wait => (None, None),
    };
    Settings {
        data_dir: Some(config.data_dir.clone()),
        listen: Some(config.listen.to_string()),
        advertise: Some(config.advertise.clone()),
        name: Some(config.name.clone()),
        bootstrap: Some(config.start == Start::Bootstrap),
        join,
        learner,
        labels: config.labels.clone(),
        execution: ExecutionSettings {
            drivers: match &config.drivers {
                Drivers::Probe => None,
                Drivers::Named(names) => Some(names.clone()),
            },
            slots: Some(config.slots),
            cpu_millis: Some(config.cpu_millis),
            memory_bytes: Some(config.memory_bytes),
            lease_ms: millis(config.lease),
            lease_margin_ms: millis(config.lease_margin),
            stop_grace_ms: millis(config.stop_grace),
            log_bytes_max: Some(config.log_bytes_max),
        },
        docker: DockerSettings { socket: config.docker_socket.clone(), mounts: config.docker_mounts.clone() },
        raft: RaftSettings {
            heartbeat_ms: millis(config.heartbeat),
            election_min_ms: millis(config.election_min),
            election_max_ms: millis(config.election_max),
            snapshot_after: Some(config.snapshot_after),
            keep_entries: Some(config.keep_entries),
        },
        archive: config.archive.as_ref().map_or_else(ArchiveSettings::default, |archive| ArchiveSettings {
            url: Some(archive.url.to_string()),
            keep_events: Some(archive.keep_events),
            segment_events: Some(archive.segment_events),
            segment_bytes: Some(archive.segment_bytes),
        }),
        objects: ObjectSettings {
            pipeline_objects: Some(config.objects.limits.pipeline_objects),
            pipeline_bytes: Some(config.objects.limits.pipeline_bytes),
            run_objects: Some(config.objects.limits.run_objects),
            run_bytes: Some(config.objects.limits.run_bytes),
            runs: Some(config.objects.limits.runs),
            grace_ms: millis(config.objects.grace),
            sweep_every_ms: millis(config.objects.sweep_every),
            ..config.outside.as_ref().map(outside).unwrap_or_default()
        },
        secret_files: config.secrets.files.as_ref().map(SecretFilesSettings::of).unwrap_or_default(),
        vault: config.secrets.vault.as_ref().map(VaultSettings::of).unwrap_or_default(),
        kubernetes_secrets: config.secrets.kubernetes.as_ref().map(KubernetesSecretsSettings::of).unwrap_or_default(),
        registry: config.registries.clone(),
    }
}

fn outside(outside: &OutsideConfig) -> ObjectSettings {
    let bucket = outside.store.bucket.clone();
    ObjectSettings {
        url: Some(outside.store.location.to_string()),
        endpoint: bucket.endpoint,
        region: bucket.region,
        path_style: bucket.path_style,
        credentials_file: bucket.credentials_file,
        ca_file: bucket.ca_file,
        adopt: outside.adopt.map(|cluster| cluster.to_string()),
        ..ObjectSettings::default()
    }
}
