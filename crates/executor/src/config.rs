//! Settings of the executor.

use std::path::PathBuf;
use std::time::Duration;

use gofer_domain::NodeSpec;

/// Settings of one node's executor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// What this node says of itself when it registers.
    pub spec: NodeSpec,
    /// The lease file: read by shims and by whatever else must stop programs when this process can't.
    pub lease_file: PathBuf,
    /// Between SIGTERM and SIGKILL when somebody ordered the end.
    pub stop_grace: Duration,
    /// How often the lease is renewed.
    pub renew_every: Duration,
    /// How long before the end of the lease attempts are stopped; the last third of it is left for the kill.
    pub stop_before_lease_end: Duration,
    /// Output of one attempt past this many bytes is dropped.
    pub log_bytes_max: u64,
    /// How long sealing and copying a log is tried before the attempt is reported without it.
    pub seal_patience: Duration,
    /// How often launches that the log knows nothing of are looked for.
    pub orphans_every: Duration,
}

impl Config {
    /// The defaults, for a node and its lease file.
    #[must_use]
    pub fn new(spec: NodeSpec, lease_file: PathBuf) -> Self {
        Self {
            spec,
            lease_file,
            stop_grace: Duration::from_secs(10),
            renew_every: Duration::from_secs(1),
            stop_before_lease_end: Duration::from_millis(1500),
            log_bytes_max: 64 << 20,
            seal_patience: Duration::from_secs(300),
            orphans_every: Duration::from_secs(3600),
        }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// All faults found, each with what would do.
    pub fn validate(&self) -> Result<(), Vec<String>> {
        let mut faults = Vec::new();
        if let Err(rejections) = gofer_domain::validate::validate_node_spec(&self.spec) {
            faults.extend(rejections.iter().map(ToString::to_string));
        }
        if self.renew_every < Duration::from_millis(10) {
            faults.push(format!("renew_every is {:?}, use at least 10 ms", self.renew_every));
        }
        if self.stop_before_lease_end < Duration::from_millis(100) {
            let is = self.stop_before_lease_end;
            faults.push(format!("stop_before_lease_end is {is:?}, use at least 100 ms"));
        }
        if self.orphans_every < Duration::from_secs(1) {
            faults.push(format!("orphans_every is {:?}, use at least 1 s", self.orphans_every));
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}
