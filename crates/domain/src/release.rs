//! How a pipeline goes from one version to another: what is live, what is pinned, and the release in progress.
//!
//! Whole numbers only. A share is in basis points (ten thousandths), a duration in milliseconds. What is counted here
//! follows from events alone, so it is the same on every node and after every failover.

mod assign;
mod judge;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub use judge::Judgement;

use crate::config::PipelineConfig;
use crate::ids::{TaskId, Version};
use crate::run::RunStatus;
use crate::time::Timestamp;

/// Basis points of a whole.
pub const WHOLE: u32 = 10_000;
/// Versions of which it is known that another than the one numbered before them was live before.
const EARLIER_MAX: usize = 16;
/// Longest duration of a run that is counted; a longer one counts as this long. So a square fits 64 bits, and sums of
/// squares can't overflow before 2^64 runs.
pub const COUNTED_MILLIS_MAX: u64 = u32::MAX as u64;

/// What decides the version of a run that names none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Releases {
    /// The version in force while no release is in progress, and that a release comes from.
    pub live: Version,
    /// Its configuration. Its overlap policy and parallelism are the pipeline's, whichever versions run.
    pub config: Arc<PipelineConfig>,
    pub pin: Option<Box<Pin>>,
    /// Number of the newest release; 0 before the first.
    pub last: u64,
    pub active: Option<Box<Active>>,
    /// What was live before a version, where it was not the one numbered before it.
    pub earlier: BTreeMap<Version, Version>,
    /// Releases that ended since the last [`State::evict_finished`](crate::State::evict_finished).
    pub ended: Vec<Release>,
}

/// The release in progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Active {
    pub release: Release,
    /// Configuration of the version that it goes to.
    pub config: Arc<PipelineConfig>,
}

/// While there is one, no version becomes live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    pub by: String,
    pub message: String,
    pub at: Timestamp,
}

/// One change from a version to another, or the attempt at it. Releases count from 1 per pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    pub id: u64,
    pub from: Version,
    pub to: Version,
    pub strategy: Strategy,
    pub status: ReleaseStatus,
    /// Of the runs that this release gave a version: those on `from`, and those on `to`.
    pub from_arm: Arm,
    pub to_arm: Arm,
    /// Of blue/green: the version that runs get.
    pub serving: Version,
    /// Of a canary: index of the present step.
    pub step: u32,
    /// The present step gives versions to runs numbered above.
    pub step_after: u64,
    /// How many runs it gave one.
    pub step_given: u64,
    /// Those of them on `to`.
    pub step_arm: Arm,
    pub started_by: String,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// Why it ended, with figures.
    pub reason: String,
}

/// How a release goes about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// At once; such a release is over when it begins.
    Replace(Cause),
    /// Both versions stay ready, and one of them gets all runs.
    BlueGreen,
    /// Few runs first, then more; by itself onwards or back.
    Canary(Box<Canary>),
    /// Both versions get runs until somebody decides; `share` is that of the new one, in basis points.
    AbTest { share: u32 },
}

/// Why a version became live at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    Registered,
    Asked,
    Pinned,
    RolledBack,
}

/// What a canary release goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canary {
    pub steps: Vec<Step>,
    /// Largest share of failed runs of a step, in basis points.
    pub max_failures: Option<u32>,
    /// How much longer runs of the new version may take on average than those of the old one, in basis points of that.
    pub max_slowdown: Option<u32>,
    /// A task of the new version whose failure ends the release.
    pub verdict: Option<TaskId>,
}

/// A step of a canary release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub exposure: Exposure,
    /// Fewest runs of the new version that must have ended before the step is judged.
    pub min_runs: u32,
}

/// How many runs of a step get the new version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// This share, in basis points.
    Share(u32),
    /// The first so many; all others get the old one.
    Runs(u32),
}

/// How a release stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseStatus {
    Running,
    /// `to` became live.
    Promoted,
    /// `from` stayed live.
    RolledBack,
}

/// What became of the runs that a release gave one of its versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arm {
    pub given: u64,
    pub succeeded: u64,
    pub failed: u64,
    /// They tell nothing about the version.
    pub cancelled: u64,
    /// Sum of the durations of succeeded runs from start to end, each at most [`COUNTED_MILLIS_MAX`]; saturates.
    pub millis: u64,
    /// Sum of their squares; saturates.
    pub square_millis: u128,
}

impl Releases {
    /// Those of a new pipeline.
    #[must_use]
    pub fn new(live: Version, config: Arc<PipelineConfig>) -> Self {
        Self { live, config, pin: None, last: 0, active: None, earlier: BTreeMap::new(), ended: Vec::new() }
    }

