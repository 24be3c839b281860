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
