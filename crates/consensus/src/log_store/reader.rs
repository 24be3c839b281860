//! Reading the log, from memory where possible.

use std::fmt::Debug;
use std::io;
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

use futures::Stream;
use openraft::OptionalSend;
use openraft::storage::RaftLogReader;
use rocksdb::{Direction, IteratorMode, ReadOptions};

use super::{Core, db};
use crate::host::Work;
use crate::types::{Entry, TypeConfig, Vote};

/// Reads entries and the vote. Every replication task and the state machine has one.
#[derive(Clone)]
pub(crate) struct LogReader {
    core: Arc<Core>,
}

impl LogReader {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// The entries from `start` up to `end` (exclusive), or fewer from the start once they have more than `bytes_max`
    /// bytes. Entries beyond the ends of the log are left out.
    async fn read(&self, start: u64, end: u64, bytes_max: usize) -> io::Result<Vec<Entry>> {
        self.core.fatal.check()?;
        if start >= end {
            return Ok(Vec::new());
        }
        if let Some(entries) = self.core.memory().cache.read(start, end, bytes_max) {
            return Ok(entries);
        }
        let core = self.core.clone();
        let read = self.core.host.blocking(Work::Read, move || read_disk(&core, start, end, bytes_max)).await;
        match read {
            Ok(Ok(entries)) => Ok(entries),
            Ok(Err(error)) => Err(self.core.fail("reading the raft log", &error)),
            Err(error) => Err(self.core.fail("reading the raft log", &error)),
        }
    }
}

fn read_disk(core: &Core, start: u64, end: u64, bytes_max: usize) -> Result<Vec<Entry>, String> {
    let purged = core.memory().purged.map_or(0, |id| id.index().saturating_add(1));
    let start = start.max(purged);
    let mut options = ReadOptions::default();
    options.set_iterate_upper_bound(db::key(end).to_vec());
    let family = db::log(&core.db).map_err(|error| error.to_string())?;
    let from = db::key(start);
    let mut entries = Vec::new();
    let mut bytes = 0;
    let mut expected = start;
    for item in core.db.iterator_cf_opt(family, options, IteratorMode::From(&from, Direction::Forward)) {
        let (key, value) = item.map_err(|error| error.to_string())?;
        let (index, entry) = db::entry(&key, &value)?;
        if index != expected && !(entries.is_empty() && begins_after(core, start, purged)?) {
            return Err(format!("entry {expected} is missing before entry {index}"));
        }
        expected = index + 1;
        bytes += value.len();
        if bytes > bytes_max && !entries.is_empty() {
            break;
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// Whether the log holds nothing before `start`, so that what is missing from there on never was in it.
fn begins_after(core: &Core, start: u64, purged: u64) -> Result<bool, String> {
    let mut options = ReadOptions::default();
    options.set_iterate_lower_bound(db::key(purged).to_vec());
    options.set_iterate_upper_bound(db::key(start).to_vec());
    let family = db::log(&core.db).map_err(|error| error.to_string())?;
    match core.db.iterator_cf_opt(family, options, IteratorMode::Start).next() {
        None => Ok(true),
        Some(Ok(_)) => Ok(false),
        Some(Err(error)) => Err(error.to_string()),
    }
}

fn bounds<R: RangeBounds<u64>>(range: &R) -> (u64, u64) {
    let start = match range.start_bound() {
        Bound::Included(start) => *start,
        Bound::Excluded(before) => before.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(last) => last.saturating_add(1),
        Bound::Excluded(end) => *end,
        Bound::Unbounded => u64::MAX,
    };
    (start, end)
}

impl RaftLogReader<TypeConfig> for LogReader {
    async fn try_get_log_entries<R: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: R,
    ) -> Result<Vec<Entry>, io::Error> {
        let (start, end) = bounds(&range);
        self.read(start, end, usize::MAX).await
    }

    async fn limited_get_log_entries(&mut self, start: u64, end: u64) -> Result<Vec<Entry>, io::Error> {
        self.read(start, end, self.core.limits.read_bytes).await
    }

    /// Reads piece by piece: what is to be applied after a restart may be far more than fits into memory.
    async fn entries_stream<R>(&mut self, range: R) -> impl Stream<Item = Result<Entry, io::Error>> + OptionalSend
    where
        R: RangeBounds<u64> + Clone + Debug + OptionalSend,
    {
        use futures::{StreamExt, TryStreamExt};
        let (start, end) = bounds(&range);
        let reader = self.clone();
        futures::stream::try_unfold((reader, start), move |(reader, start)| async move {
            let entries = reader.read(start, end, reader.core.limits.read_bytes).await?;
            let next = start + entries.len() as u64;
            Ok::<_, io::Error>((!entries.is_empty()).then_some((entries, (reader, next))))
        })
        .map_ok(|entries| futures::stream::iter(entries.into_iter().map(Ok)))
        .try_flatten()
        .boxed()
    }

    async fn read_vote(&mut self) -> Result<Option<Vote>, io::Error> {
        Ok(self.core.memory().vote)
    }
}
