//! Policies as arithmetic: when a failed task is tried again, whether a new run may start, whether a node may take an
//! attempt. Whole numbers only, so that every node computes the same.
//!
//! This module must not know of events; [`decide`](crate::decide) turns its verdicts into those.

use std::time::Duration;

use crate::config::{DriverKind, Overlap, PipelineConfig, Resources, RetryPolicy, TaskConfig};
use crate::limits::{LOST_ATTEMPTS_MAX, QUEUE_MAX};
use crate::node::{Node, NodeStatus};
use crate::rejection::{Reason, Rejection};
use crate::run::AttemptOutcome;
use crate::state::{Pipeline, State};
use crate::time::Timestamp;

/// When the next attempt may be placed after the newest of `outcomes` at `time`; none when there is no further one.
///
/// - Success and cancellation end a task.
/// - A failed attempt, and one whose outcome is unknown, use up one of [`RetryPolicy::attempts`]; the next waits for
///   the backoff.
/// - A lost attempt uses up none. With [`RetryPolicy::retry_lost`] the next one follows at once, until
///   [`LOST_ATTEMPTS_MAX`] attempts of the task were lost.
pub fn retry<'a>(
    policy: &RetryPolicy,
    outcomes: impl Iterator<Item = &'a AttemptOutcome>,
    time: Timestamp,
) -> Option<Timestamp> {
    let (mut tries, mut lost, mut newest) = (0_u32, 0_u32, None);
    for outcome in outcomes {
        match outcome {
            AttemptOutcome::Lost { .. } => lost += 1,
            AttemptOutcome::Succeeded
            | AttemptOutcome::Failed { .. }
            | AttemptOutcome::Cancelled { .. }
            | AttemptOutcome::Unknown { .. } => tries += 1,
        }
        newest = Some(outcome);
    }
    match newest? {
        AttemptOutcome::Succeeded | AttemptOutcome::Cancelled { .. } => None,
        AttemptOutcome::Failed { .. } | AttemptOutcome::Unknown { .. } => {
            (tries < policy.attempts).then(|| time.after(backoff(policy, tries)))
        }
        AttemptOutcome::Lost { .. } => (policy.retry_lost && lost < LOST_ATTEMPTS_MAX).then_some(time),
    }
}

/// Delay after the `tries`-th failed attempt: `backoff * multiplier^(tries-1)`, at most `backoff_max`.
///
/// Each step rounds down to a whole millisecond.
#[must_use]
pub fn backoff(policy: &RetryPolicy, tries: u32) -> Duration {
    let most = policy.backoff_max.as_millis();
    let mut delay = policy.backoff.as_millis();
    for _ in 1..tries {
        if delay >= most {
            break;
        }
        delay = delay.saturating_mul(u128::from(policy.multiplier_percent)) / 100;
    }
    Duration::from_millis(u64::try_from(delay.min(most)).unwrap_or(u64::MAX))
}

/// Most runs of a pipeline at the same time.
#[must_use]
pub fn run_limit(config: &PipelineConfig) -> usize {
    match (config.overlap, config.parallelism) {
        (Overlap::Allow, 0) => usize::MAX,
        (Overlap::Forbid | Overlap::Queue(_) | Overlap::Replace, 0) => 1,
        (_, limit) => usize::try_from(limit).unwrap_or(usize::MAX),
    }
}

/// What a new run does first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    Start,
    Wait,
    /// It waits until the oldest running run, which is to be stopped, has ended; nobody else waits any more.
    Replace,
}

/// Whether and how a pipeline takes another run. The live version's policy holds, whichever version the run is of.
///
/// # Errors
/// `OverlapForbidden` when the policy refuses it, `ResourceExhausted` when the queue is full.
pub fn admit(pipeline: &Pipeline) -> Result<Admission, Rejection> {
    let (running, waiting) = (pipeline.running.len(), pipeline.queue.len());
    if running < run_limit(&pipeline.releases.config) && waiting == 0 {
        return Ok(Admission::Start);
    }
    let refuse = |message: String| {
        Rejection::new(Reason::OverlapForbidden, message)
            .help("wait until a run has ended, cancel one, or register the pipeline with another overlap policy")
    };
    let key = &pipeline.key;
    match pipeline.releases.config.overlap {
        Overlap::Allow if fewer(waiting, QUEUE_MAX) => Ok(Admission::Wait),
        Overlap::Allow => Err(Rejection::new(
            Reason::ResourceExhausted,
            format!("pipeline {key} has {waiting} waiting runs, the limit is {QUEUE_MAX}"),
        )
        .help("try again when some have ended")),
        Overlap::Forbid => {
            Err(refuse(format!("pipeline {key} has {running} live runs, and its policy is to refuse more")))
        }
        Overlap::Queue(limit) if fewer(waiting, limit.min(QUEUE_MAX)) => Ok(Admission::Wait),
        Overlap::Queue(limit) => Err(refuse(format!(
            "pipeline {key} has {waiting} waiting runs, and its policy is to queue at most {limit}"
        ))),
        Overlap::Replace => Ok(Admission::Replace),
    }
}

