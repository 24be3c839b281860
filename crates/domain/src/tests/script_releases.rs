//! Releases: which version runs get, and what moves a release on or back.

use super::script::{check, pipeline};
use crate::Version;
use crate::release::{ReleaseStatus, Strategy};

const TWO: &str = "
    node 1 slots=50
    pipeline p | a
    hold p | b -> p version 2 held
";

/// Starts a run and ends its only task.
fn ended(run: u64, version: u64, outcome: &str) -> String {
    let task = if version == 1 { "a" } else { "b" };
    format!("start p\n assign p/{run}/{task}/1 1\n finished p/{run}/{task}/1 1 {outcome}\n")
}

#[test]
fn a_version_that_is_registered_is_live_unless_it_is_held() {
    check(
        "
        register p | a   -> p version 1 released 1
        start p          -> p/1 created v1, p/1 started, p/1/a queued
        hold p | b       -> p version 2 held
        hold p | b       ->
        start p          -> p/2 created v1, p/2 started, p/2/a queued
        start p version=2 -> p/3 created v2, p/3 started, p/3/b queued
        release p replace -> p release 2 2 live Asked
        start p          -> p/4 created v2, p/4 started, p/4/b queued
        release p replace -> ! FAILED_PRECONDITION
        pipeline p | c   -> p version 3
        start p          -> p/5 created v3, p/5 started, p/5/c queued
        hold q | a       -> q version 1 released 1
        ",
    );
}

#[test]
fn a_rollback_goes_further_back_each_time() {
    let world = check(
        "
        pipeline p | a
        pipeline p | b
        hold p | c
        release p version=3 replace -> p release 1 3 live Asked
        pipeline p | d
        roll-back p -> p release 2 3 live RolledBack
        roll-back p -> p release 3 2 live RolledBack
        roll-back p -> p release 4 1 live RolledBack
        roll-back p -> ! FAILED_PRECONDITION
        roll-back p version=4 -> p release 5 4 live RolledBack
        roll-back p version=4 -> ! FAILED_PRECONDITION
        roll-back p version=5 -> ! NOT_FOUND
        pipeline p | e -> p version 5
        ",
    );
    assert_eq!(world.state.pipelines[&pipeline("p")].releases.live, Version(5));
}

#[test]
fn a_pinned_version_stays_live() {
    check(
        "
        pipeline p | a
        pin p       -> p pinned
        pin p       ->
        pipeline p | b -> p version 2 held
        start p     -> p/1 created v1, p/1 started, p/1/a queued
        release p replace -> ! FAILED_PRECONDITION
        roll-back p -> ! FAILED_PRECONDITION
        pin p version=2 -> p release 1 2 live Pinned, p pinned
        unpin p     -> p unpinned
        unpin p     ->
        start p     -> p/2 created v2, p/2 started, p/2/b queued
        ",
    );
}

#[test]
fn a_canary_by_runs_goes_on_step_by_step() {
    let script = format!(
        "{TWO}
        release p canary=2runs,50%:2 failures=0% -> p release 1 from 1 to 2
        hold p | c -> p version 3 held
        release p replace -> ! FAILED_PRECONDITION
        pin p     -> ! FAILED_PRECONDITION
        start p   -> p/1 created v2 by release 1, p/1 started, p/1/b queued
        start p   -> p/2 created v2 by release 1, p/2 started, p/2/b queued
        start p   -> p/3 created v1 by release 1, p/3 started, p/3/a queued
        cancel p/1
        start p   -> p/4 created v2 by release 1, p/4 started, p/4/b queued
        start p version=2 -> p/5 created v2, p/5 started, p/5/b queued
        assign p/2/b/1 1
        assign p/4/b/1 1
        assign p/5/b/1 1
        finished p/5/b/1 1 failed -> p/5/b/1 failed, p/5/b FAILED, p/5 FAILED
        finished p/2/b/1 1 ok -> p/2/b/1 ok, p/2/b succeeded, p/2 SUCCEEDED
        finished p/4/b/1 1 ok -> p/4/b/1 ok, p/4/b succeeded, p/4 SUCCEEDED, p release 1 step 1
        "
    );
    let world = check(&script);
    let release = &world.state.pipelines[&pipeline("p")].releases.active.as_ref().unwrap().release;
    assert_eq!((release.step_given, release.to_arm.given, release.to_arm.cancelled), (0, 3, 1));
    check(&format!(
        "{script} promote p step -> p release 1 promoted\n start p -> p/6 created v2, p/6 started, p/6/b queued"
    ));
}

