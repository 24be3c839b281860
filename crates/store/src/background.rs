//! What RocksDB's own threads do and run into. They flush and merge after a write has returned, so nobody is told of
//! their failures, and while they fail, RocksDB makes writers wait, without end, for what will not come.

use std::path::Path;

use rocksdb::{DB, Options, properties};
use rustix::fs::{Mode, OFlags};

use crate::error::Error;

/// With less room than this, a failed flush is a full disk: a whole write buffer has to fit.
const ROOM_BYTES_MIN: u64 = 128 << 20;

/// Lets flushes and merges of a database in `dir` write past the page cache, if its file system can. What they write is
/// not read soon, so the copy is wasted, and what the kernel writes back in its own time comes in bursts, which the
/// syncs of the Raft log then wait for.
pub fn write_directly(options: &mut Options, dir: &Path) {
    let there = dir.ancestors().find(|dir| dir.is_dir()).unwrap_or(Path::new("."));
    let flags = OFlags::TMPFILE | OFlags::DIRECT | OFlags::WRONLY | OFlags::CLOEXEC;
    let can = rustix::fs::open(there, flags, Mode::RUSR | Mode::WUSR).is_ok();
    options.set_use_direct_io_for_flush_and_compaction(can);
}

/// Write buffers of a column family. While one is written to, the others wait for their turn at the disk; were there no
/// more than one of these, a flush that takes its time would hold up all writes.
pub const WRITE_BUFFERS: i32 = 4;

/// What flushes and merges of one database may write, in bytes a second. It is some times what nodes flushed when they
/// were measured, about 12 MB/s: a limit near the need stops all writes once the buffers are full.
const RATE: i64 = 64 << 20;
/// How often a share of that may be written, in microseconds.
const RATE_PERIOD: i64 = 10_000;
/// One in so many turns goes to merges while flushes wait; RocksDB's default.
const RATE_FAIRNESS: i32 = 10;

/// Has flushes and merges write a little all the time instead of much at once. Nodes get the same writes, so their
/// buffers are full at the same moment: the syncs of the Raft log waited for all of that, for a tenth of a second at a
/// time where nodes share a disk.
pub fn write_evenly(options: &mut Options) {
    options.set_ratelimiter(RATE, RATE_PERIOD, RATE_FAIRNESS);
}

/// Takes no more than a database of this size needs when it is opened: by default, sixteen threads open its few files,
/// and 4 MiB of room are taken for a list of them that has some kilobytes.
pub fn open_sparingly(options: &mut Options) {
    options.set_max_file_opening_threads(2);
    options.set_manifest_preallocation_size(64 << 10);
}

/// Whether a flush or a merge of this database has failed since it was opened. If one has, all who wait for it in a
/// write are let go with an error, and the database is of no more use.
///
/// # Errors
/// `DiskFull` or `Io`, once one has failed.
pub fn check(db: &DB, dir: &Path) -> Result<(), Error> {
    let failures = db.property_int_value(properties::BACKGROUND_ERRORS).ok().flatten().unwrap_or(0);
    if failures == 0 {
        return Ok(());
    }
    db.cancel_all_background_work(false);
    let path = dir.to_owned();
    let source = format!("{failures} flushes or merges failed; the LOG in this directory says why").into();
    Err(if is_full(dir) { Error::DiskFull { path, source } } else { Error::Io { path, source } })
}

fn is_full(dir: &Path) -> bool {
    rustix::fs::statvfs(dir).is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) < ROOM_BYTES_MIN)
}