fn fewer(count: usize, limit: u32) -> bool {
    u32::try_from(count).is_ok_and(|count| count < limit)
}

/// Whether a node may take an attempt of a task with a driver: it is ready and not draining, has the driver (and an
/// image where the driver needs one), every label asked for, a free slot, and enough unasked-for CPU and memory.
///
/// # Errors
/// `FailedPrecondition` that says what the node lacks, `ResourceExhausted` when it lacks it only for now.
pub fn check_placement(state: &State, node: &Node, task: &TaskConfig, driver: DriverKind) -> Result<(), Rejection> {
    let name = &node.spec.name;
    let unfit = |why: String| Err(Rejection::new(Reason::FailedPrecondition, why).help("choose another node"));
    if !node.takes_attempts() {
        let why = if node.status == NodeStatus::Lost { "is lost" } else { "is draining" };
        return unfit(format!("node {name} {why}"));
    }
    if !node.spec.drivers.contains(&driver) {
        return unfit(format!("node {name} has no {} driver", driver.name()));
    }
    if let Some(wanted) = task.driver
        && wanted != driver
    {
        return unfit(format!("the task asks for the {} driver, not {}", wanted.name(), driver.name()));
    }
    if driver == DriverKind::Docker && task.image.is_none() {
        return unfit("the task has no image, which the docker driver needs".into());
    }
    if driver == DriverKind::Process && task.entrypoint.is_empty() && task.command.is_empty() {
        return unfit("the task has neither entrypoint nor command, one of which the process driver needs".into());
    }
    let missing = task.constraints.iter().find(|(label, value)| node.spec.labels.get(*label) != Some(value));
    if let Some((label, value)) = missing {
        return unfit(format!("node {name} lacks the label {label}={value}"));
    }
    let placed = state.index.placed.get(&node.id).map_or(0, |placed| placed.len());
    let used = state.index.used.get(&node.id).copied().unwrap_or_default();
    let full = |what: &str| {
        Err(Rejection::new(Reason::ResourceExhausted, format!("node {name} has not enough {what} left"))
            .help("wait until an attempt has ended, or choose another node"))
    };
    if !fewer(placed, node.spec.slots) {
        return full("slots");
    }
    let Resources { cpu_millis, memory_bytes } = node.spec.capacity;
    if cpu_millis != 0 && used.cpu_millis.saturating_add(task.resources.cpu_millis) > cpu_millis {
        return full("CPU");
    }
    if memory_bytes != 0 && used.memory_bytes.saturating_add(task.resources.memory_bytes) > memory_bytes {
        return full("memory");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays(policy: &RetryPolicy) -> Vec<u128> {
        (1..=5).map(|tries| backoff(policy, tries).as_millis()).collect()
    }

    #[test]
    fn backoff_grows_up_to_its_bound() {
        let policy = RetryPolicy { backoff_max: Duration::from_secs(5), ..RetryPolicy::default() };
        assert_eq!(delays(&policy), [1000, 2000, 4000, 5000, 5000]);
        assert_eq!(delays(&RetryPolicy { multiplier_percent: 100, ..policy.clone() }), [1000; 5]);
        assert_eq!(delays(&RetryPolicy { multiplier_percent: 150, ..policy.clone() }), [1000, 1500, 2250, 3375, 5000]);
        assert_eq!(delays(&RetryPolicy { backoff: Duration::ZERO, ..policy }), [0; 5]);
    }

    #[test]
    fn backoff_bears_the_largest_numbers() {
        let policy = RetryPolicy {
            backoff: Duration::MAX,
            backoff_max: Duration::MAX,
            multiplier_percent: u32::MAX,
            ..RetryPolicy::default()
        };
        assert_eq!(backoff(&policy, u32::MAX), Duration::from_millis(u64::MAX));
    }
}
