//! How a release is to go: shares, steps and limits in range.

use super::Faults;
use crate::config::PipelineConfig;
use crate::limits::{RELEASE_RUNS_MAX, RELEASE_SLOWDOWN_MAX, RELEASE_STEPS_MAX};
use crate::rejection::Rejection;
use crate::release::{Canary, Exposure, Strategy, WHOLE, percent};

/// Checks a strategy for a release to a version with this configuration.
///
/// # Errors
/// Every fault.
pub fn validate_strategy(strategy: &Strategy, to: &PipelineConfig) -> Result<(), Vec<Rejection>> {
    let mut faults = Faults::default();
    match strategy {
        Strategy::Replace(_) | Strategy::BlueGreen => {}
        Strategy::AbTest { share } => check_share(&mut faults, "ab_test.share", *share),
        Strategy::Canary(canary) => check_canary(&mut faults, canary, to),
    }
    faults.result()
}

fn check_canary(faults: &mut Faults, canary: &Canary, to: &PipelineConfig) {
    if canary.steps.is_empty() {
        faults.add("canary.steps", "the canary has no steps", "give it at least one");
    }
    if !faults.count("canary.steps", canary.steps.len(), RELEASE_STEPS_MAX) {
        return;
    }
    for (index, step) in canary.steps.iter().enumerate() {
        let field = format!("canary.steps.{index}");
        match step.exposure {
            Exposure::Share(share) => check_share(faults, &format!("{field}.share"), share),
            Exposure::Runs(runs) => {
                check_runs(faults, &format!("{field}.runs"), runs);
                if step.min_runs > runs {
                    let message = format!("{field}.min_runs is {}, but the step has {runs} runs", step.min_runs);
                    faults.add(format!("{field}.min_runs"), message, "ask for no more than the step has");
                }
            }
        }
        check_runs(faults, &format!("{field}.min_runs"), step.min_runs);
    }
    if let Some(limit) = canary.max_failures
        && limit >= WHOLE
    {
        let message = format!("canary.max_failures is {}, the limit is 99.99%", percent(limit.into()));
        faults.add("canary.max_failures", message, "allow fewer failures, or leave it out");
    }
    if let Some(limit) = canary.max_slowdown
        && !(1..=RELEASE_SLOWDOWN_MAX).contains(&limit)
    {
        let (limit, most) = (percent(limit.into()), percent(RELEASE_SLOWDOWN_MAX.into()));
        let message = format!("canary.max_slowdown is {limit}, allowed are 0.01% to {most}");
        faults.add("canary.max_slowdown", message, "choose a limit in that range, or leave it out");
    }
    if let Some(task) = &canary.verdict
        && !to.tasks.contains_key(task)
    {
        let message = format!("the new version has no task {task} that could give a verdict");
        faults.add("canary.verdict", message, "name one of its tasks, or leave it out");
    }
    if canary.max_failures.is_none() && canary.max_slowdown.is_none() && canary.verdict.is_none() {
        let help = "give it a largest failure rate, a largest slowdown or a verdict task";
        faults.add("canary", "the canary has nothing to go by, so it would promote any version", help);
    }
}

fn check_share(faults: &mut Faults, field: &str, share: u32) {
    if !(1..WHOLE).contains(&share) {
        let message = format!("{field} is {}, allowed are 0.01% to 99.99%", percent(share.into()));
        faults.add(field, message, "give both versions some runs; all of them get the new one with a promotion");
    }
}

fn check_runs(faults: &mut Faults, field: &str, runs: u32) {
    if !(1..=RELEASE_RUNS_MAX).contains(&runs) {
        let message = format!("{field} is {runs}, allowed are 1 to {RELEASE_RUNS_MAX}");
        faults.add(field, message, "choose a number in that range");
    }
}
