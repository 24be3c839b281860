//! The log on a real disk: openraft's own suite, damage, and kill -9.

mod crash;
mod damage;
mod suite;

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use openraft::EntryPayload;
use openraft::storage::{IOFlushed, RaftLogReader, RaftLogStorage, RaftLogStorageExt};
use openraft::type_config::TypeConfigExt;

use super::{Limits, LogReader, LogStore};
use crate::error::Error;
use crate::fatal::Fatal;
use crate::host::Host;
use crate::types::{Batch, Entry, LogId, TypeConfig, Vote};

const LIMITS: Limits = Limits { cache_bytes: 4096, read_bytes: 2048, wal_bytes: 1 << 20 };

fn open(dir: &Path) -> Result<LogStore, Error> {
    LogStore::open(dir, LIMITS, None, Arc::new(|| Ok(u64::MAX)), Fatal::new(), Host::Machine)
}

/// Ends the flusher and closes the database.
async fn close(log: LogStore) {
    let mut closed = log.core().closed();
    drop(log);
    while closed.changed().await.is_ok() {}
}

fn log_id(index: u64) -> LogId {
    LogId::new(openraft::vote::leader_id_std::CommittedLeaderId::new(1), index)
}

/// An entry whose content follows from its index.
fn entry(index: u64) -> Entry {
    let length = 50 + (index * 37) % 300;
    let bytes: Vec<u8> = (0..length).map(|at| (index.wrapping_mul(31) + at) as u8).collect();
    Entry { log_id: log_id(index), payload: EntryPayload::Normal(Batch::new(Bytes::from(bytes))) }
}

async fn read_all(log: &mut LogStore) -> Vec<Entry> {
    log.get_log_reader().await.try_get_log_entries(..).await.unwrap()
}

/// Checks that the entries are those that were written, from the first on, without a hole.
#[track_caller]
fn whole(entries: &[Entry], from: u64) {
    for (index, found) in (from..).zip(entries) {
        assert_eq!(found, &entry(index));
    }
}

#[tokio::test]
async fn everything_is_there_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path()).unwrap();
    log.save_vote(&Vote::new(3, 9)).await.unwrap();
    log.blocking_append((0..100).map(entry)).await.unwrap();
    log.save_committed(Some(log_id(90))).await.unwrap();
    log.truncate_after(Some(log_id(94))).await.unwrap();
    log.purge(log_id(9)).await.unwrap();
    log.blocking_append((95..98).map(entry)).await.unwrap();
    close(log).await;

    let mut log = open(dir.path()).unwrap();
    let state = log.get_log_state().await.unwrap();
    assert_eq!((state.last_purged_log_id, state.last_log_id), (Some(log_id(9)), Some(log_id(97))));
    assert_eq!(log.read_committed().await.unwrap(), Some(log_id(90)));
    assert_eq!(log.get_log_reader().await.read_vote().await.unwrap(), Some(Vote::new(3, 9)));
    let entries = read_all(&mut log).await;
    assert_eq!(entries.len(), 88);
    whole(&entries, 10);
    close(log).await;
}

#[tokio::test]
async fn reads_agree_whether_they_come_from_memory_or_disk() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path()).unwrap();
    log.blocking_append((0..60).map(entry)).await.unwrap();
    let mut reader: LogReader = log.get_log_reader().await;
    assert!(log.core.memory().cache.read(0, 1, 1).is_none(), "the cache is too large for this test");
    for start in 0..60 {
        for end in start..=60 {
            let entries = reader.try_get_log_entries(start..end).await.unwrap();
            assert_eq!(entries.len() as u64, end - start, "{start}..{end}");
            whole(&entries, start);
        }
        let some = reader.limited_get_log_entries(start, 60).await.unwrap();
        assert!(!some.is_empty() && some.len() < 30, "{}", some.len());
        whole(&some, start);
    }
    use futures::TryStreamExt;
    let streamed: Vec<Entry> = reader.entries_stream(3..57).await.try_collect().await.unwrap();
    assert_eq!(streamed.len(), 54);
    whole(&streamed, 3);
    drop(reader);
    close(log).await;
}

