//! What can be tuned, and the bounds of it.

use std::time::Duration;

use crate::error::ConfigFault;

/// Settings of one node's consensus. All nodes of a cluster should have the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// How often a leader shows that it lives.
    pub heartbeat: Duration,
    /// Shortest silence of the leader after which a node asks to be elected.
    pub election_min: Duration,
    /// Longest such silence; also the leader's lease.
    pub election_max: Duration,
    /// A snapshot is made every so many log entries.
    pub snapshot_entries: u64,
    /// So many entries that a snapshot covers stay in the log, for nodes that lag a little.
    pub keep_entries: u64,
    /// Most commands in one log entry.
    pub batch_commands: usize,
    /// Most bytes of commands in one log entry; a single larger command is still taken, up to `command_bytes`.
    pub batch_bytes: usize,
    /// Largest single command, in encoded bytes.
    pub command_bytes: usize,
    /// Most log entries proposed and not yet answered.
    pub batches_in_flight: usize,
    /// Most calls of [`propose`](crate::Raft::propose) that wait to get into an entry.
    pub queue: usize,
    /// Most commands of one call of [`propose`](crate::Raft::propose).
    pub commands_per_call: usize,
    /// Most entries in one message to a follower.
    pub append_entries: u64,
    /// Most bytes of entries in one message to a follower; a single larger entry still goes.
    pub append_bytes: usize,
    /// How long one message may take, besides snapshots.
    pub message_timeout: Duration,
    /// How long sending and installing a snapshot may take.
    pub snapshot_timeout: Duration,
    /// How long a change of the membership or the leadership may take.
    pub change_timeout: Duration,
    /// Memory for the newest log entries, so that followers are fed without reading the disk, in bytes.
    pub log_cache_bytes: usize,
    /// Longest write-ahead log of the Raft log's database, in bytes: then what is in memory is flushed. Its room is taken
    /// in advance.
    pub log_wal_bytes: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_millis(100),
            election_min: Duration::from_millis(350),
            election_max: Duration::from_millis(600),
            snapshot_entries: 20_000,
            keep_entries: 5_000,
            batch_commands: 512,
            batch_bytes: 1024 * 1024,
            command_bytes: 2 * 1024 * 1024,
            batches_in_flight: 4,
            queue: 8_192,
            commands_per_call: 4_096,
            append_entries: 64,
            append_bytes: 2 * 1024 * 1024,
            message_timeout: Duration::from_secs(2),
            snapshot_timeout: Duration::from_secs(600),
            change_timeout: Duration::from_secs(60),
            log_cache_bytes: 32 * 1024 * 1024,
            log_wal_bytes: 256 * 1024 * 1024,
        }
    }
}

impl Config {
    /// Checks the settings against each other.
    ///
    /// # Errors
    /// All faults found, each with the setting and what would do.
    pub fn validate(&self) -> Result<(), Vec<ConfigFault>> {
        let mut faults = Vec::new();
        let mut check = |good: bool, setting: &'static str, why: String| {
            if !good {
                faults.push(ConfigFault { setting, why });
            }
        };
        check(self.heartbeat >= Duration::from_millis(10), "heartbeat", at_least("10 ms", self.heartbeat));
        check(
            self.election_min >= self.heartbeat * 3,
            "election_min",
            format!("it is {:?}, use at least three heartbeats ({:?})", self.election_min, self.heartbeat * 3),
        );
        check(
            self.election_max > self.election_min,
            "election_max",
            format!("it is {:?}, use more than election_min ({:?})", self.election_max, self.election_min),
        );
        check(
            self.election_max <= Duration::from_secs(3600),
            "election_max",
            format!("it is {:?}, use at most one hour", self.election_max),
        );
        for (setting, value) in [
            ("snapshot_entries", self.snapshot_entries),
            ("append_entries", self.append_entries),
            ("batch_commands", self.batch_commands as u64),
            ("batch_bytes", self.batch_bytes as u64),
            ("batches_in_flight", self.batches_in_flight as u64),
            ("queue", self.queue as u64),
            ("commands_per_call", self.commands_per_call as u64),
            ("append_bytes", self.append_bytes as u64),
            ("log_wal_bytes", self.log_wal_bytes),
        ] {
            check(value > 0, setting, "it is 0, use at least 1".into());
        }
        check(
            self.command_bytes >= 1024 && self.command_bytes <= 16 * 1024 * 1024,
            "command_bytes",
            format!("it is {}, use 1 KiB to 16 MiB", self.command_bytes),
        );
        for (setting, value) in [
            ("message_timeout", self.message_timeout),
            ("snapshot_timeout", self.snapshot_timeout),
            ("change_timeout", self.change_timeout),
        ] {
            check(value >= Duration::from_millis(50), setting, at_least("50 ms", value));
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

fn at_least(least: &str, is: Duration) -> String {
    format!("it is {is:?}, use at least {least}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid() {
        Config::default().validate().unwrap();
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let config = Config { election_min: Duration::from_millis(100), queue: 0, ..Config::default() };
        let faults = config.validate().unwrap_err();
        assert_eq!(faults.iter().map(|f| f.setting).collect::<Vec<_>>(), ["election_min", "queue"]);
    }
}
