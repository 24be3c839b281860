//! The bytes on disk must stay readable for ever: these are written down, not computed.

use bytes::Bytes;
use openraft::{BasicNode, EntryPayload, Membership};

use super::*;
use crate::types::{Batch, Entry, LogId, SnapshotMeta, StoredMembership, Vote};

fn log_id(term: u64, index: u64) -> LogId {
    LogId::new(openraft::vote::leader_id_std::CommittedLeaderId::new(term), index)
}

fn membership() -> Membership<u64, BasicNode> {
    let nodes = [(7, BasicNode::new("a:1")), (300, BasicNode::new("b:2"))];
    Membership::new(vec![[7].into(), [7, 300].into()], std::collections::BTreeMap::from(nodes)).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[track_caller]
fn golden<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T, expected: &str) {
    let bytes = encode(value).unwrap();
    assert_eq!(hex(&bytes), expected);
    assert_eq!(&decode::<T>(&bytes).unwrap(), value);
}

#[test]
fn the_bytes_are_those_of_version_1() {
    golden(&log_id(3, 300), "0103ac02");
    golden(&Some(log_id(3, 300)), "010103ac02");
    golden(&Vote::new(5, 7), "0105010700");
    golden(&Vote::new_committed(5, 7), "0105010701");
    let entry = |payload| Entry { log_id: log_id(3, 300), payload };
    golden(&entry(EntryPayload::Blank), "0103ac0200");
    golden(&entry(EntryPayload::Normal(Batch::new(Bytes::from_static(b"abc")))), "0103ac020103616263");
    golden(&entry(EntryPayload::Membership(membership())), "0103ac02020201070207ac02020703613a31ac0203623a32");
    golden(
        &StoredMembership::new(Some(log_id(3, 300)), membership()),
        "010103ac020201070207ac02020703613a31ac0203623a32",
    );
    golden(
        &SnapshotMeta { last_log_id: Some(log_id(4, 1)), last_membership: StoredMembership::default() },
        "0101040100000000",
    );
}

#[test]
fn bytes_that_make_no_sense_are_refused() {
    let good = encode(&Some(log_id(3, 300))).unwrap();
    for length in 0..good.len() {
        assert!(decode::<Option<LogId>>(&good[..length]).is_err(), "{length}");
    }
    let mut longer = good.clone();
    longer.push(0);
    assert!(matches!(decode::<Option<LogId>>(&longer), Err(CodecError::Trailing(1))));
    let mut newer = good;
    newer[0] = VERSION + 1;
    assert!(matches!(decode::<Option<LogId>>(&newer), Err(CodecError::Version(2))));
}

/// Decodes damaged forms of a value; what is read has to come back the same.
fn damaged<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(target: &str, values: &[T]) {
    let valid: Vec<_> = values.iter().map(|value| encode(value).unwrap()).collect();
    gofer_fuzz::fuzz(target, &valid, |bytes| {
        if let Ok(value) = decode::<T>(bytes) {
            assert_eq!(decode::<T>(&encode(&value).unwrap()).unwrap(), value);
        }
    });
}

#[test]
fn damaged_records_of_the_log_and_of_snapshots_are_refused() {
    let entry = |payload| Entry { log_id: log_id(3, 300), payload };
    damaged(
        "raft-entry",
        &[
            entry(EntryPayload::Blank),
            entry(EntryPayload::Normal(Batch::new(Bytes::from_static(b"abc")))),
            entry(EntryPayload::Membership(membership())),
        ],
    );
    damaged("raft-vote", &[Vote::new(5, 7), Vote::new_committed(5, 7)]);
    damaged("raft-log-id", &[Some(log_id(3, 300)), None]);
    let last_membership = StoredMembership::new(Some(log_id(3, 300)), membership());
    damaged("raft-snapshot", &[SnapshotMeta { last_log_id: Some(log_id(4, 1)), last_membership }]);
}

#[test]
fn damaged_messages_of_other_nodes_are_refused() {
    let append = openraft::raft::AppendEntriesRequest::<crate::types::TypeConfig> {
        vote: Vote::new_committed(5, 7),
        prev_log_id: Some(log_id(3, 299)),
        entries: vec![
            Entry { log_id: log_id(3, 300), payload: EntryPayload::Membership(membership()) },
            Entry { log_id: log_id(3, 301), payload: EntryPayload::Normal(Batch::new(Bytes::from_static(b"abc"))) },
        ],
        leader_commit: Some(log_id(3, 298)),
    };
    gofer_fuzz::fuzz("raft-append", &[encode(&append).unwrap()], |bytes| {
        drop(decode::<openraft::raft::AppendEntriesRequest<crate::types::TypeConfig>>(bytes));
    });
}
