//! Nodes: incarnations, drains and losses.

use super::script::check;

#[test]
fn each_registration_is_an_incarnation_and_keeps_placed_attempts() {
    check(
        "
        node 1                -> node 1 registered 1
        node 2 name=node-1    -> ! ALREADY_EXISTS
        node 2 name=no/slash  -> ! INVALID_ARGUMENT
        drain 1
        drain 1               ->
        undrain 1
        undrain 1             ->
        drain 9               -> ! NOT_FOUND
        pipeline p | a
        start p
        assign p/1/a/1 1
        node 1                -> node 1 registered 2
        lost 1 1              -> ! FAILED_PRECONDITION
        finished p/1/a/1 1 ok -> p/1/a/1 ok, p/1/a succeeded, p/1 SUCCEEDED
        ",
    );
}

#[test]
fn a_lost_node_loses_its_attempts_and_nothing_else() {
    check(
        "
        node 1
        node 2
        pipeline p | a | b keep-lost | c
        start p
        assign p/1/a/1 1
        assign p/1/b/1 1
        assign p/1/c/1 2
        lost 1 1 -> node 1 lost, p/1/a/1 lost, p/1/a queued, p/1/b/1 lost, p/1/b LOST
        lost 1 1 ->
        finished p/1/a/1 1 ok -> ! STALE_REPORT
        assign p/1/a/2 1      -> ! FAILED_PRECONDITION
        assign p/1/a/2 2      -> p/1/a/2 placed on 2
        node 1                -> node 1 registered 2
        finished p/1/c/1 2 ok
        finished p/1/a/2 2 ok -> p/1/a/2 ok, p/1/a succeeded, p/1 FAILED
        ",
    );
}

#[test]
fn several_runs_that_end_with_their_node_make_room_for_as_many() {
    check(
        "
        node 1 slots=9
        pipeline p parallelism=2 | a keep-lost
        start p
        start p
        start p
        start p
        start p
        assign p/1/a/1 1
        assign p/2/a/1 1
        lost 1 1 -> node 1 lost, p/1/a/1 lost, p/1/a LOST, p/1 FAILED, p/2/a/1 lost, p/2/a LOST, p/2 FAILED, p/3 started, p/3/a queued, p/4 started, p/4/a queued
        ",
    );
}

#[test]
fn a_removed_node_loses_its_attempts() {
    check(
        "
        node 1
        pipeline p | a
        start p
        assign p/1/a/1 1
        cancel p/1
        remove 1 -> node 1 lost, p/1/a/1 lost, p/1/a LOST, p/1 CANCELLED, node 1 removed
        remove 1 -> ! NOT_FOUND
        ",
    );
}