#[test]
fn a_share_is_divided_exactly_and_a_good_canary_is_promoted() {
    let mut world = check(&format!("{TWO} release p canary=30%:3 failures=10%"));
    let mut new = 0;
    for run in 1..=10 {
        let next = world.state.pipelines[&pipeline("p")].releases.choose();
        world
            .give(crate::Command::StartRun { pipeline: pipeline("p"), version: None, options: Box::default() })
            .unwrap();
        let made = &world.state.runs[&super::script::run(&format!("p/{run}"))].run;
        assert_eq!((made.version, made.release), next);
        new += u64::from(made.version == Version(2));
    }
    assert_eq!(new, 3);
}

#[test]
fn a_bad_canary_is_rolled_back_before_the_next_run_starts() {
    let world = check(
        "
        node 1
        pipeline p parallelism=1 | a
        hold p parallelism=1 | b
        release p canary=3runs failures=40%
        release p canary=3runs failures=40% -> ! FAILED_PRECONDITION
        start p -> p/1 created v2 by release 1, p/1 started, p/1/b queued
        start p -> p/2 created v2 by release 1
        start p -> p/3 created v2 by release 1
        start p -> p/4 created v1 by release 1
        start p version=2 -> p/5 created v2
        assign p/1/b/1 1
        finished p/1/b/1 1 failed -> p/1/b/1 failed, p/1/b FAILED, p/1 FAILED, p/2 started, p/2/b queued
        assign p/2/b/1 1
        cancel p/3
        start p -> p/6 created v2 by release 1
        finished p/2/b/1 1 failed
        cancel p/4
        assign p/5/b/1 1
        start p -> p/7 created v1 by release 1
        finished p/5/b/1 1 ok -> p/5/b/1 ok, p/5/b succeeded, p/5 SUCCEEDED, p/6 started, p/6/b queued
        cancel p/6 -> p/6 stop cancelled, p/6/b CANCELLED, p/6 CANCELLED, p/7 started, p/7/a queued
        start p -> p/8 created v2 by release 1
        start p -> p/9 created v1 by release 1
        assign p/7/a/1 1
        finished p/7/a/1 1 ok
        assign p/8/b/1 1
        start p -> p/10 created v1 by release 1
        finished p/8/b/1 1 failed -> p/8/b/1 failed, p/8/b FAILED, p/8 FAILED, p release 1 rolled back, p/9 started, p/9/a queued
        start p -> p/11 created v1
        ",
    );
    let ended = world.state.pipelines[&pipeline("p")].releases.ended.last().unwrap();
    assert_eq!(ended.status, ReleaseStatus::RolledBack);
    assert_eq!(
        ended.reason,
        "3 of 3 runs of version 2 failed in step 1 of 1 (3 runs), which is 100%; the limit is 40%"
    );
}

#[test]
fn runs_that_wait_go_back_with_a_release_and_those_that_run_go_on() {
    let world = check(
        "
        node 1
        pipeline p parallelism=1 | a
        hold p parallelism=1 | b
        release p blue-green
        switch p -> p release 1 serves 2
        start p -> p/1 created v2 by release 1, p/1 started, p/1/b queued
        start p -> p/2 created v2 by release 1
        start p version=2 -> p/3 created v2
        roll-back p -> p release 1 rolled back, p/2 moved to v1
        cancel p/1 -> p/1 stop cancelled, p/1/b CANCELLED, p/1 CANCELLED, p/2 started, p/2/a queued
        cancel p/2 -> p/2 stop cancelled, p/2/a CANCELLED, p/2 CANCELLED, p/3 started, p/3/b queued
        ",
    );
    assert_eq!(world.state.runs[&super::script::run("p/2")].run.version, Version(1));
}

#[test]
fn a_rollback_starts_moved_runs_with_the_tasks_of_the_old_version() {
    check(
        "
        node 1
        pipeline p parallelism=2 | a
        hold p parallelism=1 | b
        release p canary=2runs:1 failures=0%
        start p -> p/1 created v2 by release 1, p/1 started, p/1/b queued
        start p version=1 -> p/2 created v1, p/2 started, p/2/a queued
        start p -> p/3 created v2 by release 1
        assign p/1/b/1 1
        finished p/1/b/1 1 failed -> p/1/b/1 failed, p/1/b FAILED, p/1 FAILED, p release 1 rolled back, p/3 moved to v1, p/3 started, p/3/a queued
        ",
    );
}

#[test]
fn blue_green_switches_at_once_and_back() {
    check(&format!(
        "{TWO}
        release p blue-green -> p release 1 from 1 to 2
        start p   -> p/1 created v1 by release 1, p/1 started, p/1/a queued
        switch p  -> p release 1 serves 2
        switch p version=2 ->
        start p   -> p/2 created v2 by release 1, p/2 started, p/2/b queued
        switch p  -> p release 1 serves 1
        switch p version=7 -> ! FAILED_PRECONDITION
        promote p step -> ! FAILED_PRECONDITION
        start p   -> p/3 created v1 by release 1, p/3 started, p/3/a queued
        promote p serving -> p release 1 rolled back
        switch p  -> ! FAILED_PRECONDITION
        release p blue-green -> p release 2 from 1 to 2
        switch p  -> p release 2 serves 2
        promote p serving -> p release 2 promoted
        start p   -> p/4 created v2, p/4 started, p/4/b queued
        promote p -> ! FAILED_PRECONDITION
        "
    ));
}

