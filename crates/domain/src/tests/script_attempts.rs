//! Attempts: placement, reports, retries and time-outs.

use super::script::check;

#[test]
fn a_failed_attempt_is_tried_again_after_its_backoff() {
    check(
        "
        node 1
        pipeline p | a retry=3
        start p
        assign p/1/a/1 1
        finished p/1/a/1 1 failed  -> p/1/a/1 failed, p/1/a queued +100
        assign p/1/a/2 1           -> ! FAILED_PRECONDITION
        wait 100
        assign p/1/a/1 1           -> ! FAILED_PRECONDITION
        assign p/1/a/3 1           -> ! FAILED_PRECONDITION
        assign p/1/a/2 1           -> p/1/a/2 placed on 1
        finished p/1/a/1 1 ok      -> ! STALE_REPORT
        finished p/1/a/2 1 unknown -> p/1/a/2 unknown, p/1/a queued +200
        wait 200
        assign p/1/a/3 1
        finished p/1/a/3 1 unknown -> p/1/a/3 unknown, p/1/a UNKNOWN, p/1 FAILED
        ",
    );
}

#[test]
fn lost_attempts_use_up_no_tries_and_are_bounded() {
    check(
        "
        node 1
        pipeline p | a retry=2
        start p
        assign p/1/a/1 1
        finished p/1/a/1 1 lost   -> p/1/a/1 lost, p/1/a queued
        assign p/1/a/2 1
        finished p/1/a/2 1 failed -> p/1/a/2 failed, p/1/a queued +100
        wait 100
        assign p/1/a/3 1
        finished p/1/a/3 1 lost
        assign p/1/a/4 1
        finished p/1/a/4 1 lost
        assign p/1/a/5 1
        finished p/1/a/5 1 lost   -> p/1/a/5 lost, p/1/a queued
        assign p/1/a/6 1
        finished p/1/a/6 1 lost   -> p/1/a/6 lost, p/1/a LOST, p/1 FAILED
        ",
    );
}

#[test]
fn a_task_may_not_want_to_be_tried_again_when_lost() {
    check(
        "
        node 1
        pipeline p | a retry=9 keep-lost
        start p
        assign p/1/a/1 1
        finished p/1/a/1 1 lost -> p/1/a/1 lost, p/1/a LOST, p/1 FAILED
        ",
    );
}

#[test]
fn an_attempt_that_nobody_asked_to_stop_was_lost() {
    check(
        "
        node 1
        pipeline p | a
        start p
        assign p/1/a/1 1
        finished p/1/a/1 1 cancelled -> p/1/a/1 lost, p/1/a queued
        ",
    );
}

#[test]
fn a_timed_out_attempt_counts_as_failed_and_is_tried_again() {
    check(
        "
        node 1
        pipeline p | a retry=2 timeout=30 | b
        start p
        assign p/1/a/1 1
        assign p/1/b/1 1
        wait 29
        time-out p/1/a/1             -> ! FAILED_PRECONDITION
        wait 1
        time-out p/1/a/1             -> p/1/a/1 stop timeout
        time-out p/1/a/1             ->
        time-out p/1/b/1             -> ! FAILED_PRECONDITION
        finished p/1/a/1 1 cancelled -> p/1/a/1 failed by timeout, p/1/a queued +100
        time-out p/1/a/1             -> ! STALE_REPORT
        wait 100
        assign p/1/a/2 1
        wait 30
        time-out p/1/a/2
        finished p/1/a/2 1 ok        -> p/1/a/2 ok, p/1/a succeeded
        ",
    );
}

#[test]
fn an_attempt_is_told_to_stop_once() {
    check(
        "
        node 1
        pipeline p | a timeout=30
        start p
        assign p/1/a/1 1
        wait 30
        time-out p/1/a/1             -> p/1/a/1 stop timeout
        cancel p/1                   -> p/1 stop cancelled
        finished p/1/a/1 1 cancelled -> p/1/a/1 failed by timeout, p/1/a FAILED, p/1 CANCELLED
        ",
    );
}

#[test]
fn a_node_must_fit() {
    check(
        "
        node 1 slots=1
        node 2 zone=eu memory=64
        pipeline p | a zone=eu memory=48 | b memory=32 | c driver=docker image=busybox | d
        start p
        assign p/1/a/1 1 -> ! FAILED_PRECONDITION
        assign p/1/a/1 3 -> ! NOT_FOUND
        assign p/1/z/1 1 -> ! NOT_FOUND
        assign p/1/c/1 1 -> ! FAILED_PRECONDITION
        assign p/1/d/1 1 driver=docker -> ! FAILED_PRECONDITION
        assign p/1/a/1 2 -> p/1/a/1 placed on 2
        assign p/1/a/2 2 -> ! FAILED_PRECONDITION
        assign p/1/b/1 2 -> ! RESOURCE_EXHAUSTED
        assign p/1/b/1 1 -> p/1/b/1 placed on 1
        assign p/1/d/1 1 -> ! RESOURCE_EXHAUSTED
        finished p/1/b/1 1 ok
        drain 1          -> node 1 drained
        assign p/1/d/1 1 -> ! FAILED_PRECONDITION
        undrain 1        -> node 1 undrained
        assign p/1/d/1 1 -> p/1/d/1 placed on 1
        ",
    );
}

#[test]
fn only_the_node_of_an_attempt_reports_on_it() {
    check(
        "
        node 1
        node 2
        pipeline p | a
        start p
        started p/1/a/1 1     -> ! STALE_REPORT
        assign p/1/a/1 1
        launching p/1/a/1 2   -> ! STALE_REPORT
        started p/1/a/1 2     -> ! STALE_REPORT
        finished p/1/a/1 2 ok -> ! STALE_REPORT
        finished p/1/a/0 1 ok -> ! STALE_REPORT
        finished p/1/b/1 1 ok -> ! STALE_REPORT
        finished p/2/a/1 1 ok -> ! STALE_REPORT
        ",
    );
}
