//! What runs and tasks pass on: parameters, outputs, conditions, approvals, runs of other pipelines, kept results.

use super::script::check;

#[test]
fn a_run_has_a_value_for_every_parameter() {
    check(
        "
        pipeline p parameter=A parameter=B:two | a
        start p              -> ! INVALID_ARGUMENT
        start p set=A:1 set=C:3 -> ! INVALID_ARGUMENT
        start p set=A:1      -> p/1 created v1 A:1 B:two, p/1 started, p/1/a queued
        start p set=A:1 set=B: priority=101 -> ! INVALID_ARGUMENT
        ",
    );
}

#[test]
fn outputs_reach_conditions_and_inputs() {
    check(
        "
        node 1 slots=8
        pipeline p | a | b after=a if=a.OUT:yes | c after=a unless=a.OUT:yes | d after=a input=IN:a.OUT | e after=d:any
        start p
        assign p/1/a/1 1
        finished p/1/a/1 1 ok out=OUT:yes -> p/1/a/1 ok, p/1/a succeeded, p/1/b queued, p/1/c SKIPPED, p/1/d queued
        start p
        assign p/2/a/1 1
        finished p/2/a/1 1 ok -> p/2/a/1 ok, p/2/a succeeded, p/2/b SKIPPED, p/2/c queued, p/2/d FAILED, p/2/e queued
        ",
    );
}

#[test]
fn only_what_succeeded_has_outputs() {
    check(
        "
        node 1
        pipeline p | a | b after=a:any unless=a.OUT:yes
        start p
        assign p/1/a/1 1
        finished p/1/a/1 1 failed out=OUT:yes -> p/1/a/1 failed, p/1/a FAILED, p/1/b queued
        ",
    );
}

#[test]
fn outputs_that_are_too_large_fail_the_task() {
    let large = "x".repeat(crate::limits::OUTPUTS_BYTES_MAX);
    check(&format!(
        "
        node 1
        pipeline p | a
        start p
        assign p/1/a/1 1
        finished p/1/a/1 1 ok out=OUT:{large} -> p/1/a/1 failed, p/1/a FAILED, p/1 FAILED
        "
    ));
}

#[test]
fn a_run_whose_tasks_are_all_skipped_is_over_at_once() {
    check(
        "
        pipeline p parallelism=1 parameter=A | a if=$A:yes | b after=a
        start p set=A:no -> p/1 created v1 A:no, p/1 started, p/1/a SKIPPED, p/1/b SKIPPED, p/1 SUCCEEDED
        start p set=A:yes
        start p set=A:no
        start p set=A:yes
        cancel p/2 -> p/2 stop cancelled, p/2/a CANCELLED, p/2/b CANCELLED, p/2 CANCELLED, p/3 started, p/3/a SKIPPED, p/3/b SKIPPED, p/3 SUCCEEDED, p/4 started, p/4/a queued
        ",
    );
}

#[test]
fn an_approval_is_given_once_by_those_who_may() {
    check(
        "
        pipeline p | a approval=user:ada timeout=50 | b after=a | c approval=user:bob
        start p -> p/1 created v1, p/1 started, p/1/a waits, p/1/c waits
        approve p/1/b -> ! FAILED_PRECONDITION
        approve p/1/x -> ! NOT_FOUND
        approve p/1/c -> ! FAILED_PRECONDITION
        approve p/1/a -> p/1/a succeeded, p/1/b queued
        approve p/1/a -> ! FAILED_PRECONDITION
        cancel p/1 -> p/1 stop cancelled, p/1/b CANCELLED, p/1/c CANCELLED, p/1 CANCELLED
        start p
        decline p/2/a -> p/2/a FAILED, p/2/b SKIPPED
        start p
        time-out-wait p/3/a -> ! FAILED_PRECONDITION
        wait 50
        time-out-wait p/3/a -> p/3/a FAILED, p/3/b SKIPPED
        ",
    );
}

#[test]
fn a_task_runs_another_pipeline_for_each_element() {
    check(
        "
        node 1 slots=8
        pipeline q parameter=X | t
        pipeline p | a | b after=a calls=q each=a.LIST set=X:@ at-once=2 | c after=b
        start p
        assign p/1/a/1 1
        finished p/1/a/1 1 ok out=LIST:one+two++three -> p/1/a/1 ok, p/1/a succeeded, p/1/b waits
        advance p/1/b -> q/1 created v1 by p/1/b X:one, q/1 started, q/1/t queued
        advance p/1/b -> q/2 created v1 by p/1/b X:two, q/2 started, q/2/t queued
        advance p/1/b ->
        assign q/1/t/1 1
        finished q/1/t/1 1 ok -> q/1/t/1 ok, q/1/t succeeded, q/1 SUCCEEDED
        evict
        advance p/1/b -> q/3 created v1 by p/1/b X:three, q/3 started, q/3/t queued
        assign q/2/t/1 1
        finished q/2/t/1 1 failed
        assign q/3/t/1 1
        finished q/3/t/1 1 ok
        evict
        advance p/1/b -> p/1/b FAILED, p/1/c SKIPPED, p/1 FAILED
        advance p/1/b -> ! FAILED_PRECONDITION
        ",
    );
}

#[test]
fn no_elements_are_no_runs() {
    check(
        "
        node 1
        pipeline q | t
        pipeline p | a | b after=a calls=q each=a.LIST
        start p
        assign p/1/a/1 1
        finished p/1/a/1 1 ok out=LIST:
        advance p/1/b -> p/1/b succeeded, p/1 SUCCEEDED
        ",
    );
}