#[tokio::test]
async fn entries_are_readable_before_they_are_durable_and_writes_share_a_flush() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path()).unwrap();
    let before = log.core.stats.read();
    let mut waiting = Vec::new();
    for index in 0..200 {
        let (sender, receiver) = TypeConfig::oneshot();
        log.append([entry(index)], IOFlushed::signal(sender)).await.unwrap();
        assert_eq!(read_all(&mut log).await.len() as u64, index + 1);
        waiting.push(receiver);
    }
    for receiver in waiting {
        receiver.await.unwrap().unwrap();
    }
    let after = log.core.stats.read();
    assert_eq!(after.writes - before.writes, 200);
    assert!(after.flushes - before.flushes < 200, "{after:?}");
    close(log).await;
}

#[tokio::test]
async fn after_a_failure_nothing_is_accepted() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path()).unwrap();
    log.blocking_append([entry(0)]).await.unwrap();
    log.core.fatal.set("a disk broke");
    let (sender, receiver) = TypeConfig::oneshot();
    assert!(log.append([entry(1)], IOFlushed::signal(sender)).await.is_err());
    assert!(receiver.await.unwrap().is_err());
    assert!(log.save_vote(&Vote::new(1, 1)).await.is_err());
    assert!(log.truncate_after(None).await.is_err());
    assert!(log.purge(log_id(0)).await.is_err());
    assert!(log.get_log_reader().await.try_get_log_entries(..).await.is_err());
    close(log).await;
}

#[tokio::test]
async fn a_write_after_a_failed_sync_tells_of_that() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path()).unwrap();
    let core = log.core();
    let flusher = std::thread::spawn({
        let core = core.clone();
        move || {
            std::thread::sleep(std::time::Duration::from_millis(30));
            core.fail("syncing the raft log", &"No space left on device")
        }
    });
    let error = core.refused("IO error: Seen error. Skip writing buffer.");
    assert!(error.to_string().contains("No space left on device"), "{error}");
    assert!(core.fatal.reason().unwrap().starts_with("syncing the raft log failed"));
    flusher.join().unwrap();
    drop(core);
    close(log).await;
}

#[tokio::test]
async fn nothing_is_purged_that_the_state_has_not_made_durable() {
    let dir = tempfile::tempdir().unwrap();
    let fatal = Fatal::new();
    let mut log = LogStore::open(dir.path(), LIMITS, None, Arc::new(|| Ok(5)), fatal.clone(), Host::Machine).unwrap();
    log.blocking_append((0..10).map(entry)).await.unwrap();
    log.purge(log_id(4)).await.unwrap();
    assert!(log.purge(log_id(5)).await.is_err());
    assert!(fatal.reason().unwrap().contains("durable"), "{:?}", fatal.reason());
    close(log).await;
    let mut log = open(dir.path()).unwrap();
    whole(&read_all(&mut log).await, 5);
    close(log).await;
}

/// Found by a simulation (seed 3589): an entry of a new leader was applied, and the process killed, before the log wrote
/// that it takes the place of the old leader's.
#[tokio::test]
async fn what_an_applied_entry_has_overwritten_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path()).unwrap();
    log.blocking_append((0..12).map(entry)).await.unwrap();
    log.purge(log_id(2)).await.unwrap();
    close(log).await;
    let of_term = |term, index| LogId::new(openraft::vote::leader_id_std::CommittedLeaderId::new(term), index);
    // What was applied, and the index before which all entries must be left.
    let cases = [
        (None, 12),
        (Some(of_term(1, 11)), 12),
        (Some(of_term(1, 5)), 12),
        (Some(of_term(2, 20)), 12),
        (Some(of_term(2, 2)), 12),
        (Some(of_term(2, 11)), 11),
        (Some(of_term(3, 8)), 8),
        (Some(of_term(3, 8)), 8),
        (Some(of_term(4, 3)), 3),
    ];
    for (applied, end) in cases {
        let durable = Arc::new(|| Ok(u64::MAX));
        let mut log = LogStore::open(dir.path(), LIMITS, applied, durable, Fatal::new(), Host::Machine).unwrap();
        let state = log.get_log_state().await.unwrap();
        assert_eq!(
            (state.last_purged_log_id, state.last_log_id),
            (Some(log_id(2)), Some(log_id(end - 1))),
            "{applied:?}"
        );
        let entries = read_all(&mut log).await;
        assert_eq!(entries.len() as u64, end - 3, "{applied:?}");
        whole(&entries, 3);
        close(log).await;
    }
    let mut log = open(dir.path()).unwrap();
    log.blocking_append((3..6).map(entry)).await.unwrap();
    close(log).await;
    let mut log = open(dir.path()).unwrap();
    whole(&read_all(&mut log).await, 3);
    close(log).await;
}
