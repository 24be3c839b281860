//! Releases, pins, and the commands and events about them.

mod log;

use std::collections::BTreeMap;

use gofer_domain::ids::Version;
use gofer_domain::release::{Arm, Canary, Cause, Exposure, Pin, Release, ReleaseStatus, Step, Strategy};
use gofer_wire::model::v1 as model;
use gofer_wire::model::v1::release_strategy::Kind;

pub use self::log::promotion_from_wire;
pub(super) use self::log::{release_command, release_command_from_wire, release_event, release_event_from_wire};
use super::{DecodeError, Result, required, task_id, time_from_wire, time_option, time_to_wire, unknown};

/// A release as a message.
#[must_use]
pub fn release_to_wire(release: &Release) -> model::Release {
    let status = match release.status {
        ReleaseStatus::Running => model::ReleaseStatus::Running,
        ReleaseStatus::Promoted => model::ReleaseStatus::Promoted,
        ReleaseStatus::RolledBack => model::ReleaseStatus::RolledBack,
    };
    model::Release {
        id: release.id,
        from_version: release.from.0,
        to_version: release.to.0,
        strategy: Some(strategy_to_wire(&release.strategy)),
        status: status.into(),
        from: Some(arm_to_wire(&release.from_arm)),
        to: Some(arm_to_wire(&release.to_arm)),
        serving_version: release.serving.0,
        step: release.step,
        step_after_run: release.step_after,
        step_given: release.step_given,
        step_to: Some(arm_to_wire(&release.step_arm)),
        started_by: release.started_by.clone(),
        started_at: Some(time_to_wire(release.started_at)),
        ended_at: release.ended_at.map(time_to_wire),
        reason: release.reason.clone(),
    }
}

/// A message as a release.
///
/// # Errors
/// When a part is missing or not valid.
pub fn release_from_wire(release: &model::Release) -> Result<Release> {
    let status = match model::ReleaseStatus::try_from(release.status) {
        Ok(model::ReleaseStatus::Running) => ReleaseStatus::Running,
        Ok(model::ReleaseStatus::Promoted) => ReleaseStatus::Promoted,
        Ok(model::ReleaseStatus::RolledBack) => ReleaseStatus::RolledBack,
        Ok(model::ReleaseStatus::Unspecified) | Err(_) => return Err(unknown("status", release.status)),
    };
    Ok(Release {
        id: release.id,
        from: Version(release.from_version),
        to: Version(release.to_version),
        strategy: strategy_from_wire(release.strategy.as_ref())?,
        status,
        from_arm: arm_from_wire(release.from.as_ref(), "from")?,
        to_arm: arm_from_wire(release.to.as_ref(), "to")?,
        serving: Version(release.serving_version),
        step: release.step,
        step_after: release.step_after_run,
        step_given: release.step_given,
        step_arm: arm_from_wire(release.step_to.as_ref(), "step_to")?,
        started_by: release.started_by.clone(),
        started_at: time_from_wire(release.started_at.as_ref(), "started_at")?,
        ended_at: time_option(release.ended_at.as_ref(), "ended_at")?,
        reason: release.reason.clone(),
    })
}

/// A strategy as a message.
#[must_use]
pub fn strategy_to_wire(strategy: &Strategy) -> model::ReleaseStrategy {
    let kind = match strategy {
        Strategy::Replace(cause) => Kind::Replace(model::ReplaceStrategy { cause: cause_to_wire(*cause).into() }),
        Strategy::BlueGreen => Kind::BlueGreen(model::BlueGreenStrategy {}),
        Strategy::Canary(canary) => Kind::Canary(model::CanaryStrategy {
            steps: canary.steps.iter().map(step_to_wire).collect(),
            max_failure_points: canary.max_failures,
            max_slowdown_points: canary.max_slowdown,
            verdict_task: canary.verdict.as_ref().map(ToString::to_string).unwrap_or_default(),
        }),
        Strategy::AbTest { share } => Kind::AbTest(model::AbTestStrategy { share_points: *share }),
    };
    model::ReleaseStrategy { kind: Some(kind) }
}