    /// The version for the next run that names none, and the release that chooses it.
    #[must_use]
    pub fn choose(&self) -> (Version, Option<u64>) {
        match &self.active {
            Some(active) => (active.release.choose(), Some(active.release.id)),
            None => (self.live, None),
        }
    }

    /// Configuration of a version, if it is at hand.
    #[must_use]
    pub fn config_of(&self, version: Version) -> Option<&Arc<PipelineConfig>> {
        if version == self.live {
            return Some(&self.config);
        }
        self.active.as_ref().filter(|active| active.release.to == version).map(|active| &active.config)
    }

    /// The version that was live before the present one.
    #[must_use]
    pub fn previous(&self) -> Option<Version> {
        let before = || self.live.0.checked_sub(1).filter(|version| *version > 0).map(Version);
        self.earlier.get(&self.live).copied().or_else(before)
    }

    /// Makes a version live. One that comes back does not forget what was live before it.
    pub(crate) fn go_live(&mut self, version: Version, config: Arc<PipelineConfig>, comes_back: bool) {
        if !comes_back && version != self.live {
            self.earlier.remove(&version);
            if self.live.0.checked_add(1) != Some(version.0) {
                self.earlier.insert(version, self.live);
            }
            while self.earlier.len() > EARLIER_MAX {
                self.earlier.pop_first();
            }
        }
        (self.live, self.config) = (version, config);
    }
}

impl Release {
    /// A release that begins.
    #[must_use]
    pub fn new(id: u64, from: Version, to: Version, strategy: Strategy, started_by: String, at: Timestamp) -> Self {
        Self {
            id,
            from,
            to,
            strategy,
            status: ReleaseStatus::Running,
            from_arm: Arm::default(),
            to_arm: Arm::default(),
            serving: from,
            step: 0,
            step_after: 0,
            step_given: 0,
            step_arm: Arm::default(),
            started_by,
            started_at: at,
            ended_at: None,
            reason: String::new(),
        }
    }

    /// Begins a step after the run of a number.
    pub(crate) fn begin_step(&mut self, step: u32, after: u64) {
        (self.step, self.step_after, self.step_given, self.step_arm) = (step, after, 0, Arm::default());
    }

    /// Counts a run that got its version from this release.
    pub(crate) fn give(&mut self, version: Version) {
        self.step_given = self.step_given.saturating_add(1);
        if version == self.to {
            self.step_arm.given = self.step_arm.given.saturating_add(1);
            self.to_arm.given = self.to_arm.given.saturating_add(1);
        } else {
            self.from_arm.given = self.from_arm.given.saturating_add(1);
        }
    }

    /// Counts the end of such a run.
    pub(crate) fn finish(&mut self, run: u64, version: Version, status: &RunStatus, lasted: Duration) {
        if version != self.to {
            return self.from_arm.finish(status, lasted);
        }
        self.to_arm.finish(status, lasted);
        if run > self.step_after {
            self.step_arm.finish(status, lasted);
        }
    }

    pub(crate) fn end(&mut self, status: ReleaseStatus, at: Timestamp, reason: &str) {
        (self.status, self.ended_at, self.reason) = (status, Some(at), reason.to_owned());
    }
}

impl Arm {
    /// Runs that tell something about the version.
    #[must_use]
    pub fn sample(&self) -> u64 {
        self.succeeded.saturating_add(self.failed)
    }

    fn finish(&mut self, status: &RunStatus, lasted: Duration) {
        match status {
            RunStatus::Succeeded => {
                let millis = u64::try_from(lasted.as_millis()).unwrap_or(u64::MAX).min(COUNTED_MILLIS_MAX);
                self.succeeded = self.succeeded.saturating_add(1);
                self.millis = self.millis.saturating_add(millis);
                self.square_millis = self.square_millis.saturating_add(u128::from(millis) * u128::from(millis));
            }
            RunStatus::Failed { .. } => self.failed = self.failed.saturating_add(1),
            RunStatus::Cancelled { .. } => self.cancelled = self.cancelled.saturating_add(1),
            RunStatus::Queued | RunStatus::Running => {}
        }
    }
}

/// Basis points as people read them: `12.5%`.
#[must_use]
pub fn percent(points: u64) -> String {
    let (whole, rest) = (points / 100, points % 100);
    match (rest, rest % 10) {
        (0, _) => format!("{whole}%"),
        (_, 0) => format!("{whole}.{}%", rest / 10),
        _ => format!("{whole}.{rest:02}%"),
    }
}
