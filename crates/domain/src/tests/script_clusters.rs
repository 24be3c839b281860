//! Clusters that go on from another: what becomes of its nodes, and of what ran on them.

use super::script::check;

#[test]
fn a_restored_cluster_has_no_nodes_and_tries_again_what_ran_on_them() {
    check(
        "
        node 1
        node 2
        pipeline p | a | b keep-lost | c after=b:failure
        start p
        assign p/1/a/1 1
        assign p/1/b/1 2
        restore 2 3  -> ! FAILED_PRECONDITION
        restore 2 11 -> restored as 2 from 11, node 1 lost, node 2 lost, p/1/a/1 lost, p/1/a queued, p/1/b/1 lost, p/1/b LOST, p/1/c queued, node 1 removed, node 2 removed
        restore 2 11 ->
        finished p/1/a/1 1 ok -> ! STALE_REPORT
        node 3 name=node-1    -> node 3 registered 1
        assign p/1/a/2 3
        assign p/1/c/1 3
        finished p/1/a/2 3 ok
        finished p/1/c/1 3 ok -> p/1/c/1 ok, p/1/c succeeded, p/1 FAILED
        ",
    );
}

#[test]
fn a_recovered_cluster_keeps_what_runs_on_its_survivor() {
    check(
        "
        node 1
        node 2
        node 3
        lost 3 1
        pipeline p parallelism=1 | a
        pipeline q | a keep-lost | b
        start p
        start p
        start q
        assign p/1/a/1 1
        assign q/1/a/1 2
        assign q/1/b/1 2
        recover 2 1 1,2,3 -> ! INVALID_ARGUMENT
        recover 2 1 2,3 grace=50 -> recovered as 2 on 1 without 2, node 2 lost, q/1/a/1 lost, q/1/a LOST, q/1/b/1 lost, q/1/b queued +50, node 2 removed, node 3 removed
        recover 2 1 2,3   ->
        assign q/1/b/2 1  -> ! FAILED_PRECONDITION
        wait 50
        assign q/1/b/2 1  -> q/1/b/2 placed on 1
        finished p/1/a/1 1 ok -> p/1/a/1 ok, p/1/a succeeded, p/1 SUCCEEDED, p/2 started, p/2/a queued
        node 4 name=node-2    -> node 4 registered 1
        ",
    );
}
