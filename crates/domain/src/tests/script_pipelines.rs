//! The cluster, namespaces, and pipelines with their versions.

use super::script::{check, node_spec};
use super::world::World;
use crate::event::Answer;
use crate::{ClusterId, Command, NodeId, Reason};

#[test]
fn nothing_comes_before_the_cluster() {
    let mut world = World::default();
    let refused = world.give(Command::RegisterNode { node: NodeId(1), spec: Box::new(node_spec("a")) }).unwrap_err();
    assert_eq!(refused.reason, Reason::FailedPrecondition);
    assert_eq!(world.give(Command::CreateCluster { cluster: ClusterId([1; 16]) }).unwrap().events.len(), 2);
    assert_eq!(world.give(Command::CreateCluster { cluster: ClusterId([1; 16]) }).unwrap().events, []);
    let other = world.give(Command::CreateCluster { cluster: ClusterId([2; 16]) }).unwrap_err();
    assert_eq!(other.reason, Reason::AlreadyExists);
    assert_eq!(world.state.namespaces.keys().map(|id| id.as_str()).collect::<Vec<_>>(), ["default"]);
}

#[test]
fn only_an_empty_namespace_is_deleted() {
    check(
        "
        namespace default        -> ! ALREADY_EXISTS
        namespace n              -> namespace n created
        delete-namespace n       -> namespace n deleted
        delete-namespace n       -> ! NOT_FOUND
        pipeline p | a
        delete-namespace default -> ! FAILED_PRECONDITION
        delete p
        delete-namespace default -> namespace default deleted
        pipeline p | a           -> ! NOT_FOUND
        namespace default
        pipeline p | a           -> p version 2
        ",
    );
}

#[test]
fn the_same_configuration_is_the_same_version() {
    let mut world = check(
        "
        pipeline p | a -> p version 1
        pipeline p | a ->
        pipeline p | b -> p version 2
        pipeline p | a -> p version 3
        ",
    );
    let config = world.state.pipelines.first_key_value().unwrap().1.config.clone();
    let namespace = world.state.namespaces.first_key_value().unwrap().0.clone();
    let again = world.give(Command::RegisterPipeline { namespace, config }).unwrap();
    assert_eq!(again.answer, Answer::PipelineVersion(crate::Version(3)));
}

#[test]
fn a_deleted_pipeline_is_revived_where_it_stood() {
    check(
        "
        pipeline p | a
        start p
        delete p       -> ! FAILED_PRECONDITION
        cancel p/1
        disable p
        delete p       -> p deleted
        delete p       -> ! NOT_FOUND
        start p        -> ! NOT_FOUND
        enable p       -> ! NOT_FOUND
        pipeline p | a -> p version 2
        start p        -> p/2 created v2, p/2 started, p/2/a queued
        ",
    );
}

#[test]
fn a_faulty_configuration_is_refused() {
    check(
        "
        pipeline p                      -> ! INVALID_ARGUMENT
        pipeline p | a after=b | b after=a -> ! INVALID_ARGUMENT
        pipeline p | a after=z          -> ! INVALID_ARGUMENT
        ",
    );
}