#[test]
fn a_run_that_is_stopped_stops_the_runs_it_started() {
    check(
        "
        pipeline q | t
        pipeline p | a calls=q each=[x,y
        start p
        advance p/1/a
        advance p/1/a
        cancel p/1 -> p/1 stop cancelled
        advance p/1/a -> q/1 stop cancelled, q/1/t CANCELLED, q/1 CANCELLED
        advance p/1/a -> q/2 stop cancelled, q/2/t CANCELLED, q/2 CANCELLED
        advance p/1/a -> p/1/a CANCELLED, p/1 CANCELLED
        ",
    );
}

#[test]
fn a_run_that_cannot_be_started_fails_its_task() {
    check(
        "
        pipeline p | a calls=q
        start p
        advance p/1/a -> p/1/a FAILED, p/1 FAILED
        pipeline q parameter=X | t
        start p
        advance p/2/a -> p/2/a FAILED, p/2 FAILED
        pipeline p | a calls=p -> ! INVALID_ARGUMENT
        pipeline r | a calls=s
        pipeline s | a calls=r
        start r
        advance r/1/a
        advance s/1/a
        advance r/2/a
        advance s/2/a
        advance r/3/a
        advance s/3/a
        advance r/4/a
        advance s/4/a -> s/4/a FAILED, s/4 FAILED
        ",
    );
}

#[test]
fn what_succeeded_is_kept_by_a_retry() {
    check(
        "
        node 1 slots=8
        pipeline p parallelism=1 | a | b after=a input=IN:a.OUT | c after=b | d
        start p
        assign p/1/a/1 1
        finished p/1/a/1 1 ok out=OUT:7
        assign p/1/b/1 1
        assign p/1/d/1 1
        finished p/1/d/1 1 ok
        retry p/1 from=failed -> ! FAILED_PRECONDITION
        finished p/1/b/1 1 failed -> p/1/b/1 failed, p/1/b FAILED, p/1/c SKIPPED, p/1 FAILED
        evict
        retry p/1 from=x -> ! NOT_FOUND
        retry p/1 from=failed -> p/2 created v1 again 1, p/2/a kept from 1, p/2/d kept from 1, p/2 started, p/2/b queued
        retry p/1 from=d -> p/3 created v1 again 1, p/3/a kept from 1
        assign p/2/b/1 1
        finished p/2/b/1 1 ok
        assign p/2/c/1 1
        finished p/2/c/1 1 ok -> p/2/c/1 ok, p/2/c succeeded, p/2 SUCCEEDED, p/3 started, p/3/b queued, p/3/d queued
        retry p/2 from=failed -> ! FAILED_PRECONDITION
        retry p/2 from=c -> p/4 created v1 again 2, p/4/a kept from 1, p/4/b kept from 2, p/4/d kept from 1
        retry p/2 -> p/5 created v1 again 2
        ",
    );
}

#[test]
fn the_greater_priority_goes_first() {
    check(
        "
        pipeline p parallelism=1 | a
        start p
        start p
        start p priority=5
        start p priority=5
        start p priority=-5
        cancel p/1 -> p/1 stop cancelled, p/1/a CANCELLED, p/1 CANCELLED, p/3 started, p/3/a queued
        cancel p/3 -> p/3 stop cancelled, p/3/a CANCELLED, p/3 CANCELLED, p/4 started, p/4/a queued
        cancel p/4 -> p/4 stop cancelled, p/4/a CANCELLED, p/4 CANCELLED, p/2 started, p/2/a queued
        ",
    );
}

#[test]
fn notes_are_for_ended_runs_too() {
    check(
        "
        pipeline p | a
        start p note=first label=x:1
        note p/1 label=y:2 -> p/1 noted \"first\" 2
        note p/1 label=y:2 ->
        cancel p/1
        evict
        note p/1 note=second without=x -> p/1 noted \"second\" 1
        evict
        note p/1 note=second ->
        note p/2 note=none -> ! NOT_FOUND
        ",
    );
}

#[test]
fn values_of_tasks_are_checked() {
    check(
        "
        pipeline p | a | b if=a.OUT:x              -> ! INVALID_ARGUMENT
        pipeline p | a | b input=GOFER_X:a after=a -> ! INVALID_ARGUMENT
        pipeline p | a input=X:@                   -> ! INVALID_ARGUMENT
        pipeline p | a approval= driver=process    -> ! INVALID_ARGUMENT
        pipeline p | a approval= retry=2           -> ! INVALID_ARGUMENT
        pipeline p | a calls=q timeout=5           -> ! INVALID_ARGUMENT
        pipeline p parameter=1 | a                 -> ! INVALID_ARGUMENT
        pipeline p parameter=A | a input=X:$B      -> ! INVALID_ARGUMENT
        pipeline p | a | b after=a | c after=b if=a.OUT:x -> p version 1
        ",
    );
}

#[test]
fn what_old_nodes_do_not_know_is_refused() {
    check(
        "
        node 1 logic=2
        pipeline p parameter=A: | a -> ! FAILED_PRECONDITION
        pipeline p | a
        start p priority=1 -> ! FAILED_PRECONDITION
        start p -> p/1 created v1, p/1 started, p/1/a queued
        cancel p/1
        retry p/1 from=failed -> ! FAILED_PRECONDITION
        node 1
        retry p/1 from=failed -> p/2 created v1 again 1, p/2 started, p/2/a queued
        ",
    );
}
