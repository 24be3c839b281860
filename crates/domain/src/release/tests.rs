//! What is counted, and what follows from the counts.

use std::time::Duration;

use super::*;

fn canary(max_failures: Option<u32>, max_slowdown: Option<u32>) -> Release {
    let steps = vec![
        Step { exposure: Exposure::Runs(4), min_runs: 4 },
        Step { exposure: Exposure::Share(5_000), min_runs: 10 },
    ];
    let canary = Canary { steps, max_failures, max_slowdown, verdict: None };
    Release::new(1, Version(1), Version(2), Strategy::Canary(Box::new(canary)), String::new(), Timestamp(0))
}

fn end(release: &mut Release, version: u64, status: &str, millis: u64) {
    let version = Version(version);
    release.give(version);
    let status = match status {
        "ok" => RunStatus::Succeeded,
        "failed" => RunStatus::Failed { message: String::new() },
        _ => RunStatus::Cancelled { message: String::new() },
    };
    release.finish(1, version, &status, Duration::from_millis(millis));
}

#[test]
fn a_step_is_judged_once_its_sample_is_there() {
    let mut release = canary(Some(2_500), None);
    for _ in 0..3 {
        end(&mut release, 2, "failed", 5);
        assert!(matches!(release.judge(), Some(Judgement::Wait(_))), "{:?}", release.judge());
    }
    end(&mut release, 2, "cancelled", 5);
    assert!(matches!(release.judge(), Some(Judgement::Wait(_))), "cancelled runs tell nothing");
    end(&mut release, 2, "ok", 5);
    let Some(Judgement::RollBack(reason)) = release.judge() else { panic!("{:?}", release.judge()) };
    assert_eq!(reason, "3 of 4 runs of version 2 failed in step 1 of 2 (4 runs), which is 75%; the limit is 25%");
}

#[test]
fn a_rate_that_is_the_limit_passes() {
    let mut release = canary(Some(2_500), None);
    for status in ["ok", "failed", "ok", "ok"] {
        end(&mut release, 2, status, 5);
    }
    assert!(matches!(release.judge(), Some(Judgement::Pass(_))), "{:?}", release.judge());
    release.begin_step(1, 10);
    assert!(matches!(release.judge(), Some(Judgement::Wait(_))), "each step has a sample of its own");
}

#[test]
fn durations_are_compared_with_the_old_version() {
    let mut release = canary(None, Some(5_000));
    for millis in [150, 150, 150, 151] {
        end(&mut release, 2, "ok", millis);
    }
    assert!(matches!(release.judge(), Some(Judgement::Wait(_))), "nothing to compare with");
    for _ in 0..4 {
        end(&mut release, 1, "ok", 100);
    }
    assert!(matches!(release.judge(), Some(Judgement::RollBack(_))), "{:?}", release.judge());
    end(&mut release, 1, "ok", 104);
    assert!(matches!(release.judge(), Some(Judgement::Pass(_))), "{:?}", release.judge());
}

#[test]
fn sums_stay_exact_up_to_their_bound() {
    let mut arm = Arm::default();
    arm.finish(&RunStatus::Succeeded, Duration::from_secs(u64::MAX));
    arm.finish(&RunStatus::Succeeded, Duration::from_millis(3));
    assert_eq!(arm.millis, COUNTED_MILLIS_MAX + 3);
    assert_eq!(arm.square_millis, u128::from(COUNTED_MILLIS_MAX) * u128::from(COUNTED_MILLIS_MAX) + 9);
}

#[test]
fn percentages_are_readable() {
    assert_eq!([0, 7, 50, 1_250, 1_205, 10_000].map(percent), ["0%", "0.07%", "0.5%", "12.5%", "12.05%", "100%"]);
}
