//! Runs from start to end.

use super::script::{check, run};

#[test]
fn a_chain_succeeds_task_by_task() {
    check(
        "
        node 1
        pipeline p | a | b after=a
        start p                  -> p/1 created v1, p/1 started, p/1/a queued
        assign p/1/a/1 1         -> p/1/a/1 placed on 1
        launching p/1/a/1 1      -> p/1/a/1 launching
        launching p/1/a/1 1      ->
        started p/1/a/1 1        -> p/1/a/1 started
        started p/1/a/1 1        ->
        launching p/1/a/1 1      ->
        finished p/1/a/1 1 ok    -> p/1/a/1 ok, p/1/a succeeded, p/1/b queued
        assign p/1/b/1 1
        finished p/1/b/1 1 ok    -> p/1/b/1 ok, p/1/b succeeded, p/1 SUCCEEDED
        finished p/1/b/1 1 ok    -> ! STALE_REPORT
        evict
        finished p/1/b/1 1 ok    -> ! STALE_REPORT
        start p                  -> p/2 created v1, p/2 started, p/2/a queued
        ",
    );
}

#[test]
fn a_diamond_joins_after_both_arms() {
    check(
        "
        node 1
        pipeline p | a | b after=a | c after=a | d after=b,c
        start p
        assign p/1/a/1 1
        finished p/1/a/1 1 ok    -> p/1/a/1 ok, p/1/a succeeded, p/1/b queued, p/1/c queued
        assign p/1/b/1 1
        assign p/1/c/1 1
        finished p/1/c/1 1 ok    -> p/1/c/1 ok, p/1/c succeeded
        finished p/1/b/1 1 ok    -> p/1/b/1 ok, p/1/b succeeded, p/1/d queued
        ",
    );
}

#[test]
fn a_failure_skips_what_needs_success_all_the_way_down() {
    check(
        "
        node 1
        pipeline p | a | b after=a | c after=b:any | cleanup after=a:failure | note after=a:any
        start p
        assign p/1/a/1 1
        finished p/1/a/1 1 failed -> p/1/a/1 failed, p/1/a FAILED, p/1/b SKIPPED, p/1/cleanup queued, p/1/note queued, p/1/c SKIPPED
        assign p/1/cleanup/1 1
        assign p/1/note/1 1
        finished p/1/note/1 1 ok
        finished p/1/cleanup/1 1 ok -> p/1/cleanup/1 ok, p/1/cleanup succeeded, p/1 FAILED
        ",
    );
}

#[test]
fn a_success_skips_what_runs_on_failure_only() {
    check(
        "
        node 1
        pipeline p | a | cleanup after=a:failure
        start p
        assign p/1/a/1 1
        finished p/1/a/1 1 ok -> p/1/a/1 ok, p/1/a succeeded, p/1/cleanup SKIPPED, p/1 SUCCEEDED
        ",
    );
}

#[test]
fn a_failure_that_is_allowed_fails_no_run() {
    check(
        "
        node 1
        pipeline p | a allow-failure | b after=a
        start p
        assign p/1/a/1 1
        finished p/1/a/1 1 failed -> p/1/a/1 failed, p/1/a FAILED, p/1/b SKIPPED, p/1 SUCCEEDED
        ",
    );
}

#[test]
fn cancelling_ends_a_run_with_its_last_attempt() {
    let world = check(
        "
        node 1
        pipeline p parallelism=1 | a | b | c after=a
        start p
        start p                  -> p/2 created v1
        assign p/1/a/1 1
        cancel p/1               -> p/1 stop cancelled, p/1/a/1 stop cancelled, p/1/b CANCELLED, p/1/c CANCELLED
        cancel p/1               ->
        assign p/1/b/1 1         -> ! FAILED_PRECONDITION
        started p/1/a/1 1        -> p/1/a/1 started
        finished p/1/a/1 1 cancelled -> p/1/a/1 cancelled, p/1/a CANCELLED, p/1 CANCELLED, p/2 started, p/2/a queued, p/2/b queued
        cancel p/1               -> ! FAILED_PRECONDITION
        cancel p/3               -> ! NOT_FOUND
        evict
        cancel p/1               -> ! FAILED_PRECONDITION
        ",
    );
    assert_eq!(world.history.runs[&run("p/1")].started_by, "user:ada");
}

#[test]
fn cancelling_a_run_without_attempts_ends_it_at_once() {
    check(
        "
        pipeline p parallelism=1 | a | b after=a
        start p
        start p
        start p
        cancel p/2 -> p/2/a CANCELLED, p/2/b CANCELLED, p/2 CANCELLED
        cancel p/1 -> p/1 stop cancelled, p/1/a CANCELLED, p/1/b CANCELLED, p/1 CANCELLED, p/3 started, p/3/a queued
        ",
    );
}

#[test]
fn a_task_that_ends_by_itself_while_its_run_stops_keeps_its_end() {
    check(
        "
        node 1
        pipeline p | a retry=3 | b retry=3
        start p
        assign p/1/a/1 1
        assign p/1/b/1 1
        cancel p/1
        finished p/1/a/1 1 failed -> p/1/a/1 failed, p/1/a FAILED
        finished p/1/b/1 1 ok     -> p/1/b/1 ok, p/1/b succeeded, p/1 CANCELLED
        ",
    );
}

#[test]
fn a_run_times_out_and_fails() {
    check(
        "
        node 1
        pipeline p timeout=50 | a | b after=a
        pipeline q | a
        start p
        start q
        assign p/1/a/1 1
        time-out p/1                 -> ! FAILED_PRECONDITION
        time-out q/1                 -> ! FAILED_PRECONDITION
        wait 50
        time-out p/1                 -> p/1 stop timeout, p/1/a/1 stop timeout, p/1/b CANCELLED
        time-out p/1                 ->
        finished p/1/a/1 1 cancelled -> p/1/a/1 failed by timeout, p/1/a FAILED, p/1 FAILED
        ",
    );
}

#[test]
fn an_ended_run_is_retried_with_its_version() {
    check(
        "
        node 1
        pipeline p | a
        start p
        retry p/1             -> ! FAILED_PRECONDITION
        retry p/9             -> ! NOT_FOUND
        retry q/1             -> ! NOT_FOUND
        assign p/1/a/1 1
        finished p/1/a/1 1 failed
        pipeline p | b
        retry p/1             -> p/2 created v1 again 1, p/2 started, p/2/a queued
        evict
        retry p/1             -> p/3 created v1 again 1, p/3 started, p/3/a queued
        start p               -> p/4 created v2, p/4 started, p/4/b queued
        start p version=1     -> p/5 created v1, p/5 started, p/5/a queued
        start p version=3     -> ! NOT_FOUND
        start p version=0     -> ! NOT_FOUND
        disable p
        retry p/1             -> ! FAILED_PRECONDITION
        ",
    );
}