/// A message as a strategy.
///
/// # Errors
/// When it is missing or a part is not valid.
pub fn strategy_from_wire(strategy: Option<&model::ReleaseStrategy>) -> Result<Strategy> {
    let kind = strategy.and_then(|strategy| strategy.kind.as_ref());
    Ok(match required(kind, "strategy")? {
        Kind::Replace(replace) => Strategy::Replace(match replace.cause {
            0 => Cause::Asked,
            cause => cause_from_wire(cause)?,
        }),
        Kind::BlueGreen(_) => Strategy::BlueGreen,
        Kind::Canary(canary) => Strategy::Canary(Box::new(Canary {
            steps: canary.steps.iter().map(step_from_wire).collect::<Result<_>>()?,
            max_failures: canary.max_failure_points,
            max_slowdown: canary.max_slowdown_points,
            verdict: match canary.verdict_task.as_str() {
                "" => None,
                task => Some(task_id(task, "canary.verdict_task")?),
            },
        })),
        Kind::AbTest(test) => Strategy::AbTest { share: test.share_points },
    })
}

fn step_to_wire(step: &Step) -> model::CanaryStep {
    let exposure = match step.exposure {
        Exposure::Share(share) => model::canary_step::Exposure::SharePoints(share),
        Exposure::Runs(runs) => model::canary_step::Exposure::Runs(runs),
    };
    model::CanaryStep { exposure: Some(exposure), min_runs: step.min_runs }
}

fn step_from_wire(step: &model::CanaryStep) -> Result<Step> {
    let exposure = match required(step.exposure.as_ref(), "canary.steps.exposure")? {
        model::canary_step::Exposure::SharePoints(share) => Exposure::Share(*share),
        model::canary_step::Exposure::Runs(runs) => Exposure::Runs(*runs),
    };
    Ok(Step { exposure, min_runs: step.min_runs })
}

fn cause_to_wire(cause: Cause) -> model::ReplaceCause {
    match cause {
        Cause::Registered => model::ReplaceCause::Registered,
        Cause::Asked => model::ReplaceCause::Asked,
        Cause::Pinned => model::ReplaceCause::Pinned,
        Cause::RolledBack => model::ReplaceCause::RolledBack,
    }
}

fn cause_from_wire(cause: i32) -> Result<Cause> {
    match model::ReplaceCause::try_from(cause) {
        Ok(model::ReplaceCause::Registered) => Ok(Cause::Registered),
        Ok(model::ReplaceCause::Asked) => Ok(Cause::Asked),
        Ok(model::ReplaceCause::Pinned) => Ok(Cause::Pinned),
        Ok(model::ReplaceCause::RolledBack) => Ok(Cause::RolledBack),
        Ok(model::ReplaceCause::Unspecified) | Err(_) => Err(unknown("cause", cause)),
    }
}

fn arm_to_wire(arm: &Arm) -> model::ReleaseArm {
    let half = |value: u128| u64::try_from(value & u128::from(u64::MAX)).unwrap_or(u64::MAX);
    model::ReleaseArm {
        given: arm.given,
        succeeded: arm.succeeded,
        failed: arm.failed,
        cancelled: arm.cancelled,
        duration_ms_sum: arm.millis,
        duration_ms_squares_high: half(arm.square_millis >> 64),
        duration_ms_squares_low: half(arm.square_millis),
    }
}

fn arm_from_wire(arm: Option<&model::ReleaseArm>, field: &str) -> Result<Arm> {
    let arm = required(arm, field)?;
    Ok(Arm {
        given: arm.given,
        succeeded: arm.succeeded,
        failed: arm.failed,
        cancelled: arm.cancelled,
        millis: arm.duration_ms_sum,
        square_millis: u128::from(arm.duration_ms_squares_high) << 64 | u128::from(arm.duration_ms_squares_low),
    })
}

pub(super) fn pin_to_wire(pin: &Pin) -> model::Pin {
    model::Pin { pinned_by: pin.by.clone(), message: pin.message.clone(), pinned_at: Some(time_to_wire(pin.at)) }
}

pub(super) fn pin_from_wire(pin: &model::Pin) -> Result<Pin> {
    let at = time_from_wire(pin.pinned_at.as_ref(), "pin.pinned_at")?;
    Ok(Pin { by: pin.pinned_by.clone(), message: pin.message.clone(), at })
}

pub(super) fn earlier_to_wire(earlier: &BTreeMap<Version, Version>) -> Vec<model::EarlierVersion> {
    let pairs = earlier.iter();
    pairs.map(|(version, before)| model::EarlierVersion { version: version.0, before: before.0 }).collect()
}

pub(super) fn earlier_from_wire(earlier: &[model::EarlierVersion]) -> Result<BTreeMap<Version, Version>> {
    if !earlier.is_sorted_by(|one, next| one.version < next.version) {
        return Err(DecodeError::new("earlier_versions", "are not sorted, or name a version twice"));
    }
    Ok(earlier.iter().map(|pair| (Version(pair.version), Version(pair.before))).collect())
}