#[test]
fn an_a_b_test_counts_both_and_ends_when_asked() {
    let mut script =
        format!("{TWO} release p ab=50% -> p release 1 from 1 to 2\n promote p serving -> ! FAILED_PRECONDITION\n");
    let mut world = check(&script);
    for run in 1..=8 {
        let (version, _) = world.state.pipelines[&pipeline("p")].releases.choose();
        script.push_str(&ended(run, version.0, if run % 4 == 0 { "failed" } else { "ok" }));
        world = check(&script);
    }
    let release = &world.state.pipelines[&pipeline("p")].releases.active.as_ref().unwrap().release;
    assert_eq!((release.from_arm.given, release.to_arm.given), (4, 4));
    assert_eq!(release.from_arm.failed + release.to_arm.failed, 2);
    assert_eq!(release.strategy, Strategy::AbTest { share: 5_000 });
    check(&format!(
        "{script} promote p -> p release 1 promoted\n start p -> p/9 created v2, p/9 started, p/9/b queued"
    ));
}

#[test]
fn a_verdict_task_ends_a_canary() {
    check(
        "
        node 1
        pipeline p | a
        hold p | b | check allow-failure after=b
        release p canary=5runs verdict=nothing -> ! INVALID_ARGUMENT
        release p canary=5runs verdict=check
        start p
        assign p/1/b/1 1
        finished p/1/b/1 1 ok
        assign p/1/check/1 1
        finished p/1/check/1 1 failed -> p/1/check/1 failed, p/1/check FAILED, p/1 SUCCEEDED, p release 1 rolled back
        ",
    );
}

#[test]
fn a_lost_node_ends_runs_that_are_judged_together() {
    check(
        "
        node 1
        pipeline p | a keep-lost
        hold p | b keep-lost
        release p canary=2runs failures=50%
        start p
        start p
        assign p/1/b/1 1
        assign p/2/b/1 1
        lost 1 1 -> node 1 lost, p/1/b/1 lost, p/1/b LOST, p/1 FAILED, p/2/b/1 lost, p/2/b LOST, p/2 FAILED, p release 1 rolled back
        ",
    );
}

#[test]
fn releases_that_make_no_sense_are_refused() {
    check(&format!(
        "{TWO}
        release p canary=100% failures=1%  -> ! INVALID_ARGUMENT
        release p canary=0% failures=1%    -> ! INVALID_ARGUMENT
        release p canary=50%               -> ! INVALID_ARGUMENT
        release p canary=2runs:3 failures=1% -> ! INVALID_ARGUMENT
        release p canary=50%:0 failures=1% -> ! INVALID_ARGUMENT
        release p canary=50% failures=100% -> ! INVALID_ARGUMENT
        release p canary=50% slowdown=0%   -> ! INVALID_ARGUMENT
        release p ab=100%                  -> ! INVALID_ARGUMENT
        release p version=1 ab=50%         -> ! FAILED_PRECONDITION
        release p version=3 ab=50%         -> ! NOT_FOUND
        release q ab=50%                   -> ! NOT_FOUND
        promote p                          -> ! FAILED_PRECONDITION
        node 2 logic=2
        release p ab=50%                   -> ! FAILED_PRECONDITION
        hold p | c                         -> ! FAILED_PRECONDITION
        pin p                              -> ! FAILED_PRECONDITION
        pipeline p | c                     -> p version 3
        "
    ));
}

#[test]
fn a_disabled_pipeline_keeps_its_release_and_a_deleted_one_ends_it() {
    check(&format!(
        "{TWO}
        release p ab=50%
        disable p
        start p  -> ! FAILED_PRECONDITION
        delete p -> p release 1 rolled back, p deleted
        promote p -> ! NOT_FOUND
        pipeline p | c -> p version 3
        pin p
        delete p -> p unpinned, p deleted
        hold p | d -> p version 4 released 2
        start p  -> p/1 created v4, p/1 started, p/1/d queued
        "
    ));
}

#[test]
fn a_retry_keeps_its_version_and_is_not_counted() {
    let world = check(&format!(
        "{TWO}
        release p canary=1runs failures=0%
        start p
        cancel p/1
        roll-back p
        retry p/1 -> p/2 created v2 again 1, p/2 started, p/2/b queued
        "
    ));
    assert_eq!(world.state.runs[&super::script::run("p/2")].run.release, None);
}
