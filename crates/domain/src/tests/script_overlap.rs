//! How many runs of a pipeline run at once, and what becomes of the others.

use super::script::{check, pipeline};

#[test]
fn allow_runs_all_at_once_without_a_limit() {
    check(
        "
        pipeline p overlap=allow | a
        start p -> p/1 created v1, p/1 started, p/1/a queued
        start p -> p/2 created v1, p/2 started, p/2/a queued
        ",
    );
}

#[test]
fn allow_with_a_limit_waits_in_line() {
    check(
        "
        pipeline p parallelism=2 | a
        start p -> p/1 created v1, p/1 started, p/1/a queued
        start p -> p/2 created v1, p/2 started, p/2/a queued
        start p -> p/3 created v1
        start p -> p/4 created v1
        cancel p/2 -> p/2 stop cancelled, p/2/a CANCELLED, p/2 CANCELLED, p/3 started, p/3/a queued
        ",
    );
}

#[test]
fn forbid_refuses() {
    check(
        "
        pipeline p overlap=forbid | a
        start p
        start p -> ! OVERLAP_FORBIDDEN
        cancel p/1
        start p -> p/2 created v1, p/2 started, p/2/a queued
        ",
    );
}

#[test]
fn queue_refuses_when_full() {
    check(
        "
        pipeline p overlap=queue:1 | a
        start p -> p/1 created v1, p/1 started, p/1/a queued
        start p -> p/2 created v1
        start p -> ! OVERLAP_FORBIDDEN
        cancel p/1
        start p -> p/3 created v1
        ",
    );
}

#[test]
fn replace_stops_the_oldest_and_keeps_one_waiting() {
    check(
        "
        node 1
        pipeline p overlap=replace | a
        start p
        assign p/1/a/1 1
        start p -> p/2 created v1, p/1 stop replaced by 2, p/1/a/1 stop replaced by 2
        start p -> p/3 created v1, p/2/a CANCELLED, p/2 CANCELLED
        finished p/1/a/1 1 cancelled -> p/1/a/1 cancelled, p/1/a CANCELLED, p/1 CANCELLED, p/3 started, p/3/a queued
        start p -> p/4 created v1, p/3 stop replaced by 4, p/3/a CANCELLED, p/3 CANCELLED, p/4 started, p/4/a queued
        ",
    );
}

#[test]
fn replace_uses_the_place_of_a_run_that_is_stopping_already() {
    check(
        "
        node 1
        pipeline p overlap=replace parallelism=2 | a
        start p
        start p
        assign p/1/a/1 1
        assign p/2/a/1 1
        cancel p/2
        start p -> p/3 created v1
        start p -> p/4 created v1, p/3/a CANCELLED, p/3 CANCELLED
        finished p/2/a/1 1 ok -> p/2/a/1 ok, p/2/a succeeded, p/2 CANCELLED, p/4 started, p/4/a queued
        ",
    );
}

#[test]
fn a_policy_that_became_replace_ends_the_line() {
    check(
        "
        pipeline p overlap=queue:2 | a
        start p
        start p
        start p
        pipeline p overlap=replace | a -> p version 2
        start p -> p/4 created v2, p/2/a CANCELLED, p/2 CANCELLED, p/3/a CANCELLED, p/3 CANCELLED, p/1 stop replaced by 4, p/1/a CANCELLED, p/1 CANCELLED, p/4 started, p/4/a queued
        ",
    );
}

#[test]
fn replace_with_room_replaces_nothing() {
    check(
        "
        pipeline p overlap=replace parallelism=2 | a
        start p
        start p -> p/2 created v1, p/2 started, p/2/a queued
        start p -> p/3 created v1, p/1 stop replaced by 3, p/1/a CANCELLED, p/1 CANCELLED, p/3 started, p/3/a queued
        ",
    );
}

#[test]
fn a_version_with_a_higher_limit_starts_those_that_wait() {
    let world = check(
        "
        pipeline p parallelism=1 | a
        start p
        start p
        start p
        start p
        pipeline p parallelism=3 | b -> p version 2, p/2 started, p/2/a queued, p/3 started, p/3/a queued
        ",
    );
    assert_eq!(world.state.pipelines[&pipeline("p")].queue, [4]);
}

#[test]
fn waiting_runs_wait_while_their_pipeline_is_disabled() {
    check(
        "
        pipeline p parallelism=1 | a
        start p
        start p
        disable p  -> p disabled
        disable p  ->
        start p    -> ! FAILED_PRECONDITION
        pipeline p parallelism=5 | a -> p version 2
        cancel p/1 -> p/1 stop cancelled, p/1/a CANCELLED, p/1 CANCELLED
        enable p   -> p enabled, p/2 started, p/2/a queued
        enable p   ->
        ",
    );
}
