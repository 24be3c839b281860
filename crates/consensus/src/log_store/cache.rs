//! The newest entries in memory, so that followers and the state machine are fed without reading the disk.

use std::collections::VecDeque;

use openraft::entry::RaftEntry;

use crate::types::Entry;

/// Consecutive entries up to the end of the log, bounded by their encoded size. The newest one is always kept.
pub(super) struct Cache {
    entries: VecDeque<(Entry, usize)>,
    bytes: usize,
    bytes_max: usize,
}

impl Cache {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { entries: VecDeque::new(), bytes: 0, bytes_max }
    }

    fn first(&self) -> Option<u64> {
        self.entries.front().map(|(entry, _)| entry.log_id().index())
    }

    /// Adds the newest entry of the log.
    pub(super) fn push(&mut self, entry: Entry, size: usize) {
        let index = entry.log_id().index();
        let next = self.entries.back().map(|(last, _)| last.log_id().index() + 1);
        if next.is_some_and(|next| next != index) {
            // A snapshot was installed past the end of the log.
            self.entries.clear();
            self.bytes = 0;
        }
        self.entries.push_back((entry, size));
        self.bytes += size;
        while self.bytes > self.bytes_max && self.entries.len() > 1 {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        if let Some((_, size)) = self.entries.pop_front() {
            self.bytes -= size;
        }
    }

    /// Forgets `from` and all after it.
    pub(super) fn truncate(&mut self, from: u64) {
        while self.entries.back().is_some_and(|(last, _)| last.log_id().index() >= from) {
            if let Some((_, size)) = self.entries.pop_back() {
                self.bytes -= size;
            }
        }
    }

    /// Forgets all before `upto`.
    pub(super) fn purge(&mut self, upto: u64) {
        while self.first().is_some_and(|first| first < upto) {
            self.drop_first();
        }
    }

    /// The entries from `start` up to `end` (exclusive), or fewer once they have more than `bytes_max` bytes
    /// together. `None` when the disk has to be asked.
    pub(super) fn read(&self, start: u64, end: u64, bytes_max: usize) -> Option<Vec<Entry>> {
        let first = self.first()?;
        if start < first {
            return None;
        }
        let skip = usize::try_from(start - first).ok()?;
        let mut bytes = 0;
        let mut found = Vec::new();
        for (entry, size) in self.entries.iter().skip(skip) {
            bytes += size;
            if entry.log_id().index() >= end || (bytes > bytes_max && !found.is_empty()) {
                break;
            }
            found.push(entry.clone());
        }
        Some(found)
    }
}
