//! Objects of pipelines and of runs.

use super::script::check;
use crate::ObjectScope;

/// One run, with an attempt on node 1.
const RUN: &str = "
    pipeline p | a
    node 1
    start p
    assign p/1/a/1 1
";

#[test]
fn an_object_is_put_replaced_and_deleted() {
    let world = check(&format!(
        "{RUN}
        put p a/b 10        -> p put a/b
        put p a/b 10        ->
        put p a/b 11        -> p put a/b
        put p/1 a/b 10      -> p/1 put a/b
        unput p a/b         -> p a/b deleted
        unput p a/b         -> ! NOT_FOUND
        put q a 1           -> ! NOT_FOUND
        put p/2 a 1         -> ! NOT_FOUND
        unput p/2 a         -> ! NOT_FOUND
        "
    ));
    assert_eq!(world.state.objects.count(), 1);
}

#[test]
fn the_same_bytes_again_change_nothing_but_the_store_that_keeps_them() {
    let world = check(&format!(
        "{RUN}
        put p a 10          -> p put a
        put p a 10 store=1  -> p put a
        put p a 10 store=1  ->
        put p a 10 store=2  -> p put a
        put p a 10          -> p put a
        put p b 10 store=1  -> p put b
        "
    ));
    let stores: Vec<bool> = world.state.objects.iter().map(|(_, _, object)| object.content.place.is_some()).collect();
    assert_eq!(stores, [false, true]);
}

#[test]
fn a_pipeline_keeps_what_was_written_last() {
    check(&format!(
        "{RUN}
        put p a 10 objects=3 bytes=100 -> p put a
        put p b 10 objects=3 bytes=100 -> p put b
        put p c 10 objects=3 bytes=100 -> p put c
        put p a 20 objects=3 bytes=100 -> p put a
        put p d 10 objects=3 bytes=100 -> p put d, p b evicted
        put p e 75 objects=3 bytes=100 -> p put e, p c evicted, p a evicted
        put p e 90 objects=3 bytes=100 -> p put e
        put p f 101 objects=3 bytes=100 -> ! RESOURCE_EXHAUSTED
        put p f 1 objects=0 bytes=100  -> ! RESOURCE_EXHAUSTED
        put p f 100 objects=3 bytes=100 -> p put f, p d evicted, p e evicted
        "
    ));
}

#[test]
fn a_run_keeps_all_and_takes_no_more_than_fits() {
    check(&format!(
        "{RUN}
        put p/1 a 60 objects=2 bytes=100 -> p/1 put a
        put p/1 b 41 objects=2 bytes=100 -> ! RESOURCE_EXHAUSTED
        put p/1 b 40 objects=2 bytes=100 -> p/1 put b
        put p/1 c 0 objects=2 bytes=100 -> ! RESOURCE_EXHAUSTED
        put p/1 a 50 objects=2 bytes=100 -> p/1 put a
        unput p/1 b -> p/1 b deleted
        put p/1 c 50 objects=2 bytes=100 -> p/1 put c
        "
    ));
}

#[test]
fn the_oldest_runs_that_have_ended_lose_theirs() {
    check(&format!(
        "{RUN}
        start p
        start p
        start p
        start p
        put p/1 a 1 runs=2 -> p/1 put a
        put p/2 a 1 runs=2 -> p/2 put a
        cancel p/2
        put p/3 a 1 runs=2 -> p/3 put a, p/2 dropped expired
        put p/3 b 1 runs=2 -> p/3 put b
        evict
        cancel p/3
        cancel p/4
        cancel p/5
        put p/5 a 1 runs=2 -> p/5 put a, p/3 dropped expired
        put p/4 a 1 runs=1 -> p/4 put a, p/5 dropped expired
        "
    ));
}

#[test]
fn an_attempt_changes_only_what_is_its_own_and_only_while_it_lives() {
    check(&format!(
        "{RUN}
        pipeline q | a
        start p
        put p a 1 by=p/1/a/1   -> p put a
        put p/1 a 1 by=p/1/a/1 -> p/1 put a
        put p/2 a 1 by=p/1/a/1 -> ! FAILED_PRECONDITION
        put q a 1 by=p/1/a/1   -> ! FAILED_PRECONDITION
        put p b 1 by=p/1/a/2   -> ! STALE_REPORT
        unput p a by=p/1/a/1   -> p a deleted
        lost 1 1
        put p b 1 by=p/1/a/1   -> ! STALE_REPORT
        unput p/1 a by=p/1/a/1 -> ! STALE_REPORT
        "
    ));
}

#[test]
fn objects_go_with_their_pipeline() {
    let world = check(&format!(
        "{RUN}
        pipeline pp | a
        put pp x 1
        put p x 1
        put p/1 x 1
        put p/1 y 1
        cancel p/1
        finished p/1/a/1 1 cancelled
        delete p -> p deleted, p dropped deleted, p/1 dropped deleted
        put p x 1 -> ! NOT_FOUND
        "
    ));
    let left: Vec<String> = world.state.objects.iter().map(|(scope, key, _)| format!("{scope} {key}")).collect();
    assert_eq!((world.state.objects.count(), left), (1, vec!["default/pp x".to_owned()]));
    assert!(!world.state.objects.holds(&ObjectScope::Pipeline(super::script::pipeline("p"))));
}

#[test]
fn there_are_no_objects_before_all_nodes_know_them() {
    check(&format!(
        "{RUN}
        node 4 logic=2
        put p a 1   -> ! FAILED_PRECONDITION
        unput p a   -> ! FAILED_PRECONDITION
        remove 4
        put p a 1   -> p put a
        "
    ));
}
