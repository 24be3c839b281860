//! The log archived, and dropped on the nodes.

use super::script::{check, segment};
use super::world::hash;
use crate::{Archive, Command, Reason, Revision};

/// Events 1 and 2 make the cluster.
const NODES: &str = "
    node 1
    node 2
    node 3
    drain 1
    undrain 1
    drain 1
    undrain 1
    drain 1
    undrain 1
    drain 1
    undrain 1
";

#[test]
fn segments_follow_each_other_and_the_newest_events_stay() {
    let world = check(&format!(
        "{NODES}
        archive 2 5      -> ! FAILED_PRECONDITION
        archive 1 14     -> ! FAILED_PRECONDITION
        archive 1 0      -> ! FAILED_PRECONDITION
        archive 1 5 keep=9 -> ! INVALID_ARGUMENT
        archive 1 5      -> archived 1 to 5, trimmed 3
        archive 1 5      -> ! FAILED_PRECONDITION
        archive 5 8      -> ! FAILED_PRECONDITION
        archive 6 6      -> archived 6 to 6, trimmed 4
        archive 7 9 keep=100 -> archived 7 to 9, trimmed 4
        archive 10 10    -> archived 10 to 10, trimmed 6
        "
    ));
    let archive =
        Archive { last: Revision(10), last_hash: hash(10), segments: 4, trimmed: Revision(6), trimmed_hash: hash(6) };
    assert_eq!(world.state.archive, Some(archive));
}

#[test]
fn what_is_not_archived_is_never_dropped() {
    check(&format!(
        "{NODES}
        archive 1 1      -> archived 1 to 1, trimmed 1
        archive 2 2      -> archived 2 to 2, trimmed 2
        "
    ));
}

#[test]
fn a_segment_of_another_log_is_refused() {
    let mut world = check(NODES);
    for (previous, last) in [(9, 5), (0, 9)] {
        let mut segment = segment(1, 5);
        (segment.previous_hash, segment.last_hash) = (hash(previous), hash(last));
        let refused = world.give(Command::ArchiveEvents { segment: Box::new(segment), keep: 10 }).unwrap_err();
        assert_eq!(refused.reason, Reason::FailedPrecondition, "{refused}");
    }
}

#[test]
fn nothing_is_archived_before_all_nodes_know_how() {
    check(&format!(
        "{NODES}
        node 4 logic=1
        archive 1 5      -> ! FAILED_PRECONDITION
        remove 4
        archive 1 5      -> archived 1 to 5, trimmed 5
        "
    ));
}

#[test]
fn a_restored_cluster_has_all_events_and_no_archive_a_recovered_one_keeps_both() {
    let recovered = check(&format!("{NODES} archive 1 5\n recover 2 1 2,3"));
    assert!(recovered.state.archive.is_some());
    let restored = check(&format!("{NODES} archive 1 5\n restore 2 14"));
    assert_eq!(restored.state.archive, None);
}
