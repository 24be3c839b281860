//! Who holds a lease of this leader, and whose has run out: arithmetic on monotonic times, without clocks or locks.
//!
//! A lease ends at latest `duration` after it was granted, and at latest `duration` after a majority last acknowledged
//! the leader that granted it. Hence whoever is elected after that acknowledgement, and whoever granted it, may take
//! the node for lost once `duration` has passed since; `margin` covers clocks that run at different speeds.

use std::collections::BTreeMap;
use std::time::Duration;

use gofer_domain::NodeId;
use tokio::time::Instant;

/// How long leases last. All nodes of a cluster must have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseConfig {
    /// Longest lease.
    pub duration: Duration,
    /// How much longer than `duration` the leader waits before it takes a silent node for lost.
    pub margin: Duration,
    /// How often nodes renew; for the nodes.
    pub renew_every: Duration,
}

impl Default for LeaseConfig {
    fn default() -> Self {
        Self {
            duration: Duration::from_secs(6),
            margin: Duration::from_millis(1500),
            renew_every: Duration::from_secs(1),
        }
    }
}

impl LeaseConfig {
    /// Checks the durations against each other.
    ///
    /// # Errors
    /// All faults found, each with what would do.
    pub fn validate(&self) -> Result<(), Vec<String>> {
        let mut faults = Vec::new();
        if self.renew_every < Duration::from_millis(10) {
            faults.push(format!("lease.renew_every is {:?}, use at least 10 ms", self.renew_every));
        }
        if self.duration < self.renew_every * 3 {
            let least = self.renew_every * 3;
            faults.push(format!(
                "lease.duration is {:?}, use at least three times renew_every ({least:?})",
                self.duration
            ));
        }
        if self.margin < self.duration / 20 {
            let least = self.duration / 20;
            faults.push(format!("lease.margin is {:?}, use at least a twentieth of duration ({least:?})", self.margin));
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// The leases of one term.
#[derive(Debug)]
pub(crate) struct LeaseTable {
    term: u64,
    since: Instant,
    nodes: BTreeMap<NodeId, Entry>,
}

#[derive(Debug)]
struct Entry {
    incarnation: u64,
    /// The latest time a lease may have begun, as far as this leader knows.
    granted: Instant,
    /// When the lease ends; none before the first grant.
    until: Option<Instant>,
    /// Its loss is being declared.
    lost: bool,
}

/// How a node's lease stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is held.
    Live,
    /// Nothing was granted so far in this term, and it is not late.
    Unknown,
    /// It has ended, and the node was not declared lost so far.
    RunOut,
}

impl LeaseTable {
    pub(crate) fn new(term: u64, since: Instant) -> Self {
        Self { term, since, nodes: BTreeMap::new() }
    }

    pub(crate) fn term(&self) -> u64 {
        self.term
    }

    /// Grants a lease to a ready node, which is measured from when the node asked. None: no lease, ask again.
    /// `quorum_ack` is the time since a majority last acknowledged this leader.
    pub(crate) fn grant(
        &mut self,
        now: Instant,
        quorum_ack: Duration,
        node: NodeId,
        incarnation: u64,
        config: &LeaseConfig,
    ) -> Option<Duration> {
        let duration = config.duration.checked_sub(quorum_ack).filter(|duration| *duration >= config.duration / 4)?;
        let entry = self.entry(now, node, incarnation)?;
        if entry.lost {
            return None;
        }
        entry.granted = now;
        entry.until = Some(now + duration);
        Some(duration)
    }

    /// The ready nodes whose lease and margin have passed; they get no lease any more in this term. Repeats those
    /// told before that are still ready.
    pub(crate) fn run_out(
        &mut self,
        now: Instant,
        ready: &BTreeMap<NodeId, u64>,
        config: &LeaseConfig,
    ) -> Vec<(NodeId, u64)> {
        self.nodes.retain(|node, _| ready.contains_key(node));
        let mut lost = Vec::new();
        for (node, incarnation) in ready {
            let Some(entry) = self.entry(now, *node, *incarnation) else { continue };
            #[cfg(feature = "planted")]
            if gofer_store::planted::is(gofer_store::planted::Bug::LostTooEarly) {
                entry.lost |= now > entry.granted + config.duration / 3;
            }
            entry.lost |= now > entry.granted + config.duration + config.margin;
            if entry.lost {
                lost.push((*node, *incarnation));
            }
        }
        lost
    }

    /// When [`LeaseTable::run_out`] has news at the earliest, and when a lease ends.
    pub(crate) fn next(&self, now: Instant, config: &LeaseConfig) -> Option<Instant> {
        let ends = self.nodes.values().filter(|entry| !entry.lost).map(|entry| {
            let loss = entry.granted + config.duration + config.margin + Duration::from_millis(1);
            #[cfg(feature = "planted")]
            let loss = match gofer_store::planted::is(gofer_store::planted::Bug::LostTooEarly) {
                true => entry.granted + config.duration / 3 + Duration::from_millis(1),
                false => loss,
            };
            entry.until.filter(|until| *until > now).map_or(loss, |until| until.min(loss))
        });
        ends.min()
    }

    /// How a node's lease stands.
    pub(crate) fn standing(&self, now: Instant, node: NodeId, config: &LeaseConfig) -> Standing {
        match self.nodes.get(&node) {
            Some(entry) if entry.lost => Standing::RunOut,
            Some(Entry { until: Some(until), .. }) if *until > now => Standing::Live,
            Some(Entry { until: None, granted, .. }) if *granted + config.duration > now => Standing::Unknown,
            Some(_) => Standing::RunOut,
            None => Standing::Unknown,
        }
    }

    /// How much is left of a node's lease, as far as this leader granted it.
    pub(crate) fn left(&self, now: Instant, node: NodeId) -> Duration {
        let until = self.nodes.get(&node).and_then(|entry| entry.until);
        until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    /// The entry of an incarnation; none when a newer one is known. A new incarnation may hold what the one before it
    /// was granted, here or by the leader before, which is why it counts as granted to right now.
    fn entry(&mut self, now: Instant, node: NodeId, incarnation: u64) -> Option<&mut Entry> {
        let granted = now.max(self.since);
        let entry = self.nodes.entry(node).or_insert(Entry { incarnation, granted, until: None, lost: false });
        if incarnation > entry.incarnation {
            *entry = Entry { incarnation, granted, until: None, lost: false };
        }
        (entry.incarnation == incarnation).then_some(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: LeaseConfig = LeaseConfig {
        duration: Duration::from_secs(6),
        margin: Duration::from_millis(1500),
        renew_every: Duration::from_secs(1),
    };
    const NODE: NodeId = NodeId(1);

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    fn ready(incarnation: u64) -> BTreeMap<NodeId, u64> {
        BTreeMap::from([(NODE, incarnation)])
    }

    #[test]
    fn a_lease_is_as_much_shorter_as_the_majority_is_silent() {
        let start = Instant::now();
        let mut table = LeaseTable::new(1, start);
        assert_eq!(table.grant(start, seconds(0.2), NODE, 1, &CONFIG), Some(seconds(5.8)));
        assert_eq!(table.grant(start, seconds(5.0), NODE, 1, &CONFIG), None, "too little would be left");
        assert_eq!(table.grant(start, seconds(60.0), NODE, 1, &CONFIG), None);
    }

    #[test]
    fn a_silent_node_is_lost_after_duration_and_margin_and_not_before() {
        let start = Instant::now();
        let mut table = LeaseTable::new(1, start);
        assert_eq!(table.run_out(start, &ready(1), &CONFIG), []);
        assert_eq!(table.run_out(start + seconds(7.5), &ready(1), &CONFIG), [], "it may hold an older leader's lease");
        let granted = start + seconds(7.0);
        assert!(table.grant(granted, seconds(0.0), NODE, 1, &CONFIG).is_some());
        assert_eq!(table.standing(granted + seconds(5.9), NODE, &CONFIG), Standing::Live);
        assert_eq!(table.left(granted + seconds(2.0), NODE), seconds(4.0));
        assert_eq!(table.standing(granted + seconds(6.1), NODE, &CONFIG), Standing::RunOut);
        assert_eq!(table.left(granted + seconds(6.1), NODE), Duration::ZERO);
        assert_eq!(table.run_out(granted + seconds(7.5), &ready(1), &CONFIG), []);
        assert_eq!(table.run_out(granted + seconds(7.6), &ready(1), &CONFIG), [(NODE, 1)]);
        assert_eq!(table.grant(granted + seconds(7.6), seconds(0.0), NODE, 1, &CONFIG), None, "its loss is declared");
        assert!(table.grant(granted + seconds(7.7), seconds(0.0), NODE, 2, &CONFIG).is_some(), "it came back");
        assert_eq!(table.run_out(granted + seconds(8.0), &ready(2), &CONFIG), []);
    }

    #[test]
    fn an_old_incarnation_gets_nothing() {
        let start = Instant::now();
        let mut table = LeaseTable::new(1, start);
        assert!(table.grant(start, seconds(0.0), NODE, 2, &CONFIG).is_some());
        assert_eq!(table.grant(start, seconds(0.0), NODE, 1, &CONFIG), None);
    }

    #[test]
    fn a_node_that_joins_late_has_its_full_time() {
        let start = Instant::now();
        let mut table = LeaseTable::new(1, start);
        let joined = start + seconds(100.0);
        assert_eq!(table.run_out(joined, &ready(1), &CONFIG), []);
        assert_eq!(table.standing(joined, NODE, &CONFIG), Standing::Unknown);
        assert_eq!(table.next(joined, &CONFIG), Some(joined + seconds(7.501)));
        assert_eq!(table.run_out(joined + seconds(7.6), &ready(1), &CONFIG), [(NODE, 1)]);
    }

    #[test]
    fn bad_settings_are_told() {
        CONFIG.validate().unwrap();
        let bad = LeaseConfig { duration: seconds(1.0), margin: seconds(0.0), ..CONFIG };
        assert_eq!(bad.validate().unwrap_err().len(), 2);
    }
}
