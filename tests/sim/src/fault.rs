//! The kinds of faults, and the settings of one run of the simulation.

use std::collections::BTreeSet;

use gofer_rng::Rng;

/// What can go wrong. Messages are reordered by [`Fault::Delay`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    Drop,
    Delay,
    Duplicate,
    Partition,
    Pause,
    Crash,
    Power,
    Disk,
    Clock,
    Members,
    Snapshot,
    Transfer,
}

impl Fault {
    pub(crate) const ALL: [Self; 12] = [
        Self::Drop,
        Self::Delay,
        Self::Duplicate,
        Self::Partition,
        Self::Pause,
        Self::Crash,
        Self::Power,
        Self::Disk,
        Self::Clock,
        Self::Members,
        Self::Snapshot,
        Self::Transfer,
    ];

    /// Its name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Delay => "delay",
            Self::Duplicate => "duplicate",
            Self::Partition => "partition",
            Self::Pause => "pause",
            Self::Crash => "crash",
            Self::Power => "power",
            Self::Disk => "disk",
            Self::Clock => "clock",
            Self::Members => "members",
            Self::Snapshot => "snapshot",
            Self::Transfer => "transfer",
        }
    }

    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.name() == name)
    }
}

/// A set of faults as it stands on the command line.
pub(crate) fn names(faults: &BTreeSet<Fault>) -> String {
    match faults.is_empty() {
        true => "none".to_owned(),
        false => faults.iter().map(|fault| fault.name()).collect::<Vec<_>>().join(","),
    }
}

/// Reads such a set.
pub(crate) fn parse(text: &str) -> Result<BTreeSet<Fault>, String> {
    match text {
        "all" => Ok(Fault::ALL.into()),
        "none" => Ok(BTreeSet::new()),
        _ => text
            .split(',')
            .map(|name| {
                Fault::of(name).ok_or_else(|| format!("{name:?} is no fault; known are {}", names(&Fault::ALL.into())))
            })
            .collect(),
    }
}

/// What a run of the simulation is like.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) seed: u64,
    pub(crate) faults: BTreeSet<Fault>,
    pub(crate) voters: u64,
    pub(crate) learners: u64,
    pub(crate) clients: u64,
    /// How long things go wrong.
    pub(crate) trouble_ms: u64,
    /// Whether the event log is archived, and trimmed.
    pub(crate) archive: bool,
    /// Whether the nodes begin with the logic version before this one, and are upgraded one after the other.
    pub(crate) rolling: bool,
    /// Whether clients release versions. They go by gateways, which ask for no releases before all nodes know them.
    pub(crate) releases: bool,
    /// Whether clients set and delete secrets, and rotate the cluster key.
    pub(crate) secrets: bool,
    /// Whether pipelines get schedules, and runs priorities.
    pub(crate) schedules: bool,
    /// Whether pipelines get subscriptions, plug-ins tell of events, and schedules are backfilled.
    pub(crate) events: bool,
}

impl Settings {
    /// The settings that follow from a seed, unless told otherwise. Most seeds have some kinds of faults only: a
    /// mixture of all of them hides what takes a long quiet time, or many faults of one kind.
    pub(crate) fn of(seed: u64, faults: Option<BTreeSet<Fault>>, trouble_ms: Option<u64>) -> Self {
        let mut rng = Rng::new(seed ^ 0x5e77_1465);
        let some = match rng.chance(150) {
            true => Fault::ALL.into(),
            false => {
                let share = rng.range(150, 800);
                rng.some(&Fault::ALL, share).into_iter().collect()
            }
        };
        let voters = if rng.chance(700) { 3 } else { 5 };
        let trouble = rng.range(12, 40) * 1000;
        let rolling = Rng::new(seed ^ 0x5011_1465).chance(400);
        Self {
            seed,
            faults: faults.unwrap_or(some),
            voters,
            learners: rng.range(0, 1),
            clients: rng.range(3, 8),
            trouble_ms: trouble_ms.unwrap_or(trouble),
            // From chance of its own, so that the seeds of before are the runs that they were.
            archive: Rng::new(seed ^ 0xa4c4_17e5).chance(400),
            rolling,
            releases: !rolling && Rng::new(seed ^ 0x7e1e_a5e6).chance(500),
            secrets: Rng::new(seed ^ 0x5ec2_e75e).chance(400),
            schedules: Rng::new(seed ^ 0x5c4e_d0c5).chance(400),
            events: Rng::new(seed ^ 0xe7e2_70c5).chance(400),
        }
    }

    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }
}
